"""Read what calamine does not read of a workbook's XML: hidden rows, errors, some formats.

Part of the reader's process, without the portal (`sandbox.py`). Nothing is resolved from outside the file: a part with
a document type is refused, so that no entity can be declared.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import IO
from xml.parsers.expat import ParserCreate
from zipfile import ZipFile

# As many as are read of any file: here, as a repeated row or column can stand for any number of them.
MOST_ROWS, MOST_COLUMNS = 25_000, 256
# Formats that Chinese versions of Excel name by number only (ECMA-376 part 1, 18.8.30, zh-cn).
BUILT_IN_MONTHS = frozenset({17, 27, 36, 50, 52, 57})
BUILT_IN_DAYS = frozenset({28, 29, 30, 31, 51, 53, 54, 58})
BUILT_IN_PERCENTS = frozenset({9, 10})
# In the place of the result of a formula that no program has computed yet; `core/fields/base.py` knows it, too.
UNCOMPUTED = "#UNCOMPUTED!"
TEXTS = ("str", "s", "b", "e", "inlineStr")  # types of cells that may be empty
NOT_CODE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')


class Refused(Exception):
    """Raised for an invalid part."""


class TooManySheets(Exception):
    """Raised for too many sheets: each takes time, even if all are the same part."""


@dataclass
class Marks:
    """Marks of one sheet; rows and columns from 0."""

    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    # Cells whose number is shown as a percentage, as a day, as a month without a day.
    shown: dict[tuple[int, int], str] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)


Attributes = dict[str, str]


@cache
def local(name: str) -> str:
    return name.rpartition(":")[2]


def walk(
    part: IO[bytes],
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] | None = None,
    data: Callable[[str], None] | None = None,
    plain: bool = False,
) -> None:
    """Parse a part. `plain`: the attributes have no prefix, as for cells, of which there are very many."""
    parser = ParserCreate()
    parser.buffer_text = True

    def refuse(*_declared: object) -> None:
        raise Refused("document type")

    parser.StartDoctypeDeclHandler = refuse
    if plain:
        parser.StartElementHandler = lambda name, found: start(local(name), found)
    else:
        parser.StartElementHandler = lambda name, found: start(
            local(name), {local(key): value for key, value in found.items()}
        )
    if end is not None:
        ended = end
        parser.EndElementHandler = lambda name: ended(local(name))
    if data is not None:
        parser.CharacterDataHandler = data
    parser.ParseFile(part)


def repeated(found: Attributes, what: str) -> int:
    """The number of neighbours that an ODS element stands for."""
    number = int(found.get(f"number-{what}-repeated", "1"))
    if number < 1:
        raise Refused("repeated less than once")
    return number


def truth(text: str | None) -> bool:
    return text in ("1", "true", "on")


def format_means(code: str) -> str:
    """The meaning of a number format: percent, month (year and month without a day), or "" for others."""
    plain = NOT_CODE.sub("", code.split(";", maxsplit=1)[0]).lower()
    if "%" in plain:
        return "percent"
    has_month_only = "y" in plain and "m" in plain and not re.search(r"[dhs]", plain)
    return "month" if has_month_only else ""


class Styles:
    """The number formats of cell styles."""

    def __init__(self) -> None:
        self._codes: dict[int, str] = {}
        self._inside = False
        self.shown: list[str] = []

    def start(self, name: str, found: Attributes) -> None:
        if name == "numFmt":
            self._codes[int(found.get("numFmtId", "0"))] = found.get("formatCode", "")
        elif name == "cellXfs":
            self._inside = True
        elif name == "xf" and self._inside:
            self.shown.append(self._meant(int(found.get("numFmtId", "0"))))

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._inside = False

    def _meant(self, number: int) -> str:
        if number in self._codes:
            return format_means(self._codes[number])
        for meant, known in (("percent", BUILT_IN_PERCENTS), ("month", BUILT_IN_MONTHS), ("day", BUILT_IN_DAYS)):
            if number in known:
                return meant
        return ""


class SheetCells:
    """Collects the marks of an `.xlsx` worksheet while its XML is parsed."""

    def __init__(self, shown: list[str]) -> None:
        self.marks = Marks()
        self._shown = shown
        self._row = self._column = -1
        self._error: list[str] | None = None
        self._value = self._open = False

    def start(self, name: str, found: Attributes) -> None:
        if name == "c":
            self._cell(found)
        elif name == "f" and self._open:
            self._error = []
        elif name == "v":
            self._value = self._error is not None
        elif name == "row":
            self._row = int(found["r"]) - 1 if "r" in found else self._row + 1
            self._column = -1
            if truth(found.get("hidden")):
                self.marks.hidden_rows.add(self._row)
        elif name == "col" and truth(found.get("hidden")):
            last = min(int(found["max"]), MOST_COLUMNS)
            self.marks.hidden_columns.update(range(int(found["min"]) - 1, last))

    def _cell(self, found: Attributes) -> None:
        self._column += 1
        if "r" in found:
            self._column = column_number(found["r"].rstrip("0123456789"))
        self._error = [] if found.get("t") == "e" else None
        self._open = found.get("t") not in TEXTS
        if "s" in found:
            style = int(found["s"])
            if style < len(self._shown) and self._shown[style]:
                self.marks.shown[self._row, self._column] = self._shown[style]

    def data(self, text: str) -> None:
        if self._value and self._error is not None:
            self._error.append(text)

    def end(self, name: str) -> None:
        if name == "v":
            self._value = False
        elif name == "c" and self._error is not None:
            said = "".join(self._error).strip()
            if not self._open:
                self.marks.errors[self._row, self._column] = said or "#N/A"
            elif not said:
                self.marks.errors[self._row, self._column] = UNCOMPUTED
            self._error = None


@cache
def column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


class Book:
    """The sheets of a workbook, and its date system."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.date1904 = False
        self.ids: dict[str, str] = {}
        self.targets: dict[str, str] = {}

    def start(self, name: str, found: Attributes) -> None:
        if name == "sheet":
            self.ids[found["name"]] = found.get("id", "")
            if len(self.ids) > self.most:
                raise TooManySheets
        elif name == "workbookPr":
            self.date1904 = truth(found.get("date1904"))
        elif name == "Relationship":
            self.targets[found.get("Id", "")] = found.get("Target", "")


