"""The parent record of each row, by its number or name.

A ledger of entries takes sheets when it declares the columns `<relation>_no` and `<relation>_id` in `Sheet.words`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext
from sqlalchemy import or_, select

from portal.core.access.cached_lookups import remembered
from portal.core.access.masked_input import known_names
from portal.core.declaration.ledger import Ledger
from portal.core.fields import Kind
from portal.core.punctuation import labelled, listed
from portal.core.spreadsheet.importer.row import Row
from portal.core.spreadsheet.importer.verdict import UNCHANGED, Rejected
from portal.core.spreadsheet.reader.headings import plain
from portal.extensions import db

MOST = 3  # records that a question names


def take_row(row: Row, seen: Mapping[Any, str]) -> tuple[str, Any]:
    """Import a row of any ledger; returns (result, record). Raises Rejected."""
    require_names(row.ledger, row.cells)
    if row.ledger.under:
        return take_entry(row)
    return row.take(seen)


def require_names(ledger: Ledger, cells: Mapping[str, str]) -> None:
    """Refuse names of people from users who may neither see nor enter them: an imported list would reveal which people
    are known. Raises Rejected."""
    columns = tuple(cells)
    for column, kind in remembered(("names", ledger.name, columns), lambda: closed_names(ledger, columns)):
        if cells[column] and not kind.is_mask(cells[column]):
            raise Rejected(column, gettext("You may neither see nor enter names of people here, so none are compared."))


def closed_names(ledger: Ledger, columns: Sequence[str]) -> list[tuple[str, Kind]]:
    """The columns with names of people that the user may neither see nor enter, with their kinds."""
    found = []
    for column in columns:
        prefix, dot, name = column.rpartition(".")
        of = ledger.other(prefix) if dot and prefix in ledger.sheet.related else ledger
        if of.has(name) and of.field(name).kind.named and not known_names(of.name):
            found.append((column, of.field(name).kind))
    return found


def take_entry(row: Row) -> tuple[str, Any]:
    """Import an entry; returns (result, entry). Raises Rejected, and then changes nothing."""
    number, name = columns_of(row.ledger)
    cells = dict(row.cells)
    texts = cells.pop(number, ""), cells.pop(name, "")
    row.cells = cells
    above = row.parent = record_above(row.ledger, *texts)
    with db.session.begin_nested() as attempt:
        entry, result = row.put(above)
        if result != UNCHANGED and not is_open(row, above):
            attempt.rollback()
            raise Rejected(number if texts[0] else name, gettext("In this status nothing can be added here."))
    return result, entry


def columns_of(ledger: Ledger) -> tuple[str, str]:
    relation = ledger.under.relation if ledger.under else ""
    return f"{relation}_no", f"{relation}_id"


def is_open(row: Row, above: Any) -> bool:
    """May the entry be added? As on pages, and when records are adopted also below imported records."""
    under = row.ledger.under
    return under is None or above.status in under.statuses or bool(row.adopt and above.source == "import")


def record_above(ledger: Ledger, number: str, name: str) -> Any:
    """The parent record with this number and name. Raises Rejected if there is none or several, or if they differ."""
    by_number, by_name = columns_of(ledger)
    if not number and not name:
        raise Rejected(by_number, gettext("Please fill this in."))
    label = ledger.field(by_name).kind.label  # type: ignore[attr-defined] # of a link
    model = label.class_
    query = select(model).where(model.status != "voided", model.amends_id.is_(None)).order_by(model.id)
    if number:
        found = db.session.scalars(query.where(or_(model.record_no == number, model.office_no == number))).all()
        record = the_one(found, by_number)
        called = getattr(record, label.key) or ""
        if name and plain(name) != plain(called):
            text = gettext("This is “%(there)s”, not “%(here)s”.", there=called, here=name[:100])
            raise Rejected(by_number, text)
        return record
    return the_one(db.session.scalars(query.where(label == name)).all(), by_name)


def the_one(found: Sequence[Any], column: str) -> Any:
    if not found:
        raise Rejected(column, gettext("There is no record of this number or name."))
    if len(found) > 1:
        names = listed(labelled(each.record_no or f"#{each.id}", each) for each in found[:MOST])
        raise Rejected(column, gettext("This may be %(records)s: please give the record number.", records=names))
    return found[0]


__all__ = ["take_row"]
