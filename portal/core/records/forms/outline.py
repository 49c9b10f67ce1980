"""The parts of a form's page, and what is wrong in each, with the place that a link leads to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext

from portal.core.declaration.ledger import Ledger
from portal.core.fields import Label
from portal.core.records.forms.fields import KindField, RowsField
from portal.core.records.forms.form import LedgerForm

FILES = "files"


@dataclass(frozen=True)
class Fault:
    """`anchor` is the id of the input, or of the table."""

    anchor: str
    label: str
    text: str


@dataclass(frozen=True)
class Part:
    """A card of the page: a section with its fields, a table, or the files."""

    anchor: str
    title: Label
    fields: tuple[str, ...] = ()
    faults: list[Fault] = field(default_factory=list)


def parts(ledger: Ledger, form: LedgerForm, file_faults: Mapping[str, str], *, files: bool) -> list[Part]:
    """The cards in the order of the page. `file_faults` are texts by place; `files`: does the form bring files?"""
    found = []
    for n, section in enumerate(ledger.form.sections, start=1):
        names = tuple(name for name in section.fields if name in ledger.entered)
        shown = [form[name] for name in names if form[name].on_page]
        if names:
            faults = [fault for each in shown for fault in of_field(each)]
            found.append(Part(f"section-{n}", section.title, names, faults))
    found += [Part(table_anchor(table), table.label.text, faults=list(of_table(table))) for table in form.tables]
    if files:
        faults = [
            Fault(f"file-{place.name}", str(place.label), file_faults[place.name])
            for place in ledger.form.files
            if file_faults.get(place.name)
        ]
        found.append(Part(FILES, gettext("Files"), faults=faults))
    return found


def table_anchor(table: RowsField) -> str:
    return f"table-{table.name}"


def of_field(found: KindField, *above: Any) -> Iterator[Fault]:
    if found.errors:
        label = " · ".join(str(each) for each in (*above, found.declared.label))
        yield Fault(found.id, label, told(found))


def of_table(table: RowsField) -> Iterator[Fault]:
    """What is wrong with the table as a whole, then cell by cell."""
    own = [text for text in table.errors if isinstance(text, str)]
    if own:
        yield Fault(table_anchor(table), str(table.label.text), " ".join(own))
    for n, row in enumerate(table.rows, start=1):
        for cell in row:
            yield from of_field(cell, table.label.text, gettext("Row %(number)s", number=n))


def told(found: KindField) -> str:
    return " ".join(map(str, found.errors))
