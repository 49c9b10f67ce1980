"""Rate limit for edits and imports that could reveal masked values; each attempt is logged.

Whoever is told that what they typed equals a hidden value knows that value. A refused form saves nothing and a preview
of a sheet is rolled back, so the lines are written when the request or the job is over.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask, g
from sqlalchemy import func, select

from portal.core import clock
from portal.core.access import scope
from portal.core.audit import audit_log
from portal.core.audit.audit_log import AuditEvent
from portal.core.transactions.dry_run import rehearsing
from portal.extensions import db

DEED = "compared"
MOST, WITHIN = 10, timedelta(hours=1)


def spent(guess: str) -> bool:
    """Has the current user reached the limit of guesses for now, not counting this one?"""
    known = g.get("guesses", {})
    if guess in known:
        return False
    mine = (AuditEvent.user_id == scope.current().user_id, AuditEvent.action == DEED)
    counted = select(func.count(AuditEvent.id)).where(*mine, AuditEvent.at.between(*clock.lately(WITHIN)))
    if rehearsing():  # whose copy knows nothing of the guesses that are had elsewhere meanwhile
        with db.engine.connect().execution_options(reading=True) as connection:
            before = connection.scalar(counted)
    else:
        before = db.session.scalar(counted)
    return (before or 0) + len(known) >= MOST


def note(guess: str, record: Any, name: str) -> None:
    """Note that the current user compares `guess` with this field of a record. The same guess counts once."""
    line = {"record_id": record.id, "root_id": record.id, "title": str(record)[:200], "unit_id": record.owner_unit_id}
    known = g.setdefault("guesses", {})
    known[guess] = (scope.current(), record.ledger_name, {**line, "changes": [[name, None, None]]})


def write_down(_fault: BaseException | None = None) -> None:
    guesses = g.pop("guesses", {})
    for principal, ledger, line in guesses.values():
        with scope.acting_as(principal):
            audit_log.log_and_commit(DEED, ledger, **line)
    if guesses:
        db.session.remove()


def install(app: Flask) -> None:
    app.teardown_request(write_down)


__all__ = ["note", "spent"]
