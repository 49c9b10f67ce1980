"""Find the tables in the sheets of a workbook: headings, rows, and rows that are not data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from flask_babel import gettext

from portal.core.fields import BadValue, Kind, days_in, parse_day, since_1904
from portal.core.fields.dates import written_out
from portal.core.fields.measures import said_in
from portal.core.search import fold
from portal.core.spreadsheet.reader import month_rule, skipped_rows
from portal.core.spreadsheet.reader.cell_references import is_ditto, unclear
from portal.core.spreadsheet.reader.flat_tables import FlatTable
from portal.core.spreadsheet.reader.headings import IGNORED, LOOKED_AT, Column, cell, headings, plain
from portal.core.spreadsheet.reader.workbook import Sheet

FILLED = re.compile("(?:填报|填表|填写|制表)(?:日期|时间)")
FOOT = 6  # rows at the end of a sheet in which notes stand
DEPTHS = (1, 2, 3)  # rows of headings
MOST_STRAY = 3  # so many words beside each other are no note
SPAN = "~"  # between the two fields of a column that holds two days
TOWN = "@"  # after the field of the community whose town a column holds
TOWN_ENDS = re.compile(r"街道|镇|乡|开发区|园区")


@dataclass(frozen=True)
class Skip:
    """A row of the sheet (from 1) that is not data, with the reason."""

    row: int
    why: str


@dataclass(frozen=True)
class Fault:
    """An error or remark about a cell, before its field parses it."""

    name: str
    why: str
    wrong: bool = True


@dataclass(frozen=True)
class Read:
    """The rows below the headings: (row from 1, text by field) of data rows, skipped rows, and errors by row."""

    rows: list[tuple[int, dict[str, str]]]
    skipped: list[Skip]
    faults: dict[int, list[Fault]]
    # What is said of cells that are not taken as they stand, by their row.
    notes: dict[int, list[Fault]]
    # Cells that say a month where a day is asked for.
    months: int


@dataclass
class Layout:
    """The position of a table in its sheet, and its columns."""

    sheet: Sheet
    top: int
    first_row: int
    columns: list[Column]
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    fills_down: tuple[str, ...] = ()
    days: frozenset[str] = frozenset()  # the fields that are days
    kinds: Mapping[str, Kind] = field(default_factory=dict)  # by field
    with_hidden: bool = False
    month_days: str = ""
    other_ledger: str = ""  # the one whose headings those of another table below look like

    @property
    def taken(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns if column.taken}

    @property
    def hidden_rows(self) -> frozenset[int]:
        return frozenset() if self.with_hidden else self.sheet.hidden_rows

    @property
    def hidden_columns(self) -> frozenset[int]:
        return frozenset() if self.with_hidden else self.sheet.hidden_columns

    def below(self) -> Iterator[tuple[int, list[str]]]:
        """(row from 0, cells) of the rows below the headings that are not blank."""
        for n, cells in enumerate(self.sheet.rows[self.first_row :], start=self.first_row):
            if any(cell(cells, index) for index in range(len(cells))):
                yield n, cells

    @cached_property
    def read(self) -> Read:
        """Read the rows below the headings. Columns must be assigned before."""
        found, carried = Read([], [], {}, {}, self.count_months()), Carried(self)
        end = self.end
        for n, cells in self.below():
            why = self.why_skipped(n, cells)
            if end is not None and n >= end:
                why = self.another(end + 1)
            if why:
                carried.title(cells)
                found.skipped.append(Skip(n + 1, why))
                continue
            texts, faults = carried.row(n, cells)
            notes = carried.meant(texts)
            found.rows.append((n + 1, in_towns(texts)))
            if faults := [*faults, *(note for note in notes if note.wrong)]:
                found.faults[n + 1] = faults
            if notes:
                found.notes[n + 1] = notes
        return found

    def why_skipped(self, n: int, cells: Sequence[str]) -> str:
        if n not in self.reasons:
            self.reasons[n] = skipped_rows.why_skipped(self.table, n, cells)
        return self.reasons[n]

    @cached_property
    def reasons(self) -> dict[int, str]:
        """Cache of the reasons why rows are not data, because the end of the table is found before rows are read."""
        return {}

    def another(self, row: int) -> str:
        why = gettext("Another table begins in row %(row)d; please bring it on a sheet of its own.", row=row)
        if not self.other_ledger:
            return why
        looks = gettext("Its headings look like those of “%(ledger)s”.", ledger=self.other_ledger)
        return f"{why} {looks}"

    @cached_property
    def end(self) -> int | None:
        """The row (from 0) in which another table begins below this one. Columns must be assigned before."""
        last = self.first_row - 1
        title: int | None = None  # the first of the titles right above
        for n, cells in self.below():
            filled = {at: text for at in range(len(cells)) if (text := cell(cells, at))}
            title = None if n > last + 1 else title
            if len(filled) > 1 and not self.why_skipped(n, cells):
                apart = n > last + 1 or title is not None
                if skipped_rows.is_other_heading(self.table, filled) or (apart and self.is_strange(filled)):
                    return n if title is None else title
            title = (n if title is None else title) if len(filled) == 1 else None
            last = n
        return None

    def is_strange(self, filled: Mapping[int, str]) -> bool:
        """Are these unknown headings? They have words only, and no column with typical values accepts them."""
        if len(filled) < MOST_STRAY or any(char.isdecimal() for text in filled.values() for char in text):
            return False
        kinds = {column.index: self.kinds[name] for name, column in self.taken.items() if name in self.kinds}
        told = [(kinds[at], text) for at, text in filled.items() if at in kinds and kinds[at].telling]
        return len(told) >= 2 and not any(takes(kind, text) for kind, text in told)

    @cached_property
    def table(self) -> skipped_rows.Table:
        heads = [cells for cells in self.sheet.rows[self.top : self.first_row] if any(text.strip() for text in cells)]
        wide = {(area[0], area[1]) for area in self.sheet.merged if area[3] > area[1]}
        titles = {column.index for name, column in self.taken.items() if name in self.fills_down}
        return skipped_rows.Table(self.columns, heads, self.words, wide, self.hidden_rows, titles)

    def texts(self, column: Column) -> Iterator[str]:
        return (text for _, cells in self.below() if (text := cell(cells, column.index)))

    def count_months(self) -> int:
        columns = [column for name, column in self.taken.items() if name in self.days]
        return sum(
            month_rule.month_of(text) is not None
            for _, cells in self.below()
            for column in columns
            if (text := cell(cells, column.index))
        )

    def spread(self) -> dict[tuple[int, int], str]:
        """The text of cells merged over several rows, by (row, column) from 0."""
        return {
            (row, left): cell(self.sheet.rows[top], left)
            for top, left, bottom, _right in self.sheet.merged
            if self.first_row <= top < len(self.sheet.rows)
            for row in range(top + 1, bottom + 1)
        }

    def units(self) -> list[str]:
        """The units given above the table, or in the last rows of the sheet: 单位：万元."""
        around = [*self.sheet.rows[: self.top], *self.sheet.rows[max(self.first_row, len(self.sheet.rows) - FOOT) :]]
        return [unit for cells in around for text in cells for unit in said_in(text)]

    @cached_property
    def day(self) -> date | None:
        """The date given above the table on which the sheet was filled in."""
        for cells in self.sheet.rows[: self.first_row]:
            texts = [fold(text) for text in cells if text]
            for text, beside in zip(texts, [*texts[1:], ""], strict=True):
                if word := FILLED.search(text):
                    rest = text[word.end() :].strip(" :")
                    if days := days_in(rest or beside):
                        return parse_day(days[0])
        return None


class Carried:
    """Values that rows take from rows above: merged cells, marks for "as above", columns filled in once for all
    following rows; and dates by the rule for months."""

    def __init__(self, layout: Layout) -> None:
        self.layout, self.taken, self.spread = layout, layout.taken, layout.spread()
        self.last: dict[str, str] | None = None
        self.above: dict[str, str] = {}
        self.written = {
            name: written_out(cell(cells, column.index) for _, cells in layout.below())
            for name, column in self.taken.items()
            if name in layout.days
        }

        units = layout.units()
        self.readings = {
            name: reading
            for name, column in self.taken.items()
            if name in layout.kinds
            and (reading := layout.kinds[name].reading(list(layout.texts(column)), column.unit, units))
        }

    def meant(self, texts: dict[str, str]) -> list[Fault]:
        """Replace the texts of cells by their meaning; returns errors and remarks."""
        found = []
        for name, reading in self.readings.items():
            if not texts[name]:
                continue
            try:
                texts[name], why = reading(texts[name])
            except BadValue as fault:
                found.append(Fault(name, str(fault)))
                continue
            if why:
                found.append(Fault(name, why, wrong=False))
        return found

    def title(self, cells: Sequence[str]) -> None:
        """Use a group title in a column that is filled in once as the value of the rows below it."""
        filled = {index: text for index in range(len(cells)) if (text := cell(cells, index))}
        for name in self.layout.fills_down:
            column = self.taken.get(name)
            if column and [*filled] == [column.index] and not skipped_rows.is_total(filled):
                self.above[name] = filled[column.index]

    def said(self, name: str, text: str) -> str:
        return since_1904(text) if self.layout.sheet.date1904 and name in self.layout.days else text

    def row(self, n: int, cells: Sequence[str]) -> tuple[dict[str, str], list[Fault]]:
        found, faults = {}, list[Fault]()
        for name, column in self.taken.items():
            text = self.said(name, cell(cells, column.index) or self.spread.get((n, column.index), ""))
            if is_ditto(text):
                if self.last is None:
                    faults.append(Fault(name, gettext("Nothing stands above that “%(text)s” could mean.", text=text)))
                text = (self.last or {}).get(name, "")
            elif why := unclear(self.layout.kinds.get(name), text):
                faults.append(Fault(name, why))
            if name in self.layout.fills_down:
                text = self.above[name] = text or self.above.get(name, "")
            if name in self.layout.days and (month := month_rule.month_of(text, written=self.written[name])):
                if self.layout.month_days:
                    text = month_rule.day_of(month, self.layout.month_days)
                else:
                    faults.append(Fault(name, gettext("Only a month stands here; say which of its days is meant.")))
            found[name] = text
        self.last = found
        return found, faults


def takes(kind: Kind, text: str) -> bool:
    try:
        kind.parse(kind.from_cell(text), None)
    except BadValue:
        return is_ditto(text)
    return True


def in_towns(texts: Mapping[str, str]) -> dict[str, str]:
    """Put the town before the community's name if there is a column for it, since several towns have communities of the
    same name."""
    found = dict(texts)
    for column in [name for name in found if name.endswith(TOWN)]:
        town, name = found.pop(column), column.removesuffix(TOWN)
        if found.get(name) and not TOWN_ENDS.search(fold(found[name])):
            found[name] = town + found[name]
    return found


def candidates(sheet: Sheet, words: Mapping[str, Sequence[str]]) -> Iterator[tuple[tuple[int, int, int], Layout]]:
    """Possible tables with one to three rows of headings, with a score."""
    width = max(map(len, sheet.rows), default=0)
    first = next((n for n, cells in enumerate(sheet.rows) if cells), 0)
    for top in range(first, min(first + LOOKED_AT, len(sheet.rows))):
        for depth in DEPTHS:
            if is_cut(sheet, top, depth):
                continue
            columns = headings(sheet, top, depth, width)
            known = {tuple(words[word]) for column in columns for word in column.words if word in words}
            telling = [names for names in known if IGNORED not in names]
            if len(telling) >= 2:
                yield (len(known), -depth, -top), Layout(sheet, top, top + depth, columns, words)


def is_cut(sheet: Sheet, top: int, depth: int) -> bool:
    """Does a heading that is merged over several rows extend below these rows, into further headings?"""
    last = top + depth - 1
    return any(area[0] <= last < area[2] < top + DEPTHS[-1] for area in sheet.merged if area[0] >= top)


@dataclass
class Offer:
    """A sheet of the workbook with its table, or the reason why it is not imported."""

    sheet: Sheet
    layout: Layout | None = None
    why: str = ""

    @property
    def hidden(self) -> bool:
        return self.sheet.hidden

    @property
    def taken(self) -> bool:
        return self.layout is not None and not self.why

    @property
    def count(self) -> int:
        """The number of rows of its table; without one, of all rows that are not blank."""
        if self.layout is not None:
            return sum(1 for _ in self.layout.below())
        return sum(any(cell(cells, index) for index in range(len(cells))) for cells in self.sheet.rows)


@dataclass
class Tables:
    """The tables of a workbook, imported or not."""

    offers: list[Offer] = field(default_factory=list)
    # Those of the sheets that hold tables of the records.
    further: list[FlatTable] = field(default_factory=list)
    # What is said of the template that the workbook comes from.
    template: dict[str, Any] = field(default_factory=dict)

    @property
    def taken(self) -> list[Layout]:
        return [offer.layout for offer in self.offers if offer.layout is not None and not offer.why]

    @property
    def several(self) -> bool:
        return len(self.taken) > 1

    @property
    def count(self) -> int:
        """The number of rows of all imported tables."""
        return sum(len(table.read.rows) for table in self.taken)

    def read_rows(self) -> None:
        """Read the rows of all imported tables now, while the caller can wait."""
        for table in self.taken:
            _ = table.read

    def of(self, name: str) -> Layout:
        """The table of the sheet with this name, or the only table."""
        for table in self.further:
            if table.sheet.name == name:
                columns = headings(table.sheet, table.top, 1, len(table.columns))
                return Layout(table.sheet, table.top, table.top + 1, columns)
        return next((each for each in self.taken if each.sheet.name == name), self.taken[0])


__all__ = ["IGNORED", "SPAN", "TOWN", "Column", "Layout", "Offer", "Skip", "Tables", "cell", "plain"]
