"""Signing in by an OpenID Connect provider: a real one, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from portal import create_app
from portal.accounts.sign_in import oidc
from tests.accounts.test_second_factor import code_of, enrolled, later  # noqa: F401
from tests.browser.conftest import HERE, free_port, wait_for
from tests.conftest import PASSWORD, settings
from tests.provider import CLIENT, SECRET
from tests.security.walk import first
from tests.visitor import Visitor

pytestmark = [pytest.mark.one_database, pytest.mark.one_process]
BACK = "/login/oidc/back"


@pytest.fixture(scope="module")
def provider():
    port = free_port()
    environment = os.environ | {"AUTHLIB_INSECURE_TRANSPORT": "1"}
    command = [sys.executable, "-m", "tests.provider", str(port)]
    process = subprocess.Popen(command, cwd=HERE, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/keys")
        yield address
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def served(built, provider):
    """Another process's portal over the same database, with the provider set."""
    environ = settings(built.home) | {
        "PORTAL_OIDC_ISSUER": provider,
        "PORTAL_OIDC_CLIENT_ID": CLIENT,
        "PORTAL_OIDC_CLIENT_SECRET": SECRET,
        "PORTAL_OIDC_CREATE": "on",
        "PORTAL_OIDC_LABEL": "统一身份认证",
    }
    built.dirty = True
    return create_app(environ=environ, TESTING=True, RATE_LIMITED=False)


def visitor_of(app):
    return Visitor(app.test_client()).speak("en")


