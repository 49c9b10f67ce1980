"""Records as the rows of a table: labels once a column, texts once a cell, so that the page only prints them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask_babel import gettext
from markupsafe import Markup, escape

from portal.core.declaration.ledger import Ledger
from portal.core.views.lists.listing import Listing
from portal.core.views.lists.position import FROM, query_of

NOTHING = "—"
# Longer texts may be cut, and are shown whole to whoever points at them.
CLAMPED = 12


@dataclass(frozen=True)
class Column:
    """A column. `sort` has the query parameters that sort by it, None if it cannot be sorted."""

    name: str
    label: str
    compact: bool
    leads: bool
    state: bool
    amount: bool
    sort: dict[str, Any] | None
    order: str

    def opening(self, last: bool, filled: bool = True) -> Markup:
        """The opening tag of its cells. Cards of phones leave out what is not `filled`."""
        kinds = {
            "title-cell": self.leads,
            "state-cell": self.state and last,
            "num amount": self.amount,
            "nowrap num": self.compact,
        }
        kind = next((name for name, holds in kinds.items() if holds), "")
        classes = kind if filled else f"{kind} none".strip()
        attributes = Markup('class="{}"').format(classes) if classes else ""
        return Markup('<td data-field="{}" data-label="{}" {}>').format(self.name, self.label, attributes)

    def content(self, id_: int, text: str, badges: Mapping[str, Markup], show: str, way: str) -> str:
        """The HTML content of a cell."""
        if self.state and not self.leads:
            return badges[text]
        if self.leads:
            text = titled(text, id_)
        escaped = escape(text)
        title = f' title="{escaped}"' if len(text) > CLAMPED else ""
        if self.leads:
            return f'<a href="{show}{id_}{way}"{title}>{escaped}</a>'
        return escaped if self.compact or text == NOTHING else f"<span{title}>{escaped}</span>"


@dataclass(frozen=True)
class Table:
    """`rows` are (id, cells), with a cell's text under its column; that of a status is the status itself. `versions`
    and `statuses` are those of the records that have some, by id."""

    ledger: Ledger
    columns: list[Column]
    rows: list[tuple[int, list[tuple[Column, str]]]]
    versions: dict[int, int]
    statuses: dict[int, str]
    totals: Mapping[str, str]
    # What the address of a record adds, so that its page knows the list.
    way: str = ""

    def body(self, badges: Mapping[str, Markup], show: str, tick: str) -> Markup:
        """The rows as HTML. `badges` are those of the statuses, `show` is the address of a record's page without its
        id, and `tick` what the box of a row is called, "" where rows have none. A list has hundreds of cells, and
        drawing them piece by piece in a template took a third of its page."""
        last = self.columns[-1]
        opening = {each.name: each.opening(each is last) for each in self.columns}
        blank = {each.name: each.opening(each is last, filled=each.leads) for each in self.columns}
        box = Markup(
            '<td class="tick"><input class="form-check-input" type="checkbox" name="rowid" aria-label="{}" value="'
        )
        boxed, lines, way = box.format(tick), [], escape(self.way)
        for id_, cells in self.rows:
            status = f' data-status="{self.statuses[id_]}"' if id_ in self.statuses else ""
            lines.append(f'<tr data-id="{id_}"{status}>')
            if tick:
                lines.append(f'{boxed}{id_}">')
                if id_ in self.versions:
                    lines.append(f'<input type="hidden" name="seen" value="{id_}-{self.versions[id_]}">')
                lines.append("</td>")
            for column, text in cells:
                tag = blank if text == NOTHING else opening
                lines += (tag[column.name], column.content(id_, text, badges, show, way), "</td>")
            lines.append("</tr>\n")
        return Markup("".join(lines))  # noqa: S704  # texts are escaped by `content` and `opening`


def titled(text: str, id_: int) -> str:
    """The text of a link to a record: a link that says nothing cannot be followed by many."""
    return gettext("Record %(id)s", id=id_) if text == NOTHING else text


def table(
    ledger: Ledger,
    names: Sequence[str],
    records: Iterable[Any],
    listing: Listing | None = None,
    totals: Mapping[str, Any] | None = None,
) -> Table:
    columns = [column(ledger, name, listing) for name in names]
    kinds = [(each, ledger.field(each.name).kind) for each in columns]
    rows, versions, statuses = [], {}, {}
    for record in records:
        if ledger.versioned:
            versions[record.id] = record.version
        if ledger.review.statuses:
            statuses[record.id] = record.status
        cells, hidden = [], ledger.hidden(record)
        for each, kind in kinds:
            if each.name in hidden:
                cells.append((each, NOTHING))
                continue
            value = kind.read(record, each.name)
            text = value if each.state else kind.brief(value)
            cells.append((each, text or NOTHING))
        rows.append((record.id, cells))
    sums = {name: ledger.field(name).kind.show(value or 0) for name, value in (totals or {}).items()}
    way = f"?{urlencode({FROM: query_of(listing)})}" if listing is not None and not listing.as_of else ""
    return Table(ledger, columns, rows, versions, statuses, sums, way)


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
        amount=declared.kind.adds_up and name != ledger.title_column,
        sort=sort,
        order=order,
    )
