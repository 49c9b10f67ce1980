"""The committee's first day in an empty portal: everything it keeps comes in by the pages, from the templates that the
first-day page offers, until an account of a unit signs in with its slip and fills in a form."""

from __future__ import annotations

import io
from typing import Any

import pytest
from openpyxl import load_workbook

from bench.first_day import FIRST, PASSWORD, authorise, begin, bring, portal
from tests.visitor import Page, Visitor

pytestmark = pytest.mark.one_database
UNITS = range(1, 9)
CHOSEN = "Selbst-Gewaehlt-7"
SHEETS: dict[str, list[dict[str, Any]]] = {
    "areas": [{"名称": "演示立春街道", "类别": "街道", "排序号": 1}]
    + [
        {"名称": f"演示{name}社区", "类别": "社区", "上级区域": "演示立春街道", "排序号": n}
        for n, name in enumerate(("海棠里", "芙蓉里", "玉兰里"), start=1)
    ],
    "units": [
        {"全称": f"区演示第{n}局", "简称": f"演示{n}局", "单位性质": "政府机关", "排序号": n, "独立法人": "是"}
        for n in UNITS
    ],
    "party_orgs": [
        {"党组织代码": "001", "全称": "中共区直属机关演示工作委员会", "简称": "演示工委", "党组织类别": "工委"}
        | {"单位性质": "政府机关", "排序号": 1}
    ]
    + [
        {"党组织代码": f"001.{n:03}", "全称": f"中共区演示第{n}局支部委员会", "简称": f"演示{n}局支部"}
        | {"上级党组织": "中共区直属机关演示工作委员会", "党组织类别": "党支部", "单位性质": "政府机关"}
        | {"排序号": n + 1, "单位": f"区演示第{n}局"}
        for n in UNITS
    ]
    + [
        {
            "党组织代码": "002.001",
            "全称": "中共演示海棠里社区委员会",
            "简称": "海棠里社区党委",
            "党组织类别": "基层党委（机关党委）",
        }
        | {"单位性质": "社区", "排序号": 90, "社区": "演示海棠里社区"}
    ],
    "members": [
        {"姓名": f"演{'甲乙丙丁'[k]}{'一二三四五六七八'[n - 1]}", "性别": "女" if k % 2 else "男"}
        | {"人员类别": "正式党员", "单位": f"区演示第{n}局", "所在党支部": f"中共区演示第{n}局支部委员会"}
        for n in UNITS
        for k in range(4)
    ],
    "accounts": [
        {"账号": f"{code}{n:02}", "姓名": f"演甲{'一二三四五六七八'[n - 1]}", "角色": role, "单位": f"区演示第{n}局"}
        for n in UNITS
        for code, role in (("tianbao", "单位填报员"), ("shenhe", "单位审核人"))
    ],
    "agreements": [
        {"甲方单位（党组织）": f"区演示第{n}局", "乙方（社区党组织）": "中共演示海棠里社区委员会"}
        | {"签订日期": f"2026-03-{n:02}", "生效日期": f"2026-03-{n:02}", "截止日期": "2029-02-28"}
        | {"共建方式": "组织共建、服务共做", "协议类型": "单位—社区", "甲方联络员": f"演甲{'一二三四五六七八'[n - 1]}"}
        | {"甲方办公电话": "022-66300001"}
        for n in UNITS
    ],
    "study_groups": [
        {"小组名称": f"区演示第{n}局青年理论学习小组", "单位": f"区演示第{n}局", "成立日期": "2025-05-04"}
        | {"党组织": f"中共区演示第{n}局支部委员会", "组建形式": "单独组建", "学习频次要求": "每季度一次"}
        | {"组长": f"演甲{'一二三四五六七八'[n - 1]}", "联络员": f"演乙{'一二三四五六七八'[n - 1]}"}
        for n in UNITS
    ],
}
# Who brings it, and whether it is taken over with its status.
BRINGS = (
    *(("areas", "sysadmin", False), ("units", "sysadmin", False), ("party_orgs", "sysadmin", False)),
    *(("members", "reviewer", False), ("accounts", "sysadmin", False)),
    *(("agreements", "reviewer", True), ("study_groups", "reviewer", True)),
)


def filled_template(visitor: Visitor, name: str) -> bytes:
    """The template of the first-day page with these rows under its headings."""
    link = visitor.look("/start/").one(f'[data-item="{name}"] a[href$="template.xlsx"]')["href"]
    with visitor.client.get(str(link)) as answer:
        book = load_workbook(io.BytesIO(answer.data))
    sheet, rows = book.active, SHEETS[name]
    table = [[str(cell or "").rstrip("*") for cell in row] for row in sheet.iter_rows(max_row=9, values_only=True)]
    at, heads = next((n, row) for n, row in enumerate(table, start=1) if set(rows[0]) <= set(row))
    for n, row in enumerate(rows, start=at + 1):
        for head, value in row.items():
            sheet.cell(n, heads.index(head) + 1, value)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_an_empty_portal_is_set_up_by_its_pages(tmp_path, portals):
    portals.copy(tmp_path, demo=False)
    app = portal(tmp_path)
    begin(app)
    visitors = {name: Visitor.signed_in(app, name, PASSWORD, {}).speak("zh_Hans") for name, _ in FIRST}
    for name, who, adopt in BRINGS:
        told = bring(visitors[who], name, filled_template(visitors[who], name), adopt=adopt)
        said = visitors[who].look(told["path"]).words
        assert (told["new"], told["rejected"]) == (str(len(SHEETS[name])), "0"), (name, said[-900:])
        if name == "accounts":
            slips = passwords(visitors[who].post(f"{told['path']}/slips"))
            assert authorise(visitors["secadmin"]) == len(slips) == len(SHEETS[name])
    steps = visitors["reviewer"].look("/start/").select("[data-step]")
    assert [step["data-done"] for step in steps] == [
        "yes",
        "yes",
        "partly",
    ]  # two of the ledgers, of which there are more
    unit = Visitor(app.test_client())
    sign_in_with_a_slip(unit, "tianbao03", slips["tianbao03"])
    assert len(unit.look("/agreements/list/").ids()) == 1
    assert fill_in_a_form(unit) == ["演示第一份协议"]


def passwords(page: Page) -> dict[str, str]:
    return {str(slip["data-slip"]): slip.select("[data-password]")[0].get_text() for slip in page.select("[data-slip]")}


def sign_in_with_a_slip(visitor: Visitor, username: str, password: str) -> None:
    visitor.look("/login/")
    assert visitor.post("/login/", username=username, password=password).status == 302
    assert "/my_password/" in str(visitor.look("/").response.location)
    visitor.look("/my_password/")
    assert visitor.post("/my_password/", old=password, new=CHOSEN, again=CHOSEN).status == 302
    assert visitor.look("/").status == 200


def fill_in_a_form(visitor: Visitor) -> list[str]:
    """The titles of the drafts after one more was saved."""
    typed = visitor.look("/agreements/add").filled()
    typed |= {"title": "演示第一份协议", "party_b_org_id": ["", "中共演示海棠里社区委员会"], "signed_on": "2026-06-01"}
    answer = visitor.post("/agreements/add", typed)
    assert answer.status == 302, answer.errors()
    page = visitor.look("/agreements/list/?status=draft")
    return [cell.get_text(strip=True) for cell in page.select('td[data-field="title"]')]
