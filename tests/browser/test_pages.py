"""Every page of every role, at a desk and on a phone: whole, in one language, within its width."""

from collections import Counter

import pytest

from tests.visitor import LISTS

pytestmark = pytest.mark.browser

PAGES = {
    "filler01": ("/", *(f"/{name}/list/" for name in LISTS), "/agreements/add", "/agreements/show/1", "/members/add"),
    "reviewer": ("/", "/agreements/list/", "/agreements/edit/2", "/agreements/show/3", "/units/tree"),
    "admin": (
        "/",
        "/roles/list/",
        "/roles/edit/9",
        "/roles/add",
        "/accounts/list/",
        "/accounts/add",
        "/my_password/",
        "/sign_in_rules/",
        "/jobs/",
    ),
    "auditor": ("/", "/agreements/list/?q=海棠", "/party_orgs/tree", "/agreements/show/1"),
    "town01": ("/",),
}


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("username", PAGES)
def test_pages_fit_their_window(open_as, username, width):
    page = open_as(username, width)
    for path in PAGES[username]:
        assert page.goto(path).status == 200
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


@pytest.mark.parametrize("language", ["zh_Hans", "zh_Hant", "en"])
def test_switching_the_language_keeps_the_page(open_as, language):
    page = open_as("filler01")
    page.goto("/agreements/list/?status=active&order=-signed_on")
    page.wait_for_load_state("networkidle")  # a late answer would bring the cookie of before
    before = page.url
    with page.expect_navigation():
        page.click(f'.languages a[lang="{language.replace("_", "-")}"]')
    assert page.url == before
    assert page.locator("html").get_attribute("lang") == language.replace("_", "-")


def test_the_menu_opens_on_a_phone(open_as):
    page = open_as("filler01", 390)
    assert not page.locator("#sidebar").is_visible()
    page.click(".menu-button")
    page.locator("#sidebar a", has_text="共建活动").click()
    page.wait_for_url("**/coop_activities/list/")


def test_a_selection_shows_its_actions_and_what_they_do_before_it_is_deleted(open_as):
    page = open_as("filler02")
    page.goto("/agreements/list/?status=draft")
    assert not page.locator("[data-bulk]").is_visible()
    page.check("table[data-ledger] tbody input[name=rowid]")
    with page.expect_navigation():
        page.click('[data-bulk] button[value="delete_selected"]')
    assert page.locator("[data-can] [data-id]").count() == 1
    with page.expect_navigation():
        page.click(".form-actions button")
    assert page.locator('.notice[data-level="success"]').count() == 1


def test_presets_on_the_role_page_tick_their_rights(open_as):
    page = open_as("admin")
    page.goto("/roles/list/")
    page.get_by_role("link", name="支部填报员").click()
    row = page.locator('tr[data-ledger="coop_activities"]')
    row.locator("select[data-preset]").select_option("view")
    assert [box.is_checked() for box in row.locator("input[data-verb]").all()] == [
        *(True, False, False, False, True, False)
    ]
    with page.expect_navigation():
        page.click(".form-actions button[type=submit]")
    assert row.locator("select[data-scope]").input_value() == "all"


def shown_ledgers(page):
    return page.locator("tr[data-ledger]:visible").evaluate_all("rows => rows.map(row => row.dataset.ledger)")


def test_the_matrix_of_a_role_is_searched_folded_and_ticked_by_row_and_column(open_as):
    page = open_as("secadmin", language="en")
    page.goto("/roles/edit/9")
    page.fill("[data-find]", "agreem")
    assert shown_ledgers(page) == ["agreements"]
    row = page.locator('tr[data-ledger="agreements"]')
    row.locator("[data-all-cell] input").check()
    boxes = row.locator("input[data-verb]:enabled")
    assert all(box.is_checked() for box in boxes.all())
    assert row.locator("[data-changed]").is_visible()
    page.locator('[data-column="edit"] input').check()
    page.fill("[data-find]", "")
    assert not page.locator('tr[data-ledger="units"] input[data-verb="edit"]').is_checked()  # it was not shown
    page.check("[data-only-different]")
    assert shown_ledgers(page) == ["agreements"]
    row.locator("[data-preset]").select_option("delivered")
    page.uncheck("[data-only-different]")
    assert not row.locator(".is-added, .is-taken").count()
    before = len(shown_ledgers(page))
    page.locator(".fold").first.click()
    assert len(shown_ledgers(page)) < before


