"""Keeping agreements: what may be edited, deleted and added under them, by whom, and two people at once."""

from __future__ import annotations

import re

import pytest

from portal.ledgers.cobuilding import STATUSES, agreements

pytestmark = pytest.mark.one_database

ACTIVITY = {"held_on": "2026-06-20", "activity_type": "3", "theme": "楼院清洁", "unit_count": "5"}


def of(rows, unit, status):
    """The id of an agreement of this unit in this status."""
    found = rows(
        "SELECT agreement.id FROM agreement JOIN unit ON unit.id = agreement.owner_unit_id "
        f"WHERE unit.sort_no = {unit} AND agreement.status = '{status}' ORDER BY agreement.id"
    )
    return found[0][0]


@pytest.mark.parametrize("status", STATUSES)
def test_only_drafts_and_returned_ones_are_edited(app, visit, rows, change, status):
    id_ = of(rows, 1, "draft")
    change(f"UPDATE agreement SET status = '{status}' WHERE id = {id_}")
    answer = visit("filler01").look(f"/agreements/edit/{id_}")
    assert answer.status == (200 if status in agreements.review.editable_in else 409)


@pytest.mark.parametrize("status", STATUSES)
def test_only_drafts_are_deleted(visit, rows, change, status):
    id_ = of(rows, 1, "draft")
    change(f"UPDATE agreement SET status = '{status}' WHERE id = {id_}")
    answer = visit("filler01").post(f"/agreements/delete/{id_}")
    assert answer.status == (302 if status == "draft" else 409)
    left = rows(f"SELECT count(*) FROM demand_item WHERE agreement_id = {id_}")[0][0]
    assert left == (0 if status == "draft" else 3)


def test_a_draft_that_has_a_number_is_not_deleted(visit, rows, change):
    id_ = of(rows, 1, "draft")
    change(f"UPDATE agreement SET record_no = 'GJ2026-001-0999' WHERE id = {id_}")
    assert visit("filler01").post(f"/agreements/delete/{id_}").status == 409


def previewed(page):
    """What a preview says will be changed, and what will not with what is said of it."""
    cannot = {row["data-id"]: " ".join(row.get_text(" ").split()) for row in page.select("[data-cannot] li")}
    return [row["data-id"] for row in page.select("[data-can] [data-id]")], cannot


def test_deleting_a_selection_is_shown_first_and_leaves_what_is_no_draft(visit, rows):
    draft, active = str(of(rows, 1, "draft")), str(of(rows, 1, "active"))
    visitor = visit("filler01")
    page = visitor.post("/agreements/action_post", {"action": "delete_selected", "rowid": [draft, active]})
    can, cannot = previewed(page)
    assert (page.status, can, list(cannot)) == (200, [draft], [active])
    assert "In force" in cannot[active]
    assert "Only drafts without a number can be deleted." in cannot[active]
    assert rows(f"SELECT count(*) FROM agreement WHERE id IN ({draft}, {active})") == [(2,)]
    assert visitor.post("/agreements/action_post", page.filled("form.batch-form")).status == 302
    assert visitor.look("/agreements/list/").notices("success") == ["1 record deleted."]
    assert rows(f"SELECT id FROM agreement WHERE id IN ({draft}, {active})") == [(int(active),)]


def test_a_selection_with_nothing_to_delete_is_told_so(visit, rows):
    active, visitor = str(of(rows, 1, "active")), visit("filler01")
    sent = {"action": "delete_selected", "rowid": active}
    assert not visitor.post("/agreements/action_post", sent).select("form.batch-form button")
    assert visitor.post("/agreements/action_post", sent, confirmed="1").status == 302
    assert visitor.look("/agreements/list/").notices("warning") == ["None of these can be changed so."]
    assert rows(f"SELECT count(*) FROM agreement WHERE id = {active}") == [(1,)]


def test_an_activity_is_added_under_an_agreement_in_force(visit, rows):
    id_ = of(rows, 1, "active")
    visitor = visit("filler01")
    answer = visitor.post(f"/coop_activities/add?agreement_id={id_}", ACTIVITY)
    assert answer.response.location == f"/agreements/show/{id_}"
    assert "楼院清洁" in visitor.look(f"/agreements/show/{id_}").words


@pytest.mark.parametrize("status", ["draft", "pending_unit", "returned"])
def test_no_activity_is_added_before_an_agreement_is_in_force(visit, rows, status):
    id_ = of(rows, 1, status)
    visitor = visit("filler01")
    assert visitor.look(f"/coop_activities/add?agreement_id={id_}").status == 409
    assert visitor.post(f"/coop_activities/add?agreement_id={id_}", ACTIVITY).status == 409


def test_no_activity_is_added_under_somebody_elses_agreement(visit, rows):
    id_ = of(rows, 2, "active")
    assert visit("filler01").post(f"/coop_activities/add?agreement_id={id_}", ACTIVITY).status == 404


