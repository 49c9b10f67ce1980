"""Where somebody is signed in: listed in words, ended one by one or all at once."""

from __future__ import annotations

import sqlite3

import pytest

from portal.accounts.sign_in import devices, sessions
from tests.conftest import PASSWORD
from tests.security.walk import first
from tests.visitor import Visitor

pytestmark = pytest.mark.one_database
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0 Safari/537.36 Edg/130.0"
WECHAT = (
    "Mozilla/5.0 (Linux; Android 14; HMA-AL00) AppleWebKit/537.36 Chrome/116 Mobile Safari/537.36 MicroMessenger/8.0"
)
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605 Version/17.0 Mobile/15E Safari/604.1"
AGENTS = {
    EDGE: ("Edge", "Windows 10/11"),
    WECHAT: ("微信", "Android"),
    SAFARI: ("Safari", "iPhone"),
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0": ("Firefox", "Linux"),
    "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko": ("Internet Explorer", "Windows 7"),
    "python-requests/2.34": ("python-requests", ""),
    "<script>alert(1)</script>" * 9000: ("", ""),
    "": ("", ""),
}


def signed_in(app, agent=EDGE, username="filler02"):
    visitor = Visitor(app.test_client())
    visitor.client.environ_base["HTTP_USER_AGENT"] = agent
    visitor.speak("en").look("/login/")
    assert visitor.post("/login/", username=username, password=PASSWORD).status == 302
    visitor.look("/my_sessions/")
    return visitor


@pytest.mark.parametrize("agent", AGENTS, ids=range(len(AGENTS)))
def test_devices_are_named_in_words(agent):
    assert (devices.browser_of(agent), devices.system_of(agent)) == AGENTS[agent]


def test_each_session_is_listed_and_ended_alone_or_with_all_others(app, rows):
    one, two, three = signed_in(app), signed_in(app, WECHAT), signed_in(app, SAFARI)
    page = one.look("/my_sessions/")
    assert len(page.select("tr[data-session]")) == 3
    assert "Edge · Windows 10/11" in page.one("tr[data-here]").text
    assert "127.0.0.1" in page.one("tr[data-here]").text
    row = next(each for each in page.select("tr[data-session]") if "微信" in each.text)
    assert one.post("/my_sessions/end", session=str(row["data-session"])).status == 302
    assert two.look("/").status == 302
    assert three.look("/").status == 200
    assert one.post("/my_sessions/end").status == 302
    assert three.look("/").status == 302
    assert len(one.look("/my_sessions/").select("tr[data-session]")) == 1
    told = rows("SELECT title FROM audit_event WHERE action = 'sessions_ended' ORDER BY id")
    assert "微信" in told[0][0]
    assert len(told) == 2


def test_nobody_ends_the_session_of_somebody_else(app):
    mine, others = signed_in(app), signed_in(app, username="filler03")
    theirs = others.look("/my_sessions/").one("tr[data-here]")["data-session"]
    for text in (str(theirs), "9" * 30, "x", ""):
        assert mine.post("/my_sessions/end", session=text).status == 302
    assert others.look("/").status == 200


def test_a_session_that_the_list_does_not_know_is_listed_when_it_is_used_and_ends_with_all(app, change, monkeypatch):
    one, two = signed_in(app), signed_in(app, WECHAT)
    change("DELETE FROM account_session")
    moment = sessions.moment
    monkeypatch.setattr(sessions, "moment", lambda: moment() + sessions.TELLING)
    two.look("/")
    assert "微信" in one.look("/my_sessions/").text
    change("DELETE FROM account_session")
    one.post("/my_sessions/end")
    assert two.look("/").status == 302
    assert one.look("/").status == 200


def test_no_page_waits_or_fails_when_it_cannot_be_written_that_somebody_is_there(app, built, monkeypatch):

    visitor = signed_in(app)
    other = sqlite3.connect(built.home / "portal.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    moment = sessions.moment
    monkeypatch.setattr(sessions, "moment", lambda: moment() + sessions.TELLING)
    began = moment()
    assert visitor.look("/agreements/list/").status == 200
    assert moment() - began < 10, "SQLite would wait for fifteen seconds"
    other.execute("ROLLBACK")
    other.close()


def test_administrators_end_the_sessions_of_an_account(app, visit, rows):
    visitor, pk = signed_in(app), first(rows, "ab_user", "username = 'filler02'")
    assert visit("sysadmin").post(f"/accounts/end_sessions/{pk}").status == 403
    assert visit("secadmin").look(f"/accounts/grant/{pk}").one("[data-sessions]")["data-sessions"] == "1"
    assert visit("secadmin").post(f"/accounts/end_sessions/{pk}").status == 302
    assert visitor.look("/").status == 302
    assert signed_in(app).look("/").status == 200


def test_changing_the_password_takes_the_others_off_the_list(app):
    one, two = signed_in(app), signed_in(app, WECHAT)
    assert one.post("/my_password/", old=PASSWORD, new="Other-87654321", again="Other-87654321").status == 302
    assert two.look("/").status == 302
    assert len(one.look("/my_sessions/").select("tr[data-session]")) == 1
