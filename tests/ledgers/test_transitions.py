"""Statuses change by transitions only: by whom, from where, and what each does (`docs/domain` §2.1, §2.2.5)."""

from __future__ import annotations

import random

import pytest

from portal.core.declaration.workflow import TRANSITIONS
from tests.security.walk import dump, first, of, unchanged

# Every transition from every status by every role; whoever is not named may make none.
TABLE = {
    "draft": {"filler01": {"submit"}},
    "returned": {"filler01": {"submit"}, "secretary01": {"void"}, "reviewer": {"void"}},
    "pending_unit": {"filler01": {"withdraw"}, "secretary01": {"approve", "return"}},
    "pending_committee": {"secretary01": {"withdraw"}, "reviewer": {"approve_committee", "return"}},
    "active": {
        "filler01": {"renew", "amend", "terminate"},
        "secretary01": {"amend", "void"},
        "reviewer": {"amend", "void"},
    },
    "terminated": {"reviewer": {"archive"}},
    "renewed": {"reviewer": {"archive"}},
    "archived": {"reviewer": {"restore"}},
    "voided": {"secretary01": {"restore"}, "reviewer": {"restore"}},
}
# More than a return names.
NINE = [
    "title",
    "content",
    "signed_on",
    "effective_from",
    "effective_to",
    "a_contact",
    "a_phone",
    "b_contact",
    "b_phone",
]
ACCOUNTS = ("filler01", "branch01", "secretary01", "reviewer", "secretary02", "auditor", "community001")
ANSWERS = {
    "reason": "请补充共建内容的安排。",
    "field": "content",
    "terminated_on": "2026-06-30",
    "terminate_reason": "3",
    "signed_on": "2026-06-01",
}


@pytest.fixture
def standing(rows, change):
    """`standing("active")`: an agreement of the first unit, filled by filler01 in this quarter, in that status."""

    id_ = of(rows, 1, "draft")

    def put(status):
        change(
            f"UPDATE agreement SET status = '{status}', year = 2026, period = '2026Q2', record_no = 'GJ2026-001-0099', "
            f"prior_status = 'active', signed_on = '2026-06-01', effective_from = '2026-06-01', "
            f"effective_to = '2029-05-31' WHERE id = {id_}"
        )
        return id_

    return put


def expected(status, account):
    found = TABLE[status].get(account, set())
    return TABLE[status].get("filler01", set()) if account == "branch01" else found


def buttons(page):
    return {button["data-move"] for button in page.select("[data-move]")}


@pytest.mark.slow
@pytest.mark.one_database
@pytest.mark.parametrize("status", TABLE)
def test_only_these_moves_from_this_status_by_these_roles(visit, rows, standing, status):
    id_ = standing(status)
    visitors = {account: visit(account) for account in ACCOUNTS}
    before = dump(rows)
    for account, visitor in visitors.items():
        page = visitor.look(f"/agreements/show/{id_}")
        assert buttons(page) == (expected(status, account) if page.status == 200 else set()), account
        for transition in TRANSITIONS.keys() - expected(status, account):
            answer = visitor.post(f"/agreements/{id_}/move/{transition}", ANSWERS)
            assert answer.status in (403, 404, 409), f"{account} {transition}: {answer.status}"
    assert dump(rows) == before


@pytest.mark.parametrize("status", TABLE)
def test_each_move_that_is_offered_can_be_made(visit, rows, change, standing, status):
    for account, transitions in TABLE[status].items():
        for transition in sorted(transitions):
            id_ = standing(status)
            change(f"DELETE FROM agreement WHERE amends_id = {id_} OR previous_id = {id_}")
            answer = visit(account).post(f"/agreements/{id_}/move/{transition}", ANSWERS)
            assert answer.status == 302, f"{account} {transition}: {answer.errors()} {answer.notices('error')}"
            event = rows(
                f"SELECT action, username FROM audit_event WHERE action = '{transition}' ORDER BY id DESC LIMIT 1"
            )
            assert event == [(transition, account)]


def test_an_unknown_move_is_not_there(visit, rows):
    with unchanged(rows):
        for transition in ("approved", "edit", "status", "__class__", "complete"):
            assert visit("filler01").post(f"/agreements/{of(rows, 1, 'draft')}/move/{transition}").status == 404
            assert visit("filler01").look(f"/agreements/{of(rows, 1, 'draft')}/move/submit").status == 405