def test_a_role_may_edit_a_ledger_in_three_clicks(open_as):
    page = open_as("secadmin")
    page.locator("#sidebar a", has_text="角色与权限").click()
    page.get_by_label("单位审核人：共建活动", exact=True).click()
    with page.expect_navigation():
        page.click(".form-actions button[type=submit]")
    assert page.get_by_label("单位审核人：共建活动", exact=True).is_checked()


def test_the_calendar_fills_a_date(open_as):
    page = open_as("filler01")
    page.goto("/agreements/add")
    page.click("#signed_on")
    page.locator(".flatpickr-calendar.open .flatpickr-day.today").click()
    assert len(page.input_value("#signed_on")) == len("2026-06-30")


def test_a_value_in_full_goes_from_the_screen_when_its_time_is_over(open_as):
    page = open_as("secretary01")
    page.goto("/beneficiaries/list/?status=active")
    with page.expect_navigation():
        page.click("table[data-ledger] td.title-cell a")
    page.click('[data-field="phone_enc"] summary')
    with page.expect_navigation():
        page.click('[data-field="phone_enc"] button[value="visit"]')
    value = page.locator('[data-field="phone_enc"] [data-revealed]')
    masked = value.get_attribute("data-masked")
    assert value.inner_text() != masked
    # The clock of the page runs on by five minutes; then the window is looked at again.
    page.evaluate("() => { const now = Date.now; Date.now = () => now() + 301000; dispatchEvent(new Event('focus')); }")
    assert value.inner_text() == masked
    assert not page.locator('[data-field="phone_enc"] .hint').first.is_visible()


@pytest.mark.parametrize("language", ["zh_Hans", "en"])
def test_the_calendar_speaks_the_language_of_the_page(open_as, language):
    page = open_as("filler01", language=language)
    page.goto("/agreements/add")
    page.click("#signed_on")
    html = page.locator("html")
    said = {name: html.get_attribute(f"data-{name}") for name in ("month", "year")}
    month = page.locator(".flatpickr-calendar.open .flatpickr-monthDropdown-months")
    year = page.locator(".flatpickr-calendar.open .cur-year")
    assert (month.get_attribute("aria-label"), year.get_attribute("aria-label")) == (said["month"], said["year"])


def test_the_focus_is_seen_on_a_ticked_box(open_as):
    page = open_as("filler01")
    page.goto("/agreements/list/?status=draft")
    page.focus("[data-check-all]")
    page.keyboard.press("Space")
    style = "getComputedStyle(document.activeElement)"
    assert page.evaluate(f"{style}.outlineStyle") == "solid"
    assert page.evaluate(f"{style}.outlineWidth") == "2px"


BOXES = "nodes => nodes.map(node => { const box = node.getBoundingClientRect(); return [box.x, box.y, box.height]; })"


def test_values_stand_beside_their_names_on_a_phone_and_a_status_keeps_its_shape(open_as):
    page = open_as("filler01", 390, language="en")
    page.goto("/agreements/list/")
    badges = page.locator("table[data-ledger] td[data-label] .status").evaluate_all(BOXES)
    assert badges
    assert all(height < 30 for _, _, height in badges)
    values = page.locator("table[data-ledger] td[data-field=party_a_org_id] > span").evaluate_all(BOXES)
    cells = page.locator("table[data-ledger] td[data-field=party_a_org_id]").evaluate_all(BOXES)
    assert all(value[0] > cell[0] + 80 for value, cell in zip(values, cells, strict=True))
    titles = page.locator("table[data-ledger] td.title-cell").evaluate_all(BOXES)
    assert all(title[1] < badge[1] < value[1] for title, badge, value in zip(titles, badges, values, strict=True))


@pytest.mark.parametrize(("width", "height", "least"), [(1400, 900, 14), (1280, 720, 9)])
@pytest.mark.parametrize("ledger", ["agreements", "visits", "service_projects", "members"])
def test_a_list_shows_its_records_on_the_first_screen(open_as, ledger, width, height, least):
    page = open_as("reviewer", width, language="en")
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"/{ledger}/list/")
    page.wait_for_load_state("networkidle")
    whole = "rows => rows.filter(row => row.getBoundingClientRect().bottom <= innerHeight).length"
    assert page.locator("table[data-ledger] tbody tr").evaluate_all(whole) >= least
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


