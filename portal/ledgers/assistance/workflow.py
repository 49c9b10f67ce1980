"""The moves of beneficiaries, pairings and visits beyond those of every record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _

from portal.core import clock, ending
from portal.core.amending import AMEND, copy_of
from portal.core.workflow import (
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
    Move,
    Path,
)
from portal.ledgers.assistance.model import Pairing
from portal.ledgers.assistance.rules import TRANSFERRED

BENEFICIARY_MOVES = (
    replace(SUBMIT, label=_("Put on the list")),
    WITHDRAW,
    CONFIRM,
    RETURN,
    Move(
        "renew",
        (FILLER,),
        (Path(IN_FORCE, IN_FORCE),),
        "refresh",
        label=_("Looked at again"),
        asks=("review_on",),
    ),
    Move(
        "terminate",
        (FILLER, UNIT),
        (Path(IN_FORCE, "terminated"),),
        "x",
        "outline-danger",
        label=_("Take off the list"),
        asks=("terminated_on", "exit_reason"),
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


TERMINATE, REFUSE, TAKE_BACK = ending.moves(
    "approve", ("terminated_on", "end_reason", "successor_id"), label=_("End the pairing")
)
PAIRING_MOVES = (
    SUBMIT,
    APPROVE,
    REFUSE,
    TAKE_BACK,
    AMEND,
    TERMINATE,
    Move(
        "renew",
        (FILLER,),
        (Path("terminated", "terminated", when=may_hand_over),),
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
