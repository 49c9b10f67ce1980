"""Child tables as further sheets of a workbook: one sheet for each table, with the key of the record in each row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flask import current_app
from flask_babel import force_locale, lazy_gettext
from sqlalchemy.orm import selectinload

from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import ChildTable
from portal.core.fields import Field, Label
from portal.core.punctuation import labelled
from portal.core.spreadsheet.reader.headings import plain
from portal.core.spreadsheet.reader.workbook import Sheet

ROW_ID = "row_id"
ROW_LABEL = lazy_gettext("Row number")
NAME_LENGTH = 31  # of a sheet, in Excel


def keys_of(ledger: Ledger) -> tuple[str, ...]:
    """The columns by which a row of a child sheet names its record; empty if there are none."""
    if ledger.number.prefix:
        above = (f"{ledger.under.relation}_no", ledger.event) if ledger.under else ()
        return tuple(dict.fromkeys(("record_no", ledger.title_column, *filter(ledger.has, above))))
    return () if ledger.review.statuses or ledger.under else ledger.sheet.identity


def tables_of(ledger: Ledger) -> tuple[ChildTable, ...]:
    return ledger.form.tables if keys_of(ledger) else ()


def fields_of(ledger: Ledger, table: ChildTable) -> dict[str, Field]:
    """The fields of a row by the columns of the further sheet that hold them."""
    return {f"{table.name}.{name}": field for name, field in ledger.rows_fields(table).items()}


def columns_of(ledger: Ledger, table: ChildTable) -> dict[str, Label]:
    """Every column of a further sheet, in order: the keys of the record, the number of the row, its fields."""
    fields = {name: field.label for name, field in fields_of(ledger, table).items()}
    own = {str(label) for label in fields.values()}
    keys: dict[str, Label] = {}
    for name in keys_of(ledger):
        label = str(ledger.field(name).label)
        keys[name] = labelled(ledger.one, label) if label in own else label
    return keys | {ROW_ID: ROW_LABEL} | fields


def sheet_name(table: ChildTable) -> str:
    return str(table.label)[:NAME_LENGTH]


def names_of(table: ChildTable) -> set[str]:
    """The names of a table's sheet in all languages."""
    found = set()
    for language in current_app.config["LANGUAGES"]:
        with force_locale(language):
            found.add(plain(sheet_name(table)))
    return found


def table_of(ledger: Ledger, sheet: Sheet) -> ChildTable | None:
    """The child table with the name of this sheet."""
    return next((table for table in tables_of(ledger) if plain(sheet.name) in names_of(table)), None)


def main_sheets(ledger: Ledger, sheets: Sequence[Sheet]) -> list[Sheet]:
    """The sheets that are not child tables; all sheets if there are no others."""
    found = [sheet for sheet in sheets if table_of(ledger, sheet) is None]
    return found or list(sheets)


def loading(ledger: Ledger) -> Iterator[Any]:
    """Loader options for the child tables of each record."""
    for table in tables_of(ledger):
        model = ledger.rows_model(table)
        options = (field.kind.loading(model, name) for name, field in ledger.rows_fields(table).items())
        yield selectinload(getattr(ledger.model, table.name)).options(*filter(None, options))


__all__ = [
    "ROW_ID",
    "columns_of",
    "fields_of",
    "keys_of",
    "loading",
    "main_sheets",
    "sheet_name",
    "table_of",
    "tables_of",
]