def sent_on(visitor, provider, path="/login/oidc/", **as_whom):
    """Where the provider sends a visitor back to who is known there as this."""
    requests.post(f"{provider}/as", params=as_whom, timeout=10).raise_for_status()
    there = visitor.look(path).response.location
    assert there.startswith(provider), there
    asked = parse_qs(urlsplit(there).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert {"state", "nonce", "code_challenge"} <= asked.keys()
    return requests.get(there, allow_redirects=False, timeout=10).headers["Location"]


def back(visitor, location):
    parts = urlsplit(location)
    assert parts.path == BACK
    return visitor.look(f"{parts.path}?{parts.query}")


def test_without_settings_there_is_no_button_and_no_page(visit):
    assert not visit().look("/login/").select("[data-other]")
    assert visit().look("/login/oidc/").status == 404
    assert visit().look(BACK).status == 404


def test_whom_the_provider_names_is_let_in_where_they_wanted_to_go(served, provider, rows):
    visitor = visitor_of(served)
    button = visitor.look("/login/?next=/agreements/list/").one("[data-other]")
    assert "统一身份认证" in button.text
    location = sent_on(visitor, provider, str(button["href"]), preferred_username="Filler02")
    answer = back(visitor, location)
    assert answer.response.location == "/agreements/list/"
    assert visitor.look("/agreements/list/").status == 200
    told = rows("SELECT username, title FROM audit_event WHERE action = 'sign_in' ORDER BY id DESC LIMIT 1")
    assert told == [("filler02", "OIDC")]
    assert "session_state" not in visitor.client.get_cookie("session").value
    stranger = visitor_of(served)
    assert back(stranger, location).notices("error"), "somebody else's answer lets nobody in"
    assert stranger.look("/").status == 302


@pytest.mark.parametrize("how", ["deny", "bad_nonce", "other_key", "other_issuer"])
def test_an_answer_that_is_none_lets_nobody_in_and_is_told_in_words(served, provider, how):
    visitor = visitor_of(served)
    page = back(visitor, sent_on(visitor, provider, preferred_username="filler02", **{how: "1"}))
    assert "统一身份认证" in page.notices("error")[0]
    assert visitor.look("/").status == 302
    visitor.look("/login/")
    assert visitor.post("/login/", username="filler02", password=PASSWORD).status == 302, "the password still does"


def test_who_has_no_account_or_none_that_is_switched_on_stays_outside(served, provider, change, rows):
    change("UPDATE ab_user SET active = FALSE WHERE username = 'filler03'")
    for name in ("filler03", "", "张三", "x' OR 1=1 --", "a" * 300):
        visitor = visitor_of(served)
        assert back(visitor, sent_on(visitor, provider, preferred_username=name)).notices("error")
        assert visitor.look("/").status == 302
    told = [title for (title,) in rows("SELECT title FROM audit_event WHERE action = 'sign_in_refused' ORDER BY id")]
    assert "filler03" in told
    assert not any("张三" in title or "OR 1" in title for title in told)


def test_an_account_is_made_without_rights_and_waits(served, provider, rows, visit):
    visitor = visitor_of(served)
    page = back(visitor, sent_on(visitor, provider, preferred_username="neu.hier", name="李四", roles="admin"))
    assert "authorised" in page.notices("error")[0]
    pk = first(rows, "ab_user", "username = 'neu.hier'")
    assert rows(f"SELECT first_name FROM ab_user WHERE id = {pk} AND NOT active") == [("李四",)]
    assert rows(f"SELECT count(*) FROM ab_user_role WHERE user_id = {pk}") == [(0,)]
    assert visit("secadmin").look("/").select(f'[data-waiting] a[href="/accounts/grant/{pk}"]')
    served.config["OIDC_CREATE"] = False
    back(visitor, sent_on(visitor, provider, preferred_username="noch.einer"))
    assert rows("SELECT count(*) FROM ab_user WHERE username = 'noch.einer'") == [(0,)]


def test_a_second_factor_is_asked_for_all_the_same(app, served, provider, later):  # noqa: F811
    _, secret, _ = enrolled(app, "filler02")
    later(60)
    visitor = visitor_of(served)
    answer = back(visitor, sent_on(visitor, provider, preferred_username="filler02"))
    assert answer.response.location.startswith("/login/code")
    assert visitor.look("/agreements/list/").status == 302
    visitor.look("/login/code")
    assert visitor.post("/login/code", code=code_of(secret)).status == 302
    assert visitor.look("/agreements/list/").status == 200


def test_a_provider_that_is_away_or_says_nothing_holds_nobody_for_long(served, provider, monkeypatch):
    office = served.extensions["portal.oidc"].create_client(oidc.PROVIDER)
    office.client_kwargs["default_timeout"] = 1
    visitor = visitor_of(served)
    sent_on(visitor, provider)  # it was there a moment ago
    requests.post(f"{provider}/as", params={"slow": "1"}, timeout=10)
    assert "cannot be reached" in visitor.look("/login/oidc/").notices("error")[0]
    office._server_metadata_url = "http://127.0.0.1:9/.well-known/openid-configuration"
    assert "cannot be reached" in visitor.look("/login/oidc/").notices("error")[0]


def test_a_page_that_says_why_not_takes_a_password_and_goes_on_to_where_one_wanted(served, provider):
    visitor = visitor_of(served)
    page = back(visitor, sent_on(visitor, provider, "/login/oidc/?next=/agreements/list/", deny="1"))
    visitor.look("/login/")
    answer = visitor.post(str(page.one("form")["action"]), username="filler02", password=PASSWORD)
    assert answer.response.location == "/agreements/list/"


def test_beside_a_form_that_waits_in_another_tab_one_is_sent_back_there(served, provider):
    visitor = visitor_of(served)
    button = visitor.look("/login/?again=1").one("[data-other]")
    answer = back(visitor, sent_on(visitor, provider, str(button["href"]), preferred_username="filler02"))
    assert answer.response.location == "/login/?again=1"


@pytest.mark.parametrize("path", ["/login/oidc/", f"{BACK}?code=a&state=b"])
def test_nobody_who_writes_waits_for_a_provider_that_is_slow(served, provider, path, change):
    served.extensions["portal.oidc"].create_client(oidc.PROVIDER).client_kwargs["default_timeout"] = 4
    requests.post(f"{provider}/as", params={"slow": "1"}, timeout=10)
    visitor, answers = visitor_of(served), []
    waiting = Thread(target=lambda: answers.append(visitor.look(path)))
    waiting.start()
    time.sleep(1.5)
    began = time.monotonic()
    change("UPDATE ab_user SET active = TRUE WHERE username = 'filler03'")
    assert time.monotonic() - began < 1
    waiting.join(20)
    assert "cannot be reached" in answers[0].notices("error")[0]


def test_an_account_belongs_to_the_first_who_signs_in_by_its_name_until_it_is_released(served, provider, rows, visit):
    def come(subject, name):
        visitor = visitor_of(served)
        return visitor, back(visitor, sent_on(visitor, provider, preferred_username=name, sub=subject))

    assert come("sub-of-li-si", "filler02")[1].response.location == "/"
    assert "li-si" not in str(rows("SELECT * FROM provider_identity")) + str(rows("SELECT * FROM audit_event"))
    visitor, page = come("sub-of-wang-wu", "filler02")
    assert "security administrator" in page.notices("error")[0]
    assert visitor.look("/").status == 302
    told = [visit(name).look("/").one("[data-changes]").text for name in ("sysadmin", "secadmin", "auditadmin")]
    assert all("somebody else has this name" in text for text in told)
    renamed, _ = come("sub-of-li-si", "filler03")
    assert "filler02" in str(renamed.look("/my_password/")) + str(renamed.look("/"))
    pk = first(rows, "ab_user", "username = 'filler02'")
    assert visit("secadmin").look(f"/accounts/grant/{pk}").select("[data-identity] button")
    for nobody in ("sysadmin", "reviewer"):
        assert visit(nobody).post(f"/accounts/release/{pk}").status == 403
    assert visit("secadmin").post(f"/accounts/release/{pk}").status == 302
    assert renamed.look("/").status == 302, "it ends what the account has open"
    assert come("sub-of-wang-wu", "filler02")[1].response.location == "/"


def test_an_administrator_is_released_by_two(served, provider, rows, visit):
    visitor = visitor_of(served)
    back(visitor, sent_on(visitor, provider, preferred_username="sysadmin", sub="a"))
    pk = first(rows, "ab_user", "username = 'sysadmin'")
    for name in ("secadmin", "admin"):
        assert visit(name).post(f"/accounts/release/{pk}").status == 403
    visit("secadmin").post("/resets/ask", user=str(pk), what="identity", reason="换人，由组织部证实")
    number = rows("SELECT max(id) FROM admin_reset")[0][0]
    assert visit("auditadmin").post(f"/resets/decide/{number}", decision="confirm").status == 302
    assert rows("SELECT count(*) FROM provider_identity") == [(0,)]
