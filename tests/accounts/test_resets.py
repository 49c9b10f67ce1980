"""Administrators are reset by two others: one asks, another one confirms, each has half of the password."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.core import clock
from tests.accounts.test_second_factor import enrolled, typed_password
from tests.security.walk import ACCOUNTS, first, unchanged

pytestmark = pytest.mark.one_database
REASON = "忘记密码，当面核实身份"


def ask(visit, rows, target, by, what="password"):
    pk = first(rows, "ab_user", f"username = '{target}'")
    return visit(by).post("/resets/ask", user=str(pk), what=what, reason=REASON)


def decide(visit, by, number, decision="confirm"):
    return visit(by).post(f"/resets/decide/{number}", decision=decision)


def newest(rows):
    return rows("SELECT max(id) FROM admin_reset")[0][0]


@pytest.mark.parametrize(
    ("target", "by", "second"),
    [
        ("sysadmin", "secadmin", "auditadmin"),
        ("secadmin", "auditadmin", "sysadmin"),
        ("auditadmin", "sysadmin", "admin"),
    ],
)
def test_two_of_the_three_reset_the_third_and_neither_alone(app, visit, rows, target, by, second):
    session = visit(target)
    assert ask(visit, rows, target, by).status == 302
    number = newest(rows)
    with unchanged(rows):
        assert decide(visit, by, number).status == 302, "who asked does not confirm"
        assert decide(visit, target, number).status == 302, "nor whose account it is"
    assert any("/resets/" in link["href"] for link in visit(second).look("/").select("[data-waiting] a"))
    last = decide(visit, second, number).one("[data-half]").get_text()
    assert visit(second).post(f"/resets/half/{number}").status == 404
    head = visit(by).post(f"/resets/half/{number}").one("[data-half]").get_text()
    assert visit(by).post(f"/resets/half/{number}").status == 409, "it is shown once"
    assert session.look("/").status == 302
    for half in (head, last, last[1:], head[1:]):
        assert typed_password(app, target, half).answer.status == 200
    visitor = typed_password(app, target, head + last)
    assert visitor.look("/").response.location == "/my_password/"
    for account in {"admin", "sysadmin", "secadmin", "auditadmin"} - {target}:
        told = visit(account).look("/").one("[data-changes]").get_text(" ", strip=True)
        assert "Confirmed the reset of an administrator" in told
        assert "Asked to reset an administrator" in told
    assert head not in str(rows("SELECT * FROM audit_event")) + str(rows("SELECT * FROM admin_reset"))


def test_a_second_factor_of_an_administrator_is_removed_by_two_and_the_password_stays(app, visit, rows):
    enrolled(app, "sysadmin")
    assert ask(visit, rows, "sysadmin", "secadmin", "second_factor").status == 302
    assert typed_password(app, "sysadmin").answer.response.location == "/login/code"
    assert decide(visit, "auditadmin", newest(rows)).status == 302
    assert typed_password(app, "sysadmin").answer.response.location == "/"
    assert list(ask(visit, rows, "sysadmin", "secadmin", "second_factor").errors()) == ["what"]


def test_what_is_wrong_is_said_at_its_field(visit, rows):
    with unchanged(rows):
        assert set(visit("secadmin").post("/resets/ask").errors()) == {"user", "what", "reason"}
        for target in ("secadmin", "filler01", "auditor"):
            assert list(ask(visit, rows, target, "secadmin").errors()) == ["user"]
    assert ask(visit, rows, "sysadmin", "secadmin").status == 302
    assert list(ask(visit, rows, "sysadmin", "auditadmin").errors()) == ["user"], "it waits already"


def test_only_administrators_come_near_it(visit, rows):
    ask(visit, rows, "sysadmin", "secadmin")
    number = newest(rows)
    with unchanged(rows):
        for account in set(ACCOUNTS) - {"admin", "sysadmin", "secadmin", "auditadmin"}:
            assert visit(account).look("/resets/").status == 403
            assert ask(visit, rows, "sysadmin", account).status == 403
            assert decide(visit, account, number).status == 403
            assert visit(account).post(f"/resets/half/{number}").status == 403


def test_a_request_is_refused_decided_once_and_runs_out(visit, rows, monkeypatch):
    ask(visit, rows, "sysadmin", "secadmin")
    number = newest(rows)
    assert decide(visit, "sysadmin", number, "refuse").status == 302
    with unchanged(rows):
        assert decide(visit, "auditadmin", number).status == 302
        assert decide(visit, "auditadmin", number, "x").status == 400
        assert decide(visit, "auditadmin", 999_999).status == 404
    ask(visit, rows, "sysadmin", "secadmin")
    number, now = newest(rows), clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(days=1, minutes=1))
    with unchanged(rows):
        assert decide(visit, "auditadmin", number).status == 302


def test_whoever_asked_and_is_no_administrator_any_more_resets_nobody(visit, rows, change):
    ask(visit, rows, "sysadmin", "secadmin")
    change("UPDATE ab_user SET active = FALSE WHERE username = 'secadmin'")
    with unchanged(rows):
        assert decide(visit, "auditadmin", newest(rows)).status == 302


def test_whoever_holds_all_rights_resets_no_administrator_alone(visit, rows):
    for target in ("sysadmin", "secadmin", "auditadmin"):
        pk = first(rows, "ab_user", f"username = '{target}'")
        typed = visit("admin").look(f"/accounts/edit/{pk}").filled() | {"password": "Other-87654321"}
        with unchanged(rows):
            assert list(visit("admin").post(f"/accounts/edit/{pk}", typed).errors()) == ["password"]


def test_taking_an_administrators_role_for_a_while_opens_no_way_round_the_pair(visit, rows, monkeypatch):
    pk, admin = first(rows, "ab_user", "username = 'secadmin'"), visit("admin")
    held = [str(id_) for (id_,) in rows(f"SELECT role_id FROM ab_user_role WHERE user_id = {pk}")]
    assert admin.post(f"/accounts/grant/{pk}", active="1", roles=[]).status == 302
    typed = admin.look(f"/accounts/edit/{pk}").filled() | {"password": "Other-87654321-lang"}
    with unchanged(rows):
        assert list(admin.post(f"/accounts/edit/{pk}", typed).errors()) == ["password"]
        assert admin.post(f"/accounts/remove_factor/{pk}").status == 403
    assert ask(visit, rows, "secadmin", "sysadmin").status == 302, "a pair may all the same"
    assert admin.post(f"/accounts/grant/{pk}", active="1", roles=held).status == 302
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(days=31))
    assert list(admin.post(f"/accounts/edit/{pk}", typed).errors()) == ["password"]
    assert admin.post(f"/accounts/grant/{pk}", active="1", roles=[]).status == 302
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(days=62))
    assert admin.post(f"/accounts/edit/{pk}", typed).status == 302, "long after that it is an account like others"


def test_whoever_was_made_an_administrator_just_now_confirms_nothing(visit, rows):
    pk, sysadmin = (first(rows, "ab_user", f"username = '{name}'") for name in ("disc", "sysadmin"))
    [(role,)] = rows(f"SELECT role_id FROM ab_user_role WHERE user_id = {sysadmin}")
    assert visit("admin").post(f"/accounts/grant/{pk}", active="1", roles=[str(role)]).status == 302
    ask(visit, rows, "secadmin", "admin")
    number = newest(rows)
    with unchanged(rows):
        assert decide(visit, "disc", number).status == 302
    assert rows(f"SELECT confirmed FROM admin_reset WHERE id = {number}") == [(None,)]
    assert decide(visit, "sysadmin", number).one("[data-half]")


def test_the_operator_resets_an_account_at_the_machine(app, rows):
    enrolled(app, "secadmin")
    done = app.test_cli_runner().invoke(args=["portal", "admin", "reset", "secadmin"])
    assert done.exit_code == 0, done.output
    password = done.output.split(": ")[-1].strip()
    visitor = typed_password(app, "secadmin", password)
    assert visitor.look("/").response.location == "/my_password/"
    assert rows("SELECT count(*) FROM second_factor") == [(0,)]
    assert app.test_cli_runner().invoke(args=["portal", "admin", "reset", "niemand"]).exit_code == 1
