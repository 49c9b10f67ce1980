"""Alerts of administrators: a change by one of the three is seen by the other two (`docs/domain` §4.1)."""

from __future__ import annotations

import pytest

from tests.accounts.test_account_pages import GOOD
from tests.conftest import PASSWORD, wait_for_jobs
from tests.security.walk import first
from tests.visitor import Visitor

THREE = ("sysadmin", "secadmin", "auditadmin")


@pytest.mark.parametrize("account", THREE)
def test_each_of_the_three_sees_what_the_others_changed(visit, rows, account):
    visit("sysadmin").post("/accounts/add", GOOD | {"unit_id": "2"})
    user = first(rows, "ab_user", "username = 'town01'")
    reader = first(rows, "ab_role", "name = 'gw_leader'")
    visit("secadmin").post(f"/accounts/grant/{user}", roles=[str(reader)], active="1")
    visit("sysadmin").post(f"/accounts/edit/{user}", name="演示", password="Ganz-Neu-12345")
    told = [row.get_text(" ", strip=True) for row in visit(account).look("/").select("[data-changes] tbody tr")]
    assert "sysadmin" in told[0]
    assert "· town01：" in told[0]
    assert told[1].endswith("town01: Name of the person")
    assert "secadmin" in told[2]
    assert "授予 工委领导" in told[2]
    assert "zhangsan：单位 — → 区委办公室" in told[3]
    assert told[4].endswith("New · zhangsan")
    assert GOOD["password"] not in str(told)


@pytest.mark.one_database
def test_what_moves_a_partys_reach_and_who_lowers_the_steps_of_review_is_seen(visit, rows):
    org = first(rows, "party_org", "community_id IS NOT NULL")
    [(other,)] = rows("SELECT max(id) FROM area WHERE kind = 'community'")
    page = visit("sysadmin").look(f"/party_orgs/edit/{org}").filled()
    assert visit("sysadmin").post(f"/party_orgs/edit/{org}", page | {"community_id": str(other)}).status == 302
    assert visit("reviewer").post("/reviews/edit", agreements="1").status == 302
    unit = str(first(rows, "unit", "sort_no = 5"))
    assert visit("reviewer").post("/reviews/exempt", unit_id=unit, reason="只有一名专职人员").status == 302
    assert visit("reviewer").post("/reviews/exempt", end=unit).status == 302
    for account in ("secadmin", "auditadmin"):
        told = [row.get_text(" ", strip=True) for row in visit(account).look("/").select("[data-changes] tbody tr")]
        assert "取消填报与审核为同一人" in told[0]
        assert "允许填报与审核为同一人" in told[1]
        assert "共建协议：三级" in told[2]
        assert "Community" in told[3]


@pytest.mark.one_database
def test_lines_that_others_tell_push_none_out(visit, rows):
    user = first(rows, "ab_user", "username = 'town01'")
    visit("sysadmin").post(f"/accounts/edit/{user}", name="演示", password="Ganz-Neu-12345")
    role = first(rows, "ab_role", "name = 'gw_leader'")
    for n in range(4):
        roles = [str(role)] if n % 2 else []
        visit("secadmin").post(f"/accounts/grant/{user}", roles=roles, active="1")
    assert "town01：重设密码" in visit("auditadmin").look("/").one("[data-changes]").text


@pytest.mark.one_database
@pytest.mark.parametrize("account", ["reviewer", "leader", "filler01", "town01", "auditor", "disc"])
def test_nobody_else_does(visit, account):
    assert not visit(account).look("/").select("[data-changes], [data-waiting], [data-alarms]")


def test_a_new_account_waits_for_whoever_authorises_until_they_have(visit, rows):
    visit("sysadmin").post("/accounts/add", GOOD)
    user = first(rows, "ab_user", "username = 'zhangsan'")
    [link] = visit("secadmin").look("/").select("[data-waiting] a")
    assert link["href"] == f"/accounts/grant/{user}"
    assert not visit("sysadmin").look("/").select("[data-waiting]")
    visit("secadmin").post(link["href"], visit("secadmin").look(link["href"]).filled())
    assert not visit("secadmin").look("/").select("[data-waiting]")


def test_an_account_that_was_switched_off_for_a_new_password_waits_too(visit, rows):
    user = first(rows, "ab_user", "username = 'filler02'")
    visit("sysadmin").post(f"/accounts/edit/{user}", name="演示", password="Ganz-Neu-12345")
    [link] = visit("secadmin").look("/").select("[data-waiting] a")
    assert link["href"] == f"/accounts/grant/{user}"
    page = visit("secadmin").look(link["href"]).filled()
    assert page["active"] == "1"
    visit("secadmin").post(link["href"], page)
    assert not visit("secadmin").look("/").select("[data-waiting]")


def test_signs_of_trouble_lead_to_their_lines(app, visit, rows):
    stranger = Visitor(app.test_client())
    stranger.look("/login/")
    for password in ("Falsch-1", "Falsch-2"):
        stranger.post("/login/", username="filler01", password=password)
    visit("auditor").post("/agreements/delete/1")
    page = visit("auditadmin").look("/")
    for deed in ("sign_in_failed", "refused"):
        link = next(each for each in page.select("[data-alarms] a") if f"action={deed}" in each["href"])
        counted = int(link.select_one(".big-number").get_text())
        assert counted == len(visit("auditadmin").look(f"{link['href']}&page_size=100").ids()) > 0
    assert "not been verified yet" in page.words
    visit("auditadmin").post("/audit/verify")
    wait_for_jobs()
    assert "is as it was written" in visit("auditadmin").look("/").words


def test_it_costs_few_statements(visit, statements):
    visit("admin").look("/")
    with statements() as seen:
        visit("admin").look("/")
    assert len(seen) <= 30
    assert PASSWORD not in str(seen)


@pytest.mark.parametrize("account", ["secadmin", "auditadmin"])
def test_a_unit_moved_or_merged_is_seen_by_the_others(visit, rows, account):
    one, two = (first(rows, "unit", f"sort_no = {n}") for n in (1, 2))
    path, visitor = f"/units/edit/{one}", visit("sysadmin")
    held = visitor.look(path).filled()
    assert visitor.post(path, held | {"leader": "新领导"}).status == 302
    assert visitor.post(path, held | {"merged_into_id": str(two)}).status == 302
    told = [row.get_text(" ", strip=True) for row in visit(account).look("/").select("[data-changes] tbody tr")]
    names = [name for (name,) in rows(f"SELECT full_name FROM unit WHERE id IN ({one}, {two}) ORDER BY sort_no")]
    assert told[0].endswith(f"{names[0]}; Merged into: — → {names[1]}")
    assert "sysadmin" in told[0]
    assert "新领导" not in str(told)
    assert sum(names[0] in line for line in told) == 1
