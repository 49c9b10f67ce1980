"""A session that ended while a form was filled: what was typed stays, and is saved after signing in again."""

import pytest

from tests.conftest import PASSWORD

pytestmark = pytest.mark.browser


def sign_in(page, username):
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_selector("main:has-text('回到刚才的标签页')")


def test_what_was_typed_is_saved_after_signing_in_again_in_another_tab(open_as):
    page = open_as("filler03")
    page.goto("/agreements/list/?status=draft")
    page.click("table[data-ledger] tbody tr a")
    page.click("a[href*='/agreements/edit/']")
    page.fill("#remark", "午休前写的备注")
    page.context.clear_cookies()
    page.click(".form-actions button:has-text('保存草稿')")
    page.wait_for_selector("[data-held]")
    assert "登录已失效" in page.inner_text("[data-held]")
    assert page.input_value("#remark") == "午休前写的备注"
    with page.context.expect_page() as opened:
        page.click("[data-held] a")
    sign_in(opened.value, "filler04")
    page.click(".form-actions button:has-text('保存草稿')")
    page.wait_for_selector("[data-held]:has-text('其他账号')")
    with page.context.expect_page() as opened:
        page.click("[data-held] a")
    with opened.value.expect_navigation():
        opened.value.click("main form button:has-text('退出')")
    sign_in(opened.value, "filler03")
    with page.expect_navigation():
        page.click(".form-actions button:has-text('保存草稿')")
    assert "午休前写的备注" in page.inner_text("main")
    # The copy that is kept while somebody types is refused under a session whose token the page does not have yet.
    assert all("400" in trouble for trouble in open_as.troubles)
    open_as.troubles.clear()


def test_a_portal_that_cannot_be_reached_leaves_the_form_as_it_is(open_as):
    page = open_as("filler03")
    page.goto("/agreements/add")
    page.fill("#title", "断网时写的标题")
    page.fill("#signed_on", "不详")
    page.context.route("**/session/", lambda route: route.abort())
    page.click(".form-actions button:has-text('保存草稿')")
    page.wait_for_selector("[data-held]:has-text('暂时无法连接')")
    page.context.unroute("**/session/")
    assert len(open_as.troubles) == 1
    open_as.troubles.clear()
    page.click(".form-actions button:has-text('保存草稿')")
    page.wait_for_selector(".field-error")
    assert page.input_value("#title") == "断网时写的标题"
