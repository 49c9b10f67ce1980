"""Links to other rows: a unit, a Party organisation, an area, a member, a record, or sibling rows of one form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from flask import g
from flask_babel import gettext
from sqlalchemy import Integer, Select, not_, or_, select
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.sql import ColumnElement
from sqlalchemy.types import TypeEngine

from portal.core.access import scope
from portal.core.access.cached_lookups import REFERENCE, remembered
from portal.core.fields.base import BRINGING, LONGEST_VALUE, BadValue, Kind, clean, natural, refuse_long
from portal.core.fields.cell_checks import MOST_LISTED, Entry, entry_of_names
from portal.core.fields.link_aliases import called_community, called_org, short_unit, spellings
from portal.core.fields.sheet_columns import SheetColumn, linked_told
from portal.core.punctuation import listed
from portal.core.search import contains
from portal.extensions import Model, db
from portal.org.mixins import Scoped
from portal.org.models import Area, Member, PartyOrg, Unit
from portal.org.name_history import Renamed

MOST_OPTIONS = 50
PAGE = 20
BESIDE = re.compile(r"[、,，;；/|\n]+")
HAN_NAME = re.compile("[\u3400-\u9fff]{2,4}")
Conditions = Callable[[Any], Iterable[ColumnElement[bool]]]
# What else people call a row of this model: a condition for a text.
Alias = Callable[[Any, str], ColumnElement[bool]]


_above: ContextVar[Any] = ContextVar("above", default=None)


def above() -> Any:
    """The parent record of the entry being filled in."""
    return _above.get()


@contextmanager
def standing_under(record: Any) -> Iterator[None]:
    token = _above.set(record)
    try:
        yield
    finally:
        _above.reset(token)


class Link(Kind):
    """One row of another table, chosen by name.

    `where` limits the rows that may be chosen. Row-level access applies: users cannot see or post other rows. More than
    50 choices are searched remotely.
    """

    widget = "link"
    filter_widget: str | None = "link"
    telling = True
    refers = True

    def __init__(
        self,
        model: type[Any] | str,
        label: str,
        *,
        order: str = "sort_no",
        where: Conditions | None = None,
        alias: Alias | None = None,
        ranked: bool = False,
    ) -> None:
        """`ranked`: if several rows have the same name, the first in official order is used."""
        self._ranked = ranked
        self._model, self._label, self._order, self._where, self._alias = model, label, order, where, alias

    @property
    def model(self) -> Any:
        """The linked class; it may be declared by name."""
        if isinstance(self._model, str):
            named = {mapper.class_.__name__: mapper.class_ for mapper in Model.registry.mappers}
            self._model = named[self._model]
        return self._model

    @property
    def label(self) -> Any:
        """The column that names the rows linked to."""
        return getattr(self.model, self._label)

    def linked(self, record: Any, name: str) -> Any:
        return getattr(record, self.relation(name))

    @property
    def naming(self) -> tuple[str, ...]:
        """The columns that tell what the rows linked to are called."""
        return ("id", self._label, *(name for name in ("short_name", "former") if hasattr(self.model, name)))

    def loading(self, model: type[Any], name: str) -> Any:
        load = selectinload if self.multiple else joinedload
        return load(getattr(model, self.relation(name))).load_only(*(getattr(self.model, each) for each in self.naming))

    def sheet_column(self, name: str) -> SheetColumn:
        return linked_told(self, name)

    def sheet_loading(self, model: type[Any], name: str) -> Any:
        return None

    @property
    def rank(self) -> Any:
        """The column that defines the official order of the linked rows."""
        return getattr(self.model, self._order)

    def column_type(self) -> TypeEngine[Any]:
        return Integer()

    def relation(self, name: str) -> str:
        return name.removesuffix("_id")

    def read(self, record: Any, name: str) -> Any:
        return self.called(getattr(record, self.relation(name)), record)

    @staticmethod
    def called(row: Any, record: Any) -> Any:
        """The row linked to, under the name that it had on the record's day."""
        renamed = isinstance(row, Renamed) and row.former and isinstance(record, Scoped)
        return row.on(record.dated()) if renamed else row

    def show(self, value: Any) -> str:
        return "" if value is None else getattr(value, self._label) or ""

    def brief(self, value: Any) -> str:
        return getattr(value, "short_name", None) or self.show(value)

    def json(self, value: Any) -> Any:
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "integer"}

    def choices(self) -> Select[tuple[int, str]]:
        conditions = self._where(self.model) if self._where else ()
        return select(self.model.id, self.label).where(*conditions).order_by(self.rank, self.model.id)

    def search(self, text: str, limit: int = PAGE) -> list[tuple[int, str]]:
        """Choices whose name contains the text, in Simplified or Traditional characters."""
        query = self.choices()
        if text.strip():
            found = contains(getattr(self.model, "search_text", self.label), text)
            query = query.where(or_(found, self._alias(self.model, text.strip())) if self._alias else found)
        return list(db.session.execute(query.limit(limit)))

    def options(self) -> Iterable[tuple[str, str]] | None:
        """Cached per request: every row of a table has the same choices."""
        asked: dict[Any, Any] = g.setdefault("link_options", {})
        key = self, scope.current(), above()
        if key not in asked:
            asked[key] = self._few()
        found: list[tuple[str, str]] | None = asked[key]
        return found

    def entry(self) -> Entry:
        """The names that may be chosen and that the user may see."""
        return entry_of_names([text for _, text in self.search("", MOST_LISTED + 1) if text], several=self.multiple)

    def _few(self) -> list[tuple[str, str]] | None:
        found = db.session.execute(self.choices().limit(MOST_OPTIONS + 1)).all()
        return [(str(id_), text) for id_, text in found] if len(found) <= MOST_OPTIONS else None

    def shown_choices(self, values: Sequence[str]) -> list[tuple[str, str]]:
        """Names of linked rows, even if they can no longer be chosen: a name stored in a record is not secret."""
        ids = [id_ for value in values if (id_ := natural(value)) is not None]
        known: dict[Any, str | None] = g.setdefault("link_names", {})
        if unknown := [id_ for id_ in ids if (self.model, self._label, id_) not in known]:
            known.update(dict.fromkeys(((self.model, self._label, id_) for id_ in unknown), None))
            found = db.session.execute(select(self.model.id, self.label).where(self.model.id.in_(unknown)))
            known.update({(self.model, self._label, id_): text for id_, text in found})
        return [(str(id_), text) for id_ in ids if (text := known[self.model, self._label, id_]) is not None]

    def parse_text(self, text: str, before: object) -> int:
        if not text.isdecimal():
            return self._named(text)
        id_ = natural(text)
        return id_ if id_ is not None and id_ == before else self._existing(id_ or 0)

    def _existing(self, id_: int) -> int:
        def ask() -> int | None:
            return db.session.scalar(self.choices().where(self.model.id == id_))

        found = remembered((self, above(), id_), ask) if self.model in REFERENCE else ask()
        if found is None:
            raise BadValue(gettext("This cannot be chosen here."))
        return found

    def _named(self, text: str) -> int:
        """The id of the row with this name, for sheets and browsers without JavaScript; cached per request."""
        refuse_long(text)
        asked: dict[Any, int | BadValue] = g.setdefault("link_meanings", {})
        key = self, scope.current(), above(), text, scope.current_verb()
        if key not in asked:
            try:
                asked[key] = self._meant(text)
            except BadValue as fault:
                asked[key] = fault
        found = asked[key]
        if isinstance(found, BadValue):
            raise found
        return found

    def _meant(self, text: str) -> int:
        """The row with exactly this name, or the only row that matches."""
        found = self._called(text)
        if found is not None:
            return found
        fitting = self.search(text, limit=4)
        if not fitting:
            raise BadValue(gettext("Nothing of this name can be chosen here."))
        if len(fitting) > 1:
            raise several(name for _, name in fitting[:3])
        if scope.current_verb() in BRINGING:  # nobody looks at what each row of a sheet was taken for
            raise BadValue(gettext("Nothing has exactly this name. Is this meant: %(name)s?", name=fitting[0][1]))
        return fitting[0][0]

    def _called(self, text: str) -> int | None:
        """The row of exactly this name, own names before aliases. Several are an error, unless `ranked`."""
        own = self.label.in_(spellings(text))
        called = or_(own, self._alias(self.model, text)) if self._alias else own
        query = self.choices().add_columns(own).where(called).order_by(None)
        query = query.order_by(self.label != text, not_(own), self.rank, self.model.id)
        found = db.session.execute(query.limit(2)).all()
        if len(found) == 2 and not self._ranked:
            (_, first, first_own), (_, second, second_own) = found
            if first == second or (first != text and first_own == second_own):
                raise several((first, second))
        return found[0][0] if found else None

    def owners(self, id_: int) -> list[int]:
        """The units that a record can belong to by naming this row, in official order; a branch stands for the units
        of the organisation above it."""
        return [id_] if self.model is Unit else remembered(("owners", id_), lambda: units_of(id_))

    def filter(self, column: Any, typed: Sequence[str]) -> ColumnElement[bool] | None:
        """By id, including rows that can no longer be chosen; by name for browsers without JavaScript."""
        text = next((text for raw in reversed(typed) if (text := clean(raw))), "")
        if text.isdecimal():
            return column == self._there(text)
        return column == self._named(text) if text else None

    def _there(self, text: str) -> int:
        """The id of a row that the user may see. Unknown ids are an error: the list would only look empty."""
        id_ = natural(text)
        there = select(self.model.id).where(self.model.id == id_)
        if id_ is None or not (self.shown_choices([text]) or db.session.scalar(there)):
            raise BadValue(gettext("There is nothing of this number."))
        return id_

    def faults(self, name: str, column: Any) -> Iterable[str]:
        if column is not None and not column.foreign_keys:
            yield f"{name} links to another table, but its column has no foreign key"


