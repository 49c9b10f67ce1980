"""A review is of what was seen: a page that shows a former version of a record does nothing to the newer one."""

from __future__ import annotations

import pytest

from tests.core.api.conftest import Rest
from tests.ledgers.test_files import PDF, bring
from tests.security.walk import of, unchanged, unit_id

pytestmark = pytest.mark.one_database


def sent_by(page, transition):
    """What the button of a transition sends, as its page stands."""
    form = page.one(f'button[data-move="{transition}"]').find_parent("form")
    return {field["name"]: field.get("value", "") for field in form.select("input[name]")}


def changed(visit, rows, id_, text="看过之后改的内容"):
    """The record goes back, is changed and handed in again while somebody has its page open."""
    why = {"field": "content", "reason": "请补充具体安排。"}
    assert visit("secretary01").post(f"/agreements/{id_}/move/return", why).status == 302
    filler = visit("filler01")
    typed = filler.look(f"/agreements/edit/{id_}").filled() | {"content": text}
    assert filler.post(f"/agreements/edit/{id_}", typed, _then="submit").status == 302
    assert rows(f"SELECT status FROM agreement WHERE id = {id_}") == [("pending_unit",)]


def test_what_was_changed_is_shown_in_place_of_being_approved(visit, rows):
    id_, reviewer = of(rows, 1, "pending_unit"), visit("secretary01")
    seen = sent_by(reviewer.look(f"/agreements/show/{id_}"), "approve")
    changed(visit, rows, id_)
    with unchanged(rows):
        page = reviewer.post(f"/agreements/{id_}/move/approve", seen)
    assert page.status == 409
    told = page.one("[data-newer]").get_text(" ")
    assert "filler01" in told
    assert "看过之后改的内容" in told
    assert page.select(f'[data-newer] a[href="/agreements/{id_}/versions"]')
    assert reviewer.post(f"/agreements/{id_}/move/approve", sent_by(page, "approve")).status == 302
    assert rows(f"SELECT status FROM agreement WHERE id = {id_}") == [("pending_committee",)]


def test_what_was_typed_into_a_refused_move_stays_typed(visit, rows):
    id_, reviewer = of(rows, 1, "pending_unit"), visit("secretary01")
    seen = sent_by(reviewer.look(f"/agreements/show/{id_}"), "return")
    changed(visit, rows, id_)
    page = reviewer.post(f"/agreements/{id_}/move/return", seen | {"field": "title", "reason": "标题请改正一下"})
    assert page.status == 409
    assert page.one("details.move[open] textarea").text.strip() == "标题请改正一下"
    for wrong in ("0", "x", "-1", "999", "9" * 40):
        with unchanged(rows):
            assert reviewer.post(f"/agreements/{id_}/move/approve", version=wrong).status == 409


def test_rows_and_files_of_a_record_are_part_of_what_was_seen(visit, rows):
    id_, office = of(rows, 1, "active"), visit("reviewer")
    filler = visit("filler01")

    def row():
        typed = filler.look(f"/agreements/{id_}/lists").filled() | {"resource_items-0-quantity": "每周三次"}
        return filler.post(f"/agreements/{id_}/lists", typed).status

    def file():
        return bring(filler, id_, "attachments", ("附件.pdf", PDF)).status

    for change in (row, file):
        seen = sent_by(office.look(f"/agreements/show/{id_}"), "void")
        assert change() == 302
        with unchanged(rows):
            page = office.post(f"/agreements/{id_}/move/void", seen | {"reason": "重复登记，作废。"})
        assert (page.status, "每周三次" in page.one("[data-newer]").text) == (409, change is row)


def test_a_file_is_in_nobodys_way_who_has_the_form_open(visit, rows):
    id_, filler = of(rows, 1, "draft"), visit("filler01")
    typed = filler.look(f"/agreements/edit/{id_}").filled() | {"content": "改过的共建内容"}
    assert bring(filler, id_, "attachments", ("附件.pdf", PDF), ("另一附件.pdf", PDF)).status == 302
    assert filler.post(f"/agreements/edit/{id_}", typed).status == 302


def test_a_selection_leaves_out_and_names_what_was_changed(visit, rows, change):
    change("UPDATE agreement SET status = 'pending_unit' WHERE status = 'pending_committee'")
    ids = [
        id_
        for (id_,) in rows(
            f"SELECT id FROM agreement WHERE status = 'pending_unit' AND owner_unit_id = {unit_id(rows, 1)} ORDER BY id"
        )
    ]
    reviewer, path = visit("secretary01"), "/agreements/moves/approve"
    shown = reviewer.look("/agreements/list/?status=pending_unit")
    sent = {"rowid": ids, "seen": [field["value"] for field in shown.select("input[name=seen]")]}
    assert len(sent["seen"]) == len(ids)
    changed(visit, rows, ids[0])
    page = reviewer.post(path, sent)
    assert [str(ids[0])] == [each["data-id"] for each in page.select("[data-cannot] li")]
    assert "filler01" in page.one("[data-cannot]").text
    preview = reviewer.post(path, rowid=ids).filled("form.batch-form")
    changed(visit, rows, ids[0], "预览之后又改了")
    with unchanged(rows):
        page = reviewer.post(path, preview)
    assert page.status == 409
    assert page.notices("error")
    assert rows(
        f"SELECT count(*) FROM agreement WHERE id IN ({', '.join(map(str, ids))}) AND status <> 'pending_unit'"
    ) == [(0,)]


