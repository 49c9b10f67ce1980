"""Map the columns of a sheet to fields: by hand, by word, by a remembered choice."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from flask_babel import gettext
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.access import scope
from portal.core.declaration.ledger import Ledger, mounted
from portal.core.fields import Day, Label
from portal.core.fields.measures import parts, split_heading
from portal.core.punctuation import listed
from portal.core.spreadsheet.columns import guide, suggestions, template_version
from portal.core.spreadsheet.columns.vocabulary import own_words, vocabulary
from portal.core.spreadsheet.reader.headings import (
    COMPUTED,
    GUESSED,
    IGNORED,
    KNOWN,
    LEFT_OUT,
    LOOKED_AT,
    MAPPED,
    SHOWN_ONLY,
    Column,
    cell,
    plain,
)
from portal.core.spreadsheet.reader.layout import SPAN, TOWN, Layout, Offer, Tables, candidates
from portal.core.spreadsheet.reader.workbook import Sheet, Unreadable
from portal.extensions import Model, db

ABOVE = 8  # rows of a table in which its title and its headings stand
EVERYBODY = 0  # in place of a unit: said by somebody whose import reaches all of them


class ImportColumn(Model):
    """A unit's assignment of a heading in its sheets to a field, remembered for the next import."""

    __tablename__ = "import_column"

    ledger: Mapped[str] = mapped_column(String(60), primary_key=True)
    unit_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    header: Mapped[str] = mapped_column(String(100), primary_key=True)
    field_name: Mapped[str] = mapped_column(String(60))


def asker(ledger: Ledger) -> int | None:
    """The unit for which the user's assignments are remembered; None: they are not remembered."""
    principal = scope.current()
    return EVERYBODY if principal.reach("import", ledger.name).everything else principal.unit_id


def remembered(ledger: Ledger) -> dict[str, list[str]]:
    """Remembered assignments by normalized heading: those of the user's own unit take precedence over those for all."""
    units = (EVERYBODY, asker(ledger) or EVERYBODY)
    query = select(ImportColumn).where(ImportColumn.ledger == ledger.name, ImportColumn.unit_id.in_(units))
    return {row.header: [row.field_name] for row in db.session.scalars(query.order_by(ImportColumn.unit_id))}


@dataclass(frozen=True)
class Options:
    """The user's choices for a workbook. `columns` are assigned fields, by sheet and column index; without `sheets`,
    all visible sheets that fit are imported; `month_days` is the rule for dates given as months, by sheet, "" for
    all."""

    columns: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    guesses: bool = False
    sheets: Collection[str] = ()
    hidden: bool = False
    month_days: Mapping[str, str] = field(default_factory=dict)


def tables(ledger: Ledger, sheets: Sequence[Sheet], options: Options) -> Tables:
    """The tables to import. Raises Unreadable if no sheet looks like this ledger, or a chosen one does not exist."""
    words, said = vocabulary(ledger), remembered(ledger)
    if template_version.exported_here(ledger, sheets):
        words = {**words, **own_words(ledger)}
    found = Tables([offer for sheet in sheets for offer in offers(ledger, sheet, options, words, said)])
    names = [offer.sheet.name for offer in found.offers]
    if missing := [name for name in options.sheets if name not in names]:
        there = listed(names)
        raise Unreadable(gettext("There is no sheet “%(name)s”; there are: %(sheets)s.", name=missing[0], sheets=there))
    if not any(offer.layout for offer in found.offers):
        raise Unreadable(gettext("No row with headings of this ledger was found in the file."))
    choose_sheets(ledger, found, options)
    if not found.taken:
        raise Unreadable(listed(f"{offer.sheet.name}: {offer.why}" for offer in found.offers))
    return found


