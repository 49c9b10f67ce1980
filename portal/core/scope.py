"""Whose rows a user may see and change: decided once a request, applied under the ORM to every statement.

Nobody signed in, no rows. Commands and jobs act as a named user, or say `unscoped` in so many words.
Statements that pass the ORM by (`text()`, tables, identity-map hits of `session.get`) are not narrowed and are
therefore banned outside the few modules that need them (`tests/test_house_rules.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import event, inspect, or_
from sqlalchemy.orm import ORMExecuteState, Session, attributes, with_loader_criteria
from sqlalchemy.orm.interfaces import ORMOption
from sqlalchemy.orm.util import LoaderCriteriaOption

from portal.extensions import Model, db
from portal.org.markers import Scoped

# Units whose rows a right covers; None: every unit's.
Reach = frozenset[int] | None
NOTHING: Reach = frozenset()


class OutOfScope(Exception):
    """Somebody tried to read or put a row where they may not; answered like a row that is not there."""


@dataclass(frozen=True, eq=False)
class Principal:
    """Who acts, and how far each of their rights reaches."""

    user_id: int | None = None
    username: str = ""
    name: str = ""
    unit_name: str = ""
    unit_id: int | None = None
    area_id: int | None = None
    roles: frozenset[str] = frozenset()
    grants: Mapping[tuple[str, str], Reach] = field(default_factory=dict)
    # What they may do where their area is the other party, that area, and its Party organisations.
    counter: frozenset[tuple[str, str]] = frozenset()
    areas: frozenset[int] = frozenset()
    orgs: frozenset[int] = frozenset()
    everything: bool = False

    def may(self, verb: str, ledger: str) -> bool:
        return self.everything or (ledger, verb) in self.grants or (ledger, verb) in self.counter

    def reach(self, verb: str, ledger: str) -> Reach:
        return None if self.everything else self.grants.get((ledger, verb), NOTHING)

    def covers(self, verb: str, ledger: str, unit_id: int | None) -> bool:
        """Is this verb allowed on a row of that unit?"""
        reach = self.reach(verb, ledger)
        return reach is None or unit_id in reach

    def covers_row(self, verb: str, ledger: str, row: Any) -> bool:
        """Is this verb of this ledger allowed on this row, as its unit or as the other party?"""
        if self.covers(verb, ledger, row.owner_unit_id):
            return True
        if (ledger, verb) not in self.counter or not (
            row.counter_org_id in self.orgs or row.counter_area_id in self.areas
        ):
            return False
        # The other party changes what it entered itself.
        return verb not in ("edit", "delete") or bool(getattr(row, "by_counterpart", False))

    @cached_property
    def home(self) -> Reach:
        """The units that this user fills for in any ledger."""
        reaches = [reach for (_, verb), reach in self.grants.items() if verb in ("add", "edit")]
        if self.everything or None in reaches:
            return None
        return frozenset().union(*(reach for reach in reaches if reach is not None))

    @cached_property
    def reading(self) -> tuple[ORMOption, ...]:
        return tuple(self._criteria("read"))

    def _criteria(self, verb: str) -> Iterator[ORMOption]:
        model: Any
        for model in scoped_models():
            reach = self.reach(verb, model.ledger_name)
            if reach is None:
                continue
            counter = (model.ledger_name, verb) in self.counter
            orgs, areas = (self.orgs, self.areas) if counter else (NOTHING, NOTHING)
            yield _only(model, *(tuple(sorted(each or ())) for each in (reach, orgs, areas)))


@lru_cache(maxsize=4096)
def _only(model: Any, units: tuple[int, ...], orgs: tuple[int, ...], areas: tuple[int, ...]) -> ORMOption:
    """An expression and not a lambda: of several lambdas with different units in one statement, all got those of
    the last. Expressions are adapted to aliases, too."""
    mine = [model.owner_unit_id.in_(units)]
    if orgs and model.knows_counterpart("counter_org_id"):
        mine.append(model.counter_org_id.in_(orgs))
    if areas and model.knows_counterpart("counter_area_id"):
        mine.append(model.counter_area_id.in_(areas))
    return _Criterion(model, or_(*mine))


class _Criterion(LoaderCriteriaOption):
    """`with_loader_criteria`, whose share of a statement's cache key is made once. SQLAlchemy makes it anew for every
    statement, which with a few dozen models costs more than the rest of a small statement."""

    inherit_cache = True

    def __init__(self, model: Any, criteria: Any) -> None:
        super().__init__(model, criteria, include_aliases=True)
        share = with_loader_criteria(model, criteria, include_aliases=True)._generate_cache_key()
        if share is None:
            raise TypeError(f"what narrows {model.__name__} cannot be cached")
        self._share = share

    def _gen_cache_key(self, anon_map: Any, bindparams: list[Any]) -> Any:
        bindparams.extend(self._share.bindparams)
        return self._share.key


NOBODY = Principal()
SYSTEM = Principal(username="system", everything=True)
_acting: ContextVar[Principal] = ContextVar("acting", default=NOBODY)
_verb: ContextVar[str | None] = ContextVar("verb", default=None)


def current() -> Principal:
    return _acting.get()


def enter(principal: Principal) -> Token[Principal]:
    """For the request hooks, which cannot be one `with`."""
    return _acting.set(principal)


def leave(token: Token[Principal]) -> None:
    _acting.reset(token)


@contextmanager
def acting_as(principal: Principal) -> Iterator[None]:
    token = _acting.set(principal)
    try:
        yield
    finally:
        _acting.reset(token)


@contextmanager
def unscoped(reason: str) -> Iterator[None]:
    """Every row for a while. The reason is for the reader of the code and must be given."""
    if not reason:
        raise ValueError("say why")
    with acting_as(SYSTEM):
        yield


@contextmanager
def doing(verb: str) -> Iterator[None]:
    """Writes inside need this verb instead of add, edit or delete (a bulk change, a move)."""
    token = _verb.set(verb)
    try:
        yield
    finally:
        _verb.reset(token)


def deed() -> str | None:
    """The verb that is being done, when it is not plainly add, edit or delete."""
    return _verb.get()


def scoped_models() -> list[type[Scoped]]:
    classes = [mapper.class_ for mapper in Model.registry.mappers]
    return sorted((c for c in classes if issubclass(c, Scoped)), key=lambda c: str(c.__name__))


def narrow(state: ORMExecuteState) -> None:
    principal = current()
    if principal.everything or state.is_column_load:
        return
    if state.is_select:
        state.statement = state.statement.options(*principal.reading)
    elif _chooses_unit(state):
        # Rows made or given away by a statement are never seen by `refuse`; nothing needs that.
        raise OutOfScope(f"{principal.username}: a statement may not choose the unit of rows")
    elif state.is_update or state.is_delete:
        verb = "edit" if state.is_update else "delete"
        state.statement = state.statement.options(*principal._criteria(verb))


def _chooses_unit(state: ORMExecuteState) -> bool:
    """Does the statement make rows that belong to units, or give them to another one?"""
    mapper = state.bind_mapper
    scoped = mapper is None or issubclass(mapper.class_, Scoped)
    return scoped and (state.is_insert or "owner_unit_id" in _set_by(state))


def _set_by(state: ORMExecuteState) -> set[str]:
    """The columns that an UPDATE sets."""
    statement: Any = state.statement
    return set(statement.compile().params) if state.is_update else set()


def units_of(row: Scoped) -> set[int | None]:
    """The units a changed row comes from and goes to; those of its record for a row of one."""
    if row.part_of:
        whole = getattr(row, row.part_of)
        if whole is None:
            whole = _deleted_from(row)
        return units_of(whole) if whole is not None else {None}
    key = inspect(type(row)).synonyms.get("owner_unit_id")
    history = attributes.get_history(row, key.name if key else "owner_unit_id")
    return {*history.added, *history.unchanged, *history.deleted}


def _deleted_from(row: Scoped) -> Any:
    history = attributes.get_history(row, str(row.part_of))
    return next(iter(history.deleted), None)


def refuse(session: Session, _context: object, _instances: object) -> None:
    """Before anything is written: is every changed row, where it was and where it goes, within reach?"""
    principal = current()
    if principal.everything:
        return
    changes = [("add", session.new), ("edit", session.dirty), ("delete", session.deleted)]
    with session.no_autoflush:
        for verb, rows in changes:
            for row in rows:
                if isinstance(row, Scoped) and (verb != "edit" or session.is_modified(row)):
                    _check(session, principal, verb, row)


def _check(session: Session, principal: Principal, verb: str, row: Scoped) -> None:
    if row.part_of and row.ledger_name == _ledger_of_whole(row):
        whole = getattr(row, row.part_of) or _deleted_from(row)
        verb = "add" if whole in session.new else "delete" if whole in session.deleted else "edit"
    verb = _verb.get() or verb
    if principal.counter and _stays(row) and principal.covers_row(verb, row.ledger_name, row):
        return
    for unit_id in units_of(row):
        if not principal.covers(verb, row.ledger_name, unit_id):
            raise OutOfScope(f"{principal.username}: {verb} {type(row).__name__} of unit {unit_id}")


def _stays(row: Scoped) -> bool:
    """Does the row stay with its unit and with its other party?"""
    whole = getattr(row, row.part_of) if row.part_of else row
    if whole is None or inspect(row).attrs[row.part_of or "owner_unit_id"].history.deleted:
        return False
    synonyms = inspect(type(whole)).synonyms
    counters = [synonyms[name].name for name in ("counter_org_id", "counter_area_id") if name in synonyms]
    histories = [attributes.get_history(whole, name) for name in ("owner_unit_id", *counters)]
    return not any(history.deleted for history in histories)


def _ledger_of_whole(row: Scoped) -> str:
    relation = inspect(type(row)).relationships[str(row.part_of)]
    name: str = relation.mapper.class_.ledger_name
    return name


def install() -> None:
    if not event.contains(db.session, "do_orm_execute", narrow):
        event.listen(db.session, "do_orm_execute", narrow)
        event.listen(db.session, "before_flush", refuse)
