"""New records that share one flush, which costs far less than one flush each.

They wait in the session until the next statement, so that whoever asks the database finds them, or until `flush`. Each
is logged in its own context: by whom, as which deed, and why.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

from portal.extensions import db

T = TypeVar("T")
# In a session's `info`: what waits, and what is being stored.
WAITING, STORING = "deferred flush", "records being stored"
# What a driver raises for a value that the database has no type for; SQLAlchemy does not wrap all of it.
REFUSALS = (DBAPIError, OverflowError, UnicodeEncodeError)


class NotStored(Exception):
    """Raised if the waiting records cannot be stored; the cause is the error. It is raised wherever the next statement
    is, so it is of no class that somebody there handles."""


@dataclass
class Waiting:
    """The contexts of the new rows, by `id()`, since not all can be hashed, and what to do once they are stored."""

    contexts: dict[int, Context] = field(default_factory=dict)
    after: list[Callable[[], None]] = field(default_factory=list)
    last: Context = field(default_factory=Context)

    def add(self, session: Session) -> None:
        self.last = copy_context()
        for row in session.new:
            self.contexts.setdefault(id(row), self.last)


def defer(record: Any) -> None:
    """Store a new record, with its rows, in the next flush. One that changes others is stored at once."""
    session = db.session()
    session.add(record)
    session.info.setdefault(WAITING, Waiting()).add(session)
    if session.dirty or session.deleted:
        flush()


def when_stored(do: Callable[[], None]) -> None:
    """Do this once all records that wait are stored, in the present context; at once if none waits."""
    waiting: Waiting | None = db.session().info.get(WAITING)
    if waiting is None:
        do()
    else:
        waiting.after.append(partial(copy_context().run, do))


def flush() -> None:
    """Store the records that wait. Raises NotStored."""
    session = db.session()
    waiting: Waiting | None = session.info.pop(WAITING, None)
    if waiting is None:
        return
    session.info[STORING] = waiting.contexts
    try:
        waiting.last.copy().run(session.flush)
    except REFUSALS as fault:
        raise NotStored from fault
    finally:
        del session.info[STORING]
    for do in waiting.after:
        do()


def cause(fault: Exception) -> Exception:
    """The error itself, of one that may come from storing what waited."""
    return fault.__cause__ if isinstance(fault, NotStored) and isinstance(fault.__cause__, Exception) else fault


def in_its_context(session: Session, record: Any, do: Callable[[], T]) -> T:
    """Call this in the context in which the record was made, if it waited."""
    context: Context | None = session.info.get(STORING, {}).get(id(record))
    return do() if context is None else context.run(do)


def before_statement(state: ORMExecuteState) -> None:
    if WAITING in state.session.info:
        flush()


def undone(session: Session, _previous: SessionTransaction) -> None:
    session.info.pop(WAITING, None)


def install() -> None:
    for name, listener in (("do_orm_execute", before_statement), ("after_soft_rollback", undone)):
        if not event.contains(db.session, name, listener):
            event.listen(db.session, name, listener)


__all__ = ["NotStored", "defer", "flush", "in_its_context", "install", "when_stored"]
