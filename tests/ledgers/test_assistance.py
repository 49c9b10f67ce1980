"""Beneficiaries, pairings and visits: what is hidden, what is asked, what is counted (`docs/domain` §2.3)."""

from __future__ import annotations

import pytest

from tests.security.walk import first, unchanged, unit_id


@pytest.fixture
def pair(rows):
    """(pairing, beneficiary, helper) in force of the first unit."""
    unit = unit_id(rows, 1)
    return rows(
        "SELECT id, beneficiary_id, helper_member_id FROM pairing "
        f"WHERE status = 'active' AND owner_unit_id = {unit} ORDER BY id LIMIT 1"
    )[0]


@pytest.fixture
def new_visit(pair):
    return {
        "visited_on": "2026-06-29",
        "visit_type": "1",
        "beneficiary_id": str(pair[1]),
        "participant_ids": [str(pair[2])],
        "findings": "情况平稳。",
    }


PERSON = {
    "target_type": "1",
    "name_enc": "欧阳某甲",
    "phone_enc": "15400007777",
    "address_enc": "海棠里三号楼",
    "hardship_types": ["01", "05"],
    "info_source": "visit",
    "consent_status": "agreed",
    "consent_on": "2026-06-01",
    "review_on": "2027-06-01",
}


def community(rows):
    return str(first(rows, "area", "kind = 'community'"))


def test_a_beneficiary_is_shown_by_number_and_nothing_personal_leaves(visit, rows):
    sent = PERSON | {"community_id": community(rows), "_then": "submit"}
    assert visit("filler01").post("/beneficiaries/add", sent).status == 302
    id_ = first(rows, "beneficiary", "substr(called, 1, 2) = '欧*'")
    pages = [f"/beneficiaries/{page}" for page in (f"show/{id_}", "list/", f"{id_}/history")]
    for account in ("filler01", "reviewer", "auditor"):
        for path in pages:
            page = visit(account).look(path)
            assert page.status == 200
            for secret in ("欧阳某甲", "15400007777", "海棠里三号楼", "低保对象"):
                known = secret == "欧阳某甲" and account == "filler01" and "history" not in path
                assert known or secret not in str(page), f"{account} {path}"
    stored = rows(f"SELECT * FROM beneficiary WHERE id = {id_}")[0]
    assert not any(secret in str(stored) for secret in ("欧阳某甲", "15400007777", "海棠里三号楼"))
    shown = visit("filler01").look(f"/beneficiaries/show/{id_}").words
    assert "154****7777" in shown
    assert "2 items" in shown


def test_one_person_is_on_a_units_list_once_and_households_are_shared_across_units(visit, rows):
    sent = PERSON | {"community_id": community(rows)}
    assert visit("filler01").post("/beneficiaries/add", sent).status == 302
    with unchanged(rows):
        assert "name_enc" in visit("filler01").post("/beneficiaries/add", sent | {"name_enc": "欧阳 某甲"}).errors()
    for account in ("filler01", "filler02"):
        visitor = visit(account)
        if account == "filler02":
            assert visitor.post("/beneficiaries/add", sent).status == 302
        own = f"owner_unit_id = {unit_id(rows, int(account[-1]))}"
        person = first(rows, "beneficiary", f"substr(called, 1, 2) = '欧*' AND {own}")
        assert visitor.post(f"/beneficiaries/{person}/move/submit").status == 302
    found = rows("SELECT household_no FROM beneficiary WHERE substr(called, 1, 2) = '欧*'")
    assert len(found) == 2
    assert found[0] == found[1]


