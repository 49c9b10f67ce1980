"""Where the table stands in a sheet: its headings and its rows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache

from portal.core.fields import days_in, parse_day
from portal.core.search import fold
from portal.core.spreadsheet.reading import Sheet

LOOKED_AT = 40  # rows in which a header may stand, cells by which a column is told
WHOSE_NAME = frozenset({"姓名", "名称", "名字", "name"})
RECORD_NO = re.compile(r"[A-Z]{2}\d{4}-\d{3}-\d{4,}")
BLANK = frozenset({"", "-", "--", "—", "——", "/", "\\", "无填", "\u3000"})
IGNORED = "-"
SPAN = "~"  # between the two fields of a column that holds two days
TOWN = "@"  # after the field of the community whose town a column holds
TOWN_ENDS = re.compile(r"街道|镇|乡|开发区|园区")
FOOTERS = (
    "合计",
    "总计",
    "小计",
    "填报人",
    "填表人",
    "审核人",
    "单位负责人",
    "经办人",
    "制表",
    "备注:",
    "备注：",
    "说明:",
    "说明：",
    "注:",
    "注：",
    "联系电话:",
)


@dataclass
class Column:
    """One column of the sheet. `name` is the field it is, "" when nobody knows, IGNORED when it is not taken.

    `group` is the heading above its own that it shares with its neighbours; `known`: does the ledger declare its words?
    """

    index: int
    header: str
    words: list[str]
    group: str = ""
    cells: list[str] = field(default_factory=list)
    name: str = ""
    known: bool = False


@dataclass
class Layout:
    """Where the table stands in its sheet, and what its columns are."""

    sheet: Sheet
    first_row: int
    columns: list[Column]
    fills_down: tuple[str, ...] = ()
    # The other sheets of the workbook that hold tables of the records.
    further: list[Sheet] = field(default_factory=list)

    @property
    def taken(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns if column.name not in ("", IGNORED)}

    def rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """(row of the sheet from 1, text by field) of every row that says something.

        A cell merged over several rows says the same for each; so does the last one before the blanks of a column
        that the ledger says is filled in once for all that follow.
        """
        taken, spread, above = self.taken, self.spread(), dict[str, str]()
        for n, cells in enumerate(self.sheet.rows[self.first_row :], start=self.first_row + 1):
            if is_row(cells, self.columns):
                found = {
                    name: cell(cells, column.index) or spread.get((n - 1, column.index), "")
                    for name, column in taken.items()
                }
                for name in self.fills_down:
                    if name in found:
                        found[name] = above[name] = found[name] or above.get(name, "")
                yield n, in_towns(found)

    def spread(self) -> dict[tuple[int, int], str]:
        """The text of cells merged over several rows, by (row, column) from 0."""
        return {
            (row, left): cell(self.sheet.rows[top], left)
            for top, left, bottom, _right in self.sheet.merged
            if top >= self.first_row
            for row in range(top + 1, bottom + 1)
        }

    def day(self) -> date | None:
        """The day that the sheet says it was filled in, above its table."""
        for cells in self.sheet.rows[: self.first_row]:
            for text in cells:
                _, word, rest = text.partition("填报日期")
                if word and (days := days_in(rest)):
                    return parse_day(days[0])
        return None


def in_towns(found: dict[str, str]) -> dict[str, str]:
    """Communities of one name lie in several towns; a column with the town says which is meant."""
    for column in [name for name in found if name.endswith(TOWN)]:
        town, name = found.pop(column), column.removesuffix(TOWN)
        if found.get(name) and not TOWN_ENDS.search(fold(found[name])):
            found[name] = town + found[name]
    return found


def cell(cells: Sequence[str], index: int) -> str:
    text = unicodedata.normalize("NFKC", cells[index]).strip() if index < len(cells) else ""
    return "" if text in BLANK else cells[index].strip()


@cache
def footers() -> tuple[str, ...]:
    return tuple(plain(word) for word in FOOTERS)


def is_row(cells: Sequence[str], columns: Iterable[Column]) -> bool:
    """A row of the table, and not an empty one, a sum, a signature or the header again."""
    filled = [text for text in (each.strip() for each in cells) if text]
    if not filled or plain(filled[0]).startswith(footers()):
        return False
    known = [column for column in columns if column.name != IGNORED]
    texts = [cell(cells, column.index) for column in known]
    if sum(bool(text) for text in texts) < min(2, len(texts)):
        return False
    again = sum(text == column.header for text, column in zip(texts, known, strict=True) if text)
    return again < 2


def plain(text: str) -> str:
    """A header without what differs from office to office: script, width, spaces, marks."""
    return re.sub(r"[\s*:：/、,，._\-—()（）\[\]【】]", "", fold(text))


def without_brackets(text: str) -> str:
    return re.sub(r"[(（\[【].*?[)）\]】]", "", fold(text))


def candidates(sheet: Sheet, words: dict[str, list[str]]) -> Iterator[tuple[tuple[int, int, int], Layout]]:
    """Tables that begin at some row with one or two rows of headings, with how well they fit."""
    for top in range(min(LOOKED_AT, len(sheet.rows))):
        for depth in (1, 2):
            columns = headings(sheet, top, depth)
            known = {tuple(words[word]) for column in columns for word in column.words if word in words}
            telling = [names for names in known if names != (IGNORED,)]
            if len(telling) >= 2:
                yield (len(known), -depth, -top), Layout(sheet, top + depth, columns)


def headings(sheet: Sheet, top: int, depth: int) -> list[Column]:
    rows = sheet.rows[top : top + depth]
    width = max((len(row) for row in rows), default=0)
    group, columns = "", []
    merged = {(area[0], area[1]): area for area in sheet.merged}
    reach = -1
    for index in range(width):
        upper = rows[0][index].strip() if index < len(rows[0]) else ""
        lower = rows[-1][index].strip() if depth == 2 and index < len(rows[-1]) else ""
        if upper:
            group, reach = upper, merged.get((top, index), (0, 0, 0, index))[3]
        over = group if depth == 2 and (upper or index <= reach) else ""
        own = lower if depth == 2 else upper
        texts = [over + own, over, own] if plain(own) in WHOSE_NAME else [over + own, own]
        words = [word for text in texts for word in (plain(text), plain(without_brackets(text))) if word]
        columns.append(Column(index, own or over, list(dict.fromkeys(words)), over if own else ""))
    return columns
