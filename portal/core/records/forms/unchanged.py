"""Is a form as it was opened? Then it makes no draft and nothing is stored."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from portal.core.declaration.ledger import Ledger
from portal.core.records.forms import carried
from portal.core.records.forms.form import KindField, RowsField, form_class
from portal.core.records.forms.rows import indices


def untouched(ledger: Ledger, formdata: Any, parent: Any, record: Any = None) -> bool:
    """Does the form have only its initial values: defaults, what is carried over, blank rows and preset rows, or those
    of the record? Fields that were not posted count as unchanged."""
    if not formdata:
        return True
    new = record is None
    begun = {*ledger.form.carried, *ledger.form.begins}
    empty = (name for name, each in ledger.entered.items() if each.default is None and name not in begun)
    if new and any(typed_into(formdata, name) for name in empty):
        return False  # most forms, without making a fresh one to compare with
    fresh = form_class(ledger)(None, record, parent, carried.begin(ledger, parent).texts if new else None)
    fields = (as_opened(formdata.getlist(name), fresh[name], new) for name in ledger.entered if name in formdata)
    return all(fields) and all(rows_as_opened(fresh[table.name], formdata, new) for table in ledger.form.tables)


def typed_into(formdata: Any, name: str) -> bool:
    return any(text.strip() for text in formdata.getlist(name))


def as_opened(texts: Collection[str], field: KindField, new: bool) -> bool:
    typed = {text.strip() for text in texts} - {""}
    return (new and not typed) or typed == set(field.texts)


def rows_as_opened(fresh: RowsField, formdata: Any, new: bool) -> bool:
    """Are the rows in their original order, and for a saved record also as many?"""
    posted = indices(fresh.name, formdata)
    if not new and f"{fresh.name}-posted" in formdata and len(posted) != len(fresh.rows):
        return False
    blank = fresh.blank_row("0")
    for n in posted:
        row = fresh.rows[n] if n < len(fresh.rows) else blank
        if formdata.get(f"{fresh.name}-{n}-id") != row.key and not new:
            return False
        names = {cell: f"{fresh.name}-{n}-{cell.short_name}" for cell in row}
        if not all(as_opened(formdata.getlist(name), cell, new) for cell, name in names.items() if name in formdata):
            return False
    return True