def test_a_pairing_needs_consent_before_it_is_handed_in(visit, rows, pair):
    sent = PERSON | {"community_id": community(rows), "consent_status": "", "consent_on": ""}
    assert visit("filler01").post("/beneficiaries/add", sent).status == 302
    person = first(rows, "beneficiary", "substr(called, 1, 2) = '欧*'")
    pairing = {
        "pair_type": "1",
        "helper_member_id": str(pair[2]),
        "beneficiary_id": str(person),
        "start_on": "2026-06-01",
        "measures": ["01"],
        "visit_freq": "quarter",
    }
    visitor = visit("filler01")
    assert visitor.post("/pairings/add", pairing).status == 302
    id_ = first(rows, "pairing", f"beneficiary_id = {person}")
    answer = visitor.post(f"/pairings/{id_}/move/submit")
    assert "beneficiary_id" in answer.errors()
    assert rows(f"SELECT status FROM pairing WHERE id = {id_}") == [("draft",)]


def test_a_household_in_two_communities_is_only_warned_about(visit, rows):
    visitor, (here, there) = visit("filler01"), rows("SELECT id FROM area WHERE kind = 'community' LIMIT 2")
    sent = PERSON | {"community_id": str(here[0])}
    assert visitor.post("/beneficiaries/add", sent).status == 302
    first_one = first(rows, "beneficiary", "substr(called, 1, 2) = '欧*'")
    other = sent | {"name_enc": "欧阳某乙", "community_id": str(there[0]), "same_household_id": str(first_one)}
    assert visitor.post("/beneficiaries/add", other).status == 302
    assert "The household would lie in two communities." in visitor.look("/").words
    assert len({row[0] for row in rows("SELECT household_no FROM beneficiary WHERE substr(called, 1, 2) = '欧*'")}) == 1


@pytest.mark.parametrize("way", ["delete", "action"])
def test_somebody_who_is_named_by_a_pairing_is_not_deleted(visit, rows, pair, way):
    assert visit("filler01").post("/beneficiaries/add", PERSON | {"community_id": community(rows)}).status == 302
    person = first(rows, "beneficiary", "substr(called, 1, 2) = '欧*'")
    sent = {"pair_type": "1", "helper_member_id": str(pair[2]), "beneficiary_id": str(person), "start_on": "2026-06-01"}
    assert visit("filler01").post("/pairings/add", sent | {"measures": ["01"], "visit_freq": "month"}).status == 302
    path = f"/beneficiaries/delete/{person}" if way == "delete" else f"/beneficiaries/action/delete_selected/{person}"
    with unchanged(rows):
        answer = visit("filler01").post(path, confirmed="1")
        assert answer.status == 409
        assert "Other records name this one" in answer.words


@pytest.mark.parametrize(("account", "right"), [("filler01", False), ("filler02", True), ("reviewer", True)])
def test_a_branch_that_helps_is_one_of_the_own_unit(visit, rows, account, right):
    branch = rows(
        "SELECT min(party_org.id) FROM party_org JOIN unit_org ON unit_org.party_org_id = party_org.id "
        f"WHERE unit_org.unit_id = {unit_id(rows, 2)} AND party_org.org_type = '40'"
    )[0][0]
    person = first(rows, "beneficiary", f"owner_unit_id = {unit_id(rows, 1 if account == 'filler01' else 2)}")
    sent = {"pair_type": "2", "helper_org_id": str(branch), "beneficiary_id": str(person), "start_on": "2026-06-01"}
    unit = {"owner_unit_id": str(unit_id(rows, 2))} if account == "reviewer" else {}
    answer = visit(account).post("/pairings/add", sent | unit | {"measures": ["01"], "visit_freq": "month"})
    assert answer.status == (302 if right else 200)
    assert ("helper_org_id" in answer.errors()) is not right


def test_the_two_are_paired_once(visit, rows, pair):
    sent = {
        "pair_type": "1",
        "helper_member_id": str(pair[2]),
        "beneficiary_id": str(pair[1]),
        "start_on": "2026-06-01",
        "measures": ["01"],
        "visit_freq": "quarter",
    }
    with unchanged(rows):
        assert "beneficiary_id" in visit("filler01").post("/pairings/add", sent).errors()


