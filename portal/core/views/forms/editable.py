"""What of a record may be edited now: all of it, its gaps, or its child tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import abort
from flask_babel import gettext

from portal.core.access import scope
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import Section
from portal.core.declaration.workflow import IN_FORCE
from portal.core.review import amendments


def may_edit_some(ledger: Ledger, record: Any) -> bool:
    """May the record be edited? As a whole while it is editable; in force only its gaps."""
    return ledger.editable(record) or (record.status == IN_FORCE and bool(gap_fields(ledger, record)))


def editing(view: Any, record: Any) -> Ledger | None:
    """The part of the record that may be edited now, None for all of it; 403 or 409 if nothing may."""
    view.require("edit", record)
    if not may_edit_some(view.ledger, record) or not view.open_under(record):
        abort(409, gettext("In this status it can no longer be edited."))
    if not view.ledger.editable(record):
        return only_gaps(view.ledger, record)
    return only_amended(view.ledger) if amends(record) else None


def maintaining(view: Any, record: Any) -> None:
    """403 or 409 unless the child tables of the record may be edited separately now."""
    view.require("maintain", record)
    if not may_maintain(view.ledger, record):
        abort(409, gettext("In this status it can no longer be edited."))


def may_maintain(ledger: Ledger, record: Any) -> bool:
    """May the child tables be edited separately? In force if a table allows it; in drafts only by the other party,
    since the unit uses the full form."""
    if record.status == IN_FORCE:
        return any(table.in_force for table in ledger.form.tables)
    if amends(record):
        return False
    own = scope.current().covers("maintain", ledger.name, record.owner_unit_id)
    return ledger.editable(record) and not own


def gap_fields(ledger: Ledger, record: Any) -> tuple[str, ...]:
    return tuple(name for name in record.gaps or () if name in ledger.entered)


def only_gaps(ledger: Ledger, record: Any) -> Ledger:
    """The ledger reduced to the form of a record in force: its gaps."""
    sections = (Section(gettext("To be added"), gap_fields(ledger, record)),)
    return replace(ledger, form=replace(ledger.form, sections=sections, tables=()))


def amends(record: Any) -> bool:
    """Is the record an amendment?"""
    return getattr(record, "amends_id", None) is not None


def only_amended(ledger: Ledger) -> Ledger:
    """The ledger without the tables that are edited in the record in force, which amendments do not change."""
    return replace(ledger, form=replace(ledger.form, tables=amendments.amended_tables(ledger)))


def only_lists(ledger: Ledger) -> Ledger:
    tables = tuple(table for table in ledger.form.tables if table.in_force)
    return replace(ledger, form=replace(ledger.form, sections=(), tables=tables))
