"""Adjust formulas, merged cells and ranges after rows were removed.

Part of the script `marking.py`, so without the portal."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection

from openpyxl.formula import Tokenizer
from openpyxl.formula.tokenizer import Token

CELL = r"(\$?[A-Za-z]{1,3}\$?)(\d{1,7})"
RANGE = re.compile(rf"(?:{CELL}(?::{CELL})?|(\$?)(\d{{1,7}}):(\$?)(\d{{1,7}}))")
EXTERNAL = re.compile(r"\[[^\]]*\][^!]*!")


class Gone(Exception):
    """Raised for a reference to removed rows only."""


class Rows:
    """The new positions of a sheet's rows (from 1) after some are removed."""

    def __init__(self, removed: Collection[int]) -> None:
        self.removed = sorted(removed)
        self.known = frozenset(removed)

    def now(self, row: int) -> int:
        """The new position of a row; for a removed row, that of the next remaining one."""
        return row - bisect_left(self.removed, row)

    def span(self, first: int, last: int) -> tuple[int, int]:
        """The new first and last row. Raises Gone."""
        start, end = self.now(first), last - bisect_right(self.removed, last)
        if end < start:
            raise Gone
        return start, end


def reference(text: str, rows: Rows) -> str:
    """Adjust A1, $A$1, A1:B2 or 1:3. Raises Gone. Whole columns and names stay unchanged."""
    found = RANGE.fullmatch(text)
    if found is None:
        return text
    column, row, other, last, mark, top, other_mark, bottom = found.groups()
    if top:
        start, end = rows.span(int(top), int(bottom))
        return f"{mark}{start}:{other_mark}{end}"
    if last:
        start, end = rows.span(int(row), int(last))
        return f"{column}{start}:{other}{end}"
    return f"{column}{rows.span(int(row), int(row))[0]}"


def formula(text: str, sheet: str, rows_of: dict[str, Rows]) -> str:
    """Adjust a formula in `sheet`. Raises Gone if it refers to removed rows or another workbook."""
    tokens = Tokenizer(text)
    for token in tokens.items:
        if token.type != Token.OPERAND or token.subtype != Token.RANGE:
            continue
        if EXTERNAL.search(token.value):
            raise Gone
        named, mark, place = token.value.rpartition("!")
        rows = rows_of.get(named.strip("'").replace("''", "'") if mark else sheet)
        if rows:
            token.value = f"{named}{mark}{reference(place, rows)}"
    return "=" + "".join(token.value for token in tokens.items)


def areas(text: str, rows: Rows) -> str:
    """Adjust several ranges separated by spaces or commas; removed ones are left out."""
    found = []
    for area in re.split(r"[ ,]+", text.strip()):
        try:
            found.append(reference(area, rows))
        except Gone:
            continue
    return " ".join(found)


__all__ = ["Gone", "Rows", "areas", "formula", "reference"]
