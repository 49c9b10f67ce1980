"""What a list address asks for, checked, and the few statements that answer it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any

from flask_babel import gettext
from sqlalchemy import ScalarResult, Select, func, literal, or_, select
from sqlalchemy.orm import load_only, selectinload
from sqlalchemy.sql import ColumnElement
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from portal.core import clock
from portal.core.access import scope
from portal.core.access.row_scope import OWNER
from portal.core.audit.as_of import as_of
from portal.core.declaration import figures
from portal.core.declaration.ledger import Ledger
from portal.core.fields import BadValue, Field, Label, clean, natural, parse_day
from portal.core.models.record import Record
from portal.core.punctuation import labelled
from portal.core.search import MOST_WORDS, contains, words
from portal.core.views.lists.ordering import COUNTED, following_order, ordering, putting_in_order
from portal.core.views.query_args import only
from portal.extensions import db

PAGE_SIZE = 25
MOST_PER_PAGE = 100
MOST_SEARCHED = 200  # characters
OWN = ("q", "page", "page_size", "order", "columns", "figure")
PAST = "as_of"
# What the conditions of transitions on several records read, beside the status; where one is missing here, a list
# loads it record by record, and a test counts that.
BATCHED = ("proxy_filled", "source", "unit_reviewed_at", "terminated_on", "by_counterpart")


class Mistyped(BadRequest):
    """What was typed into a filter is nothing that its field can be; a page shows the text at the field."""

    def __init__(self, name: str, label: Label, fault: object) -> None:
        super().__init__(labelled(label, fault))
        self.field, self.text = name, str(fault)


@dataclass(frozen=True)
class Listing:
    """The state of a list, all of it from its address."""

    ledger: Ledger
    q: str = ""
    page: int = 0
    page_size: int = PAGE_SIZE
    order: str = ""
    columns: tuple[str, ...] = ()
    filters: dict[str, list[str]] = field(default_factory=dict)
    as_of: date | None = None
    # The figure whose rows these are.
    figure: str = ""
    # Filters that were asked for and are not this user's to ask: the page says so.
    ignored: tuple[str, ...] = ()
    # Are drafts among the records that are exported?
    drafts: bool = True

    def address(self, **changes: Any) -> dict[str, Any]:
        """The query arguments of this list with some changes; defaults are left out."""
        state = replace(self, **changes)
        args: dict[str, Any] = {name: texts for name, texts in state.filters.items() if any(texts)}
        if state.q:
            args["q"] = state.q
        if state.page:
            args["page"] = state.page
        if state.page_size != PAGE_SIZE:
            args["page_size"] = state.page_size
        if state.order != self.ledger.list.order:
            args["order"] = state.order
        if state.columns != self.ledger.list.columns:
            args["columns"] = ",".join(state.columns)
        if state.figure:
            args["figure"] = state.figure
        if state.as_of:
            args[PAST] = state.as_of.isoformat()
        return args

    @contextmanager
    def in_time(self, others: Iterable[type[Any]] = ()) -> Iterator[None]:
        """What is asked inside is asked of the day chosen, or of today (`core/audit/as_of.py`); so are `others`."""
        asked = [select(model.id) for model in others]
        with as_of(self.ledger, self.as_of, lambda: (*conditions(self), *asked)) if self.as_of else nullcontext():
            yield

    @property
    def figure_label(self) -> Label:
        found = figures.chosen(self.ledger.told(), self.figure)
        return found[0].label if found else ""

    @property
    def filtered(self) -> bool:
        return bool(self.q or self.figure) or any(any(texts) for texts in self.filters.values())


@dataclass(frozen=True)
class Page:
    records: Sequence[Any]
    count: int
    more: bool

    @property
    def capped(self) -> bool:
        return self.count > COUNTED


def parse(ledger: Ledger, args: MultiDict[str, str], *, past: bool = False) -> Listing:
    """`past`: may it be asked of a former day? Raises BadRequest, which names the parameter that is wrong."""
    own = (*OWN, PAST) if past and ledger.remembered else OWN
    if len(args.get("q", "")) > MOST_SEARCHED:
        raise BadRequest(gettext("Please search for at most %(most)d characters.", most=MOST_SEARCHED))
    if len(words(args.get("q", ""))) > MOST_WORDS:
        raise BadRequest(gettext("Please search for at most %(most)d words.", most=MOST_WORDS))
    only(args, own, ("columns", *ledger.list.filters))
    filters = filterable(ledger)
    return Listing(
        ledger,
        q=clean(args.get("q", "")),
        page=_number(args, "page", 0, 0, 1_000_000),
        page_size=_number(args, "page_size", PAGE_SIZE, 1, MOST_PER_PAGE),
        order=_order(ledger, args.get("order", "")),
        columns=_columns(ledger, args.getlist("columns")),
        filters={name: args.getlist(name) for name in filters if name in args},
        as_of=past_day(args.get(PAST, "")),
        figure=_figure(ledger, args.get("figure", "")),
        ignored=tuple(name for name in ledger.list.filters if name not in filters and any(args.getlist(name))),
    )


def parse_whole(ledger: Ledger, args: MultiDict[str, str], *, past: bool = False) -> Listing:
    """As `parse`, where nothing can be said beside the answer: all of it holds, or it is refused."""
    asked = parse(ledger, args, past=past)
    if asked.ignored:
        raise BadRequest(gettext("The address has an unknown parameter: %(name)s", name=asked.ignored[0]))
    return asked


def filterable(ledger: Ledger) -> tuple[str, ...]:
    """What the user may filter by: never by the notes of a unit's own that its other party does not see."""
    own = not ledger.scoped or bool(scope.current().reach("read", ledger.name).side(OWNER))
    return tuple(name for name in ledger.list.filters if own or name not in ledger.privacy.internal)


