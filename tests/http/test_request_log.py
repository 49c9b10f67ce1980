"""Each request has an id and leaves a line in the log that holds nothing of what was typed."""

from __future__ import annotations

import json
import logging
import sys
from ipaddress import ip_network

import pytest

import logs
from portal.http import request_log

pytestmark = pytest.mark.one_database
CANARY = "王小明13912345678"


@pytest.fixture
def lines(caplog):
    """What the log would be, as objects and as text."""
    caplog.set_level(logging.INFO, "portal")
    formats = logs.JsonLines(request_log.context), logs.TextLines(request_log.context)
    written = []

    class Keep(logging.Handler):
        def emit(self, record):
            written.append(tuple(each.format(record) for each in formats))

    logger, handler = logging.getLogger("portal"), Keep()
    logger.addHandler(handler)
    yield lambda: [(json.loads(line), text) for line, text in written]
    logger.removeHandler(handler)


def test_a_line_says_who_asked_for_what_and_how_it_was_answered(visit, rows, lines):
    [(number,)] = rows("SELECT min(id) FROM agreement")
    page = visit("reviewer").look(f"/agreements/show/{number}")
    told, _ = lines()[-1]
    wanted = {"user": "reviewer", "address": "127.0.0.1", "endpoint": "agreements.show", "method": "GET", "status": 200}
    assert told.items() >= {**wanted, "pk": number, "request_id": page.response.headers["X-Request-Id"]}.items()
    assert told["time"].endswith("Z")
    assert told["duration_ms"] > 0


@pytest.mark.parametrize(
    "path",
    [
        f"/nowhere/{CANARY}",
        f"/agreements/list/?q={CANARY}",
        f"/agreements/show/{CANARY}",
        f"/agreements/options/{CANARY}",
        f"/agreements/files/{CANARY}?{CANARY}",
        f"/lang/{CANARY}?next={CANARY}",
        f"/static/{CANARY}",
        f"/api/v1/agreements/{CANARY}",
        f"/login/?next=/{CANARY}",
        "/agreements/list/%0d%0a%1b[31mfake",
    ],
)
def test_no_address_and_nothing_typed_is_in_it(visit, lines, path):
    visitor = visit("filler01")
    visitor.look(path)
    visitor.post(path.partition("?")[0], username=CANARY, title=CANARY)
    for told, text in lines():
        for part in (CANARY[:3], CANARY[3:], "fake"):
            assert part not in json.dumps(told, ensure_ascii=False) + text


def test_of_a_fault_nothing_is_written_but_where_it_arose(app, visit, lines, monkeypatch):
    def fail():
        try:
            raise ValueError(CANARY)
        except ValueError as fault:
            raise LookupError(f"{CANARY}\n2026-01-01 forged") from fault

    monkeypatch.setitem(app.view_functions, "agreements.list", fail)
    page = visit("filler01").look("/agreements/list/")
    assert page.status == 500
    found = lines()
    assert [told["message"] for told, _ in found] == ["unforeseen", "request"]
    fault = found[0][0]["fault"]
    assert "builtins.LookupError" in fault
    assert "builtins.ValueError" in fault
    assert "in fail" in fault
    assert CANARY not in json.dumps(found, ensure_ascii=False)
    assert {told["request_id"] for told, _ in found} == {page.one("[data-request-id]").get_text()}


def test_control_characters_make_no_other_line():
    record = logging.LogRecord("x", logging.WARNING, "", 0, "a\r\n2026 error\x1b[31m\x9b\u2028b", None, None)
    for made in (logs.JsonLines(), logs.TextLines()):
        assert made.format(record).isprintable()


def test_while_one_develops_the_message_of_a_fault_is_told():
    try:
        raise ValueError("why")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "m", None, sys.exc_info())
    assert "ValueError: why" in json.loads(logs.JsonLines(messages=True).format(record))["fault"]


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/accounts/list/", 403), ("/agreements/move", 404)])
def test_error_pages_name_the_request(visit, path, status):
    page = visit("filler01").look(path)
    assert page.status == status
    assert page.one("[data-request-id]").get_text() == page.response.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("given", "proxies", "taken"),
    [
        ("0f3c-aa.99_b", 1, True),
        ("0f3c-aa.99_b", 0, False),
        ("short", 1, False),
        ("x" * 65, 1, False),
        ('"><script>alert(1)', 1, False),
        ("王小明王小明王小明", 1, False),
    ],
)
def test_the_id_is_that_of_the_web_server_in_front_if_it_is_one(app, visit, monkeypatch, given, proxies, taken):
    monkeypatch.setitem(app.config, "PROXIES", proxies)
    sent = {"X-Request-Id": given.encode().decode("latin-1")}
    with visit().client.get("/login/", headers=sent) as answer:
        assert (answer.headers["X-Request-Id"] == given) is taken
        assert request_log.VALID.fullmatch(answer.headers["X-Request-Id"])


def test_health_checks_are_answered_by_address_and_leave_no_line(app, visit, lines, monkeypatch):
    client = visit().client
    for path in ("/healthz", "/readyz"):
        assert client.get(path, headers={"Host": "10.7.0.1:8000"}).status_code == 200
    assert client.get("/login/", headers={"Host": "10.7.0.1:8000"}).status_code == 400
    monkeypatch.setitem(app.config, "HEALTH_FROM", [ip_network("10.7.0.0/16"), ip_network("fd00::/8")])
    for address, status in (("10.7.9.9", 200), ("fd00::1", 200), ("127.0.0.1", 200), ("10.8.0.1", 403), ("", 200)):
        asked = client.get("/readyz", environ_base={"REMOTE_ADDR": address})
        assert asked.status_code == status, address
    assert [told["endpoint"] for told, _ in lines() if told["endpoint"] in ("healthz", "readyz")] == []
