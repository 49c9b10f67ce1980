"""The changes of a flush, record by record: the old and new value of each field as form texts.

A change is identified by its path: `field` of the record, `table/2/field` of the third row of a child table,
`table/+2/field` of a row added there and `table/-2/field` of a row removed there. If rows were reordered,
`table/2/place` has the position of each row that moved; rows that only moved up because an earlier one was removed have
none. So earlier versions can be computed from the current one (`core/audit/versions.py`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import inspect
from sqlalchemy.orm import AttributeState, Session
from sqlalchemy.orm.attributes import History
from sqlalchemy.orm.interfaces import MANYTOMANY

from portal.core.declaration.ledger import Ledger, fields_of, mounted
from portal.core.fields import Field, Links
from portal.org.encrypted import Sealed

HIDDEN = "******"
PLACE = "place"
# What the portal keeps for itself.
OWN = frozenset(
    {
        *(
            "id",
            "search_text",
            "version",
            "updated_at",
            "created_at",
            "filled_at",
            "filler_id",
            "editor_id",
            "position",
        ),
        *("unit_reviewer_id", "unit_reviewed_at", "gw_reviewer_id", "gw_reviewed_at", "prior_status"),
        *("from_counterpart", "chosen_by_id", "granted_by_id", "confirmed_by_id"),
        *("return_fields", "return_reason", "amend_reason", "record_ids"),
        # Equal for one person or household in several units, whose people shall not learn that from it.
        *("dedupe_hash", "household_no"),
    }
)
SECRET = frozenset({"password"})
# Counters and times that are kept at each sign-in are no change of an account.
SIGNING_IN = frozenset({"last_login", "login_count", "fail_login_count", "changed_on", "changed_by_fk", "created_on"})
STANDING = frozenset({"password_on", "session_name", "session_epoch"})
UNTOLD = {
    "ab_user": SIGNING_IN,
    "account_profile": STANDING,
    "attachment": frozenset({"name"}),  # it can be a person's
}
Texts: TypeAlias = list[str] | None
Change: TypeAlias = tuple[str, Texts, Texts]


@dataclass
class PartChange:
    """The change of a child row: its old and new position, None if it is new or removed."""

    was: int | None
    now: int | None
    changes: list[Change]

    @property
    def place(self) -> int:
        """The new position, or the old one if the row was removed."""
        return self.now if self.now is not None else self.was or 0


@dataclass
class Noted:
    """The changes of one record in a flush, including child rows, collected before a new record has an id."""

    record: Any
    action: str = "edit"
    changes: list[Change] = field(default_factory=list)
    parts: dict[str, list[PartChange]] = field(default_factory=dict)
    deleted_id: int | None = None

    def settled(self) -> Noted:
        """Add the changes of the child rows to the record's changes; returns self."""
        for table, parts in self.parts.items():
            whole = self.action in ("add", "delete")
            self.changes += told_plainly(table, parts) if whole else told_by_place(table, parts)
        return self


def ledger_of(record: Any) -> Ledger | None:
    return _ledger_of(record.__class__, mounted())


@lru_cache(maxsize=512)
def _ledger_of(model: Any, ledgers: tuple[Ledger, ...]) -> Ledger | None:
    return next((ledger for ledger in ledgers if issubclass(model, ledger.model)), None)


def noted(session: Session) -> list[Noted]:
    """Collect the changes of the next flush. Call it before the flush, while old values are known."""
    found: dict[int, Noted] = {}
    rows = [("add", row) for row in session.new] + [("delete", row) for row in session.deleted]
    rows += [("edit", row) for row in session.dirty if session.is_modified(row)]
    with session.no_autoflush:
        for action, row in rows:
            note(found, action, row)
        settled = [each.settled() for each in found.values()]
    return [each for each in settled if each.changes or each.action != "edit"]


