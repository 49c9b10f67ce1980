"""What the security administrator demands of signing in: from where, with how old a password, how often at a time."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import request

from portal import create_app
from tests.conftest import PASSWORD, settings
from tests.security.walk import ACCOUNTS, unchanged
from tests.visitor import Visitor

pytestmark = pytest.mark.one_database
WHENCE = {"10.20.3.4": 200, "::ffff:10.20.3.4": 200, "10.21.0.1": 302, "::1": 302, "unknown": 302}
RULES = {"password_days": "90", "networks": ""}
OTHER = "Other-87654321"


@pytest.fixture
def signed_in(app):
    """A fresh session of this account."""

    def begin(username, password=PASSWORD):
        return Visitor.signed_in(app, username, password, {})

    return begin


def rule(visit, **changes):
    answer = visit("secadmin").post("/sign_in_rules/", RULES | changes)
    assert answer.status == 302, answer.errors()


def test_only_who_keeps_rights_sees_and_sets_them(visit, rows):
    with unchanged(rows):
        for account in set(ACCOUNTS) - {"admin", "secadmin"}:
            assert visit(account).look("/sign_in_rules/").status == 403
            assert visit(account).post("/sign_in_rules/", RULES).status == 403
    assert visit("admin").look("/sign_in_rules/").one("#password_days")["value"] == "90"
    rule(visit, password_days="0")
    assert visit("admin").look("/sign_in_rules/").one("#password_days")["value"] == "0"


def test_the_other_administrators_see_that_they_were_changed(visit, signed_in):
    rule(visit, one_session="1", password_days="30")
    auditor = signed_in("auditadmin")
    seen = auditor.look("/").words
    assert "Days after which a password has to be changed, One session at a time" in seen
    assert "Rules for signing in" in auditor.look("/audit_events/list/").words


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("password_days", each) for each in ("", "x", "-1", "366", "1.5")),
        *(("networks", each) for each in ("10.0.0.0/33", "10.0.0", "本单位", "127.0.0.1 10.0.0.1", "10.0.0.1")),
        ("networks", "127.0.0.1\n" * 99),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(visit, rows, name, text):
    with unchanged(rows):
        page = visit("secadmin").post("/sign_in_rules/", RULES | {name: text, "one_session": "1"})
        assert list(page.errors()) == [name]
        assert text.strip() in page.text
        assert page.select('input[name="one_session"][checked]')


def test_nobody_signs_in_or_goes_on_from_elsewhere(visit, signed_in, rows):
    visitor = signed_in("filler02")
    rule(visit, networks="127.0.0.1\n10.20.0.0/16")
    assert visitor.look("/agreements/list/").status == 200
    for address, status in WHENCE.items():
        visitor.client.environ_base["REMOTE_ADDR"] = address
        assert visitor.look("/agreements/list/").status == status, address
    stranger = visit()
    stranger.client.environ_base["REMOTE_ADDR"] = "10.21.0.1"
    stranger.look("/login/")
    page = stranger.post("/login/", username="filler02", password=PASSWORD)
    assert page.notices("error") == ["不允许从当前地址（10.21.0.1）登录。"]
    told = rows("SELECT action, title, address FROM audit_event ORDER BY id DESC LIMIT 1")
    assert told == [("refused", "POST /login/ filler02", "10.21.0.1")]


def test_an_operator_opens_the_door_again(app, visit):
    rule(visit, networks="127.0.0.1")
    assert app.test_cli_runner().invoke(args=["portal", "admin", "anywhere"]).exit_code == 0
    assert visit("secadmin").look("/sign_in_rules/").one("#networks").text == ""


def test_with_one_session_at_a_time_the_newest_stays(visit, signed_in):
    before, after = signed_in("filler02"), signed_in("filler02")
    assert before.look("/agreements/list/").status == after.look("/agreements/list/").status == 200
    rule(visit, one_session="1")
    assert (before.look("/agreements/list/").status, after.look("/agreements/list/").status) == (302, 200)


def aged(change, username, day):
    value = f"'{day}'" if day else "NULL"
    owner = f"(SELECT id FROM ab_user WHERE username = '{username}')"
    change(f"UPDATE account_profile SET password_on = {value} WHERE user_id = {owner}")


@pytest.mark.parametrize("day", [None, date(2026, 6, 30) - timedelta(days=90)])
def test_a_password_of_somebody_elses_or_too_old_is_changed_before_anything_else(rows, change, signed_in, day):
    aged(change, "filler02", day)
    visitor = signed_in("filler02")
    for path in ("/", "/agreements/list/", "/agreements/export"):
        assert visitor.look(path).response.location == "/my_password/"
    with unchanged(rows):
        assert visitor.post("/agreements/add", title="x").response.location == "/my_password/"
        assert visitor.look("/api/v1/agreements/").status == 403
    assert visitor.look("/my_password/").notices("warning")
    same = visitor.post("/my_password/", old=PASSWORD, new=PASSWORD, again=PASSWORD)
    assert list(same.errors()) == ["new"]
    assert visitor.post("/my_password/", old=PASSWORD, new=OTHER, again=OTHER).status == 302
    assert visitor.look("/agreements/list/").status == 200
    assert signed_in("filler02", OTHER).look("/agreements/list/").status == 200


def test_a_password_of_yesterday_is_not_too_old_and_none_is_with_the_rule_off(visit, change, signed_in):
    aged(change, "filler02", date(2026, 6, 30) - timedelta(days=89))
    assert signed_in("filler02").look("/agreements/list/").status == 200
    rule(visit, password_days="0")
    aged(change, "filler02", date(2020, 1, 1))
    assert signed_in("filler02").look("/agreements/list/").status == 200


def test_a_password_that_the_system_administrator_set_is_changed_first(visit, rows, change, signed_in):
    pk = rows("SELECT id FROM ab_user WHERE username = 'filler02'")[0][0]
    typed = visit("sysadmin").look(f"/accounts/edit/{pk}").filled() | {"password": OTHER}
    assert visit("sysadmin").post(f"/accounts/edit/{pk}", typed).status == 302
    change(f"UPDATE ab_user SET active = TRUE WHERE id = {pk}")
    assert signed_in("filler02", OTHER).look("/").response.location == "/my_password/"


def test_signing_in_is_no_change_of_the_account(rows, signed_in):
    signed_in("filler02")
    assert not rows("SELECT id FROM audit_event WHERE ledger = 'account_profile' AND action = 'edit'")


@pytest.mark.parametrize(("proxies", "address"), [("0", "127.0.0.1"), ("1", "10.1.2.3"), ("2", "203.0.113.9")])
def test_behind_web_servers_the_address_is_the_visitors(tmp_path, proxies, address):
    app = create_app(environ=settings(tmp_path) | {"PORTAL_PROXIES": proxies}, TESTING=True)

    with app.test_client() as client:
        client.get("/healthz", headers={"X-Forwarded-For": "203.0.113.9, 10.1.2.3"})
        assert request.remote_addr == address


def test_the_profile_of_nist_asks_for_length_and_neither_for_kinds_nor_for_changes(visit, change, signed_in):
    rule(visit, password_profile="nist")
    assert "15" in visit("secadmin").look("/my_password/").one("#new-hint").text
    visitor = visit("secadmin")
    for new, taken in (("kurz-Lang-1", False), ("regenschirm im august nebel", True), ("aaaaaaaaaaaaaaaaaaaa", False)):
        answer = visitor.post("/my_password/", old=PASSWORD, new=new, again=new)
        assert (answer.status == 302) is taken, answer.errors()
    aged(change, "filler02", date(2020, 1, 1))
    assert signed_in("filler02").look("/").response.location == "/my_password/", "too short for this profile"
    change("UPDATE sign_in_rules SET password_profile = 'mlps', password_days = 0")
    assert signed_in("filler02").look("/").status == 200
    change("UPDATE sign_in_rules SET password_days = 90")
    assert signed_in("filler02").look("/").response.location == "/my_password/", "too old for this one"
