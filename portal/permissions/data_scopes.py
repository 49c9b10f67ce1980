"""Data scopes: the place of an account in the trees, and the rows that each scope covers there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import select

from portal.core.access.row_scope import ALL, CO_UNITS, NOTHING, RowFilter, RowScope
from portal.core.declaration.ledger import READING
from portal.extensions import db
from portal.org.models import Area, PartyOrg, Unit
from portal.org.trees import below, spells_below

# Scopes that look up what lies below the account's place, or who stands for it: others' rows change what they cover.
LOOKED_UP = frozenset({"unit_sub", "org_sub", "counterpart", "area"})


class Account(NamedTuple):
    """Who an account is and where it stands, in plain values: two that are equal have the same place."""

    user_id: int
    username: str
    name: str
    unit_id: int | None = None
    unit_name: str = ""
    unit_short: str = ""
    org_id: int | None = None
    area_id: int | None = None
    area_kind: str = ""
    # The ids of the units that went over into its own.
    absorbed: tuple[int, ...] = ()


class Place:
    """An account's unit, Party organisation or area; what lies below is looked up only when a scope asks."""

    def __init__(self, account: Account) -> None:
        self.user_id, self.unit_id, self.org_id = account.user_id, account.unit_id, account.org_id
        self.area_id, self._area_kind = account.area_id, account.area_kind
        self._units = [*([self.unit_id] if self.unit_id is not None else []), *account.absorbed]
        self._meanings: dict[str, Callable[[], RowScope]] = {
            "own": lambda: reach("filler_id", [self.user_id]),
            "unit": lambda: reach("owner_unit_id", self._units),
            "unit_co": lambda: self._meaning("unit"),
            "taking_part": lambda: reach(CO_UNITS, self._units),
            "unit_sub": lambda: over_the_years("owner_unit_id", Unit, self._units),
            "org_sub": lambda: over_the_years("owner_org_id", PartyOrg, self._orgs()),
            "counterpart": lambda: self._other_party([self.area_id]),
            "area": lambda: self._other_party(self._areas_below),
            "all": lambda: ALL,
        }
        self._known: dict[str, RowScope] = {}

    def reach(self, scope: str, verb: str, unit_ids: Iterable[int] = ()) -> RowScope:
        """What a scope of `roles.SCOPES` covers for this account when it does this."""
        if scope == "custom":
            return reach("owner_unit_id", unit_ids)
        if scope in ("unit_co", "counterpart") and verb in READING:
            return self._meaning(scope) | self._meaning("taking_part")
        return self._meaning(scope)

    def _meaning(self, scope: str) -> RowScope:
        if scope not in self._known:
            self._known[scope] = self._meanings.get(scope, lambda: NOTHING)()
        return self._known[scope]

    def _other_party(self, areas: Iterable[int | None]) -> RowScope:
        """Rows that name these areas, or the Party organisations of their communities, as the other party."""
        ids = [id_ for id_ in areas if id_ is not None]
        orgs: Iterable[int] = ()
        if len(ids) > 1 or self._area_kind == "community":
            orgs = db.session.scalars(select(PartyOrg.id).where(PartyOrg.community_id.in_(ids)))
        return reach("counter_area_id", ids) | reach("counter_org_id", orgs)

    @cached_property
    def _areas_below(self) -> list[int]:
        return below(Area, [self.area_id])

    def _orgs(self) -> list[int]:
        """The account's own organisation, else those that stand for its unit."""
        if self.org_id is not None:
            return [self.org_id]
        return list(db.session.scalars(select(PartyOrg.id).where(PartyOrg.units.any(Unit.id == self.unit_id))))


def over_the_years(column: str, model: Any, tops: Iterable[int]) -> RowScope:
    """Records of the days on which what they name stood below these (`docs/domain` §3.1)."""
    return RowScope(claims=frozenset(RowFilter(column, *spell) for spell in spells_below(model, tops)))


def reach(column: str, ids: Iterable[int | None]) -> RowScope:
    return RowScope(claims=frozenset(RowFilter(column, id_) for id_ in ids if id_ is not None))
