"""The documents quote the benchmark as it was measured."""

from __future__ import annotations

import json

import pytest

from bench import report
from bench.databases import COPIES

pytestmark = pytest.mark.one_database
RESULTS = json.loads(report.RESULTS.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("path", "quoted"), report.DOCUMENTS.items(), ids=lambda each: getattr(each, "name", ""))
def test_documents_quote_the_table_of_the_last_run(path, quoted):
    document = path.read_text(encoding="utf-8")
    assert report.quoted(document, report.table(RESULTS, *quoted)) == document


def test_the_table_has_every_line_and_every_side():
    assert set(RESULTS["figures"]) == set(report.LINES)
    assert set(report.SIDES) == {"portal", *COPIES}
    rows = report.table(RESULTS, "en", "fastest").splitlines()[2:]
    assert len(rows) == len(report.LINES) + 2
    assert {row.count("|") for row in rows} == {len(report.SIDES) + 2}


def test_a_cell_tells_the_ratio_to_the_lower_bound_where_there_is_one():
    found = {"portal": {"fastest": 6.0}, "bare": {"fastest": 1.5}}
    compared, alone = report.LINES["list"], report.LINES["memory"]
    assert report.cell(compared, found, "portal", "fastest") == "6.0 ms ×4.0"
    assert report.cell(compared, found, "bare", "fastest") == "1.5 ms"
    assert report.cell(compared, found, "flask_admin", "fastest") == "–"
    assert report.cell(alone, found, "portal", "fastest") == "6 MB"
