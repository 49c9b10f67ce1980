"""Signing in by an LDAP directory: a real one (OpenLDAP's slapd), in a process of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from threading import Thread

import pytest

import config
from portal import create_app
from portal.accounts import passwords
from portal.accounts.sign_in import ldap
from tests import directory
from tests.accounts.test_second_factor import code_of, enrolled, later  # noqa: F401
from tests.conftest import PASSWORD, settings
from tests.security.walk import first
from tests.visitor import Visitor

pytestmark = [pytest.mark.one_database, pytest.mark.one_process]
THERE = directory.PASSWORD
real = pytest.mark.skipif(not directory.found(), reason="needs slapd and python-ldap, which `make test` installs")


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    with directory.running(tmp_path_factory.mktemp("directory")) as found:
        yield found


@pytest.fixture
def serve(built):
    """Another process's portal over the same database, with a directory set."""

    def make(given, **more):
        built.dirty = True
        environ = settings(built.home) | given | more
        return create_app(environ=environ, TESTING=True, RATE_LIMITED=False)

    return make


@pytest.fixture
def served(serve, office):
    return serve(office.settings(), PORTAL_LDAP_CREATE="on", PORTAL_LDAP_LABEL="统一目录")


@pytest.fixture
def quickly(monkeypatch):
    """For what is not about time."""
    monkeypatch.setattr(ldap, "LEAST", 0)


@pytest.fixture
def silent():
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield server.getsockname()[1]


def sign_in(app, name, password=THERE, path="/login/ldap/"):
    """(the visitor, what they were answered)."""
    visitor = Visitor(app.test_client()).speak("en")
    visitor.look(path)
    return visitor, visitor.post(path, username=name, password=password)


def inside(visitor):
    return visitor.look("/agreements/list/").status == 200


def titles(rows, action):
    return [title for (title,) in rows(f"SELECT title FROM audit_event WHERE action = '{action}' ORDER BY id")]


def test_without_settings_there_is_no_button_and_no_page(visit):
    assert not visit().look("/login/").select("[data-other]")
    assert visit().look("/login/ldap/").status == 404


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"PORTAL_LDAP_URL": "http://ldap.example"}, "PORTAL_LDAP_URL is an address like"),
        ({"PORTAL_LDAP_URL": "ldap://ldap.example/dc=x??sub"}, "PORTAL_LDAP_URL is an address like"),
        ({"PORTAL_LDAP_URL": "ldapi:///"}, "PORTAL_LDAP_URL is an address like"),
        ({"PORTAL_LDAP_BASE": ""}, "needs both PORTAL_LDAP_URL and PORTAL_LDAP_BASE"),
        ({"PORTAL_LDAP_BIND_DN": "cn=portal"}, "set together, or neither"),
        ({"PORTAL_LDAP_FILTER": "(uid=*)"}, "compares one attribute with {}"),
        ({"PORTAL_LDAP_FILTER": "(|(uid={})(mail={}))"}, "compares one attribute with {}"),
        ({"PORTAL_LDAP_FILTER": "(uid={}"}, "compares one attribute with {}"),
        ({"PORTAL_LDAP_FILTER": "(uid=a{})"}, "compares one attribute with {}"),
        ({"PORTAL_LDAP_STARTTLS": "no"}, "PORTAL_LDAP_STARTTLS is one of on, off"),
        ({"PORTAL_LDAP_CREATE": "yes"}, "PORTAL_LDAP_CREATE is one of on, off"),
        ({"PORTAL_LDAP_STARTTLS": "off", "PORTAL_ENV": "production", "PORTAL_SECRET_KEY": "x" * 40}, "on this machine"),
        (
            dict.fromkeys(("PORTAL_OIDC_ISSUER", "PORTAL_OIDC_CLIENT_ID", "PORTAL_OIDC_CLIENT_SECRET"), "https://a"),
            "one other system",
        ),
    ],
)
def test_a_wrong_setting_stops_the_start_and_is_named(given, told):
    whole = {"PORTAL_LDAP_URL": "ldap://ldap.example", "PORTAL_LDAP_BASE": "dc=office"}
    with pytest.raises(config.BadSetting) as fault:
        config.settings(whole | given)
    assert told in fault.value.message


