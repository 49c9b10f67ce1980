"""Reads one workbook in a process of its own, so that a hostile file can take neither memory nor time from the portal.

Run as a script, without the portal: `python -I reader.py FILE NAME ROWS COLUMNS BYTES`. Answers one line of JSON:
{"sheets": [{"name", "rows": [[text]], "merged": [[row, column, row, column]]}]} or {"fault": code}.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

ENCODINGS = ("utf-8-sig", "gb18030")
DELIMITERS = (",", "\t", ";")
MOST_TEXT = 5000


class Fault(Exception):
    """A file that is not read; the first argument is the code of the reason."""


def limit(memory: int) -> None:
    """Of all this process may hold; where the system knows no such limit, the parent's time limit remains."""
    if resource is None:
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    return (value.isoformat() if isinstance(value, date | time) else str(value))[:MOST_TEXT]


def from_text(content: bytes) -> list[dict[str, Any]]:
    for encoding in ENCODINGS:
        try:
            decoded = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise Fault("unreadable")
    if "\x00" in decoded:
        raise Fault("unreadable")
    head = decoded[:20_000]
    delimiter = max(DELIMITERS, key=head.count)
    rows = [[cell[:MOST_TEXT] for cell in row] for row in csv.reader(io.StringIO(decoded), delimiter=delimiter)]
    return [{"name": "", "rows": rows, "merged": []}]


def from_workbook(path: Path, most_rows: int, most_columns: int) -> list[dict[str, Any]]:
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes()))
        found: list[dict[str, Any]] = []
        left = most_rows  # of all sheets: many of them can be one and the same part of a small file
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            left -= sheet.end[0] + 1 if sheet.end is not None else 1
            if left < 0 or (sheet.end is not None and sheet.end[1] >= most_columns):
                raise Fault("too large")
            rows = [[text(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
            merged = [[*start, *end] for start, end in sheet.merged_cell_ranges or ()]
            found.append({"name": name, "rows": rows, "merged": merged})
    except CalamineError as fault:
        raise Fault("password" if "assword" in str(fault) else "unreadable") from fault
    return found


def main() -> None:
    path, name = Path(sys.argv[1]), sys.argv[2].lower()
    most_rows, most_columns, memory = (int(word) for word in sys.argv[3:6])
    limit(memory)
    try:
        is_text = name.endswith((".csv", ".txt", ".tsv"))
        sheets = from_text(path.read_bytes()) if is_text else from_workbook(path, most_rows, most_columns)
        if any(len(sheet["rows"]) > most_rows for sheet in sheets):
            raise Fault("too large")
        answer: dict[str, Any] = {"sheets": sheets}
    except Fault as fault:
        answer = {"fault": fault.args[0]}
    except MemoryError:
        answer = {"fault": "too large"}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
