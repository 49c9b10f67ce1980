"""The second factor: codes of an authenticator app after the password, recovery codes, and who has to have one."""

from __future__ import annotations

from datetime import UTC, timedelta

import pyotp
import pytest

from portal.accounts.sign_in import second_factor
from portal.core import clock
from tests.accounts.test_sign_in_policy import rule
from tests.conftest import PASSWORD
from tests.security.walk import first, unchanged
from tests.visitor import Visitor

pytestmark = pytest.mark.one_database


@pytest.fixture
def later(monkeypatch):
    """`later(60)`: so many seconds from now, for codes and locks alike."""
    now = clock.now

    def go(seconds):
        monkeypatch.setattr(clock, "now", lambda: now() + timedelta(seconds=seconds))

    return go


def code_of(secret, steps=0):
    return pyotp.TOTP(secret).at(clock.now().replace(tzinfo=UTC) + timedelta(seconds=30 * steps))


def typed_password(app, username, password=PASSWORD):
    """A visitor who has typed the password."""
    visitor = Visitor(app.test_client()).speak("en")
    visitor.look("/login/")
    visitor.answer = visitor.post("/login/", username=username, password=password)
    return visitor


def enrolled(app, username):
    """(a signed-in visitor of an account with a second factor, its secret, its recovery codes)."""
    visitor = typed_password(app, username)
    visitor.look("/my_second_factor/")
    page = visitor.post("/my_second_factor/begin")
    secret = page.one("[data-secret]").get_text().replace(" ", "")
    page = visitor.post("/my_second_factor/confirm", code=code_of(secret))
    return visitor, secret, [each.get_text() for each in page.select(".recovery-codes code")]


def with_code(visitor, code):
    visitor.look("/login/code")
    return visitor.post("/login/code", code=code)


def test_nobody_is_in_before_the_code_and_each_code_counts_once(app, rows, later):
    owner, secret, codes = enrolled(app, "filler02")
    assert len(set(codes)) == 10
    assert owner.look("/agreements/list/").status == 200, "whoever set it up goes on"
    later(60)
    visitor = typed_password(app, "filler02")
    assert visitor.answer.response.location == "/login/code"
    for path in ("/", "/agreements/list/", "/my_sessions/"):
        assert visitor.look(path).response.location.startswith("/login/")
    assert visitor.look("/api/v1/agreements/").status == 401
    assert with_code(visitor, "000000").notices("error")
    code = code_of(secret)
    assert with_code(visitor, f" {code[:3]}  {code[3:]} ").status == 302
    assert visitor.look("/agreements/list/").status == 200
    thief = typed_password(app, "filler02")
    assert with_code(thief, code).notices("error"), "a code is accepted once"
    assert thief.look("/").status == 302
    stored = rows("SELECT secret FROM second_factor")[0][0]
    assert secret not in stored
    assert not any(code in str(rows("SELECT * FROM recovery_code")) for code in codes)
    told = [action for (action,) in rows("SELECT action FROM audit_event ORDER BY id DESC LIMIT 12")]
    assert {"second_factor_set", "recovery_codes", "sign_in", "sign_in_failed"} <= {*told}