def test_without_the_library_or_its_certificate_the_start_says_what_to_do(serve, monkeypatch, tmp_path):
    given = {"PORTAL_LDAP_URL": "ldaps://127.0.0.1", "PORTAL_LDAP_BASE": "dc=office"}
    monkeypatch.setattr(ldap, "LIBRARY", "no_such_library")
    with pytest.raises(config.BadSetting, match=r"pip install -r requirements-ldap\.txt"):
        serve(given)
    monkeypatch.setattr(ldap, "LIBRARY", "json")
    with pytest.raises(config.BadSetting, match="PORTAL_LDAP_CA"):
        serve(given, PORTAL_LDAP_CA=str(tmp_path / "none.pem"))


@real
def test_the_right_password_there_lets_in_where_one_wanted_to_go(served, rows):
    link = Visitor(served.test_client()).speak("en").look("/login/?next=/agreements/list/").one("[data-other]")
    assert "统一目录" in link.text
    visitor, answer = sign_in(served, " Filler02 ", path=str(link["href"]))
    assert answer.response.location == "/agreements/list/"
    assert inside(visitor)
    told = rows("SELECT username, title FROM audit_event WHERE action = 'sign_in' ORDER BY id DESC LIMIT 1")
    assert told == [("filler02", "LDAP")]


@real
def test_each_page_takes_its_own_password_only(served, quickly):
    for path, password in (("/login/ldap/", PASSWORD), ("/login/", THERE)):
        visitor, page = sign_in(served, "filler02", password, path)
        assert page.notices("error") == ["The account or the password is wrong."]
        assert page.one("form")["action"] == path
        assert not inside(visitor)
    assert inside(sign_in(served, "filler02", PASSWORD, "/login/")[0])


@real
@pytest.mark.parametrize("how", ["starttls", "ldaps"])
def test_both_ways_of_encrypting_are_spoken(serve, office, how):
    app = serve(office.settings(office.secure if how == "ldaps" else ""))
    assert inside(sign_in(app, "filler02")[0])


@real
@pytest.mark.parametrize("how", ["starttls", "ldaps", "starttls without ca", "ldaps without ca"])
def test_a_certificate_that_is_wrong_lets_nobody_in_and_sees_no_password(serve, tmp_path, how, caplog):
    with directory.running(tmp_path, "other") as wrong:
        given = wrong.settings(wrong.secure if "ldaps" in how else "")
        if "without" in how:
            given["PORTAL_LDAP_CA"] = ""
        visitor, page = sign_in(serve(given), "filler02")
    assert "office's directory" in page.notices("error")[0]
    assert not inside(visitor)
    assert "signing in by LDAP failed" in caplog.text
    assert "filler02" not in caplog.text


@real
@pytest.mark.parametrize(
    "name",
    [
        *("*", "*)(uid=*", "filler02)(uid=*", "filler0?", "fi*", "\\66iller02", "uid=filler02", "\0"),
        # The directory itself takes these for filler02, and each would have tries of its own.
        *("\ufb01ller02", "ｆｉｌｌｅｒ０２"),
    ],
)
def test_a_name_is_what_it_is_letter_by_letter(served, name, rows, quickly):
    sign_in(served, "filler02")  # whose entry is known from now on
    visitor, page = sign_in(served, name)
    assert page.notices("error") == ["The account or the password is wrong."]
    assert not inside(visitor)
    assert name not in titles(rows, "sign_in_failed")


@real
@pytest.mark.parametrize("password", ["", "\0", " ", "\0\0", f"{THERE}\0", "\0" + THERE])
def test_an_empty_password_lets_nobody_in_although_the_directory_would(served, password, quickly):
    visitor, page = sign_in(served, "filler02", password)
    assert page.notices("error")
    assert not inside(visitor)
    with served.test_request_context():
        assert ldap.ask("filler02", password) is None


@real
def test_the_directory_of_these_tests_would_let_in_by_an_empty_password(office):
    command = ["ldapwhoami", "-x", "-H", office.plain, "-D", f"uid=filler02,ou=people,{directory.BASE}", "-w", ""]
    assert subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0


