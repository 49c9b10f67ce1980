"""Gaps (待补): what a record in force still lacks, kept with the record."""

from __future__ import annotations

from typing import Any

from portal.core.declaration.ledger import Ledger
from portal.core.declaration.values import Values
from portal.core.declaration.workflow import IN_FORCE
from portal.core.records import attachments


def lacking(ledger: Ledger, record: Any) -> tuple[str, ...]:
    """The missing fields: those that the form requires and, after submission, those that a record in force requires."""
    draft = ledger.editable(record)
    needed = () if draft else ledger.review.required_in_force
    wanted = [name for name, declared in ledger.entered.items() if declared.required or name in needed]
    wanted += ledger.form.also_required(Values(record, {})) if ledger.form.also_required else ()
    wanted += ended(ledger, record)
    fields = [name for name in wanted if ledger.field(name).kind.lacks(record, name)]
    fields += [name for name, declared in ledger.entered.items() if declared.kind.unsure(record, name)]
    asked = [place.name for place in ledger.form.files if place.asked and not draft]
    filled = attachments.places_filled(ledger, record) if asked and record.id is not None else set()
    return (*fields, *(name for name in asked if name not in filled))


def ended(ledger: Ledger, record: Any) -> list[str]:
    """Required fields of the transition to this status, e.g. end date and reason of imported ended records."""
    transitions = (
        each for each in ledger.review.transitions if any(path.target == record.status for path in each.edges)
    )
    asked = (name for transition in transitions if record.status not in (IN_FORCE, "draft") for name in transition.asks)
    return [name for name in dict.fromkeys(asked) if ledger.field(name).required]


def recount(ledger: Ledger, record: Any) -> None:
    record.gaps = lacking(ledger, record) or None
