"""People: chosen from the roster, or named as on paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext
from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import mapped_column
from sqlalchemy.sql import ColumnElement

from portal.core.access.cached_lookups import remembered
from portal.core.fields.base import BadValue, Field, Kind, Label, Reading, natural
from portal.core.fields.cell_checks import Entry
from portal.core.fields.links import Conditions, Link
from portal.core.fields.people.names import LONGEST, column_key, name_key, of_nobody, person_name
from portal.core.fields.text import Text
from portal.core.punctuation import clauses
from portal.extensions import db
from portal.org.models import Member


@dataclass(frozen=True)
class Named:
    """A person's name with their id in the roster, or None."""

    id: int | None
    name: str

    def __str__(self) -> str:
        return self.name


def serving(model: Any) -> list[ColumnElement[bool]]:
    return [model.work_status != "retired"]


class Person(Link):
    """A person in two columns: the member if the roster has one, and the name as written.

    A name alone is linked to the only member of that name in the record's unit, once the owning unit is known.
    """

    widget = "person"
    filter_widget = None
    telling = False
    told = False
    sheet_column, sheet_loading = Kind.sheet_column, Kind.sheet_loading

    def __init__(self, written: str, where: Conditions = serving) -> None:
        super().__init__(Member, "name", order="name", where=where)
        self.written = written

    def columns(self, name: str) -> tuple[str, ...]:
        return (name, self.written)

    def loading(self, model: type[Any], name: str) -> Any:
        return None

    def read(self, record: Any, name: str) -> Any:
        return getattr(record, self.written)

    def show(self, value: Any) -> str:
        return str(value or "")

    def brief(self, value: Any) -> str:
        return self.show(value)

    def stored(self, record: Any, name: str) -> Named | None:
        written = getattr(record, self.written)
        return Named(getattr(record, name), written) if written else None

    def store(self, record: Any, name: str, value: Any) -> None:
        setattr(record, name, value.id if value else None)
        setattr(record, self.written, value.name if value else None)

    def parse_text(self, text: str, before: object) -> Any:
        if isinstance(before, Named) and text in (before.name, str(before.id)):
            return before
        if not text.isdecimal():
            return Named(None, person_name(text))
        found = db.session.execute(self.choices().where(Member.id == (natural(text) or 0))).first()
        if found is None:
            raise BadValue(gettext("This cannot be chosen here."))
        return Named(*found)

    def entry(self) -> Entry:
        found = super().entry()
        return replace(found, words=clauses([found.words, gettext("Who is not on the roster can be written, too")]))

    def reading(self, texts: Sequence[str], unit: str, others: Sequence[str]) -> Reading:
        return of_nobody

    def typed(self, value: Any) -> list[str]:
        return [str(value.id or value.name)] if value else []

    def json(self, value: Any) -> Any:
        return (value.id or value.name) if value else None

    def schema(self) -> dict[str, Any]:
        return {"type": ["integer", "string"]}

    def shown_choices(self, values: Sequence[str]) -> list[tuple[str, str]]:
        names = [(text, text) for text in values if natural(text) is None]
        return [*super().shown_choices([text for text in values if natural(text) is not None]), *names]

    def same(self, model: type[Any], name: str, value: Any) -> ColumnElement[bool] | None:
        if value is None:
            return None
        found: ColumnElement[bool] = column_key(getattr(model, self.written)) == name_key(value.name)
        return found

    def after_owner_known(self, record: Any, name: str) -> None:
        written = getattr(record, self.written)
        if getattr(record, name) is None and written:
            unit_id = record.owner_unit_id
            found = remembered((Member, "serving", unit_id, written), lambda: namesakes(unit_id, written))
            if len(found) == 1:
                setattr(record, name, found[0])

    def unsure(self, record: Any, name: str) -> bool:
        """True if nobody on the roster has the name."""
        return getattr(record, name) is None and bool(getattr(record, self.written))


def namesakes(unit_id: int, name: str) -> Sequence[int]:
    """The serving members of a unit with this name, at most two: two are already ambiguous."""
    same = column_key(Member.name) == name_key(name)
    query = select(Member.id).where(Member.unit_id == unit_id, same, *serving(Member))
    return db.session.scalars(query.limit(2)).all()


def person(written: str, label: Label, *, where: Conditions = serving, **rules: Any) -> Any:
    """The column of a roster member; the name as written is in the column `written`."""
    info = {"field": Field(Person(written, where), label, **rules)}
    return mapped_column(ForeignKey("member.id", ondelete="SET NULL"), nullable=True, index=True, info=info)


def written(label: Label) -> Any:
    """The column of a person's name as written; history shows it under the person's label."""
    return mapped_column(String(LONGEST), info={"field": Field(Text(LONGEST), label, entered=False)})
