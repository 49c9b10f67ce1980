"""The matrix of a role, and all roles beside each other: what they say, mark and change."""

from __future__ import annotations

import pytest
from flask_babel import force_locale

from portal.permissions.right_words import OWN, PURPOSES, SEEN
from portal.permissions.roles import BY_CODE, DESKS, PRESETS, SCOPES
from tests.security.walk import first, give, take, unchanged

pytestmark = pytest.mark.one_database

SPREAD = "/roles/spread/edit"


def line(page, ledger):
    return page.one(f'tr[data-ledger="{ledger}"]')


def said(page, ledger):
    return " ".join(line(page, ledger).select_one("[data-sentence]").get_text().split())


def test_every_right_of_a_ledger_stands_in_the_column_of_its_name(app, visit, page_of):
    page = visit("secadmin").look(page_of("gw_reviewer"))
    heads = [head["data-column"] for head in page.select(".role-matrix thead [data-column]")]
    for ledger in app.extensions["portal.ledgers"]:
        cells = line(page, ledger.name).select("td")[2:]
        boxes = [cell.select_one("[data-verb]") for cell in cells]
        assert [box and box["data-verb"] for box in boxes] == [verb if verb in ledger.verbs else None for verb in heads]


def test_ledgers_stand_in_the_groups_of_the_menu(app, visit, page_of):
    page = visit("secadmin").look(page_of("gw_reviewer"))
    found = {
        group.select_one("[data-fold]").get_text(): [row["data-ledger"] for row in group.select("tr[data-ledger]")]
        for group in page.select(".role-matrix tbody[data-group]")
    }
    expected: dict[str, list[str]] = {}
    with app.test_request_context(), force_locale("en"):
        for ledger in app.extensions["portal.ledgers"]:
            expected.setdefault(str(ledger.group), []).append(ledger.name)
    assert found == expected


def test_a_sentence_says_whose_records_the_role_sees_and_what_it_may(visit, page_of):
    page = visit("secadmin").look(page_of("unit_filler"))
    assert said(page, "coop_activities") == ("Sees the records of its own unit; has every right open to this role.")
    town = visit("secadmin").look(page_of("town_user"))
    assert said(town, "service_projects") == (
        "Sees the records in which it is the other party; may add, edit, delete drafts, submit for review."
    )
    assert said(town, "agreements") == "Has no rights here."
    assert said(town, "project_progress") == "Sees the records in which it is the other party."


def test_rights_are_called_what_they_are_called_where_they_are_used(visit, page_of):
    page = visit("secadmin").look(page_of("gw_reviewer"))
    names = {box["name"]: box["aria-label"] for box in page.select("input[data-verb]")}
    assert names["reviews-edit"].endswith("Set the steps")
    assert names["exports-approve"].endswith("Decide on requests")
    assert names["beneficiaries-approve"].endswith("Confirm")
    assert "needs" in names["agreements-maintain"].lower()


def test_every_role_page_and_scope_has_its_words():
    assert set(PURPOSES) == set(BY_CODE)
    assert set(SEEN) == set(SCOPES) - {"none"}
    assert {pair[0] for pair in OWN} == {desk.name for desk in DESKS}
    assert all(verb in desk.verbs for desk in DESKS for name, verb in OWN if name == desk.name)


def test_what_differs_from_the_delivered_role_is_marked(visit, page_of):
    visitor, path = visit("secadmin"), page_of("unit_filler")
    assert not visitor.look(path).select("tr[data-differs]")
    visitor.post(path, visitor.look(path).filled("form[data-guard]") | {"agreements-edit": "", "units-export": "1"})
    page = visitor.look(path)
    assert {row["data-ledger"] for row in page.select("tr[data-differs]")} == {"agreements", "units"}
    assert [box.input["name"] for box in page.select("form .is-added")] == ["units-export"]
    assert [box.input["name"] for box in page.select("form .is-taken")] == ["agreements-edit"]
    presets = {"agreements-preset": "delivered", "units-preset": "delivered"}
    visitor.post(path, page.filled("form[data-guard]") | presets)
    assert not visitor.look(path).select("tr[data-differs]")


@pytest.mark.parametrize("role", sorted(BY_CODE))
def test_a_role_as_installed_differs_nowhere_from_the_delivered_one(visit, page_of, role):
    assert not visit("admin").look(page_of(role)).select("tr[data-differs], form .is-added, form .is-taken")


def test_roles_of_the_office_were_never_delivered(visit):
    visitor = visit("secadmin")
    page = visitor.look(visitor.post("/roles/add", name="值班员").response.location)
    assert not page.select("[data-usual], option[value=delivered], tr[data-differs]")
    assert len(line(page, "agreements").select("option[data-verbs]")) == len(PRESETS)


