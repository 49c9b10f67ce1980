"""What else people call the rows that are linked to: conditions for a text."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement

from portal.core.search import fold
from portal.org.models import Area, Unit

COMMUNITY_ENDS = ("社区", "村")


def spellings(text: str) -> tuple[str, ...]:
    """A name as it was written, and in Simplified characters without spaces."""
    return (text, "".join(fold(text).split()))


def short_unit(model: Any, text: str) -> ColumnElement[bool]:
    return or_(model.full_name.in_(spellings(text)), model.short_name.in_(spellings(text)))


def called_org(model: Any, text: str) -> ColumnElement[bool]:
    """A Party organisation by its short name, its community's or its unit's."""
    names = spellings(text)
    unit = model.units.any(or_(Unit.full_name.in_(names), Unit.short_name.in_(names)))
    return or_(model.short_name.in_(names), model.community.has(Area.name.in_(names)), unit)


def called_community(model: Any, text: str) -> ColumnElement[bool]:
    """A community without the word for it, or without its town, which its own name begins with."""
    names = [name + end for name in spellings(text) for end in ("", *COMMUNITY_ENDS)]
    town = aliased(Area)
    below = select(town.id).where(town.id == model.parent_id, model.name.in_([town.name + name for name in names]))
    return or_(model.name.in_(names), below.exists())


__all__ = ["called_community", "called_org", "short_unit", "spellings"]
