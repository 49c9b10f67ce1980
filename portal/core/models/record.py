"""The header that every record of a ledger carries (`docs/domain` §2.0), and the rows below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, column, event, func, inspect, literal, select
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, Session, aliased, declared_attr, mapped_column, relationship
from sqlalchemy.orm.interfaces import MANYTOMANY
from sqlalchemy.sql import ColumnElement

from portal.core import clock
from portal.core.fields import (
    Choice,
    Field,
    Link,
    Text,
    Whole,
    YesNo,
    field,
    org_link,
    own_unit,
    several_units,
    unit_link,
)
from portal.core.fields.base import BadValue, Kind, clean
from portal.core.fields.choices import CodeSet
from portal.extensions import db
from portal.org.mixins import Scoped, Searchable
from portal.org.models import PartyOrg, Unit

SOURCES = Choice(
    ("online", _("Filled online")),
    ("import", _("Imported from a sheet")),
    ("copy", _("Copied in bulk")),
    ("aggregate", _("Aggregate-only reporting")),
    ("system", _("Made by the portal")),
)
PUBLISH_SCOPES = Choice(
    ("internal", _("Internal")),
    ("organs", _("Within the district organs")),
    ("public", _("May be publicised")),
)


# Of amendments: those that are still being made or reviewed.
OPEN = ("draft", "pending_unit", "pending_committee", "returned")


class Moment(Kind):
    """A date and time, shown in the office's time zone to the minute."""

    compact = True

    def show(self, value: Any) -> str:
        return f"{clock.local(value):%Y-%m-%d %H:%M}" if value else ""

    def json(self, value: Any) -> Any:
        return f"{value.isoformat()}Z" if value else None

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}


def made(kind: Kind, label: Any) -> dict[str, Any]:
    """Column info of a field that the portal fills in."""
    return {"field": Field(kind, label, entered=False)}


class Gaps(Kind):
    """The names of missing fields."""

    filter_widget = "select"

    def typed(self, value: Any) -> list[str]:
        return list(value or ())

    def json(self, value: Any) -> Any:
        return list(value or ())

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "string"}}

    def show(self, value: Any) -> str:
        return gettext("To be added") if value else ""

    def retell(self, typed: Sequence[str]) -> str:
        return self.show(typed)

    def options(self) -> Iterable[tuple[str, str]]:
        return [("1", gettext("Yes"))]

    def filter(self, column: Any, typed: Sequence[str]) -> ColumnElement[bool] | None:
        text = next((text for raw in reversed(typed) if (text := clean(raw))), "")
        if text not in ("", "1"):
            raise BadValue(gettext("This is not one of the choices."))
        return column.is_not(None) if text else None


def filled_only(table: str, name: str) -> Index:
    """A partial index over the few rows with a value; query planners do not use an index over all rows."""
    filled = column(name).is_not(None)
    return Index(f"ix_{table}_{name}", name, sqlite_where=filled, postgresql_where=filled)


def index_natural_key(*columns: Any) -> None:
    """Index the natural key, which is queried for each row of an imported sheet."""
    Index(f"ix_{columns[0].class_.__tablename__}_natural_key", *columns)


def numbered_in_unit(table: str) -> UniqueConstraint:
    """Office numbers are unique within a unit."""
    return UniqueConstraint("owner_unit_id", "office_no", name=f"uq_{table}_office_no")


