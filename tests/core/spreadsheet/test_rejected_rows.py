"""Rejected rows come back in the sender's own workbook, to be mended and brought again (`docs/domain/workbooks.md`)."""

from __future__ import annotations

import json
from datetime import datetime
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook
from openpyxl.styles import Font

from tests.core.spreadsheet import sheets

pytestmark = pytest.mark.one_database

RED = "FFFF0000"
FIRST = sheets.HEADER + 2  # row of the first record, from 1


@pytest.fixture
def command(app, built):
    """`command(ledger, path, out)`: imports by the command, which writes the rejected rows to `out`."""

    def run(ledger, path, out, *more):
        built.dirty = True
        args = ["portal", "import", ledger, str(path), "--errors", str(out), *more]
        return app.test_cli_runner().invoke(args=args)

    return run


def marked_cells(page, author="Import"):
    cells = (cell for row in page.iter_rows() for cell in row if cell.comment and cell.comment.author == author)
    return {cell.coordinate: cell.comment.text for cell in cells}


def own_workbook(path):
    """The office's ledger with a formula in each row, a sum below, a title in red, cells merged over two rows and a
    sheet of its own that looks at the first one."""
    book = load_workbook(sheets.LEDGER)
    page = book.active
    page["A1"].font = Font(color="FFFF0000", size=23)
    page.row_dimensions[9].height = 47
    last = page.max_row - 2  # two rows are no records
    for row in range(FIRST, last + 1):
        page.cell(row, 14, f"=LEN(B{row})&$A$1")
        page.cell(row, 15, f"=A{row - 1}")
    page.cell(last + 1, 14, f"=COUNTA(B{FIRST}:B{last})")
    page.merge_cells("L8:L9")
    page.oddFooter.left.text = "第一行\n第二行"
    page["L8"] = "两行同一备注"
    other = book.create_sheet("说明")
    other["A1"] = f"=COUNTA({page.title}!B{FIRST}:B{last})+[1]Sheet1!A1"
    other["A2"] = f"=SUM('{page.title}'!A{FIRST}:A{last})"
    book.save(path)
    return path


def count(rows):
    return rows("SELECT count(*) FROM agreement WHERE source = 'import'")[0][0]


@pytest.mark.slow
def test_failing_rows_come_back_marked_and_once_mended_bring_just_the_missing_records(command, rows, tmp_path):
    source, out, again = (tmp_path / name for name in ("a.xlsx", "out.xlsx", "again.xlsx"))
    before = load_workbook(own_workbook(source)).active
    answer = command("agreements", source, out)
    assert "4 rejected" in answer.output
    taken, book = count(rows), load_workbook(out)
    [about] = marked_cells(book.active, "Import, about the file").values()
    assert "a.xlsx" in about
    looks_the_same(book, before)
    mend(book.active, before, faulty(book.active))
    book.save(out)
    answer = command("agreements", out, again)
    assert "0 rejected" in answer.output, answer.output
    assert count(rows) == taken + 4
    assert marked_cells(load_workbook(again).active) == {}


def looks_the_same(book, before):
    page = book.active
    kept = [before.cell(row, 2).value for row in (9, 13, 17, 18)]
    assert [page.cell(row, 2).value for row in range(FIRST, FIRST + 4)] == kept
    assert (page["A1"].value, page["A1"].font.color.rgb, page["A1"].font.sz) == (before["A1"].value, "FFFF0000", 23)
    assert page.column_dimensions["C"].width == before.column_dimensions["C"].width
    assert page.row_dimensions[FIRST].height == 47
    # The formulas mean the rows that are left.
    assert [page.cell(row, 14).value for row in (4, 7)] == ["=LEN(B4)&$A$1", "=LEN(B7)&$A$1"]
    assert page.cell(8, 14).value == "=COUNTA(B4:B7)"
    assert page.cell(7, 15).value == "=A6"
    assert page.cell(5, 15).value is None  # its row above was taken; nobody has computed what it says
    assert book["说明"]["A2"].value == f"=SUM('{page.title}'!A4:A7)"
    assert "[1]" not in str(book["说明"]["A1"].value)
    # What was merged with a row that was taken still says the same.
    assert page["L4"].value == "两行同一备注"
    assert not [area for area in page.merged_cells.ranges if area.min_row >= FIRST and area.max_row < 8]


def faulty(page):
    found = marked_cells(page)
    assert {page[place].fill.fgColor.rgb for place in found} == {RED}
    assert {page.cell(3, page[place].column).value for place in found} == {
        "有效期至",
        "乙方社区党组织",
        "甲方党组织",
        "签订日期",
    }
    return found