@pytest.mark.parametrize(("steps", "let_in"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_the_clock_of_the_phone_may_differ_by_one_step(app, later, steps, let_in):
    _, secret, _ = enrolled(app, "filler02")
    later(300)
    assert (with_code(typed_password(app, "filler02"), code_of(secret, steps)).status == 302) is let_in


def test_a_recovery_code_lets_in_once_however_it_is_typed(app, rows):
    _, _, codes = enrolled(app, "filler02")
    visitor = typed_password(app, "filler02")
    assert with_code(visitor, codes[0].upper().replace("-", " ")).status == 302
    assert rows("SELECT username FROM audit_event WHERE action = 'recovery_code_used'") == [("filler02",)]
    assert with_code(typed_password(app, "filler02"), codes[0]).notices("error")
    other = typed_password(app, "filler03")
    assert other.answer.response.location == "/", "who has none is asked for none"
    assert visitor.look("/my_second_factor/").one("[data-left]")["data-left"] == "9"


def test_what_was_spent_while_the_clock_was_ahead_keeps_nobody_out(app, later, change):
    _, secret, _ = enrolled(app, "filler02")
    change(f"UPDATE second_factor SET last_step = {second_factor.now_step() + 365 * 24 * 120}")
    assert with_code(typed_password(app, "filler02"), code_of(secret)).status == 302


def test_guessing_codes_locks_like_guessing_passwords(app, later):
    later(7200)
    _, secret, codes = enrolled(app, "filler04")
    later(7300)
    visitor = typed_password(app, "filler04")
    said = [with_code(visitor, f"{n:06}").notices("error")[0] for n in range(5)]
    assert "Too many" in said[4]
    for code in (code_of(secret), codes[0]):
        assert "Too many" in with_code(visitor, code).notices("error")[0]
    assert typed_password(app, "filler04").answer.notices("error")
    later(7300 + 60 * 31)
    assert with_code(typed_password(app, "filler04"), code_of(secret)).status == 302


def test_the_code_is_waited_for_five_minutes_and_with_the_same_password(app, monkeypatch, visit, rows):
    _, _, codes = enrolled(app, "filler02")
    visitor = typed_password(app, "filler02")
    pk = first(rows, "ab_user", "username = 'filler02'")
    page = visit("admin").look(f"/accounts/edit/{pk}").filled() | {"password": "Other-87654321"}
    assert visit("admin").post(f"/accounts/edit/{pk}", page).status == 302
    assert visitor.look("/login/code").response.location == "/login/"
    visitor = typed_password(app, "filler02", "Other-87654321")
    assert visitor.look("/login/code").status == 200
    moment = second_factor.sessions.moment
    monkeypatch.setattr(second_factor.sessions, "moment", lambda: moment() + 301)
    assert with_code(visitor, codes[0]).response.location == "/login/"


def test_whoever_finds_an_open_browser_sets_up_and_removes_nothing(app, monkeypatch, rows):
    visitor = typed_password(app, "filler02")
    moment = second_factor.sessions.moment
    monkeypatch.setattr(second_factor.sessions, "moment", lambda: moment() + 601)
    visitor.look("/my_second_factor/")
    with unchanged(rows):
        assert list(visitor.post("/my_second_factor/begin", password="wrong").errors()) == ["password"]
    assert visitor.post("/my_second_factor/begin", password=PASSWORD).select("[data-secret]")
    monkeypatch.undo()
    owner, _, codes = enrolled(app, "filler03")
    with unchanged(rows):
        for name in ("begin", "codes", "remove"):
            assert list(owner.post(f"/my_second_factor/{name}", code="123").errors()) == ["code"]
    fresh = owner.post("/my_second_factor/codes", code=codes[0]).select(".recovery-codes code")
    assert with_code(typed_password(app, "filler03"), codes[1]).notices("error"), "those before count no more"
    assert owner.post("/my_second_factor/remove", code=fresh[0].get_text()).status == 302
    assert typed_password(app, "filler03").answer.response.location == "/"


def test_another_phone_takes_the_place_of_the_first_only_when_it_shows_the_right_code(app, later):
    owner, old, codes = enrolled(app, "filler02")
    page = owner.post("/my_second_factor/begin", code=codes[0])
    new = page.one("[data-secret]").get_text().replace(" ", "")
    assert owner.post("/my_second_factor/confirm", code="000000").errors()
    later(60)
    assert with_code(typed_password(app, "filler02"), code_of(old)).status == 302
    assert owner.post("/my_second_factor/confirm", code=code_of(new)).select(".recovery-codes")
    later(120)
    assert with_code(typed_password(app, "filler02"), code_of(old)).notices("error")
    assert with_code(typed_password(app, "filler02"), code_of(new)).status == 302


def test_setting_it_up_ends_the_other_sessions(app):
    other = typed_password(app, "filler02")
    owner, _, _ = enrolled(app, "filler02")
    assert other.look("/").status == 302
    assert owner.look("/").status == 200


NO_DEMO = "UPDATE ab_user SET email = username || '@portal.invalid'"


def test_administrators_have_to_set_one_up_and_demo_accounts_do_not(app, change):
    assert typed_password(app, "secadmin").look("/").status == 200
    change(NO_DEMO)
    change("UPDATE account_profile SET password_on = '2026-06-29'")
    for account in ("admin", "sysadmin", "secadmin", "auditadmin"):
        visitor = typed_password(app, account)
        for path in ("/", "/accounts/list/", "/my_sessions/", "/units/list/"):
            assert visitor.look(path).response.location == "/my_second_factor/"
        assert visitor.look("/api/v1/units/").status == 403
    for account in ("filler01", "reviewer", "auditor", "leader"):
        assert typed_password(app, account).look("/").status == 200
    visitor, _, codes = enrolled(app, "secadmin")
    assert visitor.look("/").status == 200
    assert visitor.post("/my_second_factor/remove", code=codes[0]).status == 403


def test_the_rules_say_who_has_to_have_one(app, visit, change):
    rule(visit, second_factor="all")
    change(NO_DEMO)
    change("UPDATE account_profile SET password_on = '2026-06-29'")
    assert typed_password(app, "filler01").look("/").response.location == "/my_second_factor/"
    change("UPDATE sign_in_rules SET second_factor = 'off'")
    assert typed_password(app, "secadmin").look("/").status == 200


def test_the_security_administrator_removes_one_of_whoever_is_no_administrator(app, visit, rows):
    owner, _, _ = enrolled(app, "filler02")
    pk = first(rows, "ab_user", "username = 'filler02'")
    assert visit("sysadmin").post(f"/accounts/remove_factor/{pk}").status == 403
    assert visit("secadmin").look(f"/accounts/grant/{pk}").select("[data-factor] button")
    assert visit("secadmin").post(f"/accounts/remove_factor/{pk}").status == 302
    assert owner.look("/").status == 302
    assert typed_password(app, "filler02").answer.response.location == "/"
    enrolled(app, "auditadmin")
    pk = first(rows, "ab_user", "username = 'auditadmin'")
    assert not visit("secadmin").look(f"/accounts/grant/{pk}").select("[data-factor] button")
    with unchanged(rows):
        assert visit("secadmin").post(f"/accounts/remove_factor/{pk}").status == 403
        assert visit("admin").post(f"/accounts/remove_factor/{pk}").status == 403


def test_a_new_key_of_personal_data_keeps_second_factors(app, later):
    _, secret, _ = enrolled(app, "filler02")
    done = app.test_cli_runner().invoke(args=["portal", "keys", "rotate"])
    assert done.exit_code == 0, done.output
    later(60)
    assert with_code(typed_password(app, "filler02"), code_of(secret)).status == 302