@real
def test_refusals_are_the_same_in_words_and_take_as_long_whoever_it_is(served, change, rows):
    change("UPDATE ab_user SET active = FALSE WHERE username = 'filler03'")
    whom = {"there": "filler02", "absent": "nobody.there", "off": "filler03", "only here": "reviewer"}
    took = {kind: [] for kind in whom}
    answers = set()
    for _ in range(4):
        for kind, name in whom.items():
            visitor = Visitor(served.test_client()).speak("en")
            visitor.look("/login/ldap/")
            began = time.perf_counter()
            page = visitor.post("/login/ldap/", username=name, password="wrong")
            took[kind].append(time.perf_counter() - began)
            answers.add((page.status, tuple(page.notices("error"))))
    assert answers == {(200, ("The account or the password is wrong.",))}
    quickest = [min(each) for each in took.values()]  # other work on the machine only adds
    assert min(quickest) >= ldap.LEAST
    assert max(quickest) < 1.15 * min(quickest), took


@real
def test_wrong_passwords_there_lock_the_name_on_both_pages(served, quickly, rows):
    for name in ("filler02", "nobody.there"):
        for _ in range(5):
            _, page = sign_in(served, name, "wrong")
        assert "Too many" in page.notices("error")[0]
    for path, password in (("/login/ldap/", THERE), ("/login/", PASSWORD)):
        visitor, page = sign_in(served, "filler02", password, path)
        assert "Too many" in page.notices("error")[0]
        assert not inside(visitor)
    assert "nobody.there" not in str(titles(rows, "sign_in_failed"))


@real
def test_who_has_no_account_or_one_that_is_switched_off_stays_outside(serve, office, change, rows, quickly):
    app = serve(office.settings())
    change("UPDATE ab_user SET active = FALSE WHERE username = 'filler03'")
    for name in ("filler03", "neu.hier"):
        visitor, page = sign_in(app, name)
        assert "switched off" in page.notices("error")[0]
        assert not inside(visitor)
    assert "neu.hier" not in str(titles(rows, "sign_in_refused"))


@real
def test_an_account_is_made_without_rights_without_a_password_and_waits(served, rows, visit, quickly):
    _, page = sign_in(served, "neu.hier")
    assert "authorised" in page.notices("error")[0]
    pk = first(rows, "ab_user", "username = 'neu.hier'")
    assert rows(f"SELECT first_name FROM ab_user WHERE id = {pk} AND NOT active") == [("李四a",)]
    assert rows(f"SELECT count(*) FROM ab_user_role WHERE user_id = {pk}") == [(0,)]
    assert visit("secadmin").look("/").select(f'[data-waiting] a[href="/accounts/grant/{pk}"]')
    assert "waits" in sign_in(served, "neu.hier")[1].notices("error")[0]


@real
def test_where_an_account_has_no_password_pages_say_where_it_is(served, rows, change, visit, quickly):
    sign_in(served, "neu.hier")
    change("UPDATE ab_user SET active = TRUE WHERE username = 'neu.hier'")
    visitor, _ = sign_in(served, "neu.hier")
    page = visitor.look("/my_password/")
    assert "统一目录" in page.one("[data-elsewhere]").text
    assert not page.select("form.record-form")
    before = rows("SELECT password FROM ab_user WHERE username = 'neu.hier'")
    visitor.post("/my_password/", old="", new="A-new-one-of-1234", again="A-new-one-of-1234")
    assert rows("SELECT password FROM ab_user WHERE username = 'neu.hier'") == before
    assert "neu.hier" not in titles(rows, "sign_in_failed")
    pk = first(rows, "ab_user", "username = 'neu.hier'")
    admin, _ = sign_in(served, "sysadmin", PASSWORD, "/login/")
    assert "统一目录" in admin.look(f"/accounts/edit/{pk}").one("[data-elsewhere]").text


@real
def test_a_session_that_is_old_sets_up_a_second_factor_after_signing_in_again(served, change, monkeypatch, quickly):
    sign_in(served, "neu.hier")
    change("UPDATE ab_user SET active = TRUE WHERE username = 'neu.hier'")
    visitor, _ = sign_in(served, "neu.hier")
    monkeypatch.setattr("portal.accounts.sign_in.sessions.FRESH", 0)
    page = visitor.look("/my_second_factor/")
    assert "统一目录" in page.one("[data-elsewhere]").text
    assert not page.select("form.record-form button, form.record-form input[type=password]")
    assert not visitor.post("/my_second_factor/begin", password=THERE).select("[data-secret]")