def test_the_number_is_given_at_the_first_submission_and_kept(visit, rows):
    id_, filler = of(rows, 1, "draft"), visit("filler01")
    assert rows(f"SELECT record_no FROM agreement WHERE id = {id_}") == [(None,)]
    filler.post(f"/agreements/{id_}/move/submit")
    number = rows(f"SELECT record_no FROM agreement WHERE id = {id_}")
    assert number[0][0].startswith("GJ2026-001-")
    filler.post(f"/agreements/{id_}/move/withdraw")
    assert rows(f"SELECT status FROM agreement WHERE id = {id_}") == [("draft",)]
    assert filler.post(f"/agreements/delete/{id_}").status == 409
    filler.post(f"/agreements/{id_}/move/submit")
    assert rows(f"SELECT record_no FROM agreement WHERE id = {id_}") == number


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "reason"),
        ({"reason": "不行", "field": "content"}, "reason"),
        ({"reason": "长" * 201, "field": "content"}, "reason"),
        ({"reason": "请再看一看这一项。"}, "field"),
        ({"reason": "请再看一看这一项。", "field": "nowhere"}, "field"),
        ({"reason": "请再看一看这些。", "field": NINE}, "field"),
    ],
)
def test_a_return_needs_a_reason_that_names_a_field(visit, rows, sent, field):
    id_, visitor = of(rows, 1, "pending_unit"), visit("secretary01")
    with unchanged(rows):
        answer = visitor.post(f"/agreements/{id_}/move/return", sent)
        assert answer.select(f"#return-{field}-error")
        assert sent.get("reason", "") in answer.one("details.move[open] textarea").text


def test_a_return_leads_the_filler_to_each_field_that_it_names(visit, rows, change):
    id_, filler = of(rows, 1, "pending_unit"), visit("filler01").speak("en")
    why = {"reason": "截止日期和需求清单请改正。", "field": ["demand_items", "effective_to"]}
    assert visit("secretary01").post(f"/agreements/{id_}/move/return", why).status == 302
    assert rows(f"SELECT return_fields FROM agreement WHERE id = {id_}") == [(",effective_to,demand_items,",)]
    for page, form in ((filler.look(f"/agreements/show/{id_}"), f"/agreements/edit/{id_}"), (None, "")):
        links = (page or filler.look(f"/agreements/edit/{id_}")).select("[data-returned] a")
        assert [link["href"] for link in links] == [f"{form}#effective_to", f"{form}#demand_items-0-name"]
    form = filler.look(f"/agreements/edit/{id_}")
    assert all(form.select(f"[id='{link['href'][1:]}']") for link in form.select("[data-returned] a"))
    told = filler.look(f"/agreements/{id_}/history").one(".timeline > li:first-child .reason").get_text()
    assert "In force until, List of needs" in told, told
    assert not visit("community001").look(f"/agreements/show/{id_}").select("[data-returned] a")


def test_several_are_returned_with_one_reason(visit, rows, change):
    change("UPDATE agreement SET status = 'pending_committee' WHERE status = 'pending_unit'")
    ids = [str(id_) for (id_,) in rows("SELECT id FROM agreement WHERE status = 'pending_committee' ORDER BY id")]
    reviewer, path = visit("reviewer"), "/agreements/moves/return"
    with unchanged(rows):
        page = reviewer.post(path, {"rowid": ids})
        assert [row["data-id"] for row in page.select("[data-can] [data-id]")] == ids
        refused = reviewer.post(path, page.filled("form.batch-form"))
        assert (refused.status, set(refused.errors())) == (200, {"reason", "field"})
    sent = page.filled("form.batch-form") | {"reason": "签订日期请再核对。", "field": ["signed_on", "content"]}
    assert reviewer.post(path, sent).status == 302
    found = rows(f"SELECT DISTINCT status, return_fields, return_reason FROM agreement WHERE id IN ({','.join(ids)})")
    assert found == [("returned", ",signed_on,content,", "签订日期请再核对。")]


