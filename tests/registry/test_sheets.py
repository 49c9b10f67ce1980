"""Organisation, roster, entries and child tables are imported and exported by sheet (`docs/domain/workbooks.md`)."""

from __future__ import annotations

import io
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from portal.core.jobs import jobs
from tests.visitor import Page, Visitor

pytestmark = pytest.mark.one_database


@pytest.fixture(autouse=True)
def waiting(monkeypatch):
    """However busy the machine is, a page comes when its job has ended."""
    monkeypatch.setattr(jobs, "PATIENCE", 120)


def book(*rows: list[Any], **further: list[list[Any]]) -> bytes:
    """A workbook with these rows, and further sheets by name."""
    made = Workbook()
    for row in rows:
        made.active.append(row)
    for name, found in further.items():
        sheet = made.create_sheet(name)
        for row in found:
            sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def preview(visitor: Visitor, ledger: str, data: bytes, **fields: str) -> tuple[Page, str]:
    visitor.look(f"/{ledger}/import")
    answer = visitor.post(f"/{ledger}/import", {"file": (io.BytesIO(data), "台账.xlsx")}, **fields)
    assert answer.status == 302, answer.words[:300]
    path = str(answer.response.location)
    return visitor.look(path), path


def bring(visitor: Visitor, ledger: str, data: bytes, **fields: str) -> Page:
    """Preview and run."""
    _, path = preview(visitor, ledger, data, **fields)
    visitor.post(f"{path}/run")
    return visitor.look(path)


RESULTS = ("new", "changed", "unchanged", "rejected")


def counts(page: Page) -> dict[str, int]:
    found = {str(each["data-count"]): each.text for each in page.select("[data-outcome] [data-count]")}
    assert set(RESULTS) <= set(found), page.words[:600]
    return {name: int(found[name]) for name in RESULTS}


def table_counts(page: Page, table: str) -> dict[str, int]:
    found = page.select(f'[data-table="{table}"] [data-table-count]')
    return {str(each["data-table-count"]): int(each.text) for each in found}


def exported(visitor: Visitor, ledger: str) -> Any:
    answer = visitor.client.get(f"/{ledger}/export")
    data = answer.data
    answer.close()
    return load_workbook(io.BytesIO(data))


def saved(workbook: Any) -> bytes:
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


UNCHANGED = {"new": 0, "changed": 0, "rejected": 0}


@pytest.mark.parametrize(
    ("account", "ledger"),
    [
        ("admin", "areas"),
        ("sysadmin", "units"),
        ("admin", "code_lists"),
        ("reviewer", "coop_activities"),
        ("reviewer", "study_sessions"),
        ("filler01", "members"),
        ("reviewer", "project_progress"),
    ],
)
def test_what_went_out_comes_in_unchanged(visit, account, ledger):
    visitor = visit(account)
    page, _ = preview(visitor, ledger, saved(exported(visitor, ledger)))
    found = counts(page)
    assert found.pop("unchanged") > 0
    assert found == UNCHANGED, page.words[:600]
    for table in page.select("[data-table]"):
        assert {k: v for k, v in table_counts(page, str(table["data-table"])).items() if k != "unchanged"} == UNCHANGED


def test_party_organisations_come_in_any_order_and_circles_do_not(visit, rows):
    admin = visit("admin")
    head = ["党组织名称", "上级党组织", "党组织类别", "单位性质"]
    sheet = book(
        head,
        ["演示新建第三支部", "演示新建总支", "党支部", "事业单位"],
        ["演示新建总支", "演示新建党委", "党总支", "事业单位"],
        ["演示新建党委", None, "基层党委（机关党委）", "事业单位"],
        ["演示甲支部", "演示乙支部", "党支部", "事业单位"],
        ["演示乙支部", "演示甲支部", "党支部", "事业单位"],
        ["演示孤支部", "演示新建", "党支部", "事业单位"],
    )
    page = bring(admin, "party_orgs", sheet)
    assert counts(page) == {"new": 3, "changed": 0, "unchanged": 0, "rejected": 3}
    found = rows(
        "SELECT o.full_name, p.full_name, o.org_code, p.org_code FROM party_org o LEFT JOIN party_org p"
        " ON p.id = o.parent_id WHERE o.full_name LIKE '演示新建%' ORDER BY o.org_code"
    )
    assert [(name, above) for name, above, *_ in found] == [
        ("演示新建党委", None),
        ("演示新建总支", "演示新建党委"),
        ("演示新建第三支部", "演示新建总支"),
    ]
    assert [code.startswith(over or "") for _, _, code, over in found] == [True] * 3