def test_a_visit_is_begun_from_its_pairing(visit, rows, pair):
    """Two fields are left to type."""
    page = visit("filler01").look(f"/pairings/show/{pair[0]}")
    way = page.one('a[href^="/visits/add?"]')["href"]
    typed = visit("filler01").look(way).filled()
    assert typed["beneficiary_id"] == str(pair[1])
    assert str(pair[2]) in typed["participant_ids"]
    assert typed["visited_on"] == "2026-06-30"
    del typed["csrf_token"]
    answer = visit("filler01").post("/visits/add", typed | {"findings": "身体好转。", "_then": "submit"})
    assert answer.status == 302
    [(status, called)] = rows("SELECT status, called FROM visit WHERE findings = '身体好转。'")
    assert (status, bool(called)) == ("active", True)


def test_the_same_visit_again_is_asked_about_and_the_answer_is_remembered(visit, rows, new_visit):
    visitor = visit("filler01")
    assert visitor.post("/visits/add", new_visit).status == 302
    with unchanged(rows):
        page = visitor.post("/visits/add", new_visit)
        assert page.status == 200
        [doubt] = page.select("[data-doubt]")
        assert doubt.select_one(f'a[href="/visits/show/{doubt["data-doubt"]}"]')
        assert page.filled("form.record-form")["findings"] == new_visit["findings"]
        answer = f"_distinct-{doubt['data-doubt']}"
        assert visitor.post("/visits/add", new_visit | {answer: "短"}).select("[data-doubt] .field-error")
    assert visitor.post("/visits/add", new_visit | {answer: "上午、下午各去一次。"}).status == 302
    assert rows("SELECT ledger, reason FROM distinct_record") == [("visits", "上午、下午各去一次。")]
    id_ = rows("SELECT max(id) FROM visit")[0][0]
    typed = visitor.look(f"/visits/edit/{id_}").filled()
    del typed["csrf_token"]
    assert visitor.post(f"/visits/edit/{id_}", typed | {"findings": "补充说明。"}).status == 302


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"beneficiary_id": ""}, "beneficiary_id"),
        ({"target_name": "演示精密01有限公司"}, "target_name"),
        ({"participant_ids": []}, "participant_ids"),
        ({"visited_on": "2026-07-01"}, "visited_on"),
        ({"findings": "联系电话13900000000"}, "findings"),
    ],
)
def test_a_visit_that_cannot_be_is_refused_at_its_field(visit, rows, new_visit, changes, field):
    with unchanged(rows):
        sent = new_visit | changes | {"_then": "submit"}
        assert field in visit("filler01").post("/visits/add", sent).errors()


def test_households_are_counted_once_however_often_they_are_visited(visit, rows):
    """Against a count by hand; calls and other kinds of people are left out."""
    unit = unit_id(rows, 1)
    expected = rows(
        "SELECT count(DISTINCT b.household_no), count(DISTINCT v.id) FROM visit v "
        "JOIN beneficiary b ON b.id = v.beneficiary_id WHERE v.status = 'active' AND v.visit_type <> '6' "
        f"AND b.target_type = '1' AND v.visited_on > '2024-06-30' AND v.owner_unit_id = {unit}"
    )[0]
    assert 0 < expected[0] < expected[1]
    page = visit("filler01").look("/visits/figures")
    assert page.one('[data-figure="households"] [data-value]').get_text(strip=True) == str(expected[0])


def test_visits_overdue_are_those_without_one_in_time(visit, rows):
    unit = unit_id(rows, 1)
    expected = {
        id_
        for id_, person, start in rows(
            f"SELECT id, beneficiary_id, start_on FROM pairing WHERE status = 'active' AND owner_unit_id = {unit} "
            "AND (end_on IS NULL OR end_on >= '2026-06-30')"
        )
        if str(start) <= "2026-03-30"
        and not rows(
            f"SELECT id FROM visit WHERE beneficiary_id = {person} AND status = 'active' AND visit_type <> '6' "
            f"AND visited_on > '2026-03-30' AND owner_unit_id = {unit}"
        )
    }
    listed = {int(i) for i in visit("filler01").look("/pairings/list/?status=unvisited").ids()}
    assert listed == expected != set()