class Record(Searchable, Scoped):
    """A record of a ledger."""

    id: Mapped[int] = mapped_column(primary_key=True)
    record_no: Mapped[str | None] = mapped_column(
        String(24), unique=True, info=made(Text(24, free=False), _("Record number"))
    )
    office_no: Mapped[str | None] = field(
        Text(40), _("Office number"), hint=_("The number on the office's own paper or sheet")
    )
    year: Mapped[int | None] = mapped_column(info=made(Whole(1900, 2100), _("Year")))
    period: Mapped[str | None] = mapped_column(String(8), info=made(Text(8), _("Quarter")))
    owner_unit_id: Mapped[int] = mapped_column(
        ForeignKey("unit.id"),
        info={
            "field": Field(unit_link(), _("Reporting unit"), required=True, default=own_unit, asked=several_units),
        },
    )
    owner_org_id: Mapped[int | None] = mapped_column(
        ForeignKey("party_org.id"), index=True, info=made(org_link(), _("Reporting Party organisation"))
    )
    proxy_filled: Mapped[bool] = mapped_column(default=False, info=made(YesNo(), _("Filled on behalf of the unit")))
    filler_id: Mapped[int | None] = mapped_column(
        ForeignKey("ab_user.id", ondelete="SET NULL"), info=made(Link("User", "first_name"), _("Filled by"))
    )
    filled_at: Mapped[datetime | None] = mapped_column(info=made(Moment(), _("Filled on")))
    # Whoever filled a record or changed it last does not approve it.
    editor_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    unit_reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    unit_reviewed_at: Mapped[datetime | None]
    gw_reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    gw_reviewed_at: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(String(20), default="draft")
    # The status that a voided or archived record comes back to.
    prior_status: Mapped[str | None] = mapped_column(String(20))
    # Why it was returned, and the fields and tables that were meant.
    return_reason: Mapped[str | None] = mapped_column(String(200))
    return_fields: Mapped[tuple[str, ...] | None] = mapped_column(CodeSet(200))
    # Why an amendment was begun.
    amend_reason: Mapped[str | None] = mapped_column(String(200))
    # What the paper did not say and somebody is to add (待补): names of fields.
    gaps: Mapped[tuple[str, ...] | None] = mapped_column(CodeSet(400), info=made(Gaps(), _("To be added")))
    source: Mapped[str] = mapped_column(String(16), default="online", info=made(SOURCES, _("Source")))
    publish_scope: Mapped[str] = mapped_column(
        String(16), default="internal", info=made(PUBLISH_SCOPES, _("Publication"))
    )
    remark: Mapped[str | None] = field(Text(200), _("Remarks"))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=clock.now, info=made(Moment(), _("Created")))
    updated_at: Mapped[datetime] = mapped_column(
        default=clock.now, onupdate=clock.now, info=made(Moment(), _("Last changed"))
    )
    search_text: Mapped[str] = mapped_column(String(600), default="")

    def titled(self, *texts: object) -> str:
        """The title of the record; a draft may have none yet."""
        return " ".join(str(text) for text in texts if text) or self.record_no or "—"

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        # The second of two savers of one version fails instead of winning.
        return {"version_id_col": cls.version}

    @declared_attr
    @classmethod
    def amends_id(cls) -> Mapped[int | None]:
        """The record in force that this amendment will replace, or whose superseded version this is."""
        table: str = cls.__tablename__  # type: ignore[attr-defined] # each record class has a table
        return mapped_column(ForeignKey(f"{table}.id", ondelete="SET NULL"))

    @classmethod
    @cache
    def is_current(cls) -> ColumnElement[bool]:
        """Condition: neither a superseded version nor an abandoned amendment."""
        found: ColumnElement[bool] = cls.amends_id.is_(None) | cls.status.in_(OPEN)
        return found

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Index | UniqueConstraint, ...]:
        table: str = cls.__tablename__  # type: ignore[attr-defined] # as above
        return (filled_only(table, "amends_id"), numbered_in_unit(table))

    @declared_attr
    @classmethod
    def owner_unit(cls) -> Mapped[Unit]:
        return relationship(Unit, foreign_keys=[cls.owner_unit_id])

    @declared_attr
    @classmethod
    def owner_org(cls) -> Mapped[PartyOrg | None]:
        return relationship(PartyOrg, foreign_keys=[cls.owner_org_id])

    @declared_attr
    @classmethod
    def filler(cls) -> Mapped[Any]:
        return relationship("User", foreign_keys=[cls.filler_id])


