"""The workbook of a list (`docs/domain` §2.7)."""

from __future__ import annotations

import io
import json
from datetime import date, datetime
from urllib.parse import quote

import pytest
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from portal.core import clock
from portal.core.spreadsheet import cell_sizes


@pytest.fixture
def sheet(visit):
    def of(username, path="/agreements/export", language="en"):
        response = visit(username).speak(language).client.get(path)
        assert response.status_code == 200
        book = response.get_data()
        response.close()
        return load_workbook(io.BytesIO(book)).active

    return of


def column(sheet, head):
    heads = [lower.value or upper.value for upper, lower in zip(sheet[3], sheet[4], strict=True)]
    return [row[heads.index(head)].value for row in sheet.iter_rows(min_row=5) if isinstance(row[0].value, int)]


def test_a_sheet_has_a_merged_title_and_grouped_headings(sheet):
    found = sheet("filler01", language="zh_Hans")
    assert found["A1"].value == "区纪委监委共建协议台账"
    assert any(str(merged).startswith("A1:") for merged in found.merged_cells.ranges)
    assert found["A2"].value.startswith("填报单位：区纪委监委机关") or "区纪委监委机关" in found["A2"].value
    assert [cell.value for cell in found[3]][:3] == ["序号", "记录编号", "原编号"]
    assert found.page_setup.orientation == "landscape"


def test_a_unit_exports_its_own_and_the_office_all(sheet, rows):
    assert set(column(sheet("filler01"), "Reporting unit")) == {"区纪委监委机关"}
    assert (
        len(column(sheet("reviewer", "/agreements/export?drafts=1"), "No."))
        == rows("SELECT count(*) FROM agreement")[0][0]
    )


def test_units_stand_in_official_order(sheet, rows):
    order = [name for (name,) in rows("SELECT full_name FROM unit ORDER BY sort_no")]
    places = [order.index(name) for name in column(sheet("auditor"), "Reporting unit")]
    assert places == sorted(places)


def test_filters_hold_in_the_sheet(sheet):
    assert set(column(sheet("reviewer", "/agreements/export?status=draft"), "Status")) == {"Draft"}


def test_phones_are_text_and_dates_are_dates(sheet):
    found = sheet("filler01")
    assert all(isinstance(value, str) and value.startswith("022-") for value in column(found, "Party A office phone"))
    assert all(isinstance(value, datetime) for value in column(found, "Signed on"))


def test_text_that_looks_like_a_formula_stays_text(sheet, change):
    change("UPDATE agreement SET title = '=1+1' WHERE id = 1")
    cells = [cell for row in sheet("reviewer").iter_rows() for cell in row if cell.value == "=1+1"]
    assert [cell.data_type for cell in cells] == ["s"]


def test_whoever_may_not_export_is_refused(visit):
    for username in ("town01", "branch01"):
        assert visit(username).look("/agreements/export").status == 403


def test_the_workbook_says_its_period_and_leads_to_its_line_of_the_trail(sheet, visit, rows):
    path = "/agreements/export?signed_on=2025-01-01&signed_on=2025-12-31"
    found = sheet("filler01", path, "zh_Hans")
    assert found["A1"].value == "区纪委监委2025年共建协议台账"
    assert "统计期间：2025年1月1日—2025年12月31日" in found["A2"].value
    changes = rows("SELECT changes FROM audit_event WHERE action = 'export' ORDER BY id DESC LIMIT 1")[0][0]
    number = found.oddFooter.right.text.splitlines()[-1]
    assert len(number) == 8
    changes = json.loads(changes) if isinstance(changes, str) else changes
    assert ["watermark", None, [number]] in changes
    assert "第&P页" in found.oddFooter.center.text
    answer = visit("filler01").speak("zh_Hans").client.get(path)
    assert quote("附件1：区纪委监委共建协议台账（2025年）.xlsx") in answer.headers["Content-Disposition"]
    answer.close()


def test_columns_that_count_have_a_sum_below_them(sheet):
    found = sheet("filler01", "/study_sessions/export")
    total = next(row for row in found.iter_rows() if row[0].value == "Total")
    heads = [lower.value or upper.value for upper, lower in zip(found[3], found[4], strict=True)]
    [at] = [n for n, head in enumerate(heads) if head == "Were present"]
    assert total[at].value == f"=SUM({total[at].column_letter}5:{total[at].column_letter}{total[at].row - 1})"
    assert all(cell.value is None for cell in total[1:7])
    assert found.cell(total[0].row + 1, 1).value.startswith("Filled by: ")


ORDERS = {
    "agreements": (
        *("record_no", "party_a_org_id", "party_b_org_id", "town", "signed_on", "effective_to", "coop_modes"),
        *("need_count", "resource_count", "project_count", "activity_count", "status", "a_contact", "b_contact"),
        "remark",
    ),
    "pairings": (
        *("helper_member_id", "helper_org_id", "beneficiary_id", "beneficiary_type", "beneficiary_community"),
        *("start_on", "measures", "visit_count", "last_visit", "needs_collected", "needs_solved", "remark"),
    ),
    "visits": (
        *("visited_on", "visit_type", "participant_ids", "beneficiary_id", "visit_community", "findings", "aid"),
        *("aid_source", "needs_handled", "remark"),
    ),
    "study_groups": (
        *("name", "unit_id", "founded_on", "leader_id", "liaison_id", "member_cnt", "session_count", "participation"),
        *("output_count", "remark"),
    ),
    "service_projects": (
        *("title", "series", "origin", "lead_unit_id", "owner_name", "approved_on", "due_on", "progress_note"),
        *("progress", "accepted", "satisfaction", "remark"),
    ),
}
TITLES = [("members", "人员花名册"), ("pairings", "结对帮扶台账"), ("visits", "走访慰问台账")]