def cell(rows, role, ledger):
    return "{}-{}".format(first(rows, "ab_role", f"name = '{role}'"), ledger)


def test_a_right_is_given_and_taken_on_the_page_of_all_roles(visit, rows, held):
    """Three clicks from the workspace on: roles, box, save."""
    visitor, box = visit("secadmin"), cell(rows, "unit_reviewer", "agreements")
    before = held("unit_reviewer", "agreements")
    page = visitor.look("/roles/list/")
    sent = page.filled("form[data-matrix]")
    assert box not in sent["given"]
    assert visitor.post(SPREAD, sent | {"given": [*sent["given"], box]}).status == 302
    assert held("unit_reviewer", "agreements") == (before[0] | {"edit"}, before[1])
    assert visit("secretary01").look("/agreements/list/").status == 200
    told = rows("SELECT title FROM audit_event WHERE action = 'grant' ORDER BY id DESC LIMIT 1")[0][0]
    assert "单位审核人" in told
    sent = visitor.look("/roles/list/").filled("form[data-matrix]")
    assert box in sent["given"]
    visitor.post(SPREAD, sent | {"given": [each for each in sent["given"] if each != box]})
    assert held("unit_reviewer", "agreements") == before


def test_saving_the_page_of_all_roles_as_it_stands_changes_nothing(visit, rows):
    visitor = visit("secadmin")
    for right in ("read", "edit", "approve", "grant"):
        page = visitor.look(f"/roles/list/?right={right}")
        with unchanged(rows):
            assert visitor.post(f"/roles/spread/{right}", page.filled("form[data-matrix]")).status == 302


def test_what_somebody_else_changed_meanwhile_stays(visit, rows, change, held):
    page = visit("secadmin").look("/roles/list/").filled("form[data-matrix]")
    take(change, "unit_filler", "agreements", "edit")
    box = cell(rows, "unit_reviewer", "agreements")
    visit("secadmin").post(SPREAD, page | {"given": [*page["given"], box]})
    assert "edit" in held("unit_reviewer", "agreements")[0]
    assert "edit" not in held("unit_filler", "agreements")[0]


@pytest.mark.parametrize("role", ["auditor_ro", "gw_leader", "sys_admin", "town_user"])
def test_no_barred_right_and_none_without_a_scope_is_given_there(visit, rows, role):
    """Those boxes are grey, or lead to the role's page; posting them gives nothing."""
    visitor, box = visit("secadmin"), cell(rows, role, "agreements")
    page = visitor.look("/roles/list/")
    assert not page.select(f'input[name=given][value="{box}"]:not([disabled])')
    with unchanged(rows):
        visitor.post(SPREAD, {"given": box})


def test_nobody_changes_their_own_role_or_the_hidden_ones_there(visit, rows):
    visitor = visit("secadmin")
    page = visitor.look("/roles/list/?right=read")
    own = cell(rows, "sec_admin", "roles")
    assert not page.select(f'input[value="{own}"]:not([disabled])')
    with unchanged(rows):
        assert visitor.post("/roles/spread/read", {"was": own}).status == 403
        visitor.post("/roles/spread/read", {"given": cell(rows, "Public", "agreements")})
        visitor.post("/roles/spread/read", {"given": ["x-agreements", "-", "99999999999-agreements", "7-nothing", "7"]})
        visitor.post("/roles/spread/everything", {"given": cell(rows, "unit_filler", "agreements")})


def test_powers_that_belong_apart_are_not_given_there(visit, rows):
    visitor = visit("admin")
    with unchanged(rows):
        visitor.post(SPREAD, {"given": [cell(rows, "gw_reviewer", "roles")]})
    assert "belong apart" in visitor.look("/roles/list/").notices("error")[0]


def test_whoever_only_reads_roles_changes_nothing_there(visit, rows, change):
    give(change, rows, "auditor_ro", "roles", "read")
    page = visit("auditor").look("/roles/list/")
    assert page.status == 200
    assert not page.select("form[data-matrix] button, form[data-matrix] input[type=checkbox]:not([disabled])")
    with unchanged(rows):
        assert visit("auditor").post(SPREAD, {"given": cell(rows, "unit_filler", "units")}).status == 403


@pytest.mark.parametrize("right", ["everything", "<b>", ""])
def test_an_unknown_right_shows_the_first_one(visit, right):
    page = visit("secadmin").look("/roles/list/", right=right)
    assert page.status == 200
    assert "spread/edit" in page.one("form[data-matrix]")["action"]