def test_namesakes_of_one_branch_stay_two_people(visit, rows):
    reviewer = visit("reviewer")
    unit, org = rows(
        "SELECT u.full_name, o.full_name FROM member m JOIN unit u ON u.id = m.unit_id"
        " JOIN party_org o ON o.id = m.org_id ORDER BY m.id LIMIT 1"
    )[0]
    head = ["姓名", "性别", "人员类别", "单位", "所在党支部", "出生年月", "职务"]
    first = ["演示同名", "男", "正式党员", unit, org, "1980.03", "科员"]
    second = ["演示同名", "男", "正式党员", unit, org, "1991.07", "科长"]
    assert counts(bring(reviewer, "members", book(head, first, second)))["new"] == 2
    again = [*second[:-1], "主任"]
    assert counts(bring(reviewer, "members", book(head, first, again))) == {
        "new": 0,
        "changed": 1,
        "unchanged": 1,
        "rejected": 0,
    }
    assert rows("SELECT post FROM member WHERE name = '演示同名' ORDER BY birth_ym") == [("科员",), ("主任",)]
    unsaid = ["演示同名", "男", "正式党员", unit, org, None, "处长"]
    assert counts(preview(reviewer, "members", book(head, unsaid))[0])["rejected"] == 1


def test_a_roster_without_our_numbers_changes_the_one_whom_its_row_tells_from_namesakes(visit, rows):
    """Numbers and codes are ours; offices bring the lists that they keep, where names say who and what is meant."""
    people = "SELECT m.name, m.gender, m.birth_ym, u.full_name, o.full_name, m.person_no FROM member m"
    people += " JOIN unit u ON u.id = m.unit_id JOIN party_org o ON o.id = m.org_id ORDER BY m.id LIMIT 1"
    [(name, gender, born, unit, org, number)] = rows(people)
    head = ["姓名", "性别", "出生年月", "单位", "所在党支部", "职务"]
    reviewer, sex = visit("reviewer").speak("zh_Hans"), {"1": "男", "2": "女"}[gender]
    row = [name, sex, str(born)[:7], unit, org, "新职务"]
    assert counts(bring(reviewer, "members", book(head, row)))["changed"] == 1
    assert rows(f"SELECT post FROM member WHERE person_no = '{number}'") == [("新职务",)]
    page, _ = preview(reviewer, "members", book(head, [name, sex, None, unit, org, "别的职务"]))
    assert counts(page)["rejected"] == 1
    assert "请填写“人员编号”" in page.words
    admin = visit("admin").speak("zh_Hans")
    assert counts(bring(admin, "party_orgs", book(["全称", "联系人"], [org, "演示联系人"])))["changed"] == 1
    assert rows(f"SELECT contact FROM party_org WHERE full_name = '{org}'") == [("演示联系人",)]


def test_a_filler_brings_members_of_the_own_unit_only(visit, rows):
    other = rows(
        "SELECT u.full_name, o.full_name FROM unit u JOIN unit_org x ON x.unit_id = u.id"
        " JOIN party_org o ON o.id = x.party_org_id WHERE u.sort_no = 2 ORDER BY o.id LIMIT 1"
    )[0]
    head = ["姓名", "性别", "人员类别", "单位", "所在党支部"]
    page, _ = preview(visit("filler01"), "members", book(head, ["演示外人", "女", "群众", *other]))
    assert counts(page)["rejected"] == 1
    assert visit("filler01").look("/units/import").status == 403


