"""Terms, ends and what overlaps, as offices count them (`docs/domain` §2.2–2.5.6)."""

from __future__ import annotations

import pytest

from tests.ledgers.test_assistance import PERSON, community
from tests.security.walk import first, unchanged, unit_id

pytestmark = pytest.mark.one_database
TOO_LONG = "A term of at most five years, please."


def test_a_term_of_five_years_ends_on_the_day_before_or_on_the_anniversary(visit, agreement):
    """`docs/domain` §2.2.1, 29 February included."""
    terms = [
        ("2026-01-01", "2030-12-31", True),
        ("2026-01-01", "2031-01-01", True),
        ("2026-01-01", "2031-01-02", False),
        ("2024-02-29", "2029-02-28", True),
        ("2024-02-29", "2029-03-01", False),
        ("2023-02-28", "2028-02-28", True),
    ]
    for begins, ends, fine in terms:
        typed = {"signed_on": begins, "effective_from": begins, "effective_to": ends, "office_no": f"{begins}/{ends}"}
        answer = visit("filler01").post("/agreements/add", agreement | typed)
        assert (answer.status == 302) is fine, (begins, ends)
        assert fine or answer.errors()["effective_to"] == TOO_LONG


def test_a_renewed_agreement_overlaps_until_its_last_day_but_not_with_the_one_that_follows_it(
    visit, agreement, rows, change
):
    """`docs/domain` §2.2.5."""
    assert visit("filler01").post("/agreements/add", agreement | {"office_no": "甲"}).status == 302
    old = first(rows, "agreement", "office_no = '甲'")
    change(f"UPDATE agreement SET status = 'renewed', record_no = 'GJ2026-001-9001' WHERE id = {old}")
    meets = agreement | {"office_no": "乙", "effective_from": "2027-05-31", "effective_to": "2028-05-30"}
    page = visit("filler01").post("/agreements/add", meets)
    assert "GJ2026-001-9001" in page.errors()["effective_to"]
    after = meets | {"effective_from": "2027-06-01"}
    assert visit("filler01").post("/agreements/add", after).status == 302
    new = first(rows, "agreement", "office_no = '乙'")
    change(f"UPDATE agreement SET previous_id = {old} WHERE id = {new}")
    held = visit("filler01").look(f"/agreements/edit/{new}").filled() | {"effective_from": "2027-05-31"}
    assert visit("filler01").post(f"/agreements/edit/{new}", held).status == 302


def test_what_ends_does_not_end_before_it_began(visit, rows, change):
    unit = unit_id(rows, 1)
    ends = [
        ("service_projects", "service_project", "approved_on", "complete", {"outcome": "已完成"}, "done_on"),
        ("study_groups", "study_group", "founded_on", "terminate", {"terminate_reason": "few"}, "terminated_on"),
        ("pairings", "pairing", "start_on", "terminate", {"end_reason": "1"}, "terminated_on"),
        ("agreements", "agreement", "signed_on", "terminate", {"terminate_reason": "3"}, "terminated_on"),
    ]
    for ledger, table, begun, transition, sent, ended in ends:
        id_ = first(rows, table, f"status = 'active' AND owner_unit_id = {unit}")
        change(f"UPDATE {table} SET {begun} = '2026-05-10', {ended} = NULL WHERE id = {id_}")
        if ledger == "service_projects":
            change(f"UPDATE {table} SET collected_on = '2026-05-01', acceptance_asked_on = NULL WHERE id = {id_}")
        path = f"/{ledger}/{id_}/move/{transition}"
        with unchanged(rows):
            page = visit("filler01").post(path, sent | {ended: "2026-05-09"})
            assert page.status == 200, ledger
            assert "2026-05-10" in page.errors()[ended], ledger
        assert visit("filler01").post(path, sent | {ended: "2026-05-10"}).status == 302, ledger


ENDED_BY_TWO = {
    "agreements": ("agreement", {"terminate_reason": "3"}, "Terminated on"),
    "pairings": ("pairing", {"end_reason": "1"}, "Ended on"),
    "study_groups": ("study_group", {"terminate_reason": "few"}, "Dissolved on"),
}


