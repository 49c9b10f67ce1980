"""Suggestions and complaints: from anybody, read and answered by whoever keeps the portal."""

from __future__ import annotations

import pytest

from tests.test_every_ledger import ACCOUNTS


@pytest.mark.parametrize("account", ["filler01", "auditor", "town01", "secadmin"])
def test_anybody_writes_and_sees_the_answer(visit, account):
    visitor = visit(account).speak("zh_Hans")
    link = visitor.look("/").one("[data-feedback-link]")["href"]
    page = visitor.look(link)
    assert page.one("[name=page]")["value"] == "/"
    assert visitor.post("/feedback/", page="/agreements/list/", text="列表希望能按街道排序").status == 302
    keeper = visit("sysadmin")
    (pk,) = [each["data-feedback"] for each in keeper.look("/feedback/list/").select("[data-feedback]")]
    assert keeper.post(f"/feedback/{pk}/answer", answer="已列入计划，下月提供").status == 302
    words = visitor.look("/feedback/").words
    assert "列表希望能按街道排序" in words
    assert "已列入计划，下月提供" in words
    assert "列表希望能按街道排序" not in visit("filler02").look("/feedback/").words


@pytest.mark.parametrize("account", ACCOUNTS)
def test_only_who_keeps_the_portal_reads_what_others_wrote(visit, account):
    status = visit(account).look("/feedback/list/").status
    assert status == (200 if account in ("admin", "sysadmin", "reviewer") else 403)


@pytest.mark.parametrize("text", ["", "短", "长" * 1001])
def test_what_is_too_short_or_too_long_stays_in_the_form(visit, rows, text):
    page = visit("filler01").post("/feedback/", page="/", text=text)
    assert page.status == 200
    assert page.one("#text").get_text() == text
    assert page.select(".field-error")
    assert rows("SELECT count(*) FROM suggestion") == [(0,)]


def test_nobody_writes_without_end(visit, rows):
    visitor = visit("filler01")
    for n in range(22):
        visitor.post("/feedback/", text=f"意见反馈第{n}条")
    assert rows("SELECT count(*) FROM suggestion") == [(20,)]


@pytest.mark.parametrize(
    "page", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", "/" + "x" * 500]
)
def test_the_page_is_a_path_of_this_portal(visit, page):
    visit("filler01").post("/feedback/", page=page, text="请看这个页面")
    links = visit("sysadmin").look("/feedback/list/").select("[data-feedback] .hint a")
    assert all(link["href"].startswith("/") and not link["href"].startswith("//") for link in links)