def _number(args: MultiDict[str, str], name: str, default: int, least: int, most: int) -> int:
    text = args.get(name, "") or str(default)
    number = natural(text)
    if number is None or not least <= number <= most:
        raise BadRequest(gettext("The address has a wrong parameter: %(name)s", name=name))
    return number


def _order(ledger: Ledger, text: str) -> str:
    if text and text.removeprefix("-") not in ledger.sortable:
        raise BadRequest(gettext("The address has a wrong parameter: %(name)s", name="order"))
    return text or ledger.list.order


def _figure(ledger: Ledger, text: str) -> str:
    if text and figures.chosen(ledger.told(), text) is None:
        raise BadRequest(gettext("The address has a wrong parameter: %(name)s", name="figure"))
    return text


def past_day(text: str) -> date | None:
    """A day that is over; today and what is left blank is no former day."""
    try:
        day = parse_day(text) if clean(text) else None
    except BadValue as fault:
        raise Mistyped(PAST, gettext("As of"), fault) from None
    if day is not None and day > clock.today():
        raise Mistyped(PAST, gettext("As of"), gettext("This day is still to come."))
    return day if day != clock.today() else None


def _columns(ledger: Ledger, texts: Iterable[str]) -> tuple[str, ...]:
    # Ticks of a form are sent one by one.
    names = tuple(dict.fromkeys(name for text in texts for name in text.split(",") if name))
    if not set(names) <= set(choosable(ledger)):
        raise BadRequest(gettext("The address has a wrong parameter: %(name)s", name="columns"))
    return names or ledger.list.columns


def choosable(ledger: Ledger) -> list[str]:
    """The fields that a list may show as columns."""
    names = dict.fromkeys([*ledger.list.columns, *ledger.shown])
    return [name for name in names if name not in ledger.privacy.sensitive]


def conditions(listing: Listing) -> Iterator[ColumnElement[bool]]:
    """Raises BadRequest for a filter value that its field cannot be."""
    ledger = listing.ledger
    if issubclass(ledger.model, Record):
        yield ledger.model.is_current()
    if listing.figure and (figure := figures.chosen(ledger.told(), listing.figure)):
        yield from figure[1]
    if listing.q and ledger.searchable:
        yield contains(ledger.column("search_text"), listing.q)
    own = scope.current().reach("read", ledger.name).side(OWNER)
    # Filtering by what one does not see would tell it.
    internal = set(ledger.privacy.internal) if ledger.scoped and not own.everything else set()
    for name, texts in listing.filters.items():
        found = list(filtering(ledger, name, texts))
        if found and name in internal:
            yield own.condition(ledger.model)
        if found:
            yield or_(*found)


def filtering(ledger: Ledger, name: str, texts: Sequence[str]) -> Iterator[ColumnElement[bool]]:
    """The conditions for the values of one filter, of which one holds; days are one condition, from and to."""
    kind = ledger.field(name).kind
    asked = [texts] if kind.filter_widget == "days" else [[text] for text in texts if clean(text)]
    try:
        found = [kind.filter(ledger.column(name), each) for each in asked]
    except BadValue as fault:
        raise Mistyped(name, ledger.field(name).label, fault) from None
    yield from (each for each in found if each is not None)


def loading(ledger: Ledger, names: Sequence[str]) -> tuple[Any, ...]:
    """Load what these fields show, and nothing else, with the page."""
    return _loading(ledger, tuple(names))


@lru_cache(512)
def _loading(ledger: Ledger, names: tuple[str, ...]) -> tuple[Any, ...]:
    return (own_columns(ledger, names), *linked(ledger.model, {name: ledger.field(name) for name in names}))


def own_columns(ledger: Ledger, names: Iterable[str]) -> Any:
    """The loader option for the columns that these fields show, and those that tell whose a record is."""
    shown = (column for name in names for column in ledger.field(name).kind.columns(name))
    needed = {"id", "owner_unit_id", "status", "record_no", "version", *BATCHED, *ledger.effective_status_needs, *shown}
    columns = needed & set(ledger.mapper.columns.keys())
    return load_only(*(getattr(ledger.model, name) for name in sorted(columns)))


def linked(model: type[Any], fields: Mapping[str, Field]) -> list[Any]:
    """What these fields show of other tables."""
    options = [declared.kind.loading(model, name) for name, declared in fields.items()]
    return [option for option in options if option is not None]


