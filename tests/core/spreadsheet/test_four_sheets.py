"""The office's other three workbooks: grouped headings, `.xls`, GB18030, rows that tell of other records."""

from __future__ import annotations

import json

import pytest

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.declaration.ledger import mounted
from portal.core.spreadsheet.importer.importer import find_layout, take
from portal.core.spreadsheet.reader.workbook import read
from portal.extensions import db
from tests.core.spreadsheet import sheets
from tests.security.walk import dump

EVERY = json.loads((sheets.DATA / "expected.json").read_text("utf-8"))
OTHERS = [name for name in EVERY if EVERY[name]["ledger"] != "agreements"]


@pytest.fixture
def bring(app, built):
    """`bring(name)` imports a sample as the office's reviewer."""

    def run(name, *, adopt=True, username="reviewer"):
        with app.test_request_context(method="POST"), scope.acting_as(act_as(username)):
            ledger = next(each for each in mounted() if each.name == EVERY[name]["ledger"])
            layout = find_layout(ledger, read(sheets.DATA / name, name))
            outcome = take(ledger, layout, name, adopt, lambda _done, _all: None)
            db.session.commit()
        built.dirty = True
        return outcome

    return run


@pytest.mark.slow
@pytest.mark.parametrize("adopt", [False, True], ids=["drafts", "adopted"])
@pytest.mark.parametrize("name", OTHERS)
def test_the_counts_and_the_rejected_cells_are_the_offices(bring, name, adopt):
    outcome, expected = bring(name, adopt=adopt), EVERY[name]
    told = outcome.as_json()
    assert told["accepted"] + len(told["rejected"]) == expected["rows"]
    assert told["rows"] == expected["rows"] + len(told["skipped"])
    assert outcome.counts == {"new": expected["accepted"], "changed": 0, "unchanged": 0}
    assert [(r.row, r.column) for r in outcome.rejected] == [(r["row"], r["column"]) for r in expected["rejected"]]


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_twice_makes_no_doubles_of_anything(bring, rows, name):
    bring(name)
    before = dump(rows)
    assert bring(name).counts == {"new": 0, "changed": 0, "unchanged": EVERY[name]["accepted"]}
    assert dump(rows) == before


@pytest.mark.parametrize("name", OTHERS)
def test_a_filler_brings_only_the_own_units_rows(bring, name):
    outcome = bring(name, adopt=False, username="filler01")
    assert outcome.accepted == 0
    unit_columns = {"所在单位", "责任单位"}
    assert {remark.column for remark in outcome.rejected} & unit_columns


def test_a_pairing_brings_the_person_who_is_helped(bring, rows):
    """The name and number are sealed; what the roster does not know and what the sheet lacks is flagged."""
    outcome = bring("结对帮扶台账.xls")
    [row] = rows(
        "SELECT p.helper_name, p.start_on, p.status, p.visit_freq, b.target_type, b.called, b.status, b.name_enc, "
        "b.phone_enc, u.full_name, a.name FROM pairing p JOIN beneficiary b ON b.id = p.beneficiary_id "
        "JOIN unit u ON u.id = p.owner_unit_id JOIN area a ON a.id = b.community_id "
        "WHERE p.source = 'import' ORDER BY p.id LIMIT 1"
    )
    helper, start, status, freq, kind, called, listed, name, phone, unit, community = row
    assert (helper, str(start), status, freq) == ("王演晨", "2025-01-02", "active", "month")
    assert (kind, listed, unit, community) == ("1", "active", "区发展和改革委员会", "立春街道海棠里社区")
    assert called.startswith("赵* B-")
    assert (name[:2], phone[:2]) == ("1.", "1.")
    assert {remark.column for remark in outcome.flagged} == {"帮扶人", "困难类别", "告知与同意", "信息来源"}
    assert rows(
        "SELECT count(*) FROM beneficiary b JOIN pairing p ON p.beneficiary_id = b.id WHERE p.source = 'import'"
    ) == [(27,)]


def test_a_study_group_keeps_names_and_numbers_as_reported(bring, rows):
    bring("青年理论学习小组台账.csv")
    [row] = rows(
        "SELECT u.full_name, leader_name, liaison_name, reported_member_cnt, member_cnt, g.status, g.record_no "
        "FROM study_group g JOIN unit u ON u.id = g.unit_id WHERE source = 'import' ORDER BY g.id LIMIT 1"
    )
    assert row[:6] == ("区发展和改革委员会", "王演晨", "李示宁", 5, None, "active")
    assert row[6].startswith("XZ2021-019-")


def test_a_project_brings_its_progress_and_the_satisfaction(bring, rows):
    """Categories fill down their merged cells; 0.8 and "80%" are the same; the sheet's day is that of the report."""
    bring("服务项目台账.xlsx")
    found = rows(
        "SELECT series, s.progress, s.status, p.percent, p.note, p.reported_on FROM service_project s "
        "JOIN project_progress p ON p.project_id = s.id WHERE source = 'import' ORDER BY s.id"
    )
    assert len(found) == 29
    shares = [(row[0], int(row[1]), row[2]) for row in found[:4]]
    assert shares == [("1", 80, "active"), ("1", 80, "active"), ("1", 100, "done"), ("1", 35, "active")]
    assert all(row[1] == row[3] and str(row[5]) == "2026-01-06" for row in found)
    assert {row[0] for row in found} == {"1", "2", "3"}
    judged = rows(
        "SELECT sum(satisfied_cnt), sum(fairly_cnt), sum(sample_cnt) FROM project_satisfaction j "
        "JOIN service_project s ON s.id = j.project_id WHERE s.source = 'import'"
    )
    assert judged[0][2] == judged[0][0] + judged[0][1]


@pytest.mark.one_database
def test_the_day_of_a_sheet_is_read_however_it_is_named(app, built, tmp_path):
    heads = ["项目名称", "类别", "责任单位", "完成时限", "进度"]
    lines = (
        ["填报单位：区民政局    填报时间：2026年3月1日"],
        ["填報單位：區民政局", "填報日期：2026.3.1"],
        ["填表日期", "2026-03-01"],
        ["制表时间：", None, "2026/3/1"],
        ["统计日期：2026-03-01"],
    )
    found = []
    for line in lines:
        path = sheets.book(
            tmp_path / "a.xlsx", [["台账"], line, heads, ["甲", "党建+", "区民政局", "2026-12-01", "50%"]]
        )
        with app.test_request_context(), scope.acting_as(act_as("reviewer")):
            ledger = next(each for each in mounted() if each.name == "service_projects")
            [layout] = find_layout(ledger, read(path, path.name)).taken
            found.append(str(layout.day))
    assert found == ["2026-03-01"] * 4 + ["None"]
