"""Tables inside a form: with and without JavaScript, nothing that was typed is lost."""

import pytest

pytestmark = pytest.mark.browser

TABLES = {"demand_items": "需求", "resource_items": "资源", "coop_items": "项目"}


def cell(page, table, n, name):
    return page.locator(f'[name="{table}-{n}-{name}"]:not([type=hidden])')


def press(page, table, verb, n=None):
    value = f"{table}:{verb}" + ("" if n is None else f":{n}")
    page.locator(f'button[name="_rows"][value="{value}"]').click()
    page.wait_for_load_state()


def names(page, table):
    count = page.locator(f'[data-rows="{table}"] tbody > [data-row]').count()
    return [cell(page, table, n, "name").input_value() for n in range(count)]


def fill_rows(page, table):
    for n in range(3):
        press(page, table, "add")
        cell(page, table, n, "name").fill(f"{TABLES[table]}{n}")


@pytest.mark.parametrize("scripts", [False, True], ids=["without JavaScript", "with JavaScript"])
def test_rows_are_added_moved_and_removed_in_every_table(open_as, scripts):
    page = open_as("filler01", scripts=scripts)
    page.goto("/agreements/add")
    page.fill("#content", "一直都在")
    for table in TABLES:
        fill_rows(page, table)
    for table, word in TABLES.items():
        press(page, table, "up", 2)
        press(page, table, "remove", 0)
        assert names(page, table) == [f"{word}2", f"{word}1"]
    assert page.input_value("#content") == "一直都在"


@pytest.mark.parametrize("scripts", [False, True], ids=["without JavaScript", "with JavaScript"])
def test_mistakes_in_third_rows_of_two_tables_lose_nothing(open_as, scripts):
    page = open_as("filler01", scripts=scripts)
    page.goto("/agreements/add")
    for table in TABLES:
        fill_rows(page, table)
    cell(page, "demand_items", 2, "wanted_by").fill("哪天都行")
    cell(page, "coop_items", 2, "due_on").fill("2026年13月1日")
    cell(page, "coop_items", 1, "due_on").fill("2026年9月1日")
    with page.expect_navigation():
        page.click("button.btn-primary[type=submit]")
    for table, word in TABLES.items():
        assert names(page, table) == [f"{word}0", f"{word}1", f"{word}2"]
    assert cell(page, "demand_items", 2, "wanted_by").input_value() == "哪天都行"
    assert cell(page, "coop_items", 1, "due_on").input_value() == "2026年9月1日"
    for marked in ("demand_items-2-wanted_by", "coop_items-2-due_on"):
        assert "日期无法识别" in page.locator(f'[id="{marked}-error"]').inner_text()


def test_a_project_names_rows_that_were_typed_just_now(open_as):
    page = open_as("filler01")
    page.goto("/agreements/edit/2")
    press(page, "demand_items", "add")
    cell(page, "demand_items", 3, "name").fill("刚写的需求")
    cell(page, "demand_items", 3, "category").select_option("08")
    picker = page.locator('[data-rows="coop_items"] [data-row]').first.locator("td").nth(1)
    picker.locator(".ts-control input").focus()
    picker.locator(".ts-dropdown .option", has_text="刚写的需求").click()
    page.click(".form-actions button:has-text('保存草稿')")  # others look at this draft
    page.wait_for_url("**/show/2")
    assert "刚写的需求" in page.locator('[data-table="coop_items"] tbody tr').first.inner_text()


def test_a_community_is_found_by_typing_a_part_of_its_name(open_as):
    page = open_as("filler01")
    page.goto("/agreements/add")
    field = page.locator(".field", has=page.locator("#party_b_org_id"))
    field.locator(".ts-control").click()
    page.keyboard.type("立春街道海棠")
    field.locator(".ts-dropdown .option", has_text="立春街道海棠里").click()
    assert field.locator(".ts-control").inner_text().startswith("中共(演示)立春街道海棠里社区")


def test_leaving_a_changed_form_asks_first(open_as):
    page = open_as("filler01")
    page.goto("/agreements/add")
    page.fill("#content", "还没保存")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto("/agreements/list/")
    assert asked == ["beforeunload"]
