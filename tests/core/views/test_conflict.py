"""Two people at one record, and one form sent twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.security.walk import of


@pytest.fixture
def meeting(visit, rows):
    """The filler has a draft open and the office saves it first: its id, the filler, what the filler's form holds."""
    id_ = of(rows, 1, "draft")
    filler, office = visit("filler01"), visit("reviewer")
    typed = filler.look(f"/agreements/edit/{id_}").filled()
    theirs = office.look(f"/agreements/edit/{id_}").filled() | {"content": "工委改过的共建内容", "copies": "5"}
    assert office.post(f"/agreements/edit/{id_}", theirs).status == 302
    return id_, filler, typed


def content(rows, id_):
    return rows(f"SELECT content, copies, a_contact FROM agreement WHERE id = {id_}")[0]


def test_the_second_is_told_who_changed_what_and_loses_nothing(meeting, rows):
    id_, filler, typed = meeting
    page = filler.post(f"/agreements/edit/{id_}", typed | {"content": "单位改过的共建内容", "a_contact": "王演晨"})
    assert page.status == 200
    told = page.one("[data-conflict]").get_text(" ")
    assert "reviewer" in told
    assert "工委改过的共建内容" in told
    assert "where you both changed something, your text stands" in told
    assert "replace" not in page.words
    assert [each["data-clash"] for each in page.select("[data-clash]")] == ["content"]
    assert content(rows, id_)[:2] == ("工委改过的共建内容", 5)
    again = page.filled()
    assert (again["content"], again["a_contact"]) == ("单位改过的共建内容", "王演晨")
    assert again["copies"] == "5"  # only the office changed it, so it stays theirs
    assert filler.post(f"/agreements/edit/{id_}", again).status == 302
    assert content(rows, id_) == ("单位改过的共建内容", 5, "王演晨")


def test_both_texts_can_be_kept(meeting, rows):
    id_, filler, typed = meeting
    again = filler.post(f"/agreements/edit/{id_}", typed | {"content": "单位改过的共建内容"}).filled()
    assert filler.post(f"/agreements/edit/{id_}", again | {"_both": "content"}).status == 302
    assert content(rows, id_)[0] == "工委改过的共建内容\n单位改过的共建内容"


def test_a_third_save_in_between_is_told_of_again(meeting, visit, rows):
    id_, filler, typed = meeting
    again = filler.post(f"/agreements/edit/{id_}", typed | {"content": "单位改过的共建内容"}).filled()
    office = visit("reviewer02")
    theirs = office.look(f"/agreements/edit/{id_}").filled() | {"content": "又改了一次的共建内容"}
    assert office.post(f"/agreements/edit/{id_}", theirs).status == 302
    page = filler.post(f"/agreements/edit/{id_}", again)
    assert "reviewer02" in page.one("[data-conflict]").get_text(" ")
    assert content(rows, id_)[0] == "又改了一次的共建内容"


def visit_form(visitor, rows):
    id_ = rows("SELECT id FROM pairing WHERE status = 'active' ORDER BY id LIMIT 1")[0][0]
    page = visitor.look(f"/pairings/show/{id_}")
    link = next(a["href"] for a in page.select("a[href^='/visits/add']"))
    return link, visitor.look(link).filled() | {"findings": "重复提交的走访", "visited_on": "2026-06-01"}


def test_the_same_form_sent_twice_makes_one_record(visit, rows):
    visitor = visit("filler01")
    path, typed = visit_form(visitor, rows)
    first, second = (visitor.post(path, typed) for _ in range(2))
    assert (first.status, second.status) == (302, 302)
    assert first.response.location == second.response.location
    assert rows("SELECT count(*) FROM visit WHERE findings = '重复提交的走访'") == [(1,)]


def test_five_at_the_same_time_make_one_record(visit, rows):
    visitors = [visit("filler01") for _ in range(5)]
    path, typed = visit_form(visitors[0], rows)
    with ThreadPoolExecutor(5) as pool:
        statuses = list(pool.map(lambda visitor: visitor.post(path, typed).status, visitors))
    assert 302 in statuses
    assert set(statuses) <= {200, 302}
    assert rows("SELECT count(*) FROM visit WHERE findings = '重复提交的走访'") == [(1,)]


def test_a_new_page_makes_a_new_record_and_nobody_uses_anothers_key(visit, rows):
    visitor = visit("filler01")
    path, typed = visit_form(visitor, rows)
    visitor.post(path, typed)
    assert visit_form(visitor, rows)[1]["_once"] != typed["_once"]
    foreign = {name: text for name, text in typed.items() if name != "csrf_token"}
    assert visit("filler02").post("/visits/add", foreign).status == 200
    assert rows("SELECT count(*) FROM visit WHERE findings = '重复提交的走访'") == [(1,)]