def of_xlsx(parts: ZipFile, most_sheets: int) -> tuple[bool, dict[str, Marks]]:
    """Whether the workbook has the 1904 date system, and the marks of each sheet by name."""
    names = {name.replace("\\", "/").lstrip("/").lower(): name for name in parts.namelist()}
    book, folder = Book(most_sheets), "xl"
    for part in (f"{folder}/workbook.xml", f"{folder}/_rels/workbook.xml.rels"):
        with parts.open(names[part]) as opened:
            walk(opened, book.start)
    styles = Styles()
    if f"{folder}/styles.xml" in names:
        with parts.open(names[f"{folder}/styles.xml"]) as opened:
            walk(opened, styles.start, styles.end)
    found: dict[str, Marks] = {}
    for sheet, id_ in book.ids.items():
        target = book.targets.get(id_, "").replace("\\", "/")
        path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{folder}/{target}")
        if path.lower() in names:
            found[sheet] = marks_of(parts, names[path.lower()], styles.shown)
    return book.date1904, found


def marks_of(parts: ZipFile, name: str, shown: list[str]) -> Marks:
    """Scan the bytes of a part, which is fast; if its XML is written unusually, parse it."""
    with parts.open(name) as opened:
        marks = Scan(shown).marks_of(opened)
    if marks is not None:
        return marks
    cells = SheetCells(shown)
    with parts.open(name) as opened:
        walk(opened, cells.start, cells.end, cells.data, plain=True)
    return cells.marks


class Scan:
    """Marks of one worksheet, found in its bytes without parsing them.

    Holds for xml in UTF-8 without a prefix, comments, CDATA and a document type, with the address first in each cell
    and row.
    """

    PIECE, LONGEST = 2**20, 2**24  # bytes at a time, and of what stands between two cells or rows
    OTHERWISE = re.compile(
        rb'\x00|<!|<\w+:(?:c|row|col)\b|<c(?! r="[A-Z]+\d+")[\s>/]|<row(?! r="\d+")[\s>/]|<col\s[^>]*\''
    )
    ROW = re.compile(rb'<row r="(\d+)"[^>]*\shidden="(?:1|true|on)"')
    COLUMN = re.compile(rb"<col\s[^>]*>")
    ERROR = re.compile(rb'<c r="([A-Z]+)(\d+)"[^>]*\st="e"[^>]*>(?:(?!</c>).)*?(?:<v>([^<]*)</v>|</c>)', re.DOTALL)

    UNCOMPUTED = re.compile(
        rb'<c r="([A-Z]+)(\d+)"(?:(?! t="(?:str|s|b|e|inlineStr)")[^>])*>\s*'
        rb"<f(?:\s[^>]*)?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>"
    )

    def __init__(self, shown: list[str]) -> None:
        self.marks, self._shown = Marks(), shown
        styles = b"|".join(str(n).encode() for n, how in enumerate(shown) if how)
        self._styled = re.compile(rb'<c r="([A-Z]+)(\d+)"[^>]*?\ss="(' + styles + rb')"') if styles else None

    def marks_of(self, part: IO[bytes]) -> Marks | None:
        """The marks; None if the XML is not written as this class expects."""
        left = b""
        while piece := part.read(self.PIECE):
            left += piece
            if len(left) > self.LONGEST:
                return None
            end = max(left.rfind(b"<c "), left.rfind(b"<row "))
            if end > 0 and not self._take(left[:end]):
                return None
            left = left[end:] if end > 0 else left
        return self.marks if self._take(left) else None

    def _take(self, content: bytes) -> bool:
        if self.OTHERWISE.search(content):
            return False
        self.marks.hidden_rows.update(int(found[1]) - 1 for found in self.ROW.finditer(content))
        for column in self.COLUMN.findall(content):
            told = dict(re.findall(rb'\s(\w+)="([^"]*)"', column))
            if truth(told.get(b"hidden", b"").decode()):
                last = min(int(told[b"max"]), MOST_COLUMNS)
                self.marks.hidden_columns.update(range(int(told[b"min"]) - 1, last))
        for found in self._styled.finditer(content) if self._styled else ():
            self.marks.shown[place(found)] = self._shown[int(found[3])]
        for found in self.ERROR.finditer(content):
            self.marks.errors[place(found)] = (found[3] or b"").decode().strip() or "#N/A"
        for found in self.UNCOMPUTED.finditer(content) if b"<f" in content else ():
            self.marks.errors[place(found)] = UNCOMPUTED
        return True


