"""Layout of every exported sheet on paper (`docs/domain` §2.7): title, headings, page, footer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from flask_babel import gettext
from xlsxwriter.worksheet import Worksheet

from portal.core import clock
from portal.core.access import scope
from portal.core.declaration.ledger import Ledger
from portal.core.fields import long_date
from portal.core.punctuation import labelled
from portal.core.spreadsheet import cell_sizes
from portal.core.spreadsheet.reader import period

FONT = {"font_name": "仿宋", "font_size": 11, "border": 1, "text_wrap": True, "valign": "vcenter"}
STYLES: dict[str, dict[str, Any]] = {
    "title": {"font_name": "方正小标宋简体", "font_size": 20, "align": "center", "valign": "vcenter"},
    "line": {"font_name": "仿宋", "font_size": 12, "valign": "vcenter", "text_wrap": True},
    "small": {"font_name": "仿宋", "font_size": 9, "valign": "vcenter"},
    "head": {**FONT, "font_name": "黑体", "bold": True, "align": "center"},
    # Text that looks like a number or a formula (phones, ID numbers, "=…") stays text.
    "text": {**FONT, "num_format": "@"},
    "number": {**FONT, "align": "right", "indent": 1},
    "count": {**FONT, "align": "center"},
    "date": {**FONT, "num_format": "yyyy.mm.dd", "align": "center"},
    "sum": {**FONT, "font_name": "黑体", "bold": True, "align": "right", "indent": 1},
}
A4 = 9
SIGNED = 30  # characters of a name in the footer, which holds 255 in all
LINE_2 = 18  # points of one row of line 2, whose font is larger than that of the cells


@dataclass(frozen=True)
class Cover:
    """What the workbook says of itself: its period in days, in the title and in the name of its file; `number` is the
    watermark that leads from a printed page to the line of the trail. `until` is the day that the data is of, where
    that is not the moment of printing (a former day, or the fixed day of a demo); `filled` the day of the export, also
    while the rows are read as of a former day."""

    days: str = ""
    called: str = ""
    file: str = ""
    number: str = ""
    note: str = ""
    until: str = ""
    filled: str = ""


def booked(ledger: Ledger) -> str:
    """What the workbook of a ledger is called: one whose name is that of a register already is no “register ledger”."""
    return str(ledger.sheet.title) or gettext("%(ledger)s ledger", ledger=str(ledger.label))


def title_of(ledger: Ledger, cover: Cover) -> str:
    unit = scope.current().unit_short or scope.current().unit_name
    text = gettext("%(unit)s %(period)s %(book)s", unit=unit, period=cover.called, book=booked(ledger))
    return " ".join(text.split())


def put_title(sheet: Worksheet, title: str, columns: int, styles: dict[str, Any]) -> None:
    sheet.merge_range(0, 0, 0, max(columns - 1, 1), title, styles["title"])
    sheet.set_row(0, 32)


def put_line(sheet: Worksheet, wide: Sequence[int], styles: dict[str, Any], mark: str, cover: Cover) -> int:
    """Line 2, whose unit, whose time and since when; answers the row below it."""
    columns = len(wide)
    parts = [
        labelled(gettext("Reporting unit (seal)"), scope.current().unit_name or "____________"),
        labelled(gettext("Statistical period"), cover.days or period.until(clock.today())),
        labelled(gettext("Filled on"), cover.filled or long_date(clock.today())),
    ]
    # Its letters are by a tenth wider than those that the widths of columns count.
    room = int(sum(wide) / 1.1)
    text = folded([*parts, *filter(None, [cover.note, mark])], room)
    sheet.merge_range(1, 0, 1, max(columns - 1, 1), text, styles["line"])
    sheet.set_row(1, max(cell_sizes.lines(text, room) * LINE_2, 20))
    return 2


def folded(parts: Sequence[str], room: int) -> str:
    """The parts beside each other where they fit; a part that does not begins a new line, so that no date is broken."""
    lines = [""]
    for part in parts:
        beside = f"{lines[-1]}    {part}" if lines[-1] else part
        if lines[-1] and cell_sizes.lines(beside, room) > 1:
            lines.append(part)
        else:
            lines[-1] = beside
    return "\n".join(lines)


def put_heads(
    sheet: Worksheet,
    top: int,
    heads: Sequence[str],
    groups: Sequence[str],
    wide: Sequence[int],
    styles: dict[str, Any],
) -> int:
    """One row of headings, or two where neighbours share one above theirs; answers the first row below them."""
    high = cell_sizes.height(heads, wide)
    if not any(groups):
        sheet.set_row(top, high)
        for column, head in enumerate(heads):
            sheet.write_string(top, column, head, styles["head"])
        return top + 1
    shared = [(name, columns) for name, columns in _runs(groups) if name and len(columns) > 1]
    over = cell_sizes.height([name for name, _ in shared], [sum(wide[n] for n in columns) for _, columns in shared])
    sheet.set_row(top, max(over, cell_sizes.LINE + 5))
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


def is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def put_row(
    sheet: Worksheet,
    row: int,
    values: Sequence[Any],
    wide: Sequence[int],
    styles: dict[str, Any],
    count: int | None = None,
) -> None:
    """`count` is the number of the row, in a column of its own before the values. No program makes a row as high as its
    wrapped texts need, but for those it writes itself."""
    sheet.set_row(row, cell_sizes.height(values, wide))
    if count is not None:
        sheet.write_number(row, 0, count, styles["count"])
    text, number, day = styles["text"], styles["number"], styles["date"]
    for column, value in enumerate(values, start=count is not None):
        if isinstance(value, str) and value:
            sheet.write_string(row, column, value, text)
        elif value is None or value == "":
            sheet.write_blank(row, column, None, text)
        elif isinstance(value, date):
            sheet.write_datetime(row, column, value, day)
        elif is_number(value):
            sheet.write_number(row, column, float(value), number)
        else:
            sheet.write_string(row, column, str(value), text)


def lay_out(sheet: Worksheet, wide: Sequence[int], heads: tuple[int, int]) -> None:
    """A4 landscape, one page wide; `heads` are the first and the last row that stay in sight and are on every page."""
    for column, each in enumerate(wide):
        sheet.set_column(column, column, each)
    sheet.freeze_panes(heads[1] + 1, 0)
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.8)
    sheet.center_horizontally()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(*heads)


def put_foot(sheet: Worksheet, mark: str, cover: Cover) -> None:
    """On every page: until when, which page, who took it, and that nothing secret belongs here."""
    if mark:
        sheet.set_header("&C" + plain_text(mark))
    at = f"{clock.local(clock.now()):%Y-%m-%d %H:%M}"
    who = plain_text(scope.current().name or scope.current().username)[:SIGNED]
    left = labelled(gettext("Data as of"), cover.until or at) + "\n" + gettext("Not classified; keep state secrets out")
    pages = gettext("Page %(page)s of %(pages)s", page="&P", pages="&N")
    sheet.set_footer(f"&L&9{left}&C&9{pages}&R&9{who} {at}\n{cover.number}")


def plain_text(text: str) -> str:
    return text.replace("&", "&&")
