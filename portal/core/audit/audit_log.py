"""The audit log: who changed what, when and from where, written in the transaction of the change.

Every flush leaves one row of `audit_event` for each record that it touched, with the old and the new of each field as
a form would type them. Personal values are never in it: only that they changed.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import partial
from typing import Any

from flask import has_request_context, request
from sqlalchemy import JSON, Connection, Index, Insert, String, event, insert, select
from sqlalchemy.orm import Mapped, Session, foreign, mapped_column, relationship

from portal import metrics
from portal.core import clock
from portal.core.access import scope
from portal.core.audit.diff import Noted, ledger_of, noted
from portal.core.audit.signatures import mark
from portal.core.declaration.ledger import Ledger
from portal.core.models.numbering import NumberCounter
from portal.core.transactions import deferred_flush, deferred_inserts
from portal.database import join_writers
from portal.extensions import Model, db
from portal.org.mixins import Scoped
from portal.org.models import Unit


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
    # Nobody else's, and what proves the line (`core/audit/signatures.py`).
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    mark: Mapped[str] = mapped_column(String(64))

    unit: Mapped[Unit | None] = relationship(primaryjoin=lambda: foreign(AuditEvent.unit_id) == Unit.id, viewonly=True)

    def __str__(self) -> str:
        return f"#{self.id}"


INSERT = insert(AuditEvent)
# In a session's `info`: its transaction has lines of the trail.
TOLD = "told"
# Tables beside the ledgers whose rows have a name that says which they are.
NAMED = frozenset({"ab_role"})
_reason: ContextVar[str | None] = ContextVar("reason", default=None)
_action: ContextVar[str | None] = ContextVar("action", default=None)
# Who else is to hear of what a flush changed, with the lines that were written of it.
also: list[Callable[[Session, Sequence[tuple[Noted, dict[str, Any]]]], None]] = []


@contextmanager
def because(reason: str | None) -> Iterator[None]:
    """Store this reason with every change inside."""
    token = _reason.set(reason)
    try:
        yield
    finally:
        _reason.reset(token)


@contextmanager
def named(action: str) -> Iterator[None]:
    """Log every change inside under this action, whichever permission it needs."""
    token = _action.set(action)
    try:
        yield
    finally:
        _action.reset(token)


def note(session: Session, _context: Any, _instances: Any) -> None:
    """Before a flush, while old values are still known."""
    touched = (*session.new, *session.deleted, *session.dirty)
    if any(isinstance(row, AuditEvent) for row in touched):
        raise TypeError("lines of the trail are written by its own functions and never changed")
    session.info["noted"] = [each for each in noted(session) if not isinstance(each.record, NumberCounter)]


def write(session: Session, _context: Any) -> None:
    """After the flush, in its transaction, when new records have their ids."""
    changed: Sequence[Noted] = session.info.pop("noted", ())
    if changed:
        lines = [deferred_flush.in_its_context(session, each.record, partial(_row, each)) for each in changed]
        deferred_inserts.defer(session, INSERT, lines)
        for hear in also:
            hear(session, list(zip(changed, lines, strict=True)))


def joining(session: Session, connection: Connection, statement: Insert) -> None:
    """Before lines are stored."""
    if statement is INSERT:
        join_writers(connection)
        session.info[TOLD] = True


def log_and_commit(action: str, ledger: str = "", **more: Any) -> None:
    """Log an action that changes no record: signing in, an export, a refusal. It is committed at once and alone:
    pending changes of the session are rolled back."""
    db.session.rollback()
    log(action, ledger, **more)
    db.session.commit()


def log(action: str, ledger: str = "", **more: Any) -> None:
    """Log an action in the current transaction, so that both are committed or neither."""
    deferred_inserts.defer(db.session(), INSERT, [_line(action, ledger, root=ledger, **more)])
    metrics.events.labels(action).inc()


def logged_since(moment: datetime, action: str, ledger: str) -> bool:
    """Has the current user logged this action since then?"""
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
        "address": (request.remote_addr or "")[:45] or None if has_request_context() else None,
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


def _row(changed: Noted) -> dict[str, Any]:
    record = changed.record
    ledger = ledger_of(record)
    name = ledger.name if ledger else str(type(record).__tablename__)
    id_ = changed.deleted_id or _id(record)
    root, root_id = name, id_
    if hasattr(record, "told_under"):
        root, root_id = record.told_under
    elif ledger and ledger.under:
        root, root_id = ledger.under.ledger, getattr(record, f"{ledger.under.relation}_id")
    return _line(
        _action.get() or scope.current_verb() or changed.action,
        name,
        record_id=id_,
        root=root,
        root_id=root_id,
        unit_id=getattr(record, "owner_unit_id", None) if isinstance(record, Scoped) else None,
        title=str(record)[:200] if ledger or hasattr(record, "told_under") or name in NAMED else "",
        changes=[list(change) for change in changed.changes],
    )


def _id(record: Any) -> int | None:
    found = getattr(record, "id", None)
    return found if isinstance(found, int) else None


def history(ledger: Ledger, record_id: int, most: int = 200) -> Sequence[AuditEvent]:
    """The audit log of a record and its entries, newest first. The caller has checked that the record may be read."""
    query = select(AuditEvent).where(AuditEvent.root == ledger.name, AuditEvent.root_id == record_id)
    return db.session.scalars(query.order_by(AuditEvent.id.desc()).limit(most)).all()


def install() -> None:
    if not event.contains(db.session, "before_flush", note):
        event.listen(db.session, "before_flush", note)
        event.listen(db.session, "after_flush", write)
        deferred_inserts.before_storing.append(joining)
        deferred_inserts.install()
        deferred_flush.install()


__all__ = ["AuditEvent", "because", "history", "install", "log_and_commit", "named"]
