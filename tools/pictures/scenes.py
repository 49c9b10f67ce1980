"""What the pictures show: each function walks through one guide of docs/guide, in the order of its text."""

from __future__ import annotations

import re

from playwright.sync_api import FilePayload, Page

from tools.pictures.camera import GUIDE, Camera

VISITS = """走访台账（2026年6月）
走访日期,走访类型,走访对象,走访人,主要情况
2026.6.3,日常走访,{0},任例雨,身体恢复较好
2026.6.31,日常走访,{1},宋示予,已协助办理证件
2026-06-05,上门,{2},宋示予,反映楼道照明损坏
2026年6月8日,电话联系,{3},林拟岚,了解近况
合计4户
"""
AGREEMENTS = """机关工委共建协议台账
序号,甲方党组织,乙方社区党组织,签订日期,有效期至,甲方联络员,状态
1,区教育体育局,雨水街道玉兰里社区,2024.3.1,2027.2.28,周演和,履行中
2,区民政局,惊蛰街道丁香里社区,2024.5.10,2027.5.9,,履行中
3,区司法局,春分街道木槿里社区,2023.4.6,2026.4.5,林示清,履行中
4,区财政局,清明街道紫薇里社区,2024.9.1,2024.8.31,沈例远,履行中
"""
ACCOUNTS = """账号,姓名,角色,单位
filler07,许示安,单位填报员,区委社会工作部
secretary07,邓例和,单位审核人,区委社会工作部
filler08,周演林,单位填报员,区委网信办公室
"""


def first_pages(camera: Camera) -> None:
    """Signing in, and where things are."""
    camera.take(camera.page(), "sign-in", upto=".login-card")
    page = camera.page("filler01")
    camera.take(page, "workspace", ".work-cards .card", ".app-top .who")
    page.goto("/agreements/list/")
    camera.take(page, "../list")


def filler(camera: Camera) -> None:
    page = camera.page("filler01")
    page.goto("/agreements/add")
    page.select_option("#agreement_type", "1")
    page.select_option("#party_a_org_id", index=1)
    page.fill("#signed_on", "2026-06-15")
    page.keyboard.press("Escape")
    page.locator('[name="coop_modes"][type=checkbox]').first.check()
    page.locator('[name="coop_modes"][type=checkbox]').nth(2).check()
    page.locator("[data-autosave-state]:not(:empty)").wait_for()
    camera.take(page, "filler-form", ".form-actions button[name=_then]", "[data-autosave-state]")
    page.goto("/agreements/list/?status=returned")
    page.locator("td a").first.click()
    camera.take(page, "filler-returned", ".notice[data-level=warning]", "a:text-is('编辑')", upto=".record-meta")
    page.goto("/agreements/list/?status=running")
    page.locator("td a").last.click()
    page.locator("[data-opens=amend]").click()
    page.locator("details[open] [name=reason]").fill("社区联络员调整")
    camera.take(page, "filler-amend", "[data-opens=amend]", "details[open] form")
    uploaded(page, "/visits/import", "走访台账.csv", VISITS.format(*numbers(page)))
    camera.take(page, "filler-import", "[data-outcome]", "button:has-text('下载原表中未通过的行')")


def numbers(page: Page) -> list[str]:
    """The numbers of the people that the unit helps."""
    page.goto("/beneficiaries/list/?status=active")
    return re.findall(r"B-\w+", page.locator("table[data-ledger]").inner_text())[:4]


def uploaded(page: Page, path: str, name: str, text: str, *, adopted: bool = False) -> None:
    page.goto(path)
    file = FilePayload(name=name, mimeType="text/csv", buffer=text.encode("utf-8-sig"))
    page.set_input_files("input[type=file]", file)
    if adopted:
        page.check("#adopt")
    page.get_by_role("button", name="查看预览").click()
    page.locator("[data-outcome]").wait_for()


def reviewer(camera: Camera) -> None:
    page = camera.page("secretary01")
    camera.take(page, "reviewer-workspace", ".status-counts a:has-text('待单位审核')")
    page.goto("/agreements/list/?status=pending_unit")
    page.locator("td a").first.click()
    page.locator("[data-opens=return]").click()
    page.locator("details[open] [name=field]").select_option("coop_modes")
    page.locator("details[open] [name=reason]").fill("共建方式与协议文本不一致，请核对。")
    camera.take(page, "reviewer-return", "[data-move=approve]", "details[open] form")
    page.goto("/visits/list/")
    page.locator("[data-check-all]").check()
    camera.take(page, "reviewer-ticked", "[data-check-all]", "button:has-text('确认')")
    page.locator("button:has-text('确认') >> visible=true").click()
    camera.take(page, "reviewer-bulk", "main button:text-is('确认')")
    committee(camera)


