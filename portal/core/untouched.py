"""Is a form of a new record as it was opened, or with everything taken out? Such a form is no draft of anything."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from portal.core.form_rows import indices
from portal.core.forms import KindField, RowsField, form_class
from portal.core.ledger import Ledger


def untouched(ledger: Ledger, formdata: Any, parent: Any) -> bool:
    """Nothing in it but what a fresh form holds: its defaults, blank rows, and the rows that are given."""
    if not formdata:
        return True
    fresh = form_class(ledger)(None, None, parent)
    fields = all(as_opened(formdata.getlist(name), fresh[name]) for name in ledger.entered)
    return fields and all(rows_as_opened(fresh[table.name], formdata) for table in ledger.rows)


def as_opened(texts: Collection[str], field: KindField) -> bool:
    typed = {text.strip() for text in texts} - {""}
    return not typed or typed == set(field.texts)


def rows_as_opened(fresh: RowsField, formdata: Any) -> bool:
    blank = fresh.blank_row("0")
    for n in indices(fresh.name, formdata):
        row = fresh.rows[n] if n < len(fresh.rows) else blank
        if not all(as_opened(formdata.getlist(f"{fresh.name}-{n}-{cell.short_name}"), cell) for cell in row):
            return False
    return True
