"""Further sheets of an exported workbook: one for each child table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import ChildTable
from portal.core.fields import Field, RowRefs
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
        self.wide: list[int] = []
        self.waiting: list[list[Any]] = []
        self.next_row = HEADS

    def add(self, values: list[Any]) -> None:
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

    def passing(self, records: Iterable[Any]) -> Iterator[Any]:
        """The records, while their tables are written beside them."""
        for record in records:
            self.add(record)
            yield record

    def add(self, record: Any) -> None:
        """The rows of one record. Personal values stay masked, also where those of the record itself are opened."""
        ledger = self.ledger
        if not self.sheets:
            return
        keys = [ledger.field(name).kind.cell(ledger.field(name).kind.read(record, name)) for name in keys_of(ledger)]
        for further in self.sheets:
            shown = ledger.cells(further.table, record)
            for row in getattr(record, further.table.name):
                further.add([*keys, str(row.id), *row_cells(ledger.rows_fields(further.table), shown, row)])

    def finish(self, foot: Foot) -> None:
        for further in self.sheets:
            further.finish(foot)


def row_cells(fields: dict[str, Field], shown: dict[str, Field], row: Any) -> Iterator[Any]:
    for name, field in fields.items():
        kind = field.kind
        if name not in shown:
            yield None
        elif isinstance(kind, RowRefs):
            yield "、".join(getattr(each, kind.label) or "" for each in kind.read(row, name))
        else:
            yield kind.cell(kind.read(row, name))


__all__ = ["HEADS", "FurtherSheets"]