def note(found: dict[int, Noted], action: str, row: Any) -> None:
    before, after = wholes_of(row, action)
    if row in (before, after):
        own = found.setdefault(id(row), Noted(row))
        own.action = action
        own.deleted_id = getattr(row, "id", None) if action == "delete" else None
        own.changes += changes_of(row, action)
        return
    table = type(row).__tablename__
    was, now = positions(row)
    if before is after:
        changes = list(changes_of(row, "edit"))
        if changes or was != now:
            part_of(found, after, table).append(PartChange(was, now, changes))
        return
    if before is not None:
        part_of(found, before, table).append(PartChange(was, None, list(changes_of(row, "delete"))))
    if after is not None:
        part_of(found, after, table).append(PartChange(None, now, list(changes_of(row, "add"))))


def part_of(found: dict[int, Noted], whole: Any, table: str) -> list[PartChange]:
    return found.setdefault(id(whole), Noted(whole)).parts.setdefault(table, [])


def wholes_of(row: Any, action: str) -> tuple[Any, Any]:
    """The records that a row belongs to, before and after; twice itself for what is a record of its own.

    Rows that are taken out of a record's form are found here: they are deleted only while the flush goes on.
    """
    if not getattr(row, "part_of", None) or ledger_of(row) is not None:
        return row, row
    history = inspect(row).attrs[row.part_of].load_history()
    stays = next((each for each in history.unchanged if each is not None), None)
    before = stays or next((each for each in history.deleted if each is not None), None)
    after = stays or next((each for each in history.added if each is not None), None)
    if action == "delete":
        return before, None
    return (None, after) if action == "add" else (before, after)


def positions(row: Any) -> tuple[int, int]:
    """Where a row stood and stands."""
    if not hasattr(row, "position"):
        return 0, 0
    old = inspect(row).attrs.position.history.deleted
    now = row.position or 0
    return (old[0] or 0) if old else now, now


def told_plainly(table: str, parts: Iterable[PartChange]) -> Iterator[Change]:
    """All rows of a record that is created or deleted."""
    for part in sorted(parts, key=lambda part: part.place):
        yield from ((f"{table}/{part.place}/{name}", old, new) for name, old, new in part.changes)


def told_by_place(table: str, parts: Sequence[PartChange]) -> Iterator[Change]:
    came = sorted(part.now for part in parts if part.was is None and part.now is not None)
    left = sorted(part.was for part in parts if part.now is None and part.was is not None)
    # A row that came to where one went from is told as that row changed, if those that stayed agree.
    shared = {n for n in {*came} & {*left} if bisect_left(came, n) == bisect_left(left, n)}
    came, left = ([n for n in places if n not in shared] for places in (came, left))
    went = {part.was: part.changes for part in parts if part.now is None}
    stayed = [(part.was, part.now) for part in parts if part.was is not None and part.now is not None]
    reordered = any(was - bisect_left(left, was) != now - bisect_left(came, now) for was, now in stayed)
    for part in sorted(parts, key=lambda part: part.place):
        if part.was is None:
            changes = replaced(went[part.now], part.changes) if part.now in shared else part.changes
            sign = "" if part.now in shared else "+"
            yield from ((f"{table}/{sign}{part.now}/{name}", old, new) for name, old, new in changes)
        elif part.now is None:
            if part.was not in shared:
                yield from ((f"{table}/-{part.was}/{name}", old, new) for name, old, new in part.changes)
        else:
            if reordered and part.was != part.now:
                yield f"{table}/{part.now}/{PLACE}", [str(part.was + 1)], [str(part.now + 1)]
            yield from ((f"{table}/{part.now}/{name}", old, new) for name, old, new in part.changes)


def replaced(went: Sequence[Change], came: Sequence[Change]) -> Iterator[Change]:
    """The fields in which a row differs from the row that it replaces."""
    old, new = {name: text for name, text, _ in went}, {name: text for name, _, text in came}
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield name, old.get(name), new.get(name)


def texts(declared: Field | None, name: str, value: Any) -> Texts:
    """A value as the audit log stores it."""
    if value is None or value == ():
        return None
    if name in SECRET or isinstance(value, Sealed):
        return [HIDDEN]
    if isinstance(value, bool):
        return ["1" if value else "0"]
    return declared.kind.typed(value) if declared is not None else [str(value)]


