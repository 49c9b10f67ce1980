"""A savepoint for each row, so that one the database refuses does not end the import (`docs/domain/workbooks.md`).

A savepoint costs, so several rows share one, and a flush, so new records share that, too. Where the database refuses a
row, the rows of that savepoint are taken again, each with a savepoint of its own, and only the refused one is rejected.
A rehearsal beside others gives each row one, and takes back at once what changed a record.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from flask_babel import gettext
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.orm import SessionTransaction

from portal.core.access import cached_lookups
from portal.core.transactions import deferred_flush
from portal.core.transactions.deferred_flush import REFUSALS, NotStored
from portal.core.transactions.dry_run import beside_others
from portal.database import described
from portal.extensions import db

T = TypeVar("T")
log = logging.getLogger(__name__)
SHARED = 50  # rows under one savepoint
ASKED = 0.2  # seconds between two looks whether somebody has stopped it; meanwhile new records wait for each other
UNSTORABLE = (IntegrityError, DataError, OverflowError, UnicodeEncodeError)
RAISED = "P0"  # class of PostgreSQL's errors that a trigger raises


def refuses_row(fault: BaseException) -> bool:
    """Is the error about the data, and not about a database that is unavailable, busy or full?"""
    if isinstance(fault, DBAPIError) and not fault.connection_invalidated:
        state = getattr(fault.orig, "sqlstate", None) or ""
        return isinstance(fault, UNSTORABLE) or state.startswith(RAISED)
    return isinstance(fault, UNSTORABLE)


def refusal() -> str:
    return gettext("The database does not accept this row; please have the values checked. Details are in the log.")


@dataclass
class Savepoint:
    """The savepoint of the rows from `first` up to `end`, with a function that discards the caller's notes since."""

    first: int
    end: int
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
    returns a function that restores the caller's notes. `before(position)` is called between rows when no record waits
    to be stored; the transaction may be committed there."""
    trial = beside_others()
    at, alone, current = 0, len(rows) if trial else 0, None  # before `alone` each row has a savepoint of its own
    while at < len(rows):
        before(at)
        current = fresh(current, rows, at, 1 if at < alone else SHARED, remember)
        try:
            at, changed = take_together(rows, at, current.end, take)
            if changed and trial:
                current.let_go()
        except (NotStored, *REFUSALS) as raised:
            fault = deferred_flush.cause(raised)
            if not refuses_row(fault):
                raise fault from None
            current.undo()
            if current.end - current.first == 1:
                log.warning("a row was refused: %s", described(fault))
                refuse(rows[current.first])
                at = current.end
            else:
                at, alone = current.first, current.end
    if current is not None:
        current.close()


def take_together(rows: Sequence[T], at: int, end: int, take: Callable[[T], bool]) -> tuple[int, bool]:
    """Take rows up to `end`, for a short while, and store them; returns where to go on, and whether records changed."""
    until, changed = time.monotonic() + ASKED, False
    while True:
        changed = take(rows[at]) or changed
        at += 1
        if at == end or time.monotonic() >= until:
            deferred_flush.flush()
            return at, changed


def fresh(
    current: Savepoint | None,
    rows: Sequence[T],
    at: int,
    most: int,
    remember: Callable[[Sequence[T]], Callable[[], None]],
) -> Savepoint:
    """The savepoint for this row: the current one if it is open and meant for it, or one for at most `most` rows."""
    if current is not None and current.transaction.is_active:
        if at < current.end:
            return current
        current.close()
    those = rows[at : at + most]
    return Savepoint(at, at + len(those), db.session.begin_nested(), remember(those))


__all__ = ["refusal", "take_each"]
