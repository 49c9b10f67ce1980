"""The headings of a table: one to three rows, with or without groups."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from xlsxwriter.utility import xl_col_to_name

from portal.core.fields.measures import split_heading
from portal.core.search import KEPT, fold, remembering
from portal.core.spreadsheet.reader.workbook import Sheet

LONGEST = 500  # characters of a cell that can be a heading; of longer ones the rest is not compared
WHOSE_NAME = frozenset({"姓名", "名称", "名字", "name"})
BLANK = frozenset({"", "-", "--", "—", "——", "/", "\\", "无填", "\u3000"})
BRACKETED = re.compile(r"[(（\[【](.*?)[)）\]】]")
# What only counts the headings: 1.姓名, （二）单位, ③电话.
COUNTING = re.compile(
    r"^\s*(?:[(（](?:\d{1,2}|[一二三四五六七八九十]{1,3})[)）]|\d{1,2}\s*[.．、)）](?!\d)"
    r"|[一二三四五六七八九十]{1,3}、|[①-⑳])\s*"
)
# What a heading says of when, or in what its numbers are.
AROUND = re.compile(r"^(?:19|20)\d{2}年?度?|[%‰]$")
IGNORED = "-"
# What our own sheets show and no sheet fills; what they compute, so that no heading above says anything else.
SHOWN_ONLY, COMPUTED = (IGNORED, "shown"), (IGNORED, "computed")
KNOWN, GUESSED, MAPPED, LEFT_OUT = "known", "guessed", "mapped", "left out"
LOOKED_AT = 40  # rows in which a header may stand, cells by which a column is told


@dataclass
class Column:
    """A column of the sheet. `name` is its field, "" if unknown, IGNORED if it is not imported. `how` is the source:
    the ledger (KNOWN) or the user (MAPPED); without one, `guess` is a suggested field, which is imported if the user
    confirms it. `why` is the reason why a column with a known field is not imported."""

    index: int
    header: str
    words: list[str]
    # The unit that its heading, or the one above, says its numbers are in.
    unit: str = ""
    # What stands in brackets in its heading.
    notes: list[str] = field(default_factory=list)
    # The headings above its own that it shares with its neighbours, from the top.
    groups: tuple[str, ...] = ()
    # The first of its cells, by which one sees what it holds, and how many there are in all.
    cells: list[str] = field(default_factory=list)
    filled: int = 0
    name: str = ""
    how: str = LEFT_OUT
    guess: str = ""
    why: str = ""

    @property
    def group(self) -> str:
        return self.groups[-1] if self.groups else ""

    @property
    def taken(self) -> bool:
        return self.name not in ("", IGNORED)

    @property
    def letters(self) -> str:
        """The column letters in a spreadsheet: A … Z, AA …"""
        return str(xl_col_to_name(self.index))


def cell(cells: Sequence[str], index: int) -> str:
    text = unicodedata.normalize("NFKC", cells[index]).strip() if index < len(cells) else ""
    return "" if text in BLANK else cells[index].strip()


@remembering(8192)
def plain(text: str) -> str:
    """Normal form of a heading: without differences in script and width, without spaces and punctuation."""
    return re.sub(r"[\s*:：/、,，._\-—()（）\[\]【】]", "", fold(text[:LONGEST]))


@remembering(8192)
def without_brackets(text: str) -> str:
    return BRACKETED.sub("", fold(text[:LONGEST]))


def headings(sheet: Sheet, top: int, depth: int, width: int) -> list[Column]:
    """The columns under the headings in `depth` rows from `top` on. Cells to the right of the last heading are columns,
    too, so that they are not lost."""
    own = [[cell(row, index) for index in range(width)] for row in sheet.rows[top : top + depth]]
    over = reaching(sheet, top, own)
    columns = []
    for index in range(width):
        levels = [n for n in range(len(own)) if own[n][index]] or [n for n in range(len(own)) if over[n][index]]
        if not levels:
            columns.append(Column(index, "", []))
            continue
        lowest = levels[-1]
        header = over[lowest][index]
        groups = tuple(text for level in over[:lowest] if (text := level[index]) and text != header)
        units = [unit for text in (header, *reversed(groups)) if (unit := split_heading(text)[1])]
        notes = BRACKETED.findall(fold(COUNTING.sub("", header)))
        columns.append(Column(index, header, words_of(header, groups), next(iter(units), ""), notes, groups))
    return columns


def reaching(sheet: Sheet, top: int, own: Sequence[Sequence[str]]) -> list[list[str]]:
    """The headings of each row, with merged ones repeated for each column. Without merged cells, as in a text file, a
    group heading covers the following columns that have a heading below and none above."""
    merged = {(area[0], area[1]): area[3] for area in sheet.merged}
    found = []
    for n, texts in enumerate(own):
        below = [any(level[index] for level in own[n + 1 :]) for index in range(len(texts))]
        text, reach, group, level = "", -1, False, []
        for index, each in enumerate(texts):
            if each:
                text, reach, group = each, merged.get((top + n, index), index), below[index]
            reached = index <= reach or (not merged and group and below[index])
            level.append(text if reached else "")
        found.append(level)
    return found


def words_of(header: str, groups: Sequence[str]) -> list[str]:
    """The words of a heading, with and without its groups. Cached like `plain`, because each ledger asks for them in
    each row that may be a heading."""
    short = len(header) + sum(map(len, groups)) <= KEPT
    return list((kept_words if short else all_words)(header, tuple(groups)))


def all_words(header: str, groups: tuple[str, ...]) -> list[str]:
    header = header[:LONGEST]
    if (uncounted := COUNTING.sub("", header)) != header:
        return all_words(uncounted, groups) if uncounted else []
    above = groups[-1] if groups else ""
    whose = ["".join(groups), "".join(reversed(groups)), above] if plain(header) in WHOSE_NAME else []
    texts = ["".join([*groups, header]), "".join([*reversed(groups), header]), above + header, *whose, header]
    words = [word for text in texts for word in (plain(text), plain(without_brackets(text)))]
    bare = [AROUND.sub("", word) for word in words]
    if (without := split_heading(header)[0]) != header:
        bare += all_words(without, groups) if without else []
    return list(dict.fromkeys(word for word in (*words, *bare) if word))


kept_words = lru_cache(8192)(all_words)
