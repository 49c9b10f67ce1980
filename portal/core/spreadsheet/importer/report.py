"""The result of an import: every row, column and sheet (`docs/domain/workbooks.md`, `--json`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask_babel import gettext, lazy_gettext

from portal.core.declaration.ledger import Ledger
from portal.core.spreadsheet.importer.children.rows import TableOutcome
from portal.core.spreadsheet.importer.row import Row
from portal.core.spreadsheet.importer.verdict import CHANGED, NEW, REJECTED, UNCHANGED, Question, Rejected
from portal.core.spreadsheet.reader.headings import GUESSED, Column
from portal.core.spreadsheet.reader.layout import Layout, Offer, Tables

# What is said of cells of rows that are taken.
LACKING = lazy_gettext("To be added")
HIDDEN = lazy_gettext("Not compared, as it is hidden from you; it stays as it is")
MASKED = lazy_gettext("Not compared, as the sheet shows it masked only")
UNENDED = lazy_gettext("Not taken: it is recorded when the record ends")
COUNTING = lazy_gettext("These numbers only count the rows; they are not taken as the office's own")


@dataclass(frozen=True)
class Remark:
    """A remark about a row: its number in the sheet, the column heading, the text, and the sheet if there are
    several."""

    row: int
    column: str
    why: str
    sheet: str = ""
    # What else is wrong with the row: {column, why}.
    also: Sequence[dict[str, str]] = ()

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value or name not in ("sheet", "also")}


@dataclass
class Outcome:
    """The result of an import."""

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
    # Rows that name a record and contradict it, with both sides: rejected until somebody says that it is the same.
    questions: list[dict[str, Any]] = field(default_factory=list)
    # What became of the further sheets, which hold tables of the records.
    tables: list[dict[str, Any]] = field(default_factory=list)
    # Of a workbook that comes from a template: which one, and what differs from the one of today.
    template: dict[str, Any] = field(default_factory=dict)

    def add_tables(self, tables: Sequence[TableOutcome]) -> None:
        """Add the results of child sheets; their rejected rows count as rejected rows of the workbook."""
        for table in tables:
            self.tables.append(table.as_json())
            self.changes += table.changes
            for row, column, why in table.rejected:
                self.rejected.append(Remark(row, column, why, table.sheet))
                self.rows.append((row, REJECTED, why, table.sheet))

    def remember(self) -> Callable[[], None]:
        """Returns a function that discards everything noted from now on."""
        counts = self.counts.copy()
        lists = [each for each in vars(self).values() if isinstance(each, list)]
        lengths = [len(each) for each in lists]

        def forget() -> None:
            self.counts = counts
            for each, length in zip(lists, lengths, strict=True):
                del each[length:]

        return forget

    @property
    def accepted(self) -> int:
        return sum(self.all_counts.values())

    @property
    def all_counts(self) -> dict[str, int]:
        """The counts of all sheets' rows; `counts` has the records only."""
        return {name: count + sum(table[name] for table in self.tables) for name, count in self.counts.items()}

    def as_json(self) -> dict[str, Any]:
        remarks = {"rejected": self.rejected, "flagged": self.flagged}
        return {
            "rows": self.accepted + len(self.rejected) + len(self.skipped),
            "accepted": self.accepted,
            **self.all_counts,
            **{name: [remark.as_json() for remark in found] for name, found in remarks.items()},
            "skipped": [left_out(remark) for remark in self.skipped],
            "changes": self.changes,
            "questions": self.questions,
            "sheets": self.sheets,
            "columns": self.columns,
            "tables": self.tables,
        } | ({"template": self.template} if self.template else {})


def left_out(remark: Remark) -> dict[str, Any]:
    return {name: value for name, value in remark.as_json().items() if name != "column"}


@dataclass(frozen=True)
class Account:
    """Notes the results of the rows of one table."""

    ledger: Ledger
    table: Layout
    sheet: str  # its name where several are taken
    outcome: Outcome
    # Columns of which it was said that their numbers only count.
    counting: set[str] = field(default_factory=set)

    def rejected(self, number: int, fault: Rejected) -> None:
        also = [{"column": self.column(name), "why": why} for name, why in fault.also]
        self.outcome.rejected.append(replace(self.remark(number, fault.name, fault.why), also=also))
        self.outcome.rows.append((number, REJECTED, fault.why, self.sheet))
        if isinstance(fault, Question):
            sides = [{"name": n, "column": self.column(n), "there": t, "here": h} for n, t, h in fault.sides]
            self.outcome.questions.append(self.located(number) | {"record_no": fault.record_no, "sides": sides})

    def accepted(self, number: int, row: Row, result: str, record: Any) -> None:
        self.outcome.counts[result] += 1
        self.outcome.rows.append((number, result, str(record), self.sheet))
        told = row.told
        flags = (
            (LACKING, (*(getattr(record, "gaps", None) or ()), *told.lacking)),
            (HIDDEN, told.left),
            (MASKED, told.masked),
            (UNENDED, told.unended),
        )
        for why, names in flags:
            text = str(why) if names else ""
            self.outcome.flagged += [self.remark(number, name, text) for name in dict.fromkeys(names)]
        for note in self.table.read.notes.get(number, ()):
            self.outcome.flagged.append(self.remark(number, note.name, note.why))
        if told.kept_status:
            shown = self.ledger.review.statuses[told.kept_status].label
            text = gettext("The record keeps its status: %(status)s", status=shown)
            self.outcome.flagged.append(self.remark(number, "status", text))
        self.say_counting(number, told.counting)
        for record_no, name, old, new in told.changes:
            change = {"record_no": record_no, "name": name, "column": self.column(name), "old": old, "new": new}
            self.outcome.changes.append(self.located(number) | change)

    def say_counting(self, number: int, names: Sequence[str]) -> None:
        """Remark once per column that its numbers only count rows."""
        for column in map(self.column, names):
            if column not in self.counting:
                self.counting.add(column)
                self.outcome.flagged.append(Remark(number, column, str(COUNTING), self.sheet))

    def remember(self) -> Callable[[], None]:
        """Returns a function that discards everything noted from now on."""
        counting, outcome = self.counting.copy(), self.outcome.remember()

        def forget() -> None:
            self.counting.intersection_update(counting)
            outcome()

        return forget

    def located(self, number: int) -> dict[str, Any]:
        return {"row": number} | ({"sheet": self.sheet} if self.sheet else {})

    def column(self, name: str) -> str:
        return row_column(self.ledger, self.table, name)

    def remark(self, number: int, name: str, why: str) -> Remark:
        return Remark(number, self.column(name), why, self.sheet)

    def place(self, number: int) -> str:
        if self.sheet:
            return gettext("row %(row)d of the sheet “%(sheet)s”", row=number, sheet=self.sheet)
        return gettext("row %(row)d of this sheet", row=number)


def row_column(ledger: Ledger, found: Layout, name: str) -> str:
    """The heading as written, or the field's label if the sheet has no such column."""
    column = found.taken.get(name)
    return (column.header or column.letters) if column else str(ledger.label_of(name))


def described(ledger: Ledger, found: Tables) -> Outcome:
    """The contents of the file, before any row is imported."""
    outcome = Outcome(template=found.template)
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
    """A column as JSON. `field` is its field, or the suggested one of a guess that is not confirmed."""
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


__all__ = ["Account", "Outcome", "Remark", "described"]