def test_a_changed_draft_is_not_deleted_and_not_published_by_a_former_page(visit, rows):
    id_, filler = of(rows, 1, "draft"), visit("filler01")
    page = filler.look(f"/agreements/show/{id_}")
    form = page.one(f'form[action="/agreements/delete/{id_}"]')
    seen = {field["name"]: field["value"] for field in form.select("input[name]")}
    preview = filler.post("/agreements/action_post", action="delete_selected", rowid=str(id_)).filled("form.batch-form")
    office = visit("reviewer")
    theirs = office.look(f"/agreements/edit/{id_}").filled() | {"content": "工委改过的共建内容"}
    assert office.post(f"/agreements/edit/{id_}", theirs).status == 302
    with unchanged(rows):
        answer = filler.post(f"/agreements/delete/{id_}", seen)
        assert answer.status == 409
        assert "工委改过的共建内容" in answer.one("[data-newer]").text
        assert filler.post("/agreements/action_post", preview).status == 409
    version = answer.one(f'form[action="/agreements/delete/{id_}"] input[name=version]')["value"]
    assert filler.post(f"/agreements/delete/{id_}", version=version).status == 302


def test_programs_say_what_they_saw_with_every_move_and_deletion(visit, rows):
    draft, filler = of(rows, 1, "draft"), Rest(visit("filler01"))
    path = f"agreements/{draft}"
    filler.get(path)
    tag = filler.answer.headers["ETag"]
    assert filler.put(path, {"content": "改过的共建内容"}, headers={"If-Match": tag})[0] == 200
    with unchanged(rows):
        for ask in (lambda **sent: filler.post(f"{path}/submit", **sent), lambda **sent: filler.delete(path, **sent)):
            status, told = ask()
            assert (status, list(told["errors"])) == (422, ["version"])
            assert ask(headers={"If-Match": "*"})[0] == 422
            for stale in (tag, f"W/{tag}", '"x"', f'{tag}, "99"'):
                assert ask(headers={"If-Match": stale})[0] == 412, stale
            status, told = ask(json={"version": 1})
            assert status == 409
            assert told["changes"][0]["after"] == "改过的共建内容"
            assert ask(json={"version": 1}, headers={"If-Match": '"2"'})[0] == 409
    assert filler.post(f"{path}/submit", headers={"If-Match": 'W/"2"'})[0] == 200


def test_a_key_is_for_what_came_with_it(visit, rows):
    filler, key = Rest(visit("filler01")), {"Idempotency-Key": "0f8fad5b-d9cb-469f-a165-70867728950e"}
    before = rows("SELECT count(*) FROM agreement")[0][0]
    sent = {"title": "同一个键的协议", "agreement_type": "1"}
    assert [filler.post("agreements/", sent, headers=key)[0] for _ in range(2)] == [201, 200]
    for other in (sent | {"title": "另一份协议"}, {"title": "同一个键的协议"}):
        assert filler.post("agreements/", other, headers=key)[0] == 422
    assert filler.post("study_groups/", {"name": "同一个键的小组"}, headers=key)[0] == 422
    assert rows("SELECT count(*) FROM agreement") == [(before + 1,)]


def test_what_is_typed_after_going_back_to_a_saved_form_is_not_lost(visit, rows):
    filler = visit("filler01")
    typed = filler.look("/agreements/add").filled() | {"title": "第一份协议", "agreement_type": "1"}
    assert filler.post("/agreements/add", typed).status == 302
    page = filler.post("/agreements/add", typed | {"title": "第二份协议"})
    assert page.status == 200
    assert "第一份协议" in " ".join(page.notices("error"))
    assert page.filled()["title"] == "第二份协议"
    assert filler.post("/agreements/add", page.filled()).status == 302
    assert rows("SELECT count(*) FROM agreement WHERE title IN ('第一份协议', '第二份协议')") == [(2,)]


def test_steps_of_review_chosen_from_a_former_page_change_nothing(visit, rows):
    first, second = visit("reviewer"), visit("reviewer02")
    stale = second.look("/reviews/list/").filled("form[action='/reviews/edit']")
    now = first.look("/reviews/list/").filled("form[action='/reviews/edit']")
    assert first.post("/reviews/edit", now | {"agreements": "2"}).status == 302
    with unchanged(rows):
        answer = second.post("/reviews/edit", stale | {"visits": "2"})
    assert answer.status == 409
    assert answer.notices("error")
