"""What cells of sheets mean, through the import that offices use: nothing is dropped, guessed or changed unsaid."""

from __future__ import annotations

import csv
from datetime import date, datetime
from io import BytesIO
from zipfile import ZipFile

import pytest
from openpyxl import Workbook, load_workbook

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.declaration.ledger import mounted
from portal.core.spreadsheet.importer.importer import find_layout, take
from portal.core.spreadsheet.reader.workbook import Unreadable, read
from portal.core.spreadsheet.reader.workbook_xml import UNCOMPUTED, Scan, SheetCells, walk
from portal.extensions import db
from tests.core.spreadsheet.sheets import DATA

GROUPS = ["小组名称", "所在单位", "成立时间", "组长", "联络员", "成员数", "批准文号", "备注"]
FIRST = date(2024, 3, 1)


@pytest.fixture
def bring(app, built):
    """`bring(ledger, path)` adopts a sheet as the office's reviewer: {row: column refused}, and the outcome."""

    def run(name, path):
        with app.test_request_context(method="POST"), scope.acting_as(act_as("reviewer")):
            ledger = next(each for each in mounted() if each.name == name)
            outcome = take(ledger, find_layout(ledger, read(path, path.name)), path.name, True, lambda *_: None)
            db.session.commit()
        built.dirty = True
        return {remark.row: remark.column for remark in outcome.rejected}, outcome

    return run


@pytest.fixture
def groups(rows):
    """A column of the study groups that were brought, by their names."""

    def run(column):
        return dict(rows(f"SELECT name, {column} FROM study_group WHERE source = 'import'"))

    return run


def sheet(path, rows, head=GROUPS):
    made = Workbook()
    for row in [head, *rows]:
        made.active.append(row)
    made.save(path)
    return path


def group(name, **cells):
    known = {
        "小组名称": name,
        "所在单位": "区纪委监委机关",
        "成立时间": "2024-03-01",
        "组长": "金拟帆",
        "联络员": "郝演远",
        "成员数": 8,
        **cells,
    }
    return [known.get(head) for head in GROUPS]


def as_date(value):
    return date.fromisoformat(str(value)[:10])


@pytest.mark.one_database
def test_cells_are_read_whole_or_refused_at_their_column(bring, groups, rows):
    assert bring("study_groups", DATA / "spaces.xlsx")[0] == {}
    assert {*groups("remark").values()} >= {"第一项 第二项"}

    assert bring("study_groups", DATA / "date1904.xlsx")[0] == {}
    days = groups("founded_on")
    assert {as_date(days[name]) for name in days if name.startswith("甲")} == {FIRST}

    refused, _ = bring("study_groups", DATA / "error-cells.xlsx")
    assert refused == {2: "备注", 3: "组长", 4: "小组名称", 5: "成立时间"}

    refused, _ = bring("study_groups", DATA / "date-styles.xlsx")
    assert {row - 2 for row in refused} == {6, 15, 16, 17}  # 24.3.1, no such day, 3/1/2024, a month
    days = groups("founded_on")
    assert {as_date(day) for name, day in days.items() if name.startswith("样式")} == {FIRST}

    assert bring("study_groups", DATA / "far-space.xlsx")[1].accepted == 1
    assert bring("study_groups", DATA / "merged.ods")[0] == {}
    assert bring("study_groups", DATA / "equals-quote.csv")[0] == {}
    assert groups("approve_doc")["丑一"] == "0012"
    assert groups("remark")["丑一"] == "00123"


@pytest.mark.one_database
def test_a_kind_of_person_is_matched_whole_and_known_words_for_others_are_kept(bring, rows, tmp_path):
    refused, outcome = bring("pairings", DATA / "negated-kinds.xlsx")
    assert (outcome.accepted, {*refused.values()}) == (0, {"对象类型"})
    book = load_workbook(DATA / "negated-kinds.xlsx")
    column = next(cell.column for cell in book.active[1] if cell.value == "对象类型")
    book.active.cell(2, column, "低保户")
    book.save(tmp_path / "a.xlsx")
    refused, outcome = bring("pairings", tmp_path / "a.xlsx")
    assert (outcome.accepted, len(refused)) == (1, 3)
    assert "对象类型" in {flag.column for flag in outcome.flagged if flag.row == 2}
    [(kind, remark)] = rows("SELECT target_type, remark FROM beneficiary WHERE source = 'import'")
    assert (kind, "低保户" in remark) == ("9", True)


@pytest.mark.one_database
def test_percentages_lose_the_noise_of_computing_only(bring, rows):
    refused, outcome = bring("service_projects", DATA / "percent.xlsx")
    assert {*refused.values()} <= {"进度"}, outcome.rejected
    progress = dict(rows("SELECT title, progress FROM service_project WHERE source = 'import'"))
    assert float(progress["项戊"]) == 85.1
    assert float(progress["项甲"]) == 50


