"""Transitions of agreements beyond those of every record (`docs/domain` §2.2.5): renewal, termination by two people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from portal.core import clock
from portal.core.declaration.parts import Amended
from portal.core.declaration.workflow import (
    ADOPT,
    APPROVE,
    APPROVE_COMMITTEE,
    ARCHIVE,
    FILLER,
    IN_FORCE,
    RESTORE,
    SUBMIT,
    VOID,
    Edge,
    Transition,
)
from portal.core.records.shared_rules import not_before
from portal.core.review import termination
from portal.core.review.amendments import AMEND, ENDED, copy_of
from portal.extensions import db
from portal.ledgers.cobuilding.figures import EXPIRING_DAYS
from portal.ledgers.cobuilding.model import Agreement, AgreementChange
from portal.ledgers.cobuilding.rules import DEFAULT_YEARS, last_day

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


def successor_under_way(agreement: Agreement) -> bool:
    query = select(Agreement.id).where(Agreement.previous_id == agreement.id, Agreement.status.not_in(ENDED))
    return db.session.scalars(query.limit(1)).first() is not None


def may_renew(agreement: Agreement) -> bool:
    return termination.may_ask(agreement) and not successor_under_way(agreement)


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


def ended(agreement: Agreement) -> None:
    write_down(agreement, AgreementChange(change_type="end", new_value=f"{agreement.terminated_on}", reason="终止"))


def amended(agreement: Agreement, changes: Iterable[Amended], reason: str) -> None:
    for change in changes:
        kind = CHANGE_TYPES.get(change.name, "content")
        old, new = change.old[:500] or None, change.new[:500] or None
        row = AgreementChange(change_type=kind, field_name=change.name, old_value=old, new_value=new, reason=reason)
        write_down(agreement, row)


def write_down(agreement: Agreement, change: AgreementChange) -> None:
    change.position = len(agreement.agreement_changes)
    agreement.agreement_changes.append(change)


RENEW = Transition("renew", (FILLER,), (Edge(IN_FORCE, IN_FORCE, when=may_renew),), "refresh", "primary", apply=renew)
TERMINATE, REFUSE, TAKE_BACK = termination.transitions(
    "approve",
    ended=ended,
    rules=(not_before("terminated_on", signed_on=_("Signed on")),),
)
TRANSITIONS = (
    SUBMIT,
    APPROVE,
    replace(APPROVE_COMMITTEE, asks=("filing_no", "filed_on")),
    REFUSE,
    TAKE_BACK,
    RENEW,
    AMEND,
    TERMINATE,
    VOID,
    RESTORE,
    replace(
        ARCHIVE,
        edges=(Edge("terminated", "archived"), Edge("renewed", "archived"), Edge(IN_FORCE, "archived", when=expired)),
    ),
    ADOPT,
)
