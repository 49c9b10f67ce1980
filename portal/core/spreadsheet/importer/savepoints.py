"""A savepoint for each row, so that one the database refuses does not end the import (`docs/domain/workbooks.md`).

A savepoint costs, so several rows share one. Where the database refuses a row, the rows of that savepoint are taken
again, each with a savepoint of its own, and only the refused one is rejected. A rehearsal beside others gives each row
one, and takes back at once what changed a record.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from flask_babel import gettext
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.orm import SessionTransaction

from portal.core.access import cached_lookups
from portal.core.transactions.dry_run import beside_others
from portal.database import described
from portal.extensions import db

T = TypeVar("T")
log = logging.getLogger(__name__)
SHARED = 50  # rows under one savepoint
# What a driver raises for a value that the database has no type for; SQLAlchemy does not wrap all of it.
UNSTORABLE = (IntegrityError, DataError, OverflowError, UnicodeEncodeError)
RAISED = "P0"  # class of PostgreSQL's errors that a trigger raises


def refuses_row(fault: Exception) -> bool:
    """Is the error about the data, and not about a database that is unavailable, busy or full?"""
    if isinstance(fault, DBAPIError) and not fault.connection_invalidated:
        state = getattr(fault.orig, "sqlstate", None) or ""
        return isinstance(fault, UNSTORABLE) or state.startswith(RAISED)
    return isinstance(fault, UNSTORABLE)


def refusal() -> str:
    return gettext("The database does not accept this row; please have the values checked. Details are in the log.")


@dataclass
class Savepoint:
    """The savepoint of the rows from `first` on, with a function that discards the caller's notes since."""

    first: int
    transaction: SessionTransaction
    forget: Callable[[], None]

    def close(self) -> None:
        if self.transaction.is_active:  # not committed meanwhile
            self.transaction.commit()

    def undo(self) -> None:
        self.let_go()
        self.forget()

    def let_go(self) -> None:
        """Roll back the changes, but keep the notes."""
        self.transaction.rollback()
        cached_lookups.forget()


def take_each(
    rows: Sequence[T],
    take: Callable[[T], bool],
    refuse: Callable[[T], None],
    remember: Callable[[Sequence[T]], Callable[[], None]],
    before: Callable[[int], None] = lambda _at: None,
) -> None:
    """Call `take` for each row, which returns whether it changed an existing record, and `refuse` for rows that the
    database does not accept. `remember` is called with the rows of a savepoint before the first is imported, and
    returns a function that restores the caller's notes. `before(position)` is called between rows, where the
    transaction may be committed."""
    trial = beside_others()
    at, alone, current = 0, len(rows) if trial else -1, None  # up to `alone` each row has a savepoint of its own
    while at < len(rows):
        before(at)
        current = fresh(current, rows, at, 1 if at <= alone else SHARED, remember)
        try:
            if take(rows[at]) and trial:
                current.let_go()
        except (DBAPIError, *UNSTORABLE) as fault:
            if not refuses_row(fault):
                raise
            current.undo()
            first, alone = current.first, max(alone, at)
            if first < at:
                at = first
                continue
            log.warning("a row was refused: %s", described(fault))
            refuse(rows[at])
        at += 1
    if current is not None:
        current.close()


def fresh(
    current: Savepoint | None,
    rows: Sequence[T],
    at: int,
    most: int,
    remember: Callable[[Sequence[T]], Callable[[], None]],
) -> Savepoint:
    """The savepoint for this row: the current one if it is open and has fewer than `most` rows."""
    if current is not None and current.transaction.is_active:
        if at - current.first < most:
            return current
        current.close()
    return Savepoint(at, db.session.begin_nested(), remember(rows[at : at + most]))


__all__ = ["refusal", "take_each"]
