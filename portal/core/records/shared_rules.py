"""Rules that several ledgers share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from flask_babel import gettext
from sqlalchemy import select

from portal.core.access import scope
from portal.core.access.cached_lookups import remembered
from portal.core.declaration.values import Problem, Values
from portal.core.fields import Label, long_date
from portal.extensions import db
from portal.org.models import PartyOrg, Unit


def org_of_unit(values: Values) -> Iterator[Problem]:
    """The selected Party organisation must belong to the selected unit."""
    if values.unit_id is None or values.org_id is None:
        return
    if not remembered(("stands for", values.org_id, values.unit_id), lambda: stands_for(values.org_id, values.unit_id)):
        yield Problem("org_id", gettext("This Party organisation does not stand for the unit chosen."))


def stands_for(org_id: int, unit_id: int) -> bool:
    query = select(PartyOrg.id).where(PartyOrg.id == org_id, PartyOrg.units.any(Unit.id == unit_id))
    return db.session.scalar(query) is not None


def for_own_unit(values: Values) -> Iterator[Problem]:
    """Users may only fill in records of their own units."""
    units, record = scope.current().home, values.record
    if record is not None and record.owner_unit_id == values.owner_unit_id:
        return
    if units is not None and values.owner_unit_id is not None and values.owner_unit_id not in units:
        yield Problem("owner_unit_id", gettext("This belongs to another unit."))


def by_whom(entry: Any) -> None:
    """Store which party entered a record, so that the other party cannot change it."""
    if entry.by_counterpart is None:
        entry.by_counterpart = scope.current().area_id is not None


def not_before(end: str, **begins: Label) -> Callable[[Values], Iterator[Problem]]:
    """Rule that the date `end` is not before the dates in these fields, which are given with their labels."""

    def rule(values: Values) -> Iterator[Problem]:
        day = getattr(values, end)
        for name, label in begins.items():
            begun = getattr(values, name)
            if day is not None and begun is not None and day < begun:
                text = gettext("This lies before “%(what)s”: %(day)s.", what=label, day=long_date(begun))
                yield Problem(end, text)

    return rule
