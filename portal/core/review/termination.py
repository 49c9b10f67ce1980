"""Termination before the end date: requested by the unit, confirmed by somebody else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from portal.core.access import scope
from portal.core.declaration.workflow import (
    COMMITTEE,
    FILLER,
    IN_FORCE,
    RETURN,
    UNIT,
    WITHDRAW,
    Edge,
    Transition,
    own_side,
)


def asked(record: Any) -> bool:
    return record.status == IN_FORCE and record.terminated_on is not None


def may_ask(record: Any) -> bool:
    return own_side(record) and not asked(record)


def transitions(
    confirm: str,
    asks: tuple[str, ...] = ("terminated_on", "terminate_reason"),
    ended: Callable[[Any], None] | None = None,
    **how: Any,
) -> tuple[Transition, Transition, Transition]:
    """Terminate, return and withdraw, for a ledger whose terminations need the permission `confirm`.

    The model has `terminated_on` and the other fields in `asks`; `ended` is called when a record is terminated.
    """

    def end(_ledger: Any, record: Any, _answers: Mapping[str, Any]) -> Any:
        if record.status == "terminated":
            record.prior_status = IN_FORCE
            if ended:
                ended(record)
        else:
            record.editor_id = scope.current().user_id
        return record

    def take_back(_ledger: Any, record: Any, _answers: Mapping[str, Any]) -> Any:
        """Clear the termination fields if the record stays in force."""
        if record.status == IN_FORCE:
            for name in asks:
                setattr(record, name, None)
        return record

    terminate = Transition(
        "terminate",
        (FILLER, UNIT if confirm == "approve" else COMMITTEE),
        (
            Edge(IN_FORCE, IN_FORCE, "submit", may_ask),
            Edge(IN_FORCE, "terminated", confirm, asked, other_eyes=True),
        ),
        "x",
        "outline-danger",
        asks=asks,
        apply=end,
        **how,
    )
    refuse = replace(RETURN, edges=(*RETURN.edges, Edge(IN_FORCE, IN_FORCE, confirm, asked)), apply=take_back)
    withdraw = replace(WITHDRAW, edges=(*WITHDRAW.edges, Edge(IN_FORCE, IN_FORCE, "submit", asked)), apply=take_back)
    return terminate, refuse, withdraw
