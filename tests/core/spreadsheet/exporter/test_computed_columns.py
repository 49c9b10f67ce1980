"""Computed columns of exported workbooks (`docs/domain` §2.7): what they count, and that they never come in."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask_babel import force_locale
from openpyxl import Workbook, load_workbook
from werkzeug.datastructures import MultiDict

from portal.accounts.security_manager import act_as
from portal.core import clock
from portal.core.access import scope
from portal.core.declaration.ledger import mounted
from portal.core.fields import Computed
from portal.core.spreadsheet.exporter.exporter import workbook
from portal.core.spreadsheet.exporter.template import template
from portal.core.spreadsheet.importer.importer import find_layout, take
from portal.core.spreadsheet.importer.report import described
from portal.core.spreadsheet.reader.layout import TOWN
from portal.core.spreadsheet.reader.workbook import read
from portal.core.views.lists import listing
from portal.extensions import db
from portal.org import codes

LANGUAGES = ("zh_Hans", "zh_Hant", "en")
LEDGERS = ("agreements", "pairings", "visits", "study_groups", "service_projects")
TYPED = "改过的内容"


@pytest.fixture
def cells(visit):
    """`cells("reviewer", "pairings")` are the rows of an export: by record number the cells by heading."""

    def of(username, name, query=""):
        response = visit(username).speak("zh_Hans").client.get(f"/{name}/export{query}")
        assert response.status_code == 200
        found = rows_in(load_workbook(io.BytesIO(response.get_data())).active)
        response.close()
        return found

    return of


def rows_in(sheet):
    lines = [list(row) for row in sheet.iter_rows(values_only=True)]
    top = next(n for n, line in enumerate(lines) if "记录编号" in line)
    below = lines[top + 1] if lines[top + 1][1] is None else [None] * len(lines[top])
    heads = [lower or upper for upper, lower in zip(lines[top], below, strict=True)]
    assert len(heads) == len(set(heads))
    filled = ([None if each == "" else each for each in line] for line in lines if isinstance(line[0], int))
    rows = [dict(zip(heads, line, strict=True)) for line in filled]
    return {row["记录编号"]: row for row in rows}


def by_number(rows, sql):
    return dict(rows(sql))


def ledger_named(name):
    return next(each for each in mounted() if each.name == name)


def exported(ledger, path, language="zh_Hans", names=None):
    """The workbook of the ledger as the current user takes it."""
    codes.load(ledger.all_code_lists)
    names = names or ledger.sheet.export
    with force_locale(language):
        records = listing.every(listing.parse(ledger, MultiDict()), names)
        with workbook(ledger, names, records) as book:
            path.write_bytes(book.read())
    return path


def test_what_is_counted_is_what_the_tables_hold(cells, rows):
    agreements = cells("reviewer", "agreements")
    activities = by_number(
        rows,
        "SELECT a.record_no, count(c.id) FROM agreement a LEFT JOIN coop_activity c ON c.agreement_id = a.id "
        "AND c.held_on <= '2026-06-30' GROUP BY a.record_no",
    )
    needs = by_number(
        rows,
        "SELECT a.record_no, count(d.id) FROM agreement a LEFT JOIN demand_item d ON d.agreement_id = a.id "
        "AND d.status <> 'withdrawn' GROUP BY a.record_no",
    )
    assert agreements
    for number, row in agreements.items():
        assert row["本期活动次数"] == activities[number]
        assert row["需求"] == needs[number]
        assert row["乙方（社区党组织）"].removeprefix("中共(演示)").startswith(row["所属街镇"])

    pairings = cells("reviewer", "pairings", "?status=active")
    visits = {
        number: found
        for number, *found in rows(
            "SELECT p.record_no, count(v.id), max(v.visited_on) FROM pairing p LEFT JOIN visit v "
            "ON v.beneficiary_id = p.beneficiary_id AND v.owner_unit_id = p.owner_unit_id AND v.status = 'active' "
            "AND v.visit_type <> '6' AND v.visited_on <= '2026-06-30' GROUP BY p.record_no"
        )
    }
    assert any(row["本期走访次数"] for row in pairings.values())
    for number, row in pairings.items():
        count, last = visits[number]
        assert row["本期走访次数"] == count
        assert (f"{row['最近走访']:%Y-%m-%d}" if row["最近走访"] else "") == str(last or "")
        assert row["收集"] >= row["解决"]
        assert row["社区"]

    groups = cells("reviewer", "study_groups")
    sessions = {
        number: found
        for number, *found in rows(
            "SELECT g.record_no, count(s.id), sum(s.present_cnt), sum(s.due_cnt) FROM study_group g "
            "LEFT JOIN study_session s ON s.group_id = g.id AND s.status = 'active' GROUP BY g.record_no"
        )
    }
    for number, row in groups.items():
        count, present, due = sessions[number]
        assert row["本期学习次数"] == count
        assert row["参学率%"] == (int(1000 * present / due) / 10 if due else None)


def test_a_period_counts_what_lies_in_it(cells, rows, change):
    """Line 2 says the period; activities of other years are not of it."""
    year = "?signed_on=2025-01-01&signed_on=2025-12-31"
    found = cells("reviewer", "agreements", year)
    activities = by_number(
        rows,
        "SELECT a.record_no, count(c.id) FROM agreement a LEFT JOIN coop_activity c ON c.agreement_id = a.id "
        "AND c.held_on BETWEEN '2025-01-01' AND '2025-12-31' GROUP BY a.record_no",
    )
    assert {number: row["本期活动次数"] for number, row in found.items()} == {n: activities[n] for n in found}
    whole = cells("reviewer", "agreements")
    assert any(whole[number]["本期活动次数"] > row["本期活动次数"] for number, row in found.items())


class Later(datetime):
    """The clock some days on."""

    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + timedelta(days=20)


def test_a_former_day_counts_what_was_there_by_then(cells, rows, change, app, monkeypatch):
    """What was entered later was not there, though it tells of earlier days."""
    monkeypatch.setattr(clock, "datetime", Later)
    monkeypatch.setitem(app.config, "AS_OF", None)
    day = (datetime.now(clock.OFFICE) + timedelta(days=10)).date()
    [(number, unit, person)] = rows(
        "SELECT record_no, owner_unit_id, beneficiary_id FROM pairing WHERE status = 'active' ORDER BY id LIMIT 1"
    )
    mine = f"owner_unit_id = {unit} AND beneficiary_id = {person} AND status = 'active' AND visit_type <> '6'"
    ids = [id_ for (id_,) in rows(f"SELECT id FROM visit WHERE {mine} ORDER BY id")]
    assert cells("reviewer", "pairings", f"?as_of={day}")[number]["本期走访次数"] == len(ids) > 1
    change(f"UPDATE visit SET visited_on = '{day + timedelta(days=1)}' WHERE id = {ids[0]}")
    assert cells("reviewer", "pairings", f"?as_of={day}")[number]["本期走访次数"] == len(ids) - 1
    change(f"UPDATE visit SET created_at = '{day + timedelta(days=2)} 00:00:00' WHERE {mine}")
    assert cells("reviewer", "pairings", f"?as_of={day}")[number]["本期走访次数"] == 0
    assert cells("reviewer", "pairings")[number]["本期走访次数"] == len(ids)


def test_drafts_voided_records_calls_and_superseded_versions_are_not_counted(cells, rows, change):
    [(number, unit, person)] = rows(
        "SELECT p.record_no, p.owner_unit_id, p.beneficiary_id FROM pairing p WHERE status = 'active' AND "
        "(SELECT count(*) FROM visit v WHERE v.beneficiary_id = p.beneficiary_id AND v.status = 'active') > 2 "
        "ORDER BY p.id LIMIT 1"
    )
    before = cells("reviewer", "pairings")[number]["本期走访次数"]
    ids = [
        id_
        for (id_,) in rows(
            f"SELECT id FROM visit WHERE owner_unit_id = {unit} AND beneficiary_id = {person} AND status = 'active' "
            "AND visit_type <> '6' ORDER BY id"
        )
    ]
    assert before == len(ids) > 2
    for status in ("draft", "voided", "pending_unit"):
        change(f"UPDATE visit SET status = '{status}' WHERE id = {ids[0]}")
        assert cells("reviewer", "pairings")[number]["本期走访次数"] == before - 1
    change(f"UPDATE visit SET visit_type = '6' WHERE id = {ids[1]}")
    change(f"UPDATE visit SET amends_id = {ids[0]} WHERE id = {ids[2]}")
    assert cells("reviewer", "pairings")[number]["本期走访次数"] == before - 3
    # A voided record has no part in any sum.
    change(f"UPDATE pairing SET status = 'voided' WHERE record_no = '{number}'")
    voided = cells("reviewer", "pairings", "?status=voided")[number]
    assert voided["本期走访次数"] is voided["收集"] is voided["解决"] is None


def test_fewer_than_five_ratings_show_counts_and_none_are_blank(cells, rows, change):
    found = rows(
        "SELECT p.record_no, min(s.id) FROM service_project p JOIN project_satisfaction s ON s.project_id = p.id "
        "GROUP BY p.record_no HAVING count(*) = 1 ORDER BY p.record_no LIMIT 1"
    )
    [(number, id_)] = found
    sample = "sample_cnt = {}, satisfied_cnt = {}, fairly_cnt = {}, unsatisfied_cnt = {}"
    for counts, told in (((4, 2, 1, 1), "3 / 4"), ((5, 4, 0, 1), "80%"), ((0, 0, 0, 0), None)):
        change(f"UPDATE project_satisfaction SET {sample.format(*counts)} WHERE id = {id_}")
        assert cells("reviewer", "service_projects")[number]["满意度"] == told
    change("DELETE FROM study_session")
    assert {row["参学率%"] for row in cells("reviewer", "study_groups").values()} == {None}
    assert {row["本期学习次数"] for row in cells("reviewer", "study_groups").values()} == {0}


def test_projects_show_their_latest_report_and_acceptance(cells, rows):
    found = cells("reviewer", "service_projects")
    latest = {}
    for number, note in rows(
        "SELECT p.record_no, r.note FROM project_progress r JOIN service_project p ON p.id = r.project_id "
        "ORDER BY r.reported_on, r.id"
    ):
        latest[number] = note
    assert {number: row["进展情况"] for number, row in found.items() if row["进展情况"]} == {
        number: note for number, note in latest.items() if number in found
    }
    assert {row["验收"] for row in found.values()} > {"通过"}


def test_a_visit_tells_of_aid_without_amounts(cells):
    found = cells("reviewer", "visits")
    assert {row["慰问品/金额"] for row in found.values()} == {"慰问金：***", "慰问品：米面油等生活用品"}
    assert "就医陪诊：现场解决" in {row["诉求处理"] for row in found.values()}
    assert all(row["社区"] for row in found.values() if row["走访对象（帮扶对象）"])


UNREAD = {
    "pairings": ("visits", ("本期走访次数", "最近走访", "收集", "解决")),
    "agreements": ("coop_activities", ("本期活动次数",)),
    "study_groups": ("study_sessions", ("本期学习次数", "参学率%")),
}


def test_what_may_not_be_read_is_not_counted(app, built, tmp_path, cells, rows):
    """Within the reach of the reader's rights; blank without the right to read what is counted, and not 0."""
    own, whole = cells("filler01", "pairings"), cells("reviewer", "pairings")
    for number, row in own.items():
        assert row == whole[number] | {"序号": row["序号"]}
    for name, (other, heads) in UNREAD.items():
        with app.test_request_context():
            principal = act_as("filler01")
            grants = {key: reach for key, reach in principal.grants.items() if key != (other, "read")}
            with scope.acting_as(replace(principal, grants=grants)):
                path = exported(ledger_named(name), tmp_path / "a.xlsx")
            found = rows_in(load_workbook(path).active)
            assert found
            assert {row[head] for row in found.values() for head in heads} == {None}, name


