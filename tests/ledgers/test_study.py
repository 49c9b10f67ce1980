"""Study groups: members, plans, sessions with attendance, and what is counted (`docs/domain` §2.4)."""

from __future__ import annotations

import pytest

from tests.security.walk import first, unchanged, unit_id


@pytest.fixture
def group(rows):
    """A running group of the first unit with its members listed."""
    return first(rows, "study_group", f"status = 'active' AND owner_unit_id = {unit_id(rows, 1)}")


@pytest.fixture
def session(visit, group):
    """The session form as it opens, with what a liaison types."""
    page = visit("filler01").look(f"/study_sessions/add?group_id={group}")
    typed = page.filled()
    # What belongs to one opening of the form is fetched anew with each sending.
    del typed["csrf_token"], typed["_once"]
    return typed | {"form": "1", "theme": "专题研讨", "summary": "围绕专题开展研讨交流。"}


def test_the_liaison_ticks_who_was_there_and_the_counts_follow(visit, rows, group, session):
    """On one screen, with four typed fields; whoever is not there is said so."""
    names = [name for name in session if name.endswith("-presence")]
    assert len(names) == 8
    assert (
        not {"due_cnt", "present_cnt", "leave_cnt"}
        & visit("filler01").look(f"/study_sessions/add?group_id={group}").filled().keys()
    )
    sent = session | {names[0]: "leave", names[1]: "absent", "_then": "submit"}
    answer = visit("filler01").post(f"/study_sessions/add?group_id={group}", sent)
    assert answer.status == 302
    [row] = rows(
        "SELECT due_cnt, present_cnt, leave_cnt, status, record_no FROM study_session WHERE theme = '专题研讨'"
    )
    assert row[:4] == (8, 6, 1, "active")
    assert row[4].startswith("XH2026-001-")


def test_nobody_of_another_group_is_ticked(visit, rows, group, session):
    stranger = first(rows, "group_member", f"group_id <> {group}")
    name = next(name for name in session if name.endswith("-group_member_id"))
    with unchanged(rows):
        answer = visit("filler01").post(f"/study_sessions/add?group_id={group}", session | {name: str(stranger)})
        assert answer.status == 200
        assert name in answer.errors()


def test_a_session_is_not_held_twice_nor_before_the_group_was_founded(visit, rows, group, session):
    visitor, path = visit("filler01"), f"/study_sessions/add?group_id={group}"
    assert visitor.post(path, session).status == 302
    with unchanged(rows):
        assert "theme" in visitor.post(path, session).errors()
        assert "held_on" in visitor.post(path, session | {"held_on": "2001-01-01", "theme": "另一主题"}).errors()


def test_a_group_is_named_and_placed_when_that_was_left_blank(visit, rows):
    unit = unit_id(rows, 1)
    people = rows(f"SELECT id, name FROM member WHERE unit_id = {unit} ORDER BY id LIMIT 3")
    typed = {
        "name": "",
        "form": "single",
        "founded_on": "2026-01-05",
        "freq": "month",
        "leader_id": str(people[0][0]),
        "liaison_id": "名册以外的人",
        "group_members-0-id": "new-0",
        "group_members-0-member_id": str(people[1][0]),
    }
    answer = visit("filler01").post("/study_groups/add", typed)
    assert answer.status == 302
    [row] = rows(
        "SELECT id, name, leader_name, liaison_name, liaison_id, member_cnt FROM study_group ORDER BY id DESC LIMIT 1"
    )
    assert row[1].startswith("区纪委监委机关青年理论学习(第")
    assert row[2:5] == (people[0][1], "名册以外的人", None)
    # Whoever leads the group is one of its members; who joined when is the day of the founding.
    members = rows(f"SELECT person_name, role, joined_on FROM group_member WHERE group_id = {row[0]} ORDER BY position")
    assert [role for _, role, _ in members] == ["member", "leader", "liaison"]
    assert row[5] == 3
    assert {str(day) for *_, day in members} == {"2026-01-05"}


def test_the_same_person_is_not_listed_twice_and_few_are_only_warned_about(visit, rows, group):
    visitor = visit("filler01")
    page = visitor.look(f"/study_groups/{group}/lists")
    typed = page.filled()
    del typed["csrf_token"]
    twice = typed | {"group_members-1-member_id": typed["group_members-0-member_id"]}
    with unchanged(rows):
        assert "group_members-1-member_id" in visitor.post(f"/study_groups/{group}/lists", twice).errors()
    without = {name: text for name, text in typed.items() if not name.startswith("group_members-7-")}
    with unchanged(rows):
        assert "was at sessions" in visitor.post(f"/study_groups/{group}/lists", without).words
    few = typed | {f"group_members-{n}-left_on": "2026-06-01" for n in range(6)}
    assert visitor.post(f"/study_groups/{group}/lists", few).status == 302
    assert "A group usually has at least three members." in visitor.look(f"/study_groups/show/{group}").words
    assert rows(f"SELECT member_cnt FROM study_group WHERE id = {group}")[0][0] < 8


def test_a_plan_is_copied_into_the_next_period_with_its_topics(visit, rows, group):
    plan = first(rows, "study_plan", f"status = 'done' AND group_id = {group}")
    answer = visit("filler01").post(f"/study_plans/{plan}/move/renew")
    assert answer.status == 302
    [copy] = rows("SELECT id, plan_year, span, status, group_id FROM study_plan ORDER BY id DESC LIMIT 1")
    assert copy[3:] == ("draft", group)
    before = rows(f"SELECT plan_year, span FROM study_plan WHERE id = {plan}")[0]
    assert (copy[1], copy[2]) != before
    topics = [rows(f"SELECT topic FROM plan_topic WHERE plan_id = {id_} ORDER BY position") for id_ in (plan, copy[0])]
    assert topics[0] == topics[1] != []


def test_the_participation_rate_is_the_sum_over_sessions(visit, rows):
    """Counted by hand: people who were there, of those expected, of the sessions of this year that count."""
    unit = unit_id(rows, 1)
    expected = rows(
        "SELECT sum(present_cnt), sum(due_cnt), count(*) FROM study_session WHERE status = 'active' AND year = 2026 "
        f"AND due_cnt IS NOT NULL AND owner_unit_id = {unit}"
    )[0]
    page = visit("filler01").look("/study_sessions/figures")
    assert page.one('[data-figure="participation"] .hint').get_text(strip=True) == f"{expected[0]} / {expected[1]}"
    assert str(expected[2]) in page.words


def test_who_asked_for_an_end_does_not_confirm_it_whoever_saved_meanwhile(visit, rows, change):
    id_ = first(rows, "study_group", f"status = 'active' AND owner_unit_id = {unit_id(rows, 1)}")
    change(f"UPDATE study_group SET proxy_filled = TRUE WHERE id = {id_}")
    office, sent = visit("reviewer02"), {"terminated_on": "2026-06-30", "terminate_reason": "merged"}
    assert office.post(f"/study_groups/{id_}/move/terminate", sent).status == 302
    page = visit("filler01").look(f"/study_groups/{id_}/lists").filled()
    page |= {"group_members-0-leave_reason": "工作调动"}
    assert visit("filler01").post(f"/study_groups/{id_}/lists", page).status == 302
    assert office.post(f"/study_groups/{id_}/move/terminate", sent).status == 403
    assert visit("reviewer").post(f"/study_groups/{id_}/move/terminate", sent).status == 302
