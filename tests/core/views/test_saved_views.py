"""Saved views: one's own and shared ones, which give no rights."""

from __future__ import annotations

import pytest

from tests.test_every_ledger import readable

QUERY = "status=active&order=-signed_on&columns=title%2Cstatus"


def names(visitor, ledger="agreements"):
    return [each.get_text(strip=True) for each in visitor.look(f"/{ledger}/views").select("[data-view] > a")]


def test_a_view_opens_the_list_as_it_was_kept(visit):
    visitor = visit("filler01").speak("zh_Hans")
    answer = visitor.post("/agreements/views", name="本单位履行中", query=QUERY)
    assert answer.status == 302
    there = visitor.look("/agreements/views").one("[data-view] > a")["href"]
    assert visitor.look(there).ids() == visitor.look(f"/agreements/list/?{QUERY}").ids()
    assert "本单位履行中" in visitor.look("/").words
    assert names(visit("filler02")) == []


def test_a_view_of_the_same_name_is_replaced(visit, rows):
    visitor = visit("filler01")
    for query in ("status=draft", "status=active"):
        visitor.post("/agreements/views", name="A", query=query)
    assert rows("SELECT query FROM saved_view") == [("status=active",)]


def test_the_committee_shares_views_and_units_do_not(visit, rows):
    assert visit("filler01").post("/agreements/views", name="A", query="", shared="1").status == 400
    assert visit("auditor").post("/agreements/views", name="A", query="", shared="1").status == 400
    assert rows("SELECT count(*) FROM saved_view") == [(0,)]
    visit("reviewer").post("/agreements/views", name="全区到期", query="status=expired", shared="1")
    assert names(visit("filler02")) == ["全区到期"]
    (pk,) = rows("SELECT id FROM saved_view")[0]
    assert visit("filler02").post(f"/agreements/views/{pk}/delete").status == 403
    assert visit("reviewer02").post(f"/agreements/views/{pk}/delete").status == 302
    assert [
        action
        for (action,) in rows(
            "SELECT action FROM audit_event WHERE action IN ('view_shared', 'view_unshared') ORDER BY id"
        )
    ] == [*("view_shared", "view_unshared")]


def test_nobody_opens_or_removes_the_views_of_others(visit, rows):
    visit("filler01").post("/agreements/views", name="A", query="")
    (pk,) = rows("SELECT id FROM saved_view")[0]
    for account in ("filler02", "reviewer", "admin"):
        assert visit(account).post(f"/agreements/views/{pk}/delete").status == 404
    assert visit("filler01").post(f"/visits/views/{pk}/delete").status == 404
    assert visit("filler01").post(f"/agreements/views/{pk}/delete").status == 302
    assert rows("SELECT count(*) FROM saved_view") == [(0,)]


@pytest.mark.parametrize("query", ["nothing=1", "order=search_text", "columns=x", "page_size=9999", "q=" + "x" * 300])
def test_what_is_no_list_is_no_view(visit, rows, query):
    assert visit("filler01").post("/agreements/views", name="A", query=query).status == 400
    assert rows("SELECT count(*) FROM saved_view") == [(0,)]


@pytest.mark.parametrize("name", ["", "   ", "长" * 41])
def test_a_view_needs_a_name(visit, rows, name):
    visitor = visit("filler01").speak("zh_Hans")
    page = visitor.post("/agreements/views", name=name, query="status=draft")
    assert page.one(".field-error").get_text(strip=True) == "请填写视图名称，不超过40个字。"
    assert page.one("#view-name")["value"] == name.strip()
    assert page.one("[name=query]")["value"] == "status=draft"
    assert rows("SELECT count(*) FROM saved_view") == [(0,)]


def test_every_ledger_keeps_views(app, visit):
    visitor = visit("reviewer")
    for ledger in readable(app, "reviewer"):
        assert visitor.post(f"/{ledger.name}/views", name="A", query="page_size=50").status == 302
        assert names(visitor, ledger.name) == ["A"], ledger.name
