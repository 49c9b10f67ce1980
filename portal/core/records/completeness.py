"""Incomplete drafts: which records may be saved so, and what submitting still demands."""

from __future__ import annotations

from typing import Any

from portal.core.access import scope
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.values import Missing, Values
from portal.core.declaration.workflow import STEPS
from portal.core.fields import Label
from portal.core.fields.base import BLANK
from portal.core.records import attachments
from portal.core.records.forms.form import form_class


def may_be_half(ledger: Ledger, record: Any) -> bool:
    """May this record, or a new one (None), be saved incomplete? Only if it is submitted later; other records are valid
    once saved."""
    return (
        bool(ledger.review.statuses)
        and ledger.transition("submit") is not None
        and (record is None or ledger.editable(record))
    )


def missing(ledger: Ledger, record: Any) -> list[Missing]:
    """The values that a draft needs before it can be submitted; empty for other records."""
    if not may_be_half(ledger, record):
        return []
    with scope.doing("submit"):
        return form_class(ledger)(record=record).list_missing()


def unattached(ledger: Ledger, record: Any) -> list[Label]:
    """The places for files that a record needs in force (`docs/domain` §2.2.1) and one on its way there has nothing in.
    It may be submitted so: the paper is often signed only then. An amendment leaves the files where they are."""
    asked = [place for place in ledger.form.files if place.asked]
    if not asked or record.status not in (*ledger.review.editable_in, *STEPS[3]) or getattr(record, "amends_id", None):
        return []
    filled = attachments.places_filled(ledger, record)
    return [place.label for place in asked if place.name not in filled]


def blank(ledger: Ledger, record: Any) -> list[str]:
    """The labels of required fields that are blank, from the record alone; cheap enough for many records."""
    if not may_be_half(ledger, record):
        return []
    names = [name for name, declared in ledger.entered.items() if declared.required]
    names += ledger.form.also_required(Values(record, {})) if ledger.form.also_required else ()
    found = [str(ledger.field(name).label) for name in names if ledger.field(name).kind.stored(record, name) in BLANK]
    for table in ledger.tables_for(Values(record, {})):
        required = {name: each for name, each in ledger.rows_fields(table).items() if each.required}
        rows = getattr(record, table.name)
        if any(each.kind.stored(row, name) in BLANK for row in rows for name, each in required.items()):
            found.append(str(table.label))
    return found
