"""What a liaison enters every week, in a real browser: a visit, a session with attendance, people off the roster."""

import pytest

pytestmark = pytest.mark.browser

SUBMIT = '.form-actions button[value="submit"]'


def press(page, selector):
    with page.expect_navigation():
        page.locator(selector).first.click()


@pytest.mark.parametrize("width", [1400, 390])
def test_a_visit_is_entered_from_its_pairing_and_asked_about_the_second_time(open_as, width):
    page = open_as("filler03", width)
    page.goto("/pairings/list/?status=active")
    press(page, "table[data-ledger] td.title-cell a, table[data-ledger] tbody td a")
    way = page.locator('a[href^="/visits/add?"]').get_attribute("href")
    for turn in (1, 2):
        page.goto(way)
        page.fill("#findings", f"第{turn}次走访，情况平稳，宽{width}。")
        press(page, SUBMIT)
    doubt = page.locator("[data-doubt]").last
    assert page.locator("#findings").input_value() == f"第2次走访，情况平稳，宽{width}。"
    for each in page.locator("[data-doubt] input").all():
        each.fill("上午、下午各走访一次。")
    assert doubt.is_visible()
    press(page, SUBMIT)
    assert page.locator("h1 .status").inner_text().strip() == "已提交"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_attendance_of_a_session_fits_on_one_screen(open_as):
    page = open_as("filler03")
    page.goto("/study_groups/list/?status=active")
    press(page, "table[data-ledger] td.title-cell a")
    press(page, 'a[href*="/study_sessions/add"]')
    selects = page.locator('select[name$="-presence"]')
    assert selects.count() == 8
    page.fill("#theme", "专题研讨")
    page.select_option("#form", "1")
    page.fill("#summary", "围绕专题开展研讨。")
    selects.nth(1).select_option("leave")
    bottom = page.locator(SUBMIT).bounding_box()
    assert bottom["y"] + bottom["height"] <= 900
    assert page.evaluate("scrollY") == 0
    press(page, SUBMIT)
    assert page.locator('[data-field="present_cnt"] dd').inner_text().strip() == "7"


def test_a_form_warns_while_it_is_filled_and_takes_people_off_the_roster(open_as):
    page = open_as("filler03")
    page.goto("/study_groups/add")
    page.locator("#leader_id-ts-control").click()
    page.locator("#leader_id-ts-control").press_sequentially("名册外组长")
    page.locator(".ts-dropdown .create").first.click()
    page.fill("#founded_on", "2026-01-05")
    page.locator('button[name="_rows"][value="group_members:add"]').click()
    page.locator('select[name="group_members-0-role"]').select_option("liaison")
    page.locator("[data-warnings] .notice").wait_for(timeout=10_000)
    assert "小组成员一般不少于3人" in page.inner_text("[data-warnings]")
    press(page, '.form-actions button[name="_then"]')
    # What is missing is told at its field; the name that was typed is still there.
    assert page.locator("#leader_id").input_value() == "名册外组长"
