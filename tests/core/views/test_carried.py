"""What a new record takes over from an earlier one, over every ledger that declares it."""

from __future__ import annotations

import pytest

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.fields.base import BLANK
from portal.core.records.forms import carried
from tests.security.walk import unit_id
from tests.test_half_drafts import FILLER, add_address
from tests.visitor import meant

pytestmark = pytest.mark.one_database


def declaring(app, what):
    return [each for each in app.extensions["portal.ledgers"] if getattr(each.form, what)]


def expected(app, ledger, names, find):
    """The texts that a form begins with, from the record that `find` finds."""
    with app.test_request_context(), scope.acting_as(act_as(FILLER)):
        record = find(ledger, None)
        kinds = {name: ledger.field(name).kind for name in names}
        values = {name: kind.stored(record, name) for name, kind in kinds.items()}
        return {name: kinds[name].typed(value) for name, value in values.items() if value not in BLANK}


def begun(page, names):
    """The fields that are marked as taken over, with what they hold."""
    sent = page.filled()
    marked = {str(each.select_one("[name]:not([type=hidden])")["name"]) for each in page.select("[data-carried]")}
    texts = {name: sent[name] if isinstance(sent[name], list) else [sent[name]] for name in marked & set(names)}
    return {name: [text for text in found if text] for name, found in texts.items()}


def test_a_new_record_begins_with_what_the_units_last_one_says(app, visit):
    ledgers = declaring(app, "carried")
    assert ledgers
    for ledger in ledgers:
        page = visit(FILLER).look(add_address(app, ledger))
        found = expected(app, ledger, ledger.form.carried, carried.last_of_unit)
        assert found, ledger.name
        assert begun(page, ledger.form.carried) == found, ledger.name


def test_a_copy_holds_what_the_users_last_record_says(app, visit):
    for ledger in declaring(app, "copied"):
        visitor, path = visit(FILLER), add_address(app, ledger)
        offered = visitor.look(path).select('a[href*="copy=1"]')
        if not offered:
            continue
        page = visitor.look(str(offered[0]["href"]))
        assert page.select("[data-copied]"), ledger.name
        if ledger.under is None:
            found = expected(app, ledger, ledger.form.copied, carried.own_last)
            assert begun(page, ledger.form.copied) == found, ledger.name
        assert page.select("[data-carried]"), ledger.name


def test_a_copy_is_offered_where_the_ledger_has_something_to_copy(visit):
    assert visit(FILLER).look("/visits/add").select('a[href*="copy=1"]')
    assert not visit("reviewer").look("/visits/add").select('a[href*="copy=1"]')  # has entered none
    assert visit(FILLER).look("/service_projects/add?copy=1").status == 400


def test_a_mobile_number_is_never_carried_over(visit):
    visitor = visit("filler02")
    sent = visitor.look("/agreements/add").filled()
    sent |= {"title": "带手机号的协议", "a_contact": "王演晨", "a_phone": "13800000009"}
    assert visitor.post("/agreements/add", sent).status == 302
    after = visitor.look("/agreements/add")
    assert meant(after.filled()["a_contact"]) == "王演晨"
    assert meant(after.filled()["a_phone"]) == ""
    assert "0009" not in str(after.one("form.record-form"))


def test_a_unit_is_not_told_what_another_one_wrote(visit):
    visitor = visit("filler02")
    sent = visitor.look("/agreements/add").filled() | {"title": "甲", "a_contact": "只在本单位"}
    assert visitor.post("/agreements/add", sent).status == 302
    assert meant(visitor.look("/agreements/add").filled()["a_contact"]) == "只在本单位"
    assert meant(visit(FILLER).look("/agreements/add").filled()["a_contact"]) != "只在本单位"


def test_party_a_is_the_own_organisation(visit, rows):
    chosen = meant(visit(FILLER).look("/agreements/add").filled()["party_a_org_id"])
    assert int(chosen) in {
        id_ for (id_,) in rows(f"SELECT party_org_id FROM unit_org WHERE unit_id = {unit_id(rows, 1)}")
    }