def test_columns_cost_as_many_statements_for_many_records_as_for_few(visit, statements):
    for name in LEDGERS:
        taken = []
        for query in ("?owner_unit_id=1", ""):
            client = visit("reviewer").client
            with statements() as seen:
                client.get(f"/{name}/export{query}").close()
            taken.append(len(seen))
        assert taken[0] >= taken[1] - 1, (name, taken)  # one more for the names of units, at most


# Coming back


def columns_of(ledger, path):
    found = find_layout(ledger, read(path, path.name))
    return {each["header"]: each for each in described(ledger, found).columns}


def computed_heads(ledger, language):
    with force_locale(language):
        return [str(ledger.label_of(name)) for name in ledger.computed]


def as_csv(path):
    with path.with_suffix(".csv").open("w", encoding="utf-8-sig", newline="") as out:
        for row in load_workbook(path).active.iter_rows(values_only=True):
            csv.writer(out).writerow([f"{c:%Y.%m.%d}" if isinstance(c, datetime) else c or "" for c in row])
    return path.with_suffix(".csv")


def without_unit(head):
    return str(head or "").split("%")[0].strip()


def typed_over(ledger, path, language):
    """Other values in every cell that is computed."""
    book, heads = load_workbook(path), computed_heads(ledger, language)
    sheet = book.worksheets[0]
    columns = [cell.column for row in sheet.iter_rows(max_row=4) for cell in row if without_unit(cell.value) in heads]
    assert len(columns) == len(heads)
    for row in sheet.iter_rows(min_row=5):
        if isinstance(row[0].value, int):
            for column in columns:
                sheet.cell(row[0].row, column, TYPED if row[0].value % 2 else 7)
    book.save(path)
    return path


