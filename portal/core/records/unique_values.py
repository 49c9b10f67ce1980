"""Unique values: reported at the field before the database refuses them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from flask_babel import gettext
from sqlalchemy import Select, Table, UniqueConstraint, bindparam, select

from portal.core.access import scope
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.values import Problem, Values
from portal.core.records.known_values import none_has
from portal.extensions import db

OWNER = "owner_unit_id"


@lru_cache(maxsize=128)
def unique_fields(ledger: Ledger) -> tuple[str, ...]:
    return tuple(name for name in ledger.entered if is_unique(ledger, name))


def is_unique(ledger: Ledger, name: str) -> bool:
    return anywhere(ledger, name) or in_unit(ledger, name)


def anywhere(ledger: Ledger, name: str) -> bool:
    columns = ledger.mapper.columns
    return name in columns and bool(columns[name].unique)


def in_unit(ledger: Ledger, name: str) -> bool:
    """Is a value unique within the unit that owns the record?"""
    table = ledger.mapper.local_table
    constraints = table.constraints if isinstance(table, Table) else ()
    keys = (each for each in constraints if isinstance(each, UniqueConstraint))
    return any({column.key for column in key.columns} == {OWNER, name} for key in keys)


def owners(ledger: Ledger, values: Values) -> list[int]:
    """The units that can own a record with these values; if the form does not ask, the user's own."""
    if values.parent is not None:
        return [values.parent.owner_unit_id]
    named = getattr(values, ledger.owner.unit or OWNER)
    if named is not None:
        return ledger.field(ledger.owner.unit or OWNER).kind.owners(named)
    own = values.owner_unit_id or scope.current().unit_id
    return [own] if own is not None else []


@lru_cache(maxsize=128)
def others_with(ledger: Ledger, name: str) -> Select[Any]:
    """Select other records with this value; built once, because each row of a sheet runs it."""
    model = ledger.model
    query = select(model.id).where(getattr(model, name) == bindparam("value"), model.id != bindparam("id"))
    if not anywhere(ledger, name):
        query = query.where(model.owner_unit_id.in_(bindparam("owners", expanding=True)))
    return query


def taken(ledger: Ledger, values: Values) -> Iterator[Problem]:
    for name in unique_fields(ledger):
        value = values.fields.get(name)
        if value is None or none_has(ledger.model, **{name: value}):
            continue
        asked = {"value": value, "id": values.id or 0}
        if not anywhere(ledger, name):
            asked["owners"] = owners(ledger, values)
        with scope.unscoped("a number or name is taken also where the user does not see it"):
            found = db.session.scalars(others_with(ledger, name), asked).first() is not None
        if found:
            yield Problem(name, gettext("This is already taken."))
