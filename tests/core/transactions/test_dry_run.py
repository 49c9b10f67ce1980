"""While a sheet is only tried out, nobody waits and nothing is written (`docs/domain/workbooks.md`)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.hash_chain import chain
from portal.core.spreadsheet.importer.importer import find_layout, take
from portal.core.spreadsheet.reader.workbook import read
from portal.core.transactions.dry_run import rehearsal
from portal.extensions import db
from portal.ledgers.cobuilding import agreements
from portal.ledgers.study import study_groups
from tests.core.spreadsheet import sheets
from tests.security.walk import of, unchanged

SOON = 10  # seconds; a lock that is waited for costs 15


def bring(folder, tried, progress=lambda _done, _all: None):
    """The office's own sheet, taken over as the committee does."""
    with scope.acting_as(act_as("reviewer")):
        found = find_layout(agreements, read(sheets.LEDGER, sheets.LEDGER.name))
        if not tried:
            return take(agreements, found, "a.xlsx", True, progress).as_json()
        with rehearsal(folder):
            return take(agreements, found, "a.xlsx", True, progress).as_json()


def test_what_is_tried_says_what_the_run_says_and_leaves_nothing(app, built, rows, tmp_path):
    with app.test_request_context(method="POST"):
        with unchanged(rows):
            tried = bring(tmp_path, tried=True)
        assert list(tmp_path.iterdir()) == []
        assert bring(tmp_path, tried=False) == tried
        db.session.rollback()
    assert tried["accepted"] == 20


def test_others_save_and_submit_and_the_trail_is_sealed_while_a_sheet_is_tried(app, visit, rows, tmp_path):
    filler, saved = visit("filler01"), []
    id_ = of(rows, 1, "draft")
    typed = filler.look(f"/agreements/edit/{id_}").filled() | {"content": "期间改过的共建内容"}

    def work():
        found = [filler.post(f"/agreements/edit/{id_}", typed).status]
        found.append(filler.post(f"/agreements/{id_}/move/submit").status)
        with app.app_context():
            chain.seal()
        return found

    def meanwhile(done, total):
        if done == total:  # every row is written where it is tried
            with ThreadPoolExecutor(1) as pool:
                saved.extend(pool.submit(work).result(SOON))

    with app.test_request_context(method="POST"):
        bring(tmp_path, tried=True, progress=meanwhile)
    assert saved == [302, 302]
    assert rows(f"SELECT content, status FROM agreement WHERE id = {id_}") == [("期间改过的共建内容", "pending_unit")]
    assert rows("SELECT count(*) FROM agreement WHERE source = 'import'") == [(0,)]


def test_a_record_that_a_tried_sheet_changes_can_be_saved_meanwhile(app, built, visit, rows, tmp_path):
    reviewer = visit("reviewer")
    [(id_, number)] = rows("SELECT id, record_no FROM study_group WHERE status = 'draft' AND owner_unit_id = 1 LIMIT 1")
    assert number is None
    filler, saved = visit("filler01"), []
    [(name, unit)] = rows(
        f"SELECT g.name, u.full_name FROM study_group g JOIN unit u ON u.id = g.owner_unit_id WHERE g.id = {id_}"
    )
    sheet = tmp_path / "a.csv"
    sheet.write_text(f"小组名称,所在单位,成员数,备注\n{name},{unit},77,甲\n另一小组,{unit},8,乙\n", "utf-8")
    typed = filler.look(f"/study_groups/edit/{id_}").filled() | {"remark": "期间改过的备注"}

    def meanwhile(done, total):
        if done == total and not saved:
            with ThreadPoolExecutor(1) as pool:
                saved.append(pool.submit(lambda: filler.post(f"/study_groups/edit/{id_}", typed).status).result(SOON))

    with app.test_request_context(method="POST"), scope.acting_as(act_as("filler01")):
        found = find_layout(study_groups, read(sheet, sheet.name))
        with rehearsal(tmp_path):
            outcome = take(study_groups, found, "a.csv", False, meanwhile)
    assert outcome.counts == {"new": 1, "changed": 1, "unchanged": 0}
    assert saved == [302]
    assert rows(f"SELECT remark FROM study_group WHERE id = {id_}") == [("期间改过的备注",)]
    assert reviewer.look("/study_groups/list/").status == 200