def test_a_preview_shows_what_will_be_approved_with_what_the_form_warned_of(visit, rows, change):
    """What all have in common once, what differs for each of them."""
    change("UPDATE agreement SET status = 'pending_committee' WHERE status = 'pending_unit'")
    ids = [id_ for (id_,) in rows("SELECT id FROM agreement WHERE status = 'pending_committee' ORDER BY id")]
    early = "UPDATE agreement SET effective_from = '2020-01-01', effective_to = '2024-12-31'"
    change(f"{early} WHERE id = {ids[0]}")
    page = visit("reviewer").speak("en").post("/agreements/moves/approve_committee", {"rowid": list(map(str, ids))})
    heads = [head.get_text() for head in page.select("table[data-can] th")]
    shared = [each.get_text() for each in page.select("[data-shared] dt")]
    assert {"Signed on", "In force until"} <= {*heads}, heads
    assert "Originals" in shared, shared
    assert not {*heads} & {*shared}
    warned = {
        row["data-id"]: [each.get_text() for each in row.select("[data-warning]")]
        for row in page.select("[data-can] [data-id]")
    }
    assert "The agreement begins before it was signed: signed afterwards." in warned[str(ids[0])]
    assert "signed afterwards" not in " ".join(warned[str(ids[1])])


def test_a_field_may_be_named_in_the_reason_itself(visit, rows):
    id_, visitor = of(rows, 1, "pending_unit"), visit("secretary01").speak("zh_Hans")
    assert visitor.post(f"/agreements/{id_}/move/return", reason="截止日期与协议原件不一致。").status == 302
    assert rows(f"SELECT return_fields, status FROM agreement WHERE id = {id_}") == [(",effective_to,", "returned")]


def test_whoever_fills_or_changes_a_record_does_not_approve_it(visit, rows, change):
    """Acceptance test 8. Until the committee exempts the unit."""
    id_ = of(rows, 1, "pending_unit")
    user = first(rows, "ab_user", "username = 'secretary01'")
    change(f"UPDATE agreement SET filler_id = {user} WHERE id = {id_}")
    visitor = visit("secretary01")
    with unchanged(rows):
        assert visitor.post(f"/agreements/{id_}/move/approve").status == 403
        assert "approve" not in buttons(visitor.look(f"/agreements/show/{id_}"))
    unit = str(rows(f"SELECT owner_unit_id FROM agreement WHERE id = {id_}")[0][0])
    assert list(visit("reviewer").post("/reviews/exempt", unit_id=unit, reason="短").errors()) == ["reason"]
    assert visit("reviewer").post("/reviews/exempt", unit_id=unit, reason="单位仅一名党务干部").status == 302
    assert visitor.post(f"/agreements/{id_}/move/approve").status == 302


def test_an_unsigned_agreement_is_not_filed(visit, rows, change):
    id_ = of(rows, 1, "pending_unit")
    change(f"UPDATE agreement SET status = 'pending_committee', signed_on = NULL WHERE id = {id_}")
    visitor = visit("reviewer")
    with unchanged(rows):
        assert list(visitor.post(f"/agreements/{id_}/move/approve_committee").errors()) == ["signed_on"]
    sent = {"signed_on": "2026-04-05", "filing_no": "备〔2026〕77号", "filed_on": "2026-06-30"}
    assert visitor.post(f"/agreements/{id_}/move/approve_committee", sent).status == 302
    assert rows(f"SELECT status, filing_no FROM agreement WHERE id = {id_}") == [("active", "备〔2026〕77号")]


def test_the_overlap_rule_holds_at_the_moment_of_coming_into_force(visit, rows, change):
    id_, other = of(rows, 1, "pending_unit"), of(rows, 1, "active")
    change(
        "UPDATE agreement SET status = 'pending_committee', (party_b_org_id, effective_from, effective_to) = (SELECT "
        f"party_b_org_id, effective_from, effective_to FROM agreement WHERE id = {other}) WHERE id = {id_}"
    )
    number = rows(f"SELECT record_no FROM agreement WHERE id = {other}")[0][0]
    visitor = visit("reviewer")
    with unchanged(rows):
        visitor.post(f"/agreements/{id_}/move/approve_committee")
        assert number in " ".join(visitor.look(f"/agreements/show/{id_}").notices("error"))


