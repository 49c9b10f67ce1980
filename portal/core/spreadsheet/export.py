"""A list as the workbook that offices file (`domain.md` §2.7): merged title, grouped headings, sums, A4 landscape."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import chain, groupby, islice
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any

import xlsxwriter
from flask_babel import gettext
from xlsxwriter.utility import xl_range
from xlsxwriter.worksheet import Worksheet

from portal.core import clock, scope
from portal.core.fields import long_date
from portal.core.ledger import Ledger
from portal.core.phrases import labelled
from portal.core.spreadsheet import guide, period, sizes
from portal.core.spreadsheet.child_tables import FurtherSheets

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FONT = {"font_name": "仿宋", "font_size": 11, "border": 1, "text_wrap": True, "valign": "vcenter"}
STYLES: dict[str, dict[str, Any]] = {
    "title": {"font_name": "方正小标宋简体", "font_size": 20, "align": "center", "valign": "vcenter"},
    "line": {"font_name": "仿宋", "font_size": 12, "valign": "vcenter", "text_wrap": True},
    "head": {**FONT, "font_name": "黑体", "bold": True, "align": "center"},
    # Text that looks like a number or a formula (phones, ID numbers, "=…") stays text.
    "text": {**FONT, "num_format": "@"},
    "number": {**FONT, "align": "right"},
    "count": {**FONT, "align": "center"},
    "date": {**FONT, "num_format": "yyyy.mm.dd", "align": "center"},
    "sum": {**FONT, "font_name": "黑体", "bold": True, "align": "right"},
}
WIDTH = 18  # of the columns of a plain sheet
SAMPLE = 500  # rows whose content says how wide the columns are; all of them would have to be kept in memory
NUMBER_WIDTH = 6  # of the column that counts the rows
SIGNED = 30  # characters of a name in the footer, which holds 255 in all


@dataclass(frozen=True)
class Cover:
    """What the workbook says of itself: its period in days, in the title and in the name of its file; `number` is the
    watermark that leads from a printed page to the line of the trail."""

    days: str = ""
    called: str = ""
    file: str = ""
    number: str = ""
    note: str = ""


@dataclass
class Sums:
    """The sums of the columns that can be added up, while their rows pass."""

    columns: dict[int, Decimal] = field(default_factory=dict)
    # Columns with something that is no number, such as what is masked: a sum of the rest would be wrong.
    broken: set[int] = field(default_factory=set)

    def add(self, values: Sequence[Any]) -> None:
        for column, value in enumerate(values):
            if is_number(value):
                self.columns[column] = self.columns.get(column, Decimal()) + Decimal(value)
            elif value not in (None, ""):
                self.broken.add(column)


def masked(_record: Any) -> bool:
    return False


def workbook(
    ledger: Ledger,
    names: Sequence[str],
    records: Iterable[Any],
    opened: Callable[[Any], bool] = masked,
    mark: str = "",
    cover: Cover | None = None,
) -> IO[bytes]:
    """The workbook, ready to be sent: one row a record with its number first and its remarks last. Personal data of
    records that are `opened` is in full; the `mark` stands above the rows and on every page."""
    with ExitStack() as unless_done:
        out = unless_done.enter_context(TemporaryFile())
        # Rows pass through a file, so that memory stays flat however long the list is.
        with TemporaryDirectory() as scratch:
            options = {"constant_memory": True, "strings_to_formulas": False, "tmpdir": scratch}
            with xlsxwriter.Workbook(out, options) as book:
                further = FurtherSheets(ledger)
                rows = (list(cells(ledger, names, record, full=opened(record))) for record in further.passing(records))
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
    further.begin(book, styles["head"], partial(_write, styles=styles))
    heads = [gettext("No."), *(str(ledger.field(name).label) for name in names)]
    first = list(islice(rows, SAMPLE))
    wide = [NUMBER_WIDTH, *sizes.widths(heads[1:], first)]
    top = _top(sheet, ledger, len(heads), styles, mark, cover)
    start = _heads(sheet, top, heads, ["", *(_group(ledger, name) for name in names)], wide, styles)
    sums, end = Sums(), start
    for end, values in enumerate(chain(first, rows), start=start + 1):
        sheet.set_row(end - 1, sizes.height(["", *values], wide))
        sheet.write_number(end - 1, 0, end - start, styles["count"])
        for column, value in enumerate(values, start=1):
            _write(sheet, end - 1, column, value, styles)
        sums.add(values)
    if end > start:
        end = _totals(sheet, (start, end), [ledger.field(name).kind.adds_up for name in names], sums, styles)
    _bottom(sheet, end, len(heads), styles)
    _layout(sheet, start, top, wide)
    _foot(sheet, mark, cover)
    guide.add(book, ledger, styles)


def is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _group(ledger: Ledger, name: str) -> str:
    return next((str(group.title) for group in ledger.heads if name in group.fields), "")


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


def title_of(ledger: Ledger, cover: Cover) -> str:
    unit = scope.current().unit_short or scope.current().unit_name
    return gettext("%(unit)s %(period)s %(ledger)s ledger", unit=unit, period=cover.called, ledger=str(ledger.label))


def _top(sheet: Worksheet, ledger: Ledger, columns: int, styles: dict[str, Any], mark: str, cover: Cover) -> int:
    """Title and line 2; answers the row below them."""
    last = max(columns - 1, 1)
    sheet.merge_range(0, 0, 0, last, " ".join(title_of(ledger, cover).split()), styles["title"])
    sheet.set_row(0, 32)
    unit = scope.current().unit_name
    parts = [
        labelled(gettext("Reporting unit (seal)"), unit or "____________"),
        labelled(gettext("Statistical period"), cover.days or period.until(clock.today())),
        labelled(gettext("Filled on"), long_date(clock.today())),
    ]
    sheet.merge_range(1, 0, 1, last, "    ".join([*parts, *filter(None, [cover.note, mark])]), styles["line"])
    sheet.set_row(1, 36 if mark else 20)
    return 2


def _heads(
    sheet: Worksheet,
    top: int,
    heads: Sequence[str],
    groups: Sequence[str],
    wide: Sequence[int],
    styles: dict[str, Any],
) -> int:
    """One row of headings, or two where neighbours share one above theirs; answers the first row below them."""
    high = sizes.height(heads, wide)
    if not any(groups):
        sheet.set_row(top, high)
        for column, head in enumerate(heads):
            sheet.write_string(top, column, head, styles["head"])
        return top + 1
    sheet.set_row(top, sizes.LINE + 5)
    sheet.set_row(top + 1, high)
    below = [""] * len(heads)
    for name, columns in _runs(groups):
        if name and len(columns) > 1:
            sheet.merge_range(top, columns[0], top, columns[-1], name, styles["head"])
            below[columns[0] : columns[-1] + 1] = heads[columns[0] : columns[-1] + 1]
            continue
        for column in columns:
            sheet.write_string(top, column, heads[column], styles["head"])
            # `merge_range` would write both rows at once, and nothing can be written above the last row.
            sheet.merge.append([top, column, top + 1, column])
    for column, head in enumerate(below):
        sheet.write(top + 1, column, head or None, styles["head"])
    return top + 2


def _runs(groups: Sequence[str]) -> Iterator[tuple[str, list[int]]]:
    for name, run in groupby(enumerate(groups), lambda each: each[1]):
        yield name, [column for column, _ in run]


def _write(sheet: Worksheet, row: int, column: int, value: Any, styles: dict[str, Any]) -> None:
    if isinstance(value, date):
        sheet.write_datetime(row, column, value, styles["date"])
    elif is_number(value):
        sheet.write_number(row, column, float(value), styles["number"])
    else:
        sheet.write_string(row, column, "" if value is None else str(value), styles["text"])


def _totals(
    sheet: Worksheet, rows: tuple[int, int], adds_up: Sequence[bool], sums: Sums, styles: dict[str, Any]
) -> int:
    """The row of sums below the others, where anything can be added up; answers the row after it."""
    first, end = rows
    summed = {n: sums.columns[n] for n, can in enumerate(adds_up) if can and n in sums.columns and n not in sums.broken}
    if not summed:
        return end
    sheet.set_row(end, sizes.LINE + 5)
    sheet.write_string(end, 0, gettext("Total"), styles["head"])
    for column in range(1, len(adds_up) + 1):
        if column - 1 in summed:
            formula = f"=SUM({xl_range(first, column, end - 1, column)})"
            sheet.write_formula(end, column, formula, styles["sum"], float(summed[column - 1]))
        else:
            sheet.write_blank(end, column, None, styles["text"])
    return end + 1


def _bottom(sheet: Worksheet, row: int, columns: int, styles: dict[str, Any]) -> None:
    signs = [gettext("Filled by"), gettext("Office phone"), gettext("Reviewed by (Party secretary)")]
    text = "    ".join(f"{sign}: ________" for sign in signs)
    sheet.set_row(row, 30)
    sheet.merge_range(row, 0, row, max(columns - 1, 1), text, styles["line"])


def _layout(sheet: Worksheet, start: int, top: int, wide: Sequence[int]) -> None:
    for column, each in enumerate(wide):
        sheet.set_column(column, column, each)
    sheet.freeze_panes(start, 0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.8)
    sheet.center_horizontally()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(top, start - 1)


def _foot(sheet: Worksheet, mark: str, cover: Cover) -> None:
    """On every page: until when, which page, who took it, and that nothing secret belongs here."""
    if mark:
        sheet.set_header("&C" + plain_text(mark))
    at = f"{clock.local(clock.now()):%Y-%m-%d %H:%M}"
    who = plain_text(scope.current().name or scope.current().username)[:SIGNED]
    left = labelled(gettext("Data as of"), at) + "\n" + gettext("Not classified; keep state secrets out")
    pages = gettext("Page %(page)s of %(pages)s", page="&P", pages="&N")
    sheet.set_footer(f"&L&9{left}&C&9{pages}&R&9{who} {at}\n{cover.number}")


def plain_text(text: str) -> str:
    return text.replace("&", "&&")
