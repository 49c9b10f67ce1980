"""The fields of a record page as a document: labels cached by language, and a text for each field."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from flask_babel import get_locale

from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import ChildTable
from portal.core.declaration.values import Values
from portal.core.fields import Field, Kind, Label

NOTHING = "—"
# Longer texts take the whole width of the page.
WIDE = 48


class Labelled(NamedTuple):
    """A field of a section with its translated label."""

    name: str
    label: str
    kind: Kind


@dataclass(frozen=True)
class Shown:
    """A field with its text; "" if it is not filled in."""

    name: str
    label: str
    text: str
    lines: bool

    @property
    def wide(self) -> bool:
        return bool(self.text) and (self.lines or len(self.text) > WIDE)


@dataclass(frozen=True)
class Part:
    """A section of the page. On screen, fields that are not filled in are only named; on paper they are empty."""

    title: str
    fields: list[Shown]

    @property
    def unfilled(self) -> list[str]:
        return [field.label for field in self.fields if not field.text]


def sections(ledger: Ledger, record: Any, hidden: Container[str]) -> list[Part]:
    """The sections of a record page, without `hidden` fields."""
    return [
        Part(
            title,
            [
                Shown(name, label, kind.show(kind.read(record, name)), kind.widget == "lines")
                for name, label, kind in fields
                if name not in hidden
            ],
        )
        for title, fields in _labelled(ledger, str(get_locale()))
    ]


@dataclass(frozen=True)
class Rows:
    """A child table: its columns, each row with its texts by column, and the labels of columns that are blank in all
    rows."""

    table: ChildTable
    columns: dict[str, Field]
    rows: list[tuple[Any, dict[str, str]]]
    unfilled: list[Label]


def tables(ledger: Ledger, record: Any) -> list[Rows]:
    """The tables of a record page; of those that the portal writes, the ones that have rows."""
    written = (table for table in ledger.form.read_only_tables if getattr(record, table.name))
    return [rows_of(ledger, table, record) for table in (*ledger.tables_for(Values(record, {})), *written)]


def rows_of(ledger: Ledger, table: ChildTable, record: Any) -> Rows:
    declared = ledger.cells(table, record)
    rows = [
        (row, {name: each.kind.show(each.kind.read(row, name)) for name, each in declared.items()})
        for row in getattr(record, table.name)
    ]
    filled = {name for _, texts in rows for name, text in texts.items() if text}
    columns = {name: each for name, each in declared.items() if name in filled}
    return Rows(table, columns, rows, [each.label for name, each in declared.items() if rows and name not in filled])


def place_on_form(ledger: Ledger, record: Any, name: str) -> str:
    """The id of the input of a field on the form; of a table, that of its first cell."""
    table = next((each for each in ledger.form.tables if each.name == name), None)
    if table is None:
        return name
    return f"{name}-0-{table.fields[0]}" if getattr(record, name) else f"table-{name}"


@lru_cache(256)
def _labelled(ledger: Ledger, _language: str) -> list[tuple[str, list[Labelled]]]:
    """The titles and labels, cached by ledger and language."""
    return [
        (str(section.title), [Labelled(n, str(ledger.field(n).label), ledger.field(n).kind) for n in section.fields])
        for section in ledger.form.sections
    ]
