"""Which rows a right covers (`docs/domain` §4.2): all of them, or those that name the right unit, organisation, person
or place. Reaches of several roles add up, row by row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, false, or_

from portal.org.mixins import Scoped

# By which a row is somebody's own; the one who has it this way sees all of its columns.
OWNER = ("owner_unit_id", "owner_org_id", "filler_id")
# By which somebody is its other party and sees what concerns both.
PARTY = ("counter_org_id", "counter_area_id")
# By which a unit takes part beside the one it belongs to; such claims are made for reading only.
CO_UNITS = "co_units"


class RowFilter(NamedTuple):
    """Rows whose `column` is this id, of the days from `since` until before `until` where those are given."""

    column: str
    id: int
    since: date | None = None
    until: date | None = None

    def holds(self, row: Any) -> bool:
        if not row.knows(self.column):
            return False
        if self.column == CO_UNITS:
            return any(unit.id == self.id for unit in row.co_units)
        return self.meets(row, getattr(row, self.column))

    def meets(self, row: Any, id_: int | None) -> bool:
        """Would the filter match the row if its column had this id?"""
        return id_ == self.id and ((not self.since and not self.until) or self.of(row.dated()))

    def of(self, day: date) -> bool:
        return (self.since or day) <= day and (self.until is None or day < self.until)


@dataclass(frozen=True)
class RowScope:
    """All rows, or those that any of the claims holds for. Comparable, so that statements are cached by it."""

    everything: bool = False
    claims: frozenset[RowFilter] = frozenset()

    def __or__(self, other: RowScope) -> RowScope:
        return ALL if self.everything or other.everything else RowScope(claims=self.claims | other.claims)

    def __bool__(self) -> bool:
        return self.everything or bool(self.claims)

    def side(self, columns: Iterable[str]) -> RowScope:
        """The part of this scope whose filters use these columns."""
        kept = frozenset(claim for claim in self.claims if claim.column in columns)
        return self if self.everything or len(kept) == len(self.claims) else RowScope(claims=kept)

    @cached_property
    def units(self) -> frozenset[int]:
        """The units of which this scope covers all rows, whatever their date."""
        return frozenset(
            claim.id for claim in self.claims if claim.column == "owner_unit_id" and not claim.since and not claim.until
        )

    def on(self, column: str, day: date) -> frozenset[int]:
        """The ids in this column whose rows of that day this scope covers."""
        return frozenset(claim.id for claim in self.claims if claim.column == column and claim.of(day))

    def owns(self, row: Any) -> bool:
        """Does this scope cover the row through one of the owner columns?"""
        return self.everything or any(claim.column in OWNER and claim.holds(row) for claim in self.claims)

    def covers(self, row: Any) -> bool:
        return self.everything or any(claim.holds(row) for claim in self.claims)

    def condition(self, model: type[Scoped]) -> ColumnElement[bool]:
        """The scope as an SQL condition. Not for `ALL`."""
        columns: dict[str, list[int]] = {}
        dated: list[ColumnElement[bool]] = []
        for claim in sorted(self.claims, key=str):
            if not model.knows(claim.column):
                continue
            if claim.since or claim.until:
                dated.append(between(model, claim))
            else:
                columns.setdefault(claim.column, []).append(claim.id)
        return or_(false(), *(naming(model, name, sorted(ids)) for name, ids in columns.items()), *dated)


def naming(model: type[Scoped], name: str, ids: list[int]) -> ColumnElement[bool]:
    return model.taken_part_in(ids) if name == CO_UNITS else model.with_any(name, ids)


def between(model: type[Scoped], claim: RowFilter) -> ColumnElement[bool]:
    day = model.dating()
    bounds = [day >= claim.since] if claim.since else []
    bounds += [day < claim.until] if claim.until else []
    return and_(getattr(model, claim.column) == claim.id, *bounds)


ALL = RowScope(everything=True)
NOTHING = RowScope()