@pytest.mark.slow
@pytest.mark.one_database
@pytest.mark.parametrize("language", LANGUAGES)
def test_computed_columns_are_shown_only_and_change_nothing(app, built, tmp_path, language):
    """Whatever is typed into them, in the workbook, without its record numbers, and as a text file without its mark."""
    for name in LEDGERS:
        with app.test_request_context(method="POST"), scope.acting_as(act_as("reviewer")):
            ledger = ledger_named(name)
            path = typed_over(ledger, exported(ledger, tmp_path / f"{name}.xlsx", language), language)
            for each in (path, as_csv(path)):
                told = columns_of(ledger, each)
                heads = [head for head in told if without_unit(head) in computed_heads(ledger, language)]
                assert len(heads) == len(ledger.computed), (each.name, sorted(told))
                with force_locale("en"):
                    told = columns_of(ledger, each)
                for head in heads:
                    found = (told[head]["how"], told[head]["taken"], told[head].get("why"))
                    assert found == ("left out", False, "Shown only"), (head, found)
                layout = find_layout(ledger, read(each, each.name))
                for adopt in (False, True):
                    outcome = take(ledger, layout, each.name, adopt, lambda _done, _all: None)
                    db.session.rollback()
                    found = (each.name, adopt, outcome.counts, outcome.rejected[:2], outcome.changes[:2])
                    assert not outcome.rejected, found
                    assert outcome.counts["new"] == outcome.counts["changed"] == 0 < outcome.counts["unchanged"], found