def offers(
    ledger: Ledger, sheet: Sheet, options: Options, words: Mapping[str, list[str]], said: dict[str, list[str]]
) -> Iterator[Offer]:
    """The tables of this ledger in a sheet, one below the other."""

    def fits(part: Sheet) -> bool:
        half = Offer(part, best_layout(ledger, part, options, words, said))
        return half.layout is not None and not lacking(ledger, half) and bool(half.layout.read.rows)

    if guide.is_guide(sheet):
        yield Offer(sheet, why=gettext("It says how the other sheets are filled in."))
        return
    layout = best_layout(ledger, sheet, options, words, said)
    for start in (layout.top, layout.end) if layout else ():
        if not start:
            continue
        upper = replace(sheet, rows=sheet.rows[:start])
        lower = replace(
            sheet,
            rows=[*([[]] * start), *sheet.rows[start:]],
            name=gettext("%(sheet)s, from row %(row)d", sheet=sheet.page, row=start + 1),
            within=sheet.page,
        )
        if fits(upper) and fits(lower):
            yield from offers(ledger, upper, options, words, said)
            yield from offers(ledger, lower, options, words, said)
            return
    if layout is not None and layout.end is not None:
        layout.other_ledger = another_ledger(ledger, sheet, layout.end)
    yield Offer(sheet, layout)


def another_ledger(ledger: Ledger, sheet: Sheet, start: int, known: int = 0) -> str:
    """The label of another ledger that knows more than `known` headings of the table starting at this row; "" if there
    is none."""
    part = replace(sheet, rows=sheet.rows[start : start + ABOVE], merged=[])
    found = [(known, "")]
    for other in mounted():
        if other is not ledger and other.sheet.words:
            names = names_in(part, vocabulary(other))
            if set(other.sheet.essential) <= names and len(names) > found[0][0]:
                found = [(len(names), str(other.label))]
    return found[0][1]


def names_in(sheet: Sheet, words: Mapping[str, list[str]]) -> set[str]:
    """The fields that match the headings of the sheet's best table."""
    tables = ({*chain(*(called(column, words) for column in each.columns))} for _, each in candidates(sheet, words))
    return max((names - {*SHOWN_ONLY, *COMPUTED} for names in tables), key=len, default=set())


def choose_sheets(ledger: Ledger, found: Tables, options: Options) -> None:
    """Set the reason for each sheet that is not imported. If no sheet has all essential columns, the best one is
    imported, so that its rows report what is missing."""
    for offer in found.offers:
        if offer.layout is None:
            offer.why = offer.why or gettext("No headings of this ledger")
        elif options.sheets and offer.sheet.name not in options.sheets:
            offer.why = gettext("Not chosen")
        elif offer.hidden and not options.hidden and offer.sheet.name not in options.sheets:
            offer.why = gettext("The sheet is hidden")
    open_ = [offer for offer in found.offers if offer.taken and offer.sheet.name not in options.sheets]
    fitting = [offer for offer in open_ if not lacking(ledger, offer)]
    kept = fitting or sorted(open_, key=lambda offer: -len(offer.layout.taken if offer.layout else ()))[:1]
    for offer in open_:
        if offer not in kept:
            labels = listed(str(ledger.imported(name).label) for name in lacking(ledger, offer))
            offer.why = gettext("Without a column for: %(fields)s", fields=labels)
    if len(kept) > 1:
        leave_to_others(ledger, kept)


def leave_to_others(ledger: Ledger, kept: Sequence[Offer]) -> None:
    """Leave out sheets that another ledger matches better, unless all do."""
    words = vocabulary(ledger)
    others = [
        another_ledger(ledger, offer.sheet, offer.layout.top, len(names_in(offer.sheet, words)))
        for offer in kept
        if offer.layout
    ]
    if all(others):
        return
    for offer, other in zip(kept, others, strict=True):
        if other:
            offer.why = gettext("Its headings look like those of “%(ledger)s”.", ledger=other)


def lacking(ledger: Ledger, offer: Offer) -> list[str]:
    """The essential fields for which this sheet has no column, not even a suggested one."""
    columns = offer.layout.columns if offer.layout else []
    told = {column.name or column.guess for column in columns}
    return [name for name in ledger.sheet.essential if name not in told]


