"""Answers to what a page's scripts ask for may come late: after somebody has signed out or chosen another language."""

from __future__ import annotations

import pytest

from portal.accounts.sign_in import sessions
from tests.security.walk import of
from tests.test_every_ledger import readable

pytestmark = pytest.mark.one_database


def asked_beside(app, page, draft):
    """(address, what is posted) of everything that scripts ask for while a page is open."""
    for ledger in readable(app, "filler01"):
        if ledger.figures:
            yield f"/{ledger.name}/figures?part=1", None
        for name in ledger.list.filters:
            if ledger.field(name).kind.filter_widget == "link":
                yield f"/{ledger.name}/options/{name}?q=a", None
    form, typed = page.one("form.record-form"), page.filled() | {"title": "半份"}
    yield form["data-autosave"], typed
    yield form["data-check"], typed
    yield page.select("[data-paste]")[0]["data-paste"], {"cells": '[["甲"]]', "first": "0"}
    yield page.select("[data-stage]")[0]["data-stage"], typed
    yield f"/agreements/check?pk={draft}", typed


def test_what_is_asked_beside_a_page_sets_no_cookie_and_brings_no_session_back(app, visit, rows, monkeypatch):
    monkeypatch.setattr(sessions, "STEP", 0)
    visitor = visit("filler01")
    page = visitor.look("/agreements/add")
    assert "Set-Cookie" in page.response.headers, "a page says that somebody is there"
    for path, typed in list(asked_beside(app, page, of(rows, 1, "draft"))):
        sent = None if typed is None else typed | {"csrf_token": visitor.token}
        with visitor.client.get(path) if sent is None else visitor.client.post(path, data=sent) as answer:
            assert answer.status_code == 200, path
            assert "Set-Cookie" not in answer.headers, path


def test_pages_without_news_set_no_cookie_either(visit):
    visitor = visit("filler01")
    visitor.look("/agreements/list/")
    assert "Set-Cookie" not in visitor.look("/agreements/list/").response.headers
