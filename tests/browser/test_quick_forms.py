"""Forms filled in a real browser by keyboard, by few clicks, by pasting, and without scripts."""

import re

import pytest

pytestmark = pytest.mark.browser

ROWS = "楼道照明\t环境整治\n健康义诊\t文体活动\n普法讲座\t法律咨询"
NAMES = ["楼道照明", "健康义诊", "普法讲座"]
PASTE = """text => {
    const held = new DataTransfer();
    held.setData("text/plain", text);
    const event = new ClipboardEvent("paste", { clipboardData: held, bubbles: true, cancelable: true });
    document.activeElement.dispatchEvent(event);
}"""
FOCUSED = "document.activeElement.id || document.activeElement.value"


class Hand:
    """Somebody at a page, whose clicks and typed characters are counted; other keys are free."""

    def __init__(self, page):
        self.page, self.clicks, self.characters = page, 0, 0

    def click(self, selector):
        self.clicks += 1
        self.page.locator(selector).first.click()

    def type(self, text):
        self.characters += len(text)
        self.page.keyboard.type(text)

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def choose(self, text):
        """From the searched list in which the cursor is."""
        self.type(text)
        self.page.locator(".ts-dropdown .option.active", has_text=text).wait_for()
        self.press("Enter")

    def at(self):
        return self.page.evaluate(FOCUSED)

    def tab_to(self, name):
        for _ in range(80):
            if self.at() == name:
                return
            self.press("Tab")
        raise AssertionError(f"{name} is not reached by Tab")


def nothing_half_filled(page, path):
    """Other tests may have left forms of their own; then a new one does not begin by itself."""
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(path)
    while page.locator("[data-half-filled]").count():
        with page.expect_navigation():
            page.locator("[data-half-filled] form button").first.click()


def begin_agreement(hand):
    """Everything that an agreement needs, but for its rows, from its first field on."""
    assert hand.at() == "agreement_type"
    hand.press("ArrowDown", "Tab", "Tab")
    hand.choose("木槿里")
    hand.press("Enter", "Enter")
    assert hand.at() == "signed_on"
    hand.type("2026-01-05")
    hand.tab_to("coop_modes-1")
    hand.press("Space")


def handed_in(page, ledger):
    page.wait_for_url(re.compile(rf"/{ledger}/show/\d+"))
    return page.locator("h1 .status").inner_text().strip()


def test_an_agreement_with_pasted_rows_is_handed_in_by_ten_clicks_and_few_characters(open_as):
    page = open_as("filler02")
    nothing_half_filled(page, "/agreements/add")
    hand = Hand(page)
    page.goto("/")
    hand.click('a.btn[href="/agreements/add"]')
    page.wait_for_url("**/agreements/add")
    begin_agreement(hand)
    hand.click('button[value="demand_items:add"]')
    page.evaluate(PASTE, ROWS)
    page.locator("[data-paste-said]").wait_for()
    hand.click('button[name="_then"]')
    assert handed_in(page, "agreements") == "待单位审核"
    assert [
        each.inner_text() for each in page.locator('[data-table="demand_items"] td[data-field=name]').all()
    ] == NAMES
    assert (hand.clicks <= 10, hand.characters <= 52) == (True, True), (hand.clicks, hand.characters)


def test_a_visit_is_handed_in_by_four_clicks_and_twenty_characters(open_as):
    page = open_as("filler01")
    nothing_half_filled(page, "/visits/add")
    hand = Hand(page)
    page.goto("/")
    hand.click('a.btn[href="/visits/add"]')
    page.wait_for_url("**/visits/add")
    assert hand.at() == "beneficiary_id"
    hand.press("ArrowDown", "Enter", "Enter", "Enter")
    assert hand.at() == "participant_ids-ts-control"
    hand.choose("示")
    hand.press("Enter")
    assert hand.at() == "findings"
    hand.type("身体尚好，无新增诉求")
    hand.click('button[name="_then"]')
    assert handed_in(page, "visits") == "已提交"
    assert (hand.clicks <= 4, hand.characters <= 20) == (True, True), (hand.clicks, hand.characters)


