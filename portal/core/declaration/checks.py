"""Checks of a declaration when the portal starts: all faults at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from click import ClickException

from portal.core.declaration.ledger import VERBS, Ledger, fields_of
from portal.core.declaration.parts import Rows
from portal.core.declaration.workflow import BEFORE, IN_FORCE, NEXT, STATUSES, STEPS

# Names that a form needs for itself.
TAKEN = frozenset(
    (
        *("data", "errors", "meta", "ledger", "record", "parent"),
        *("problems", "warnings", "doubts", "tables", "values", "lenient"),
    )
)


class BadLedger(ClickException):
    """Declarations that cannot work; the portal refuses to start and says all that is wrong."""


def check(ledgers: Iterable[Ledger]) -> None:
    ledgers = tuple(ledgers)
    names = [ledger.name for ledger in ledgers]
    found = [f"two ledgers are called {name!r}" for name in sorted({n for n in names if names.count(n) > 1})]
    for ledger in ledgers:
        found += faults(ledger)
        if ledger.under and ledger.under.ledger not in names:
            found.append(f"{ledger.name}: stands under {ledger.under.ledger!r}, which is no ledger")
    if found:
        raise BadLedger("\n".join(found))


def faults(ledger: Ledger) -> Iterator[str]:
    """Everything wrong with this declaration, in words."""
    known = ledger.fields_by_name
    for name in sorted({*ledger.shown, *ledger.columns, *ledger.filters, *ledger.exported} - known.keys()):
        yield f"{ledger.name}: {ledger.model.__name__} has no field {name!r}"
    for name, found in known.items():
        column = ledger.mapper.columns.get(name)
        yield from (f"{ledger.name}: {fault}" for fault in found.kind.faults(name, column))
    if "status" in ledger.entered and ledger.statuses:
        yield f"{ledger.name}: a status changes by transitions only, so 'status' cannot stand in a form"
    for name in ledger.filters:
        if name in known and known[name].kind.filter_widget is None:
            yield f"{ledger.name}: lists cannot be filtered by {name!r}"
    for table in ledger.rows:
        yield from row_faults(ledger, table)
    taken = TAKEN & {*ledger.entered, *(table.name for table in ledger.rows)}
    yield from (f"{ledger.name}: forms have a meaning of their own for {name!r}" for name in sorted(taken))
    yield from shape_faults(ledger)
    yield from transition_faults(ledger)


def transition_faults(ledger: Ledger) -> Iterator[str]:
    # Edges of transitions that every ledger shares may start where this one never comes.
    edges = [edge for transition in ledger.transitions for edge in transition.edges]
    ends = {edge.target for edge in edges if edge.source in ledger.statuses} - {NEXT, BEFORE}
    unknown = ({edge.source for edge in edges} - STATUSES) | (ends - ledger.statuses.keys())
    if unknown:
        yield f"{ledger.name}: transitions from or to unknown statuses {', '.join(sorted(unknown))}"
    if ledger.statuses and any(edge.target == NEXT for edge in edges):
        lacking = [name for name in (*STEPS[ledger.tier], IN_FORCE) if name not in ledger.statuses]
        yield from (f"{ledger.name}: a review of tier {ledger.tier} needs the status {name!r}" for name in lacking)


def shape_faults(ledger: Ledger) -> Iterator[str]:
    twice = (each.name for each in ledger.figures if each.part is not None and each.part_sum is not None)
    yield from (f"{ledger.name}: figure {name!r} says twice what it counts" for name in twice)
    elsewhere = sorted(ledger.computed.keys() & {*ledger.shown, *ledger.columns, *ledger.imports})
    yield from (f"{ledger.name}: {name!r} is computed for its workbook and stands nowhere else" for name in elsewhere)
    unknown = sorted(set(ledger.verbs) - VERBS.keys())
    if unknown:
        yield f"{ledger.name}: unknown verbs {', '.join(unknown)}"
    if ledger.order.removeprefix("-") not in {*ledger.sortable, "sort_no"}:
        yield f"{ledger.name}: cannot be ordered by {ledger.order!r}"
    if ledger.scoped and ledger.model.ledger_name != ledger.name:
        yield f"{ledger.name}: {ledger.model.__name__}.ledger_name says {ledger.model.ledger_name!r}"
    if not any("__str__" in vars(each) for each in ledger.model.__mro__ if each is not object):
        yield f"{ledger.name}: {ledger.model.__name__} needs a __str__, which is what its pages call a record"
    if ledger.statuses and "status" not in ledger.mapper.columns:
        yield f"{ledger.name}: statuses need a 'status' column"
    if ledger.tree and ledger.tree not in ledger.mapper.relationships:
        yield f"{ledger.name}: {ledger.model.__name__} has no relationship {ledger.tree!r}"
    if ledger.under and ledger.under.relation not in ledger.mapper.relationships:
        yield f"{ledger.name}: {ledger.model.__name__} has no relationship {ledger.under.relation!r}"


def row_faults(ledger: Ledger, table: Rows) -> Iterator[str]:
    if table.name not in ledger.mapper.relationships:
        yield f"{ledger.name}: {ledger.model.__name__} has no relationship {table.name!r}"
        return
    declared = {**fields_of(ledger.rows_model(table)), **table.declared}
    for name in table.fields:
        if name not in declared:
            yield f"{ledger.name}: rows of {table.name} have no field {name!r}"
    if not hasattr(ledger.rows_model(table), "position"):
        yield f"{ledger.name}: rows of {table.name} need a 'position' column"
