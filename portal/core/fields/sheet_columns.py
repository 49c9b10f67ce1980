"""How the cells of one column of a workbook are told: for a batch of records at a time, and what repeats only once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import load_only

from portal.extensions import db

if TYPE_CHECKING:
    from portal.core.fields.base import Kind
    from portal.core.fields.computed import Batch
    from portal.core.fields.links import Link

# The cells of the column, one for each record of the batch.
SheetColumn: TypeAlias = Callable[["Batch"], list[Any]]
MOST_KEPT = 5000  # cells of rows linked to, so that memory stays flat where every record links to another row


def each_told(kind: Kind, name: str) -> SheetColumn:
    read, cell = kind.read, kind.cell
    return lambda batch: [cell(read(record, name)) for record in batch.records]


def once_told(kind: Kind, name: str) -> SheetColumn:
    """For kinds with few different values, which can be keys."""
    cells: dict[Any, Any] = {}

    def column(batch: Batch) -> list[Any]:
        values = [kind.read(record, name) for record in batch.records]
        cells.update((value, kind.cell(value)) for value in set(values) - cells.keys())
        return [cells[value] for value in values]

    return column


def linked_told(kind: Link, name: str) -> SheetColumn:
    """Rows linked to are asked for by their ids, and only those that are new to the column: a joined row would be read
    for every record."""
    cells: dict[int | None, Any] = {}
    renamed: dict[int, Any] = {}  # whose name is another one on another day

    def ask(ids: set[int | None]) -> None:
        named = load_only(*(getattr(kind.model, each) for each in kind.naming))
        cells.update(dict.fromkeys(ids, kind.cell(None)))  # of rows that the user may not see, too
        for row in db.session.scalars(select(kind.model).where(kind.model.id.in_(ids - {None})).options(named)):
            cells[row.id] = kind.cell(row)
            if getattr(row, "former", None):
                renamed[row.id] = row

    def column(batch: Batch) -> list[Any]:
        ids = [getattr(record, name) for record in batch.records]
        if len(cells) > MOST_KEPT:
            cells.clear()
            renamed.clear()
        if new := set(ids) - cells.keys():
            ask(new)
        if not renamed:
            return [cells[id_] for id_ in ids]
        pairs = zip(batch.records, ids, strict=True)
        return [kind.cell(kind.called(renamed[id_], record)) if id_ in renamed else cells[id_] for record, id_ in pairs]

    return column


__all__ = ["SheetColumn", "each_told", "linked_told", "once_told"]