@real
def test_an_administrators_password_that_is_elsewhere_is_not_reset_here(served, change, rows):
    with served.app_context():
        change(f"UPDATE ab_user SET password = '{passwords.none()}' WHERE username = 'sysadmin'")
    admin, _ = sign_in(served, "secadmin", PASSWORD, "/login/")
    pk = first(rows, "ab_user", "username = 'sysadmin'")
    admin.look("/resets/")
    page = admin.post("/resets/ask", user=str(pk), what="password", reason="忘记密码，电话核实")
    assert "统一目录" in str(page)
    assert rows("SELECT count(*) FROM admin_reset") == [(0,)]


def test_a_wrong_guess_takes_as_long_where_an_account_has_no_password(app):
    with app.app_context():
        text = passwords.none()
    assert text.count("$") == 2
    assert passwords.has_none(type("User", (), {"password": text}))
    assert passwords.has_none(type("User", (), {"password": "!"}))
    assert not passwords.has_none(type("User", (), {"password": passwords.generate_password_hash("x")}))
    method, salt, _ = passwords.generate_password_hash("x").split("$")
    assert text.startswith(f"{method}$")
    assert len(text.split("$")[1]) == len(salt)


@real
def test_a_second_factor_is_asked_for_all_the_same(app, served, later):  # noqa: F811
    _, secret, _ = enrolled(app, "filler02")
    later(60)
    visitor, answer = sign_in(served, "filler02", path="/login/ldap/?next=/agreements/list/")
    assert answer.response.location.startswith("/login/code")
    assert not inside(visitor)
    visitor.look(answer.response.location)
    assert visitor.post(answer.response.location, code=code_of(secret)).response.location == "/agreements/list/"
    assert inside(visitor)


@real
def test_an_account_belongs_to_one_entry_whatever_the_names(served, office, rows, visit, quickly):
    assert inside(sign_in(served, "filler02")[0])
    assert directory.PEOPLE["filler02"] not in str(rows("SELECT * FROM provider_identity"))
    swap = "dn: uid={},ou=people,{base}\nchangetype: modrdn\nnewrdn: uid={}\ndeleteoldrdn: 1\n\n"
    for pair in (("filler02", "away"), ("filler03", "filler02")):
        office.change(swap.format(*pair, base=directory.BASE))
    try:
        visitor, page = sign_in(served, "filler02")
        assert "somebody else" in page.notices("error")[0]
        assert not inside(visitor)
        renamed, _ = sign_in(served, "away")
        assert "filler02" in str(renamed.look("/"))
    finally:
        for pair in (("filler02", "filler03"), ("away", "filler02")):
            office.change(swap.format(*pair, base=directory.BASE))
    told = [visit(name).look("/").one("[data-changes]").text for name in ("sysadmin", "secadmin", "auditadmin")]
    assert all("somebody else has this name" in text for text in told)


@real
def test_whom_the_directory_switches_off_it_does_not_let_in(served, office, quickly):
    lines = f"dn: uid=filler03,ou=people,{directory.BASE}\nchangetype: modify\n"
    office.change(f"{lines}delete: userPassword\n")
    try:
        visitor, page = sign_in(served, "filler03")
        assert page.notices("error") == ["The account or the password is wrong."]
        assert not inside(visitor)
    finally:
        office.change(f"{lines}add: userPassword\nuserPassword: {THERE}\n")


@real
@pytest.mark.parametrize(
    "wrong",
    [
        {"PORTAL_LDAP_BIND_PASSWORD": "not it"},
        {"PORTAL_LDAP_BASE": "dc=nowhere"},
        {"PORTAL_LDAP_ID": "noSuchAttribute"},
        {"PORTAL_LDAP_BIND_DN": "", "PORTAL_LDAP_BIND_PASSWORD": ""},
    ],
)
def test_a_directory_that_is_set_up_wrongly_locks_nobody_and_is_told(serve, office, wrong, rows, caplog, quickly):
    visitor, page = sign_in(serve(office.settings() | wrong), "filler02")
    assert "operator" in page.notices("error")[0]
    assert not inside(visitor)
    assert "signing in by LDAP failed" in caplog.text
    assert titles(rows, "sign_in_failed") == []


