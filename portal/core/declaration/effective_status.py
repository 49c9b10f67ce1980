"""The status that a record has today: the stored one, or one that follows from it and the dates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy.sql import ColumnElement

from portal.core.fields import Choice

if TYPE_CHECKING:
    from portal.core.declaration.ledger import Ledger


class EffectiveStatus(Choice):
    """The current status of a record: the stored one, or one derived from it."""

    def __init__(self, ledger: Ledger) -> None:
        every = {**ledger.review.statuses, **{name: derived.shown for name, derived in ledger.review.effective.items()}}
        super().__init__(*((name, status.label) for name, status in every.items()))
        self.ledger = ledger

    def read(self, record: Any, name: str) -> str:
        return self.ledger.effective_status(record)

    def filter(self, column: Any, typed: Sequence[str]) -> ColumnElement[bool] | None:
        value = self.parse(typed, None)
        derived = self.ledger.review.effective.get(value)
        return super().filter(column, typed) if derived is None else column.in_(derived.base) & derived.where()
