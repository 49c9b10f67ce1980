"""Which column of a sheet is which field: by hand, by word, by remembered choice, else by what the cells are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from statistics import mean

from flask import current_app
from flask_babel import force_locale, gettext
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import scope
from portal.core.fields import BadValue, Day, Label
from portal.core.ledger import Ledger
from portal.core.spreadsheet.layout import (
    IGNORED,
    LOOKED_AT,
    SPAN,
    TOWN,
    Column,
    Layout,
    candidates,
    cell,
    plain,
)
from portal.core.spreadsheet.reading import Sheet, Unreadable
from portal.extensions import Model, db

ENOUGH = 0.7  # of the cells of a column
# An office's own number, unlike one of a phone, an account or a person, has a letter (other than a last X) in it.
NUMBER = re.compile(r"(?=.*\d{4})(?=.*[^\W\d_X])\S*\d+号?")
EVERYBODY = 0  # in place of a unit: said by somebody whose import reaches all of them


class ImportColumn(Model):
    """What a unit said a column of its sheets of a ledger is, so that it is known the next time."""

    __tablename__ = "import_column"

    ledger: Mapped[str] = mapped_column(String(60), primary_key=True)
    unit_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    header: Mapped[str] = mapped_column(String(100), primary_key=True)
    field_name: Mapped[str] = mapped_column(String(60))


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
    for name, word in shown_words(ledger):
        words.setdefault(word, [name])
    return words


def shown_words(ledger: Ledger) -> Iterator[tuple[str, str]]:
    """The headings of our own sheets that no field of an import has, with what they are: the record number; a link to
    another record that the row tells of, which is known by its name; what is only shown, and not taken."""
    names = dict.fromkeys((*ledger.exported, *ledger.columns, *ledger.shown))
    named = {prefix: name for name in ledger.essential if (prefix := name.partition(".")[0]) in ledger.tells_of}
    for language in current_app.config["LANGUAGES"]:
        with force_locale(language):
            for name in names:
                meant = "record_no" if name == "record_no" else named.get(name, IGNORED)
                yield meant, plain(str(ledger.field(name).label))


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
    numbers = [("record_no", ledger.label_of("record_no"))] if ledger.prefix else []
    return [*numbers, *((name, ledger.imported(name).label) for name in ledger.imports), *spans, *towns]
