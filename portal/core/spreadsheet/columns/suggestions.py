"""Suggest a field for an unknown column; a user must confirm it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from statistics import mean

from portal.core.declaration.ledger import Ledger
from portal.core.fields import BadValue, Day, Text
from portal.core.fields.measures import split_heading
from portal.core.spreadsheet.reader.headings import IGNORED, WHOSE_NAME, Column, plain, without_brackets

ENOUGH = 0.7  # of the cells of a column
# An office's own number, unlike one of a phone, an account or a person, has a letter (other than a last X) in it.
NUMBER = re.compile(r"(?=.*\d{4})(?=.*[^\W\d_X])\S*\d+号?")
# What may stand around a word without making it another one.
NEUTRAL = re.compile(
    r"(?:主要|具体|有关|相关|本期|本年|本年度|年度|全年|当前|现|填写|必填|选填|可多选|单选|下拉选择|如有|名单|信息|明细|情况|内容"
    r"|全称|简称|名称|姓名|名字|要求|元|万元|人数?|个|次|户|名|百分比|党组织|党支部|公章|盖章|年月日|格式|的|与|及|和|等|\d+|年)*"
)
# What stands before a word and makes it another one.
OTHERWISE = re.compile(r"[非不未无原前曾拟旧]|上[期年季月]|去年|预计|已脱|家属|亲属|紧急")
# The end of a heading whose cells are no text: 小组数 is not the name of a group.
MEASURE = re.compile(r"(?:数量?|率|占比|比例|比重|金额|日期|时间|年月|天数|电话|手机号?)$")

Words = Mapping[str, Sequence[str]]


def annotated(column: Column, words: Words) -> bool:
    """Do the brackets in a heading, which is only known without them, change its meaning?"""
    bare = plain(without_brackets(column.header))
    whole = plain(column.header)
    if whole in words or bare not in words:
        return False
    notes = (note for note in column.notes if not split_heading(f"({note})")[1])
    return not all(NEUTRAL.fullmatch(plain(note)) or plain(note) in words_of_same(bare, words) for note in notes)


def words_of_same(word: str, words: Words) -> list[str]:
    return [other for other, names in words.items() if set(names) == set(words[word])]


def by_words(ledger: Ledger, column: Column, words: Words) -> Sequence[str]:
    """The fields with a word that contains the heading or is in it, if the rest of the heading does not contradict."""
    text = plain(column.header)
    if len(text) < 2 or OTHERWISE.search(text):
        return ()
    inside = [word for word in words if len(word) >= 2 and word in text]
    if inside:
        word = max(inside, key=len)
        rest = text.replace(word, "", 1)
        return words[word] if IGNORED not in words[word] and fits(ledger, word, rest, words) else ()
    around = [words[word] for word in words if text in word]
    fields = {name for names in around for name in names}
    return tuple(fields) if len(fields) == 1 and IGNORED not in fields else ()


def fits(ledger: Ledger, word: str, rest: str, words: Words) -> bool:
    """Is a heading still this word with the `rest` around it? Not when the rest names another field, as in the phone
    of the helper, nor, but for free text, when it says anything at all that is not neutral, as in the day of birth."""
    own = set(words[word])
    others = (other for other in words if len(other) >= 2 and other in rest and not own & set(words[other]))
    if any(not NEUTRAL.fullmatch(other) and other not in WHOSE_NAME for other in others):
        return False
    free = all(name in ledger.sheet.words and isinstance(ledger.imported(name).kind, Text) for name in own)
    return bool(NEUTRAL.fullmatch(rest)) or (free and not personal(ledger, own) and not MEASURE.search(rest))


def personal(ledger: Ledger, names: Iterable[str]) -> bool:
    return any(ledger.imported(name).kind.personal for name in names)


def by_cells(ledger: Ledger, columns: Sequence[Column], used: set[str]) -> None:
    """Suggest fields for columns without a heading by their cells; of several date columns, the earlier dates get the
    earlier field."""
    open_ = [column for column in columns if len(column.cells) >= 3]
    free = [name for name in ledger.sheet.words if name not in used and ledger.takes(name)]
    for name in free:
        kind = ledger.imported(name).kind
        if kind.telling and not isinstance(kind, Day):
            best = max(open_, key=lambda column: share(ledger, name, column), default=None)
            if best is not None and share(ledger, name, best) >= ENOUGH:
                best.guess = name
                open_.remove(best)
    dates = [name for name in free if isinstance(ledger.imported(name).kind, Day)]
    # Some fields refuse days to come; a column of days is one all the same.
    days = [column for column in open_ if any(share(ledger, name, column) >= ENOUGH for name in dates)]
    days.sort(key=average)
    wanted = sorted(dates[: len(days)], key=list(ledger.sheet.words).index)
    for column, name in zip(days, wanted, strict=False):
        column.guess = name
        open_.remove(column)
    if "office_no" in free:
        for column in open_:
            if all(NUMBER.fullmatch(text) for text in column.cells) and len(set(column.cells)) == len(column.cells):
                column.guess = "office_no"
                return


def share(ledger: Ledger, name: str, column: Column) -> float:
    """The share of a column's cells that are valid for this field."""
    taken = 0
    kind = ledger.imported(name).kind
    for text in column.cells:
        try:
            kind.parse(kind.from_cell(text), None)
            taken += not text.isdecimal() or isinstance(kind, Day)
        except BadValue:
            pass
    return taken / len(column.cells)


def average(column: Column) -> float:
    days = []
    for text in column.cells:
        try:
            days.append(Day().parse([text], None).toordinal())
        except BadValue:
            continue
    return mean(days)