def test_a_quotation_mark_that_is_not_closed_is_named_with_its_line(app, tmp_path):
    cases = {
        'a,b,c\n1,"open,3\n4,5,6\n': "2",
        'a,b,c\n1,"open,3\n4,5,6\n7,"closed",9\n': "2",
        'a,b,c\n1,"he "said" so",3\n': "2",
    }
    path = tmp_path / "a.csv"
    with app.test_request_context():
        for content, line in cases.items():
            path.write_text(content, "utf-8")
            with pytest.raises(Unreadable, match=f"(line|第) {line}"):
                read(path, path.name)
        path.write_text('a,b\n1,"two\nlines ""quoted"""\n', "utf-8")
        assert read(path, path.name)[0].rows[1] == ["1", 'two\nlines "quoted"']


def test_what_a_workbook_hides_is_told_and_formats_are_read(app, tmp_path):
    made = Workbook()
    page = made.active
    page.append(["甲", "乙", 0.8, datetime(2024, 3, 1), 85.10000000000001, "=1/0"])
    page["C1"].number_format, page["D1"].number_format = "0%", 'yyyy"年"m"月"'
    page["B2"], page["A40000"] = "隐", " "
    page.row_dimensions[2].hidden = page.column_dimensions["B"].hidden = True
    made.create_sheet("旧").sheet_state = "hidden"
    path = tmp_path / "a.xlsx"
    made.save(path)
    with app.test_request_context():
        first, old = read(path, path.name)
    assert (first.rows[0][:5], len(first.rows)) == (["甲", "乙", "80%", "2024年3月", "85.1"], 2)
    assert (first.hidden, first.hidden_rows, first.hidden_columns, old.hidden) == (False, {1}, {1}, True)


def test_marks_are_the_same_by_scan_and_by_parser(tmp_path):
    """Most workbooks are scanned, which is fast; those written in an unusual way are parsed."""
    made = Workbook()
    page = made.active
    for n in range(3000):
        formulas = ("=1/0", "=IF(A1<B1,1,2)", '="a"&"b"')
        page.append([n, f'第{n}行 <c r="A1" t="e"> & 文', 0.5, datetime(2024, 3, 1), formulas[n % 3]])
        page.cell(n + 1, 3).number_format = "0%" if n % 3 else "General"
        page.row_dimensions[n + 1].hidden = n % 7 == 0
    page.cell(9, 5).value, page.cell(9, 5).data_type = "#REF!", "e"
    page.column_dimensions["B"].hidden = True
    made.save(tmp_path / "a.xlsx")
    shown = ["", "percent", "", "percent"]
    for path in (tmp_path / "a.xlsx", *DATA.glob("*.xlsx")):
        with ZipFile(path) as parts:
            name = "xl/worksheets/sheet1.xml"
            cells = SheetCells(shown)
            with parts.open(name) as opened:
                walk(opened, cells.start, cells.end, cells.data, plain=True)
            with parts.open(name) as opened:
                assert Scan(shown).marks_of(opened) == cells.marks, path
            if path.parent == tmp_path:
                assert list(cells.marks.errors.values()).count(UNCOMPUTED) == 2999
    for content in (b"<x:row r='1'>", b'<row><c s="1"/></row>', b'<!DOCTYPE a><row r="1"/>', "<row/>".encode("utf-16")):
        assert Scan(shown).marks_of(BytesIO(content)) is None


def test_a_text_file_is_read_in_each_encoding_and_with_each_separator(app, tmp_path):
    path = tmp_path / "a.csv"
    with app.test_request_context():
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "gb18030"):
            for sign in ",;\t":
                with path.open("w", encoding=encoding, newline="") as file:
                    csv.writer(file, delimiter=sign).writerows([["甲", "乙、丙", "丁，戊"], ["1", "a;b,c", "3"]])
                assert read(path, path.name)[0].rows == [["甲", "乙、丙", "丁，戊"], ["1", "a;b,c", "3"]]


def test_everything_that_is_wrong_with_a_row_is_said_at_once(bring, tmp_path):
    wrong = group("甲组", 成立时间="2024-03", 成员数="很多", 组长="同上", 状态="不知道")
    made = sheet(tmp_path / "a.xlsx", [[*wrong, "不知道"]], [*GROUPS, "状态"])
    _, outcome = bring("study_groups", made)
    [remark] = outcome.rejected
    said = {remark.column, *(each["column"] for each in remark.also)}
    assert said == {"组长", "成立时间", "成员数"}


def test_when_and_why_something_ended_on_paper_is_taken_over(bring, rows, tmp_path):
    """Of what has not ended it is said that this is not taken; a day that the transition would refuse is refused."""
    heads = [*GROUPS, "状态", "解散日期", "解散原因"]
    rows_ = [
        [*group("甲组"), "已撤销", "2025-05-06", None],
        [*group("乙组"), "运行中", "2025-05-06", None],
        [*group("丙组"), "已撤销", "2024-02-01", None],
        [*group("丁组"), "已撤销", "以后", None],
    ]
    refused, outcome = bring("study_groups", sheet(tmp_path / "a.xlsx", rows_, heads))
    assert refused == {4: "解散日期", 5: "解散日期"}
    ended = dict(rows("SELECT name, terminated_on FROM study_group WHERE source = 'import'"))
    assert (str(ended["甲组"])[:10], ended["乙组"]) == ("2025-05-06", None)
    flagged = {(remark.row, remark.column) for remark in outcome.flagged}
    assert (3, "解散日期") in flagged
    assert (2, "解散日期") not in flagged
    again, outcome = bring("study_groups", sheet(tmp_path / "b.xlsx", rows_[:1], heads))
    assert (again, outcome.counts["unchanged"], outcome.changes) == ({}, 1, [])


