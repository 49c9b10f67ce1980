"""Model mixins for row-level access and search."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, func, inspect, literal, select


class Scoped:
    """A row that belongs to a unit.

    Has `owner_unit_id`, a column or an expression of the owning unit's id. `ledger_name` says whose verbs
    govern it; `part_of` names the relationship to the record that it is a row of (None: a record itself).
    """

    ledger_name: ClassVar[str]
    part_of: ClassVar[str | None] = None
    owner_unit_id: Any
    # The Party organisation that it is of, and the account that filled it, where rows have them.
    owner_org_id: Any = None
    filler_id: Any = None
    # The other party, where there is one, by its Party organisation or its area: a column or an expression.
    counter_org_id: Any = None
    counter_area_id: Any = None
    # The relationship to units that take part beside the one it belongs to; they read it.
    co_units: Any = None
    # The column with the day that a row is of.
    dated_by: ClassVar[str] = ""

    @classmethod
    def knows(cls, name: str) -> bool:
        """Have these rows such a column?"""
        return getattr(cls, name) is not None

    @classmethod
    def with_any(cls, name: str, ids: Iterable[int]) -> ColumnElement[bool]:
        """Rows in whose column stands one of these ids, in a statement."""
        found: ColumnElement[bool] = getattr(cls, name).in_(ids)
        return found

    @classmethod
    def taken_part_in(cls, unit_ids: Iterable[int]) -> ColumnElement[bool]:
        """Rows that one of these units takes part in, in a statement."""
        relation = inspect(cls).relationships["co_units"]
        ((_, row),), ((_, unit),) = relation.synchronize_pairs, relation.secondary_synchronize_pairs
        return cls.id.in_(select(row).where(unit.in_(unit_ids)))  # type: ignore[attr-defined] # every table has ids

    def dated(self) -> date:
        """The day that the row is of; what has none is of today and of every day to come."""
        found = getattr(self, self.dated_by) if self.dated_by else None
        return (found.date() if isinstance(found, datetime) else found) or date.max

    @classmethod
    def dating(cls) -> Any:
        """The same in a statement."""
        return func.coalesce(getattr(cls, cls.dated_by), date.max) if cls.dated_by else literal(date.max)


class Searchable:
    """A row found by the text of some of its columns, folded into `search_text` (`core/search.py`)."""

    searched: ClassVar[tuple[str, ...]]
    search_text: Any