def place(found: re.Match[bytes]) -> tuple[int, int]:
    return int(found[2]) - 1, column_number(found[1].decode())


class OpenDocument:
    """Marks of the tables of an ODS file."""

    def __init__(self) -> None:
        self.date1904 = False
        self.tables: dict[str, Marks] = {}
        self._marks = Marks()
        self._row = self._column = self._defined = 0
        self._rows = self._columns = 1
        self._error: list[str] | None = None
        self._depth = 0  # tables can stand in tables

    def start(self, name: str, found: Attributes) -> None:
        if name == "null-date":
            self.date1904 = found.get("date-value", "").startswith("1904")
        elif name == "table":
            self._depth += 1
            if self._depth == 1:
                self._marks = self.tables.setdefault(found.get("name", ""), Marks())
                self._row = self._defined = 0
        elif self._depth == 1:
            self._inside(name, found)

    def _inside(self, name: str, found: Attributes) -> None:
        hidden = found.get("visibility") in ("collapse", "filter")
        if name == "table-column":
            count = repeated(found, "columns")
            if hidden:
                self._marks.hidden_columns.update(range(self._defined, min(self._defined + count, MOST_COLUMNS)))
            self._defined += count
        elif name == "table-row":
            self._column, self._rows = 0, repeated(found, "rows")
            if hidden:
                self._marks.hidden_rows.update(range(self._row, min(self._row + self._rows, MOST_ROWS)))
        elif name in ("table-cell", "covered-table-cell"):
            self._cell(found)

    def _cell(self, found: Attributes) -> None:
        self._columns = repeated(found, "columns")
        down, across = (int(found.get(f"number-{way}-spanned", "1")) for way in ("rows", "columns"))
        if down > 1 or across > 1:
            area = (self._row, self._column, self._row + down - 1, self._column + across - 1)
            self._marks.merged.append(area)
        self._error = [] if found.get("value-type") == "error" else None
        if "formula" in found and "value-type" not in found:
            self._error = [UNCOMPUTED]
        if found.get("value-type") == "percentage":
            self._marks.shown[self._row, self._column] = "percent"

    def data(self, text: str) -> None:
        if self._error is not None:
            self._error.append(text)

    def end(self, name: str) -> None:
        if name == "table":
            self._depth -= 1
        elif self._depth != 1:
            return
        elif name == "table-row":
            self._row += self._rows
        elif name in ("table-cell", "covered-table-cell"):
            self._repeat()
            self._column += self._columns

    def _repeat(self) -> None:
        """Repeat the marks of a cell for the equal neighbours that it stands for."""
        first = self._row, self._column
        if self._error is not None:
            self._marks.errors[first] = "".join(self._error).strip() or "#N/A"
        if first not in self._marks.shown and first not in self._marks.errors:
            return
        for row in range(self._row, min(self._row + self._rows, MOST_ROWS)):
            for column in range(self._column, min(self._column + self._columns, MOST_COLUMNS)):
                for marks in (self._marks.shown, self._marks.errors):
                    if first in marks:
                        marks[row, column] = marks[first]
        self._error = None


def of_ods(parts: ZipFile) -> tuple[bool, dict[str, Marks]]:
    document = OpenDocument()
    with parts.open("content.xml") as opened:
        walk(opened, document.start, document.end, document.data)
    return document.date1904, document.tables
