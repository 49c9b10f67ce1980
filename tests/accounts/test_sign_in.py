"""Signing in and out, and what nobody sees without it."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from portal.accounts.sign_in import lockout, sessions
from portal.core import clock
from portal.core.audit import audit_log
from tests.conftest import PASSWORD
from tests.security.walk import first, unchanged

pytestmark = pytest.mark.one_database


def test_whoever_is_not_signed_in_gets_the_sign_in_page(visit):
    for path in ("/", "/agreements/list/", "/nowhere"):
        answer = visit().look(path)
        assert answer.status == 302
        assert answer.response.location.startswith("/login/")


def test_a_wrong_password_is_refused_in_words(visit):
    visitor = visit()
    visitor.look("/login/")
    answer = visitor.post("/login/", username="filler01", password="wrong")
    assert answer.notices("error") == ["账号或密码不正确。"]
    assert answer.one("#username")["value"] == "filler01"


def test_signing_in_leads_back_to_the_page_asked_for(visit):
    visitor = visit()
    wanted = visitor.look("/agreements/list/?q=x").response.location
    visitor.look(wanted)
    assert (
        visitor.post(wanted, username="auditor", password="Demo-12345678").response.location == "/agreements/list/?q=x"
    )


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_never_leads_to_another_host(visit, target):
    visitor = visit()
    visitor.look("/login/")
    answer = visitor.post(f"/login/?next={target}", username="auditor", password="Demo-12345678")
    assert answer.response.location == "/"


def test_signing_out_is_a_post(visit):
    visitor = visit("auditor")
    assert visitor.look("/logout/").status == 405
    assert visitor.post("/logout/").status == 302
    assert visitor.look("/").status == 302


def signed_in(visit, username, password=PASSWORD):
    """A visitor with a session of its own, not the one that tests share."""
    visitor = visit()
    visitor.look("/login/")
    visitor.post("/login/", username=username, password=password)
    visitor.look("/my_password/")
    return visitor


def copied(visit, visitor):
    """Somebody else who has a copy of the visitor's cookie."""
    thief = visit()
    thief.client.set_cookie("session", visitor.client.get_cookie("session").value)
    return thief


def test_a_copied_cookie_ends_with_signing_out_and_other_sessions_go_on(visit):
    one, other = signed_in(visit, "filler02"), signed_in(visit, "filler02")
    thief = copied(visit, one)
    assert thief.look("/agreements/list/").status == 200
    one.post("/logout/")
    assert thief.look("/agreements/list/").response.location.startswith("/login/")
    assert thief.client.get("/api/v1/agreements/").status_code == 401
    assert other.look("/agreements/list/").status == 200


def test_changing_a_password_ends_all_sessions_but_the_one_that_did(visit):
    one, other = signed_in(visit, "filler02"), signed_in(visit, "filler02")
    assert one.post("/my_password/", old=PASSWORD, new="Other-87654321", again="Other-87654321").status == 302
    assert one.look("/agreements/list/").status == 200
    assert other.look("/agreements/list/").status == 302


def test_a_password_that_is_set_ends_the_sessions_of_the_account(visit, rows):
    other = signed_in(visit, "filler02")
    pk = first(rows, "ab_user", "username = 'filler02'")
    admin = visit("admin")
    typed = admin.look(f"/accounts/edit/{pk}").filled() | {"password": "Other-87654321"}
    assert admin.post(f"/accounts/edit/{pk}", typed).status == 302
    assert other.look("/agreements/list/").status == 302


@pytest.fixture
def wait(monkeypatch):
    """`wait(31)`: so many minutes go by, for sessions."""
    passed = []

    def go(minutes):
        passed.append(60 * minutes)
        monkeypatch.setattr(sessions, "moment", lambda: moment() + sum(passed))

    moment = sessions.moment
    return go


def test_a_session_ends_when_nobody_is_there_any_more(visit, wait):
    visitor = signed_in(visit, "filler02")
    wait(29)
    assert visitor.look("/agreements/list/").status == 200
    wait(29)
    assert visitor.look("/agreements/list/").status == 200
    wait(31)
    assert visitor.look("/agreements/list/").status == 302


def test_a_copied_cookie_does_not_last_longer_by_what_its_owner_does(app, visit, wait):
    owner, thief = signed_in(visit, "filler02"), visit()
    thief.client.set_cookie("session", owner.client.get_cookie("session").value)
    wait(20)
    assert owner.look("/agreements/list/").status == 200
    wait(20)
    assert owner.look("/agreements/list/").status == 200
    assert thief.look("/agreements/list/").status == 302


