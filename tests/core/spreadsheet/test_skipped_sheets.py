"""Further sheets that nothing is taken from are named (`docs/domain/workbooks.md`)."""

from __future__ import annotations

import json

import pytest
from openpyxl import load_workbook

from portal.core.declaration.ledger import mounted
from portal.core.spreadsheet.columns.child_tables import sheet_name, tables_of
from tests.core.spreadsheet import sheets

pytestmark = pytest.mark.one_database


@pytest.fixture
def named(app):
    """The name of the sheet of the first table of agreements."""
    with app.test_request_context():
        ledger = next(each for each in mounted() if each.name == "agreements")
        return sheet_name(tables_of(ledger)[0])


def dry_run(app, path):
    answer = app.test_cli_runner().invoke(args=["portal", "import", "agreements", str(path), "--dry-run", "--json"])
    return answer, json.loads(next(line for line in answer.stdout.splitlines() if line.startswith("{")))


def test_a_sheet_called_like_a_table_with_unknown_headings_is_named_with_its_rows(app, named, tmp_path):
    book = load_workbook(sheets.LEDGER)
    for title in (named, named + " "):
        page = book.create_sheet(title)
        for row in (["甲乙", "丙丁"], ["一", "二"], ["三", "四"]):
            page.append(row)
    path = tmp_path / "a.xlsx"
    book.save(path)
    answer, told = dry_run(app, path)
    [first, second] = [sheet for sheet in told["sheets"] if sheet["name"].strip() == named]
    for sheet in (first, second):
        assert (sheet["taken"], sheet["rows"]) == (False, 3)
        assert "甲乙" in sheet["why"]
        assert "丙丁" in sheet["why"]
    assert f"sheet {named} with 3 rows is not taken" in answer.output


def test_left_out_columns_and_a_second_sheet_of_a_table_are_named(app, named, tmp_path):
    book = load_workbook(sheets.LEDGER)
    for title in (named, named + " "):
        page = book.create_sheet(title)
        page.append(["Record number", "Row number", "甲乙"])
        page.append(["GX2026-001-0001", "", "一"])
    path = tmp_path / "a.xlsx"
    book.save(path)
    answer, told = dry_run(app, path)
    [table] = told["tables"]
    assert table["left_out"] == ["甲乙"]
    assert f"column 甲乙 of sheet {named} is left out" in answer.output
    [second] = [sheet for sheet in told["sheets"] if sheet["name"].strip() == named]
    assert not second["taken"]
    assert second["why"]
