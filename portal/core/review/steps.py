"""The steps of a record's review: what is done, by whom and when, who has the record now and since when, what comes
next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import select

from portal.core import clock
from portal.core.audit.audit_log import AuditEvent
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.workflow import IN_FORCE, STEPS
from portal.core.fields import Label
from portal.core.review.transitions import tier_of
from portal.extensions import db
from portal.org.review_steps import ReviewTier

DONE, NOW, AHEAD = "done", "now", "ahead"
FILLING = "draft"
MOST_EVENTS = 50
# By step: the transition that completes it, and the column with when that was.
REVIEWED = {
    "pending_unit": ("approve", "unit_reviewed_at"),
    "pending_committee": ("approve_committee", "gw_reviewed_at"),
}


@dataclass(frozen=True)
class Step:
    """One step. `who` completed it `at` that time; the one that is now is with `who` since `at`."""

    name: str
    label: Label
    state: str
    who: str = ""
    at: datetime | None = None

    @property
    def days(self) -> int:
        """Whole days since then."""
        return (clock.today() - clock.local(self.at).date()).days if self.at else 0


@dataclass(frozen=True)
class Move:
    """A transition of the record as the audit log tells it, with the status after it ("" if that stayed)."""

    name: str
    person: str
    at: datetime
    status: str


def steps(ledger: Ledger, record: Any) -> list[Step]:
    """The steps from filling in to the present status, or to where the record comes into force. To the other party
    they name nobody of the unit's but the one who filled it in, as the page does."""
    if not ledger.review.statuses:
        return []
    moves, foreign = moves_of(ledger, record), ledger.foreign(record)
    under_way = record.status in (*ledger.review.editable_in, *STEPS[3])
    middle = _between(ledger, record, under_way)
    names = [FILLING, *middle, IN_FORCE]
    at = names.index(FILLING if record.status in ledger.review.editable_in else record.status) if under_way else None
    found = []
    for n, name in enumerate(names):
        if at is None or n < at:
            found.append(_done(ledger, record, name, moves))
        elif n == at:
            found.append(_now(ledger, record, record.status, moves))
        else:
            found.append(Step(name, _label(ledger, name), AHEAD))
    if not under_way:
        found = _ended(ledger, record, found, moves)
    unnamed = {step.name for step in found if foreign and step.state == DONE and step.name != FILLING}
    return [replace(step, who="") if step.name in unnamed else step for step in found]


def usual(ledger: Ledger) -> list[Label]:
    """The steps that records of this ledger take, by its declared or chosen number of steps; () without review."""
    if not ledger.review.statuses or ledger.review.tier_of:
        return []
    chosen = db.session.scalars(select(ReviewTier).where(ReviewTier.ledger == ledger.name)).first()
    tier = chosen.tier if chosen else ledger.review.tier
    return [_label(ledger, name) for name in (FILLING, *STEPS[tier], IN_FORCE)]


def moves_of(ledger: Ledger, record: Any) -> list[Move]:
    """The transitions of a record, newest first, in one statement."""
    root, root_id = (ledger.under.ledger, ledger.above(record).id) if ledger.under else (ledger.name, record.id)
    under = (AuditEvent.root == root) & (AuditEvent.root_id == root_id)
    mine = under & (AuditEvent.ledger == ledger.name) & (AuditEvent.record_id == record.id)
    asked = select(AuditEvent.action, AuditEvent.person, AuditEvent.username, AuditEvent.at, AuditEvent.changes)
    names = [each.name for each in ledger.review.transitions]
    lines = db.session.execute(
        asked.where(mine, AuditEvent.action.in_(names)).order_by(AuditEvent.id.desc()).limit(MOST_EVENTS)
    )
    return [Move(name, person or username, when, _status(changes)) for name, person, username, when, changes in lines]


def _status(changes: Sequence[Sequence[Any]]) -> str:
    return next((new[0] for path, _, new in changes if path == "status" and new), "")


def _between(ledger: Ledger, record: Any, under_way: bool) -> list[str]:
    """The steps of review of this record. Once it is in force, those that it has taken."""
    if under_way:
        declared = STEPS[tier_of(ledger, record)]
        return [name for name in STEPS[3] if name in declared or name == record.status]
    return [name for name, (_, column) in REVIEWED.items() if getattr(record, column) is not None]


def _label(ledger: Ledger, name: str) -> Label:
    status = ledger.review.statuses[name]
    return status.step or status.label


def _done(ledger: Ledger, record: Any, name: str, moves: Sequence[Move]) -> Step:
    transition, column = REVIEWED.get(name, ("submit", "filled_at"))
    if name == IN_FORCE:
        return Step(name, _label(ledger, name), DONE)
    move = next((each for each in moves if each.name == transition), None)
    if move is not None:
        return Step(name, _label(ledger, name), DONE, move.person, move.at)
    who = ledger.field("filler_id").kind.show(record.filler) if name == FILLING else ""
    return Step(name, _label(ledger, name), DONE, who, getattr(record, column))


def _now(ledger: Ledger, record: Any, status: str, moves: Sequence[Move]) -> Step:
    """The present step: the status itself, since the transition that led to it."""
    since = next((each.at for each in moves if each.status == status), None)
    if status == FILLING and since is None:
        since = record.filled_at
    return Step(status, ledger.review.statuses[status].label, NOW, _holder(ledger, record, status), since)


def _holder(ledger: Ledger, record: Any, status: str) -> str:
    """Whose turn it is."""
    if status == "pending_unit":
        kind = ledger.field("owner_unit_id").kind  # called as it was when the record was made
        return gettext("the reviewer of %(unit)s", unit=kind.show(kind.read(record, "owner_unit_id")))
    if status == "pending_committee":
        return gettext("the committee")
    return ledger.field("filler_id").kind.show(record.filler)


def _ended(ledger: Ledger, record: Any, found: list[Step], moves: Sequence[Move]) -> list[Step]:
    """Since when it is in force; for a record that is no longer, or never was, what it has become."""
    began = next((each for each in moves if each.status == IN_FORCE), None)
    *before, last = found
    never = began is None and record.prior_status in (*ledger.review.editable_in, *STEPS[3])
    in_force = [] if never else [replace(last, at=began.at if began else before[-1].at)]
    found = [*before, *in_force]
    if record.status == IN_FORCE:
        return found
    end = next((each for each in moves if each.status == record.status), None)
    label = ledger.review.statuses[record.status].label
    return [*found, Step(record.status, label, DONE, end.person if end else "", end.at if end else None)]
