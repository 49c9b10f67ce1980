"""End dates and reasons of records that have ended according to a sheet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.core.declaration.ledger import Ledger
from portal.core.declaration.values import Values
from portal.core.fields import BadValue
from portal.core.records import gaps
from portal.core.spreadsheet.columns.guide import asked_at
from portal.core.spreadsheet.importer.verdict import Rejected


def take_ends(ledger: Ledger, record: Any, cells: Mapping[str, str], *, new: bool) -> list[str]:
    """Store end date and reason in a new record that has ended; returns the fields that are not stored. Raises
    Rejected."""
    taken, left = [], []
    for name, statuses in asked_at(ledger).items():
        kind, text = ledger.field(name).kind, cells.get(name, "")
        if not text or kind.is_mask(text):
            continue
        try:
            value = kind.parse(kind.from_cell(text), None)
        except BadValue as fault:
            raise Rejected(name, str(fault)) from None
        if new and record.status in statuses:
            kind.store(record, name, value)
            taken.append(name)
        elif value != kind.stored(record, name):
            left.append(name)
    if taken:
        judge(ledger, record)
        gaps.recount(ledger, record)
    return left


def judge(ledger: Ledger, record: Any) -> None:
    """Apply the rules of the transition to this status. Raises Rejected."""
    values = Values(record, {}, from_paper=True)
    for transition in ledger.review.transitions:
        if any(path.target == record.status for path in transition.edges):
            for problem in (problem for rule in transition.rules for problem in rule(values) if not problem.warning):
                raise Rejected(problem.field, str(problem.text))


__all__ = ["take_ends"]