def altered(changes: Iterable[Sequence[Any]]) -> list[Change]:
    """The changes of an audit log entry, without fields that were only viewed: these have neither an old nor a new
    value."""
    return [(path, old, new) for path, old, new in changes if (old, new) != (None, None)]


def declared_of(row: Any) -> Mapping[str, Field]:
    return _declared_of(row.__class__, ledger_of(row))


@lru_cache(maxsize=512)
def _declared_of(model: Any, ledger: Ledger | None) -> Mapping[str, Field]:
    return {**fields_of(model), **(ledger.fields if ledger else {})}


def columns_told(row: Any) -> Sequence[str]:
    return _columns_told(row.__class__, ledger_of(row))


@lru_cache(maxsize=512)
def _columns_told(model: Any, ledger: Ledger | None) -> Sequence[str]:
    mapper, declared = inspect(model), _declared_of(model, ledger)
    skipped = OWN | {name for name, each in declared.items() if not each.kind.told}
    if ledger is not None and not ledger.remembered:  # nothing but its fields is ever told back
        skipped |= {*mapper.columns.keys()} - {*declared}
    if getattr(model, "part_of", None) and ledger is None:  # it is told with that record
        keys = mapper.relationships[model.part_of].local_columns
        skipped |= {mapper.get_property_by_column(each).key for each in keys}
    skipped |= UNTOLD.get(model.__tablename__, frozenset())
    return [name for name in mapper.columns.keys() if name not in skipped]  # noqa: SIM118 # iterates columns


def links_told(row: Any) -> Sequence[tuple[str, str]]:
    """The relationships to several rows, each with the field that it is edited by, else its own name."""
    return _links_told(row.__class__, ledger_of(row))


@lru_cache(maxsize=512)
def _links_told(model: Any, ledger: Ledger | None) -> Sequence[tuple[str, str]]:
    relations, declared = inspect(model).relationships, _declared_of(model, ledger)
    return [(each.key, relation_name(each, declared)) for each in relations if each.direction is MANYTOMANY]


def changes_of(row: Any, action: str) -> Iterator[Change]:
    """(field, old, new) of a row; of all its fields when it comes or goes."""
    state, declared = inspect(row), declared_of(row)
    for name in columns_told(row):
        # What a new row has is all new; its values are at hand.
        old, new = (None, state.dict.get(name)) if action == "add" else old_and_new(state.attrs[name], action)
        if old is None and new is None:
            continue
        before, after = (texts(declared.get(name), name, value) for value in (old, new))
        if (before, after) != (None, None):
            yield name, before, after
    for key, name in links_told(row):
        history = state.attrs[key].history
        if key in state.dict and (action != "edit" or history.added or history.deleted):
            before, after = (named(declared.get(name), rows) for rows in linked(history, action, name in declared))
            if before or after:
                yield name, before, after


def old_and_new(attribute: AttributeState, action: str) -> tuple[Any, Any]:
    """The old and new value; (None, None) if nothing changed."""
    history = attribute.load_history() if action == "delete" else attribute.history
    if action == "edit":
        return next(iter(history.deleted), None), next(iter(history.added), None)
    return next(iter(history.deleted or history.unchanged), None), None


def linked(history: History, action: str, field: bool) -> tuple[Sequence[Any], Sequence[Any]]:
    """The rows linked before and after. For relationships without a field, which may have hundreds of rows (the
    permissions of a role), only removed and added rows."""
    stayed = history.unchanged if field or action != "edit" else ()
    before, after = [*stayed, *history.deleted], [*stayed, *history.added]
    return ([] if action == "add" else before), ([] if action == "delete" else after)


def relation_name(relation: Any, declared: Mapping[str, Field]) -> str:
    linked = ((name, each.kind) for name, each in declared.items() if isinstance(each.kind, Links))
    found = (name for name, kind in linked if kind.relation(name) == relation.key)
    return str(relation.info.get("name") or next(found, relation.key))


def named(declared: Field | None, rows: Sequence[Any]) -> Texts:
    """The sorted names of linked rows."""
    return sorted(declared.kind.show([row]) if declared else str(row) for row in rows) or None


__all__ = ["Change", "Noted", "Texts", "ledger_of", "noted"]
