"""Rows below the headings that are not data: sums, signatures, notes, group titles, repeated headings."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

from flask_babel import gettext

from portal.core.fields.base import ERROR
from portal.core.search import fold, remembering
from portal.core.spreadsheet.reader.headings import IGNORED, Column, cell, plain, without_brackets

TOTALS = frozenset(
    (
        *("合计", "总计", "小计", "共计", "总合计", "累计", "平均", "平均值", "总数", "总和"),
        *("本页小计", "本页合计", "本页总计"),
        *("total", "subtotal", "grandtotal", "sum"),
    )
)
SUBTOTAL = re.compile(r".*(?:小计|合计)|(?:合计|总计|小计|共计|共|.{0,8}总数)\d+\D{0,4}")
FOOTERS = frozenset(
    (
        *(
            "填报人",
            "填表人",
            "填制人",
            "审核",
            "审核人",
            "审批人",
            "复核人",
            "经办人",
            "制表",
            "制表人",
            "统计人",
            "录入人",
        ),
        *("单位负责人", "部门负责人", "主要负责人", "负责人", "分管领导", "主管领导", "单位领导", "党组织书记", "签字"),
        *(
            "备注",
            "说明",
            "填表说明",
            "填报说明",
            "注",
            "注意",
            "附注",
            "注释",
            "联系电话",
            "联系人",
            "联系方式",
            "电话",
        ),
        *("填报单位", "报送单位", "单位盖章", "盖章", "公章", "统计期间"),
        *(
            "以下空白",
            "以下为空白",
            "以下无正文",
            "此页无正文",
            "打印时间",
            "制表时间",
            "制表单位",
            "汇总单位",
            "上报单位",
        ),
        *("单位公章", "党组织盖章", "盖章处", "签章"),
        *("日期", "填报日期", "填表日期", "制表日期", "报送日期", "打印日期"),
        *("filledby", "reviewedby", "reviewedbypartysecretary", "note", "notes", "officephone"),
    )
)
PAGE = re.compile(r"第\d+页(?:共\d+页)?|共\d+页")
UP_TO = re.compile(r"以上(?:数据|信息|内容|情况|统计)?.{0,4}截[至止].*")
STEMS = "甲乙丙丁戊己庚辛壬癸"
MARKED = re.compile(r"^[\s※★☆●■◆▲]+")  # before a note
NUMBER = re.compile(r"[\d.,%¥元万人户个次条份名家项期篇场/:+-]*")
DAY = re.compile(r"\d{4}(?:年|[-./])\d{1,2}(?:月|[-./])?(?:\d{1,2}日?)?|年月日")
GROUP = re.compile(r"[(（]?[一二三四五六七八九十]{1,3}(?:[)）]|[、.．]|[)）][、.．])\s*\S.*")
ORDINAL = re.compile("[一二三四五六七八九十]{1,3}|[ivx]{1,4}")
NOTE = re.compile(r"(?:\d+|[①-⑳])\s*[.．、)）].*|.*[。；]|.{26,}|[(（].*[)）]", re.DOTALL)


@dataclass(frozen=True)
class Table:
    """What is needed to tell data rows from others: columns, heading rows, all words of the ledger, cells merged over
    several columns, hidden rows, and columns filled in once for all following rows."""

    columns: Sequence[Column]
    heads: Sequence[Sequence[str]]
    words: Mapping[str, Sequence[str]]
    wide: Collection[tuple[int, int]]
    hidden: Collection[int]
    titles: Collection[int]


def why_skipped(table: Table, n: int, cells: Sequence[str]) -> str:
    """The reason why the non-blank row `n` (from 0) is not data; "" if it is."""
    filled = {index: text for index in range(len(cells)) if (text := cell(cells, index))}
    if n in table.hidden:
        return gettext("The row is hidden.")
    if is_heading_again(table, cells, filled):
        return gettext("The headings again.")
    if why := of_the_form(filled):
        return why
    if is_group(table, n, filled):
        return gettext("The title of a group.")
    return without_content(table, filled)


def of_the_form(filled: dict[int, str]) -> str:
    """The reason why a row belongs to the paper form, from its cells alone; "" for others."""
    if numbers_columns(filled):
        return gettext("The numbers of the columns.")
    if is_total(filled):
        return gettext("A total.")
    return gettext("A signature or note of the form.") if is_footer(filled) else ""


def is_heading_again(table: Table, cells: Sequence[str], filled: dict[int, str]) -> bool:
    again = sum(text == column.header for column in table.columns if (text := cell(cells, column.index)))
    if again >= 2 and 2 * again >= len(filled):
        return not moved(table, filled)
    return any(all(plain(text) == plain(cell(head, at)) for at, text in filled.items()) for head in table.heads)


def moved(table: Table, filled: dict[int, str]) -> bool:
    """Is a heading in another column than before? Then another table begins."""
    here = {column.index: column for column in table.columns}
    for at, text in filled.items():
        meant, column = table.words.get(plain(text), ()), here.get(at)
        if meant and (column is None or (text != column.header and column.name not in meant)):
            return True
    return False


def is_other_heading(table: Table, filled: dict[int, str]) -> bool:
    """Are these headings of another table? Cells of data rows can be words of the ledger, too."""
    known = [at for at, text in filled.items() if plain(text) in table.words]
    return (len(known) >= 2 and 2 * len(known) >= len(filled)) or numbering(table, filled)


def numbering(table: Table, filled: dict[int, str]) -> bool:
    return len(filled) >= 2 and plain(next(iter(filled.values()))) == "序号"


def numbers_columns(filled: dict[int, str]) -> bool:
    """Column numbers, as in statistical forms below the headings: 甲 乙 1 2 3, or (1) (2) (3)."""
    texts = [plain(text).strip("()") for text in filled.values()]
    texts = texts[1:] if texts and texts[0] in ("栏次", "列次", "序号", "序次") else texts
    stems = "".join(takewhile(STEMS.__contains__, texts))
    numbers = texts[len(stems) :]
    counted = [str(n + 1) for n in range(len(numbers))]
    return len(texts) >= 3 and STEMS.startswith(stems) and numbers == counted


def is_total(filled: dict[int, str]) -> bool:
    if names(next(iter(filled.values()))) & TOTALS:
        return True
    counted = list(islice((text for text in filled.values() if not is_number(text)), 2))
    return len(counted) == 1 and bool(names(counted[0]) & TOTALS or SUBTOTAL.fullmatch(plain(counted[0])))


def is_footer(filled: dict[int, str]) -> bool:
    """Is this a signature, note or date below the table? Not a name that only begins with such a word, nor a row with
    other values."""
    texts = list(filled.values())
    if len(texts) == 1 and any(form.fullmatch(plain(texts[0])) for form in (DAY, PAGE, UP_TO)):
        return True
    if not is_sign(texts[0]):
        return False
    before = ""
    for text in texts:
        answers = bool(before) and plain(before) in FOOTERS
        if not (is_sign(text) or answers or is_number(text) or DAY.fullmatch(plain(text))):
            return False
        before = "" if answers and not is_sign(text) else text
    return True


def is_sign(text: str) -> bool:
    return bool(names(text) & FOOTERS)


def names(text: str) -> set[str]:
    """The normalized word in a cell, also before a colon and without brackets."""
    text = MARKED.sub("", text)
    word = re.split(r"[:：]", fold(text), maxsplit=1)[0]
    return {plain(text), plain(without_brackets(text)), plain(word), plain(without_brackets(word))}


@remembering(8192)
def is_number(text: str) -> bool:
    return bool(NUMBER.fullmatch(re.sub(r"\s", "", fold(text))) or ERROR.fullmatch(text))


def is_numbered_title(table: Table, filled: dict[int, str]) -> bool:
    """一 | 区委部门: a number of another kind than those of the rows, next to the only other text."""
    (at, text), *others = filled.items()
    column = next((column for column in table.columns if column.index == at), None)
    if column is None or column.taken or not ORDINAL.fullmatch(plain(text)):
        return False
    words = [other for _, other in others if not is_number(other)]
    return len(words) == 1 and any(each.isdecimal() for each in column.cells)


def is_group(table: Table, n: int, filled: dict[int, str]) -> bool:
    at, text = next(iter(filled.items()))
    others = list(filled.values())[1:]
    if is_numbered_title(table, filled):
        return True
    if not all(is_number(other) for other in others) or is_number(text):
        return False
    if GROUP.fullmatch(text) or (not others and ((n, at) in table.wide or at in table.titles)):
        return True
    return not others and any(column.index == at and column.name == IGNORED for column in table.columns)


def without_content(table: Table, filled: dict[int, str]) -> str:
    """The reason why a row has no value to import; "" for rows that only lack some."""
    taken = [column for column in table.columns if column.taken and column.index in filled]
    if not taken:
        only = [text for text in filled.values() if not is_number(text)]
        return gettext("Nothing stands in the columns that are taken.") if only else gettext("Only a number.")
    if len(filled) == 1 and len(table.columns) > 2 and NOTE.fullmatch(next(iter(filled.values()))):
        return gettext("A signature or note of the form.")
    return ""
