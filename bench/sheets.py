"""Workbooks: 10,000 agreements exported by each side that can, beside what XlsxWriter alone takes for the same cells;
and agreements imported from a workbook."""

from __future__ import annotations

import json
from datetime import date
from io import BytesIO
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from urllib.parse import quote

import xlsxwriter
from python_calamine import CalamineWorkbook
from sqlalchemy import Engine
from xlsxwriter.worksheet import Worksheet

from bench import imports, pages
from bench.databases import Portal
from bench.timing import Side
from bench.visitor import Answer
from portal.core.spreadsheet import cell_sizes
from portal.core.spreadsheet.page_setup import STYLES

STATUS = "terminated"
ROUNDS = 3
FILTERED = quote(f"filter={quote(f'status__eq={STATUS}')}")
STARLETTE_ADMIN = "/admin/_api/agreement"
EXPORTS: dict[str, tuple[str, dict[str, str] | None]] = {
    "portal": (f"/agreements/export?status={STATUS}", None),
    "flask_admin": (f"/agreement/export/xlsx/?flt0_status_equals={STATUS}", None),
    "starlette_admin": (
        f"{STARLETTE_ADMIN}/action?name=export&all=1&_list_query={FILTERED}",
        {"format": "xlsx", "scope": "selected"},
    ),
}


def time_exports(sides: dict[str, Side], rows: int) -> dict[str, dict[str, float]]:
    """Seconds, turn by turn; `rows` is how many there are to export."""
    found: dict[str, list[float]] = {name: [] for name in (*EXPORTS, "bare")}
    tokens = {name: sides[name].visitor.token(pages.ADDRESSES[name].form) for name in EXPORTS}
    for _ in range(ROUNDS):
        for name, (path, form) in EXPORTS.items():
            answer = sides[name].visitor.ask(path, form and {**form, **tokens[name]})
            found[name].append(answer.seconds)
            cells = read(answer)
            if len(cells) < rows:
                raise AssertionError(f"{name} exports {len(cells)} rows of {rows}: {answer.head!r}")
            if name == "portal":
                found["bare"].append(write_alone(cells))
    return {name: {"fastest": min(values), "median": median(values)} for name, values in found.items()}


def read(answer: Answer) -> list[list[Any]]:
    if not answer.body.startswith(b"PK"):
        raise AssertionError(f"No workbook: {answer.head!r} {answer.body[:500]!r}")
    return CalamineWorkbook.from_filelike(BytesIO(answer.body)).get_sheet_by_index(0).to_python()


def write_alone(cells: list[list[Any]]) -> float:
    """The lower bound: a file like that of the portal, with its formats, widths and heights, from cells that are there
    already."""
    wide = cell_sizes.widths([""] * len(cells[0]), cells[: cell_sizes.SAMPLE])
    high = [cell_sizes.height(row, wide) for row in cells]
    began = perf_counter()
    out = BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet()
        formats = {name: book.add_format(style) for name, style in STYLES.items()}
        for column, each in enumerate(wide):
            sheet.set_column(column, column, each)
        for n, row in enumerate(cells):
            sheet.set_row(n, high[n])
            write_cells(sheet, n, row, formats)
    return perf_counter() - began


def write_cells(sheet: Worksheet, n: int, row: list[Any], formats: dict[str, Any]) -> None:
    """Each cell by the method for its type, which is faster than `write`."""
    for column, value in enumerate(row):
        if value == "":
            sheet.write_blank(n, column, None, formats["text"])
        elif isinstance(value, str):
            sheet.write_string(n, column, value, formats["text"])
        elif isinstance(value, date):
            sheet.write_datetime(n, column, value, formats["date"])
        else:
            sheet.write_number(n, column, value, formats["number"])


def time_imports(sides: dict[str, Side], portal: Portal, engines: dict[str, Engine], rows: int) -> dict[str, float]:
    """Rows a second: the portal's by its command, starlette-admin's by its page."""
    of, ledger = imports.names(engines["portal"], rows), imports.SHEETS["agreements"]
    few = imports.write(portal.folder / "few.xlsx", ledger, 1, of)
    many = imports.write(portal.folder / "many.xlsx", ledger, rows, of)
    rest, run = (imports.bring("agreements", path, portal.settings) for path in (few, many))
    seconds = import_by_page(sides["starlette_admin"], engines["starlette_admin"], portal.folder, rows)
    return {"portal": imports.summed(rest, run)["rows/s"], "starlette_admin": rows / seconds}


def import_by_page(side: Side, engine: Engine, folder: Path, rows: int) -> float:
    at, visitor = pages.ADDRESSES["starlette_admin"], side.visitor
    entered = [flat(form) for form in islice(pages.forms(engine, at.parties), rows)]
    with xlsxwriter.Workbook(folder / "entered.xlsx") as book:
        sheet = book.add_worksheet()
        for n, values in enumerate([list(entered[0]), *(list(each.values()) for each in entered)]):
            sheet.write_row(n, 0, values)
    file = ("file", (folder / "entered.xlsx").read_bytes())
    answer = visitor.ask(f"{STARLETTE_ADMIN}/import", {"format": "xlsx", **visitor.token(at.form)}, file)
    if answer.status != 200 or json.loads(answer.text)["rows_created"] != rows:
        raise AssertionError(f"{answer.status}: {answer.text[:2000]}")
    return answer.seconds


def flat(form: dict[str, Any]) -> dict[str, str]:
    return {name: ",".join(value) if isinstance(value, list) else str(value) for name, value in form.items()}