def best_layout(
    ledger: Ledger, sheet: Sheet, options: Options, words: Mapping[str, list[str]], said: dict[str, list[str]]
) -> Layout | None:
    """The best table of a sheet, its columns named."""
    found = list(candidates(sheet, {**said, **words}))
    if not found:
        return None
    _, best = max(found, key=lambda each: each[0])
    best.fills_down = ledger.sheet.fills_down
    best.days = frozenset(name for name in ledger.sheet.words if isinstance(ledger.imported(name).kind, Day))
    best.kinds = {name: ledger.imported(name).kind for name in ledger.sheet.words}
    best.with_hidden = options.hidden
    best.month_days = options.month_days.get(sheet.name, options.month_days.get("", ""))
    fill_columns(best)
    name_columns(ledger, best, words, said, options)
    best.columns = [column for column in best.columns if column.header or column.filled]
    return best


def fill_columns(found: Layout) -> None:
    for _, cells in found.below():
        for column in found.columns:
            if text := cell(cells, column.index):
                column.filled += 1
                if len(column.cells) < LOOKED_AT:
                    column.cells.append(text)


def name_columns(
    ledger: Ledger, found: Layout, words: Mapping[str, list[str]], said: dict[str, list[str]], options: Options
) -> None:
    """Assign columns by the user's choice, then by the ledger's words, then by remembered assignments; suggest fields
    for the rest."""
    open_ = by_hand(found, options.columns.get(found.sheet.name, {}))
    used = {column.name: column for column in found.columns if column.taken}
    before: list[Column] = []
    for column in found.columns:
        if column in open_:
            name_column(ledger, found, column, words, said, used, before)
        before = [column, *before]
    open_ = [column for column in open_ if not column.name and not column.guess and not column.why]
    taken = {*used, *(column.guess for column in found.columns)}
    for column in open_:
        if column.header:
            names = suggestions.by_words(ledger, column, words)
            column.guess = next((name for name in names if name not in taken), "")
            taken.add(column.guess)
    suggestions.by_cells(ledger, [column for column in open_ if not column.header], taken)
    for column in found.columns:
        if options.guesses and column.guess and not column.name:
            column.name, column.how = column.guess, GUESSED


def by_hand(found: Layout, chosen: Mapping[int, str]) -> list[Column]:
    """Assign the columns that the user has chosen; returns the others."""
    open_ = []
    for column in found.columns:
        if column.index in chosen:
            column.name = chosen[column.index]
            column.how = MAPPED if column.taken else LEFT_OUT
        elif column.index in found.hidden_columns:
            column.why = gettext("The column is hidden")
        else:
            open_.append(column)
    return open_


def name_column(
    ledger: Ledger,
    found: Layout,
    column: Column,
    words: Mapping[str, list[str]],
    said: dict[str, list[str]],
    used: dict[str, Column],
    before: Sequence[Column],
) -> None:
    known = called(column, words)
    names = of_group(ledger, column, known or called(column, said), words)
    if IGNORED in names:
        column.name = IGNORED
        column.why = gettext("Shown only") if len(names) > 1 else ""
    elif names:
        beside, sure = told_by_neighbours(ledger, column, names, before, words)
        name = beside or next((name for name in names if name not in used), names[0])
        if name in used:
            earlier = used[name]
            if not (known and nearer(ledger, name, column, earlier)):
                column.why = taken_already(earlier)
                return
            earlier.name, earlier.guess, earlier.how, earlier.why = "", "", LEFT_OUT, taken_already(column)
        used[name] = column
        unsure = not sure
        unsure = unsure or in_another_unit(ledger, column, name) or suggestions.annotated(column, words)
        if known and (unsure or of_somebody_else(ledger, found, column, name)):
            column.guess = name
        else:
            column.name, column.how = name, KNOWN if known else MAPPED


def taken_already(column: Column) -> str:
    return gettext("Column %(letters)s is taken as this already", letters=column.letters)