def submitted_and_filed(visit, id_):
    assert visit("filler01").post(f"/agreements/{id_}/move/submit").status == 302
    assert visit("secretary01").post(f"/agreements/{id_}/move/approve").status == 302
    assert visit("reviewer").post(f"/agreements/{id_}/move/approve_committee", ANSWERS).status == 302


def test_a_renewal_is_the_next_link_of_a_chain(visit, rows):
    old, filler = of(rows, 1, "active"), visit("filler01")
    answer = filler.post(f"/agreements/{old}/move/renew")
    new = int(answer.response.location.rpartition("/")[2])
    begins = rows(f"SELECT previous_id, status, signed_on, record_no FROM agreement WHERE id = {new}")
    assert begins == [(old, "draft", None, None)]
    assert filler.post(f"/agreements/{old}/move/renew").status == 409
    assert rows(f"SELECT count(*) FROM resource_item WHERE agreement_id = {new}")[0][0] > 0
    submitted_and_filed(visit, new)
    assert rows(f"SELECT status FROM agreement WHERE id IN ({old}, {new}) ORDER BY id") == [("renewed",), ("active",)]


def test_an_amendment_takes_the_place_of_the_old_version_when_it_is_approved(visit, rows):
    old, filler = of(rows, 1, "active"), visit("filler01")
    kept = rows(f"SELECT record_no, content, a_contact FROM agreement WHERE id = {old}")
    answer = filler.post(f"/agreements/{old}/move/amend", reason="双方商定调整共建内容。")
    draft = int(answer.response.location.rpartition("/")[2])
    typed = filler.look(f"/agreements/edit/{draft}").filled()
    assert not any(name.startswith("demand_items") for name in typed)
    typed |= {"content": "每月会商一次。", "a_contact": "李演", "remark": "内部意见：对方配合不力"}
    assert filler.post(f"/agreements/edit/{draft}", typed).status == 302
    assert rows(f"SELECT record_no, content, a_contact, status FROM agreement WHERE id = {old}") == [
        (*kept[0], "active")
    ]
    submitted_and_filed(visit, draft)
    now = rows(f"SELECT record_no, content, a_contact, status FROM agreement WHERE id = {old}")
    assert now == [(kept[0][0], "每月会商一次。", "李演", "active")]
    assert rows(f"SELECT content, status, record_no FROM agreement WHERE id = {draft}") == [
        (kept[0][1], "archived", None)
    ]
    changes = dict(rows(f"SELECT field_name, new_value FROM agreement_change WHERE agreement_id = {old}"))
    assert changes["content"] == "每月会商一次。"
    # The unit's own notes are amended, too, and not told where the other party reads.
    assert set(changes) == {"content", "a_contact"}
    assert rows(f"SELECT remark FROM agreement WHERE id = {old}") == [("内部意见：对方配合不力",)]
    page = filler.look(f"/agreements/show/{old}")
    assert "每月会商一次。" in page.one('table[data-table="agreement_changes"]').text


def test_an_amendment_of_what_is_no_longer_in_force_is_refused(visit, rows):
    old, filler = of(rows, 1, "active"), visit("filler01")
    answer = filler.post(f"/agreements/{old}/move/amend", reason="双方商定调整共建内容。")
    draft = int(answer.response.location.rpartition("/")[2])
    filler.post(f"/agreements/{draft}/move/submit")
    visit("secretary01").post(f"/agreements/{draft}/move/approve")
    assert visit("reviewer").post(f"/agreements/{old}/move/void", reason="重复登记，作废。").status == 302
    visitor = visit("reviewer")
    with unchanged(rows):
        assert visitor.post(f"/agreements/{draft}/move/approve_committee", ANSWERS).status == 409