def test_activities_freeze_with_their_agreement(visit, rows, change):
    id_ = of(rows, 1, "active")
    activity = rows(f"SELECT id FROM coop_activity WHERE agreement_id = {id_}")[0][0]
    change(f"UPDATE agreement SET status = 'terminated' WHERE id = {id_}")
    visitor = visit("filler01")
    assert visitor.look(f"/coop_activities/edit/{activity}").status == 409
    assert visitor.post(f"/coop_activities/delete/{activity}").status == 409


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"held_on": "2026-07-01"}, "held_on"),
        ({"held_on": ""}, "held_on"),
        ({"activity_type": ""}, "activity_type"),
        ({"theme": ""}, "theme"),
        ({"theme": "字" * 81}, "theme"),
        ({"unit_count": "-1"}, "unit_count"),
        ({"volunteer_theme": "2"}, "volunteer_theme"),
    ],
)
def test_a_wrong_activity_is_refused_at_its_field(visit, rows, typed, field):
    answer = visit("filler01").post(f"/coop_activities/add?agreement_id={of(rows, 1, 'active')}", ACTIVITY | typed)
    assert list(answer.errors()) == [field]


def test_a_field_that_was_not_sent_stays_as_it_is(visit, rows):
    id_ = of(rows, 1, "draft")
    before = rows(f"SELECT content, a_phone, coop_modes FROM agreement WHERE id = {id_}")
    assert visit("filler01").post(f"/agreements/edit/{id_}", remark="只改这一处").status == 302
    assert rows(f"SELECT content, a_phone, coop_modes FROM agreement WHERE id = {id_}") == before
    assert rows(f"SELECT count(*) FROM demand_item WHERE agreement_id = {id_}") == [(3,)]
    assert rows(f"SELECT remark FROM agreement WHERE id = {id_}") == [("只改这一处",)]


def test_the_second_of_two_editors_is_told_and_loses_nothing(visit, rows):
    id_ = of(rows, 1, "draft")
    visitor = visit("filler01")
    first = visitor.look(f"/agreements/edit/{id_}").filled()
    second = dict(first) | {"remark": "后到"}
    assert visitor.post(f"/agreements/edit/{id_}", first | {"remark": "先到"}).status == 302
    answer = visitor.post(f"/agreements/edit/{id_}", second)
    assert "Somebody else saved this record meanwhile." in answer.notices("error")[0]
    assert answer.one("#remark")["value"] == "后到"
    assert rows(f"SELECT remark FROM agreement WHERE id = {id_}") == [("先到",)]
    assert visitor.post(f"/agreements/edit/{id_}", answer.filled()).status == 302
    assert rows(f"SELECT remark FROM agreement WHERE id = {id_}") == [("后到",)]


def test_a_refused_edit_changes_nothing_and_shows_what_was_typed(visit, rows):
    id_ = of(rows, 1, "draft")
    before = rows(f"SELECT * FROM agreement WHERE id = {id_}"), rows("SELECT * FROM demand_item ORDER BY id")
    visitor = visit("filler01")
    typed = visitor.look(f"/agreements/edit/{id_}").filled() | {"content": "新内容", "effective_to": "2000-01-01"}
    typed["demand_items-1-name"] = "改了名"
    answer = visitor.post(f"/agreements/edit/{id_}", typed)
    assert "effective_to" in answer.errors()
    assert answer.filled() | {"csrf_token": ""} == typed | {"csrf_token": ""}
    assert (rows(f"SELECT * FROM agreement WHERE id = {id_}"), rows("SELECT * FROM demand_item ORDER BY id")) == before


def test_rows_are_changed_removed_added_and_moved_in_one_save(visit, rows):
    id_ = of(rows, 1, "draft")
    visitor = visit("filler01")
    typed = visitor.look(f"/agreements/edit/{id_}").filled()
    kept = {f"resource_items-{n}-": f"resource_items-{1 - n}-" for n in (0, 1)}
    moved = {
        kept.get(name[: len("resource_items-0-")], "") + name[len("resource_items-0-") :]: text
        for name, text in typed.items()
        if name[: len("resource_items-0-")] in kept
    }
    fresh = {
        "resource_items-2-id": "new-7",
        "resource_items-2-name": "新资源",
        "resource_items-2-category": "4",
        "resource_items-2-status": "free",
    }
    gone = {name: None for name in typed if name.startswith("demand_items-2-")}
    before = [name for (name,) in rows(f"SELECT name FROM resource_item WHERE agreement_id = {id_} ORDER BY position")]
    assert visitor.post(f"/agreements/edit/{id_}", typed | moved | fresh | gone).status == 302
    after = rows(f"SELECT name FROM resource_item WHERE agreement_id = {id_} ORDER BY position")
    assert [name for (name,) in after] == [*reversed(before), "新资源"]
    assert rows(f"SELECT count(*) FROM demand_item WHERE agreement_id = {id_}") == [(2,)]


