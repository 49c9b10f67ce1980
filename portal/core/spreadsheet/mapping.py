"""Which column of a sheet is which field: by hand, by word, by remembered choice, else by what the cells are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from statistics import mean

from flask import current_app
from flask_babel import force_locale, gettext
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import scope
from portal.core.fields import BadValue, Day, Label, days_in, parse_day
from portal.core.ledger import Ledger
from portal.core.search import fold
from portal.core.spreadsheet.reading import Sheet, Unreadable
from portal.extensions import Model, db

LOOKED_AT = 40  # rows in which a header may stand, cells by which a column is told
ENOUGH = 0.7  # of the cells of a column
# An office's own number, unlike one of a phone, an account or a person, has a letter (other than a last X) in it.
NUMBER = re.compile(r"(?=.*\d{4})(?=.*[^\W\d_X])\S*\d+号?")
WHOSE_NAME = frozenset({"姓名", "名称", "名字", "name"})
RECORD_NO = re.compile(r"[A-Z]{2}\d{4}-\d{3}-\d{4,}")
BLANK = frozenset({"", "-", "--", "—", "——", "/", "\\", "无填", "\u3000"})
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
IGNORED = "-"
SPAN = "~"  # between the two fields of a column that holds two days
TOWN = "@"  # after the field of the community whose town a column holds
TOWN_ENDS = re.compile(r"街道|镇|乡|开发区|园区")
EVERYBODY = 0  # in place of a unit: said by somebody whose import reaches all of them


class ImportColumn(Model):
    """What a unit said a column of its sheets of a ledger is, so that it is known the next time."""

    __tablename__ = "import_column"

    ledger: Mapped[str] = mapped_column(String(60), primary_key=True)
    unit_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    header: Mapped[str] = mapped_column(String(100), primary_key=True)
    field_name: Mapped[str] = mapped_column(String(60))


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


def vocabulary(ledger: Ledger) -> dict[str, list[str]]:
    """Field by word, in order of importance: synonyms, then labels in every language."""
    words: dict[str, list[str]] = {}
    spans = {SPAN.join(pair): synonyms for pair, synonyms in ledger.spans.items()}
    towns = {name + TOWN: synonyms for name, synonyms in ledger.towns.items()}
    for name, synonyms in {**ledger.imports, **spans, **towns}.items():
        for word in synonyms:
            words.setdefault(plain(word), []).append(name)
    for language in current_app.config["LANGUAGES"]:
        with force_locale(language):
            for name in ledger.imports:
                known = words.setdefault(plain(str(ledger.imported(name).label)), [])
                if name not in known:
                    known.append(name)
    for word in ledger.not_taken:
        words[plain(word)] = [IGNORED]
    return words


def asker(ledger: Ledger) -> int | None:
    """For which unit it is remembered what the current user says; None: for nobody."""
    principal = scope.current()
    return EVERYBODY if principal.reach("import", ledger.name).everything else principal.unit_id


def remembered(ledger: Ledger) -> dict[str, list[str]]:
    """What columns were said to be before, by their plain heading: by the user's own unit, else for everybody."""
    units = (EVERYBODY, asker(ledger) or EVERYBODY)
    query = select(ImportColumn).where(ImportColumn.ledger == ledger.name, ImportColumn.unit_id.in_(units))
    return {row.header: [row.field_name] for row in db.session.scalars(query.order_by(ImportColumn.unit_id))}


def layout(ledger: Ledger, sheets: Sequence[Sheet], chosen: Mapping[int, str]) -> Layout:
    """The best table of all sheets; `chosen` are fields by hand, by their column's index.

    Raises Unreadable when none looks like this ledger.
    """
    words, said = vocabulary(ledger), remembered(ledger)
    found = [candidate for sheet in sheets for candidate in candidates(sheet, said | words)]
    if not found:
        raise Unreadable(gettext("No row with headings of this ledger was found in the file."))
    _, best = max(found, key=lambda each: each[0])
    best.fills_down = ledger.fills_down
    for column in best.columns:
        column.cells = [
            text
            for cells in best.sheet.rows[best.first_row : best.first_row + LOOKED_AT]
            if (text := cell(cells, column.index))
        ]
        column.name = chosen.get(column.index, "")
    name_columns(ledger, best, words, said)
    return best


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