def test_imported_drafts_are_taken_over_by_the_committee_unless_they_overlap(visit, rows, change):
    id_, other, visitor = of(rows, 1, "draft"), of(rows, 1, "active"), visit("reviewer")
    assert visitor.post(f"/agreements/{id_}/move/adopt").status == 409
    change(f"UPDATE agreement SET source = 'import', coop_modes = NULL WHERE id = {id_}")
    term = "party_b_org_id, effective_from, effective_to"
    kept = rows(f"SELECT {term} FROM agreement WHERE id = {id_}")[0]
    change(f"UPDATE agreement SET ({term}) = (SELECT {term} FROM agreement WHERE id = {other}) WHERE id = {id_}")
    with unchanged(rows):
        visitor.post(f"/agreements/{id_}/move/adopt")
    change(f"UPDATE agreement SET ({term}) = ({kept[0]}, '{kept[1]}', '{kept[2]}') WHERE id = {id_}")
    assert visitor.post(f"/agreements/{id_}/move/adopt").status == 302
    status, number, gaps = rows(f"SELECT status, record_no, gaps FROM agreement WHERE id = {id_}")[0]
    assert status == "active"
    assert number
    assert "coop_modes" in gaps


def test_the_end_is_asked_for_by_one_and_confirmed_by_another(visit, rows):
    id_ = of(rows, 1, "active")
    sent = {"terminated_on": "2026-06-30", "terminate_reason": "3"}
    assert visit("secretary01").post(f"/agreements/{id_}/move/terminate", sent).status == 409
    assert set(visit("filler01").post(f"/agreements/{id_}/move/terminate").errors()) == {
        "terminated_on",
        "terminate_reason",
    }
    assert visit("filler01").post(f"/agreements/{id_}/move/terminate", sent).status == 302
    assert rows(f"SELECT status FROM agreement WHERE id = {id_}") == [("active",)]
    assert visit("secretary01").post(f"/agreements/{id_}/move/terminate", sent).status == 302
    assert rows(f"SELECT status, terminate_reason FROM agreement WHERE id = {id_}") == [("terminated", "3")]


def test_a_request_to_end_can_be_taken_back(visit, rows):
    id_, filler = of(rows, 1, "active"), visit("filler01")
    filler.post(f"/agreements/{id_}/move/terminate", {"terminated_on": "2026-06-30", "terminate_reason": "3"})
    assert filler.post(f"/agreements/{id_}/move/withdraw").status == 302
    assert rows(f"SELECT status, terminated_on FROM agreement WHERE id = {id_}") == [("active", None)]


def test_voiding_keeps_the_number_and_restoring_brings_the_status_back(visit, rows):
    id_, visitor = of(rows, 1, "active"), visit("reviewer")
    number = rows(f"SELECT record_no FROM agreement WHERE id = {id_}")
    with unchanged(rows):
        assert list(visitor.post(f"/agreements/{id_}/move/void").errors()) == ["reason"]
    assert visitor.post(f"/agreements/{id_}/move/void", reason="重复登记，作废。").status == 302
    assert rows(f"SELECT record_no FROM agreement WHERE id = {id_}") == number
    assert visitor.post(f"/agreements/{id_}/move/restore", reason="误操作，恢复。").status == 302
    assert rows(f"SELECT status FROM agreement WHERE id = {id_}") == [("active",)]


def test_a_units_reviewer_voids_in_the_running_quarter_only(visit, rows, change):
    id_ = of(rows, 1, "active")
    change(f"UPDATE agreement SET period = '2026Q1' WHERE id = {id_}")
    assert visit("secretary01").post(f"/agreements/{id_}/move/void", ANSWERS).status == 409
    assert visit("reviewer").post(f"/agreements/{id_}/move/void", ANSWERS).status == 302


@pytest.mark.parametrize(("tier", "after"), [(1, ["active"]), (2, ["pending_unit", "active"])])
def test_the_committee_chooses_how_many_steps_a_record_takes(visit, rows, tier, after):
    id_ = of(rows, 1, "draft")
    assert visit("filler01").post("/reviews/edit", agreements=str(tier)).status == 403
    assert visit("reviewer").post("/reviews/edit", agreements=str(tier)).status == 302
    steps = [("filler01", "submit"), ("secretary01", "approve")]
    for (account, transition), status in zip(steps, after, strict=False):
        assert visit(account).post(f"/agreements/{id_}/move/{transition}", ANSWERS).status == 302
        assert rows(f"SELECT status FROM agreement WHERE id = {id_}") == [(status,)]


