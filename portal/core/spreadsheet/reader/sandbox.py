"""Read one workbook in a process of its own, with bounds on memory and time.

Run as a script, without the portal: `python -I sandbox.py FILE NAME LIMITS`, these as JSON (`bounds.py`). Answers lines
of JSON: for each sheet {"name", "merged", "hidden", "hidden_rows", "hidden_columns", "date1904"}, then its rows, each a
list of texts; at the end {"end": true}, or at any place {"fault": code, "where": text}. What else a broken file does to
those who parse it ends the process.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError
from zipfile import ZipFile, is_zipfile

import xlrd  # type: ignore[import-untyped]
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

sys.path.append(str(Path(__file__).parent))  # an isolated script does not see its neighbours
from bounds import Limits, Room, TooMuch, check_zip, limit_process  # type: ignore[import-not-found]
from distant_cells import FarCell, without_far_blanks  # type: ignore[import-not-found]
from workbook_xml import Marks, Refused, TooManySheets, of_ods, of_xlsx  # type: ignore[import-not-found]

DELIMITERS = (",", "\t", ";")
MOST_MARKED = 256  # columns in which errors are told
MOST_TEXT = 32_767  # of one cell, as in Excel
DIGITS = 15  # as many as Excel keeps and shows
MOST_WHERE = 40  # characters of a place that is named
LOOKED_AT = 50  # lines by which a delimiter is told
EPOCHS = {False: date(1899, 12, 30), True: date(1904, 1, 1)}
DAYS_FROM_1900_TO_1904 = 1462
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# What programs put around a number that must stay a text.
WRAPPED = re.compile(r'="((?:[^"]|"")*)"')
APOSTROPHE = re.compile(r"'([0-9=+\-@][^']*)")
WRAPPINGS = ("'", '="')
SEPARATOR_LINE = re.compile(r"sep=(.)\s*", re.IGNORECASE)
Lines = Iterator[Any]


class Fault(Exception):
    """Raised if a file cannot be read: the code of the reason, and the place."""

    def __init__(self, code: str, where: str = "") -> None:
        super().__init__(code)
        self.code, self.where = code, where


def number(value: float) -> str:
    """The text of a number without binary rounding noise: 85.1, not 85.10000000000001. Numbers with more digits than a
    spreadsheet keeps show the loss: 9.11201160000001E+17."""
    if abs(value) >= 10**DIGITS:
        return f"{value:.{DIGITS}G}"
    return str(int(value)) if value.is_integer() else f"{Decimal(f'{value:.{DIGITS}g}'):f}"


def text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if isinstance(value, datetime):
        value = (value + timedelta(milliseconds=500)).replace(microsecond=0)
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    return value.isoformat() if isinstance(value, date | time) else str(value)


def shown(value: Any, how: str, date1904: bool) -> str:
    """A number as its format shows it: 80%, or a date or month that calamine reads as a number."""
    if how == "percent":
        return f"{number(float(f'{value * 100:.{DIGITS}g}'))}%" if isinstance(value, float) else text(value)
    if isinstance(value, float) and 1 <= value < 100_000:
        value = EPOCHS[date1904] + timedelta(days=int(value))
    if how == "month" and isinstance(value, date) and value.day == 1:
        return f"{value.year}年{value.month}月"
    return text(value)


def checked(cell: str, where: str) -> str:
    if len(cell) > MOST_TEXT:
        raise Fault("long cell", where)
    return cell


def trimmed(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    """Remove blank cells at the end of rows, and blank rows at the end."""
    blank = 0
    for row in rows:
        while row and not row[-1].strip():
            row.pop()
        if not row:
            blank += 1
            continue
        for _ in range(blank):
            yield []
        blank = 0
        yield row


def bounded(rows: Iterable[list[str]], room: Room) -> Iterator[list[str]]:
    for row in trimmed(rows):
        room.take_row(row)
        yield row


def decoded(content: bytes) -> str:
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "gb18030"):
        try:
            found = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in found:
            return found
    raise Fault("unreadable")


def delimiter(content: str) -> str:
    """The separator whose count is the same in most lines."""
    if told := SEPARATOR_LINE.fullmatch(content.partition("\n")[0]):
        return told[1]
    lines = [re.sub(r'"[^"]*"', "", line) for line in content[:100_000].splitlines()[:LOOKED_AT] if line.strip()]

    def regular(sign: str) -> tuple[int, int]:
        counts = Counter(count for line in lines if (count := line.count(sign)))
        return max(((lines_, count) for count, lines_ in counts.items()), default=(0, 0))

    return max(DELIMITERS, key=regular)


def unwrapped(cell: str) -> str:
    found = WRAPPED.fullmatch(cell.strip())
    if found:
        return found[1].replace('""', '"')
    marked = APOSTROPHE.fullmatch(cell.strip())
    return marked[1] if marked else cell


def typed(cell: str) -> str:
    """The text of a cell; texts copied from other programs sometimes still have a leading apostrophe or are wrapped as
    a formula."""
    return unwrapped(cell) if cell.startswith(WRAPPINGS) else cell


def lines_within(content: str, sign: str) -> Iterator[str]:
    """Refuse a line with more columns than possible, before they are allocated."""
    for line in io.StringIO(content, newline=""):
        if line.count(sign) > MOST_TEXT:  # as many as a text could hold
            raise TooMuch("too large")
        yield line


def records(content: str) -> Iterator[list[str]]:
    """Yield rows. An unclosed quotation mark, which would swallow the following rows, is an error."""
    csv.field_size_limit(2**31 - 1)
    sign = delimiter(content)
    lines = csv.reader(lines_within(content, sign), delimiter=sign, strict=True)
    width = 0
    while True:
        began = lines.line_num + 1
        try:
            row = next(lines)
        except StopIteration:
            return
        except csv.Error:
            raise Fault("quotation mark", str(began)) from None
        width = max(width, len(row))
        # A whole record within one cell: some later quotation mark closed what was open.
        if width > 2 and any(line.count(sign) >= width - 1 for cell in row for line in cell.splitlines()[1:]):
            raise Fault("quotation mark", str(began))
        yield [unwrapped(checked(cell, str(began))) for cell in row]


def header(name: str, marks: Marks, room: Room, hidden: bool = False, date1904: bool = False) -> dict[str, Any]:
    room.take_sheet(name)
    hidden_rows, hidden_columns = room.within(marks.hidden_rows, marks.hidden_columns)
    return {
        "name": name,
        "merged": room.take_merged(marks.merged),
        "hidden": hidden,
        "hidden_rows": hidden_rows,
        "hidden_columns": hidden_columns,
        "date1904": date1904,
    }


def from_text(content: bytes, room: Room) -> Lines:
    yield header("", Marks(), room)
    yield from bounded(records(decoded(content).rstrip()), room)


def of_xls(content: bytes) -> tuple[bool, dict[str, Marks]]:
    """Date system and marks of the old binary format, as far as xlrd can read it."""
    try:
        book = xlrd.open_workbook(file_contents=content, formatting_info=True, logfile=io.StringIO())
    except Exception as fault:
        raise Fault("old format") from fault
    return bool(book.datemode), {sheet.name: of_old_sheet(book, sheet) for sheet in book.sheets()}


def of_old_sheet(book: Any, sheet: Any) -> Marks:
    marks = Marks()
    marks.hidden_rows = {row for row, info in sheet.rowinfo_map.items() if info.hidden}
    marks.hidden_columns = {column for column, info in sheet.colinfo_map.items() if info.hidden}
    percents = {n for n, xf in enumerate(book.xf_list) if "%" in book.format_map[xf.format_key].format_str}
    for row in range(sheet.nrows):
        for column, kind in enumerate(sheet.row_types(row)):
            if kind == xlrd.XL_CELL_ERROR:
                marks.errors[row, column] = xlrd.error_text_from_code.get(sheet.cell_value(row, column), "#N/A")
            elif kind == xlrd.XL_CELL_NUMBER and sheet.cell_xf_index(row, column) in percents:
                marks.shown[row, column] = "percent"
    return marks


def extras(content: bytes, most_sheets: int) -> tuple[bool, dict[str, Marks]]:
    """Date system and marks that calamine does not read: see `workbook_xml.py`."""
    if content.startswith(OLE):
        return of_xls(content)
    if not is_zipfile(io.BytesIO(content)):
        return False, {}
    try:
        with ZipFile(io.BytesIO(content)) as parts:
            return of_ods(parts) if "content.xml" in parts.namelist() else of_xlsx(parts, most_sheets)
    except TooManySheets as fault:
        raise TooMuch("too much") from fault
    except (ExpatError, Refused, KeyError, ValueError) as fault:
        raise Fault("unreadable") from fault


def near(content: bytes) -> bytes:
    """The file without distant blank cells, up to which calamine would allocate all cells."""
    if not is_zipfile(io.BytesIO(content)):
        return content
    try:
        return bytes(without_far_blanks(content))
    except FarCell as fault:
        raise Fault("far cell", str(fault)) from fault


def cells_of(rows: Iterable[list[Any]], marks: Marks, date1904: bool) -> Iterator[list[str]]:
    """The texts of each row. Most rows have no marks and are read without checks for each cell."""
    marked: dict[int, list[tuple[int, str, bool]]] = {}
    for wrong, found in ((False, marks.shown), (True, marks.errors)):
        for (n, m), how in found.items():
            marked.setdefault(n, []).append((m, how, wrong))
    for n, values in enumerate(rows):
        row = [typed(value) if type(value) is str else text(value) for value in values]
        for m, how, wrong in marked.get(n, ()):
            if wrong and m >= len(row) and m < MOST_MARKED:  # beyond what calamine takes for the sheet
                row += [""] * (m + 1 - len(row))
            if m < len(row):
                row[m] = how if wrong else shown(values[m], how, date1904)
        if any(map(MOST_TEXT.__lt__, map(len, row))):
            raise Fault("long cell", str(n + 1))
        yield row


def from_workbook(content: bytes, room: Room) -> Lines:
    try:
        # Refuses what declares entities, before anything parses it.
        date1904, marked = extras(content, room.limits.sheets)
        book = CalamineWorkbook.from_filelike(io.BytesIO(near(content)))
        for about in book.sheets_metadata:
            if about.typ != SheetTypeEnum.WorkSheet:
                continue
            sheet = book.get_sheet_by_name(about.name)
            marks = marked.get(about.name) or Marks()
            marks.merged += [(*start, *end) for start, end in sheet.merged_cell_ranges or ()]
            yield header(about.name, marks, room, about.visible != SheetVisibleEnum.Visible, date1904)
            yield from bounded(cells_of(sheet.iter_rows(), marks, date1904), room)
    except CalamineError as fault:
        raise Fault("password" if "assword" in str(fault) else "unreadable") from fault


def lines_of(path: Path, name: str, limits: Limits) -> Lines:
    room = Room(limits)
    if name.endswith((".csv", ".txt", ".tsv")):
        return from_text(path.read_bytes(), room)
    check_zip(path, limits)
    return from_workbook(path.read_bytes(), room)


def main() -> None:
    path, name, limits = Path(sys.argv[1]), sys.argv[2].lower(), Limits(**json.loads(sys.argv[3]))
    limit_process(limits.memory, limits.seconds)
    try:
        for line in lines_of(path, name, limits):
            sys.stdout.write(json.dumps(line) + "\n")
        answer: dict[str, Any] = {"end": True}
    except Fault as fault:
        answer = {"fault": fault.code, "where": fault.where[:MOST_WHERE]}
    except TooMuch as fault:
        answer = {"fault": fault.code}
    except MemoryError:
        answer = {"fault": "costly"}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