def mend(page, before, found):
    """Every faulty cell says what the first row, which was taken, says in this column."""
    for place in found:
        column = page[place].column
        page[place].value = before.cell(FIRST, column).value
    for row in range(FIRST, FIRST + 4):
        page.cell(row, 6, datetime(2026, 1, row)).number_format = "yyyy-mm-dd"
        page.cell(row, 7, datetime(2027, 1, row)).number_format = "yyyy-mm-dd"


@pytest.mark.slow
def test_other_formats_and_several_sheets_come_back_as_a_workbook_of_the_same_layout(command, tmp_path):
    csv = sheets.csv_of_windows(tmp_path)
    cases = [
        ("agreements", csv),
        ("pairings", sheets.DATA / "结对帮扶台账.xls"),
        ("agreements", two_sheets(tmp_path / "two.xlsx")),
    ]
    for ledger, path in cases:
        out = tmp_path / f"{path.stem}.out.xlsx"
        answer = command(ledger, path, out, "--json")
        book = load_workbook(out)
        found = [text for page in book for text in marked_cells(page).values()]
        rejected = int(answer.output.partition(" rejected")[0].split()[-1])
        assert rejected
        assert sum(len(text.splitlines()) for text in found) >= rejected, path
        again = command(ledger, out, tmp_path / "again.xlsx", "--dry-run")
        assert f"\n{rejected} rejected" in again.output, path
        assert " 0 new, 0 changed, 0 unchanged" in again.output, path
        marked = [marked_cells(page) for page in load_workbook(tmp_path / "again.xlsx")]
        assert marked == [marked_cells(page) for page in book], path
    assert len(book.worksheets) == 2


def test_all_that_is_wrong_with_a_row_is_marked(command, tmp_path):
    found = sheets.rows()[: FIRST + 1]
    found[FIRST - 1][2], found[FIRST - 1][3] = "没有这样的党组织", "没有这样的社区"
    command("agreements", sheets.book(tmp_path / "a.xlsx", found), tmp_path / "out.xlsx")
    assert {"C4", "D4"} <= set(marked_cells(load_workbook(tmp_path / "out.xlsx").active))


def two_sheets(path):
    found = sheets.rows()
    second = [list(row) for row in found]
    for row in second[FIRST - 1 :]:
        row[1] = f"{row[1]}-2" if row[1] else row[1]
    return sheets.book(path, second, [found])


@pytest.mark.slow
def test_a_workbook_that_cannot_be_opened_within_bounds_comes_as_a_plain_sheet_and_it_is_said(
    command, monkeypatch, tmp_path
):
    monkeypatch.setattr("portal.core.spreadsheet.rejected.workbook.MEMORY", 2**20)
    answer = command("agreements", sheets.LEDGER, tmp_path / "out.xlsx")
    assert "简单表格" in answer.output
    assert load_workbook(tmp_path / "out.xlsx").active.max_row == 5


def test_rejected_rows_of_tables_of_records_count_and_come_back_marked_in_their_sheet(command, rows, tmp_path):
    """And where all rows or none are asked for, they keep everything out."""
    [(number, title)] = rows("SELECT record_no, title FROM agreement WHERE status = 'draft' ORDER BY id LIMIT 1")
    found = [row for row in sheets.rows()[: FIRST + 1] if row]
    book = load_workbook(sheets.book(tmp_path / "a.xlsx", found))
    page = book.create_sheet("需求清单")
    for row in (
        ["记录编号", "需求名称", "类别"],
        [number, "加装扶手", "环境卫生"],
        ["GJ2026-999-9999", "没有协议", "环境卫生"],
        [number, "没有这个类别", "没有的类别"],
    ):
        page.append(row)
    book.save(tmp_path / "a.xlsx")
    out = tmp_path / "out.xlsx"
    refused = command("agreements", tmp_path / "a.xlsx", out, "--all-or-none")
    assert refused.exit_code == 1, (title, refused.output)
    assert count(rows) == 0
    answer = command("agreements", tmp_path / "a.xlsx", out, "--json")
    told = json.loads(answer.output.splitlines()[-1])
    assert {each["row"] for each in told["rejected"] if each.get("sheet") == "需求清单"} >= {3, 4}
    assert told["rows"] == told["accepted"] + len(told["rejected"]) + len(told["skipped"])
    marks = marked_cells(load_workbook(out)["需求清单"])
    assert marks
    assert load_workbook(out)["需求清单"]["A1"].value == "记录编号"


def test_lines_of_a_footer_stay_lines_in_every_program(command, tmp_path):
    """LibreOffice prints `_x000a_` as it stands."""
    out = tmp_path / "rejected.xlsx"
    command("agreements", own_workbook(tmp_path / "own.xlsx"), out, "--adopt")
    with ZipFile(out) as parts:
        assert "第一行\n第二行" in parts.read("xl/worksheets/sheet1.xml").decode()
