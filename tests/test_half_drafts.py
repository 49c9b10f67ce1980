"""Half-filled drafts, over every ledger whose records are submitted: saved, shown everywhere, and not submitted."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.records import completeness
from portal.extensions import db
from tests.security.walk import of, unchanged, unit_id

pytestmark = pytest.mark.one_database
FILLER = "filler01"


def submitted(app):
    """The ledgers whose drafts may be half, for the account that fills them in."""
    with app.test_request_context():
        principal = act_as(FILLER)
        every = app.extensions["portal.ledgers"]
        found = [ledger for ledger in every if completeness.may_be_half(ledger, None)]
        assert all(principal.may("add", ledger.name) for ledger in found)
        return found


def add_address(app, ledger):
    """The address of the form of a new record; entries go under the first record that is open to them."""
    if ledger.under is None:
        return f"/{ledger.name}/add"
    with app.test_request_context(), scope.acting_as(act_as(FILLER)):
        parent = ledger.mapper.relationships[ledger.under.relation].mapper.class_
        query = select(parent.id).where(parent.status.in_(ledger.under.statuses)).order_by(parent.id)
        return f"/{ledger.name}/add?{ledger.under.relation}_id={db.session.scalars(query).first()}"


def newest(app, ledger):
    with app.test_request_context(), scope.acting_as(act_as(FILLER)):
        return db.session.scalar(select(func.max(ledger.model.id)))


def waiting_for(page):
    """The ids of the fields that a draft's page or form says are missing."""
    return {link["href"].partition("#")[2] for link in page.select("[data-missing] a")}


def blanked(page):
    """A form with everything taken out."""
    return dict.fromkeys(page.filled().keys() - {"csrf_token", "_once", "_draft", "_user"}, "")


def one_thing(ledger):
    """The first field of a form that is typed, with something for it."""
    texts = {"lines": "只写了这一句", "text": "只写了这一句", "number": "3", "day": "2026-06-01"}
    fields = {
        name: each for name, each in ledger.entered.items() if each.kind.widget in texts and not each.kind.personal
    }
    name = min(fields, key=lambda name: (fields[name].required, list(texts).index(fields[name].kind.widget)))
    return {name: texts[fields[name].kind.widget]}


def saved_blank(app, visitor, ledger):
    """The id of a draft that was saved with one field filled in and every other left blank."""
    path = add_address(app, ledger)
    answer = visitor.post(path, blanked(visitor.look(path)) | one_thing(ledger))
    assert answer.status == 302, (ledger.name, answer.errors(), answer.notices("error"))
    return newest(app, ledger)


def figures(visitor, ledger):
    return visitor.look(f"/{ledger.name}/figures").words if ledger.figures else ""


def test_a_form_that_nobody_filled_in_makes_no_draft_by_button_program_or_autosave(app, visit, rows):
    visitor = visit(FILLER)
    for ledger in submitted(app):
        path = add_address(app, ledger)
        page = visitor.look(path)
        where = page.one("form.record-form")["data-autosave"]
        asked = {"json": {}, "headers": {"X-CSRFToken": visitor.token}}
        with unchanged(rows):
            for sent in (page.filled(), blanked(page) | {"_draft": page.filled()["_draft"], "_user": FILLER}):
                assert "Nothing was filled in" in visitor.post(path, sent).words, ledger.name
                with visitor.client.post(where, data=sent | {"csrf_token": visitor.token}) as answer:
                    assert (answer.status_code, answer.json) == (200, {"revision": 0, "at": ""}), ledger.name
            query = path.partition("?")[2]
            with visitor.client.post(f"/api/v1/{ledger.name}/?{query}", **asked) as answer:
                assert answer.status_code == 422, ledger.name
                assert "Nothing was filled in" in answer.json["message"]


def test_a_draft_with_hardly_anything_in_it_is_saved_and_shown_everywhere(app, visit):
    visitor = visit(FILLER)
    for ledger in submitted(app):
        before = figures(visitor, ledger)
        id_ = saved_blank(app, visitor, ledger)
        shown, form = visitor.look(f"/{ledger.name}/show/{id_}"), visitor.look(f"/{ledger.name}/edit/{id_}")
        required = {name for name, each in ledger.entered.items() if each.required and not each.asked}
        assert waiting_for(shown) & required, ledger.name
        assert waiting_for(form) == waiting_for(shown)
        assert {each for each in waiting_for(form) if not form.select(f"#{each}")} == set(), ledger.name
        row = visitor.look(f"/{ledger.name}/list/?status=draft").one(f'table[data-ledger] tr[data-id="{id_}"]')
        assert all(cell.get_text().strip() or cell.select("input") for cell in row.select("td")), ledger.name
        assert visitor.look(f"/api/v1/{ledger.name}/{id_}").response.status_code == 200
        for page in (f"{id_}/history", "list/?q=x", "export"):
            with visitor.client.get(f"/{ledger.name}/{page}") as answer:
                assert answer.status_code == 200, (ledger.name, page)
        assert figures(visitor, ledger) == before, ledger.name


