"""Guessing passwords ends after five tries: the account's name is locked for half an hour (`docs/domain` §4.2).

The trail remembers the tries, so all processes count together, and a name that is no account's is locked like one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext
from sqlalchemy import and_, func, or_, select

from portal.core import clock
from portal.core.audit import audit_log
from portal.core.audit.audit_log import AuditEvent
from portal.core.audit.signatures import keyed
from portal.extensions import db

TRIES = 5
LOCKED = timedelta(minutes=30)
LONGEST = 64


def locked_until(name: str) -> datetime | None:
    """Until when nobody signs in by this name; tries while it is locked do not lock it longer."""
    as_written = written(name)
    return locks([as_written]).get(key(as_written))


def locks(names: Iterable[str]) -> dict[str, datetime]:
    """Which of these names are locked, in small letters, and until when: one statement."""
    keys = {key(name) for name in names}
    title, username = func.lower(AuditEvent.title), func.lower(AuditEvent.username)
    tried = and_(AuditEvent.action.in_(("sign_in_failed", "unlock")), title.in_(keys))
    came = and_(AuditEvent.action == "sign_in", username.in_(keys))
    query = select(AuditEvent.action, AuditEvent.at, title, username).where(
        AuditEvent.at.between(*clock.lately(LOCKED))
    )
    newest: dict[str, list[tuple[str, datetime]]] = {}
    for action, at, tried_name, name in db.session.execute(
        query.where(or_(tried, came)).order_by(AuditEvent.id.desc())
    ):
        newest.setdefault(name if action == "sign_in" else tried_name, []).append((action, at))
    return {
        name: told[0][1] + LOCKED
        for name, told in newest.items()
        if len(told) >= TRIES and all(action == "sign_in_failed" for action, _ in told[:TRIES])
    }


def written(name: str) -> str:
    """A name that was typed, as the trail has it: of one that is no account's only a mark, since people type passwords
    and telephones there, too."""
    known = select(User.id).where(func.lower(User.username) == key(name))
    if db.session.scalar(known) is not None:
        return name[:LONGEST]
    return f"#{keyed(key(name).encode('utf-8', 'surrogatepass')).hex()[:16]}"


def key(name: str) -> str:
    return name[:LONGEST].lower()


def told(until: datetime) -> str:
    return gettext(
        "Too many wrong passwords. Try again after %(time)s, or ask the security administrator to unlock it.",
        time=clock.local(until).strftime("%H:%M"),
    )


def tell_failure(name: str) -> None:
    audit_log.log_and_commit("sign_in_failed", title=written(name))


def unlock(name: str) -> None:
    """For the caller to commit."""
    audit_log.log("unlock", "accounts", title=name)
