"""A masked field that is re-entered by somebody who may not see it always counts as changed.

An answer that differs for the right value (nothing changed, the same version as before) would tell it, and a sheet asks
thousands of such questions at once. So what was typed counts as another value, whether it is one or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any

from sqlalchemy import Select

from portal.core.access import scope
from portal.core.access.row_scope import RowScope
from portal.org.encrypted import Retyped, Sealed

# Whoever has one of these rights on a record knows, or enters, whom it is about.
LOOKING_UP = ("names", "reveal", "add")


def known_names(ledger: str) -> RowScope:
    """The records that the user may find by a person's whole name; of others the answer would tell who is there."""
    return reduce(or_, (scope.current().reach(verb, ledger) for verb in LOOKING_UP))


def findable(ledger: Any, names: Iterable[str], query: Select[Any]) -> Select[Any]:
    """Restrict a query for records by these fields to those that the user may find by a person's name."""
    reach = known_names(ledger.name)
    if reach.everything or not any(ledger.field(name).kind.named for name in names):
        return query
    return query.where(reach.condition(ledger.model))


def keep_apart(form: Any) -> None:
    """Mark input typed over masked values, so that it always counts as changed."""
    principal, ledger = scope.current(), form.ledger
    if form.record is None or not (ledger.personal or ledger.personal_tables):
        return
    if principal.covers_row("reveal", ledger.name, form.record):
        return
    names = principal.reach("names", ledger.name).owns(form.record)
    rows = [row for table in ledger.personal_tables for row in form[table.name].rows]
    for field in (*(form[name] for name in ledger.entered), *(cell for row in rows for cell in row)):
        typed = isinstance(field.data, Sealed) and isinstance(field.before, Sealed)
        if typed and field.data is not field.before and not (names and field.declared.kind.named):
            field.data = Retyped(field.data.stored)


def differs(field: Any, *, closed: bool) -> bool:
    """Does a field differ from the stored value? Masked values that can no longer be changed (`closed`) are compared by
    their masks only: importing a sheet again is not refused because of them, and the result reveals nothing."""
    if closed and isinstance(field.data, Retyped):
        kind = field.declared.kind
        return bool(kind.show(field.data) != kind.show(field.before))
    return bool(field.data != field.before)
