"""History: who changed what, when and from where, written with the change itself or not at all.

Every flush leaves one row of `audit_event` for each record that it touched, with the old and the new of each field as
a form would type them. Personal values are never in it: only that they changed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import has_request_context, request
from sqlalchemy import JSON, Index, String, event, insert, inspect, select
from sqlalchemy.orm import Mapped, Session, foreign, mapped_column, relationship
from sqlalchemy.orm.interfaces import MANYTOMANY

from portal.core import clock, scope
from portal.core.fields import Field, Links
from portal.core.ledger import Ledger, fields_of, mounted
from portal.core.marks import mark
from portal.core.numbering import NumberCounter
from portal.extensions import Model, db
from portal.org.markers import Scoped
from portal.org.models import Unit
from portal.org.sealed import Sealed

HIDDEN = "******"
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
        *("return_field", "return_reason", "amend_reason"),
    }
)
SECRET = frozenset({"password"})
# Counters and times that Flask-AppBuilder keeps at each sign-in are no change of an account.
SIGNING_IN = frozenset({"last_login", "login_count", "fail_login_count", "changed_on", "changed_by_fk", "created_on"})
Change = tuple[str, list[str] | None, list[str] | None]


class AuditEvent(Model):
    """One change of one record. `root` is the record on whose page it is told: its own, or that it is under."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_root_root_id", "root", "root_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    user_id: Mapped[int | None]
    username: Mapped[str] = mapped_column(String(64))
    person: Mapped[str] = mapped_column(String(64))
    address: Mapped[str | None] = mapped_column(String(45))
    action: Mapped[str] = mapped_column(String(40))
    ledger: Mapped[str] = mapped_column(String(60))
    record_id: Mapped[int | None]
    root: Mapped[str] = mapped_column(String(60))
    root_id: Mapped[int | None]
    unit_id: Mapped[int | None]
    title: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str | None] = mapped_column(String(400))
    changes: Mapped[list[Any]] = mapped_column(JSON)
    # Nobody else's, and what proves the line (`core/marks.py`).
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    mark: Mapped[str] = mapped_column(String(64))

    unit: Mapped[Unit | None] = relationship(primaryjoin=lambda: foreign(AuditEvent.unit_id) == Unit.id, viewonly=True)

    def __str__(self) -> str:
        return f"#{self.id}"


@dataclass
class Noted:
    """What a flush does to one record, its rows included, until the record has an id."""

    record: Any
    action: str
    changes: list[Change] = field(default_factory=list)
    deleted_id: int | None = None


_reason: ContextVar[str | None] = ContextVar("reason", default=None)


@contextmanager
def because(reason: str | None) -> Iterator[None]:
    """The reason that is kept with every change inside."""
    token = _reason.set(reason)
    try:
        yield
    finally:
        _reason.reset(token)


def ledger_of(record: Any) -> Ledger | None:
    return next((ledger for ledger in mounted() if isinstance(record, ledger.model)), None)


def whole_of(row: Any) -> Any:
    """The record that a row of one belongs to; itself for everything else."""
    if isinstance(row, Scoped) and row.part_of and ledger_of(row) is None:
        history = inspect(row).attrs[row.part_of].history
        return next((each for each in (*history.added, *history.unchanged, *history.deleted) if each is not None), row)
    return row


def texts(declared: Field | None, name: str, value: Any) -> list[str] | None:
    """A value as it may be kept here."""
    if value is None or value == ():
        return None
    if name in SECRET or isinstance(value, Sealed):
        return [HIDDEN]
    if isinstance(value, bool):
        return ["1" if value else "0"]
    return declared.kind.typed(value) if declared is not None else [str(value)]


def column_names(mapper: Any) -> list[str]:
    return list(mapper.columns.keys())


def changes_of(row: Any, action: str) -> Iterator[Change]:
    """(field, old, new) of a row; of several values, those that came and went."""
    state = inspect(row)
    ledger = ledger_of(row)
    declared = {**fields_of(type(row)), **(ledger.fields if ledger else {})}
    skipped = OWN | {name for name, each in declared.items() if not each.kind.told}
    skipped |= SIGNING_IN if type(row).__tablename__ == "ab_user" else set()
    for name in (each for each in column_names(state.mapper) if each not in skipped):
        history = state.attrs[name].history
        new = history.added[0] if history.added else None
        old = history.deleted[0] if history.deleted else None
        if action == "delete":
            old, new = (history.unchanged or history.deleted or [None])[0], None
        elif not history.has_changes():
            continue
        before, after = (texts(declared.get(name), name, value) for value in (old, new))
        if (before, after) != (None, None):
            yield name, before, after
    for relation in state.mapper.relationships:
        if relation.direction is MANYTOMANY and relation.key in state.dict:
            history = state.attrs[relation.key].history
            name = relation_name(relation, declared)
            went, came = (named(declared.get(name), rows) for rows in (history.deleted, history.added))
            if went or came:
                yield name, went, came