@pytest.mark.slow
@pytest.mark.one_database
def test_the_export_of_one_user_comes_back_by_another(app, built, tmp_path):
    for name in LEDGERS:
        with app.test_request_context(method="POST"), scope.acting_as(act_as("secretary01")):
            ledger = ledger_named(name)
            path = exported(ledger, tmp_path / f"{name}.xlsx")
        for username in ("filler01", "reviewer"):
            with app.test_request_context(method="POST"), scope.acting_as(act_as(username)):
                outcome = take(ledger, find_layout(ledger, read(path, path.name)), "a.xlsx", False, lambda _d, _a: None)
                db.session.rollback()
            assert not outcome.rejected, (name, username, outcome.rejected[:2])
            assert outcome.counts["new"] == outcome.counts["changed"] == 0 < outcome.counts["unchanged"]


THEIRS = {
    "service_projects": {
        "进展情况": "project_progress.note",
        "满意度": "project_satisfactions.result",
        "验收": "",
    },
    "study_groups": {"本期学习次数": "reported_session_cnt", "参学率": "", "成果数": ""},
    "pairings": {"对象类型": "beneficiary_id.target_type", "社区": "beneficiary_id.community_id", "最近走访": ""},
    "agreements": {"所属街镇": "party_b_org_id" + TOWN, "本期活动次数": ""},
}
ESSENTIAL = {
    "service_projects": ("项目名称", "责任单位"),
    "study_groups": ("小组名称", "所在单位"),
    "pairings": ("帮扶人", "帮扶对象"),
    "agreements": ("甲方党组织", "乙方社区党组织"),
}