def test_a_whole_agreement_with_rows_is_entered_by_keyboard_alone(open_as):
    page = open_as("filler02")
    nothing_half_filled(page, "/agreements/add")
    hand = Hand(page)
    begin_agreement(hand)
    hand.tab_to("demand_items:add")
    hand.press("Space")
    for n, name in enumerate(NAMES):
        assert hand.at() == f"demand_items-{n}-name"
        hand.type(name)
        hand.press("Enter")  # a new row after the last one
    hand.press("Enter")  # leaves the blank row and the table
    assert "demand_items" not in hand.at()
    page.locator("#demand_items-0-category").focus()
    hand.press("ArrowDown", "Enter", "Control+d", "Enter", "Control+d")
    hand.press("Control+Enter")
    assert handed_in(page, "agreements") == "草稿"
    cells = page.locator('[data-table="demand_items"] tbody tr')
    assert [row.locator("td[data-field=name]").inner_text() for row in cells.all()] == NAMES
    assert len({row.locator("td[data-field=category]").inner_text() for row in cells.all()}) == 1


def test_a_whole_agreement_with_rows_is_handed_in_without_scripts(open_as):
    page = open_as("filler02", scripts=False)
    page.goto("/agreements/add")
    page.select_option("#agreement_type", "1")
    page.locator('input[name="party_b_org_id"]').fill("中共(演示)惊蛰街道木槿里社区委员会")
    page.fill("#signed_on", "2023-02-01")
    page.fill("#effective_to", "2023-12-31")
    page.locator('[name="coop_modes"][type=checkbox]').first.check()
    for n, name in enumerate(NAMES):
        page.locator('button[name="_rows"][value="demand_items:add"]').click()
        page.locator(f'[name="demand_items-{n}-name"]').fill(name)
        page.locator(f'[name="demand_items-{n}-category"]').select_option("08")
    page.locator('button[name="_then"]').click()
    assert handed_in(page, "agreements") == "待单位审核"


def test_enter_in_a_field_sends_no_form(open_as):
    page = open_as("filler01")
    sent = []
    page.on("request", lambda asked: sent.append(asked.url) if asked.is_navigation_request() else None)
    for name in ("agreements", "visits", "beneficiaries", "pairings", "service_projects", "study_groups"):
        page.goto(f"/{name}/add")
        sent.clear()
        fields = page.locator("form.record-form .field input:visible:not([type=file])")
        assert fields.count() > 2
        for n in range(fields.count()):
            fields.nth(n).focus()
            page.keyboard.press("Enter")
            assert page.locator(":focus").count() == 1
        assert sent == [], name


def test_what_an_input_method_composes_is_ended_by_enter(open_as):
    page = open_as("filler01")
    page.goto("/agreements/add")
    page.focus("#title")
    page.evaluate("""() => document.activeElement.dispatchEvent(
        new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, cancelable: true }))""")
    assert Hand(page).at() == "title"


def test_a_refused_form_opens_in_the_first_field_that_is_wrong_and_links_lead_on(open_as):
    page = open_as("filler02")
    page.goto("/agreements/add")
    page.locator('button[value="demand_items:add"]').click()
    page.fill("#demand_items-0-wanted_by", "哪天都行")
    with page.expect_navigation():
        page.locator('button[name="_then"]').click()
    hand = Hand(page)
    assert hand.at() == "agreement_type"
    page.locator('#faults a[href="#party_b_org_id"]').click()
    assert hand.at() == "party_b_org_id-ts-control"
    assert page.locator(".ts-dropdown:visible").count() == 0
    page.locator('#faults a[href="#coop_modes"]').click()
    assert hand.at() == "coop_modes-1"
    page.locator('#faults a[href="#demand_items-0-wanted_by"]').click()
    assert hand.at() == "demand_items-0-wanted_by"


def test_the_index_counts_what_is_still_empty(open_as):
    page = open_as("filler02")
    page.goto("/agreements/add")
    left = page.locator("[data-left-in=section-1]")
    assert left.inner_text() == "未填 2"
    page.select_option("#agreement_type", "1")
    page.locator("[data-left-in=section-1]:text('未填 1')").wait_for()


