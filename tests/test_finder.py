"""Search across ledgers, and what waits for whom."""

from __future__ import annotations

import pytest

from tests.test_every_ledger import readable


@pytest.mark.parametrize("account", ["reviewer", "filler01", "town01", "auditor"])
def test_a_record_is_found_across_ledgers_as_its_list_finds_it(app, visit, account):
    visitor = visit(account)
    page = visitor.look("/search/", q="GJ20")
    found = {link["href"] for link in page.select("[data-found=agreements] li a")}
    in_list = {f"/agreements/show/{id_}" for id_ in visitor.look("/agreements/list/", q="GJ20", page_size=100).ids()}
    assert found <= in_list
    assert len(found) == min(10, len(in_list))
    assert {each["data-found"] for each in page.select("[data-found]")} <= {
        each.name for each in readable(app, account)
    }


def test_suggestions_are_links_to_records_that_may_be_opened(visit):
    visitor = visit("filler01")
    results = visitor.look("/search/suggest", q="社区").response.get_json()["results"]
    assert results
    assert all(visitor.look(each["href"]).status == 200 for each in results)


def test_what_may_be_begun_is_suggested(app, visit):
    for account in ("filler01", "auditor", "reviewer"):
        visitor = visit(account)
        results = visitor.look("/search/suggest").response.get_json()["results"]
        assert all(visitor.look(each["href"]).status == 200 for each in results)
        assert bool(results) == (account != "auditor")


@pytest.mark.parametrize(("text", "status"), [("x", 200), ("", 200), ("x" * 201, 400), ("a b c d e f g h i", 400)])
def test_texts_that_are_too_short_or_too_long_find_nothing(visit, text, status):
    page = visit("reviewer").look("/search/", q=text)
    assert page.status == status
    assert not page.select("[data-found]")


@pytest.mark.parametrize(
    ("account", "verb", "status"),
    [("secretary01", "approve", "pending_unit"), ("reviewer", "approve_committee", "pending_committee")],
)
def test_what_waits_for_a_reviewer_is_what_they_may_approve(app, visit, change, account, verb, status):
    for ledger in readable(app, account):  # so that nothing waits for another reason
        if "returned" in ledger.review.statuses:
            change(f"UPDATE {ledger.model.__tablename__} SET status = 'draft' WHERE status = 'returned'")
    visitor = visit(account)
    told = visitor.look("/waiting").response.get_json()["ledgers"]
    assert told
    for ledger in readable(app, account):
        ids = (
            visitor.look(f"/{ledger.name}/list/", status=status, page_size=100).ids() if ledger.review.statuses else []
        )
        pages = [visitor.look(f"/{ledger.name}/show/{id_}") for id_ in ids]
        offered = [page for page in pages if page.select(f'[data-move="{verb}"]')]
        assert told.get(ledger.name, 0) == len(offered), ledger.name


def test_what_came_back_waits_for_its_unit(visit, rows):
    told = visit("filler01").look("/waiting").response.get_json()["ledgers"]
    (unit,) = rows(
        "SELECT unit_id FROM account_profile p JOIN ab_user u ON u.id = p.user_id WHERE username = 'filler01'"
    )[0]
    found = rows(f"SELECT count(*) FROM agreement WHERE owner_unit_id = {unit} AND status = 'returned'")[0][0]
    assert told.get("agreements", 0) == found > 0
    assert visit("auditor").look("/waiting").response.get_json()["ledgers"] == {}
