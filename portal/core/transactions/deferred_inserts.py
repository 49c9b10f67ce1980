"""Rows inserted together when the transaction ends: audit log lines and import records.

Nothing asks for them before, and one statement for a thousand rows costs a tenth of a thousand statements. What a
savepoint takes back, it takes out of here, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Insert, event
from sqlalchemy.orm import Session, SessionTransaction

from portal.extensions import db

# In a session's `info`: what waits, as (the innermost transaction that it belongs to, its statement, the row).
WAITING = "deferred rows"
# Called with the connection and the statement before rows of it are stored.
before_storing: list[Callable[[Session, Connection, Insert], None]] = []


def defer(session: Session, statement: Insert, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert these rows with this statement when the transaction ends, after those already waiting."""
    inside = innermost(session)
    session.info.setdefault(WAITING, []).extend((inside, statement, row) for row in rows)


def innermost(session: Session) -> SessionTransaction | None:
    """The innermost savepoint or transaction of the session; begins a transaction if there is none."""
    session.connection()
    return session.get_nested_transaction() or session.get_transaction()


def ending(session: Session) -> None:
    """Before a savepoint is released, move its rows to the enclosing one; before a commit, insert all."""
    if WAITING not in session.info and not session.new and not session.dirty and not session.deleted:
        return
    session.flush()  # which may leave rows here
    inside, root = session.get_nested_transaction(), session.get_transaction()
    if inside is not None:
        around = outside(inside)
        session.info[WAITING] = [
            (around if each is inside else each, *more) for each, *more in session.info.get(WAITING, ())
        ]
        return
    rows: dict[Insert, list[Mapping[str, Any]]] = {}
    for each, statement, row in session.info.pop(WAITING, ()):
        if each is root:
            rows.setdefault(statement, []).append(row)
    for statement, those in rows.items():
        for prepare in before_storing:
            prepare(session, session.connection(), statement)
        session.connection().execute(statement, those)


def outside(inside: SessionTransaction) -> SessionTransaction | None:
    """The savepoint or transaction that encloses a savepoint."""
    found = inside.parent
    while found is not None and not found.nested and found.parent is not None:
        found = found.parent
    return found


def undone(session: Session, _previous: SessionTransaction) -> None:
    """After a rollback: keep the rows of transactions that are still open."""
    waiting = session.info.pop(WAITING, None)
    if waiting is None:
        return
    open_, each = [session.get_transaction()], session.get_nested_transaction()
    while each is not None and each.nested:
        open_.append(each)
        each = outside(each)
    kept = [row for row in waiting if any(row[0] is transaction for transaction in open_)]
    if kept:
        session.info[WAITING] = kept


def install() -> None:
    for name, listener in (("before_commit", ending), ("after_soft_rollback", undone)):
        if not event.contains(db.session, name, listener):
            event.listen(db.session, name, listener)


__all__ = ["before_storing", "defer", "innermost", "install"]
