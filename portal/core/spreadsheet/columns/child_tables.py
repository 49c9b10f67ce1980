"""Child tables as further sheets of a workbook: one sheet for each table, with the key of the record in each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import current_app
from flask_babel import force_locale, lazy_gettext
from sqlalchemy import select

from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import ChildTable
from portal.core.fields import Field, Label
from portal.core.punctuation import labelled
from portal.core.spreadsheet.reader.headings import plain
from portal.core.spreadsheet.reader.workbook import Sheet
from portal.extensions import db

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


def rows_below(ledger: Ledger, name: str, ids: Sequence[int]) -> dict[int, list[Any]]:
    """The rows of a child table by the ids of their records, in order, with what further sheets show of them."""
    table = next(each for each in ledger.form.tables if each.name == name)
    relation, model = ledger.mapper.relationships[name], ledger.rows_model(table)
    ((_, column),) = relation.local_remote_pairs
    above = relation.mapper.get_property_by_column(column).key
    options = (field.kind.sheet_loading(model, each) for each, field in ledger.rows_fields(table).items())
    query = select(model).where(column.in_(ids)).order_by(*relation.order_by or ()).options(*filter(None, options))
    found: dict[int, list[Any]] = {}
    for row in db.session.scalars(query):
        found.setdefault(getattr(row, above), []).append(row)
    return found


__all__ = [
    "ROW_ID",
    "columns_of",
    "fields_of",
    "keys_of",
    "main_sheets",
    "rows_below",
    "sheet_name",
    "table_of",
    "tables_of",
]
