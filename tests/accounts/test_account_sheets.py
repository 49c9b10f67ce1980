"""Accounts by sheet: who may bring them, that they wait, what the slips hold, and the first-day page."""

from __future__ import annotations

import io
import re

import pytest
from openpyxl import load_workbook

from portal.core.jobs import jobs
from tests.registry.test_sheets import book, exported, saved
from tests.security.walk import unchanged

pytestmark = pytest.mark.one_database
HEAD = ["账号", "姓名", "角色", "单位", "备用列"]


@pytest.fixture(autouse=True)
def waiting(monkeypatch):
    """However busy the machine is, a page comes when its job has ended."""
    monkeypatch.setattr(jobs, "PATIENCE", 120)


def bring(visitor, data, *, run=True):
    visitor.look("/accounts/import")
    answer = visitor.post("/accounts/import", {"file": (io.BytesIO(data), "账号.xlsx")})
    assert answer.status == 302, answer.words[:300]
    path = str(answer.response.location)
    if run:
        visitor.post(f"{path}/run")
    return visitor.look(path), path


def counts(page):
    return tuple(int(page.one(f'[data-count="{name}"]').text) for name in ("new", "changed", "unchanged", "rejected"))


def test_accounts_of_a_sheet_wait_until_their_roles_are_granted_in_bulk(app, visit, rows):
    unit = rows("SELECT full_name FROM unit WHERE sort_no = 7")[0][0]
    sysadmin, secadmin = visit("sysadmin"), visit("secadmin")
    sheet = book(
        HEAD,
        ["newfiller", "演示新人", "单位填报员", unit, "多余"],
        ["newreview", "演示审核", "unit_reviewer", unit, None],
        ["twohats", "演示双岗", "系统管理员、单位填报员", unit, None],
        ["nobody.x", "演示无角", "没有的角色", unit, None],
        ["noroles", "演示无角", None, unit, None],
        ["filler01", None, "单位审核员", None, None],
        ["newfiller", "演示重复", "单位填报员", unit, None],
    )
    with unchanged(rows):
        page, _ = bring(sysadmin, sheet, run=False)
    assert counts(page) == (2, 0, 0, 5)
    assert "备用列" in page.one("[data-left-out]").text
    page, path = bring(sysadmin, sheet)
    assert counts(page) == (2, 0, 0, 5)
    assert rows("SELECT active FROM ab_user WHERE username IN ('newfiller', 'newreview')") == [(0,), (0,)]
    held = "SELECT u.username FROM ab_user_role r JOIN ab_user u ON u.id = r.user_id WHERE u.username LIKE 'new%'"
    assert rows(held) == []
    slips = sysadmin.post(f"{path}/slips")
    passwords = {str(s["data-slip"]): s.select_one("[data-password]").text for s in slips.select("[data-slip]")}
    assert set(passwords) == {"newfiller", "newreview"}
    assert sysadmin.post(f"{path}/slips").status == 404

    waiting = secadmin.look("/accounts/waiting").select("[data-waiting-accounts] tr[data-id]")
    ids = [str(row["data-id"]) for row in waiting]
    assert secadmin.post("/accounts/waiting", {"account": ids}).status == 302
    stranger = visit()
    stranger.look("/login/")
    answer = stranger.post("/login/", username="newfiller", password=passwords["newfiller"])
    assert answer.status == 302
    assert "/my_password/" in str(stranger.look("/").response.location)
    assert (
        rows(
            "SELECT waiting, asked_roles FROM account_profile p JOIN ab_user u ON u.id = p.user_id"
            " WHERE u.username = 'newfiller'"
        )[0][0]
        == 0
    )


def test_who_brings_accounts_does_not_grant_and_the_other_way_round(visit):
    assert visit("sysadmin").look("/accounts/waiting").status == 403
    assert visit("secadmin").look("/accounts/import").status == 403
    assert visit("reviewer").look("/accounts/import").status == 403


def test_accounts_that_went_out_come_in_unchanged(visit):
    admin = visit("admin")
    page, _ = bring(admin, saved(exported(admin, "accounts")), run=False)
    new, changed, same, rejected = counts(page)
    assert (new, changed, rejected) == (0, 0, 0), page.words[:900]
    assert same > 10


