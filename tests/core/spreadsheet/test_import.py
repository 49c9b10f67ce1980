"""Sheets as offices keep them become records (`docs/domain/workbooks.md`, `expected.json`)."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session
from sqlalchemy_utils.aggregates import manager as aggregates

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.spreadsheet.importer import savepoints
from portal.core.spreadsheet.importer.importer import Options, find_layout, take
from portal.core.spreadsheet.reader.workbook import MOST_ROWS, Unreadable, read
from portal.extensions import db
from portal.ledgers.cobuilding import agreements
from tests.core.spreadsheet import sheets
from tests.security.walk import dump, unchanged

EXPECTED = json.loads((sheets.DATA / "expected.json").read_text("utf-8"))["共建协议台账.xlsx"]


@pytest.fixture
def bring(app, built):
    """`bring(path)` imports a file as the office's reviewer; `adopt=True` takes it over."""

    def run(path, username="reviewer", *, adopt=False, dry=False, **options):
        with app.test_request_context(method="POST"), scope.acting_as(act_as(username)):
            layout = find_layout(agreements, read(path, path.name), Options(**options))
            outcome = take(agreements, layout, path.name, adopt, lambda _done, _all: None)
            if dry:
                db.session.rollback()
            else:
                db.session.commit()
        built.dirty = True
        return outcome

    return run


def stored(rows):
    """What the imported agreements are, whatever row they stood in."""
    found = rows(
        "SELECT office_no, a.full_name, b.full_name, signed_on, effective_to, coop_modes, a_contact, a_phone, "
        "b_contact, agreement_type, agreement.status FROM agreement JOIN party_org a ON a.id = party_a_org_id "
        "JOIN party_org b ON b.id = party_b_org_id WHERE source = 'import' ORDER BY office_no"
    )
    return [tuple(map(str, row)) for row in found]


@pytest.fixture
def as_it_is(bring, rows, built):
    """The rows of the office's own file, and the portal as it was before again."""
    bring(sheets.LEDGER)
    found = stored(rows)
    built.restore()
    return found


@pytest.mark.parametrize("adopt", [False, True], ids=["drafts", "adopted"])
def test_the_offices_file_is_taken_as_it_is(bring, rows, adopt):
    outcome = bring(sheets.LEDGER, adopt=adopt)
    told = outcome.as_json()
    assert told["accepted"] + len(told["rejected"]) == EXPECTED["rows"]
    assert told["rows"] == EXPECTED["rows"] + len(told["skipped"])
    assert (outcome.accepted, outcome.counts["new"]) == (EXPECTED["accepted"], EXPECTED["accepted"])
    assert [(r.row, r.column) for r in outcome.rejected] == [(r["row"], r["column"]) for r in EXPECTED["rejected"]]
    for wanted in EXPECTED["values"].values():
        where = f"office_no = '{wanted['office_no']}'" if "office_no" in wanted else "office_no = '共建〔2024〕2号'"
        [found] = rows(
            "SELECT signed_on, effective_to, a_phone, coop_modes, unit.full_name, area.name FROM agreement "
            "JOIN unit ON unit.id = owner_unit_id JOIN party_org b ON b.id = party_b_org_id "
            f"JOIN area ON area.id = b.community_id WHERE {where}"
        )
        assert (str(found[0]), str(found[1])) == (wanted["signed_on"], wanted["effective_to"])
        assert found[2] == wanted.get("a_phone", found[2])
        assert found[4] == wanted.get("party_a_org_id", found[4])
        assert found[5] == wanted.get("party_b_org_id", found[5])
        assert found[3] == (",1,2," if "coop_modes" in wanted else found[3])
    counts = rows("SELECT status, count(*), count(record_no) FROM agreement WHERE source = 'import' GROUP BY status")
    assert counts == [("active", 20, 20) if adopt else ("draft", 20, 0)]
    assert rows("SELECT count(*) FROM agreement WHERE source = 'import' AND proxy_filled = false") == [(0,)]


@pytest.mark.parametrize("adopt", [False, True], ids=["drafts", "adopted"])
def test_twice_makes_no_doubles(bring, rows, adopt):
    bring(sheets.LEDGER, adopt=adopt)
    before = dump(rows)
    again = bring(sheets.LEDGER, adopt=adopt)
    assert again.counts == {"new": 0, "changed": 0, "unchanged": 20}
    assert dump(rows) == before


def test_a_preview_says_the_same_and_changes_nothing(bring, rows):
    bring_nothing = bring(sheets.LEDGER, adopt=True, dry=True)
    assert rows("SELECT count(*) FROM agreement WHERE source = 'import'") == [(0,)]
    assert bring(sheets.LEDGER, adopt=True).as_json() == bring_nothing.as_json()


@pytest.mark.slow
@pytest.mark.one_database
@pytest.mark.parametrize("variant", sheets.VARIANTS, ids=lambda variant: variant.__name__)
def test_other_offices_sheets_say_the_same(bring, rows, tmp_path, as_it_is, variant):
    outcome = bring(variant(tmp_path), guesses=variant is sheets.untold)
    assert (outcome.accepted, len(outcome.rejected)) == (20, 4)
    assert stored(rows) == as_it_is


def test_what_changed_in_the_sheet_changes_the_draft(bring, rows, tmp_path):
    bring(sheets.LEDGER)
    found = sheets.rows()
    found[3][8] = "王改演"
    outcome = bring(sheets.book(tmp_path / "a.xlsx", found))
    assert outcome.counts == {"new": 0, "changed": 1, "unchanged": 19}
    assert rows("SELECT a_contact FROM agreement WHERE office_no = '共建〔2024〕1号'") == [("王改演",)]