def test_code_lists_take_labels_and_codes_but_no_new_lists(visit, rows):
    admin = visit("admin").speak("zh_Hans")
    workbook = exported(admin, "code_lists")
    sheet = next(each for each in workbook.worksheets[1:])
    heads = [cell.value for cell in sheet[2]]
    label, code = heads.index("名称"), [n for n, text in enumerate(heads) if text == "代码"][-1]
    row = next(n for n in range(2, sheet.max_row + 1) if sheet.cell(n, 1).value == "C40")
    sheet.cell(row, label + 1).value = "工作委员会"
    key = sheet.cell(row, 1).value
    sheet.append([key, *[None] * (len(heads) - 1)])
    sheet.cell(sheet.max_row, code + 1).value = "95"
    sheet.cell(sheet.max_row, label + 1).value = "流动党支部"
    page = bring(admin, "code_lists", saved(workbook))
    told = table_counts(page, "items")
    assert (told["new"], told["changed"], told["rejected"]) == (1, 1, 0)
    assert rows(
        "SELECT i.label FROM code_item i JOIN code_list l ON l.id = i.list_id WHERE l.code = 'C40'"
        " AND i.code IN ('10', '95') ORDER BY i.position"
    ) == [("工作委员会",), ("流动党支部",)]
    assert counts(preview(admin, "code_lists", book(["代码", "名称"], ["C99", "新表"]))[0])["rejected"] == 1


def test_entries_name_their_record_by_number_or_name_and_never_two(visit, rows):
    reviewer = visit("reviewer")
    number, title = rows(
        "SELECT record_no, title FROM service_project WHERE status = 'active' AND title IN"
        " (SELECT title FROM service_project GROUP BY title HAVING count(*) = 1) ORDER BY id LIMIT 1"
    )[0]
    head = ["项目编号", "项目名称", "填报日期", "进度", "进展情况"]
    sheet = book(
        head,
        [number, title, "2026-06-29", "98%", "按编号"],
        [None, title, "2026-06-30", "99%", "按名称"],
        [number, "另一个项目", "2026-06-28", "97%", "编号与名称不符"],
        ["FW2026-999-0001", None, "2026-06-30", "50%", "没有这个项目"],
        [None, None, "2026-06-30", "50%", "哪个项目"],
    )
    assert counts(bring(reviewer, "project_progress", sheet)) == {
        "new": 2,
        "changed": 0,
        "unchanged": 0,
        "rejected": 3,
    }
    assert rows("SELECT percent, note FROM project_progress WHERE note IN ('按编号', '按名称') ORDER BY percent") == [
        (98, "按编号"),
        (99, "按名称"),
    ]


def test_a_table_of_a_record_changes_in_one_cell_and_loses_nothing(visit, rows):
    reviewer = visit("reviewer").speak("zh_Hans")
    workbook = exported(reviewer, "study_groups")
    sheet = workbook.worksheets[1]
    before = rows("SELECT count(*) FROM group_member")
    heads = [cell.value for cell in sheet[2]]
    number = rows("SELECT record_no FROM study_group WHERE status = 'active' ORDER BY id LIMIT 1")[0][0]
    mine = [n for n in range(2, sheet.max_row + 1) if sheet.cell(n, 1).value == number]
    id_ = sheet.cell(mine[-1], heads.index("行编号") + 1).value
    sheet.cell(mine[-1], heads.index("退出日期") + 1).value = "2026-06-01"
    for row in reversed(mine[:-1]):
        sheet.delete_rows(row)
    shown, _ = preview(reviewer, "study_groups", saved(workbook))
    [change] = shown.select("[data-changes] tbody tr")
    cells = [cell.get_text(" ", strip=True) for cell in change.select("td")]
    assert cells == [f"{mine[0]} {sheet.title}", number, "退出日期", "—", "2026-06-01"]
    page = bring(reviewer, "study_groups", saved(workbook))
    told = table_counts(page, "group_members")
    assert (told["new"], told["changed"], told["rejected"]) == (0, 1, 0), page.words[:900]
    assert rows("SELECT count(*) FROM group_member") == before
    assert str(rows(f"SELECT left_on FROM group_member WHERE id = {int(id_)}")[0][0]) == "2026-06-01"
