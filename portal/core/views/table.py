"""Records as the rows of a table: labels once a column, texts once a cell, so that the page only prints them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup, escape

from portal.core.declaration.ledger import Ledger
from portal.core.views.listing import Listing
from portal.core.views.position import FROM, query_of

NOTHING = "—"
# Longer texts may be cut to two lines, and are shown whole to whoever points at them.
CLAMPED = 20


@dataclass(frozen=True)
class Column:
    """A column. `sort` has the query parameters that sort by it, None if it cannot be sorted."""

    name: str
    label: str
    compact: bool
    leads: bool
    state: bool
    sort: dict[str, Any] | None
    order: str

    def opening(self, last: bool) -> Markup:
        """The opening tag of its cells."""
        kind = (
            "title-cell"
            if self.leads
            else "state-cell"
            if self.state and last
            else "nowrap num"
            if self.compact
            else ""
        )
        attributes = Markup('class="{}"').format(kind) if kind else ""
        return Markup('<td data-field="{}" data-label="{}" {}>').format(self.name, self.label, attributes)

    def content(self, id_: int, text: str, badges: Mapping[str, Markup], show: str, way: str) -> str:
        """The HTML content of a cell."""
        if self.state and not self.leads:
            return badges[text]
        escaped = escape(text)
        if self.leads:
            title = f' title="{escaped}"' if len(text) > CLAMPED else ""
            return f'<a href="{show}{id_}{way}"{title}>{escaped}</a>'
        return escaped if self.compact else f"<span>{escaped}</span>"


@dataclass(frozen=True)
class Table:
    """`rows` are (id, cells), with a cell's text under its column; that of a status is the status itself. `versions`
    are those of the records that have some, by id."""

    ledger: Ledger
    columns: list[Column]
    rows: list[tuple[int, list[tuple[Column, str]]]]
    versions: dict[int, int]
    # What the address of a record adds, so that its page knows the list.
    way: str = ""

    def body(self, badges: Mapping[str, Markup], show: str, tick: str) -> Markup:
        """The rows as HTML. `badges` are those of the statuses, `show` is the address of a record's page without its
        id, and `tick` what the box of a row is called, "" where rows have none. A list has hundreds of cells, and
        drawing them piece by piece in a template took a third of its page."""
        last = self.columns[-1]
        opening = {each.name: each.opening(each is last) for each in self.columns}
        box = Markup(
            '<td class="tick"><input class="form-check-input" type="checkbox" name="rowid" aria-label="{}" value="'
        )
        boxed, lines, way = box.format(tick), [], escape(self.way)
        for id_, cells in self.rows:
            lines.append(f'<tr data-id="{id_}">')
            if tick:
                lines.append(f'{boxed}{id_}">')
                if id_ in self.versions:
                    lines.append(f'<input type="hidden" name="seen" value="{id_}-{self.versions[id_]}">')
                lines.append("</td>")
            for column, text in cells:
                lines += (opening[column.name], column.content(id_, text, badges, show, way), "</td>")
            lines.append("</tr>\n")
        return Markup("".join(lines))  # noqa: S704  # texts are escaped by `content` and `opening`


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
    way = f"?{urlencode({FROM: query_of(listing)})}" if listing is not None and not listing.as_of else ""
    return Table(ledger, columns, rows, versions, way)


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
