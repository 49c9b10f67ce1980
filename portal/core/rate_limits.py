"""Rate limits for one account or address, and for all together.

The trail is what is counted: it is the same for all processes and machines, and whoever reads it sees what was counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import current_app, request
from flask_babel import gettext
from sqlalchemy import ColumnElement, func, select
from werkzeug.exceptions import TooManyRequests

from portal.core import clock
from portal.core.access import scope
from portal.core.audit.audit_log import AuditEvent
from portal.extensions import db


@dataclass(frozen=True)
class Limit:
    """The maximum number of audit log entries with this action: for one account (`by_address`: one address), and in
    total."""

    action: str
    each: int
    together: int
    within: timedelta = timedelta(minutes=10)
    by_address: bool = False


# Far beyond what an office does; whoever copies the portal page by page comes there soon.
EXPORTS = Limit("export", 120, 1200)
REVEALS = Limit("reveal", 120, 1200)
# An office has one address for all who sit there; guessing one account's password ends after five tries anyway.
SIGN_INS = Limit("sign_in_failed", 100, 1000, by_address=True)


def require(limit: Limit) -> None:
    """Raises TooManyRequests (429 with Retry-After) when it was done often enough for now."""
    if not current_app.config["RATE_LIMITED"]:
        return
    lately = (AuditEvent.action == limit.action, AuditEvent.at.between(*clock.lately(limit.within)))
    counted = select(func.count(), func.count().filter(own(limit))).where(*lately)
    together, each = db.session.execute(counted).one()
    if each >= limit.each or together >= limit.together:
        seconds = int(limit.within.total_seconds())
        text = gettext("This was done very often just now. Please wait %(minutes)d minutes.", minutes=seconds // 60)
        raise TooManyRequests(text, retry_after=seconds)


def own(limit: Limit) -> ColumnElement[bool]:
    if limit.by_address:
        return AuditEvent.address == (request.remote_addr or "")
    return AuditEvent.user_id == scope.current().user_id


__all__ = ["EXPORTS", "REVEALS", "SIGN_INS", "require"]
