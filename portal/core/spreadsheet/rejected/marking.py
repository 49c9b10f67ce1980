"""Mark faulty cells and remove stored rows of a workbook, in a process of its own.

Run as a script, without the portal: `python -I marking.py FILE MEMORY SECONDS`, the plan of `workbook.py` as JSON on
stdin. The workbook is written to stdout. Macros and links to other workbooks are not kept.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.comments import Comment
from openpyxl.formatting.formatting import ConditionalFormattingList
from openpyxl.formula.translate import Translator
from openpyxl.styles import PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet import header_footer
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

sys.path.append(str(Path(__file__).parent))  # an isolated script does not see its neighbours
sys.path.append(str(Path(__file__).parent.with_name("reader")))
from bounds import limit_process  # type: ignore[import-not-found]
from shifted_references import Gone, Rows, areas, formula, reference  # type: ignore[import-not-found]

RED = PatternFill("solid", fgColor="FFFF0000")
AUTHOR = "Import"  # tells our comments, when a workbook comes and goes again
ABOUT = "Import, about the file"  # the one beside the headings
BELOW = "\n———\n"  # between the sender's comment and ours
WIDEST, NARROWEST = 40, 8
Sheet = Any
# It writes a line break of a footer as `_x000a_`, which LibreOffice prints as it stands; XML can hold the break itself.
header_footer.escape = str


def built(sheets: list[dict[str, Any]]) -> Workbook:
    """Build a workbook from the texts of a file in another format."""
    book = Workbook()
    book.remove(book.active)
    for told in sheets:
        sheet = book.create_sheet(re.sub(r"[\[\]:*?/\\]", "_", told["name"])[:31] or "Sheet1")
        told["name"] = sheet.title
        if told["date1904"]:
            book.epoch = CALENDAR_MAC_1904
        for n, row in enumerate(told["rows"], start=1):
            for m, text in enumerate(row, start=1):
                if text:
                    put(sheet.cell(n, m), text)
        for top, left, bottom, right in told["merged"]:
            sheet.merge_cells(None, top + 1, left + 1, bottom + 1, right + 1)
        for n in told["hidden_rows"]:
            sheet.row_dimensions[n + 1].hidden = True
        set_widths(sheet, told)
        sheet.sheet_state = "hidden" if told["hidden"] else "visible"
    return book


def put(cell: Cell, text: str) -> None:
    """Store a text as text, even if it looks like a formula."""
    cell.value = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text)
    cell.data_type, cell.number_format = "s", "@"


def set_widths(sheet: Sheet, told: dict[str, Any]) -> None:
    """Set column widths by content, without titles over several columns."""
    wide = {(top, left) for top, left, _, right in told["merged"] if right > left}
    widths: dict[int, int] = {}
    for n, row in enumerate(told["rows"]):
        for m, text in enumerate(row):
            if (n, m) not in wide and sum(map(bool, row)) > 1:
                longest = max(sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in line) for line in [text])
                widths[m] = max(widths.get(m, NARROWEST), min(longest + 2, WIDEST))
    for m, width in widths.items():
        sheet.column_dimensions[get_column_letter(m + 1)].width = width
    for m in told["hidden_columns"]:
        sheet.column_dimensions[get_column_letter(m + 1)].hidden = True


def carry(sheet: Sheet, carried: list[list[Any]]) -> None:
    """Write out values that a row takes from a row above, since that one may be removed."""
    for row, column, source, text in carried:
        cell = sheet.cell(row, column + 1)
        if isinstance(cell, MergedCell):
            continue
        above = sheet.cell(source, column + 1) if source else None
        if above is None or above.data_type == "f":
            put(cell, text)
        else:
            copy(above, cell)


def move_merged(sheet: Sheet, rows: Rows) -> list[str]:
    """Unmerge cells and return their new ranges. If their first row is removed, the first remaining row gets the
    value."""
    found = []
    for area in list(sheet.merged_cells.ranges):
        first, last = area.min_row, area.max_row
        left = next((row for row in range(first, last + 1) if row not in rows.known), None)
        if last < (rows.removed or [last + 1])[0]:
            continue
        sheet.unmerge_cells(area.coord)
        if left is None:
            continue
        if left != first:
            head, cell = sheet.cell(first, area.min_col), sheet.cell(left, area.min_col)
            copy(head, cell)
            cell._style = head._style
        now = reference(area.coord, rows)
        start, _, end = now.partition(":")
        if start != end:
            found.append(now)
    return found


def copy(source: Cell, goal: Cell) -> None:
    """Copy a cell; a text that looks like a formula stays a text."""
    goal.value = source.value
    goal.data_type, goal.number_format = source.data_type, source.number_format


def move_cells(sheet: Sheet, rows: Rows) -> None:
    cells = {}
    for (row, column), cell in sheet._cells.items():
        if row not in rows.known:
            cell.row = rows.now(row)
            cells[cell.row, column] = cell
            if cell.hyperlink is not None:
                cell.hyperlink.ref = cell.coordinate
    sheet._cells = cells
    kept = {row: told for row, told in sheet.row_dimensions.items() if row not in rows.known}
    sheet.row_dimensions.clear()
    for row, told in kept.items():
        told.index = rows.now(row)
        sheet.row_dimensions[told.index] = told


def move_ranges(sheet: Sheet, rows: Rows) -> None:
    """Adjust conditional formats, validation lists, filters, print areas and tables."""
    conditions, sheet.conditional_formatting = sheet.conditional_formatting, ConditionalFormattingList()
    for told in conditions:
        before, now = str(told.sqref), areas(str(told.sqref), rows)
        for rule in told.rules if now else ():
            rule.formula = [shifted(text, before, now) for text in rule.formula]
            sheet.conditional_formatting.add(now, rule)
    move_lists(sheet, rows)
    move_tables(sheet, rows)
    for told in sheet.row_breaks.brk:
        told.id = rows.now(told.id + 1) - 1
    if sheet.auto_filter.ref:
        sheet.auto_filter.ref = areas(sheet.auto_filter.ref, rows) or None
    if sheet.print_area:
        sheet.print_area = areas(re.sub(r"'[^']*'!|\$", "", sheet.print_area), rows).replace(" ", ",") or None


def move_lists(sheet: Sheet, rows: Rows) -> None:
    for told in list(sheet.data_validations.dataValidation):
        now = areas(str(told.sqref), rows)
        if now:
            told.sqref = type(told.sqref)(now)
        else:
            sheet.data_validations.dataValidation.remove(told)


def move_tables(sheet: Sheet, rows: Rows) -> None:
    for name, table in [*zip(sheet.tables.keys(), sheet.tables.values(), strict=True)]:
        first, last = (int(n) for n in re.findall(r"\d+", table.ref))
        if rows.now(last + 1) - rows.now(first) < 2:  # a table has a row below its headings
            del sheet.tables[name]
            continue
        table.ref = reference(table.ref, rows)
        if table.autoFilter is not None:
            table.autoFilter.ref = reference(table.autoFilter.ref, rows)


def shifted(text: str, before: str, now: str) -> str:
    """Adjust the formula of a condition, which is relative to the first cell of its range."""
    origin, goal = (re.split(r"[ :]", area)[0] for area in (before, now))
    moved: str = Translator("=" + text, origin).translate_formula(goal)
    return moved.removeprefix("=")


def move_formulas(book: Workbook, path: Path, rows_of: dict[str, Rows]) -> None:
    """Adjust formulas before cells are moved; a formula about removed rows is replaced by its value."""

    @cache
    def values() -> Workbook:
        return load_workbook(path, data_only=True, keep_links=False)

    for sheet in book.worksheets:
        for cell in list(sheet._cells.values()):
            told = cell.value
            if isinstance(told, DataTableFormula) or cell.data_type != "f":
                continue
            try:
                if isinstance(told, ArrayFormula):
                    told.text = formula(told.text, sheet.title, rows_of)
                    told.ref = reference(told.ref, rows_of[sheet.title]) if sheet.title in rows_of else told.ref
                elif isinstance(told, str):
                    cell.value = formula(told, sheet.title, rows_of)
            except Gone:
                cell.value = values()[sheet.title][cell.coordinate].value


def move_names(book: Workbook, rows_of: dict[str, Rows]) -> None:
    """Adjust defined names; remove those of removed rows or of other workbooks."""
    for names in (book.defined_names, *(sheet.defined_names for sheet in book.worksheets)):
        for name, told in list(names.items()):
            try:
                told.attr_text = formula("=" + (told.attr_text or ""), "", rows_of).removeprefix("=")
            except Gone:
                del names[name]


def clean(sheet: Sheet) -> None:
    """Remove the marks of an earlier import."""
    for cell in sheet._cells.values():
        comment = getattr(cell, "comment", None)
        if comment is not None and comment.author in (AUTHOR, ABOUT):
            before, mark, _ = comment.text.partition(BELOW)
            cell.comment = Comment(before, "") if mark else None
            if comment.author == AUTHOR:
                cell.fill = PatternFill()


def mark(sheet: Sheet, rows: Rows, marks: list[list[Any]]) -> None:
    said: dict[tuple[int, int], list[str]] = {}
    for row, column, text in marks:
        place = rows.now(row), column + 1
        for area in sheet.merged_cells.ranges:
            if area.min_row <= place[0] <= area.max_row and area.min_col <= place[1] <= area.max_col:
                place = area.min_row, area.min_col
        if text not in said.setdefault(place, []):
            said[place].append(text)
    for place, texts in said.items():
        cell = sheet.cell(*place)
        comment(cell, "\n".join(texts), AUTHOR)
        cell.fill = RED


def comment(cell: Cell, text: str, author: str) -> None:
    if cell.comment is not None:
        text = cell.comment.text + BELOW + text
    cell.comment = Comment(text[:30_000], author, height=40 + 20 * (text.count("\n") + len(text) // 30), width=320)


def change(sheet: Sheet, rows: Rows, plan: dict[str, Any], about: str) -> None:
    clean(sheet)
    carry(sheet, plan["carried"])
    merged = move_merged(sheet, rows)
    move_cells(sheet, rows)
    for area in merged:
        sheet.merge_cells(area)
    move_ranges(sheet, rows)
    mark(sheet, rows, plan["marks"])
    if plan["marks"] and (place := plan["heading"]):
        head = sheet.cell(place[0], place[1] + 1)
        if not isinstance(head, MergedCell):
            comment(head, about, ABOUT)
    sheet._charts, sheet._images = [], []  # their places and ranges are those of rows that are gone


def main() -> None:
    path = Path(sys.argv[1])
    limit_process(int(sys.argv[2]), int(sys.argv[3]))
    plan = json.load(sys.stdin)
    if plan["built"] is not None:
        book = built(plan["built"])
        names = {old: told["name"] for old, told in zip(plan["names"], plan["built"], strict=True)}
    else:
        # The name of the stored file has no ending, by which openpyxl would judge it.
        book = load_workbook(BytesIO(path.read_bytes()), keep_links=False, rich_text=True)
        names = {sheet.title: sheet.title for sheet in book.worksheets}
    told = {names[each["name"]]: each for each in plan["sheets"]}
    rows_of = {name: Rows(each["removed"]) for name, each in told.items()}
    if plan["built"] is None:
        move_formulas(book, path, rows_of)
        move_names(book, rows_of)
    for name, each in told.items():
        change(book[name], rows_of[name], each, plan["about"])
    out = BytesIO()
    book.save(out)
    sys.stdout.buffer.write(out.getvalue())


if __name__ == "__main__":
    main()