@pytest.mark.parametrize("ledger", ENDED_BY_TWO)
def test_the_page_says_that_an_end_waits_for_a_second_person(visit, rows, ledger):
    table, reason, label = ENDED_BY_TWO[ledger]
    id_ = first(rows, table, f"status = 'active' AND terminated_on IS NULL AND owner_unit_id = {unit_id(rows, 1)}")
    page, filler = f"/{ledger}/show/{id_}", visit("filler01").speak("en")
    assert not filler.look(page).select("[data-end-asked]")
    assert filler.post(f"/{ledger}/{id_}/move/terminate", reason | {"terminated_on": "2026-06-30"}).status == 302
    for visitor in (filler, visit("secretary01").speak("en")):
        (notice,) = visitor.look(page).select("[data-end-asked]")
        assert f"{label}: 2026-06-30" in " ".join(notice.get_text(" ").split())
    assert filler.post(f"/{ledger}/{id_}/move/withdraw").status == 302
    assert not filler.look(page).select("[data-end-asked]")


@pytest.fixture
def helped(rows):
    """(pairing, beneficiary, helper) in force of the first unit."""
    where = f"status = 'active' AND terminated_on IS NULL AND owner_unit_id = {unit_id(rows, 1)}"
    return rows(f"SELECT id, beneficiary_id, helper_member_id FROM pairing WHERE {where} ORDER BY id LIMIT 1")[0]


def new_pairing(helped, **typed):
    _, person, helper = helped
    return {
        "pair_type": "1",
        "helper_member_id": str(helper),
        "beneficiary_id": str(person),
        "start_on": "2026-06-30",
        "measures": ["01"],
        "visit_freq": "quarter",
        **typed,
    }


@pytest.mark.parametrize(
    ("until", "typed", "fine"),
    [
        ("2026-06-29", {}, True),
        ("2026-06-30", {}, False),
        (None, {}, False),
        ("2026-08-01", {"start_on": "2026-08-02"}, True),
        (None, {"start_on": "2025-01-01", "end_on": "2025-12-31"}, True),
    ],
)
def test_a_pairing_that_has_run_out_does_not_block_a_new_one(visit, rows, change, helped, until, typed, fine):
    """`docs/domain` §2.3.2: one active row per helper and beneficiary."""
    last = f"'{until}'" if until else "NULL"
    change(f"UPDATE pairing SET start_on = '2025-07-01', end_on = {last}")
    answer = visit("filler01").post("/pairings/add", new_pairing(helped, **typed))
    assert (answer.status == 302) is fine
    assert fine or "already paired" in answer.errors()["beneficiary_id"]


def test_whoever_leaves_the_list_leaves_no_pairing_unasked(visit, rows, change, helped):
    """An answer is needed as long as there are pairings in force; their end is asked for, and confirmed by another."""
    pairing, person, _ = helped
    change(f"UPDATE pairing SET start_on = '2025-07-01', end_on = NULL WHERE id = {pairing}")
    change(f"UPDATE beneficiary SET status = 'active' WHERE id = {person}")
    visitor, path = visit("filler01"), f"/beneficiaries/{person}/move/terminate"
    sent = {"terminated_on": "2026-06-15", "exit_reason": "3"}
    with unchanged(rows):
        page = visitor.post(path, sent)
        assert (page.status, page.errors().get("pairings")) == (200, "Please fill this in.")
        answer = visitor.client.post(
            f"/api/v1/beneficiaries/{person}/terminate", json=sent, headers={"X-CSRFToken": visitor.token}
        )
        assert [*answer.json["errors"]] == ["pairings"]
    assert visitor.post(path, sent | {"pairings": "end"}).status == 302
    ended = f"SELECT status, CAST(terminated_on AS TEXT), end_reason FROM pairing WHERE id = {pairing}"
    assert rows(ended) == [("active", "2026-06-15", "3")]
    assert visit("secretary01").post(f"/pairings/{pairing}/move/terminate", terminated_on="2026-06-15",
                                     end_reason="3").status == 302  # fmt: skip
    assert rows(ended)[0][0] == "terminated"


