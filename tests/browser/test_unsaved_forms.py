"""Autosave, pasting from a spreadsheet and files of the first form, in a real browser."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser
KEPT = "[data-autosave-state][data-level=ok]"
# As a spreadsheet copies it: a cell with a line break and quotation marks, choices by label, a date as people write it.
BLOCK = '楼道照明\t物业服务\t"三号楼\n""东侧"""\t居民\t2026年9月1日\r\n健身器材\t没有这类\t广场\t老人\t2026-13-45\r\n'
PASTE = """([selector, text]) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  const node = document.querySelector(selector);
  node.focus();
  node.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


def type_into(page, selector, text):
    page.click(selector)
    page.keyboard.type(text)


def add_row(page, table):
    page.click(f"[data-rows={table}] button[name=_rows][value$=':add']")


def test_a_form_filled_to_a_third_is_there_on_another_computer(open_as):
    page = open_as("filler01")
    page.goto("/agreements/add")
    type_into(page, "#title", "浏览器被关掉前的标题")
    type_into(page, "#signed_on", "六月初")
    page.select_option("#agreement_type", "1")
    add_row(page, "demand_items")
    type_into(page, "#demand_items-0-name", "楼道照明")
    page.wait_for_selector(KEPT)
    type_into(page, "#content", "最后几个字")
    page.context.close()

    page = open_as("filler01")
    page.goto("/")
    waiting = page.locator("[data-unsaved] li").count()  # other tests may have left forms of their own
    page.goto("/agreements/add")
    page.locator("[data-half-filled] a").first.click()
    assert page.input_value("#title") == "浏览器被关掉前的标题"
    assert page.input_value("#signed_on") == "六月初"
    assert page.input_value("#agreement_type") == "1"
    assert page.input_value("#demand_items-0-name") == "楼道照明"
    page.fill("#signed_on", "2026-06-01")
    with page.expect_navigation():
        page.click(".form-actions button:has-text('保存草稿')")
    assert "提交前还需填写" in page.inner_text("[data-missing]")
    page.goto("/")
    assert page.locator("[data-unsaved] li").count() == waiting - 1


def test_nothing_is_sent_while_nothing_is_typed_and_leaving_sends_the_rest(open_as):
    page, sent = open_as("filler05"), []  # of whom no other test leaves a form behind
    page.on("request", lambda asked: sent.append(asked.url) if asked.url.endswith("/autosave?part=form") else None)
    page.goto("/agreements/add")
    page.wait_for_timeout(4000)
    assert sent == []
    type_into(page, "#title", "刚写就离开")
    page.goto("/")
    page.wait_for_timeout(1000)  # what is sent on leaving arrives beside the next page
    page.reload()
    page.wait_for_selector("[data-unsaved]", timeout=5000)
    page.click("[data-unsaved] li a")
    assert page.input_value("#title") == "刚写就离开"
    page.on("dialog", lambda dialog: dialog.accept())
    with page.expect_navigation():
        page.click("[data-continued] button")
    assert not page.query_selector("[data-half-filled]")


def test_a_session_that_ended_is_said_and_what_was_typed_stays(open_as):
    page = open_as("filler02")
    page.goto("/agreements/add")
    page.wait_for_load_state("networkidle")  # a late answer would bring the session back
    page.context.clear_cookies()
    type_into(page, "#title", "午休后写的")
    page.wait_for_selector("[data-autosave-state][data-level=error]:has-text('登录已失效')")
    assert page.input_value("#title") == "午休后写的"
    open_as.troubles.clear()


def test_a_block_from_a_spreadsheet_fills_a_table_and_can_be_undone(open_as):
    page = open_as("filler01")
    page.goto("/agreements/add")
    add_row(page, "demand_items")
    page.evaluate(PASTE, ["#demand_items-0-name", BLOCK])
    page.wait_for_selector("[data-paste-said]")
    assert page.locator("[data-rows=demand_items] [data-row]").count() == 2
    first, second = "demand_items-0", "demand_items-1"
    assert page.input_value(f"#{second}-name") == "健身器材"
    assert "东侧" in page.input_value(f"#{first}-description")
    assert page.locator("[data-pasted-fault]").count() >= 2
    assert "没有这类" in page.inner_text("[data-rows=demand_items]")
    page.keyboard.press("Control+z")
    assert page.locator("[data-rows=demand_items] [data-row]").count() == 1
    assert page.input_value(f"#{first}-name") == ""


def test_what_has_no_place_in_the_table_is_named(open_as):
    page = open_as("filler01")
    page.goto("/agreements/add")
    add_row(page, "demand_items")
    page.evaluate(PASTE, ["#demand_items-0-name", "\t".join(f"第{n}列" for n in range(1, 13))])
    page.wait_for_selector("[data-paste-said]")
    assert "第12列" in page.inner_text("[data-paste-said]")


def test_files_are_brought_with_the_first_form_and_wait_with_it(open_as):
    page = open_as("filler01")
    page.goto("/agreements/add")
    type_into(page, "#title", "带附件的协议")
    pdf = {"name": "签字扫描件.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n%demo\n"}
    page.set_input_files("#file-signed_file", pdf)
    page.wait_for_selector("[data-place=signed_file] [data-staged] li[data-file]")
    assert "1 KB" in page.inner_text("[data-place=signed_file] [data-staged]")
    page.set_input_files("#file-attachments", {**pdf, "buffer": b"MZ"})
    page.wait_for_selector("[data-place=attachments] .field-error")
    assert len(open_as.troubles) == 1
    open_as.troubles.clear()
    page.wait_for_selector(KEPT)
    page.context.close()
    page = open_as("filler01")
    page.goto("/")
    page.click("[data-unsaved] li a")
    assert "签字扫描件.pdf" in page.inner_text("[data-staged]")
    with page.expect_navigation():
        page.click(".form-actions button:has-text('保存草稿')")
    assert "签字扫描件.pdf" in page.inner_text("#files")


DROP = """([selector, name]) => {
  const held = new DataTransfer(), canvas = Object.assign(document.createElement("canvas"), { width: 40, height: 20 });
  canvas.getContext("2d").fillRect(5, 5, 20, 10);
  const [, bytes] = canvas.toDataURL("image/png").split(",");
  const content = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
  held.items.add(new File([content], name, { type: "image/png" }));
  const node = document.querySelector(selector);
  const event = new DragEvent("drop", { dataTransfer: held, bubbles: true, cancelable: true });
  return node.dispatchEvent(event);
}"""


def test_pictures_are_dropped_onto_their_place_and_shown(open_as):
    page = open_as("filler01")
    page.goto("/visits/add")
    opened = page.evaluate(DROP, ["h1", "旁边.png"])
    assert not opened  # nor does the browser leave the form for a picture that missed its place
    page.evaluate(DROP, ['.field[data-place="photos"]', "慰问.png"])
    page.wait_for_selector("[data-staged] li[data-file]")
    assert page.locator("[data-staged] li").count() == 1
    assert "慰问.png" in page.inner_text("[data-staged]")
    assert page.locator("[data-staged] img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 40


def test_the_state_of_keeping_is_always_told(open_as):
    page = open_as("filler03")
    page.goto("/visits/add")
    state = page.locator("[data-autosave-state]")
    assert state.inner_text() == "尚无改动"
    type_into(page, "#findings", "家中情况")
    assert state.inner_text() == "已修改，即将暂存"
    page.wait_for_selector(KEPT)
    assert "暂存" in state.inner_text()
