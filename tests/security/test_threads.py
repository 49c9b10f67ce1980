"""Several users at once, in threads of one process: nobody sees or keeps what another one asked for."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from threading import Thread
from urllib.parse import urlencode

import pytest
from werkzeug.serving import make_server

from tests.security.walk import first, of, unit_id
from tests.visitor import Page

FILLERS = ("filler01", "filler02", "filler03", "filler04")
ROUNDS = 12


@pytest.fixture
def port(app) -> Iterator[int]:
    """The portal behind a real server with a thread a request."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    server.log_startup = lambda: None
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server.port
    server.shutdown()
    thread.join()
    server.server_close()


def ask(port: int, visitor, path: str, **sent: str) -> tuple[int, str]:
    """One request of this visitor over the wire."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Cookie": f"session={visitor.client.get_cookie('session').value}"}
    body = urlencode({"csrf_token": visitor.token, **sent}) if sent else None
    if body:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        connection.request("POST" if body else "GET", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_no_list_shows_what_another_user_searched_for(port, visit, rows):
    """H19, fact 1: neither the filters nor the records nor the counts of another request."""
    visitors = {name: visit(name) for name in FILLERS}
    own = {
        name: {i for (i,) in rows(f"SELECT id FROM member WHERE unit_id = {unit_id(rows, n)}")}
        for n, name in enumerate(FILLERS, start=1)
    }

    def look(n: int) -> None:
        name = FILLERS[n % 4]
        word, status = f"word-of-{name}", ("serving", "retired", "lent", "posted")[n % 4]
        code, text = ask(port, visitors[name], f"/members/list/?q={word}&work_status={status}&page_size={10 + n % 4}")
        page = Page(text)
        assert (code, page.one("#q")["value"]) == (200, word)
        assert page.one("#f-work_status option[selected]")["value"] == status
        assert [other for other in FILLERS if other != name and f"word-of-{other}" in text] == []
        _, text = ask(port, visitors[name], "/members/list/?page_size=100")
        assert set(Page(text).ids()) == own[name]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(look, range(ROUNDS * 4)))


def test_no_record_is_saved_with_what_another_user_typed(port, visit, rows):
    """H19, fact 1: forms of several units sent at once; each record is its own unit's."""
    visitors = {name: visit(name) for name in FILLERS}
    ids = {name: of(rows, n, "draft") for n, name in enumerate(FILLERS, start=1)}
    units = {name: unit_id(rows, n) for n, name in enumerate(FILLERS, start=1)}

    def save(n: int) -> None:
        name = FILLERS[n % 4]
        sent = {"remark": f"of {name} {n}"}
        code, _ = ask(port, visitors[name], f"/agreements/edit/{ids[name]}?unit={n}", **sent)
        assert code in (200, 302)  # 200: the same record was just saved by another thread

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(save, range(40)))
    for name in FILLERS:
        found = rows(f"SELECT owner_unit_id, remark FROM agreement WHERE id = {ids[name]}")
        assert found[0][0] == units[name]
        assert found[0][1].startswith(f"of {name} ")


def test_entries_made_at_once_go_under_their_own_records(port, visit, rows):
    """H19: what is added belongs to who added it."""
    visitors = {name: visit(name) for name in FILLERS}
    under = {name: of(rows, n, "active") for n, name in enumerate(FILLERS, start=1)}

    def add(n: int) -> None:
        name = FILLERS[n % 4]
        sent = {"held_on": "2026-06-20", "activity_type": "3", "theme": f"theme of {name} {n}"}
        code, _ = ask(port, visitors[name], f"/coop_activities/add?agreement_id={under[name]}", **sent)
        assert code == 302

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(32)))
    made = rows("SELECT theme, agreement_id FROM coop_activity WHERE substr(theme, 1, 8) = 'theme of'")
    assert len(made) == 32
    assert {(theme.split()[2], id_) for theme, id_ in made} == set(under.items())


def test_rights_of_one_request_are_not_those_of_the_next(port, visit, rows):
    """H19: an administrator, a reader and nobody, in turn on the same threads."""
    theirs = first(rows, "member", f"unit_id = {unit_id(rows, 2)}")
    path = f"/members/show/{theirs}"
    expected = {"filler01": 404, "filler02": 200, "town01": 403, "auditor": 200}
    visitors = {name: visit(name) for name in expected}

    def look(n: int) -> None:
        name = list(expected)[n % 4]
        assert ask(port, visitors[name], path)[0] == expected[name]
        assert ask(port, visitors["auditor"], "/roles/list/")[0] == 403

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(look, range(60)))