def test_a_draft_with_hardly_anything_in_it_is_not_submitted_by_button_batch_or_program(app, visit, rows):
    visitor = visit(FILLER)
    for ledger in submitted(app):
        id_ = saved_blank(app, visitor, ledger)
        many, token = f"/{ledger.name}/moves/submit", {"X-CSRFToken": visitor.token}
        with unchanged(rows):
            assert visitor.post(f"/{ledger.name}/{id_}/move/submit").errors(), ledger.name
            assert visitor.post(many, rowid=str(id_)).select(f'[data-cannot] [data-id="{id_}"]'), ledger.name
            visitor.post(many, rowid=str(id_), confirmed="1")
            with visitor.client.post(f"/api/v1/{ledger.name}/{id_}/submit", headers=token) as answer:
                assert (answer.status_code, bool(answer.json["errors"])) == (422, True), ledger.name


def test_a_draft_keeps_what_is_valid_and_is_refused_for_what_is_wrong(app, visit, rows):
    visitor = visit(FILLER)
    typed = {"title": "半份协议", "agreement_type": "3", "demand_items-0-id": "new-0"}
    with unchanged(rows):
        wrong = visitor.post("/agreements/add", typed | {"signed_on": "不详"})
        assert list(wrong.errors()) == ["signed_on"]
        assert wrong.filled()["signed_on"] == "不详"
    rows_ = {"demand_items-0-description": "只写了说明", "demand_items-0-status": "not_possible"}
    assert visitor.post("/agreements/add", typed | rows_).status == 302
    id_ = rows("SELECT max(id) FROM agreement")[0][0]
    found = rows(f"SELECT title, status, record_no, owner_unit_id FROM agreement WHERE id = {id_}")
    assert found == [("半份协议", "draft", None, unit_id(rows, 1))]
    assert waiting_for(visitor.look(f"/agreements/show/{id_}")) >= {
        "party_b_org_id",
        "demand_items-0-name",
        "demand_items-0-reason",
        "agreement_type",
    }
    refused = visitor.post(f"/agreements/{id_}/move/submit").errors()
    assert {"demand_items-0-name", "demand_items-0-reason", "agreement_type", "a_phone"} <= set(refused)


def test_a_half_draft_is_completed_and_submitted_with_one_click(visit, rows):
    visitor, id_ = visit(FILLER), of(rows, 1, "draft")
    whole = visitor.look(f"/agreements/edit/{id_}").filled()
    del whole["csrf_token"]
    assert visitor.post(f"/agreements/edit/{id_}", whole | {"a_contact": ""}).status == 302
    again = visitor.look(f"/agreements/edit/{id_}").filled()
    with unchanged(rows):
        refused = visitor.post(f"/agreements/edit/{id_}", again | {"_then": "submit", "csrf_token": visitor.token})
        assert refused.errors() == {"a_contact": "Please fill this in."}
    again |= {"a_contact": "王演晨", "_then": "submit", "csrf_token": visitor.token}
    assert visitor.post(f"/agreements/edit/{id_}", again).status == 302
    assert rows(f"SELECT status FROM agreement WHERE id = {id_}") == [("pending_unit",)]


def test_a_draft_says_which_file_it_needs_in_force_and_is_submitted_without(visit, rows):
    """`docs/domain` §2.2.1: the signed scan is needed to activate."""
    visitor, id_ = visit(FILLER), of(rows, 1, "draft")
    for page in (f"show/{id_}", f"edit/{id_}"):
        assert "Signed scan" in visitor.look(f"/agreements/{page}").one("[data-unattached]").get_text()
    assert "comes into force" in visitor.look("/agreements/add").one('[data-place="signed_file"]').get_text()
    assert visitor.post(f"/agreements/{id_}/move/submit").status == 302
    assert visit("secretary01").look(f"/agreements/show/{id_}").select("[data-unattached]")
    in_force = visitor.look(f"/agreements/show/{of(rows, 1, 'active')}")
    assert not in_force.select("[data-unattached]")


def test_records_in_force_and_entries_without_a_status_stay_strict(app, visit, rows):
    visitor, agreement = visit(FILLER), of(rows, 1, "active")
    with unchanged(rows):
        path = f"/coop_activities/add?agreement_id={agreement}"
        assert "held_on" in visitor.post(path, held_on="").errors()
        assert "name" in visit("reviewer").post("/members/add", name="").errors()
