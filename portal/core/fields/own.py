"""What is the user's own: the units and Party organisations for which they fill in records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.sql import ColumnElement

from portal.core.access import scope
from portal.core.access.cached_lookups import remembered
from portal.core.fields.links import active
from portal.extensions import db
from portal.org.models import PartyOrg, Unit


def own_orgs(model: Any) -> Iterable[ColumnElement[bool]]:
    """Organisations of the units for which the user may fill in records."""
    yield from active(model)
    units, orgs = scope.current().home, scope.current().home_orgs
    if units is None:
        yield model.community_id.is_(None)
    elif orgs is not None:
        yield model.id.in_(orgs)
    else:
        yield model.units.any(Unit.id.in_(units))


def own_units(model: Any) -> Iterable[ColumnElement[bool]]:
    """Units for which the user may fill in records."""
    yield from active(model)
    if (units := scope.current().home) is not None:
        yield model.id.in_(units)


def several_units() -> bool:
    """May the user fill in records for more than one unit?"""
    return (units := scope.current().home) is None or len(units) > 1


def own_unit() -> int | None:
    return scope.current().unit_id


def own_org() -> int | None:
    """The user's organisation, or the first one of their unit."""
    principal = scope.current()
    if principal.org_id is not None or principal.unit_id is None:
        return principal.org_id
    return first_organisation(principal.unit_id)


def first_organisation(unit_id: int) -> int | None:
    """The first organisation that stands for a unit."""

    def ask() -> int | None:
        own = select(PartyOrg.id).where(PartyOrg.units.any(Unit.id == unit_id)).order_by(PartyOrg.sort_no)
        return db.session.scalar(own.limit(1))

    return remembered(("first organisation", unit_id), ask)
