"""What is overdue or missing, unit by unit; and what a form is warned about while it is filled."""

from __future__ import annotations

import pytest

from tests.security.walk import first, unchanged, unit_id


@pytest.mark.one_database
@pytest.mark.parametrize("account", ["reviewer", "auditor", "filler01", "secretary01"])
def test_every_number_is_that_of_the_list_behind_it(visit, account):
    visitor = visit(account)
    page = visitor.look("/overdue/")
    cells = page.select("[data-overdue] td a")
    assert cells
    for cell in cells:
        listed = visitor.look(f"{cell['href']}&page_size=100")
        assert len(listed.ids()) == int(cell.get_text()), cell["href"]


def test_a_unit_finds_itself_only_and_units_stand_in_official_order(visit, rows):
    own = visit("filler01").look("/overdue/").select("[data-overdue] tbody tr")
    assert [int(row["data-id"]) for row in own] == [unit_id(rows, 1)]
    ids = [int(row["data-id"]) for row in visit("reviewer").look("/overdue/").select("[data-overdue] tbody tr")]
    order = [id_ for (id_,) in rows("SELECT id FROM unit ORDER BY sort_no")]
    assert ids == sorted(ids, key=order.index)


def test_every_number_of_a_unit_has_a_name_of_its_own(visit):
    """On a phone the heads of the table are gone, and each value stands beside its name."""
    for row in visit("reviewer").look("/overdue/").select("[data-overdue] tr:has(td)"):
        names = [cell["data-label"] for cell in row.select("td")]
        assert len(set(names)) == len(names) > 1


def test_an_overdue_project_is_found_under_its_unit(visit, rows):
    unit = unit_id(rows, 1)
    expected = rows(
        f"SELECT count(*) FROM service_project WHERE owner_unit_id = {unit} AND status = 'active' "
        "AND due_on < '2026-06-30'"
    )[0][0]
    cell = visit("reviewer").look("/overdue/").one(f'tr[data-id="{unit}"] [data-field="service_projects.overdue"]')
    assert int(cell.get_text()) == expected > 0


def test_warnings_are_told_before_saving_and_stop_nobody(visit, rows):
    visitor, unit = visit("filler01"), unit_id(rows, 1)
    group = first(rows, "study_group", f"owner_unit_id = {unit} AND status = 'draft'")
    page = visitor.look(f"/study_groups/edit/{group}")
    check = page.one("form.record-form")["data-check"]
    typed = page.filled()
    del typed["csrf_token"]
    few = typed | {f"group_members-{n}-left_on": "2026-06-01" for n in range(2)}
    with unchanged(rows):
        answer = visitor.client.post(check, data=few | {"csrf_token": visitor.token})
        assert answer.status_code == 200
        assert "A group usually has at least three members." in answer.json["warnings"]
    assert visitor.post(f"/study_groups/edit/{group}", few).status == 302


def test_nobody_is_told_anything_about_what_they_do_not_see(visit, rows):
    theirs = first(rows, "study_group", f"owner_unit_id = {unit_id(rows, 2)}")
    assert visit("filler01").post(f"/study_groups/check?pk={theirs}").status == 404
    assert visit("auditor").post(f"/study_groups/check?pk={theirs}").status == 403