def relation_name(relation: Any, declared: Mapping[str, Field]) -> str:
    """The field that a relationship is edited by, else its own name."""
    links = ((name, each.kind) for name, each in declared.items() if isinstance(each.kind, Links))
    linked = (name for name, kind in links if kind.relation(name) == relation.key)
    return str(relation.info.get("name") or next(linked, relation.key))


def named(declared: Field | None, rows: Sequence[Any]) -> list[str] | None:
    """What rows linked to are called."""
    return sorted(declared.kind.show([row]) if declared else str(row) for row in rows) or None


def note(session: Session, _context: Any, _instances: Any) -> None:
    """Before a flush, while old values are still known."""
    noted: dict[int, Noted] = {}
    rows = [("add", row) for row in session.new] + [("delete", row) for row in session.deleted]
    rows += [("edit", row) for row in session.dirty if session.is_modified(row)]
    with session.no_autoflush:
        for action, row in rows:
            if isinstance(row, AuditEvent):
                raise TypeError("lines of the trail are written by its own functions and never changed")
            if not isinstance(row, NumberCounter):
                _note(noted, session, action, row)
    session.info["noted"] = [each for each in noted.values() if each.changes or each.action != "edit"]


def _note(noted: dict[int, Noted], session: Session, action: str, row: Any) -> None:
    whole = whole_of(row)
    found = noted.setdefault(id(whole), Noted(whole, "edit"))
    if whole is row:
        found.action = action
        found.deleted_id = row.id if action == "delete" else None
    part = "" if whole is row else f"{type(row).__tablename__}/{getattr(row, 'position', 0) or 0}/"
    found.changes += [(part + name, old, new) for name, old, new in changes_of(row, action)]


def write(session: Session, _context: Any) -> None:
    """After the flush, in its transaction, when new records have their ids."""
    noted: Sequence[Noted] = session.info.pop("noted", ())
    if noted:
        session.connection().execute(insert(AuditEvent), [_row(each) for each in noted])


def tell(action: str, ledger: str = "", **more: Any) -> None:
    """Write down a deed that changes no record: signing in, an export, a refusal. Commits it at once, and nothing
    else: what the session holds is let go."""
    db.session.rollback()
    add(action, ledger, **more)
    db.session.commit()


def add(action: str, ledger: str = "", **more: Any) -> None:
    """Write down a deed beside what the transaction changes; they are there together or not at all."""
    db.session.execute(insert(AuditEvent), [_line(action, ledger, root=ledger, **more)])


def told_since(moment: datetime, action: str, ledger: str) -> bool:
    """Has whoever acts done this since then?"""
    mine = (AuditEvent.user_id == scope.current().user_id, AuditEvent.action == action, AuditEvent.ledger == ledger)
    return db.session.scalar(select(AuditEvent.id).where(AuditEvent.at >= moment, *mine).limit(1)) is not None


def _line(action: str, ledger: str, **more: Any) -> dict[str, Any]:
    """A line with its mark, by whoever acts."""
    principal = scope.current()
    line = {
        "uid": secrets.token_hex(16),
        "at": clock.now(),
        "user_id": principal.user_id,
        "username": principal.username,
        "person": principal.name,
        "address": request.remote_addr if has_request_context() else None,
        "action": action,
        "ledger": ledger,
        **dict.fromkeys(("record_id", "root_id", "unit_id")),
        "root": "",
        "title": "",
        "reason": _reason.get(),
        "changes": [],
        **more,
    }
    return {**line, "mark": mark(line)}


def _row(noted: Noted) -> dict[str, Any]:
    record = noted.record
    ledger = ledger_of(record)
    name = ledger.name if ledger else str(type(record).__tablename__)
    id_ = noted.deleted_id or _id(record)
    root, root_id = name, id_
    if hasattr(record, "told_under"):
        root, root_id = record.told_under
    elif ledger and ledger.under:
        root, root_id = ledger.under.ledger, getattr(record, f"{ledger.under.relation}_id")
    return _line(
        scope.deed() or noted.action,
        name,
        record_id=id_,
        root=root,
        root_id=root_id,
        unit_id=getattr(record, "owner_unit_id", None) if isinstance(record, Scoped) else None,
        title=str(record)[:200] if ledger or hasattr(record, "told_under") else "",
        changes=[list(change) for change in noted.changes],
    )


def _id(record: Any) -> int | None:
    found = getattr(record, "id", None)
    return found if isinstance(found, int) else None


def history(ledger: Ledger, record_id: int, most: int = 200) -> Sequence[AuditEvent]:
    """What happened to a record and what is under it, newest first. The caller has shown that it may be read."""
    query = select(AuditEvent).where(AuditEvent.root == ledger.name, AuditEvent.root_id == record_id)
    return db.session.scalars(query.order_by(AuditEvent.id.desc()).limit(most)).all()


def install() -> None:
    if not event.contains(db.session, "before_flush", note):
        event.listen(db.session, "before_flush", note)
        event.listen(db.session, "after_flush", write)


__all__ = ["AuditEvent", "because", "history", "install", "tell"]