@pytest.mark.parametrize("ledger", ["agreements", "visits"])
def test_the_first_record_of_a_list_stands_high_on_a_phone(open_as, ledger):
    page = open_as("filler01", 390, language="en")
    page.goto(f"/{ledger}/list/")
    page.wait_for_load_state("networkidle")
    assert page.locator("table[data-ledger] tbody tr").first.bounding_box()["y"] < 320


def test_records_are_approved_beside_their_list_one_after_the_other(open_as):
    page = open_as("reviewer", language="en")
    page.goto("/service_projects/list/?status=pending_committee")
    count = page.locator("tbody tr[data-id]").count()
    page.keyboard.press("j")
    page.keyboard.press("v")
    page.click("[data-beside] summary[data-opens=approve_committee]")
    first, second = (page.locator("tbody tr[data-id]").nth(n).get_attribute("data-id") for n in (0, 1))
    page.click("[data-beside] [data-move=approve_committee]")
    page.wait_for_selector("[data-beside] .notice[data-level=success]")
    assert page.locator(f'tr.is-current[data-id="{second}"]').count() == 1
    assert page.locator(f'tr[data-id="{first}"]').count() == 0
    assert page.locator("tbody tr[data-id]").count() == count - 1
    assert "/service_projects/list/" in page.url
    page.keyboard.press("Escape")
    assert not page.locator("[data-beside]").is_visible()


def test_a_selection_is_offered_what_can_be_done_with_it(open_as):
    page = open_as("reviewer", language="en")
    page.goto("/agreements/list/?page_size=100")
    for status, offered in (("active", False), ("pending_committee", True), ("draft", False)):
        row = page.locator(f'tr[data-status="{status}"] input[name=rowid]')
        if row.count():
            row.first.check()
            assert page.locator('[data-bulk] [formaction*="approve_committee"]').is_visible() == offered
            row.first.uncheck()


def test_the_palette_leads_to_pages_and_records(open_as):
    page = open_as("filler01", language="en")
    page.goto("/")
    page.keyboard.press("Control+k")
    page.locator(".palette input").fill("agreem")
    page.locator(".palette [role=option]", has_text="New").first.wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.locator(".palette input").fill("GJ20")
    page.locator(".palette a[href*='/agreements/show/']").first.wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/agreements/show/*")


def test_columns_are_put_in_order_and_stay_so(open_as):
    page = open_as("filler01", language="en")
    page.goto("/agreements/list/")
    page.click('.toolbar a[href*="/columns"]')
    page.click(".columns .drop-item:nth-child(2) button >> nth=0")
    page.click(".columns button[type=submit]")
    page.wait_for_url("**columns=*")
    shown = (
        page.locator("tbody tr").first.locator("td[data-field]").evaluate_all("c => c.map(each => each.dataset.field)")
    )
    assert shown[:2] == ["title", "record_no"]


@pytest.mark.parametrize("ledger", ["agreements", "pairings", "service_projects"])
def test_figures_fill_their_rows(open_as, ledger):
    page = open_as("reviewer", language="en")
    page.goto(f"/{ledger}/list/")
    page.locator(".figure-card").first.wait_for()
    page.click(".figures > button")
    rows = Counter(y for _, y, _ in page.locator(".figure-card").evaluate_all(BOXES))
    assert max(rows.values()) - min(rows.values()) <= 1


@pytest.mark.parametrize(("path", "control"), [("/roles/edit/9", "select"), ("/accounts/lend/1", ".form-check-input")])
def test_what_is_chosen_stands_inside_its_card_on_a_phone(open_as, path, control):
    page = open_as("secadmin", 390, language="en")
    page.goto(path)
    inside = """nodes => nodes.every(node => {
        const card = node.closest(".card").getBoundingClientRect(), box = node.getBoundingClientRect();
        return box.left >= card.left + 8 && box.right <= card.right - 8;
    })"""
    assert page.locator(f"main {control}").count() > 1
    assert page.locator(f"main .card {control}").evaluate_all(inside)
