"""The check of rights: who can do what, and which accounts need a second look."""

from __future__ import annotations

from io import BytesIO

import pytest
from openpyxl import load_workbook

from tests.security.walk import first, give

pytestmark = pytest.mark.one_database


def row(page, account):
    return {
        cell["data-field"]: cell.text for cell in page.one(f'tr[data-account="{account}"]').select("td[data-field]")
    }


@pytest.mark.parametrize("account", ["admin", "secadmin", "auditadmin", "auditor"])
def test_it_says_whose_records_every_account_reaches(visit, account):
    page = visit(account).look("/rights/list/?ledger=beneficiaries")
    told = {name: row(page, name) for name in ("reviewer", "filler01", "secretary01", "auditor", "sysadmin", "town01")}
    assert [told["reviewer"][deed] for deed in ("read", "change", "export", "reveal")] == ["All units"] * 4
    assert [told["filler01"][deed] for deed in ("read", "change", "reveal")] == ["Own unit", "Own unit", "—"]
    assert told["secretary01"]["reveal"] == "Own unit"
    assert [told["auditor"][deed] for deed in ("read", "change", "reveal")] == ["All units", "—", "—"]
    assert {told[name]["read"] for name in ("sysadmin", "town01")} == {"—"}
    projects = visit(account).look("/rights/list/?ledger=service_projects")
    assert row(projects, "town01")["read"] == "Where it is the other party"
    assert row(projects, "filler01")["read"] == "Own unit, and where it takes part"
    assert row(projects, "filler01")["change"] == "Own unit"


@pytest.mark.parametrize("account", ["reviewer", "leader", "filler01", "sysadmin", "town01"])
def test_nobody_else_sees_it(visit, account):
    assert {visit(account).look(path).status for path in ("/rights/list/", "/rights/export")} == {403}


def test_what_it_says_holds_when_rights_are_taken(visit, rows, change):
    role = first(rows, "ab_role", "name = 'unit_filler'")
    change(f"DELETE FROM role_scope WHERE role_id = {role} AND ledger = 'beneficiaries'")
    assert row(visit("auditor").look("/rights/list/?ledger=beneficiaries"), "filler01")["read"] == "—"
    assert visit("filler01").look("/beneficiaries/list/").ids() == []


def test_odd_accounts_are_pointed_at(visit, rows, change):
    role = {name: first(rows, "ab_role", f"name = '{name}'") for name in ("unit_reviewer", "unit_filler", "sec_admin")}
    user = {name: first(rows, "ab_user", f"username = '{name}'") for name in ("filler02", "sysadmin", "filler03")}
    for n, (who, what) in enumerate([("filler02", "unit_reviewer"), ("sysadmin", "sec_admin")]):
        change(f"INSERT INTO ab_user_role (id, user_id, role_id) VALUES ({9990 + n}, {user[who]}, {role[what]})")
    change("UPDATE ab_user SET last_login = '2020-01-01 00:00:00' WHERE username = 'leader'")
    change(f"UPDATE account_profile SET unit_id = NULL WHERE user_id = {user['filler03']}")
    page = visit("auditor").look("/rights/list/")
    assert "Fills and reviews the same records" in row(page, "filler02")["faults"]
    assert "holds other roles" in row(page, "sysadmin")["faults"]
    assert "90 days" in row(page, "leader")["faults"]
    assert "no unit" in row(page, "filler03")["faults"]
    assert "never signed in" in row(page, "disc")["faults"]
    assert "Fills and reviews" not in row(page, "filler01")["faults"]


def test_what_is_granted_for_a_time_is_told_with_its_last_day(visit, rows, change):
    user = first(rows, "ab_user", "username = 'town01'")
    sent = {"ledger": "agreements", "deeds": ["read"], "scope": "all", "until": "2026-12-31", "reason": "专项检查工作"}
    assert visit("secadmin").post(f"/accounts/lend/{user}", sent).status == 302
    page = visit("auditor").look("/rights/list/?ledger=agreements")
    assert row(page, "town01")["read"] == "All units (until 2026-12-31)"
    assert row(page, "filler01")["read"] == "Own unit"
    change("UPDATE account_grant SET until = NULL")
    page = visit("auditor").look("/rights/list/?ledger=agreements")
    assert "without a last day" in row(page, "town01")["faults"]


def test_powers_that_belong_apart_are_pointed_at(visit, rows, change):
    give(change, rows, "unit_filler", "accounts", "edit")
    page = visit("auditor").look("/rights/list/")
    assert "keeping accounts, working with records" in row(page, "filler01")["faults"]
    assert row(page, "admin")["faults"].find("apart") == row(page, "auditor")["faults"].find("apart") == -1


def test_it_costs_few_statements(visit, statements):
    visitor = visit("auditor")
    with statements() as seen:
        assert visitor.look("/rights/list/").status == 200
    assert len(seen) <= 6


def test_the_sheet_has_a_row_for_each_account_and_ledger(visit, rows):
    answer = visit("auditor").client.get("/rights/export")
    sheet = load_workbook(BytesIO(answer.data)).active
    answer.close()
    found = [[cell.value or "" for cell in line] for line in sheet.iter_rows(min_row=2)]
    assert {line[0] for line in found} == {name for (name,) in rows("SELECT username FROM ab_user")}
    assert ["Own unit", "Own unit", "Own unit", ""] in [line[5:9] for line in found if line[0] == "filler01"]
    assert rows("SELECT action, username FROM audit_event ORDER BY id DESC LIMIT 1") == [("export", "auditor")]