def test_the_same_row_twice_in_a_sheet_is_said(bring, tmp_path):
    found = sheets.rows()
    found.insert(4, found[3])
    outcome = bring(sheets.book(tmp_path / "a.xlsx", found))
    assert next((r.row, r.why) for r in outcome.rejected) == (5, "与本表第4行重复。")


def test_gaps_are_flagged_and_never_block(bring, rows, visit, tmp_path):
    found = sheets.rows()
    for row in found[3:-2]:
        row[7] = row[8] = None
    outcome = bring(sheets.book(tmp_path / "a.xlsx", found), adopt=True)
    assert outcome.accepted == 20
    assert {r.column for r in outcome.flagged} == {"共建方式", "甲方联络员", "协议扫描件"}
    flagged = set(visit("reviewer").look("/agreements/list/?gaps=1&page_size=100").ids())
    assert flagged >= {id_ for (id_,) in rows("SELECT id FROM agreement WHERE source = 'import'")}


def test_history_tells_where_a_record_was_taken_from(bring, rows, visit):
    bring(sheets.LEDGER, adopt=True)
    id_ = rows("SELECT id FROM agreement WHERE office_no = '共建〔2024〕1号'")[0][0]
    page = visit("reviewer").speak("zh_Hans").look(f"/agreements/{id_}/history")
    assert "共建协议台账.xlsx" in page.words
    assert "第4行" in page.words


def test_a_filler_brings_rows_of_the_own_unit_only(bring, rows, tmp_path):
    found = sheets.rows()
    found[3][2:4] = ["区纪委监委机关", "冬至镇芙蓉里社区"]
    outcome = bring(sheets.book(tmp_path / "a.xlsx", found), "filler01")
    assert outcome.accepted == 1
    assert {r.column for r in outcome.rejected if r.row not in (9, 13, 17, 18)} == {"甲方党组织"}


@pytest.mark.slow
@pytest.mark.parametrize("status", ["履行中", "已续签", "已终止", "已归档", "In force", "執行中"])
def test_an_adopted_record_has_the_status_that_the_sheet_says(bring, rows, tmp_path, status):
    found = sheets.rows()
    found[2][11], found[3][11] = "状态", status
    bring(sheets.book(tmp_path / "a.xlsx", found), adopt=True)
    wanted = {"已续签": "renewed", "已终止": "terminated", "已归档": "archived"}.get(status, "active")
    assert rows("SELECT status FROM agreement WHERE office_no = '共建〔2024〕1号'") == [(wanted,)]


def test_no_sheet_sets_a_status_without_adopting(bring, rows, tmp_path):
    found = sheets.rows()
    found[2][11], found[3][11] = "状态", "履行中"
    bring(sheets.book(tmp_path / "a.xlsx", found))
    assert rows("SELECT DISTINCT status FROM agreement WHERE source = 'import'") == [("draft",)]


@pytest.mark.one_database
@pytest.mark.parametrize("text", ["请联系13812345678", "本表为机密★", "身份证110101199003070038x"])
def test_free_text_with_personal_data_or_secrets_is_refused(bring, tmp_path, text):
    found = sheets.rows()
    found[3][11] = text
    outcome = bring(sheets.book(tmp_path / "a.xlsx", found))
    assert (4, "备注") in [(r.row, r.column) for r in outcome.rejected] or text.endswith("x")


def test_a_hostile_or_foreign_file_is_refused_in_words(app, tmp_path):
    huge = tmp_path / "a.xlsx"
    book = sheets.Workbook()
    book.active["XFD1048576"] = 1
    book.save(huge)
    many, book = tmp_path / "h.xlsx", sheets.Workbook()
    for n in range(3):
        book.create_sheet(f"S{n}")[f"A{MOST_ROWS // 2}"] = 1
    book.save(many)
    cases = {
        "a.xlsx": huge.read_bytes(),
        "b.xlsx": b"PK\x03\x04 not a workbook",
        "c.xls": b"\xd0\xcf\x11\xe0" + b"\x00" * 600,
        "d.csv": bytes(range(256)) * 4,
        "e.exe": b"MZ",
        "f.csv": "第一列,第二列\n1,2\n".encode(),
        "g.xlsx": b"",
        "h.xlsx": many.read_bytes(),
    }
    for name, content in cases.items():
        path = tmp_path / name
        path.write_bytes(content)
        with app.test_request_context(), scope.acting_as(act_as("reviewer")), pytest.raises(Unreadable):
            find_layout(agreements, read(path, name))


def test_old_workbooks_and_chinese_csv_are_read(app):
    with app.test_request_context():
        [old] = read(sheets.DATA / "结对帮扶台账.xls", "结对帮扶台账.xls")
        [text] = read(sheets.DATA / "青年理论学习小组台账.csv", "青年理论学习小组台账.csv")
    assert old.rows[2][1:3] == ["帮扶人", "所在单位"]
    assert old.rows[3][6] == "15400000000"
    assert text.rows[1][1] == "小组名称"


def test_no_flush_goes_over_all_that_a_session_holds(app):
    """A row costs as much at the end of a long sheet as at its beginning."""
    assert not event.contains(Session, "after_flush", aggregates.construct_aggregate_queries)


def test_a_run_that_is_broken_off_leaves_nothing(app, built, rows, monkeypatch):
    monkeypatch.setattr(savepoints, "ASKED", 0)

    class Enough(Exception):
        pass

    def stop(done, _all):
        if done == 10:
            raise Enough

    with unchanged(rows), app.test_request_context(method="POST"), scope.acting_as(act_as("reviewer")):
        layout = find_layout(agreements, read(sheets.LEDGER, "a.xlsx"))
        with pytest.raises(Enough):
            take(agreements, layout, "a.xlsx", True, stop)
        db.session.rollback()