def test_a_selection_is_approved_after_a_preview(visit, rows, change):
    change("UPDATE agreement SET status = 'pending_committee' WHERE status = 'pending_unit'")
    ids = [str(id_) for (id_,) in rows("SELECT id FROM agreement WHERE status = 'pending_committee' ORDER BY id")]
    draft, visitor = str(of(rows, 1, "draft")), visit("reviewer")
    with unchanged(rows):
        page = visitor.post("/agreements/moves/approve_committee", {"rowid": [*ids, draft]})
        assert [row["data-id"] for row in page.select("[data-can] [data-id]")] == ids
        assert [row["data-id"] for row in page.select("[data-cannot] li")] == [draft]
    visitor.post("/agreements/moves/approve_committee", {"rowid": ids, "confirmed": "1"})
    assert rows("SELECT count(*) FROM agreement WHERE status = 'pending_committee'") == [(0,)]


def test_all_of_a_filter_is_approved_after_a_preview(visit, rows, change):
    change("UPDATE agreement SET status = 'pending_committee' WHERE status = 'pending_unit'")
    ids = {str(id_) for (id_,) in rows("SELECT id FROM agreement WHERE status = 'pending_committee'")}
    page = visit("reviewer").post("/agreements/moves/approve_committee?status=pending_committee", {"all": "1"})
    assert {row["data-id"] for row in page.select("[data-can] [data-id]")} == ids
    assert {field["value"] for field in page.select("input[name=rowid]")} == ids


def test_a_batch_that_reaches_beyond_ones_own_changes_nothing_there(visit, rows):
    theirs = of(rows, 2, "pending_unit")
    with unchanged(rows):
        visit("secretary01").post("/agreements/moves/approve", {"rowid": [str(theirs)], "confirmed": "1"})
        assert visit("auditor").post("/agreements/moves/approve", {"rowid": [str(theirs)]}).status == 403
        assert visit("filler01").post("/agreements/moves/renew", {"rowid": "1"}).status == 404


def test_no_form_sets_a_status(visit, rows):
    id_, filler = of(rows, 1, "draft"), visit("filler01")
    typed = filler.look(f"/agreements/edit/{id_}").filled()
    smuggled = {"status": "active", "record_no": "GJ2026-001-9999", "gaps": "x", "amends_id": "1", "prior_status": "x"}
    filler.post(f"/agreements/edit/{id_}", typed | smuggled)
    found = rows(f"SELECT status, record_no, gaps, amends_id, prior_status FROM agreement WHERE id = {id_}")
    assert found == [("draft", None, None, None, None)]


@pytest.mark.slow
@pytest.mark.one_database
def test_random_walks_find_no_other_way(visit, rows, standing):
    """From a draft, whoever tries whatever: the record only ever goes where the table lets it."""
    chance = random.Random(3)
    id_ = standing("draft")
    status = "draft"
    for _ in range(120):
        account, transition = chance.choice(ACCOUNTS[:4]), chance.choice(sorted(TRANSITIONS))
        answer = visit(account).post(f"/agreements/{id_}/move/{transition}", ANSWERS)
        now = rows(f"SELECT status FROM agreement WHERE id = {id_}")[0][0]
        if now != status:
            assert transition in expected(status, account) | {"withdraw", "return", "terminate"}
            assert answer.status == 302
        status = now
        assert rows(f"SELECT record_no FROM agreement WHERE id = {id_}") == [("GJ2026-001-0099",)]


def test_an_amendment_of_numbers_and_links_is_written_down_as_it_reads(visit, rows, change):
    old, filler = of(rows, 1, "active"), visit("filler01")
    other = rows("SELECT id, full_name FROM party_org WHERE community_id IS NOT NULL ORDER BY id DESC LIMIT 1")[0]
    answer = filler.post(f"/agreements/{old}/move/amend", reason="双方商定调整共建内容。")
    draft = int(answer.response.location.rpartition("/")[2])
    typed = filler.look(f"/agreements/edit/{draft}").filled()
    sent = typed | {"plan_activity_cnt": "9", "party_b_org_id": str(other[0]), "copies": "4"}
    assert filler.post(f"/agreements/edit/{draft}", sent).status == 302
    submitted_and_filed(visit, draft)
    changes = dict(rows(f"SELECT field_name, new_value FROM agreement_change WHERE agreement_id = {old}"))
    assert changes["plan_activity_cnt"] == "9"
    assert changes["copies"] == "4"
    assert changes["party_b_org_id"] == other[1]
