"""Records as the rows of a table: labels once a column, texts once a cell, so that the page only prints them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from portal.core.declaration.ledger import Ledger
from portal.core.views.listing import Listing

NOTHING = "—"


@dataclass(frozen=True)
class Column:
    """One column. `sort` are the arguments of the address that sorts by it, None where nothing does."""

    name: str
    label: str
    compact: bool
    leads: bool
    state: bool
    sort: dict[str, Any] | None
    order: str


@dataclass(frozen=True)
class Table:
    """`rows` are (id, cells), with a cell's text under its column; that of a status is the status itself. `versions`
    are those of the records that have some, by id."""

    ledger: Ledger
    columns: list[Column]
    rows: list[tuple[int, list[tuple[Column, str]]]]
    versions: dict[int, int]


def table(ledger: Ledger, names: Sequence[str], records: Iterable[Any], listing: Listing | None = None) -> Table:
    columns = [column(ledger, name, listing) for name in names]
    kinds = [(each, ledger.field(each.name).kind) for each in columns]
    rows, versions = [], {}
    for record in records:
        if ledger.versioned:
            versions[record.id] = record.version
        cells, hidden = [], ledger.hidden(record)
        for each, kind in kinds:
            if each.name in hidden:
                cells.append((each, NOTHING))
                continue
            value = kind.read(record, each.name)
            text = value if each.state else kind.brief(value)
            cells.append((each, text or NOTHING))
        rows.append((record.id, cells))
    return Table(ledger, columns, rows, versions)


def column(ledger: Ledger, name: str, listing: Listing | None) -> Column:
    declared = ledger.field(name)
    sort, order = None, ""
    if listing is not None and name in ledger.sortable:
        down = listing.order == name
        sort = listing.address(order=f"-{name}" if down else name, page=0)
        order = {name: "ascending", f"-{name}": "descending"}.get(listing.order, "")
    return Column(
        name=name,
        label=str(declared.label),
        compact=declared.kind.compact,
        leads=name == ledger.title_column,
        state=name == "status" and bool(ledger.review.statuses),
        sort=sort,
        order=order,
    )
