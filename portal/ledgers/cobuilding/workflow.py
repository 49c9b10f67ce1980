"""The moves of agreements beyond those of every record (`domain.md` §2.2.5): renew as a chain, end by two people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from portal.core import clock, scope
from portal.core.amending import AMEND, ENDED, copy_of
from portal.core.ledger import Amended
from portal.core.workflow import (
    ADOPT,
    APPROVE,
    APPROVE_COMMITTEE,
    COMMITTEE,
    FILLER,
    IN_FORCE,
    RESTORE,
    RETURN,
    SUBMIT,
    UNIT,
    VOID,
    WITHDRAW,
    Move,
    Path,
    own_side,
)
from portal.extensions import db
from portal.ledgers.cobuilding.model import Agreement, AgreementChange
from portal.ledgers.cobuilding.rules import DEFAULT_YEARS, last_day
from portal.ledgers.cobuilding.stats import EXPIRING_DAYS

FINISHED = {
    "demand_items": ("met", "withdrawn"),
    "resource_items": ("stopped",),
    "coop_items": ("done", "cancelled"),
}
# What an amendment of a field is called; everything else is one of content.
CHANGE_TYPES = {
    "party_a_org_id": "parties",
    "party_b_org_id": "parties",
    "agreement_parties": "parties",
    "a_contact": "contacts",
    "a_phone": "contacts",
    "b_contact": "contacts",
    "b_phone": "contacts",
    "effective_from": "term",
    "effective_to": "term",
    "signed_on": "term",
}


def expired(agreement: Agreement) -> bool:
    """From midnight after the last day of its term."""
    return agreement.effective_to is not None and agreement.effective_to < clock.today()


def expiring(agreement: Agreement) -> bool:
    last = agreement.effective_to
    return last is not None and 0 <= (last - clock.today()).days <= EXPIRING_DAYS


def end_asked(agreement: Agreement) -> bool:
    return agreement.status == IN_FORCE and agreement.terminated_on is not None


def may_ask_end(agreement: Agreement) -> bool:
    return own_side(agreement) and not end_asked(agreement)


def successor_under_way(agreement: Agreement) -> bool:
    query = select(Agreement.id).where(Agreement.previous_id == agreement.id, Agreement.status.not_in(ENDED))
    return db.session.scalars(query.limit(1)).first() is not None


def may_renew(agreement: Agreement) -> bool:
    return may_ask_end(agreement) and not successor_under_way(agreement)


def unfinished(table: str, row: Any) -> bool:
    return getattr(row, "status", None) not in FINISHED.get(table, ())


def renew(ledger: Any, agreement: Agreement, _answers: Mapping[str, Any]) -> Agreement:
    """A draft of the next term: the day after this one ends, for as long as is usual, unsigned."""
    draft: Agreement = copy_of(ledger, agreement, unfinished)
    draft.previous_id = agreement.id
    draft.signed_on = draft.filing_no = draft.filed_on = draft.remark = None
    if agreement.effective_to is not None:
        draft.effective_from = agreement.effective_to + timedelta(days=1)
        draft.effective_to = last_day(draft.effective_from, DEFAULT_YEARS)
    return draft


def activate(agreement: Agreement) -> None:
    """The agreement that this one follows is renewed from now on."""
    previous = (
        agreement.previous_id
        and db.session.scalars(select(Agreement).where(Agreement.id == agreement.previous_id)).first()
    )
    if previous and previous.status == IN_FORCE and agreement.amends_id is None:
        previous.prior_status, previous.status = previous.status, "renewed"


def end(_ledger: Any, agreement: Agreement, _answers: Mapping[str, Any]) -> Agreement:
    """Asked for by the unit's filler, confirmed by its reviewer."""
    if agreement.status == "terminated":
        agreement.prior_status = IN_FORCE
        change = AgreementChange(change_type="end", new_value=f"{agreement.terminated_on}", reason="终止")
        agreement.agreement_changes.append(change)
    else:
        agreement.editor_id = scope.current().user_id
    return agreement


def take_back(_ledger: Any, agreement: Agreement, _answers: Mapping[str, Any]) -> Agreement:
    """The agreement goes on."""
    if agreement.status == IN_FORCE:
        agreement.terminated_on = agreement.terminate_reason = None
    return agreement


def amended(agreement: Agreement, changes: Iterable[Amended], reason: str) -> None:
    for change in changes:
        kind = CHANGE_TYPES.get(change.name, "content")
        old, new = change.old[:500] or None, change.new[:500] or None
        row = AgreementChange(change_type=kind, field_name=change.name, old_value=old, new_value=new, reason=reason)
        agreement.agreement_changes.append(row)


RENEW = Move("renew", (FILLER,), (Path(IN_FORCE, IN_FORCE, when=may_renew),), "refresh", "primary", apply=renew)
TERMINATE = Move(
    "terminate",
    (FILLER, UNIT),
    (
        Path(IN_FORCE, IN_FORCE, "submit", may_ask_end),
        Path(IN_FORCE, "terminated", "approve", end_asked, other_eyes=True),
    ),
    "x",
    "outline-danger",
    asks=("terminated_on", "terminate_reason"),
    apply=end,
)
ARCHIVE = Move(
    "archive",
    (COMMITTEE,),
    (Path("terminated", "archived"), Path("renewed", "archived"), Path(IN_FORCE, "archived", when=expired)),
    "book",
)
ASKED_BACK = Path(IN_FORCE, IN_FORCE, "submit", end_asked)
ASKED_REFUSED = Path(IN_FORCE, IN_FORCE, "approve", end_asked)
MOVES = (
    SUBMIT,
    APPROVE,
    replace(APPROVE_COMMITTEE, asks=("filing_no", "filed_on")),
    replace(RETURN, paths=(*RETURN.paths, ASKED_REFUSED), apply=take_back),
    replace(WITHDRAW, paths=(*WITHDRAW.paths, ASKED_BACK), apply=take_back),
    RENEW,
    AMEND,
    TERMINATE,
    VOID,
    RESTORE,
    ARCHIVE,
    ADOPT,
)
