"""The transitions of service projects and of what puts them off (`docs/domain` §2.5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _

from portal.core import clock
from portal.core.access import scope
from portal.core.declaration.workflow import (
    ADOPT,
    APPROVE,
    APPROVE_COMMITTEE,
    ARCHIVE,
    BEFORE,
    COMMITTEE,
    FILLER,
    IN_FORCE,
    RESTORE,
    RETURN,
    SUBMIT,
    VOID,
    WITHDRAW,
    Edge,
    Transition,
    own_side,
)
from portal.core.review.amendments import AMEND
from portal.ledgers.service.model import ServiceProject
from portal.ledgers.service.rules import finished_after_approval, passed


def approve_project(_ledger: Any, project: ServiceProject, _answers: Mapping[str, Any]) -> ServiceProject:
    if project.status == IN_FORCE and project.approved_on is None:
        project.approved_on = clock.today()
    return project


def may_ask_acceptance(project: ServiceProject) -> bool:
    return own_side(project) and project.acceptance_asked_on is None


def complete(_ledger: Any, project: ServiceProject, _answers: Mapping[str, Any]) -> ServiceProject:
    """Asked for by the unit, made by the committee once the acceptance was passed."""
    if project.status == "done":
        project.prior_status = IN_FORCE
    else:
        project.acceptance_asked_on = clock.today()
        project.editor_id = scope.current().user_id
    return project


def not_yet(_ledger: Any, project: ServiceProject, _answers: Mapping[str, Any]) -> ServiceProject:
    if project.status == IN_FORCE:
        project.acceptance_asked_on = project.done_on = project.outcome = None
    return project


def asked(project: ServiceProject) -> bool:
    return project.acceptance_asked_on is not None


def end(_ledger: Any, project: ServiceProject, _answers: Mapping[str, Any]) -> ServiceProject:
    project.prior_status = "pending_committee" if project.approved_on is None else IN_FORCE
    return project


def was_in_force(project: ServiceProject) -> bool:
    """What was refused before its approval goes back to be approved; what was taken over as ended has been in force."""
    return project.prior_status in (None, IN_FORCE)


PROJECT_MOVES = (
    SUBMIT,
    APPROVE,
    replace(APPROVE_COMMITTEE, label=_("Approve as project"), asks=("approved_on",), apply=approve_project),
    replace(RETURN, edges=(*RETURN.edges, Edge(IN_FORCE, IN_FORCE, "approve_committee", asked)), apply=not_yet),
    replace(WITHDRAW, edges=(*WITHDRAW.edges, Edge(IN_FORCE, IN_FORCE, "submit", asked)), apply=not_yet),
    Transition(
        "complete",
        (FILLER, COMMITTEE),
        (
            Edge(IN_FORCE, IN_FORCE, "submit", may_ask_acceptance),
            Edge(IN_FORCE, "done", "approve_committee", passed, other_eyes=True),
        ),
        "circle-check",
        "primary",
        asks=("done_on", "outcome"),
        rules=(finished_after_approval,),
        apply=complete,
    ),
    AMEND,
    Transition(
        "terminate",
        (COMMITTEE,),
        (
            Edge("pending_committee", "terminated", "approve_committee"),
            Edge(IN_FORCE, "terminated", "approve_committee"),
        ),
        "x",
        "outline-danger",
        label=_("Refuse or end"),
        reason="why",
        apply=end,
    ),
    VOID,
    replace(
        RESTORE,
        edges=(
            *RESTORE.edges,
            Edge("terminated", IN_FORCE, "approve_committee", was_in_force),
            Edge("terminated", BEFORE, "approve_committee"),
        ),
    ),
    ARCHIVE,
    ADOPT,
)
EXTENSION_MOVES = (SUBMIT, APPROVE, APPROVE_COMMITTEE, RETURN, WITHDRAW, VOID)
