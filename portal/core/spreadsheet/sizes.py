"""How wide columns and how high rows must be, since no program fits them when it opens or prints a workbook."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from math import ceil
from typing import Any

LEAST, MOST = 6, 40  # width of a column, in characters
PAGE = 165  # widths that fit beside each other on A4 landscape and can still be read
LINE = 15.0  # points of one line at size 11
HIGHEST = 409.0  # points; no program shows a higher row
BESIDE = 2  # characters of padding in a cell


def width(text: str) -> int:
    """In characters: a Han character is as wide as two Latin ones."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def shown(value: Any) -> str:
    return f"{value:%Y.%m.%d}" if isinstance(value, date) else "" if value is None else str(value)


def longest(value: Any) -> int:
    return max((width(line) for line in shown(value).split("\n")), default=0)


def widths(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[int]:
    """By what stands in the columns. A heading can wrap once; what is still too wide for a page is taken from the
    widest columns."""
    needed = [max(ceil(width(head) / 2), LEAST - BESIDE) for head in heads]
    for row in rows:
        needed = [max(had, longest(value)) for had, value in zip(needed, row, strict=True)]
    found = [min(each + BESIDE, MOST) for each in needed]
    cap = MOST
    while sum(found) > PAGE and cap > 2 * LEAST:
        cap -= 1
        found = [min(each, cap) for each in found]
    return found


def lines(value: Any, wide: int) -> int:
    """A word may move to the next line whole, so one character of each line stays free."""
    room = max(wide - BESIDE, 1)
    return sum(max(ceil(width(line) / room), 1) for line in shown(value).split("\n"))


def height(values: Sequence[Any], wide: Sequence[int]) -> float:
    most = max((lines(value, room) for value, room in zip(values, wide, strict=True)), default=1)
    return min(most * LINE + 3, HIGHEST)