class ChildRow(Scoped):
    """A row or an entry that belongs to a record, named by `part_of`, and to that record's unit and other party."""

    @hybrid_property
    def owner_unit_id(self) -> Any:
        return getattr(self, str(self.part_of)).owner_unit_id

    @owner_unit_id.inplace.expression
    @classmethod
    def _owner_unit_id(cls) -> Any:
        return of_whole(cls, "owner_unit_id")

    @hybrid_property
    def owner_org_id(self) -> Any:
        return getattr(self, str(self.part_of)).owner_org_id

    @owner_org_id.inplace.expression
    @classmethod
    def _owner_org_id(cls) -> Any:
        return of_whole(cls, "owner_org_id")

    @hybrid_property
    def filler_id(self) -> Any:
        return getattr(self, str(self.part_of)).filler_id

    @filler_id.inplace.expression
    @classmethod
    def _filler_id(cls) -> Any:
        return of_whole(cls, "filler_id")

    @hybrid_property
    def counter_org_id(self) -> Any:
        return getattr(self, str(self.part_of)).counter_org_id

    @counter_org_id.inplace.expression
    @classmethod
    def _counter_org_id(cls) -> Any:
        return of_whole(cls, "counter_org_id")

    @hybrid_property
    def counter_area_id(self) -> Any:
        return getattr(self, str(self.part_of)).counter_area_id

    @counter_area_id.inplace.expression
    @classmethod
    def _counter_area_id(cls) -> Any:
        return of_whole(cls, "counter_area_id")

    @property
    def co_units(self) -> Any:
        return getattr(self, str(self.part_of)).co_units

    @classmethod
    def with_any(cls, name: str, ids: Iterable[int]) -> ColumnElement[bool]:
        """Looks up the records first and then their rows; otherwise all rows would be read."""
        whole = aliased(inspect(cls).relationships[str(cls.part_of)].mapper.class_)
        return cls._key_of_whole().in_(select(whole.id).where(getattr(whole, name).in_(ids)))

    @classmethod
    def taken_part_in(cls, unit_ids: Iterable[int]) -> ColumnElement[bool]:
        whole = inspect(cls).relationships[str(cls.part_of)].mapper.class_
        return cls._key_of_whole().in_(select(whole.id).where(whole.taken_part_in(unit_ids)))

    @classmethod
    def _key_of_whole(cls) -> Any:
        ((local, _),) = inspect(cls).relationships[str(cls.part_of)].local_remote_pairs
        return getattr(cls, inspect(cls).get_property_by_column(local).key)

    @classmethod
    def knows(cls, name: str) -> bool:
        whole: type[Scoped] = inspect(cls).relationships[str(cls.part_of)].mapper.class_
        return whole.knows(name)

    def dated(self) -> date:
        """The date of the record, so that access to the record includes its rows."""
        whole: Scoped = getattr(self, str(self.part_of))
        return whole.dated()

    @classmethod
    def dating(cls) -> Any:
        whole: type[Scoped] = inspect(cls).relationships[str(cls.part_of)].mapper.class_
        day = of_whole(cls, whole.dated_by) if whole.dated_by else None
        return literal(date.max) if day is None else func.coalesce(day, date.max)


def of_whole(part: Any, name: str) -> Any:
    """A column of the record that a part belongs to, as an expression over the part or an alias of it."""
    mapper = inspect(part).mapper
    relation = mapper.relationships[str(part.part_of)]
    (local, remote), *_more = relation.local_remote_pairs
    # Of its own: beside the same table in one statement it would be taken for that one.
    whole = aliased(relation.mapper.class_)
    same = getattr(whole, remote.key) == getattr(part, mapper.get_property_by_column(local).key)
    return select(getattr(whole, name)).where(same).correlate_except(whole).scalar_subquery()


def touch(session: Session, _context: object, _instances: object) -> None:
    """Before a flush: increase the version of records whose child rows or links change."""
    with session.no_autoflush:
        rows = [row for row in (*session.new, *session.dirty, *session.deleted) if isinstance(row, ChildRow)]
        wholes = {whole for row in rows if session.is_modified(row) or row in session.deleted for whole in of_row(row)}
        wholes |= {row for row in session.dirty if isinstance(row, Record) and links_changed(row)}
    for whole in wholes - {*session.deleted}:
        if inspect(whole).persistent:
            whole.updated_at = clock.now()


def of_row(row: Any) -> Iterator[Any]:
    """The records that a row belongs or belonged to, without the parent of an entry in another ledger."""
    history = inspect(row).attrs[str(row.part_of)].load_history()
    for whole in history.sum():
        if isinstance(whole, Record) and whole.ledger_name == row.ledger_name:
            yield whole


def links_changed(record: Any) -> bool:
    state = inspect(record)
    links = (each.key for each in state.mapper.relationships if each.direction is MANYTOMANY)
    return any(key in state.dict and state.attrs[key].history.has_changes() for key in links)


def install() -> None:
    if not event.contains(db.session, "before_flush", touch):
        event.listen(db.session, "before_flush", touch)


HEADER = ("record_no", "status", "owner_unit_id", "owner_org_id", "filler_id", "filled_at", "source")

__all__ = ["HEADER", "ChildRow", "Moment", "Record"]
