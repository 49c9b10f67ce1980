"""Row-level access: which rows a user may read and change, applied under the ORM to every statement.

Nobody signed in, no rows. Commands and jobs act as a named user, or say `unscoped` in so many words.
Statements that pass the ORM by (`text()`, tables, identity-map hits of `session.get`) are not narrowed and are
therefore banned outside the few modules that need them (`tests/test_house_rules.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, reduce
from operator import or_
from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import ORMExecuteState, Session, attributes
from sqlalchemy.orm.interfaces import CriteriaOption
from sqlalchemy.orm.util import LoaderCriteriaOption

from portal.core import clock
from portal.core.access.row_scope import ALL, NOTHING, OWNER, PARTY, RowScope
from portal.extensions import BUILT_ONCE, Model, db
from portal.org.mixins import Scoped

# By the columns of `OWNER` and `PARTY`.
Ids = dict[str, int | None]


# What the other party does to records that it did not enter itself, beside reading them.
SHARED = frozenset({"read", "export", "add", "maintain", "reveal", "names", "details"})
CHANGING = frozenset({"edit", "delete"})


class OutOfScope(Exception):
    """Somebody tried to read or put a row where they may not; answered like a row that is not there."""


@dataclass(frozen=True, eq=False)
class Principal:
    """Who acts, and how far each of their rights reaches."""

    user_id: int | None = None
    username: str = ""
    name: str = ""
    unit_name: str = ""
    unit_short: str = ""
    unit_id: int | None = None
    org_id: int | None = None
    area_id: int | None = None
    roles: frozenset[str] = frozenset()
    # By (ledger, verb).
    grants: Mapping[tuple[str, str], RowScope] = field(default_factory=dict)
    everything: bool = False

    def may(self, verb: str, ledger: str) -> bool:
        return self.everything or (ledger, verb) in self.grants

    def reach(self, verb: str, ledger: str) -> RowScope:
        return ALL if self.everything else self.grants.get((ledger, verb), NOTHING)

    def covers(self, verb: str, ledger: str, unit_id: int | None) -> bool:
        """Is this verb allowed on all rows of that unit?"""
        reach = self.reach(verb, ledger)
        return reach.everything or unit_id in reach.units

    def covers_row(self, verb: str, ledger: str, row: Any) -> bool:
        """Is this verb of this ledger allowed on this row, as somebody's own or as its other party?"""
        reach = self.reach(verb, ledger)
        if verb in CHANGING and others_entry(row):
            return any(claim.column in PARTY and claim.holds(row) for claim in reach.claims)
        return reach.owns(row) or (reach.covers(row) and (verb in SHARED or entered_by_other_party(row)))

    @cached_property
    def _filling(self) -> RowScope:
        """Where this user fills in anything at all."""
        found = [reach.side(OWNER) for (_, verb), reach in self.grants.items() if verb in ("add", "edit")]
        return reduce(or_, found, ALL if self.everything else NOTHING)

    @cached_property
    def home(self) -> frozenset[int] | None:
        """The units that this user fills for today in any ledger; None: for every one."""
        if self._filling.everything:
            return None
        own = {self.unit_id} if self._filling and self.unit_id is not None else set()
        return self._filling.on("owner_unit_id", clock.today()) | own

    @cached_property
    def home_orgs(self) -> frozenset[int] | None:
        """The Party organisations that this user fills for; None: for those of their units."""
        if self._filling.everything or self._filling.on("owner_unit_id", clock.today()):
            return None
        return self._filling.on("owner_org_id", clock.today()) or None

    @cached_property
    def reading(self) -> _Narrowing:
        return self.narrowing("read")

    def narrowing(self, verb: str) -> _Narrowing:
        models: list[Any] = scoped_models()
        reaches = ((model, self.reach(verb, model.ledger_name)) for model in models)
        return _narrowing(tuple(_only(model, reach) for model, reach in reaches if not reach.everything))


@lru_cache(maxsize=4096)
def _only(model: Any, reach: RowScope) -> LoaderCriteriaOption:
    """An expression and not a lambda: of several lambdas with different units in one statement, all got those of
    the last. Expressions are adapted to aliases, too."""
    return LoaderCriteriaOption(model, reach.condition(model), include_aliases=True)


def narrowing_to(conditions: tuple[tuple[Any, Any], ...]) -> CriteriaOption:
    """ORM option that applies each model's condition wherever the model occurs in a statement."""
    return _narrowing(tuple(_only_where(*each) for each in conditions))


@lru_cache(maxsize=512)
def _only_where(model: Any, condition: Any) -> LoaderCriteriaOption:
    return LoaderCriteriaOption(model, condition, include_aliases=True)


@lru_cache(maxsize=512)
def _narrowing(criteria: tuple[LoaderCriteriaOption, ...]) -> _Narrowing:
    return _Narrowing(criteria)


class _Narrowing(CriteriaOption):
    """`with_loader_criteria` of all models as one option, whose share of a statement's cache key is made once. With one
    for each of a few dozen models, they cost more than the rest of a small statement."""

    inherit_cache = True
    propagate_to_loaders = True

    def __init__(self, criteria: tuple[LoaderCriteriaOption, ...]) -> None:
        self.criteria = criteria
        self._key: tuple[Any, ...] = (_Narrowing,)
        self._bindparams: list[Any] = []
        for each in criteria:
            share = each._generate_cache_key()
            if share is None:
                raise TypeError(f"{each} cannot be cached")
            self._key += (share.key,)
            self._bindparams += share.bindparams

    def _gen_cache_key(self, _anon_map: Any, bindparams: list[Any]) -> Any:
        bindparams.extend(self._bindparams)
        return self._key

    def get_global_criteria(self, attributes: dict[str, Any]) -> None:
        for each in self.criteria:
            each.get_global_criteria(attributes)

    def process_compile_state(self, compile_state: Any) -> None:
        self.get_global_criteria(compile_state.global_attributes)

    def process_compile_state_replaced_entities(self, compile_state: Any, _entities: Any) -> None:
        self.process_compile_state(compile_state)


