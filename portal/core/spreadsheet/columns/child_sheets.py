"""Find the sheets of a workbook with child tables, and their columns."""

from __future__ import annotations

from collections.abc import Sequence

from flask import current_app
from flask_babel import force_locale, gettext

from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import ChildTable
from portal.core.punctuation import listed
from portal.core.spreadsheet.columns.child_tables import columns_of, keys_of, table_of
from portal.core.spreadsheet.reader.flat_tables import FlatTable, flat_table
from portal.core.spreadsheet.reader.headings import LOOKED_AT, plain
from portal.core.spreadsheet.reader.layout import Offer, Tables
from portal.core.spreadsheet.reader.workbook import Sheet


def further_tables(ledger: Ledger, sheets: Sequence[Sheet]) -> list[FlatTable]:
    """The tables of a workbook's further sheets, below their headings."""
    keys = set(keys_of(ledger))

    def fits(columns: Sequence[str]) -> bool:
        return sum(map(bool, columns)) >= 2 and bool(keys & set(columns))

    further = ((sheet, table) for sheet in sheets if (table := table_of(ledger, sheet)) is not None)
    found: dict[str, FlatTable] = {}
    for sheet, table in further:
        flat = flat_table(sheet, vocabulary(ledger, table), fits, marks="*")
        if flat is not None:
            found.setdefault(table.name, flat)
    return [*found.values()]


def passed_over(ledger: Ledger, sheets: Sequence[Sheet], found: Tables) -> list[Offer]:
    """Sheets named like a child table that are not imported, with the reason."""
    known = {id(each.sheet) for each in found.further} | {id(each.sheet) for each in found.offers}
    left = [sheet for sheet in sheets if id(sheet) not in known and table_of(ledger, sheet) is not None]
    taken = {table_of(ledger, each.sheet) for each in found.further}
    return [Offer(sheet, why=why_not(sheet, twice=table_of(ledger, sheet) in taken)) for sheet in left]


def why_not(sheet: Sheet, *, twice: bool) -> str:
    if twice:
        return gettext("Another sheet of this workbook holds this table.")
    rows = [[text for text in map(str.strip, cells) if text] for cells in sheet.rows[:LOOKED_AT]]
    heads = next((each for each in rows if len(each) > 1), next(filter(None, rows), []))
    return gettext("None of the headings of this sheet is known here: %(heads)s", heads=listed(heads))


def vocabulary(ledger: Ledger, table: ChildTable) -> dict[str, str]:
    """The columns by normalized heading, in every language."""
    found: dict[str, str] = {}
    for language in current_app.config["LANGUAGES"]:
        with force_locale(language):
            for name, label in columns_of(ledger, table).items():
                found.setdefault(plain(str(label)), name)
    return found
