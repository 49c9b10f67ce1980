"""Existing natural keys, queried for many rows at once.

What is looked up holds while the transaction lasts in which it was: it keeps the ledger from others
(`portal/core/transactions/ledger_lock.py`), and what the rows themselves store is noted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import select

from portal.core.declaration.ledger import Ledger
from portal.core.fields import BadValue, Kind
from portal.core.records.forms.form import LedgerForm
from portal.core.transactions import ledger_lock
from portal.extensions import db


class KnownKeys:
    """Cache of existing natural keys, valid only for the prefetched rows."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        kinds = {name: ledger.field(name).kind for name in ledger.sheet.identity}
        # Compared as their columns are; fewer fields than the key only mean that more rows ask.
        self.kinds = {name: kind for name, kind in kinds.items() if type(kind).same is Kind.same}
        usable = not ledger.under and not ledger.sheet.other_identities
        self.first = next((name for name, kind in self.kinds.items() if usable and kind.selective), "")
        self.looked_up: set[Any] = set()
        self.there: set[tuple[Any, ...]] = set()

    def look_up(self, rows: Iterable[Mapping[str, str]]) -> None:
        """Replace the cache by the keys of these rows."""
        if not self.first:
            return
        self.looked_up = self._values(rows)
        if self.looked_up:
            ledger_lock.hold(self.ledger.name)
            model = self.ledger.model
            columns = [getattr(model, name) for name in self.kinds]
            query = select(*columns).where(getattr(model, self.first).in_([*self.looked_up]))
            self.there = {self._key(found) for found in db.session.execute(query)}

    def _values(self, rows: Iterable[Mapping[str, str]]) -> set[Any]:
        kind, values = self.kinds[self.first], set[Any]()
        for text in {cells.get(self.first, "") for cells in rows}:
            with suppress(BadValue):
                if (value := kind.parse(kind.from_cell(text), None)) is not None:
                    values.update(kind.ways_to_write(value))
        return values

    def _key(self, values: Iterable[Any]) -> tuple[Any, ...]:
        pairs = zip(self.kinds.values(), values, strict=True)
        return tuple(value if value is None else kind.ways_to_write(value)[-1] for kind, value in pairs)

    def has_none(self, form: LedgerForm) -> bool:
        """Is it certain that no record has the key of this row?"""
        if not self.first or form[self.first].data not in self.looked_up:
            return False
        key = self._key(form[name].data for name in self.kinds)
        return None not in key and key not in self.there

    def note(self, record: Any) -> None:
        """Add the key of a record that a row created or changed."""
        if self.first:
            self.there.add(self._key(getattr(record, name) for name in self.kinds))


__all__ = ["KnownKeys"]