@pytest.mark.one_database
def test_a_number_of_more_digits_than_a_spreadsheet_keeps_is_refused(bring, tmp_path):
    rows = [group("子长", 批准文号=911201161234567801), group("丑长", 批准文号="911201161234567801")]
    refused, outcome = bring("study_groups", sheet(tmp_path / "a.xlsx", rows))
    assert (refused, outcome.accepted) == ({2: "批准文号"}, 1)


@pytest.mark.one_database
def test_texts_of_a_workbook_that_are_still_wrapped_and_terms_with_times_are_read(bring, groups, rows, tmp_path):
    made = [group("子裹", 批准文号="'0012", 备注="'007"), group("丑裹", 备注="'引文'")]
    assert bring("study_groups", sheet(tmp_path / "a.xlsx", made))[0] == {}
    assert (groups("approve_doc")["子裹"], groups("remark")) == ("0012", {"子裹": "007", "丑裹": "'引文'"})
    head = ["甲方党组织", "乙方社区党组织", "签订日期", "协议期限", "共建方式"]
    term = "2025-03-05 00:00:00至2028-03-04 0:00"
    row = ["区民政局机关党委", "立春街道海棠里社区", "2025-03-05 00:00:00", term, "组织共建"]
    assert bring("agreements", sheet(tmp_path / "b.xlsx", [row], head))[0] == {}
    [(first, last)] = rows("SELECT effective_from, effective_to FROM agreement WHERE source = 'import'")
    assert (as_date(first), as_date(last)) == (date(2025, 3, 5), date(2028, 3, 4))


@pytest.mark.one_database
def test_words_of_its_own_that_a_list_would_take_are_no_fault_of_a_row_that_is_rejected_for_another(bring, tmp_path):
    head = ["帮扶人", "所在单位", "帮扶对象", "对象类型", "所在社区", "帮扶措施", "状态"]
    row = ["王演晨", "区民政局", "样某甲", "困难群众", "立春街道海棠里社区", "送米面油", "没有这样的状态"]
    _, outcome = bring("pairings", sheet(tmp_path / "a.xlsx", [row], head))
    [fault] = outcome.rejected
    assert (fault.column, fault.also) == ("状态", [])


@pytest.mark.one_database
def test_a_formula_without_a_result_is_no_blank_and_one_that_is_none_of_the_table_is_no_fault(bring, tmp_path):
    rows = [group("子算"), group("丑算", 成员数="=4+4"), ["合计", None, None, None, None, "=SUM(F2:F3)"]]
    refused, outcome = bring("study_groups", sheet(tmp_path / "a.xlsx", rows))
    assert (refused, outcome.accepted, [skip.row for skip in outcome.skipped]) == ({3: "成员数"}, 1, [4])


@pytest.mark.one_database
def test_marks_for_the_same_are_known_however_they_are_drawn_and_are_nobodys_name(bring, groups, tmp_path):
    marks = ("〃", "”", '""', "--〃--", "同上。", "同　上", "ditto", "′′", "同前一行")
    rows = [group("首同", 组长="金拟帆"), *[group(f"同{n}", 组长=mark) for n, mark in enumerate(marks)]]
    rows += [group("末同", 组长="……"), group("真名", 组长="同上海")]
    refused, _ = bring("study_groups", sheet(tmp_path / "a.xlsx", rows))
    assert refused == {len(marks) + 3: "组长"}
    assert {*groups("leader_name").values()} == {"金拟帆", "同上海"}


@pytest.mark.one_database
def test_a_term_of_which_one_day_is_said_ends_on_it_only_where_nothing_else_is_said(bring, rows, tmp_path):
    head = ["甲方党组织", "乙方社区党组织", "签订日期", "协议有效期限", "终止时间"]
    said = {
        "至2028年1月4日": True,
        "2028.1.4止": True,
        "2025年1月5日起三年": False,
        "2025.1.5-2028.1": False,
        "2025年1月5日至长期": False,
        "三年": False,
    }
    town = "立春街道海棠里社区"
    made = [["区民政局机关党委", town, "2025-01-05", text, None] for text in said]
    refused, _ = bring("agreements", sheet(tmp_path / "a.xlsx", made, head))
    assert {n for n, column in refused.items() if column == "协议有效期限"} == {
        n for n, right in enumerate(said.values(), start=2) if not right
    }
    assert {as_date(day) for (day,) in rows("SELECT effective_to FROM agreement WHERE source = 'import'")} == {
        date(2028, 1, 4)
    }
    made = [
        ["区司法局机关党委", town, "2025-01-05", "2025.1.5-2028.1.4", day] for day in ("2026-01-01", "2028年1月4日")
    ]
    assert bring("agreements", sheet(tmp_path / "b.xlsx", made, head))[0] == {2: "终止时间"}
