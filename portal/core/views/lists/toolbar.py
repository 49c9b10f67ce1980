"""The toolbar of a list: filter fields, a chip for each filter that is set, and what its menus hold.

All of it are links and forms with the state of the list in their address, so that it works without scripts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from flask_babel import gettext

from portal.core import clock
from portal.core.declaration.ledger import Ledger
from portal.core.fields import Field, long_date
from portal.core.fields import Link as LinkKind
from portal.core.fields.periods import PERIODS, named, quarter_before
from portal.core.views.lists.listing import Listing, choosable, filterable

EARLIER = 3  # quarters offered before the last one


@dataclass(frozen=True)
class Filter:
    """A filter field: the texts that were chosen, and the choices that are on the page."""

    name: str
    field: Field
    texts: Sequence[str]
    options: Iterable[tuple[str, str]] | None
    remote: bool

    @property
    def said(self) -> str:
        """What is chosen, in words."""
        if self.texts and self.texts[0] in PERIODS:
            return str(PERIODS[self.texts[0]].label)
        labels = dict(self.options or ())
        texts = [labels.get(text, text) for text in self.texts]
        return " – ".join(texts) if self.field.kind.filter_widget == "days" else ", ".join(filter(None, texts))

    @property
    def days(self) -> Sequence[str]:
        """The texts of its two fields, where it is one of days."""
        if len(self.texts) != 1:
            return self.texts
        period = named(self.texts[0])
        return [day.isoformat() for day in period] if period else [*self.texts, *self.texts]


class Chip(NamedTuple):
    """A filter that is set; `without` is the address of the list without it."""

    label: str
    text: str
    without: dict[str, Any]


class Link(NamedTuple):
    """Another state of the list: its address, and whether it is the present one."""

    label: str
    there: dict[str, Any]
    current: bool


def filters_of(listing: Listing) -> list[Filter]:
    """The filter fields with what is chosen; no choices of links are loaded into a list page."""
    found = []
    for name in filterable(listing.ledger):
        declared, texts = listing.ledger.field(name), listing.filters.get(name, [])
        remote = isinstance(declared.kind, LinkKind)
        options = declared.kind.shown_choices(texts) if remote else declared.kind.options()
        found.append(Filter(name, declared, texts, options, remote))
    return found


def chips(listing: Listing, filters: Iterable[Filter]) -> Iterator[Chip]:
    for each in filters:
        if any(each.texts):
            rest = {name: texts for name, texts in listing.filters.items() if name != each.name}
            yield Chip(str(each.field.label), each.said, listing.address(filters=rest, page=0))
    if listing.figure:
        yield Chip(gettext("Figure"), str(listing.figure_label), listing.address(figure="", page=0))
    if listing.as_of:
        yield Chip(gettext("As of"), long_date(listing.as_of), listing.address(as_of=None, page=0))


def dated_by(ledger: Ledger) -> str:
    """The date by which the quarters and years of a list are: the first that it filters by; "" if by none."""
    names = filterable(ledger)
    return next((name for name in names if ledger.field(name).kind.filter_widget == "days"), "")


def periods(listing: Listing) -> list[Link]:
    """The present and the last quarter and year, which move on with the day, and the quarters before them."""
    name = dated_by(listing.ledger)
    if not name:
        return []
    found = [(str(period.label), [word]) for word, period in PERIODS.items()]
    first, last = quarter_before(quarter_before(clock.today())[0])
    for _each in range(EARLIER):
        label = gettext("Q%(quarter)d %(year)d", quarter=last.month // 3, year=last.year)
        found.append((label, [first.isoformat(), last.isoformat()]))
        first, last = quarter_before(first)
    now = listing.filters.get(name)
    return [
        Link(label, listing.address(filters={**listing.filters, name: texts}, page=0), texts == now)
        for label, texts in found
    ]


def column_choices(listing: Listing) -> list[tuple[str, str, bool]]:
    """(name, label, shown) of the fields that the list may show: those shown first, in their order."""
    ledger = listing.ledger
    names = dict.fromkeys([*listing.columns, *choosable(ledger)])
    return [(name, str(ledger.label_of(name)), name in listing.columns) for name in names]


def kept_in_forms(listing: Listing, *without: str) -> list[tuple[str, str]]:
    """The state of the list as hidden fields of a form that changes what is named in `without`, and begins at the
    first page."""
    pairs = []
    for name, value in replace(listing, page=0).address().items():
        if name not in without:
            pairs += [(name, str(text)) for text in (value if isinstance(value, list) else [value])]
    return pairs
