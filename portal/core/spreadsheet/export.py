"""A list as the workbook that offices file (`domain.md` §2.7): merged title, one header row, A4 landscape."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import date
from decimal import Decimal
from functools import partial
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any

import xlsxwriter
from flask_babel import gettext
from xlsxwriter.worksheet import Worksheet

from portal.core import clock, scope
from portal.core.fields import long_date
from portal.core.ledger import Ledger
from portal.core.phrases import labelled
from portal.core.spreadsheet.child_tables import FurtherSheets

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FONT = {"font_name": "仿宋", "font_size": 11, "border": 1, "text_wrap": True, "valign": "vcenter"}
STYLES: dict[str, dict[str, Any]] = {
    "title": {"font_name": "方正小标宋简体", "font_size": 20, "align": "center", "valign": "vcenter"},
    "line": {"font_name": "仿宋", "font_size": 12},
    "head": {**FONT, "font_name": "黑体", "bold": True, "align": "center"},
    # Text that looks like a number or a formula (phones, ID numbers, "=…") stays text.
    "text": {**FONT, "num_format": "@"},
    "number": {**FONT, "align": "right"},
    "date": {**FONT, "num_format": "yyyy.mm.dd", "align": "center"},
}
WIDTHS = {"date": 12, "number": 10, "text": 18}
FIRST_ROW = 3


def masked(_record: Any) -> bool:
    return False


def workbook(
    ledger: Ledger,
    names: Sequence[str],
    records: Iterable[Any],
    opened: Callable[[Any], bool] = masked,
    mark: str = "",
) -> IO[bytes]:
    """The workbook, ready to be sent: one row a record with its number first and its remarks last. Personal data of
    records that are `opened` is in full; the `mark` stands above the rows and on every page."""
    with ExitStack() as unless_done:
        out = unless_done.enter_context(TemporaryFile())
        # Rows pass through a file, so that memory stays flat however long the list is.
        with TemporaryDirectory() as scratch:
            options = {"constant_memory": True, "strings_to_formulas": False, "tmpdir": scratch}
            with xlsxwriter.Workbook(out, options) as book:
                _fill(book, ledger, names, records, opened, mark)
        out.seek(0)
        unless_done.pop_all()  # closed by the response that sends it
    return out


def _fill(
    book: xlsxwriter.Workbook,
    ledger: Ledger,
    names: Sequence[str],
    records: Iterable[Any],
    opened: Callable[[Any], bool],
    mark: str,
) -> None:
    styles = {name: book.add_format(style) for name, style in STYLES.items()}
    sheet = book.add_worksheet(str(ledger.label)[:31])
    heads = [gettext("No."), *(str(ledger.field(name).label) for name in names)]
    _top(sheet, ledger, heads, styles, mark)
    row, further = FIRST_ROW, FurtherSheets(book, ledger, styles["head"], partial(_write, styles))
    for row, record in enumerate(records, start=FIRST_ROW):
        sheet.write_number(row, 0, row - FIRST_ROW + 1, styles["number"])
        for column, value in enumerate(cells(ledger, names, record, full=opened(record)), start=1):
            _write(styles, sheet, row, column, value)
        further.add(record)
    _bottom(sheet, row + 1, styles)
    _layout(sheet, len(heads))
    if mark:
        sheet.set_header("&C" + mark.replace("&", "&&"))


def cells(ledger: Ledger, names: Sequence[str], record: Any, *, full: bool) -> Iterator[Any]:
    hidden = ledger.hidden(record)
    for name in names:
        kind = ledger.field(name).kind
        if name in hidden:
            yield None
        elif full and kind.personal:
            yield kind.in_full(getattr(record, name))
        else:
            yield kind.cell(kind.read(record, name))


def digest_of(book: IO[bytes]) -> str:
    """The SHA-256 of a sheet, which is then ready to be sent."""
    book.seek(0)
    found = hashlib.file_digest(book, "sha256").hexdigest()  # type: ignore[arg-type] # a temporary file is one
    book.seek(0)
    return found


def rejected_rows(layout: Any, remarks: Iterable[Any]) -> IO[bytes]:
    """The rows of a sheet that were not taken, as they were, each with the reason: to be mended and brought again."""
    heads = [*(column.header for column in layout.columns), gettext("Column"), gettext("Reason")]
    rows = []
    for remark in remarks:
        cells = layout.sheet.rows[remark.row - 1]
        texts = [cells[column.index] if column.index < len(cells) else "" for column in layout.columns]
        rows.append([*texts, remark.column, remark.why])
    return plain_sheet(gettext("Rejected rows"), heads, rows)


def plain_sheet(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> IO[bytes]:
    """A sheet of texts under one row of headings."""
    out = TemporaryFile()  # noqa: SIM115 - closed by whoever asked for it
    book = xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_formulas": False})
    styles = {name: book.add_format(style) for name, style in STYLES.items()}
    sheet = book.add_worksheet(title[:31])
    for column, head in enumerate(heads):
        sheet.write_string(0, column, head, styles["head"])
    for number, row in enumerate(rows, start=1):
        for column, text in enumerate(row):
            sheet.write_string(number, column, text, styles["text"])
    sheet.set_column(0, len(heads) - 1, WIDTHS["text"])
    book.close()
    out.seek(0)
    return out


def _top(sheet: Worksheet, ledger: Ledger, heads: list[str], styles: dict[str, Any], mark: str) -> None:
    last = max(len(heads) - 1, 1)
    sheet.merge_range(0, 0, 0, last, str(ledger.label), styles["title"])
    sheet.set_row(0, 32)
    unit = scope.current().unit_name
    parts = [
        labelled(gettext("Reporting unit"), unit or "____________"),
        labelled(gettext("Filled on"), long_date(clock.today())),
    ]
    sheet.merge_range(1, 0, 1, last, "    ".join([*parts, *filter(None, [mark])]), styles["line"])
    for column, head in enumerate(heads):
        sheet.write_string(FIRST_ROW - 1, column, head, styles["head"])


def _write(styles: dict[str, Any], sheet: Worksheet, row: int, column: int, value: Any) -> None:
    if isinstance(value, date):
        sheet.write_datetime(row, column, value, styles["date"])
    elif isinstance(value, int | Decimal) and not isinstance(value, bool):
        sheet.write_number(row, column, float(value), styles["number"])
    else:
        sheet.write_string(row, column, "" if value is None else str(value), styles["text"])


def _bottom(sheet: Worksheet, row: int, styles: dict[str, Any]) -> None:
    signs = [gettext("Filled by"), gettext("Office phone"), gettext("Reviewed by (Party secretary)")]
    sheet.write_string(row, 0, "    ".join(f"{sign}: ________" for sign in signs), styles["line"])


def _layout(sheet: Worksheet, columns: int) -> None:
    sheet.set_column(0, 0, 6)
    sheet.set_column(1, columns - 1, WIDTHS["text"])
    sheet.freeze_panes(FIRST_ROW, 0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(FIRST_ROW - 1)
    sheet.set_footer("&C" + gettext("Page %(page)s of %(pages)s", page="&P", pages="&N"))