def test_pairings_may_go_on_and_nothing_is_asked_without_one(visit, rows, change, helped):
    pairing, person, _ = helped
    change(f"UPDATE beneficiary SET status = 'active' WHERE id = {person}")
    sent = {"terminated_on": "2026-06-15", "exit_reason": "3", "pairings": "keep"}
    assert visit("filler01").post(f"/beneficiaries/{person}/move/terminate", sent).status == 302
    assert rows(f"SELECT status, terminated_on FROM pairing WHERE id = {pairing}") == [("active", None)]
    alone = visit("filler01").post("/beneficiaries/add", PERSON | {"community_id": community(rows), "_then": "submit"})
    assert alone.status == 302
    alone = first(rows, "beneficiary", "substr(called, 1, 2) = '欧*'")
    sent.pop("pairings")
    assert visit("filler01").post(f"/beneficiaries/{alone}/move/terminate", sent).status == 302


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ({"phone_enc": ""}, True),
        ({"phone_enc": "", "name_enc": "欧阳 某甲"}, True),
        ({"phone_enc": "", "address_enc": ""}, True),
        ({"phone_enc": "", "address_enc": "别处一号"}, False),
        ({"phone_enc": "", "name_enc": "欧阳某乙"}, False),
        ({"phone_enc": "15400008888"}, False),
    ],
)
def test_the_same_person_without_a_telephone_is_asked_about(visit, rows, typed, asked):
    """`docs/domain` §2.3.1."""
    sent = PERSON | {"community_id": community(rows)}
    assert visit("filler01").post("/beneficiaries/add", sent).status == 302
    id_ = first(rows, "beneficiary", "substr(called, 1, 2) = '欧*'")
    answer = visit("filler01").post("/beneficiaries/add", sent | typed)
    assert (answer.status == 200) is asked
    if asked:
        reason = {f"_distinct-{id_}": "同名的另一个人，住楼上"}
        assert visit("filler01").post("/beneficiaries/add", sent | typed | reason).status == 302
    assert visit("filler02").post("/beneficiaries/add", sent | typed).status == 302, "another unit's list is not told"


def test_less_progress_needs_a_reason_also_on_the_same_day(visit, rows, change):
    """`docs/domain` §2.5.1."""
    project = first(rows, "service_project", f"status = 'active' AND owner_unit_id = {unit_id(rows, 1)}")
    change(f"DELETE FROM project_progress WHERE project_id = {project}")
    report = {"reported_on": "2026-06-20", "note": "推进中"}

    def send(percent, **more):
        return visit("filler01").post(
            f"/project_progress/add?project_id={project}", report | {"percent": percent} | more
        )

    assert send("60").status == 302
    assert "less_because" in send("50").errors()
    assert send("50", less_because="重新核定").status == 302
    [(progress,)] = rows(f"SELECT progress FROM service_project WHERE id = {project}")
    assert float(progress) == 50
    earlier = first(rows, "project_progress", f"project_id = {project}")
    held = visit("filler01").look(f"/project_progress/edit/{earlier}").filled()
    assert visit("filler01").post(f"/project_progress/edit/{earlier}", held | {"note": "改一个字"}).status == 302


def test_months_are_counted_by_the_calendar(visit, rows, change):
    """`docs/domain` §2.5.1: 24 months from the approval, half a year on the books."""
    project = first(rows, "service_project", f"status = 'active' AND owner_unit_id = {unit_id(rows, 1)}")
    change(f"UPDATE service_project SET approved_on = '2026-02-28', due_on = '2026-12-31' WHERE id = {project}")
    limits = [("extend", "2028-02-28", True), ("extend", "2028-02-29", False)]
    limits += [("defer", "2026-12-30", True), ("defer", "2026-12-31", False)]
    for put_off, until, fine in limits:
        sent = {"put_off": put_off, "until": until, "reason": "材料还没有到齐"}
        answer = visit("filler01").post(f"/project_extensions/add?project_id={project}", sent)
        assert (answer.status == 302) is fine, until
