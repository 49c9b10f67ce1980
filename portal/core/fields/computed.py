"""Columns of exported workbooks that no record holds: computed for many records at once, and never taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement

from portal.core.fields.base import Field, Kind, Label
from portal.core.fields.sheet_columns import SheetColumn

# The statuses of records about which nothing is counted.
UNCOUNTED = frozenset({"draft", "voided"})


@dataclass(frozen=True)
class Batch:
    """Some of the records of an export, and its statistical period: from `first`, where that is said, until `last`.
    `rows` answers the rows of one of their tables, fetched together, by the ids of the records that have any."""

    records: Sequence[Any]
    first: date | None
    last: date
    rows: Callable[[str], Mapping[int, Sequence[Any]]]

    @cached_property
    def ids(self) -> list[int]:
        return [record.id for record in self.records]

    @cached_property
    def counting(self) -> list[Any]:
        """The records to be counted; voided records are in no sum."""
        return [record for record in self.records if getattr(record, "status", "") not in UNCOUNTED]

    def within(self, day: Any) -> ColumnElement[bool]:
        """Is this day in the period?"""
        found: ColumnElement[bool] = day.between(self.first, self.last) if self.first else day <= self.last
        return found

    def named(self, name: str) -> set[int]:
        """The ids that the records have in this column."""
        return {found for record in self.records if (found := getattr(record, name)) is not None}


class Computed(Kind):
    """Column shown like another kind. `values` returns the values of a batch by record id, with a fixed number of
    statements; missing ids are blank. `needs` are the record's columns that it reads, `reads` the other models that it
    queries: for an earlier day, these are also queried as of that day."""

    ordered = False

    def __init__(
        self,
        like: Kind,
        values: Callable[[Batch], Mapping[int, Any]],
        *,
        needs: tuple[str, ...] = (),
        reads: tuple[type[Any], ...] = (),
    ) -> None:
        self.like, self.values, self.needs, self.reads = like, values, needs, reads
        self.adds_up, self.unit, self.compact = like.adds_up, like.unit, like.compact

    def columns(self, name: str) -> tuple[str, ...]:
        return self.needs

    def code_lists(self) -> tuple[str, ...]:
        return self.like.code_lists()

    def show(self, value: Any) -> str:
        return self.like.show(value)

    def cell(self, value: Any) -> Any:
        return self.like.cell(value)

    def sheet_column(self, name: str) -> SheetColumn:
        def column(batch: Batch) -> list[Any]:
            cells = {id_: self.cell(value) for id_, value in self.values(batch).items()}
            return [cells.get(id_) for id_ in batch.ids]

        return column


def computed(
    label: Label, values: Callable[[Batch], Mapping[int, Any]], like: Kind | None = None, **rules: Any
) -> Field:
    """A computed column; text where it is not shown like another kind."""
    return Field(Computed(like or Kind(), values, **rules), label, entered=False)


__all__ = ["Batch", "Computed", "computed"]
