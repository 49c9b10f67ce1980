"""Transitions as data: a status changes by a named transition only, which is rule, button, right and history at once
(`docs/domain` §2.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _

from portal.core import clock
from portal.core.access import scope
from portal.core.declaration.values import Problem, Values
from portal.core.fields import Field, Label

TRANSITIONS: Mapping[str, Label] = {
    "submit": _("Submit for review"),
    "withdraw": _("Withdraw"),
    "approve": _("Approve"),
    "approve_committee": _("Approve (committee)"),
    "return": _("Return for revision"),
    "amend": _("Amend"),
    "renew": _("Renew"),
    "terminate": _("Terminate"),
    "complete": _("Complete"),
    "void": _("Void"),
    "restore": _("Restore"),
    "archive": _("Archive"),
    "adopt": _("Take over"),
}
STATUSES = frozenset(
    ("draft", "pending_unit", "pending_committee", "returned", "active", "done", "archived", "voided", "terminated")
) | {"renewed"}
# Whose default right a transition is.
FILLER, UNIT, COMMITTEE = "filler", "unit", "committee"
# The steps of review, by how many a type of record takes; then it is in force.
STEPS: Mapping[int, tuple[str, ...]] = {1: (), 2: ("pending_unit",), 3: ("pending_unit", "pending_committee")}
IN_FORCE = "active"
# Targets that depend on the record.
NEXT, BEFORE = "next step", "status before"


@dataclass(frozen=True)
class Edge:
    """A transition from one status to another. `needs` is another permission: that of the step which is undone or
    confirmed."""

    source: str
    target: str = NEXT
    needs: str = ""
    when: Callable[[Any], bool] | None = None
    # Not by whoever filled the record.
    other_eyes: bool = False


@dataclass(frozen=True, eq=False)
class Transition:
    """`reason`: "why" asks for 5 to 200 characters, "field" also for the field concerned.

    `asks` are fields of the record that the transition may fill in, `questions` further ones that are not stored, and
    `rules` validate the answers. `apply(ledger, record, answers)` runs in addition to the status change and returns the
    resulting record.
    """

    name: str
    by: tuple[str, ...]
    edges: tuple[Edge, ...]
    icon: str
    tone: str = "outline-secondary"
    label: Label = ""
    reason: str = ""
    asks: tuple[str, ...] = ()
    questions: Callable[[Any], Mapping[str, Field]] | None = None
    rules: tuple[Callable[[Values], Iterable[Problem]], ...] = ()
    batch: bool = False
    when: Callable[[Any], bool] | None = None
    apply: Callable[[Any, Any, Mapping[str, Any]], Any] | None = None
    # Statuses that records come to by it besides the targets of its edges.
    also_sets: tuple[str, ...] = ()

    @property
    def title(self) -> Label:
        return self.label or TRANSITIONS[self.name]


def next_step(tier: int, status: str) -> str:
    """The next status in a review with this many steps."""
    steps = (*STEPS[tier], IN_FORCE)
    if status in steps:
        return steps[steps.index(status) + 1]
    return IN_FORCE if status.startswith("pending") else steps[0]


def same_period(record: Any) -> bool:
    """Is the record of the current quarter? A unit's reviewer corrects these; the committee corrects older ones
    (§2.1)."""
    return bool(record.period == clock.quarter(clock.today()))


def own_side(record: Any) -> bool:
    """May the user's side submit the record? Units submit their records, the other party what it proposed, the
    committee what it filled in for a unit."""
    principal = scope.current()
    if scope.entered_by_other_party(record) and principal.area_id is None:
        return bool(principal.unit_id == record.owner_unit_id)
    return bool(record.proxy_filled) or principal.unit_id == record.owner_unit_id


def imported(record: Any) -> bool:
    return bool(record.source == "import")


def of_unit_or_committee(source: str, target: str) -> tuple[Edge, Edge]:
    return Edge(source, target, "approve", same_period), Edge(source, target, "approve_committee")


SUBMIT = Transition(
    "submit", (FILLER,), (Edge("draft", when=own_side), Edge("returned", when=own_side)), "check", "primary", batch=True
)
WITHDRAW = Transition(
    "withdraw",
    (FILLER, UNIT),
    (
        Edge("pending_unit", "draft", "submit", own_side),
        Edge("pending_committee", "pending_unit", "approve"),
    ),
    "arrow-back-up",
)
APPROVE = Transition(
    "approve", (UNIT,), (Edge("pending_unit", other_eyes=True),), "circle-check", "primary", batch=True
)
APPROVE_COMMITTEE = Transition(
    "approve_committee",
    (COMMITTEE,),
    (Edge("pending_committee", other_eyes=True),),
    "circle-check",
    "primary",
    batch=True,
)
RETURN = Transition(
    "return",
    (UNIT, COMMITTEE),
    (Edge("pending_unit", "returned", "approve"), Edge("pending_committee", "returned", "approve_committee")),
    "arrow-back-up",
    reason="field",
    batch=True,
)
VOID = Transition(
    "void",
    (UNIT, COMMITTEE),
    (*of_unit_or_committee("active", "voided"), *of_unit_or_committee("returned", "voided")),
    "x",
    "outline-danger",
    reason="why",
)
RESTORE = Transition(
    "restore",
    (UNIT, COMMITTEE),
    (*of_unit_or_committee("voided", BEFORE), Edge("archived", BEFORE, "approve_committee")),
    "refresh",
    reason="why",
)


def unconfirmed(record: Any) -> bool:
    return record.unit_reviewed_at is None


# Of the many records that are in force at once: the unit's reviewer has seen them (§2.1, 1-tier). Where the committee
# chose that the unit reviews, it is the approval.
CONFIRM = Transition(
    "approve",
    (UNIT,),
    (*APPROVE.edges, Edge(IN_FORCE, IN_FORCE, when=unconfirmed, other_eyes=True)),
    "circle-check",
    label=_("Confirm"),
    batch=True,
)
ARCHIVE = Transition("archive", (COMMITTEE,), (Edge("terminated", "archived"), Edge("done", "archived")), "book")
ADOPT = Transition("adopt", (COMMITTEE,), (Edge("draft", IN_FORCE),), "download", batch=True, when=imported)
REVIEW = (SUBMIT, WITHDRAW, APPROVE, APPROVE_COMMITTEE, RETURN, VOID, RESTORE, ADOPT)
