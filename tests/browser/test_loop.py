"""The loop that the portal exists for, played by people in a real browser, who read each language of it."""

import re

import pytest

pytestmark = pytest.mark.browser

# Who plays, and the language that each reads.
PLAYERS = {"filler01": "zh_Hans", "secretary01": "zh_Hant", "reviewer": "en", "community006": "zh_Hans"}
NEEDS = ["楼道照明", "健康义诊", "普法讲座"]
SAVE = ".form-actions button[type=submit]:not([name])"
SCAN = {"name": "扫描件.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n"}


def choose(page, name, text):
    """From a remote select, as people do: type, then take what is offered."""
    page.locator(f"#{name}-ts-control").click()
    page.locator(f"#{name}-ts-control").press_sequentially(text)
    page.locator(".ts-dropdown .option", has_text=text).first.click()


def fill_in(page):
    """A new agreement with three needs; answers its address."""
    page.goto("/agreements/add")
    page.select_option("#agreement_type", "1")
    page.select_option("#party_a_org_id", index=1)
    choose(page, "party_b_org_id", "惊蛰街道木槿里社区")
    page.fill("#signed_on", "2026-01-05")
    page.fill("#effective_to", "2026-12-31")
    page.locator('[name="coop_modes"][type=checkbox]').first.check()
    page.fill("#a_contact", "王演晨")
    page.fill("#a_phone", "022-00000001")
    for n, need in enumerate(NEEDS):
        page.locator('button[name="_rows"][value="demand_items:add"]').click()
        page.locator(f'input[name="demand_items-{n}-name"]').fill(need)
        page.locator(f'select[name="demand_items-{n}-category"]').select_option("08")
    page.locator(SAVE).click()
    page.wait_for_url(re.compile(r"/agreements/show/\d+"))
    cells = page.locator('[data-table="demand_items"] td[data-field=name]').all()
    assert [cell.inner_text() for cell in cells] == NEEDS
    return re.search(r"/agreements/show/\d+", page.url)[0]


def move(page, path, name, **answers):
    """Press the button of a transition; one that asks something opens its small form first."""
    page.goto(path)
    if answers:
        page.locator(f'[data-opens="{name}"]').click()
        for field, text in answers.items():
            control = page.locator(f'details[open] [name="{field}"]')
            if control.count() > 1:  # several may be ticked
                page.locator(f'details[open] [name="{field}"][value="{text}"]').check()
            elif control.evaluate("node => node.tagName") == "SELECT":
                control.select_option(text)
            else:
                control.fill(text)
    with page.expect_navigation():
        page.locator(f'button[data-move="{name}"]:visible').click()


def correct(page, path):
    page.goto(path)
    assert "请补充共建内容的安排。" in page.inner_text('.notice[data-level="warning"]')
    page.goto(path.replace("show", "edit"))
    page.fill("#content", "每季度会商一次，每月开展一次服务。")
    page.locator(SAVE).click()
    page.wait_for_url(f"**{path}")


def bring_the_scan(page, path):
    page.goto(path)
    assert page.locator("[data-gaps]").count() == 1
    page.set_input_files("#file-signed_file", SCAN)
    with page.expect_navigation():
        page.locator('[data-place="signed_file"] button').click()
    assert page.locator('[data-place="signed_file"] [data-file]').count() == 1
    assert page.locator("[data-gaps]").count() == 0


def add_an_activity(page):
    page.goto("/agreements/list/")
    with page.expect_navigation():
        page.locator("table[data-ledger] td.title-cell a").last.click()
    with page.expect_navigation():
        page.locator('a[href*="/coop_activities/add"]').click()
    page.fill("#held_on", "2026-06-20")
    page.select_option("#activity_type", "3")
    page.fill("#theme", "社区清洁日")
    with page.expect_navigation():
        page.locator(SAVE).click()
    assert "社区清洁日" in page.inner_text('table[data-ledger="coop_activities"]')


def status(page, path):
    page.goto(path)
    return page.inner_text("h1 .status").strip()


def test_a_unit_fills_others_review_and_the_community_takes_part(open_as):
    filler, secretary, reviewer, community = (open_as(name, language=each) for name, each in PLAYERS.items())
    path = fill_in(filler)
    move(filler, path, "submit")
    move(secretary, path, "return", reason="短")
    assert secretary.locator(".move-form .field-error").count() == 2
    move(secretary, path, "return", field="content", reason="请补充共建内容的安排。")
    correct(filler, path)
    move(filler, path, "submit")
    move(secretary, path, "approve")
    move(reviewer, path, "approve_committee", filing_no="备〔2026〕1号")
    assert [status(each, path) for each in (filler, secretary, reviewer)] == ["履行中", "履行中", "In force"]
    bring_the_scan(filler, path)
    add_an_activity(community)
    move(filler, path, "renew")
    assert "/agreements/edit/" in filler.url
    filler.goto(path.replace("/show/", "/") + "/history")
    assert filler.locator("[data-event]").count() >= 6
