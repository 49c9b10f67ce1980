"""Which record a row of a sheet is, and what a sheet never does (`docs/domain/workbooks.md`)."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.declaration.ledger import mounted, named
from portal.core.records.known_values import KnownKey
from portal.core.spreadsheet.importer.identity import counts
from portal.core.spreadsheet.importer.importer import find_layout, take
from portal.core.spreadsheet.reader.workbook import read
from portal.extensions import db
from portal.org.encrypted import Sealed
from tests.core.spreadsheet import sheets

COUNTING = ("1", "02", "3.", "4.0", "（5）", "第6号", "七", "①", "12、", " 20000 ")
NUMBERS = ("共建〔2024〕1号", "2024-001", "A1", "202400001", "津民2", "1/2024", "GJ-7")
PROJECT = ["编号", "项目名称", "责任单位", "征集地区", "类别", "完成时限", "状态"]
GROUP = ["记录编号", "小组名称", "所在单位", "成立时间", "组长", "备注"]


@pytest.fixture
def bring(app, built, tmp_path):
    """`bring(ledger, rows)` brings a sheet of these rows, the first of which are its headings."""

    def run(ledger, rows, username="reviewer", *, adopt=True, same=()):
        path = sheets.book(tmp_path / "sheet.xlsx", rows)
        with app.test_request_context(method="POST"), scope.acting_as(act_as(username)):
            found = named(ledger)
            outcome = take(
                found, find_layout(found, read(path, path.name)), path.name, adopt, lambda _done, _all: None, same
            )
            db.session.commit()
        built.dirty = True
        return outcome

    return run


def project(number, title, unit, status="在办", due="2031.12.01"):
    return [number, title, unit, "立春街道", "党建+我为群众办实事", due, status]


def why(outcome):
    return [(remark.row, remark.column) for remark in outcome.rejected]


@pytest.mark.parametrize("text", COUNTING)
def test_a_number_that_only_counts_is_no_number_of_the_office(text):
    assert counts(text)


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_of_the_office_is_one(text):
    assert not counts(text)


@pytest.mark.one_database
def test_numbers_that_count_never_join_records_of_two_units(bring, rows):
    for unit in ("区民政局", "区司法局"):
        made = [project(n, f"{unit}项目{n}", unit) for n in (1, 2)]
        outcome = bring("service_projects", [PROJECT, *made])
        assert outcome.counts == {"new": 2, "changed": 0, "unchanged": 0}
        assert [remark.column for remark in outcome.flagged].count("编号") == 1
        assert bring("service_projects", [PROJECT, *made]).counts["unchanged"] == 2
    found = rows(
        "SELECT u.full_name, count(*), count(office_no), count(DISTINCT record_no) FROM service_project p "
        "JOIN unit u ON u.id = p.owner_unit_id WHERE source = 'import' GROUP BY u.full_name ORDER BY 1"
    )
    assert [row[1:] for row in found] == [(2, 0, 2), (2, 0, 2)]


def test_two_units_have_the_same_number_and_a_unit_has_it_once(bring, rows):
    first = [PROJECT, project("服务〔2024〕1号", "甲项目", "区民政局")]
    assert bring("service_projects", first).counts["new"] == 1
    assert bring("service_projects", [PROJECT, project("服务〔2024〕1号", "乙项目", "区司法局")]).counts["new"] == 1
    outcome = bring("service_projects", [PROJECT, project("服务〔2024〕1号", "丙项目", "区民政局")])
    assert why(outcome) == [(2, "项目名称")]
    assert [side["here"] for side in outcome.questions[0]["sides"]] == ["丙项目"]
    assert rows("SELECT count(*) FROM service_project WHERE title = '丙项目'") == [(0,)]
    outcome = bring("service_projects", [PROJECT, project("服务〔2024〕1号", "丙项目", "区民政局")], same={("", 2)})
    assert outcome.counts["changed"] == 1
    [change] = outcome.changes
    assert (change["column"], change["old"], change["new"]) == ("项目名称", "甲项目", "丙项目")
    assert rows("SELECT count(*) FROM service_project WHERE title = '甲项目'") == [(0,)]


@pytest.mark.one_database
def test_another_person_that_was_agreed_to_is_of_the_unit_of_the_record(bring, rows):
    [(helper, unit)] = rows(
        "SELECT m.name, u.full_name FROM member m JOIN unit u ON u.id = m.unit_id WHERE u.id = 1 LIMIT 1"
    )
    first = ["帮扶人", "帮扶单位", "帮扶对象姓名", "对象类型", "帮扶措施"]
    assert bring("pairings", [first, [helper, unit, "欧阳甲", "困难群众", "走访慰问"]]).counts["new"] == 1
    [(number, person)] = rows("SELECT record_no, beneficiary_id FROM pairing WHERE source = 'import'")
    sheet = [["记录编号", "帮扶人", "帮扶对象姓名", "对象类型"], [number, helper, "欧阳乙", "困难群众"]]
    assert len(bring("pairings", sheet).questions) == 1
    outcome = bring("pairings", sheet, same={("", 2)})
    assert (outcome.rejected, outcome.counts["changed"]) == ([], 1)
    [(owner, other)] = rows(
        "SELECT b.owner_unit_id, b.id FROM pairing p JOIN beneficiary b ON b.id = p.beneficiary_id "
        f"WHERE p.record_no = '{number}'"
    )
    assert owner == 1
    assert other != person


@pytest.mark.one_database
def test_a_sheet_never_changes_whose_a_record_is(bring, rows):
    bring("service_projects", [PROJECT, project("", "甲项目", "区民政局")])
    [(number, owner)] = rows("SELECT record_no, owner_unit_id FROM service_project WHERE title = '甲项目'")
    for same in ((), {("", 2)}):
        outcome = bring("service_projects", [PROJECT, project(number, "甲项目", "区司法局")], same=same)
        assert why(outcome) == [(2, "责任单位")]
    assert rows("SELECT owner_unit_id FROM service_project WHERE title = '甲项目'") == [(owner,)]


@pytest.mark.one_database
def test_a_status_that_nobody_knows_is_refused_and_void_means_voided(bring, rows):
    words = ("拟签订", "暂停履行", "未办结吗", "已撤销", "不终止", "作废", "已终止", "草稿", "逾期", "已办结", "")
    made = [project("", f"{n}号项目试验", "区民政局", word) for n, word in enumerate(words)]
    outcome = bring("service_projects", [PROJECT, *made])
    assert why(outcome) == [(row, "状态") for row in (2, 3, 4, 5, 6)]
    found = dict(rows("SELECT title, status FROM service_project WHERE source = 'import'"))
    statuses = [found.get(f"{n}号项目试验") for n in range(5, len(words))]
    assert statuses == ["voided", "terminated", "draft", "active", "done", "active"]
    [(number,)] = rows("SELECT record_no FROM service_project WHERE status = 'voided' AND source = 'import'")
    assert number
    flagged = {remark.column for remark in outcome.flagged if remark.row == 11}
    assert {"完成日期", "成效", "征集日期"} <= flagged


@pytest.mark.one_database
def test_wide_and_narrow_signs_in_a_name_make_no_second_record(bring, rows):
    names = (("便民(一)项目", "便民（一）项目"), ("为企（二）项目", "为企(二)项目"), ("为民项目A1", "为民项目Ａ１"))
    for number in ("民〔2025〕8号", ""):
        for first, again in names:
            title, other = (f"{'有' if number else '无'}{name}" for name in (first, again))
            made = number.replace("8", str(names.index((first, again)) + 1))
            assert bring("service_projects", [PROJECT, project(made, title, "区民政局")]).counts["new"] == 1
            outcome = bring("service_projects", [PROJECT, project(made, other, "区民政局")])
            assert (outcome.counts["new"], outcome.counts["changed"], why(outcome)) == (0, 1, []), (first, again)
            assert [(change["old"], change["new"]) for change in outcome.changes] == [(title, other)]
            assert len(rows(f"SELECT id FROM service_project WHERE title IN ('{title}', '{other}')")) == 1
    outcome = bring("service_projects", [PROJECT, project("民〔２０２５〕１号", "有便民（一）项目", "区民政局")])
    assert [(change["name"], change["new"]) for change in outcome.changes] == [("office_no", "民〔２０２５〕１号")]


@pytest.mark.one_database
def test_what_is_void_on_paper_is_taken_over_once_with_and_without_a_number(bring, rows):
    made = [PROJECT, project("民〔2025〕7号", "甲", "区民政局", "作废"), project("", "乙", "区民政局", "作废")]
    assert bring("service_projects", made).counts["new"] == 2
    outcome = bring("service_projects", made)
    assert (outcome.counts["unchanged"], outcome.counts["new"], why(outcome)) == (2, 0, [])
    again = [PROJECT, project("民〔2025〕7号", "甲", "区民政局", "在办"), project("", "乙", "区民政局", "在办")]
    outcome = bring("service_projects", again)
    assert (outcome.counts["unchanged"], outcome.counts["new"], why(outcome)) == (1, 1, [])
    assert [remark.row for remark in outcome.flagged if remark.column == "状态"] == [2]
    assert len(rows("SELECT id FROM service_project WHERE title IN ('甲', '乙')")) == 3


@pytest.mark.one_database
def test_what_a_sheet_does_not_say_is_not_made_up(bring, rows):
    """Over the four families: no day, no count and no choice that the form proposes stands in an adopted record."""
    bring("service_projects", [PROJECT, project("", "甲项目", "区民政局", due="2020.05.01")])
    bring("study_groups", [GROUP, ["", "甲小组", "区民政局", "", "王演晨", ""]])
    bring("pairings", [["帮扶人", "所在单位", "帮扶对象"], ["王演晨", "区民政局", "赵无名"]])
    assert rows("SELECT collected_on, approved_on, priority FROM service_project WHERE title = '甲项目'") == [
        (None, None, None)
    ]
    assert rows("SELECT founded_on, freq, form FROM study_group WHERE name = '甲小组'") == [(None, None, None)]
    assert rows("SELECT start_on, visit_freq FROM pairing WHERE source = 'import'") == [(None, None)]
    assert rows("SELECT consent_status, consent_on, info_source FROM beneficiary WHERE source = 'import'") == [
        (None, None, None)
    ]


@pytest.mark.one_database
def test_masks_never_become_values(bring, rows):
    head = ["记录编号", "帮扶人", "所在单位", "帮扶对象", "联系电话", "备注"]
    plain = [["帮扶人", "所在单位", "帮扶对象", "联系电话"], ["王演晨", "区民政局", "赵无名", "15400000077"]]
    bring("pairings", plain)
    [(number, beneficiary, no)] = rows(
        "SELECT p.record_no, b.id, b.beneficiary_no FROM pairing p JOIN beneficiary b ON b.id = p.beneficiary_id "
        "WHERE p.source = 'import'"
    )
    before = rows("SELECT count(*), count(phone_enc) FROM beneficiary")
    masked = [number, "王演晨", "区民政局", "赵*", "154****0077", "改过"]
    outcome = bring("pairings", [head, masked])
    assert outcome.counts["changed"] == 1
    assert [change["name"] for change in outcome.changes] == ["remark"]
    assert {remark.column for remark in outcome.flagged} >= {"帮扶对象", "联系电话"}
    assert why(bring("pairings", [head, ["", *masked[1:]]])) == [(2, "帮扶对象")]
    assert bring("pairings", [head, ["", *masked[1:3], f"赵* {no}", "******", "改过"]]).counts["unchanged"] == 1
    assert why(bring("pairings", [head, [number, "王演晨", "区民政局", "钱另人", "", ""]])) == [(2, "帮扶对象")]
    assert why(bring("pairings", [head, [number, "王演晨", "区民政局", "钱* B-ZZZZ2", "", ""]])) == [(2, "帮扶对象")]
    assert rows("SELECT count(*), count(phone_enc) FROM beneficiary") == before
    assert rows("SELECT beneficiary_id FROM pairing WHERE source = 'import'") == [(beneficiary,)]


@pytest.mark.one_database
def test_a_row_never_makes_a_second_record_of_a_key_that_an_earlier_row_gave(bring, rows):
    bring("study_groups", [GROUP, ["", "甲组", "区民政局", "2024-03-01", "王演晨", ""]])
    (number,) = rows("select record_no from study_group where name = '甲组'")[0]
    head = [GROUP, [number, "乙组", "区民政局", "2024-03-01", "王演晨", ""]]
    renamed = [["", "乙组", "区民政局", "2024-03-01", "王演晨", "又一行"]]
    new = [["", f"丙组{n % 60}", "区民政局", "2024-03-01", "王演晨", ""] for n in range(61)]
    found = bring("study_groups", [*head, *renamed, *new])
    assert found.counts == {"new": 60, "changed": 1, "unchanged": 0}
    assert [row for row, _ in why(found)] == [3, 64]
    assert rows("select count(*) from study_group where name = '乙组'") == [(1,)]


@pytest.mark.one_database
def test_rows_of_sheets_find_records_by_an_index_over_two_fields_of_the_natural_key(app):
    with app.app_context():
        for ledger in mounted():
            if not ledger.review.statuses or not ledger.sheet.identity or ledger.under:
                continue
            table, names = ledger.model.__tablename__, KnownKey(ledger, ledger.sheet.identity).kinds
            values = {int: 1, str: "x", date: date(2026, 1, 1), Sealed: Sealed("1." + "x" * 43)}
            kinds = {name: Sealed if ledger.field(name).kind.personal else None for name in names}
            columns = {name: getattr(ledger.model, name) for name in names}
            same = [columns[n] == values[kinds[n] or columns[n].type.python_type] for n in names]
            query = select(ledger.model.id).where(*same).compile(db.engine, compile_kwargs={"literal_binds": True})
            with closing(sqlite3.connect(Path(app.config["DATA_DIR"], "portal.db"))) as database:
                plan = str(database.execute(f"EXPLAIN QUERY PLAN {query}").fetchall())
            assert re.search(rf"SEARCH {table} USING .*INDEX \w+ \(\w+=\? AND \w+=\?", plan), (table, plan)


def test_identity_is_declared_for_every_ledger_that_takes_sheets(app):
    with app.app_context():
        for ledger in mounted():
            if ledger.sheet.words:
                assert ledger.sheet.identity, ledger.name
                sheet = [name for name in ledger.sheet.export if name in ledger.entered]
                missing = [
                    name for name in sheet if name not in ledger.sheet.words and name not in ledger.sheet.related
                ]
                assert not missing or (ledger.name == "agreements" and missing == ["owner_unit_id"]), ledger.name