def several(names: Iterable[str]) -> BadValue:
    return BadValue(gettext("Several fit: %(names)s … Please write the whole name.", names=listed(names)))


def named_in(part: str) -> list[str]:
    names = part.split()
    return names if all(HAN_NAME.fullmatch(name) for name in names) else [part]


class Links(Link):
    """Several rows of another table, through a relationship of the record."""

    widget = "links"
    multiple = True
    filter_widget = None
    sheet_column, sheet_loading = Kind.sheet_column, Kind.sheet_loading

    def __init__(self, model: type[Any] | str, label: str, relation: str, **rules: Any) -> None:
        super().__init__(model, label, **rules)
        self._relation = relation

    def relation(self, name: str) -> str:
        return self._relation

    def stored(self, record: Any, name: str) -> Any:
        return list(getattr(record, self._relation))

    def store(self, record: Any, name: str, value: Any) -> None:
        setattr(record, self._relation, list(value or ()))

    def from_cell(self, text: str) -> list[str]:
        """Split a cell into names. A space separates names if they contain no space themselves."""
        if len(text) > 10 * LONGEST_VALUE:  # one text that is no name
            return [text]
        return [name for part in BESIDE.split(text) if part.strip() for name in named_in(part.strip())]

    def parse(self, typed: Sequence[str], before: object) -> Any:
        """The linked rows."""
        kept = {row.id: row for row in before} if isinstance(before, list) else {}
        texts = [text for raw in typed if (text := clean(raw))]
        ids = [id_ if (id_ := natural(text)) in kept else self.parse_text(text, None) for text in texts]
        return list(db.session.scalars(select(self.model).where(self.model.id.in_(ids)))) or None

    def typed(self, value: Any) -> list[str]:
        return [str(row.id) for row in value or ()]

    def json(self, value: Any) -> Any:
        return [row.id for row in value or ()]

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "integer"}}

    def show(self, value: Any) -> str:
        return listed(value or ())

    def faults(self, name: str, column: Any) -> Iterable[str]:
        return ()


def units_of(org_id: int | None) -> list[int]:
    while org_id is not None:
        query = select(Unit.id).join(PartyOrg.units).where(PartyOrg.id == org_id).order_by(Unit.sort_no)
        if found := list(db.session.scalars(query)):
            return found
        org_id = db.session.scalar(select(PartyOrg.parent_id).where(PartyOrg.id == org_id))
    return []


def active(model: Any) -> Iterable[ColumnElement[bool]]:
    yield model.status == "active"


def community_orgs(model: Any) -> Iterable[ColumnElement[bool]]:
    yield from active(model)
    yield model.community_id.is_not(None)


def communities(model: Any) -> Iterable[ColumnElement[bool]]:
    yield from active(model)
    yield model.kind == "community"


def unit_link(where: Conditions = active) -> Link:
    return Link(Unit, "full_name", where=where, alias=short_unit)


def org_link(where: Conditions = active) -> Link:
    return Link(PartyOrg, "full_name", where=where, alias=called_org, ranked=True)


def community_link() -> Link:
    return Link(Area, "name", where=communities, alias=called_community)


def member_link() -> Link:
    return Link(Member, "name", order="name")