@pytest.mark.parametrize(("account", "status"), [("admin", 200), ("reviewer", 200), ("filler01", 403), ("leader", 403)])
def test_the_first_day_is_for_those_who_set_the_portal_up(visit, account, status):
    page = visit(account).look("/start/")
    assert page.status == status
    if status == 200:
        assert page.select("[data-step]")[0]["data-done"] == "yes"
        assert int(page.one('[data-item="units"] [data-count]').text) == 186


def test_a_step_is_done_only_when_nothing_is_missing_and_records_alone_are_no_existing_ledger(visit, rows):
    page = visit("reviewer").look("/start/")
    _, people, ledgers = page.select("[data-step]")
    assert rows("SELECT count(*) FROM agreement")[0][0] > 0
    assert "units without anybody" in people.get_text(" ")
    assert (people["data-done"], ledgers["data-done"]) == ("partly", "no")
    assert ledgers.select_one("[data-brought]").get_text(strip=True).startswith("0 of ")


def test_what_each_names_comes_before_it_on_the_first_day(visit):
    items = [str(row["data-item"]) for row in visit("admin").look("/start/").select("[data-item]")]
    assert items.index("areas") < items.index("units") < items.index("party_orgs") < items.index("members")
    assert items.index("members") < items.index("accounts") < items.index("agreements")


def test_a_preview_of_accounts_shows_old_and_new_of_what_changes(visit, rows):
    [(unit,), (other,)] = rows("SELECT full_name FROM unit WHERE sort_no IN (1, 7) ORDER BY sort_no")
    with unchanged(rows):
        page, _ = bring(visit("admin"), book(HEAD[:4], ["filler01", "演示改名", None, other]), run=False)
    assert counts(page) == (0, 1, 0, 0)
    told = page.one("[data-rows] tbody tr").text
    assert "→ 演示改名" in told
    assert f"{unit} → {other}" in told or "→" in told.split("演示改名")[1]


def test_the_empty_sheet_of_accounts_offers_roles_and_units_and_tells_its_version(app, visit, rows):
    sysadmin = visit("sysadmin")
    sent = sysadmin.client.get("/accounts/template.xlsx")
    made = load_workbook(io.BytesIO(sent.data))
    sent.close()
    page = made.active
    lists = {str(check.sqref).split(":")[0][:1]: check.formula1 for check in page.data_validations.dataValidation}
    heads = {str(cell.value).rstrip("*"): cell.column_letter for cell in page[3]}
    assert {heads[name] for name in ("Roles", "Unit", "Area")} <= {place for place, source in lists.items() if source}
    choices = {cell.value for row in made["Choices"].iter_rows() for cell in row}
    unit = rows("SELECT full_name FROM unit WHERE sort_no = 7")[0][0]
    assert {"Unit filler", unit} <= choices
    for column, text in zip("ABCD", ("sheetfiller", "演示表格", "单位填报员", unit), strict=True):
        page[f"{column}4"] = text
    answer, _ = bring(sysadmin, saved(made), run=False)
    assert (counts(answer), answer.select("[data-template]"), answer.select("[data-other-sheets]")) == (
        (1, 0, 0, 0),
        [],
        [],
    )
    mark = re.search(r"template:accounts:[0-9a-f]{8}", page["A2"].value)[0]
    page["A2"], made["Choices"]["A1"] = "template:accounts:00000000", "template:accounts:00000000"
    answer, _ = bring(sysadmin, saved(made), run=False)
    assert answer.one("[data-template]")
    page["A2"] = made["Choices"]["A1"] = mark.replace("accounts", "agreements")
    answer, _ = bring(sysadmin, saved(made), run=False)
    assert answer.select("[data-template], [data-count]") == []
    assert "template" in answer.words


def test_accounts_on_a_hidden_sheet_are_not_taken(app, visit):
    made = load_workbook(io.BytesIO(book(HEAD, ["hiddenone", "演示隐藏", "单位填报员", None, None])))
    made.active.sheet_state = "hidden"
    made.create_sheet("说明").append(["账号清单另附"])
    answer, _ = bring(visit("sysadmin"), saved(made), run=False)
    assert not answer.select("[data-count]")