@pytest.mark.one_database
def test_the_same_words_in_the_sheet_of_an_office_are_what_they_were(app, tmp_path):
    """Also where it gives the record numbers, to tell of records that are there."""
    for name, meant in THEIRS.items():
        for first in ("序号", "记录编号"):
            book = Workbook()
            heads = [first, *ESSENTIAL[name], *meant]
            heads = heads if first == "序号" else heads[:-1]  # with all of them it would be ours
            book.active.append(heads)
            book.active.append(["FW2025-001-0001" if first != "序号" else 1, *("某" for _ in heads[1:])])
            path = tmp_path / f"{name}.xlsx"
            book.save(path)
            with app.test_request_context(), scope.acting_as(act_as("reviewer")):
                told = columns_of(ledger_named(name), path)
            for head, field in meant.items():
                if head in heads:
                    assert (told[head]["field"], told[head]["taken"]) == (field, bool(field))
                    assert "why" not in told[head]


@pytest.mark.one_database
def test_templates_do_not_ask_for_what_is_computed(app):
    for name in LEDGERS:
        with app.test_request_context(), scope.acting_as(act_as("reviewer")), force_locale("en"):
            ledger = ledger_named(name)
            computed = {str(ledger.label_of(each)) for each in ledger.computed}
            entered = {str(ledger.imported(each).label) for each in ledger.sheet.words}
            with template(ledger) as book:
                sheet = load_workbook(io.BytesIO(book.read())).active
            asked = {str(cell.value).rstrip("*") for cell in sheet[3]}
            assert not asked & (computed - entered)


@pytest.mark.one_database
def test_counts_have_sums_and_rates_have_none(visit):
    for name, summed, unsummed in (
        ("study_groups", {"Sessions in the period", "Number of outputs"}, {"Study participation rate %"}),
        ("pairings", {"Visits in the period", "Collected", "Solved"}, {"Last visit"}),
        ("agreements", {"Needs", "Resources", "Projects", "Activities in the period"}, set()),
        ("service_projects", set(), {"Satisfaction"}),
    ):
        response = visit("reviewer").speak("en").client.get(f"/{name}/export")
        sheet = load_workbook(io.BytesIO(response.get_data())).active
        response.close()
        lower = [cell.value if sheet["A4"].value is None else None for cell in sheet[4]]
        heads = [below or above.value for above, below in zip(sheet[3], lower, strict=True)]
        total = next((row for row in sheet.iter_rows() if row[0].value == "Total"), ())
        sums = {head for head, cell in zip(heads, total, strict=False) if str(cell.value).startswith("=SUM")}
        assert summed <= sums
        assert not unsummed & sums
        assert name == "service_projects" or total


@pytest.mark.one_database
def test_a_computed_column_stands_in_a_workbook_only(app):
    for ledger in app.extensions["portal.ledgers"]:
        for name in ledger.fields_by_name:
            if isinstance(ledger.field(name).kind, Computed):
                assert name in ledger.sheet.export
                assert name not in {*ledger.shown, *ledger.list.columns, *ledger.list.filters, *ledger.sheet.words}
