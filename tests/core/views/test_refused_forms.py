"""A refused form, over every ledger: it says at the top what is wrong and leads to each place; stars tell the truth."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.fields.links import standing_under
from portal.core.records.forms.form import form_class
from portal.extensions import db
from portal.org import codes
from tests.test_half_drafts import FILLER, add_address, blanked

pytestmark = pytest.mark.one_database
MOST = 10  # records that are looked at for one that is complete


def filled_in(app):
    """The ledgers of which the filler enters records, with a table of rows or without."""
    with app.test_request_context():
        principal = act_as(FILLER)
        return [each for each in app.extensions["portal.ledgers"] if principal.may("add", each.name)]


def refused(app, visitor, ledger):
    """The form of a new record with everything blank and a row in each table in which only one thing is wrong."""
    path = add_address(app, ledger)
    sent = blanked(visitor.look(path))
    for table in ledger.form.tables:
        written = next(name for name, each in ledger.rows_fields(table).items() if each.kind.widget in ("text", "day"))
        sent |= {f"{table.name}-0-id": "new-0", f"{table.name}-0-{written}": "不" * 900}
    return visitor.post(path, sent | {"_then": "submit"})


def tables_to_write_in(ledger):
    return all(
        any(each.kind.widget in ("text", "day") for each in ledger.rows_fields(table).values())
        for table in ledger.form.tables
    )


def test_a_refused_form_leads_to_everything_that_is_wrong(app, visit):
    visitor, seen = visit(FILLER), 0
    for ledger in filter(tables_to_write_in, filled_in(app)):
        page = refused(app, visitor, ledger)
        links = {str(each["href"])[1:]: each.get_text() for each in page.select("#faults[role=alert] a")}
        marked = {str(each["id"]).removesuffix("-error") for each in page.select("form .field-error[id]")}
        assert marked, ledger.name
        assert marked <= links.keys(), ledger.name
        assert all(page.select(f'[id="{anchor}"]') for anchor in links), ledger.name
        assert f"{len(links)} place" in page.one("#faults p").get_text(), ledger.name
        for name in marked & ledger.entered.keys():
            assert links[name].startswith(str(ledger.field(name).label)), (ledger.name, name)
        seen += 1
    assert seen >= 8


def test_a_mistake_in_a_row_alone_is_told_with_the_number_of_the_row(visit):
    visitor = visit(FILLER)
    sent = visitor.look("/agreements/add").filled() | {
        "title": "演示",
        "demand_items-0-id": "new-0",
        "demand_items-0-name": "照明",
        "demand_items-1-id": "new-1",
        "demand_items-1-name": "义诊",
        "demand_items-1-wanted_by": "哪天都行",
    }
    page = visitor.post("/agreements/add", sent)
    links = page.select("#faults a")
    assert [each["href"] for each in links] == ["#demand_items-1-wanted_by"]
    assert links[0].get_text().startswith("List of needs · Row 2 · Wanted by")
    index = page.one('[data-index] li.is-wrong a[href="#table-demand_items"]')
    assert index.get_text() == "List of needs"


def test_rows_keep_their_numbers_when_a_blank_one_before_them_is_dropped(visit):
    visitor = visit(FILLER)
    sent = visitor.look("/agreements/add").filled() | {
        "demand_items-0-id": "new-0",
        "demand_items-1-id": "new-1",
        "demand_items-1-wanted_by": "哪天都行",
    }
    row = visitor.post("/agreements/add", sent).one('[data-rows="demand_items"] [data-row]')
    assert row.select('[name="demand_items-1-id"][value="new-1"]')
    assert row.select('[name="demand_items-1-wanted_by"]')


def judged(form):
    form.validate()
    return form


def complete(ledger):
    """A record of which nothing is missing."""
    query = select(ledger.model).order_by(ledger.model.id.desc()).limit(MOST)
    for record in db.session.scalars(query):
        form = form_class(ledger)(None, record)
        if not any(form[name].lacks for name in ledger.entered):
            return record
    return None


def fields_of(ledger, record):
    """(form when this is blank, the field in it) for every field and every cell of a first row."""
    for name in ledger.entered:
        form = judged(form_class(ledger)(MultiDict([(name, "")]), record))
        with standing_under(form.parent):
            on_page = form[name].on_page
        if on_page:
            yield form[name]
    for table in ledger.form.tables:
        row = next(iter(getattr(record, table.name)), None)
        for name in ledger.rows_fields(table) if row is not None else ():
            sent = [(f"{table.name}-0-id", str(row.id)), (f"{table.name}-0-{name}", "")]
            yield judged(form_class(ledger)(MultiDict(sent), record))[table.name].rows[0][name]


def test_a_star_stands_where_leaving_the_field_empty_is_refused(app):
    starred = derived = 0
    with app.test_request_context(), scope.acting_as(act_as(FILLER)):
        for ledger in filled_in(app):
            codes.load(ledger.all_code_lists)
            record = complete(ledger)
            for field in fields_of(ledger, record) if record is not None else ():
                if field.starred:
                    assert field.errors, (ledger.name, field.name)
                elif field.declared.required and not field.locked:
                    assert not field.errors, (ledger.name, field.name)
                starred += field.starred
                derived += field.declared.derived
        db.session.rollback()
    assert starred > 20
    assert derived >= 4
