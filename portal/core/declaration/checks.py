"""Checks of a declaration when the portal starts: all faults at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from click import ClickException
from sqlalchemy import inspect

from portal.core.declaration.ledger import VERBS, Ledger, fields_of
from portal.core.declaration.parts import ChildTable
from portal.core.declaration.workflow import BEFORE, IN_FORCE, NEXT, STATUSES, STEPS
from portal.core.fields import Field, Link, Person

# Names that a form needs for itself.
TAKEN = frozenset(
    (
        *("data", "errors", "meta", "ledger", "record", "parent"),
        *("problems", "warnings", "doubts", "tables", "values", "lenient"),
    )
)


class BadLedger(ClickException):
    """Raised for invalid declarations; the portal does not start and lists all errors."""


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
    """All errors of this declaration as text, each with its group."""
    for group, found in (
        ("fields", field_faults(ledger)),
        ("form", form_faults(ledger)),
        ("list", list_faults(ledger)),
        ("review", review_faults(ledger)),
        ("sheet", sheet_faults(ledger)),
        ("privacy", unknown_fields(ledger, (*ledger.privacy.internal, *ledger.privacy.sensitive))),
        ("figures", figure_faults(ledger)),
    ):
        yield from (f"{ledger.name}.{group}: {fault}" for fault in found)
    yield from (f"{ledger.name}: {fault}" for fault in model_faults(ledger))


def unknown_fields(ledger: Ledger, names: Iterable[str]) -> Iterator[str]:
    for name in sorted(set(names) - ledger.fields_by_name.keys()):
        yield f"{ledger.model.__name__} has no field {name!r}"


def unknown_relationship(ledger: Ledger, name: str) -> Iterator[str]:
    if name and name not in ledger.mapper.relationships:
        yield f"{ledger.model.__name__} has no relationship {name!r}"


def field_faults(ledger: Ledger) -> Iterator[str]:
    for name, found in ledger.fields_by_name.items():
        yield from found.kind.faults(name, ledger.mapper.columns.get(name))
    yield from links_without_relationship(ledger.model, ledger.fields_by_name)


def links_without_relationship(model: type[Any], fields: Mapping[str, Field]) -> Iterator[str]:
    """A field that links is read through the relationship of its name without `_id`; people are read as written."""
    mapper = inspect(model)
    for name, found in fields.items():
        if isinstance(found.kind, Link) and not isinstance(found.kind, Person) and name in mapper.columns:
            relation = found.kind.relation(name)
            if relation not in mapper.relationships:
                yield f"{name} links to another table, but {model.__name__} has no relationship {relation!r}"


def form_faults(ledger: Ledger) -> Iterator[str]:
    yield from unknown_fields(ledger, ledger.shown)
    if "status" in ledger.entered and ledger.review.statuses:
        yield "a status changes by transitions only, so 'status' cannot stand in a form"
    for table in ledger.form.tables:
        yield from table_faults(ledger, table)
    beginning = {*ledger.form.carried, *ledger.form.copied, *ledger.form.begins} - ledger.entered.keys()
    yield from (f"no form takes {name!r}, so no record begins with it" for name in sorted(beginning))
    if ledger.form.carried and not ledger.scoped:
        yield "its records belong to no unit, so nothing is carried over from the unit's last one"
    taken = TAKEN & {*ledger.entered, *(table.name for table in ledger.form.tables)}
    yield from (f"forms have a meaning of their own for {name!r}" for name in sorted(taken))


def table_faults(ledger: Ledger, table: ChildTable) -> Iterator[str]:
    yield from (faults := list(unknown_relationship(ledger, table.name)))
    if faults:
        return
    declared = {**fields_of(ledger.rows_model(table)), **table.declared}
    for name in table.fields:
        if name not in declared:
            yield f"rows of {table.name} have no field {name!r}"
    yield from links_without_relationship(ledger.rows_model(table), ledger.rows_fields(table))
    if not hasattr(ledger.rows_model(table), "position"):
        yield f"rows of {table.name} need a 'position' column"


def list_faults(ledger: Ledger) -> Iterator[str]:
    yield from unknown_fields(ledger, (*ledger.list.columns, *ledger.list.filters))
    for name in ledger.list.filters:
        if ledger.has(name) and ledger.field(name).kind.filter_widget is None:
            yield f"lists cannot be filtered by {name!r}"
    own = {name for name in ledger.list.columns if ledger.has(name)}
    if own == {*ledger.list.columns} and ledger.list.order.removeprefix("-") not in {*ledger.sortable, "sort_no"}:
        yield f"cannot be ordered by {ledger.list.order!r}"
    yield from unknown_relationship(ledger, ledger.list.tree)


def review_faults(ledger: Ledger) -> Iterator[str]:
    statuses = ledger.review.statuses
    if statuses and "status" not in ledger.mapper.columns:
        yield "statuses need a 'status' column"
    yield from unknown_fields(ledger, ledger.review.required_in_force)
    # Edges of transitions that every ledger shares may start where this one never comes.
    edges = [edge for transition in ledger.review.transitions for edge in transition.edges]
    ends = {edge.target for edge in edges if edge.source in statuses} - {NEXT, BEFORE}
    ends |= {status for transition in ledger.review.transitions for status in transition.also_sets}
    unknown = ({edge.source for edge in edges} - STATUSES) | (ends - statuses.keys())
    if unknown:
        yield f"transitions from or to unknown statuses {', '.join(sorted(unknown))}"
    if statuses and any(edge.target == NEXT for edge in edges):
        lacking = [name for name in (*STEPS[ledger.review.tier], IN_FORCE) if name not in statuses]
        yield from (f"a review of tier {ledger.review.tier} needs the status {name!r}" for name in lacking)


def sheet_faults(ledger: Ledger) -> Iterator[str]:
    yield from unknown_fields(ledger, ledger.sheet.export)
    elsewhere = sorted(ledger.computed.keys() & {*ledger.shown, *ledger.list.columns, *ledger.sheet.words})
    yield from (f"{name!r} is computed for its workbook and stands nowhere else" for name in elsewhere)


def figure_faults(ledger: Ledger) -> Iterator[str]:
    twice = (each.name for each in ledger.figures if each.part is not None and each.part_sum is not None)
    yield from (f"figure {name!r} says twice what it counts" for name in twice)


def model_faults(ledger: Ledger) -> Iterator[str]:
    unknown = sorted(set(ledger.verbs) - VERBS.keys())
    if unknown:
        yield f"unknown verbs {', '.join(unknown)}"
    if ledger.scoped and ledger.model.ledger_name != ledger.name:
        yield f"{ledger.model.__name__}.ledger_name says {ledger.model.ledger_name!r}"
    if not any("__str__" in vars(each) for each in ledger.model.__mro__ if each is not object):
        yield f"{ledger.model.__name__} needs a __str__, which is what its pages call a record"
    if ledger.under:
        yield from unknown_relationship(ledger, ledger.under.relation)
