"""The transitions of study groups, plans and sessions beyond those of every record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _

from portal.core.declaration.workflow import (
    ADOPT,
    APPROVE,
    APPROVE_COMMITTEE,
    ARCHIVE,
    COMMITTEE,
    CONFIRM,
    FILLER,
    IN_FORCE,
    RESTORE,
    RETURN,
    SUBMIT,
    VOID,
    WITHDRAW,
    Edge,
    Transition,
)
from portal.core.records.shared_rules import not_before
from portal.core.review import termination
from portal.core.review.amendments import AMEND, copy_of
from portal.ledgers.study.model import StudyPlan
from portal.ledgers.study.rules import next_span

TERMINATE, REFUSE, TAKE_BACK = termination.transitions(
    "approve_committee", label=_("Dissolve"), rules=(not_before("terminated_on", founded_on=_("Founded on")),)
)
STOP = Transition("complete", (COMMITTEE,), (Edge(IN_FORCE, "done"),), "lock", label=_("Stop"), reason="why")
GROUP_MOVES = (
    SUBMIT,
    APPROVE,
    APPROVE_COMMITTEE,
    REFUSE,
    TAKE_BACK,
    AMEND,
    STOP,
    TERMINATE,
    VOID,
    replace(RESTORE, edges=(*RESTORE.edges, Edge("done", IN_FORCE, "approve_committee"))),
    ARCHIVE,
    ADOPT,
)


def copy_plan(ledger: Any, plan: StudyPlan, _answers: Mapping[str, Any]) -> StudyPlan:
    """A draft for the period after this one, with the topics of this one to go on from."""
    draft: StudyPlan = copy_of(ledger, plan)
    draft.plan_year, draft.span = next_span(plan)
    draft.year = draft.plan_year
    for topic in draft.plan_topics:
        topic.month = None
    return draft


PLAN_MOVES = (
    replace(SUBMIT, label=_("Publish")),
    Transition("complete", (FILLER,), (Edge(IN_FORCE, "done"),), "check"),
    Transition(
        "renew",
        (FILLER,),
        (Edge(IN_FORCE, IN_FORCE), Edge("done", "done")),
        "refresh",
        label=_("Copy for the next period"),
        apply=copy_plan,
    ),
    VOID,
    RESTORE,
)
SESSION_MOVES = (SUBMIT, WITHDRAW, CONFIRM, RETURN, VOID, RESTORE, ADOPT)