@real
@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
def test_a_directory_that_is_away_is_told_at_once_and_passwords_of_the_portal_still_do(serve, scheme, rows):
    app = serve({"PORTAL_LDAP_URL": f"{scheme}://127.0.0.1:9", "PORTAL_LDAP_BASE": "dc=office"})
    visitor, page = sign_in(app, "filler02")
    assert "cannot be reached" in page.notices("error")[0]
    assert titles(rows, "sign_in_failed") == []
    assert not inside(visitor)
    assert inside(sign_in(app, "filler02", PASSWORD, "/login/")[0])


@real
@pytest.mark.parametrize("given", [("ldap", "on"), ("ldap", "off"), ("ldaps", "on")])
def test_a_directory_that_says_nothing_holds_nobody_for_long(serve, silent, given, change):
    """Neither who signs in, nor who writes meanwhile, nor who tries next."""
    scheme, starttls = given
    app = serve(
        {"PORTAL_LDAP_URL": f"{scheme}://127.0.0.1:{silent}", "PORTAL_LDAP_BASE": "dc=office"},
        PORTAL_LDAP_STARTTLS=starttls,
    )
    began, answers = time.monotonic(), []
    waiting = Thread(target=lambda: answers.append(sign_in(app, "filler02")[1]))
    waiting.start()
    time.sleep(1.5)
    change("UPDATE ab_user SET active = TRUE WHERE username = 'filler03'")
    assert time.monotonic() - began < ldap.ANSWER
    waiting.join(20)
    assert time.monotonic() - began < ldap.LONGEST + 2
    assert "cannot be reached" in answers[0].notices("error")[0]
    again = time.monotonic()
    assert "cannot be reached" in sign_in(app, "filler02")[1].notices("error")[0]
    assert time.monotonic() - again < 1


@real
def test_a_server_that_falls_silent_after_starttls_is_given_up(serve, monkeypatch):
    monkeypatch.setattr(ldap, "LONGEST", 2)
    with talking(b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00") as port:
        app = serve({"PORTAL_LDAP_URL": f"ldap://127.0.0.1:{port}", "PORTAL_LDAP_BASE": "dc=office"})
        began = time.monotonic()
        assert "cannot be reached" in sign_in(app, "filler02")[1].notices("error")[0]
    assert 1.5 < time.monotonic() - began < 4


@contextmanager
def talking(answer):
    """A port that answers this to whatever is said first, and then nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            connection.recv(1000)
            connection.sendall(answer)
            connection.recv(10**6)
            time.sleep(4)
            connection.close()

        Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


@real
def test_the_process_that_asks_gets_no_secret_of_the_portal(office, monkeypatch, served):
    asked = []
    monkeypatch.setenv("PORTAL_SECRET_KEY", "x" * 40)
    monkeypatch.setenv("LDAPTLS_REQCERT", "never")
    run = subprocess.run

    def watched(command, **how):
        asked.append((command, how["env"]))
        return run(command, **how)

    monkeypatch.setattr(ldap.subprocess, "run", watched)
    assert inside(sign_in(served, "filler02")[0])
    [(command, environment)] = asked
    assert THERE not in str(command)
    assert environment.keys() <= {"LD_LIBRARY_PATH", "PATH", "SYSTEMROOT"}


@real
def test_entries_that_are_several_or_nameless_are_no_answer(office):
    def answer(**changed):
        asked = {"url": office.plain, "starttls": True, "ca": office.ca, "seconds": 3, "id": "entryUUID"}
        asked |= {"base": directory.BASE, "bind_dn": directory.PORTAL, "bind_password": directory.SECRET}
        asked |= {"filter": "(uid={})", "attribute": "uid", "name": "filler02", "password": THERE} | changed
        command = [sys.executable, "-I", str(ldap.SCRIPT)]
        done = subprocess.run(command, input=json.dumps(asked).encode(), capture_output=True, check=True)
        return json.loads(done.stdout)

    assert answer()["person"]["called"] == "李四1"
    assert answer(id="ENTRYUUID", attribute="UID")["person"]
    assert "several entries" in answer(filter="(|(uid={})(uid=filler03))")["fault"]
    assert "PORTAL_LDAP_ID" in answer(id="mail")["fault"]
