"""Values that no two records have, or no two of one unit: said at the field before the database refuses."""

from __future__ import annotations

from collections.abc import Iterator

from flask_babel import gettext
from sqlalchemy import Table, UniqueConstraint, select

from portal.core import scope
from portal.core.ledger import Ledger
from portal.core.values import Problem, Values
from portal.extensions import db

OWNER = "owner_unit_id"


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
    """The units that a record of these values can belong to; where the form does not ask, the filler's own."""
    if values.parent is not None:
        return [values.parent.owner_unit_id]
    named = getattr(values, ledger.owner or OWNER)
    if named is not None:
        return ledger.field(ledger.owner or OWNER).kind.owners(named)
    own = values.owner_unit_id or scope.current().unit_id
    return [own] if own is not None else []


def taken(ledger: Ledger, values: Values) -> Iterator[Problem]:
    model = ledger.model
    for name in ledger.entered:
        value = values.fields.get(name)
        if value is None or not is_unique(ledger, name):
            continue
        query = select(model.id).where(getattr(model, name) == value, model.id != (values.id or 0))
        if not anywhere(ledger, name):
            query = query.where(model.owner_unit_id.in_(owners(ledger, values)))
        with scope.unscoped("a number or name is taken also where the user does not see it"):
            found = db.session.scalars(query).first() is not None
        if found:
            yield Problem(name, gettext("This is already taken."))
