"""Several records side by side before something is done to all of them: what they share, what differs, and of what the
form warned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from portal.core.access import scope
from portal.core.access.cached_lookups import remembering
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.values import Values
from portal.core.fields import Label
from portal.core.records.forms.form import form_class


@dataclass(frozen=True)
class Compared:
    """The fields with the same text in all records, the labels of those that differ, and for each record their texts
    and its warnings."""

    shared: list[tuple[Label, str]]
    differing: list[Label]
    rows: list[tuple[Any, list[str], list[str]]]


def compare(ledger: Ledger, records: Sequence[Any]) -> Compared:
    """What nobody filled in is left out."""
    told = [dict(_texts(ledger, record)) for record in records]
    titles = [str(record) for record in records]
    shared, differing = [], []
    for name in dict.fromkeys((*_fields(ledger), *(table.name for table in ledger.form.tables))):
        texts = [texts.get(name, "") for texts in told]
        if len({*texts}) > 1 and texts != titles:  # which stand beside them anyway
            differing.append(name)
        elif len({*texts}) == 1 and texts[0]:
            shared.append((ledger.label_of(name), texts[0]))
    with remembering():  # the rules ask the same of the organisation for each
        rows = [
            (record, [texts.get(name, "") for name in differing], warnings(ledger, record))
            for record, texts in zip(records, told, strict=True)
        ]
    return Compared(shared, [ledger.label_of(name) for name in differing], rows)


def _fields(ledger: Ledger) -> tuple[str, ...]:
    return ("owner_unit_id", *ledger.shown) if ledger.review.statuses else ledger.shown


def _texts(ledger: Ledger, record: Any) -> Iterator[tuple[str, str]]:
    """What the page of the record shows, by field and table."""
    hidden = ledger.hidden(record)
    for name in _fields(ledger):
        if name not in hidden:
            kind = ledger.field(name).kind
            yield name, kind.show(kind.read(record, name))
    for table in ledger.tables_for(Values(record, {})):
        cells = ledger.cells(table, record).items()
        lines = (
            [each.kind.show(each.kind.read(row, name)) for name, each in cells] for row in getattr(record, table.name)
        )
        yield table.name, "\n".join(" · ".join(filter(None, line)) for line in lines)


def warnings(ledger: Ledger, record: Any) -> list[str]:
    """What the form says of the record as it is, without preventing it from being saved."""
    form = form_class(ledger)(record=record)
    with scope.doing("check"):
        form.validate()
    return list(dict.fromkeys(form.warnings))
