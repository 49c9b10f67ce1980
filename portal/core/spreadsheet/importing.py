"""Rows of a sheet become records through the ledger's own form (`contracts.md`, import rules).

Everything is one transaction of the caller's: a preview is an import that is rolled back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask_babel import force_locale, gettext

from portal.core import audit, scope
from portal.core.forms import form_class
from portal.core.ledger import Ledger
from portal.core.lookups import remembering
from portal.core.phrases import PAPER
from portal.core.spreadsheet import trees
from portal.core.spreadsheet.headings import GUESSED, Column
from portal.core.spreadsheet.layout import Layout, Offer, Tables
from portal.core.spreadsheet.mapping import Options, tables
from portal.core.spreadsheet.reading import Sheet
from portal.core.spreadsheet.row import CHANGED, NEW, REJECTED, UNCHANGED, Rejected, Row, status_words
from portal.extensions import db
from portal.org import codes

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Remark:
    """What is said about a row: its number in the sheet, the column as written, the text; where several sheets are
    taken, of which one."""

    row: int
    column: str
    why: str
    sheet: str = ""

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value or name != "sheet"}


@dataclass
class Outcome:
    """What became of the rows."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((NEW, CHANGED, UNCHANGED), 0))
    rejected: list[Remark] = field(default_factory=list)
    flagged: list[Remark] = field(default_factory=list)
    # Rows below the headings that are none of the table; their column is "".
    skipped: list[Remark] = field(default_factory=list)
    # (row, what became of it, what the record is called, sheet where several are taken)
    rows: list[tuple[int, str, str, str]] = field(default_factory=list)
    # What becomes of records that are there: {row, record_no, name, column, old, new}, cell by cell.
    changes: list[dict[str, Any]] = field(default_factory=list)
    # What the file holds: its sheets and the columns of those that are taken.
    sheets: list[dict[str, Any]] = field(default_factory=list)
    columns: list[dict[str, Any]] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        return sum(self.counts.values())

    def as_json(self) -> dict[str, Any]:
        remarks = {"rejected": self.rejected, "flagged": self.flagged}
        return {
            "rows": self.accepted + len(self.rejected) + len(self.skipped),
            "accepted": self.accepted,
            **self.counts,
            **{name: [remark.as_json() for remark in found] for name, found in remarks.items()},
            "skipped": [left_out(remark) for remark in self.skipped],
            "changes": self.changes,
            "sheets": self.sheets,
            "columns": self.columns,
        }


def left_out(remark: Remark) -> dict[str, Any]:
    return {name: value for name, value in remark.as_json().items() if name != "column"}


def find_layout(ledger: Ledger, sheets: Sequence[Sheet], options: Options | None = None) -> Tables:
    """The tables of a workbook, as far as they are taken. Raises Unreadable."""
    codes.load(ledger.all_code_lists)
    return tables(ledger, sheets, options or Options())


def take(ledger: Ledger, found: Tables, source: str, adopt: bool, progress: Progress) -> Outcome:
    """Take the rows of a workbook. `source` is the file's name; `adopt` takes them over as records in force.

    Nothing is committed. Raises what `progress(done, all)` raises.
    """
    with remembering():
        codes.load(ledger.all_code_lists)
        outcome, form, seen = described(ledger, found), form_class(ledger), dict[Any, str]()
        words = status_words(ledger) if adopt else {}
        done, total = 0, found.count
        for table in found.taken:
            account = Account(ledger, table, table.sheet.name if found.several else "", outcome)
            for number, cells in trees.parents_first(ledger, table.read.rows):
                progress(done, total)
                done += 1
                try:
                    if fault := table.read.faults.get(number):
                        raise Rejected(fault.name, fault.why)
                    with doing("adopt" if adopt else "import", source, number):
                        row = Row(ledger, table, cells, adopt, words)
                        key, result, record = row.take(form, seen)
                except Rejected as fault:
                    account.rejected(number, fault)
                    continue
                trees.made(ledger)
                seen[key] = account.place(number)
                account.accepted(number, row, result, record)
        progress(total, total)
        return outcome


@dataclass(frozen=True)
class Account:
    """Keeps account of what becomes of the rows of one table."""

    ledger: Ledger
    table: Layout
    sheet: str  # its name where several are taken
    outcome: Outcome

    def rejected(self, number: int, fault: Rejected) -> None:
        self.outcome.rejected.append(self.remark(number, fault.name, fault.why))
        self.outcome.rows.append((number, REJECTED, fault.why, self.sheet))

    def accepted(self, number: int, row: Row, result: str, record: Any) -> None:
        self.outcome.counts[result] += 1
        self.outcome.rows.append((number, result, str(record), self.sheet))
        for name in (*(getattr(record, "gaps", None) or ()), *row.lacking):
            self.outcome.flagged.append(self.remark(number, name, gettext("To be added")))
        for name in row.left:
            why = gettext("Not compared, as it is hidden from you; it stays as it is")
            self.outcome.flagged.append(self.remark(number, name, why))

    def remark(self, number: int, name: str, why: str) -> Remark:
        return Remark(number, row_column(self.ledger, self.table, name), why, self.sheet)

    def place(self, number: int) -> str:
        if self.sheet:
            return gettext("row %(row)d of the sheet “%(sheet)s”", row=number, sheet=self.sheet)
        return gettext("row %(row)d of this sheet", row=number)


@contextmanager
def doing(verb: str, source: str, number: int) -> Iterator[None]:
    with force_locale(PAPER):
        reason = gettext("Taken from %(file)s, row %(row)d", file=source, row=number)
    with scope.doing(verb), audit.because(reason[:400]), db.session.no_autoflush:
        yield


def row_column(ledger: Ledger, found: Layout, name: str) -> str:
    """The heading as written; the field's own name where the sheet has no such column."""
    column = found.taken.get(name)
    return (column.header or column.letters) if column else str(ledger.label_of(name))


def described(ledger: Ledger, found: Tables) -> Outcome:
    """What the file holds, before any row is taken."""
    outcome = Outcome()
    for offer in found.offers:
        outcome.sheets.append(sheet_told(offer))
        if offer.layout is not None and offer.taken:
            name = offer.sheet.name if found.several else ""
            outcome.skipped += [Remark(skip.row, "", skip.why, name) for skip in offer.layout.read.skipped]
            outcome.columns += [column_told(column, name) for column in offer.layout.columns]
    return outcome


def sheet_told(offer: Offer) -> dict[str, Any]:
    told = {
        "name": offer.sheet.name,
        "hidden": offer.hidden,
        "rows": offer.count,
        "taken": offer.taken,
        "fits": offer.layout is not None,
    }
    return told | ({"why": offer.why} if offer.why else {})


def column_told(column: Column, sheet: str) -> dict[str, Any]:
    """`field` is the one it is taken as; of a guess that nobody has said yes to, the one it might be."""
    guessed = bool(column.guess) and not column.name
    told = {
        "header": column.header,
        "column": column.letters,
        "field": column.guess if guessed else column.name if column.taken else "",
        "how": GUESSED if guessed else column.how,
        "taken": column.taken,
        "cells": column.filled,
    }
    return told | ({"why": column.why} if column.why else {}) | ({"sheet": sheet} if sheet else {})


__all__ = ["Options", "Outcome", "Remark", "find_layout", "take"]
