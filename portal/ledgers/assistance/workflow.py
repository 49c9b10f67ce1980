"""The transitions of beneficiaries, pairings and visits beyond those of every record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from portal.core import clock
from portal.core.access import scope
from portal.core.declaration.workflow import (
    ADOPT,
    APPROVE,
    ARCHIVE,
    CONFIRM,
    FILLER,
    IN_FORCE,
    RESTORE,
    RETURN,
    SUBMIT,
    UNIT,
    VOID,
    WITHDRAW,
    Edge,
    Transition,
)
from portal.core.fields import Choice, Field
from portal.core.records.shared_rules import not_before
from portal.core.review import termination
from portal.core.review.amendments import AMEND, copy_of
from portal.extensions import db
from portal.ledgers.assistance.model import Beneficiary, Pairing
from portal.ledgers.assistance.rules import TRANSFERRED

OPEN_PAIRINGS = Choice(("end", _("They end on the same day")), ("keep", _("They go on")))


def open_pairings(person: Beneficiary) -> Sequence[Pairing]:
    """Those in force whose end nobody has asked for."""
    query = select(Pairing).where(Pairing.beneficiary_id == person.id, Pairing.status == IN_FORCE)
    return db.session.scalars(query.where(Pairing.terminated_on.is_(None)).order_by(Pairing.id)).all()


def about_pairings(person: Beneficiary) -> dict[str, Field]:
    """Who leaves the list while somebody helps them: what becomes of that?"""
    found = open_pairings(person)
    if not found:
        return {}
    label = _("Pairings in force with this person: %(count)d", count=len(found))
    return {
        "pairings": Field(OPEN_PAIRINGS, label, required=True, hint=_("An end is confirmed by the unit's reviewer"))
    }


def leave(_ledger: Any, person: Beneficiary, answers: Mapping[str, Any]) -> Beneficiary:
    """The end of the pairings is asked for, as their own transition does; a second person confirms it."""
    for pairing in open_pairings(person) if answers.get("pairings") == "end" else ():
        pairing.terminated_on, pairing.end_reason = person.terminated_on, person.exit_reason
        pairing.editor_id = scope.current().user_id
    return person


BENEFICIARY_MOVES = (
    replace(SUBMIT, label=_("Put on the list")),
    WITHDRAW,
    CONFIRM,
    RETURN,
    Transition(
        "renew",
        (FILLER,),
        (Edge(IN_FORCE, IN_FORCE),),
        "refresh",
        label=_("Looked at again"),
        asks=("review_on",),
    ),
    Transition(
        "terminate",
        (FILLER, UNIT),
        (Edge(IN_FORCE, "terminated"),),
        "x",
        "outline-danger",
        label=_("Take off the list"),
        asks=("terminated_on", "exit_reason"),
        questions=about_pairings,
        apply=leave,
    ),
    VOID,
    RESTORE,
    ARCHIVE,
    ADOPT,
)


def hand_over(ledger: Any, pairing: Pairing, _answers: Mapping[str, Any]) -> Pairing:
    """A draft for the successor, with what the two had agreed."""
    draft: Pairing = copy_of(ledger, pairing)
    draft.helper_member_id, draft.helper_name = pairing.successor_id, pairing.successor_name
    draft.helper_org_id = None if pairing.successor_name else pairing.helper_org_id
    draft.start_on, draft.end_on = clock.today(), None
    draft.called = pairing.called
    return draft


def may_hand_over(pairing: Pairing) -> bool:
    return pairing.end_reason == TRANSFERRED


TERMINATE, REFUSE, TAKE_BACK = termination.transitions(
    "approve",
    ("terminated_on", "end_reason", "successor_id"),
    label=_("End the pairing"),
    rules=(not_before("terminated_on", start_on=_("Paired on")),),
)
PAIRING_MOVES = (
    SUBMIT,
    APPROVE,
    REFUSE,
    TAKE_BACK,
    AMEND,
    TERMINATE,
    Transition(
        "renew",
        (FILLER,),
        (Edge("terminated", "terminated", when=may_hand_over),),
        "refresh",
        label=_("Hand over"),
        apply=hand_over,
    ),
    VOID,
    RESTORE,
    ARCHIVE,
    ADOPT,
)
VISIT_MOVES = (SUBMIT, WITHDRAW, CONFIRM, RETURN, VOID, RESTORE, ADOPT)