NOBODY = Principal()
SYSTEM = Principal(username="system", everything=True)
_acting: ContextVar[Principal] = ContextVar("acting", default=NOBODY)
_verb: ContextVar[str | None] = ContextVar("verb", default=None)


def current() -> Principal:
    return _acting.get()


def enter(principal: Principal) -> Token[Principal]:
    """Set the current principal, for request hooks that cannot share one `with` block."""
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
    """Writes inside need this verb instead of add, edit or delete (a bulk change, a transition)."""
    token = _verb.set(verb)
    try:
        yield
    finally:
        _verb.reset(token)


def current_verb() -> str | None:
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
        if principal.reading not in state.statement._with_options:  # what loads relations has it already
            narrowed = _kept_narrowed if BUILT_ONCE.items() <= state.execution_options.items() else _narrowed
            state.statement = narrowed(state.statement, principal.reading)
    elif _chooses_unit(state):
        # Rows made or given away by a statement are never seen by `refuse`; nothing needs that.
        raise OutOfScope(f"{principal.username}: a statement may not choose the unit of rows")
    elif state.is_update or state.is_delete:
        verb = "edit" if state.is_update else "delete"
        state.statement = state.statement.options(principal.narrowing(verb))


def _narrowed(statement: Any, reading: CriteriaOption) -> Any:
    return statement.options(reading)


_kept_narrowed = lru_cache(maxsize=512)(_narrowed)


def _chooses_unit(state: ORMExecuteState) -> bool:
    """Does the statement make rows that belong to units, or give them to another one?"""
    mapper = state.bind_mapper
    scoped = mapper is None or issubclass(mapper.class_, Scoped)
    return scoped and (state.is_insert or "owner_unit_id" in _set_by(state))


def _set_by(state: ORMExecuteState) -> set[str]:
    """The columns that an UPDATE sets."""
    statement: Any = state.statement
    return set(statement.compile().params) if state.is_update else set()


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
    reach = principal.reach(verb, row.ledger_name)
    if reach.everything and not (verb in CHANGING and others_entry(row)):
        return
    states = list(_states(row))
    for ids in states:
        own = _owned(principal, reach, row, ids, states) and not (verb in CHANGING and others_entry(row))
        if not own and not _shared(reach, verb, row, ids, moved=len(states) > 1):
            raise OutOfScope(f"{principal.username}: {verb} {type(row).__name__} of unit {ids.get('owner_unit_id')}")


def _owned(principal: Principal, reach: RowScope, row: Scoped, ids: Ids, states: Sequence[Ids]) -> bool:
    """Is a row that has these ids somebody's own? By organisation or person only where they cannot choose its unit."""
    units = {state.get("owner_unit_id") for state in states}
    bound = units == {principal.unit_id} or (len(units) == 1 and bool(inspect(row).persistent))
    columns = OWNER if bound else OWNER[:1]
    return any(claim.column in columns and claim.meets(row, ids.get(claim.column)) for claim in reach.claims)


def _shared(reach: RowScope, verb: str, row: Scoped, ids: Ids, *, moved: bool) -> bool:
    """May the other party do this to a row that has these ids? It gives to another unit what it entered itself."""
    entered = (verb in SHARED and not moved) or entered_by_other_party(row)
    return entered and any(claim.column in PARTY and claim.meets(row, ids.get(claim.column)) for claim in reach.claims)


def _states(row: Scoped) -> Iterator[Ids]:
    """The ids by which a row is somebody's: as they were, and as they will be. Rows of a record have the record's."""
    if row.part_of:
        history = attributes.get_history(row, row.part_of)
        wholes = [whole for whole in (*history.added, *history.unchanged, *history.deleted) if whole is not None]
        for whole in wholes:
            yield from _states(whole)
        if not wholes:
            yield {}
        return
    synonyms = inspect(type(row)).synonyms
    keys = {name: synonyms[name].name if name in synonyms else name for name in (*OWNER, *PARTY) if row.knows(name)}
    now: Ids = {name: getattr(row, key) for name, key in keys.items()}
    before = {name: next(iter(attributes.get_history(row, key).deleted), now[name]) for name, key in keys.items()}
    yield now
    if before != now:
        yield before


def entered_by_other_party(row: Any) -> bool:
    return bool(getattr(row, "by_counterpart", False))


def others_entry(row: Any) -> bool:
    """Is it an entry by the other party, which nobody but that party changes?"""
    return bool(row.part_of) and entered_by_other_party(row)


def _ledger_of_whole(row: Scoped) -> str:
    relation = inspect(type(row)).relationships[str(row.part_of)]
    name: str = relation.mapper.class_.ledger_name
    return name


def install() -> None:
    if not event.contains(db.session, "do_orm_execute", narrow):
        event.listen(db.session, "do_orm_execute", narrow)
        event.listen(db.session, "before_flush", refuse)
