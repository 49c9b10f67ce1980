"""Further sheets of an exported workbook: one for each child table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import ChildTable
from portal.core.fields import Batch
from portal.core.punctuation import labelled
from portal.core.spreadsheet import cell_sizes, page_setup
from portal.core.spreadsheet.columns.child_tables import columns_of, keys_of, sheet_name, tables_of

HEADS = 1  # row of the headings, from 0, below the title
Foot = Callable[[Any], None]


class FurtherSheet:
    """One of them. Its first rows wait until there are enough of them to tell how wide its columns are."""

    def __init__(self, ledger: Ledger, table: ChildTable, sheet: Any, styles: dict[str, Any]) -> None:
        self.ledger, self.table, self.sheet, self.styles = ledger, table, sheet, styles
        self.heads = [str(label) for label in columns_of(ledger, table).values()]
        self.keys = [ledger.field(name).kind.sheet_column(name) for name in keys_of(ledger)]
        self.fields = {name: field.kind.sheet_column(name) for name, field in ledger.rows_fields(table).items()}
        self.wide: list[int] = []
        self.waiting: list[Sequence[Any]] = []
        self.next_row = HEADS

    def add(self, batch: Batch) -> None:
        """The rows of these records. Personal values stay masked, also where those of the record itself are opened."""
        below = batch.rows(self.table.name)
        pairs = [(record, row) for record in batch.records for row in below.get(record.id, ())]
        records, rows = ([each[n] for each in pairs] for n in (0, 1))
        cells = [column(replace(batch, records=records)) for column in self.keys]
        cells.append([str(row.id) for row in rows])
        cells += [
            self.hiding(name, column(replace(batch, records=rows)), records) for name, column in self.fields.items()
        ]
        for values in zip(*cells, strict=True):
            self.take(values)

    def hiding(self, name: str, cells: list[Any], records: Sequence[Any]) -> list[Any]:
        if name not in self.table.sensitive:
            return cells
        return [cell if self.ledger.detailed(record) else None for cell, record in zip(cells, records, strict=True)]

    def take(self, values: Sequence[Any]) -> None:
        if self.wide:
            self.put(values)
            return
        self.waiting.append(values)
        if len(self.waiting) == cell_sizes.SAMPLE:
            self.begin()

    def put(self, values: Sequence[Any]) -> None:
        page_setup.put_row(self.sheet, self.next_row, values, self.wide, self.styles)
        self.next_row += 1

    def begin(self) -> None:
        self.wide = cell_sizes.widths(self.heads, self.waiting)
        title = labelled(self.ledger.label, self.table.label)
        page_setup.put_title(self.sheet, title, len(self.heads), self.styles)
        self.next_row = page_setup.put_heads(self.sheet, HEADS, self.heads, (), self.wide, self.styles)
        for values in self.waiting:
            self.put(values)

    def finish(self, foot: Foot) -> None:
        if not self.wide:
            self.begin()
        page_setup.lay_out(self.sheet, self.wide, (HEADS, HEADS))
        foot(self.sheet)


class FurtherSheets:
    """All of them. Nothing is written before they are begun, and their layout when they are finished."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.sheets: list[FurtherSheet] = []

    def begin(self, book: Any, styles: dict[str, Any]) -> None:
        """Add the sheets, after the sheet of the records."""
        for table in tables_of(self.ledger):
            self.sheets.append(FurtherSheet(self.ledger, table, book.add_worksheet(sheet_name(table)), styles))

    def passing(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The records, while their tables are written beside them."""
        for batch in batches:
            for further in self.sheets:
                further.add(batch)
            yield batch

    def finish(self, foot: Foot) -> None:
        for further in self.sheets:
            further.finish(foot)


__all__ = ["HEADS", "FurtherSheets"]