@pytest.mark.one_database
def test_columns_stand_in_the_order_that_offices_know(app):
    """`docs/domain` §2.7; what stands between them is needed to bring the sheet back."""
    ledgers = {ledger.name: ledger for ledger in app.extensions["portal.ledgers"]}
    for name, order in ORDERS.items():
        assert [each for each in ledgers[name].sheet.export if each in order] == list(order)


@pytest.mark.one_database
def test_no_column_repeats_another_and_empty_ones_are_narrow(app, sheet):
    empty = set()
    ledgers = app.extensions["portal.ledgers"]
    for name in [each.name for each in ledgers if each.review.statuses and "export" in each.verbs]:
        found = sheet("reviewer", f"/{name}/export")
        rows = [row for row in found.iter_rows(min_row=4) if isinstance(row[0].value, int)]
        columns = {cells[0].column_letter: [cell.value for cell in cells] for cells in zip(*rows, strict=True)}
        texts = {letter: values for letter, values in columns.items() if {*map(type, values)} <= {str, type(None)}}
        told = [(letter, values) for letter, values in texts.items() if len({*values}) > 2]
        assert [a for a, values in told for b, others in told if a < b and values == others] == [], name
        empty |= {(name, letter) for letter, values in columns.items() if not any(values)}
        spans = [(each.min, each.max, each.width) for each in found.column_dimensions.values()]
        wide = {
            cell.column_letter: next(width for first, last, width in spans if first <= cell.column <= last)
            for cell in rows[0]
        }
        for letter, values in columns.items():
            # Wide enough for a word of the heading.
            assert any(values) or wide[letter] < 14, (name, letter, wide[letter])
    assert len(empty) > 3


@pytest.mark.one_database
def test_further_sheets_and_the_guide_are_laid_out_for_paper(visit):
    response = visit("reviewer").speak("zh_Hans").client.get("/agreements/export")
    book = load_workbook(io.BytesIO(response.get_data()))
    response.close()
    assert len(book.worksheets) > 3
    for each in book.worksheets[1:]:
        assert each["A1"].value.startswith("共建协议：")
        assert each.page_setup.orientation == "landscape"
        assert each.print_title_rows == ("$3:$3" if each is book.worksheets[-1] else "$2:$2")
        assert "第&P页" in each.oddFooter.center.text
    rows_of = book["需求清单"].row_dimensions
    assert all(rows_of[n].height for n in range(1, 6))


@pytest.mark.one_database
@pytest.mark.parametrize(("name", "title"), TITLES)
def test_a_workbook_is_called_as_offices_call_it(sheet, name, title):
    assert sheet("filler01", f"/{name}/export", "zh_Hans")["A1"].value == f"区纪委监委{title}"


def test_line_2_is_as_high_as_its_text_needs_above_a_narrow_table(sheet):
    """No program fits the height of merged cells."""
    for name in ("areas", "code_lists", "study_outputs", "agreements"):
        found = sheet("reviewer", f"/{name}/export", "zh_Hans")
        last = next(each for each in found.merged_cells.ranges if each.min_row == 2)
        room = sum(found.column_dimensions[get_column_letter(n)].width for n in range(1, last.max_col + 1))
        lines = found["A2"].value.split("\n")
        assert all(cell_sizes.width(line) * 12 / 11 <= room for line in lines), name
        assert found.row_dimensions[2].height >= 18 * len(lines), name


def test_the_footer_tells_the_day_of_the_data_and_the_time_of_printing(sheet, app, monkeypatch):
    path = "/agreements/export?as_of=2026-05-31"
    found = sheet("reviewer", path, "zh_Hans")
    footer = found.oddFooter
    assert "填报日期：2026年6月30日" in found["A2"].value
    assert footer.left.text.splitlines()[0] == "数据截止：2026年5月31日"
    assert f"{clock.local(clock.now()):%Y-%m-%d}" in footer.right.text
    monkeypatch.setitem(app.config, "AS_OF", date(2026, 6, 30))
    assert sheet("reviewer", "/agreements/export", "zh_Hans").oddFooter.left.text.startswith("数据截止：2026年6月30日")
    monkeypatch.setitem(app.config, "AS_OF", None)
    found = sheet("reviewer", "/agreements/export", "zh_Hans").oddFooter
    assert found.left.text.splitlines()[0].removeprefix("数据截止：") in found.right.text


@pytest.mark.parametrize("path", ["/agreements/export", "/agreements/template.xlsx", "/members/export"])
def test_a_download_has_a_name_for_clients_that_know_no_chinese_ones(visit, path):
    answer = visit("reviewer").speak("zh_Hans").client.get(path)
    plain, encoded = answer.headers["Content-Disposition"].split("; ")[1:]
    assert plain == f"filename={path.split('/')[1]}.xlsx"
    assert encoded.startswith("filename*=UTF-8''")
    answer.close()