def committee(camera: Camera) -> None:
    page = camera.page("reviewer")
    page.goto("/service_projects/list/?status=pending_committee")
    page.locator("td a").first.click()
    page.locator("[data-opens=approve_committee]").click()
    camera.take(page, "reviewer-committee", "[data-opens=approve_committee]", "details[open] form")
    page.goto("/overdue/")
    camera.take(page, "reviewer-overdue", upto="main table")
    uploaded(page, "/agreements/import", "共建协议台账.csv", AGREEMENTS, adopted=True)
    camera.take(page, "reviewer-adopt", "[data-outcome]", at="h1")


def liaison(camera: Camera) -> None:
    page = camera.page("community001")
    page.goto("/agreements/list/")
    page.locator("td a").first.click()
    camera.take(page, "liaison-agreement", "a:text-is('维护清单')", upto=".record-meta")
    page.goto(page.url.replace("/show/", "/") + "/lists")
    camera.take(page, "liaison-lists", "button:has-text('添加需求')")
    page = camera.page("town01")
    page.goto("/service_projects/list/?status=active")
    page.locator("td a").first.click()
    camera.take(page, "liaison-project", "a:has-text('新增满意度评价')", at="h2:text-is('进展')")


def reader(camera: Camera) -> None:
    page = camera.page("auditor")
    page.goto("/agreements/figures")
    camera.take(page, "reader-figures")
    page.goto("/agreements/list/?status=running")
    page.locator("td a").last.click()
    page.get_by_role("link", name="变更历史").click()
    camera.take(page, "reader-history", "a:has-text('版本对照')")
    page.goto("/audit_events/list/?action=return")
    camera.take(page, "reader-audit", "select[name=action]", "a:text-is('导出')")
    page.goto("/samples/add")
    page.select_option("[name=ledger]", "visits")
    page.fill("[name=size]", "3")
    page.fill("[name=seed]", "20260630")
    page.get_by_role("button", name="抽取").click()
    camera.take(page, "reader-sample", "select >> nth=0")


def system_administrator(camera: Camera) -> None:
    page = camera.page("sysadmin")
    page.goto("/accounts/add")
    page.fill("[name=username]", "filler06")
    page.fill("[name=name]", "周示明")
    page.locator("#unit_id-ts-control").click()
    page.locator("#unit_id-ts-control").press_sequentially("区委政法")
    page.locator(".ts-dropdown .option", has_text="区委政法委员会").first.click()
    page.fill("[name=password]", "Yulan-2026-gongwei")
    camera.take(page, "sysadmin-account", "main button:text-is('保存')", upto="main form")
    page.locator("main button:text-is('保存')").click()
    page.wait_for_url("**/accounts/list/")
    uploaded(page, "/accounts/import", "账号.csv", ACCOUNTS)
    camera.take(page, "sysadmin-sheet", "[data-outcome]", upto="main .card")
    page.goto("/units/list/")
    camera.take(page, "sysadmin-units", *(f"main a:text-is('{name}')" for name in ("树形", "导入", "新增")))
    page.goto("/code_lists/list/")
    page.locator("td a").first.click()
    page.get_by_role("link", name="编辑").click()
    camera.take(page, "sysadmin-codes", "main table input[type=checkbox]")


def security_administrator(camera: Camera) -> None:
    page = camera.page("secadmin")
    camera.take(page, "secadmin-waiting", "[data-waiting]")
    page.goto("/accounts/waiting")
    page.locator("main a[href*='/accounts/grant/']").first.click()
    page.get_by_label("单位填报员").check()
    page.get_by_label("可以登录").check()
    camera.take(page, "secadmin-grant", "main button:text-is('保存')", "a:has-text('临时授权')")
    page.goto("/roles/list/")
    page.get_by_role("link", name="单位填报员").click()
    camera.take(page, "secadmin-role", "main table select >> nth=0", "main table select >> nth=1")
    page.goto("/sign_in_rules/")
    camera.take(page, "secadmin-rules", upto="main form")
    page.goto("/rights/list/")
    camera.take(page, "secadmin-rights", "a:text-is('导出')")


def audit_administrator(camera: Camera) -> None:
    camera.page("filler01").goto("/roles/list/")  # is refused
    page = camera.page("auditadmin")
    page.goto("/audit/")
    page.locator("main button:has-text('校验日志完整性')").click()
    page.locator("main:has-text('均与写入时一致')").wait_for()
    camera.take(page, "auditadmin-verified", "main button:has-text('校验日志完整性')", ".notice", upto="main .notice")
    page.goto("/")
    camera.take(page, "auditadmin-workspace", "[data-alarms]", "[data-changes]")
    page.goto("/audit_events/list/?action=refused")
    camera.take(page, "auditadmin-log", "select[name=action]")


def all_of_them(camera: Camera) -> None:
    """The README's picture first: later scenes change records."""
    GUIDE.mkdir(exist_ok=True)
    first_pages(camera)
    filler(camera)
    reviewer(camera)
    liaison(camera)
    reader(camera)
    system_administrator(camera)
    security_administrator(camera)
    audit_administrator(camera)
