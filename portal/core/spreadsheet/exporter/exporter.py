"""A list as the workbook that offices file (`docs/domain` §2.7)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache, partial
from itertools import chain, islice
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any, TypeAlias

import xlsxwriter
from flask_babel import gettext
from xlsxwriter.utility import xl_range
from xlsxwriter.worksheet import Worksheet

from portal.core import clock
from portal.core.declaration.ledger import Ledger
from portal.core.fields import Batch
from portal.core.fields.sheet_columns import SheetColumn
from portal.core.punctuation import labelled
from portal.core.spreadsheet import cell_sizes, page_setup
from portal.core.spreadsheet.columns import child_tables, guide, template_version
from portal.core.spreadsheet.exporter.table_sheets import FurtherSheets
from portal.core.spreadsheet.page_setup import STYLES, Cover

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WIDTH = 18  # of the columns of a plain sheet
BATCH = 1000  # records whose columns are told together
NUMBER_WIDTH = 6  # of the column that counts the rows
# The first and the last day of the statistical period; None where it is open.
Span: TypeAlias = tuple[date | None, date | None]


@dataclass
class Sums:
    """The sums of the columns that can be added up, while their rows pass."""

    adding: Sequence[int]
    columns: dict[int, int | Decimal] = field(default_factory=dict)
    # Columns with something that is no number, such as what is masked: a sum of the rest would be wrong.
    broken: set[int] = field(default_factory=set)

    def add(self, values: Sequence[Any]) -> None:
        for column in self.adding:
            value = values[column]
            if page_setup.is_number(value):
                self.columns[column] = self.columns.get(column, 0) + value
            elif value not in (None, ""):
                self.broken.add(column)

    @property
    def found(self) -> dict[int, float]:
        return {column: float(total) for column, total in self.columns.items() if column not in self.broken}


def workbook(
    ledger: Ledger,
    names: Sequence[str],
    records: Iterable[Any],
    opened: Callable[[Any], bool] | None = None,
    mark: str = "",
    cover: Cover | None = None,
    span: Span = (None, None),
) -> IO[bytes]:
    """The workbook, ready to be sent: one row a record with its number first and its remarks last. Personal data of
    records that are `opened` is in full; the `mark` stands above the rows and on every page; `span` is the statistical
    period, of which computed columns tell."""
    with ExitStack() as unless_done:
        out = unless_done.enter_context(TemporaryFile())
        # Rows pass through a file, so that memory stays flat however long the list is.
        with TemporaryDirectory() as scratch:
            options = {"constant_memory": True, "strings_to_formulas": False, "tmpdir": scratch}
            with xlsxwriter.Workbook(out, options) as book:
                further = FurtherSheets(ledger)
                batches = further.passing(batches_of(ledger, records, span))
                rows = rows_of(ledger, names, batches, opened)
                _fill(book, ledger, names, rows, mark, cover or Cover(), further)
        out.seek(0)
        unless_done.pop_all()  # closed by the response that sends it
    return out


def _fill(
    book: xlsxwriter.Workbook,
    ledger: Ledger,
    names: Sequence[str],
    rows: Iterator[list[Any]],
    mark: str,
    cover: Cover,
    further: FurtherSheets,
) -> None:
    styles = {name: book.add_format(style) for name, style in STYLES.items()}
    sheet = book.add_worksheet(str(ledger.label)[:31])
    further.begin(book, styles)
    heads = [gettext("No."), *(_head(ledger, name) for name in names)]
    first = list(islice(rows, cell_sizes.SAMPLE))
    wide = [NUMBER_WIDTH, *cell_sizes.widths(heads[1:], first)]
    page_setup.put_title(sheet, page_setup.title_of(ledger, cover), len(heads), styles)
    top = page_setup.put_line(sheet, wide, styles, mark, cover)
    start = page_setup.put_heads(sheet, top, heads, ["", *(_group(ledger, name) for name in names)], wide, styles)
    sums, end = Sums([n for n, name in enumerate(names) if ledger.field(name).kind.adds_up]), start
    for end, values in enumerate(chain(first, rows), start=start + 1):
        page_setup.put_row(sheet, end - 1, values, wide[1:], styles, count=end - start)
        sums.add(values)
    if sums.found:
        end = _totals(sheet, (start, end), len(heads), sums.found, styles)
    _bottom(sheet, end, len(heads), styles)
    page_setup.lay_out(sheet, wide, (top, start - 1))
    foot = partial(page_setup.put_foot, mark=mark, cover=cover)
    foot(sheet)
    further.finish(foot)
    guide.add(book, ledger, styles, foot, template_version.export_mark(ledger))


def _head(ledger: Ledger, name: str) -> str:
    """The label, and in what its numbers are."""
    declared = ledger.field(name)
    if not declared.kind.unit:
        return str(declared.label)
    return gettext("%(label)s %(unit)s", label=declared.label, unit=declared.kind.unit)


def _group(ledger: Ledger, name: str) -> str:
    return next((str(group.title) for group in ledger.sheet.headings if name in group.fields), "")


def batches_of(ledger: Ledger, records: Iterable[Any], span: Span) -> Iterator[Batch]:
    first, last = span
    waiting = iter(records)
    while found := list(islice(waiting, BATCH)):
        rows = cache(partial(child_tables.rows_below, ledger, ids=[record.id for record in found]))
        yield Batch(found, first, min(last or clock.today(), clock.today()), rows)


def rows_of(
    ledger: Ledger, names: Sequence[str], batches: Iterable[Batch], opened: Callable[[Any], bool] | None
) -> Iterator[list[Any]]:
    """A row of cells for each record."""
    columns = [column_of(ledger, name, opened) for name in names]
    hiding = bool(ledger.privacy.internal or ledger.detailing)
    for batch in batches:
        rows = [list(cells) for cells in zip(*(column(batch) for column in columns), strict=True)]
        if hiding:
            hide(ledger, names, batch, rows)
        yield from rows


def column_of(ledger: Ledger, name: str, opened: Callable[[Any], bool] | None) -> SheetColumn:
    """What tells a column; personal data of records that are `opened` is in full."""
    kind = ledger.field(name).kind
    if opened is None or not kind.personal:
        return kind.sheet_column(name)
    return lambda batch: [
        kind.in_full(getattr(record, name)) if opened(record) else kind.cell(kind.read(record, name))
        for record in batch.records
    ]


def hide(ledger: Ledger, names: Sequence[str], batch: Batch, rows: Sequence[list[Any]]) -> None:
    """Leave blank what the user does not see of each record."""
    for record, row in zip(batch.records, rows, strict=True):
        for name in ledger.hidden(record).intersection(names):
            row[names.index(name)] = None


def digest_of(book: IO[bytes]) -> str:
    """The SHA-256 of a sheet, which is then ready to be sent."""
    book.seek(0)
    found = hashlib.file_digest(book, "sha256").hexdigest()  # type: ignore[arg-type] # a temporary file is one
    book.seek(0)
    return found


def rejected_rows(tables: Any, remarks: Iterable[Any]) -> IO[bytes]:
    """The rows of a workbook that were not taken, as they were, each with the reason: to be mended and brought again.
    Each sheet of the workbook has one here."""
    parts: dict[str, tuple[list[str], list[list[str]]]] = {}
    for remark in remarks:
        layout = tables.of(remark.sheet)
        heads = [*(column.header for column in layout.columns), gettext("Column"), gettext("Reason")]
        cells = layout.sheet.rows[remark.row - 1]
        texts = [cells[column.index] if column.index < len(cells) else "" for column in layout.columns]
        parts.setdefault(remark.sheet, (heads, []))[1].append([*texts, remark.column, remark.why])
    return plain_book((name or gettext("Rejected rows"), heads, rows) for name, (heads, rows) in parts.items())


def plain_sheet(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> IO[bytes]:
    """A sheet of texts under one row of headings."""
    return plain_book([(title, heads, rows)])


def plain_book(parts: Iterable[tuple[str, Sequence[str], Iterable[Sequence[str]]]]) -> IO[bytes]:
    """Sheets of texts, each under one row of headings: title, headings, rows."""
    out = TemporaryFile()  # noqa: SIM115 - closed by whoever asked for it
    book = xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_formulas": False})
    styles = {name: book.add_format(style) for name, style in STYLES.items()}
    for title, heads, rows in parts:
        sheet = book.add_worksheet(title[:31])
        for column, head in enumerate(heads):
            sheet.write_string(0, column, head, styles["head"])
        for number, row in enumerate(rows, start=1):
            for column, text in enumerate(row):
                sheet.write_string(number, column, text, styles["text"])
        sheet.set_column(0, len(heads) - 1, WIDTH)
    book.close()
    out.seek(0)
    return out


def _totals(
    sheet: Worksheet, rows: tuple[int, int], columns: int, sums: Mapping[int, float], styles: dict[str, Any]
) -> int:
    """The row of sums below the others; answers the row after it."""
    first, end = rows
    sheet.set_row(end, cell_sizes.LINE + 5)
    sheet.write_string(end, 0, gettext("Total"), styles["head"])
    for column in range(1, columns):
        if column - 1 in sums:
            formula = f"=SUM({xl_range(first, column, end - 1, column)})"
            sheet.write_formula(end, column, formula, styles["sum"], sums[column - 1])
        else:
            sheet.write_blank(end, column, None, styles["text"])
    return end + 1


def _bottom(sheet: Worksheet, row: int, columns: int, styles: dict[str, Any]) -> None:
    signs = [gettext("Filled by"), gettext("Office phone"), gettext("Reviewed by (Party secretary)")]
    text = "    ".join(labelled(sign, "________") for sign in signs)
    sheet.set_row(row, 30)
    sheet.merge_range(row, 0, row, max(columns - 1, 1), text, styles["line"])