def test_no_session_lives_longer_than_a_working_day(visit, wait):
    visitor = signed_in(visit, "filler02")
    for _ in range(16):
        assert visitor.look("/agreements/list/").status == 200
        wait(29.9)
    assert visitor.look("/agreements/list/").status == 200
    wait(2)
    assert visitor.look("/agreements/list/").status == 302


YEAR = 365 * 24 * 60  # minutes


@pytest.mark.parametrize("days", [-365, 365])
def test_setting_the_clock_signs_nobody_out(visit, monkeypatch, days):
    visitor, now = signed_in(visit, "filler02"), time.time()
    monkeypatch.setattr(time, "time", lambda: now + days * 24 * 3600)
    monkeypatch.setattr(clock, "now", lambda: datetime.fromtimestamp(now, UTC).replace(tzinfo=None))
    assert visitor.look("/agreements/list/").status == 200


def test_a_session_that_began_while_the_clock_was_ahead_lasts_no_longer_than_others(visit, wait):
    visitor = signed_in(visit, "filler02")
    wait(-YEAR)
    assert visitor.look("/agreements/list/").status == 200
    wait(29)
    assert visitor.look("/agreements/list/").status == 200
    wait(31)
    assert visitor.look("/agreements/list/").status == 302


def test_whoever_sends_a_form_after_the_end_of_the_session_is_told(visit, rows, wait):
    """Without scripts; with them the page asks first and keeps what was typed (`tests/browser/test_session.py`)."""
    visitor = signed_in(visit, "filler02")
    visitor.look("/agreements/add")
    wait(31)
    with unchanged(rows):
        assert visitor.post("/agreements/add", title="x").response.location == "/login/"
    assert visitor.look("/login/").notices("warning") == ["登录已失效，刚才提交的内容未保存，请重新登录。"]


def test_a_page_can_ask_whose_session_there_is(visit):
    visitor = visit("filler02")
    told = visitor.look("/session/").response.json
    assert told["user"] == "filler02"
    visitor.token = told["token"]
    assert visitor.post("/agreements/add", {"signed_on": "不详"}).status == 200
    assert visit().look("/session/").status == 302


def attempt(visit, username, password):
    visitor = visit()
    visitor.look("/login/")
    return visitor.post("/login/", username=username, password=password)


@pytest.fixture
def later(monkeypatch):
    """`later(31)`: so many minutes from now. Ends with what other tests wrote long ago."""
    now = clock.now

    def go(minutes):
        monkeypatch.setattr(lockout.clock, "now", lambda: now() + timedelta(minutes=minutes))

    return go


@pytest.mark.parametrize("username", ["filler03", "nobody-here"])
def test_after_five_wrong_passwords_the_name_is_locked_for_half_an_hour(visit, later, username):
    later(40)
    said = [attempt(visit, username, f"wrong{n}").notices("error") for n in range(7)]
    assert said[:4] == [["账号或密码不正确。"]] * 4
    assert said[4] == said[5] == said[6]
    assert "密码错误次数过多" in said[5][0]
    locked = attempt(visit, username.upper(), PASSWORD)
    assert locked.notices("error") == said[5]
    later(71)
    assert attempt(visit, username, PASSWORD).status == (302 if username == "filler03" else 200)


def test_wrong_passwords_while_the_clock_was_ahead_lock_no_name(visit, later):
    later(YEAR)
    for n in range(6):
        attempt(visit, "filler05", f"wrong{n}")
    assert attempt(visit, "filler05", PASSWORD).status == 200
    later(100)
    assert attempt(visit, "filler05", PASSWORD).status == 302


def test_what_is_typed_for_a_name_and_is_none_is_not_in_the_trail(visit, rows):
    for typed in ("13812345678", "My-Secret-2026!", "王小明", "no one"):
        attempt(visit, typed, "wrong")
    titles = [title for (title,) in rows("SELECT title FROM audit_event WHERE action = 'sign_in_failed'")]
    assert len(titles) >= 4
    assert not [title for title in titles if "13812345678" in title or "Secret" in title or "王" in title]
    attempt(visit, "Filler01", "wrong")
    assert rows("SELECT title FROM audit_event ORDER BY id DESC LIMIT 1") == [("Filler01",)]


def test_signing_in_begins_the_count_anew(visit, later):
    later(120)
    for _ in range(2):
        for n in range(4):
            attempt(visit, "filler03", f"wrong{n}")
        assert attempt(visit, "filler03", PASSWORD).status == 302