def test_a_row_of_another_agreement_cannot_be_taken(visit, rows):
    id_ = of(rows, 1, "draft")
    theirs = rows("SELECT id, name FROM demand_item WHERE agreement_id = " + str(of(rows, 2, "draft")))[0]
    visitor = visit("filler01")
    typed = visitor.look(f"/agreements/edit/{id_}").filled() | {"demand_items-0-id": str(theirs[0])}
    assert visitor.post(f"/agreements/edit/{id_}", typed).status == 200
    assert rows(f"SELECT name FROM demand_item WHERE id = {theirs[0]}") == [(theirs[1],)]


def test_the_committees_office_files_on_behalf_of_a_unit(visit, rows, agreement):
    answer = visit("reviewer").post("/agreements/add", agreement)
    assert answer.status == 302
    found = rows(
        "SELECT proxy_filled, unit.sort_no FROM agreement JOIN unit ON unit.id = owner_unit_id "
        "ORDER BY agreement.id DESC LIMIT 1"
    )
    assert (bool(found[0][0]), found[0][1]) == (True, 1)


def test_bulk_publication_changes_the_selection_only(visit, rows):
    id_ = of(rows, 1, "draft")
    sent = {"action": "publish_public", "rowid": [str(id_)], "confirmed": "1"}
    answer = visit("filler01").post("/agreements/action_post", sent)
    assert answer.status == 302
    assert rows("SELECT count(*) FROM agreement WHERE publish_scope = 'public'") == [(1,)]


def test_a_status_cannot_be_set_through_the_form(visit, rows):
    id_ = of(rows, 1, "draft")
    visit("filler01").post(f"/agreements/edit/{id_}", status="active", record_no="GJ2026-001-0777", owner_unit_id="2")
    assert rows(f"SELECT status, record_no FROM agreement WHERE id = {id_}") == [("draft", None)]


@pytest.mark.slow
@pytest.mark.parametrize("status", STATUSES)
def test_publication_of_a_selection_is_set_by_whom_its_status_allows(visit, rows, change, status):
    """A filler sets it while the record may be edited, a reviewer also in force, nobody afterwards."""
    id_ = of(rows, 1, "draft")
    change(f"UPDATE agreement SET status = '{status}', publish_scope = 'internal' WHERE id = {id_}")
    sent = {"action": "publish_organs", "rowid": [str(id_)]}
    scope = f"SELECT publish_scope FROM agreement WHERE id = {id_}"
    for account, may in (
        ("filler01", status in agreements.review.editable_in),
        ("reviewer", status in (*agreements.review.editable_in, "active")),
    ):
        can, cannot = previewed(visit(account).post("/agreements/action_post", sent))
        assert (can, list(cannot)) == (([str(id_)], []) if may else ([], [str(id_)]))
        assert rows(scope) == [("internal",)]
        assert visit(account).post("/agreements/action_post", sent, confirmed="1").status == 302
        assert rows(scope) == [("organs" if may else "internal",)]
        change(f"UPDATE agreement SET publish_scope = 'internal' WHERE id = {id_}")


def test_moves_that_ask_for_the_same_have_fields_of_their_own(visit, rows):
    id_ = of(rows, 1, "active")
    page = visit("reviewer").look(f"/agreements/show/{id_}")
    reasons = [field["id"] for field in page.select(".move-form [name=reason]")]
    assert len(set(reasons)) == len(reasons) > 1
    assert all(page.select(f'.move-form label[for="{each}"]') for each in reasons)
    answer = visit("reviewer").post(f"/agreements/{id_}/move/void", reason="短")
    assert list(answer.errors()) == ["reason"]
    assert answer.one(".move-form .is-invalid")["id"] == "void-reason"


def test_versions_of_the_same_minute_are_told_apart(visit, rows):
    id_, visitor = of(rows, 1, "draft"), visit("filler01")
    for remark in ("一", "二"):
        assert visitor.post(f"/agreements/edit/{id_}", remark=remark).status == 302
    page = visitor.look(f"/agreements/{id_}/versions")
    heads = [head.get_text() for head in page.select("table.changes thead")[0].select("th")][1:]
    assert all(re.fullmatch(r"[-0-9]+ \d\d:\d\d:\d\d · \S.*", head) for head in heads), heads


def test_a_returned_record_says_why_above_its_form_until_it_is_submitted_again(visit, rows):
    id_ = of(rows, 1, "returned")
    reason = "退回修改：请补充共建内容的具体安排。"
    visitor = visit("filler01").speak("zh_Hans")
    form = visitor.look(f"/agreements/edit/{id_}")
    assert f"{reason} 请修改： 共建内容摘要" in form.notices("warning")
    assert visitor.post(f"/agreements/edit/{id_}", form.filled() | {"_then": "submit"}).status == 302
    assert reason not in visitor.look(f"/agreements/show/{id_}").words


def test_a_save_asks_the_organisation_nothing_twice(visit, agreement, statements):
    """A rule and a derived value both need the communities of the parties."""
    visitor = visit("filler01")
    with statements() as seen:
        assert visitor.post("/agreements/add", agreement).status == 302
    asked = [each for each in seen if "SELECT party_org.community_id" in each or "SELECT unit.office_community" in each]
    assert len(asked) == 2, asked
