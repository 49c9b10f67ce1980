"""Values that records have, looked up for many rows of a sheet at once, so that a rule need not ask for each row.

What is looked up holds while the transaction lasts in which it was: it keeps the ledger from others
(`portal/core/transactions/ledger_lock.py`), and what the rows themselves store is noted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from sqlalchemy import select

from portal.core.access import scope
from portal.core.access.cached_lookups import REFERENCE
from portal.core.declaration.ledger import Ledger
from portal.core.fields import BadValue, Kind
from portal.core.transactions import ledger_lock
from portal.extensions import db

Row = Mapping[str, str]  # the texts of a row by field
Found = tuple[Any, ...]


class KnownKey:
    """The stored values of some fields together, of the records that share one with a row, and what these have in the
    fields `told`."""

    def __init__(self, ledger: Ledger, names: Sequence[str], told: Sequence[str] = ()) -> None:
        self.ledger, self.told = ledger, told
        kinds = {name: ledger.field(name).kind for name in names}
        # Compared as their columns are; fewer fields than asked for only mean that more rows ask the database.
        self.kinds = {name: kind for name, kind in kinds.items() if type(kind).same is Kind.same and not kind.multiple}
        self.looked_up: dict[str, set[Any]] | None = None
        self.there: dict[Found, set[Found]] = {}

    @property
    def finding(self) -> list[str]:
        """The fields by which records are looked up: one that alone finds few, or all links to the organisation. Other
        links are left alone, since an earlier row may make what a later one names."""
        selective = [name for name, kind in self.kinds.items() if kind.selective][:1]
        return selective or [name for name, kind in self.kinds.items() if getattr(kind, "model", None) in REFERENCE]

    def look_up(self, rows: Sequence[Row]) -> None:
        """Replace what is known by the values of these rows."""
        self.looked_up = {name: self._values(name, rows) for name in self.finding}
        if not self.looked_up or not all(self.looked_up.values()):
            return
        ledger_lock.hold(self.ledger.name)
        model = self.ledger.model
        query = select(*(getattr(model, name) for name in (*self.kinds, *self.told)))
        query = query.where(*(getattr(model, name).in_([*values]) for name, values in self.looked_up.items()))
        with scope.unscoped("values are taken even where the user does not see them"):
            found = db.session.execute(query).all()
        self.there = {}
        for row in found:
            self._add(row)

    def _add(self, row: Sequence[Any]) -> None:
        self.there.setdefault(self._key(row[: len(self.kinds)]), set()).add(tuple(row[len(self.kinds) :]))

    def _values(self, name: str, rows: Iterable[Row]) -> set[Any]:
        kind, values = self.kinds[name], set[Any]()
        for text in {cells.get(name, "") for cells in rows}:
            with suppress(BadValue):
                if (value := kind.parse(kind.from_cell(text), None)) is not None:
                    values.update(kind.ways_to_write(value))
        return values

    def _key(self, values: Iterable[Any]) -> Found:
        pairs = zip(self.kinds.values(), values, strict=True)
        return tuple(value if value is None else kind.ways_to_write(value)[-1] for kind, value in pairs)

    def of(self, values: Mapping[str, Any]) -> set[Found] | None:
        """What is told of the records with these values; None if it is not known."""
        if not self.looked_up or any(values[name] not in found for name, found in self.looked_up.items()):
            return None
        key = self._key(values[name] for name in self.kinds)
        return None if None in key else self.there.get(key, set())

    def note(self, record: Any) -> None:
        self._add([getattr(record, name) for name in (*self.kinds, *self.told)])


class KnownValues:
    """What is known of the records of a ledger that an import brings; looked up when a rule first asks."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.rows: Sequence[Row] = ()
        self.keys: dict[Found, KnownKey] = {}

    def expect(self, rows: Sequence[Row]) -> None:
        """Forget what is known; these rows are next."""
        self.rows = rows
        for key in self.keys.values():
            key.looked_up = None

    def of(self, values: Mapping[str, Any], told: Sequence[str]) -> set[Found] | None:
        names = (*values, *told)
        key = self.keys.get(names) or self.keys.setdefault(names, KnownKey(self.ledger, tuple(values), told))
        if key.looked_up is None:
            key.look_up(self.rows)
        return key.of(values)

    def note(self, record: Any) -> None:
        """Add the values of a record that a row makes or changes."""
        for key in self.keys.values():
            key.note(record)


_known: ContextVar[KnownValues | None] = ContextVar("known_values", default=None)


@contextmanager
def looking_up(ledger: Ledger) -> Iterator[KnownValues]:
    """Inside, records of this ledger are made and changed by rows of a sheet alone, and each is noted."""
    known = KnownValues(ledger)
    token = _known.set(known)
    try:
        yield known
    finally:
        _known.reset(token)


def known_of(model: type[Any], values: Mapping[str, Any], *told: str) -> set[Found] | None:
    """What the records with these values, whatever their status and whoever sees them, have in the fields `told`. None
    if it is not known, as for pages or for a value that is not in the sheet: then the database is to be asked. Names of
    people are not compared."""
    known = _known.get()
    return known.of(values, told) if known is not None and known.ledger.model is model else None


def none_has(model: type[Any], **values: Any) -> bool:
    """Is it certain that no record has these values together?"""
    return known_of(model, values) == set()


def note(record: Any) -> None:
    """Tell an import's look-ups of a record that a row makes or changes, before it is stored."""
    known = _known.get()
    if known is not None and isinstance(record, known.ledger.model):
        known.note(record)


__all__ = ["KnownKey", "KnownValues", "known_of", "looking_up", "none_has", "note"]