def header_and_shown(ledger: Ledger) -> dict[str, Field]:
    """The fields that the page of a record shows."""
    header = ("owner_unit_id", "filler_id") if ledger.review.statuses else ()
    return {name: ledger.field(name) for name in (*header, *ledger.shown)}


def whole(ledger: Ledger) -> list[Any]:
    """Load what the page and the form of each record show, the tables in it included."""
    options = linked(ledger.model, header_and_shown(ledger))
    for rows in (*ledger.form.tables, *ledger.form.read_only_tables):
        inside = linked(ledger.rows_model(rows), ledger.rows_fields(rows))
        options.append(selectinload(getattr(ledger.model, rows.name)).options(*inside))
    return options


def fetch(listing: Listing) -> Page:
    """One statement counts (up to 10,000), one finds the page's ids and joins what its columns show.

    Few records are found first and then put in order. Of many, the order's index is followed until the page is full.
    A search reads the texts of all records, so that one statement counts and finds its hits where they are few.
    """
    ledger, order, size = listing.ledger, listing.order, listing.page_size
    ids, first, count = select(ledger.model.id).where(*conditions(listing)), listing.page * size, 0
    in_order = putting_in_order(ledger, order, ids)
    if listing.q:
        counting = in_order.add_columns(func.count().over())
        hits = db.session.execute(counting.limit(size + 1).offset(first)).all()
        count = hits[0][1] if hits else 0
        if count <= COUNTED and (hits or not first):
            return loaded(listing, select(ledger.model.id).where(ledger.model.id.in_([id_ for id_, _ in hits])), count)
    found = ids.with_only_columns(literal(1)).select_from(ledger.model).limit(COUNTED + 1).subquery()
    count = count or db.session.scalar(select(func.count()).select_from(found)) or 0
    if count <= min(first, COUNTED):
        return Page([], count, more=False)
    ids = in_order if count <= COUNTED else following_order(ledger, order, ids, first + size + 1)
    return loaded(listing, ids.limit(size + 1).offset(first), count)


def totals(listing: Listing, page: Page) -> dict[str, Any]:
    """The sums over all records of the list, by column, where they are few enough to be counted."""
    names = adding_up(listing)
    if not names or page.capped or not page.count:
        return {}
    sums = (func.sum(listing.ledger.column(name)) for name in names)
    query = select(*sums).select_from(listing.ledger.model).where(*conditions(listing))
    return dict(zip(names, db.session.execute(query).one(), strict=True))


def adding_up(listing: Listing) -> list[str]:
    """The columns whose sums mean something and tell nothing that the user does not see."""
    ledger = listing.ledger
    own, stored = (
        not ledger.scoped or scope.current().reach("read", ledger.name).side(OWNER).everything,
        ledger.mapper.columns,
    )
    fields = {name: ledger.field(name).kind for name in listing.columns if own or name not in ledger.privacy.internal}
    return [name for name, kind in fields.items() if kind.adds_up and not kind.personal and name in stored]


def loaded(listing: Listing, ids: Select[Any], count: int) -> Page:
    """The page of these ids, and one more where there are more, of so many that were counted."""
    if not count:
        return Page([], 0, more=False)
    ledger, size, page = listing.ledger, listing.page_size, ids.subquery()
    query: Select[Any] = select(ledger.model).join(page, page.c.id == ledger.model.id)
    query = query.order_by(*ordering(ledger, listing.order)).options(*loading(ledger, listing.columns))
    records = db.session.scalars(query).all()
    return Page(records[:size], count, len(records) > size)


def exportable(listing: Listing) -> Iterator[ColumnElement[bool]]:
    """What holds for the records of the list that may be exported. Raises BadRequest."""
    yield from conditions(listing)
    if not listing.drafts and "draft" in listing.ledger.review.statuses:
        yield listing.ledger.model.status != "draft"
        # What is under review; the record that it amends is there as it is in force.
        yield listing.ledger.model.amends_id.is_(None)
    reach = scope.current().reach("export", listing.ledger.name)
    if listing.ledger.scoped and not reach.everything:
        yield reach.condition(listing.ledger.model)


def length(listing: Listing) -> int:
    """How many records may be exported. Raises BadRequest."""
    query = select(func.count()).select_from(listing.ledger.model).where(*exportable(listing))
    return db.session.scalar(query) or 0


def every(listing: Listing, names: Sequence[str], among: Sequence[int] | None = None) -> ScalarResult[Any]:
    """All records of the list that may be exported, in the official order of their units, a batch at a time; of those
    with these ids, where some are given. What a sheet shows in the columns of these names is loaded with them.

    Raises BadRequest before anything is fetched.
    """
    ledger = listing.ledger
    options = (ledger.field(name).kind.sheet_loading(ledger.model, name) for name in names)
    query = select(ledger.model).where(*exportable(listing)).options(own_columns(ledger, names), *filter(None, options))
    if among is not None:
        query = query.where(ledger.model.id.in_(among))
    if ledger.review.statuses and listing.order == ledger.list.order:
        query = query.order_by(*ordering(ledger, "owner_unit_id"))
    else:
        query = query.order_by(*ordering(ledger, listing.order))
    return db.session.scalars(query.execution_options(yield_per=500))
