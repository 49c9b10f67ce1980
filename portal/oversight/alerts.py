"""Alerts for administrators: changes by each other, requests that wait, signs of trouble.

A change by one of the three is seen by the other two (`docs/domain` §4.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import lazy_gettext
from sqlalchemy import String, and_, cast, func, or_, select

from portal.accounts import resets
from portal.accounts.sign_in import identities
from portal.core import clock
from portal.core.access import scope
from portal.core.audit.audit_log import AuditEvent
from portal.core.declaration.ledger import Ledger, mounted
from portal.core.fields import Label
from portal.core.punctuation import clauses, labelled, listed
from portal.core.views.history.audit_words import COLUMNS
from portal.core.views.history.record_history import Told, change, told
from portal.extensions import db
from portal.org.account_profiles import AccountProfile
from portal.oversight.unmasked_exports import UnmaskedExport
from portal.permissions import administrators, roles

# Of accounts, what lines in plain words tell beside.
TOLD = ("roles", "active", "password")
USERS, RULES = "ab_user", "sign_in_rules"
# Where units, Party organisations and areas stand and what belongs to them: what accounts reach hangs on it.
STANDING = {
    "units": ("parent_id", "merged_into_id"),
    "party_orgs": ("parent_id", "unit_ids", "community_id"),
    "areas": ("parent_id", "kind"),
}
# Shown; and looked through for them, as some lines only tell what others tell in plain words.
MOST, SOUGHT = 10, 100
CHANGES, SIGNS = timedelta(days=30), timedelta(days=7)
# Deeds that change what somebody may do or see.
DEEDS = (
    *("grant", "unlock", "keys_renewed", "export_approved", "export_refused", "second_factor_removed"),
    *("reset_asked", "reset_confirmed", "reset_refused", "identity_released"),
)
ALARMS = {
    "sign_in_failed": lazy_gettext("Wrong passwords"),
    "sign_in_locked": lazy_gettext("Tries while locked"),
    identities.OTHER: lazy_gettext("Others by the name of an account"),
    "refused": lazy_gettext("Tries beyond one's rights"),
    "reveal": lazy_gettext("Looks at personal data"),
    "export_taken": lazy_gettext("Sheets with personal data taken"),
}


@dataclass(frozen=True)
class Verified:
    """When the trail was last gone through, and what was wrong with it then."""

    on: date
    fault: str


@dataclass(frozen=True)
class Watch:
    """Of each, None or nothing where it is not the user's to look after."""

    changes: Sequence[tuple[Told, str]]
    waiting: Sequence[Any] = ()
    requests: int = 0
    resets: int = 0
    # (deed, what it is called, how often in the last days, since when), and what verifying last found.
    alarms: Sequence[tuple[str, Label, int, date]] = ()
    verified: Verified | None = None


def watch() -> Watch | None:
    """For administrators; None for everybody else."""
    may = scope.current().may
    auditing = may("read", "audit") and may("read", roles.TRAIL)
    if not (may("read", "accounts") or (auditing and scope.current().roles & roles.OFFICES)):
        return None
    return Watch(
        changes(),
        waiting() if may("grant", "accounts") else (),
        requests() if may("approve", "exports") else 0,
        resets.waiting() if administrators.administers(scope.current()) else 0,
        alarms() if auditing else (),
        verified() if auditing else None,
    )


def changes() -> list[tuple[Told, str]]:
    """The newest changes to accounts, roles, rights, steps of review and the places of units, each with what it was
    about."""
    accounts = and_(AuditEvent.ledger == USERS, AuditEvent.action.in_(("add", "edit")))
    told_in = cast(AuditEvent.changes, String)
    moved = (
        and_(AuditEvent.ledger == ledger, AuditEvent.action != "add", told_in.contains(f'"{name}"'))
        for ledger, names in STANDING.items()
        for name in names
    )
    watched = or_(AuditEvent.action.in_(DEEDS), accounts, *moved, AuditEvent.ledger == RULES)
    somebody = or_(and_(watched, AuditEvent.username != ""), AuditEvent.action == identities.OTHER)
    query = select(AuditEvent).where(AuditEvent.at > clock.now() - CHANGES, somebody)
    events = db.session.scalars(query.order_by(AuditEvent.id.desc()).limit(SOUGHT)).all()
    names = names_of([event.record_id for event in events if event.ledger == USERS])
    desks = {ledger.name: ledger for ledger in mounted()}
    found = ((event, text) for event in events if (text := subject(event, names, desks)))
    return [(told(desks[roles.TRAIL], event), text) for event, text in islice(found, MOST)]


def subject(event: AuditEvent, names: dict[int, str], desks: dict[str, Ledger]) -> str:
    """Nothing for what another line tells in plain words."""
    if event.ledger in STANDING:
        paths = [each for each in event.changes if each[0] in STANDING[event.ledger]]
        moved = [change(desks[event.ledger], path, old, new, True) for path, old, new in paths]
        return clauses((event.title, *(labelled(label, f"{old} → {new}") for label, old, new in moved)))
    if event.ledger == RULES:
        return listed(COLUMNS[path] for path, *_ in event.changes if path in COLUMNS)
    if event.ledger != USERS or event.action not in ("add", "edit"):
        return event.title
    name = names.get(event.record_id or 0, f"#{event.record_id}")
    if event.action == "add":
        return name
    labels = [COLUMNS[path] for path, *_ in event.changes if path in COLUMNS and path not in TOLD]
    return labelled(name, listed(labels)) if labels else ""


def names_of(ids: Sequence[int | None]) -> dict[int, str]:
    found = db.session.execute(select(User.id, User.username).where(User.id.in_(ids)))
    return {user.id: user.username for user in found}


def waiting() -> Sequence[Any]:
    """Accounts that are switched off until somebody authorises them."""
    query = select(User).join(AccountProfile, AccountProfile.user_id == User.id).where(AccountProfile.waiting)
    return db.session.scalars(query.order_by(User.username).limit(MOST)).all()


def requests() -> int:
    query = select(func.count(UnmaskedExport.id)).where(
        UnmaskedExport.approved.is_(None), UnmaskedExport.asked_by_id.is_distinct_from(scope.current().user_id)
    )
    return db.session.scalar(query) or 0


def alarms() -> list[tuple[str, Label, int, date]]:
    since = clock.now() - SIGNS
    query = select(AuditEvent.action, func.count()).where(AuditEvent.at > since, AuditEvent.action.in_(ALARMS))
    found: dict[str, int] = dict(db.session.execute(query.group_by(AuditEvent.action)).all())
    return [(deed, label, found.get(deed, 0), clock.local(since).date()) for deed, label in ALARMS.items()]


def verified() -> Verified | None:
    query = select(AuditEvent).where(AuditEvent.action == "verify").order_by(AuditEvent.id.desc()).limit(1)
    last: AuditEvent | None = db.session.scalars(query).first()
    return Verified(clock.local(last.at).date(), last.title) if last else None
