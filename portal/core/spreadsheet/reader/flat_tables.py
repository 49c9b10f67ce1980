"""Tables with one row of headings, such as those in our own workbooks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from portal.core.spreadsheet.reader.headings import LOOKED_AT, cell, plain
from portal.core.spreadsheet.reader.workbook import Sheet

# Between several things that one cell names.
SEVERAL = re.compile(r"[、，,;；\n]+")


@dataclass(frozen=True)
class FlatTable:
    """`top` is the row of the headings, from 0; `columns` are the names of the columns, "" if unknown; `heads` are the
    headings without marks."""

    sheet: Sheet
    top: int
    columns: Sequence[str]
    heads: Sequence[str]

    def rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """(row from 1, text by name) of every row that is not blank."""
        for n, cells in enumerate(self.sheet.rows[self.top + 1 :], start=self.top + 2):
            texts = {name: cell(cells, index) for index, name in enumerate(self.columns) if name}
            if any(texts.values()):
                yield n, texts

    def left_out(self) -> list[str]:
        """The headings of unknown columns with values."""
        below = self.sheet.rows[self.top + 1 :]
        unknown = (index for index, head in enumerate(self.heads) if head and not self.columns[index])
        return [self.heads[index] for index in unknown if any(cell(cells, index) for cells in below)]

    def place(self, head: str) -> int:
        """The index of the column with this heading, 0 if there is none."""
        known = {plain(text): index for index, text in enumerate(self.heads)}
        return known.get(plain(head), 0)


def flat_table(
    sheet: Sheet, words: Mapping[str, str], fits: Callable[[Sequence[str]], bool], marks: str = ""
) -> FlatTable | None:
    """The table below the first row whose headings fit. `words` are the column names by normalized heading; headings
    may end with `marks`."""
    for top, cells in enumerate(sheet.rows[:LOOKED_AT]):
        heads = [text.strip().removesuffix(marks) for text in cells]
        columns = [words.get(plain(head), "") for head in heads]
        if fits(columns):
            return FlatTable(sheet, top, columns, heads)
    return None


def parts_of(text: str) -> list[str]:
    return [part.strip() for part in SEVERAL.split(text) if part.strip()]
