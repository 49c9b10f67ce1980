"""Widths of columns and heights of rows, since no program fits them when it opens a workbook."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from math import ceil
from typing import Any

from portal.core.search import remembering

LEAST, MOST = 6, 40  # width of a column, in characters
PAGE = 165  # widths that fit beside each other on A4 landscape and can still be read
LINE = 15.0  # points of one line at size 11
HIGHEST = 409.0  # points; no program shows a higher row
BESIDE = 2  # characters of padding in a cell
ONE_LINE = 8  # a heading so short does not wrap
DAY = 10  # of 2026.06.30
UNBROKEN = 22  # so long numbers and codes stand on one line
SAMPLE = 500  # rows whose content says how wide the columns are; all of them would have to be kept in memory
WORD = re.compile("[!-~]+")


@remembering(8192)  # columns say the same in many rows
def width(text: str) -> int:
    """In characters: a Han character is as wide as two Latin ones."""
    if text.isascii():
        return len(text)
    return len(text) + sum(map("WF".__contains__, map(unicodedata.east_asian_width, text)))


def shown(value: Any) -> str:
    return f"{value:%Y.%m.%d}" if isinstance(value, date) else "" if value is None else str(value)


def longest(value: Any) -> int:
    return max((width(line) for line in shown(value).split("\n")), default=0)


def heading(head: str) -> int:
    """A long heading can wrap once, and between words."""
    return width(head) if width(head) <= ONE_LINE else max(ceil(width(head) / 2), unbroken(head))


def unbroken(value: Any) -> int:
    return max((len(word) for word in WORD.findall(shown(value))), default=0)


def widths(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[int]:
    """By what stands in the columns. What is too wide for a page is taken from the widest columns, but for numbers and
    codes, which nobody reads in two pieces. Columns in which nothing stands are as narrow as can be, where the rows are
    all that there are."""
    empty = [0 < len(rows) < SAMPLE and all(row[n] in (None, "") for row in rows) for n in range(len(heads))]
    needed = [unbroken(head) if each else heading(head) for head, each in zip(heads, empty, strict=True)]
    needed = [max(each, LEAST - BESIDE) for each in needed]
    whole = list(needed)
    for row in rows:
        needed = [max(had, longest(value)) for had, value in zip(needed, row, strict=True)]
        whole = [max(had, min(unbroken(value), UNBROKEN)) for had, value in zip(whole, row, strict=True)]
    found = [min(each + BESIDE, MOST) for each in needed]
    cap = MOST
    while sum(found) > PAGE and cap > 2 * LEAST:
        cap -= 1
        found = [max(min(each, cap), least + BESIDE) for each, least in zip(found, whole, strict=True)]
    return found


def lines(value: Any, wide: int) -> int:
    return lines_of(shown(value), wide)


@lru_cache(2048)  # columns say the same in many rows
def lines_of(text: str, wide: int) -> int:
    """A word may move to the next line whole, so one character of each line stays free."""
    room = max(wide - BESIDE, 1)
    if len(text) * 2 <= room and "\n" not in text:
        return 1
    return sum(max(ceil(width(line) / room), 1) for line in text.split("\n"))


def height(values: Sequence[Any], wide: Sequence[int]) -> float:
    """That of the cell with the most lines. Nearly all are too short to have more than those before them, which their
    length tells."""
    most = 1
    for value, room in zip(values, wide, strict=True):
        if value is None or value == "":
            continue
        if isinstance(value, str):
            fits = 2 * len(value) <= most * (room - BESIDE) and "\n" not in value
        else:
            fits = (DAY if isinstance(value, date) else len(str(value))) <= room - BESIDE
        if not fits:
            most = max(most, lines(value, room))
    return min(most * LINE + 3, HIGHEST)