def nearer(ledger: Ledger, name: str, column: Column, other: Column) -> bool:
    """Does this heading match the field more exactly than the earlier column? A field's words are in order of
    precision: for party A (甲方), 党组织 (Party organisation) precedes 单位 (unit)."""
    if other.how == MAPPED or column.groups != other.groups or name not in ledger.sheet.words:
        return False
    ranks = [plain(word) for word in (str(ledger.imported(name).label), *ledger.sheet.words[name])]

    def rank(each: Column) -> int:
        return min((ranks.index(word) for word in each.words if word in ranks), default=len(ranks))

    return rank(column) < rank(other)


def in_another_unit(ledger: Ledger, column: Column, name: str) -> bool:
    """Does the heading count something else, for example households instead of people?"""
    nouns = ledger.imported(name).kind.counted_in if name in ledger.sheet.words else ()
    told = parts(split_heading(column.header)[1])
    return bool(nouns and told and told[1] and told[1] not in nouns)


def told_by_neighbours(
    ledger: Ledger, column: Column, names: Sequence[str], before: Sequence[Column], words: Mapping[str, list[str]]
) -> tuple[str, bool]:
    """Choose between several fields for a heading such as "phone" by the nearest column before it: one that the ledger
    declares directly before the field, or whose word forms a word of the field together with the heading. Returns
    (field, sure); not sure after a guessed column or if other columns are between."""
    if len(names) == 1:
        return names[0], True
    order, text, sure = list(ledger.sheet.words), plain(column.header), True
    for other in before:
        name = (other.name or other.guess).removesuffix(TOWN)
        roles = [word for word, fields in words.items() if name in fields]
        joined = {each for role in roles for each in words.get(role + text, ())}
        found = [each for each in names if each == following(order, name) or each in joined]
        if len(found) == 1:
            return found[0], sure and bool(other.name)
        sure = sure and name in ("", IGNORED)
    return "", False


def called(column: Column, words: Mapping[str, list[str]]) -> list[str]:
    found = [words[word] for word in column.words if word in words]
    return [*COMPUTED] if [*COMPUTED] in found else next(iter(found), [])


def links(ledger: Ledger) -> tuple[str, ...]:
    """The prefixes of fields of related records that are created first."""
    return tuple(f"{name}." for name in ledger.sheet.related if not ledger.other(name).under)


def of_group(ledger: Ledger, column: Column, names: list[str], words: Mapping[str, list[str]]) -> list[str]:
    """Drop fields that belong to the linked record if the group heading names this record."""
    groups = [name for group in column.groups for name in words.get(plain(group), [])]
    if not groups or any(name.startswith(links(ledger)) for name in groups):
        return names
    return [name for name in names if not name.startswith(links(ledger))] or ([IGNORED] if names else [])


def of_somebody_else(ledger: Ledger, found: Layout, column: Column, name: str) -> bool:
    """Is this a personal field next to another person's name, before the person whose field it would be?"""
    sides = tuple(side for side in links(ledger) if name.startswith(side))
    if not sides or column.groups or name in ledger.sheet.essential or name not in ledger.sheet.words:
        return False
    if not ledger.imported(name).kind.personal:
        return False
    earlier = [each for each in found.columns if each.index < column.index and each.taken]
    if any(each.name.startswith(sides) for each in earlier):
        return False
    return any(each.name in ledger.sheet.essential for each in earlier)


def following(order: Sequence[str], name: str) -> str:
    """The field after this one: a phone column belongs to the contact before it."""
    place = order.index(name) + 1 if name in order else len(order)
    return order[place] if place < len(order) else ""


def labels(ledger: Ledger) -> list[tuple[str, Label]]:
    """The fields that can be assigned to a column."""
    spans = [
        (SPAN.join(pair), " – ".join(str(ledger.field(name).label) for name in pair))
        for pair in ledger.sheet.date_spans
    ]
    towns = [
        (name + TOWN, gettext("Town of: %(field)s", field=ledger.imported(name).label)) for name in ledger.sheet.towns
    ]
    numbers = [("record_no", ledger.label_of("record_no"))] if ledger.number.prefix else []
    return [*numbers, *((name, ledger.imported(name).label) for name in ledger.sheet.words), *spans, *towns]