def name_columns(ledger: Ledger, found: Layout, words: dict[str, list[str]], said: dict[str, list[str]]) -> None:
    """Columns that nobody named by hand. What was said before is asked where the ledger's own words end."""
    used = {column.name for column in found.columns}
    order = list(ledger.imports)
    before = ""
    for column in found.columns:
        names = called(column, words)
        column.known = bool(names)
        if not column.name:
            names = of_group(ledger, column, names or called(column, said), words)
            column.name = choose(names, used, following(order, before))
        before = column.name
        used.add(column.name)
    for column in found.columns:
        if not column.name and column.words:
            column.name = choose(containing(column.words, words), used, "")
            used.add(column.name)
    by_cells(ledger, found, used)


def called(column: Column, words: dict[str, list[str]]) -> list[str]:
    return next((words[word] for word in column.words if word in words), [])


def of_group(ledger: Ledger, column: Column, names: list[str], words: dict[str, list[str]]) -> list[str]:
    """The phone under "helper" is not the phone of whoever is helped: a group keeps to its side of a link."""
    group = words.get(plain(column.group), [])
    links = tuple(f"{name}." for name in ledger.tells_of if not ledger.other(name).under)
    if not group or any(name.startswith(links) for name in group):
        return names
    return [name for name in names if not name.startswith(links)] or ([IGNORED] if names else [])


def following(order: Sequence[str], name: str) -> str:
    """The field after this one: a phone column belongs to the contact before it."""
    place = order.index(name) + 1 if name in order else len(order)
    return order[place] if place < len(order) else ""


def choose(names: Sequence[str], used: set[str], preferred: str) -> str:
    if IGNORED in names:
        return IGNORED
    free = [name for name in names if name not in used]
    return preferred if preferred in free else next(iter(free), "")


def containing(texts: Sequence[str], words: dict[str, list[str]]) -> list[str]:
    """The fields whose longest word stands in the heading, or the other way round."""
    found = [
        (len(word), names)
        for word, names in words.items()
        for text in texts
        if min(len(word), len(text)) >= 2 and (word in text or text in word)
    ]
    return max(found, key=lambda each: each[0])[1] if found else []


def by_cells(ledger: Ledger, found: Layout, used: set[str]) -> None:
    """Columns that no word tells, by what stands in them; of several dates the earlier is the earlier field."""
    open_ = [column for column in found.columns if not column.name and len(column.cells) >= 3]
    free = [name for name in ledger.imports if name not in used and ledger.takes(name)]
    for name in free:
        kind = ledger.imported(name).kind
        if kind.telling and not isinstance(kind, Day):
            best = max(open_, key=lambda column: share(ledger, name, column), default=None)
            if best is not None and share(ledger, name, best) >= ENOUGH:
                best.name = name
                open_.remove(best)
    dates = [name for name in free if isinstance(ledger.imported(name).kind, Day)]
    # Some fields refuse days to come; a column of days is one all the same.
    days = [column for column in open_ if any(share(ledger, name, column) >= ENOUGH for name in dates)]
    days.sort(key=average)
    wanted = sorted(dates[: len(days)], key=list(ledger.imports).index)
    for column, name in zip(days, wanted, strict=False):
        column.name = name
        open_.remove(column)
    if "office_no" in free:
        for column in open_:
            if all(NUMBER.fullmatch(text) for text in column.cells) and len(set(column.cells)) == len(column.cells):
                column.name = "office_no"
                return


def share(ledger: Ledger, name: str, column: Column) -> float:
    """How many of a column's cells this field would take."""
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


def labels(ledger: Ledger) -> list[tuple[str, Label]]:
    """The fields that a column can be said to be."""
    spans = [(SPAN.join(pair), " – ".join(str(ledger.field(name).label) for name in pair)) for pair in ledger.spans]
    towns = [(name + TOWN, gettext("Town of: %(field)s", field=ledger.imported(name).label)) for name in ledger.towns]
    return [*((name, ledger.imported(name).label) for name in ledger.imports), *spans, *towns]