def test_amounts_are_shown_with_separators_and_sent_without(open_as):
    page = open_as("filler01")
    page.goto("/visits/add")
    for n, amount in enumerate(("12500", "300.5")):
        page.locator('button[value="aid_items:add"]').click()
        page.fill(f"#aid_items-{n}-amount", amount)
    page.locator("#remark").focus()
    assert page.input_value("#aid_items-0-amount") == "12,500"
    assert page.locator("[data-total=amount]").inner_text() == "12,800.50"
    held = page.evaluate("new FormData(document.querySelector('form.record-form')).get('aid_items-0-amount')")
    assert held == "12500"
    page.focus("#aid_items-0-amount")
    assert page.input_value("#aid_items-0-amount") == "12500"


def test_a_block_is_pasted_onto_the_button_that_adds_rows(open_as):
    page = open_as("filler02")
    page.goto("/agreements/add")
    page.locator('button[value="demand_items:add"]').focus()
    page.evaluate(PASTE, ROWS)
    page.locator("[data-paste-said]").wait_for()
    assert [page.input_value(f"#demand_items-{n}-name") for n in range(3)] == NAMES
    page.locator("[data-paste-said] button").click()
    assert page.locator('[data-rows="demand_items"] [data-row]').count() == 0


def test_what_a_draft_lacks_leads_into_its_fields(open_as):
    page = open_as("filler02")
    nothing_half_filled(page, "/agreements/add")
    page.fill("#title", "还缺很多")
    page.locator("[data-save]").click()
    page.wait_for_url(re.compile(r"/agreements/show/\d+"))
    page.locator('[data-missing] a[href$="#party_b_org_id"]').click()
    page.wait_for_url(re.compile(r"/agreements/edit/\d+#party_b_org_id"))
    hand = Hand(page)
    page.locator("#party_b_org_id-ts-control:focus").wait_for(state="attached")
    page.locator('[data-missing] a[href$="#agreement_type"]').click()
    assert hand.at() == "agreement_type"


def test_enter_closes_the_calendar_and_leaves_what_is_not_chosen(open_as):
    page = open_as("filler02")
    nothing_half_filled(page, "/visits/add")
    hand = Hand(page)
    page.click("#visited_on")
    assert page.locator(".flatpickr-calendar.open").count() == 1
    hand.press("Enter")
    assert page.locator(".flatpickr-calendar.open").count() == 0
    page.click("#target_org_id-ts-control")
    page.locator(".ts-dropdown .option.active").first.wait_for()
    hand.press("Enter")
    assert hand.at() == "target_name"
    assert page.input_value("#target_org_id") == ""


def test_long_texts_in_a_cell_take_lines_by_shift_or_alt(open_as):
    page = open_as("filler02")
    page.goto("/agreements/add")
    hand = Hand(page)
    for _ in range(2):
        page.locator('button[value="demand_items:add"]').click()
    page.focus("#demand_items-0-description")
    hand.type("一")
    hand.press("Shift+Enter")
    hand.type("二")
    hand.press("Alt+Enter")
    hand.type("三")
    assert page.input_value("#demand_items-0-description") == "一\n二\n三"
    hand.press("Enter")
    assert hand.at() == "demand_items-1-description"


def test_a_copy_marks_what_differs_from_the_last_record(open_as):
    page = open_as("filler01")
    page.goto("/visits/add")
    page.click('a[href*="copy=1"]')
    page.wait_for_selector("[data-copied]")
    place = page.locator(".field[data-carried]", has=page.locator("#visit_type"))
    said, before = place.locator("[data-carried-said]"), page.input_value("#visit_type")
    assert said.inner_text() == "沿用上一条记录"
    page.select_option("#visit_type", "2" if before != "2" else "3")
    assert said.inner_text() == "与上一条记录不同"
    assert "is-changed" in place.get_attribute("class")
    page.select_option("#visit_type", before)
    assert said.inner_text() == "沿用上一条记录"
