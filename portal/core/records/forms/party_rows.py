"""Child tables that two parties share: each changes its own rows only (`docs/domain` §2.2.1).

A table declares what either party does with it (`parts.Side`). Rows know which party entered them
(`from_counterpart`); those of a table that does not ask are the unit's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask_babel import gettext

from portal.core.access import scope
from portal.core.punctuation import labelled

BY = "from_counterpart"


def from_counterpart() -> bool:
    """Does the other party act, and not the unit or somebody who fills in for it?"""
    return scope.current().area_id is not None


def lock(table: Any) -> None:
    """Mark the rows and cells that the user's party cannot change. Called before a table is shown or validated."""
    side = table.side = table.table.counterpart if from_counterpart() else table.table.owner
    if side is None:
        return
    for row in table.rows:
        row.theirs = row.row is not None and is_theirs(side, row.row)
        for cell in row:
            mine = not row.theirs or cell.short_name in (side.shared or ())
            cell.locked = not mine or cell.short_name in side.never


def faults(table: Any) -> Iterator[str]:
    """Errors for changes in the other party's rows and cells."""
    side = table.side
    if side is None:
        return
    stay = {str(row.id) for row in table.stored if is_theirs(side, row)}
    if stay - {row.key for row in table.rows}:
        yield gettext("Rows that the other party entered stay; only that party takes them out.")
    if not side.adds and any(row.row is None for row in table.rows):
        yield gettext("Only the other party adds rows here.")
    for n, row in enumerate(table.rows):
        for cell in row:
            if cell.locked and changed(cell):
                what = labelled(table.table.one, n + 1)
                yield gettext("%(row)s: “%(field)s” is for the other party to change.", row=what, field=cell.label.text)


def is_theirs(side: Any, row: Any) -> bool:
    return side.shared is not None and bool(getattr(row, BY, False)) != from_counterpart()


def changed(cell: Any) -> bool:
    kind = cell.declared.kind
    return bool(kind.typed(cell.data) != kind.typed(cell.before))


def sign(table: Any, form: Any, row: Any) -> Iterator[str]:
    """Store who entered a new row. If a row changes after the other party confirmed it, the confirmation is removed and
    the user is told."""
    if hasattr(row, BY) and form.row is None:
        setattr(row, BY, from_counterpart())
    name, side = table.table.confirmed, table.side
    if not name or side is None or name not in side.never or not getattr(row, name):
        return
    if any(changed(cell) for cell in form if cell.short_name not in (side.shared or ()) and cell.short_name != name):
        setattr(row, name, None)
        yield gettext("%(what)s was changed after the other party confirmed it, and waits for that again.", what=row)