def test_the_security_administrator_unlocks_and_the_trail_tells(visit, rows, later):
    later(160)
    for _ in range(6):
        attempt(visit, "filler04", "wrong")
    pk = first(rows, "ab_user", "username = 'filler04'")
    assert visit("sysadmin").post(f"/accounts/unlock/{pk}").status == 403
    page = visit("secadmin").look(f"/accounts/grant/{pk}")
    assert page.select("[data-locked]")
    assert visit("secadmin").post(f"/accounts/unlock/{pk}").status == 302
    assert not visit("secadmin").look(f"/accounts/grant/{pk}").select("[data-locked]")
    assert attempt(visit, "filler04", PASSWORD).status == 302
    told = rows("SELECT action FROM audit_event WHERE title = 'filler04' ORDER BY id DESC LIMIT 7")
    assert [action for (action,) in reversed(told)] == ["sign_in_failed"] * 5 + ["sign_in_locked", "unlock"]


def test_nobody_is_in_without_a_line_in_the_trail(visit, monkeypatch):
    tell = audit_log.log_and_commit

    def refusing(action, *args, **more):
        if action == "sign_in":
            raise OSError("the trail takes no line")
        tell(action, *args, **more)

    monkeypatch.setattr(audit_log, "log_and_commit", refusing)
    visitor = visit()
    visitor.look("/login/")
    with suppress(OSError):
        visitor.post("/login/", username="filler02", password=PASSWORD)
    assert visitor.look("/").status == 302


def test_nobody_signs_in_by_another_name_than_the_accounts(visit, rows):
    """Flask-AppBuilder would take an e-mail address, too, and five more guesses with it."""
    [[email]] = rows("SELECT email FROM ab_user WHERE username = 'filler02'")
    assert attempt(visit, email, PASSWORD).status == 200
    assert attempt(visit, "FILLER02", PASSWORD).status == 302


def test_a_name_is_cleaned_before_it_is_looked_up_and_written_down(visit, rows):
    assert attempt(visit, "fil\x00ler02\r\n", "wrong").status == 200
    told = rows("SELECT title FROM audit_event WHERE action = 'sign_in_failed' ORDER BY id DESC LIMIT 1")
    assert told == [("filler02",)]


def test_a_right_guess_is_refused_when_the_name_was_locked_meanwhile(app, visit, rows, later, monkeypatch):
    later(200)
    check = app.appbuilder.sm.auth_user_db

    def slowly(name, password):
        for _ in range(5):
            lockout.tell_failure(name)
        return check(name, password)

    monkeypatch.setattr(app.appbuilder.sm, "auth_user_db", slowly)
    visitor = visit()
    visitor.look("/login/")
    answer = visitor.post("/login/", username="filler05", password=PASSWORD)
    assert "密码错误次数过多" in answer.notices("error")[0]
    assert visitor.look("/").status == 302


def test_guesses_on_the_page_of_ones_own_password_lock_the_name_too(visit, rows, later):
    later(240)
    visitor = signed_in(visit, "secretary02")
    new = {"new": "Other-87654321", "again": "Other-87654321"}
    said = [visitor.post("/my_password/", old=f"wrong{n}", **new).errors()["old"] for n in range(6)]
    assert "密码错误次数过多" in said[4]
    assert said[4] == said[5] != said[3]
    assert list(visitor.post("/my_password/", old=PASSWORD, **new).errors()) == ["old"]
    assert "密码错误次数过多" in attempt(visit, "secretary02", PASSWORD).notices("error")[0]
    listed = visit("secadmin").look("/accounts/list/?q=secretary02")
    assert listed.select("[data-locked]")
    later(271)
    assert visitor.post("/my_password/", old=PASSWORD, **new).status == 302


def test_the_list_of_accounts_asks_once_which_names_are_locked(visit, statements):
    visitor = visit("secadmin")
    with statements() as seen:
        visitor.look("/accounts/list/")
    assert sum("audit_event" in each for each in seen) == 1


def test_demo_accounts_are_links_that_fill_in_their_name(visit, rows):
    page = visit().look("/login/?next=/agreements/list/")
    links = {link["data-account"]: link["href"] for link in page.select(".demo-accounts a")}
    known = {name for (name,) in rows("SELECT username FROM ab_user")}
    assert {"admin", "filler01", "disc"} <= set(links) <= known
    there = visit().look(links["filler01"])
    assert there.one("#username")["value"] == "filler01"
    assert there.one("#password").has_attr("autofocus")
    assert "next=" in there.one(".login-card form")["action"]


def test_demo_accounts_stand_by_role_with_what_it_is_for(visit):
    terms = visit().speak("en").look("/login/").select(".demo-accounts dt")
    assert len(terms) > 10
    assert all(len(term.select_one(".hint").get_text()) > 10 for term in terms)


def test_a_name_in_the_address_is_no_more_than_typed(visit):
    page = visit().look("/login/", username='"><b>x' + "y" * 500)
    assert page.status == 200
    assert page.one("#username")["value"].startswith('"><b>x')
    assert len(page.one("#username")["value"]) == 64
