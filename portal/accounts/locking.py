"""Guessing passwords ends after five tries: the account's name is locked for half an hour (`domain.md` §4.2).

The trail remembers the tries, so all processes count together, and a name that is no account's is locked like one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select

from portal.core import audit, clock
from portal.core.audit import AuditEvent
from portal.extensions import db

TRIES = 5
LOCKED = timedelta(minutes=30)
LONGEST = 64


def locked_until(name: str) -> datetime | None:
    """Until when nobody signs in by this name; tries while it is locked do not lock it longer."""
    name = name[:LONGEST].lower()
    failed = and_(AuditEvent.action == "sign_in_failed", func.lower(AuditEvent.title) == name)
    ended = and_(AuditEvent.action == "unlock", func.lower(AuditEvent.title) == name)
    came = and_(AuditEvent.action == "sign_in", func.lower(AuditEvent.username) == name)
    query = select(AuditEvent.action, AuditEvent.at).where(AuditEvent.at > clock.now() - LOCKED)
    last = db.session.execute(query.where(or_(failed, ended, came)).order_by(AuditEvent.id.desc()).limit(TRIES)).all()
    if len(last) < TRIES or any(action != "sign_in_failed" for action, _ in last):
        return None
    newest: datetime = last[0][1]
    return newest + LOCKED


def tell_failure(name: str) -> None:
    audit.tell("sign_in_failed", title=name[:LONGEST])


def unlock(name: str) -> None:
    """For the caller to commit."""
    audit.add("unlock", "accounts", title=name)
