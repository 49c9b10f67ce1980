"""An import is stored in short batches under one run, which can be undone as a whole (`docs/domain/workbooks.md`)."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.declaration.ledger import mounted
from portal.core.imports.runs import ImportRun
from portal.core.jobs.jobs import Cancelled
from portal.core.spreadsheet.importer import runner, savepoints
from portal.core.spreadsheet.importer.importer import find_layout
from portal.core.spreadsheet.reader.workbook import read
from portal.extensions import db
from portal.ledgers.study.model import StudyGroup
from portal.org.models import Unit
from tests.core.spreadsheet import sheets
from tests.security.walk import dump, of

SAMPLES = {
    "agreements": "共建协议台账.xlsx",
    "pairings": "结对帮扶台账.xls",
    "study_groups": "青年理论学习小组台账.csv",
    "service_projects": "服务项目台账.xlsx",
}
# What an import leaves although it is undone: that it was, and numbers that are not given again.
LEFT = {"import_run", "import_run_record", "number_counter"}
MOMENTS = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?")


@pytest.fixture
def bring(app, built, tmp_path):
    """`bring("agreements", path)` takes a file over as the office's reviewer and answers what became of it."""

    def run(name, path, progress=lambda _done, _all: None, *, whole=False, account="reviewer"):
        built.dirty = True
        with app.test_request_context(method="POST"), scope.acting_as(act_as(account)):
            ledger = next(each for each in mounted() if each.name == name)
            found = find_layout(ledger, read(path, path.name))
            sheet = runner.Sheet(ledger, found, path.name, runner.digest(path), True, whole)
            return runner.run(sheet, tmp_path, progress)

    return run


@pytest.fixture
def take_back(app):
    def undo(run_id, account="reviewer"):
        with app.test_request_context(method="POST"), scope.acting_as(act_as(account)):
            return runner.take_back(run_id)

    return undo


def held(rows):
    """All tables but what is left of any import, without moments."""
    found = {name: lines for name, lines in dump(rows).items() if name not in LEFT}
    return {name: sorted(MOMENTS.sub("", line) for line in lines) for name, lines in found.items()}


@pytest.fixture
def every_batch(monkeypatch):
    """Each row is a batch of its own."""
    monkeypatch.setattr(runner, "LONGEST", 0)
    monkeypatch.setattr(savepoints, "ASKED", 0)
    monkeypatch.setattr(runner, "PAUSE", 0)


@pytest.mark.slow
def test_an_import_of_each_kind_of_sheet_is_undone_as_a_whole(bring, take_back, rows, every_batch):
    before = held(rows)
    for name, file in SAMPLES.items():
        taken = bring(name, sheets.DATA / file)
        assert held(rows) != before
        undone = take_back(taken.run_id)
        assert (undone.stayed, undone.restored) == ([], 0)
        assert undone.removed >= taken.outcome.counts["new"] > 0
        assert held(rows) == before
    assert {state for (state,) in rows("SELECT state FROM import_run")} == {"undone"}
    [(told,)] = rows("SELECT count(*) FROM audit_event WHERE action = 'undo_import' AND ledger = 'agreements'")
    assert told == 20


def test_the_trail_says_which_import_and_which_row_and_not_the_name_of_the_file(app, bring, take_back, rows, tmp_path):
    path = sheets.book(tmp_path / "王小明的台账.xlsx", sheets.rows())
    run_id = bring("agreements", path).run_id
    take_back(run_id)
    told = {reason for (reason,) in rows("SELECT reason FROM audit_event") if "导入" in (reason or "")}
    assert {each.partition("第")[0] for each in told} == {f"取自导入批次{run_id}", f"撤销导入批次{run_id}"}
    for table in ("audit_event", "import_run"):
        assert "王小明" not in str(rows(f"SELECT * FROM {table}"))
    with app.app_context(), scope.unscoped("the test looks at it"):
        assert db.session.scalars(select(ImportRun.name_enc)).one().reveal() == "王小明的台账.xlsx"


def test_what_an_import_changed_becomes_what_it_was(bring, take_back, rows, tmp_path):
    bring("agreements", sheets.LEDGER)
    before = held_but_version(rows)
    found = sheets.rows()
    for row in found[3:-2]:
        row[8] = "改过的人"
    taken = bring("agreements", sheets.book(tmp_path / "a.xlsx", found))
    assert taken.outcome.counts["changed"] == 20
    undone = take_back(taken.run_id)
    assert (undone.removed, undone.restored, undone.stayed) == (0, 20, [])
    assert held_but_version(rows) == before


def test_what_contradicts_a_restored_record_since_is_named(bring, take_back, rows, change, tmp_path):
    """The import ended an agreement early, another one began behind it; with the first end back the two overlap."""
    bring("agreements", sheets.LEDGER)
    found = sheets.rows()
    office_no, found[4][6] = found[4][1], "2025-06-30"
    taken = bring("agreements", sheets.book(tmp_path / "a.xlsx", found))
    assert taken.outcome.counts["changed"] == 1
    [(id_, ends)] = rows(f"SELECT id, effective_to FROM agreement WHERE office_no = '{office_no}'")
    assert str(ends) == "2025-06-30"
    [(other,)] = rows(f"SELECT max(id) FROM agreement WHERE status = 'active' AND id <> {id_}")
    change(
        f"UPDATE agreement SET (party_a_org_id, party_b_org_id, agreement_type) = (SELECT party_a_org_id, "
        f"party_b_org_id, agreement_type FROM agreement WHERE id = {id_}), effective_from = '2025-07-01', "
        f"effective_to = '2028-06-30' WHERE id = {other}"
    )
    undone = take_back(taken.run_id)
    assert (undone.restored, undone.stayed) == (1, [])
    [(ledger, contradicting, _title, why)] = undone.contradicting
    assert (ledger, contradicting) == ("agreements", id_)
    assert why


def test_what_was_entered_since_and_relies_on_the_import_is_named(bring, take_back, rows, tmp_path):
    """The sheet let an organisation stand for another unit, too; a group of that unit began under it. A group that
    nothing was wrong with before and after is not named."""
    first = "SELECT full_name, org_code FROM party_org WHERE id = (SELECT min(party_org_id) FROM unit_org)"
    [(org, code)] = rows(first)
    query = "SELECT full_name FROM unit WHERE id {} (SELECT unit_id FROM unit_org WHERE party_org_id = "
    query += f"(SELECT id FROM party_org WHERE full_name = '{org}')) AND parent_id IS NULL ORDER BY sort_no LIMIT 1"
    [(own,)], [(other,)] = rows(query.format("IN")), rows(query.format("NOT IN"))
    found = [["党组织代码", "党组织全称", "对应单位"], [code, org, f"{own}、{other}"]]
    path = sheets.book(tmp_path / "orgs.xlsx", found)
    taken = bring("party_orgs", path, account="admin")
    assert taken.outcome.counts["changed"] == 1, taken.outcome.rejected
    groups = [
        ["小组名称", "所在单位", "所在党组织", "组长"],
        ["后来的小组", other, org, "王演晨"],
        ["别的小组", own, org, "王演晨"],
    ]
    assert bring("study_groups", sheets.book(tmp_path / "groups.xlsx", groups)).outcome.counts["new"] == 2
    undone = take_back(taken.run_id, account="admin")
    assert (undone.restored, undone.stayed) == (1, [])
    assert [(ledger, title) for ledger, _id, title, _why in undone.contradicting] == [("study_groups", "后来的小组")]


def held_but_version(rows):
    names = "office_no, record_no, status, a_contact, a_phone, coop_modes, gaps, effective_to, editor_id, search_text"
    return rows(f"SELECT {names} FROM agreement ORDER BY id")


def test_records_that_somebody_changed_since_stay_and_are_named(bring, take_back, visit, rows):
    taken = bring("agreements", sheets.LEDGER)
    [(id_,)] = rows("SELECT min(id) FROM agreement WHERE source = 'import'")
    reviewer = visit("reviewer")
    assert reviewer.post(f"/agreements/{id_}/move/void", {"reason": "重复录入的协议"}).status == 302
    undone = take_back(taken.run_id)
    assert undone.removed == 19
    [(ledger, stayed, _title, why)] = undone.stayed
    assert (ledger, stayed) == ("agreements", id_)
    assert why
    assert rows("SELECT id, status FROM agreement WHERE source = 'import'") == [(id_, "voided")]


def test_all_rows_or_none_keeps_nothing_of_a_sheet_with_a_rejected_row(bring, rows):
    before = held(rows)
    taken = bring("agreements", sheets.LEDGER, whole=True)
    assert (taken.kept, len(taken.outcome.rejected)) == (False, 4)
    assert held(rows) == before


def test_a_stopped_run_keeps_whole_rows_and_the_file_brought_again_ends_it(bring, rows, every_batch):
    def stop(done, _total):
        if done == 9:
            raise Cancelled

    with pytest.raises(Cancelled):
        bring("agreements", sheets.LEDGER, stop)
    [(state, done, total)] = rows("SELECT state, done, total FROM import_run")
    assert (state, done, total) == ("cancelled", 9, 24)
    [(kept,)] = rows("SELECT count(*) FROM agreement WHERE source = 'import'")
    assert 0 < kept <= 9
    again = bring("agreements", sheets.LEDGER).outcome
    assert (again.counts["unchanged"], again.counts["new"]) == (kept, 20 - kept)


def test_others_save_between_the_batches_of_a_run(bring, visit, rows, monkeypatch):
    filler, statuses = visit("filler01"), []
    id_ = of(rows, 1, "draft")
    typed = filler.look(f"/agreements/edit/{id_}").filled() | {"content": "期间改过的共建内容"}
    monkeypatch.setattr(runner, "LONGEST", 0)
    monkeypatch.setattr(savepoints, "ASKED", 0)

    def rest(_batches):
        if not statuses:
            with ThreadPoolExecutor(1) as pool:
                statuses.append(pool.submit(filler.post, f"/agreements/edit/{id_}", typed).result(10).status)

    monkeypatch.setattr(runner.Batches, "rest", rest)
    bring("agreements", sheets.LEDGER)
    assert statuses == [302]


def test_what_a_run_remembers_of_the_organisation_ends_when_it_is_changed(bring, app, rows, tmp_path, monkeypatch):
    """A unit that is dissolved between two batches gets no further record."""
    [(id_, unit)] = rows("SELECT id, full_name FROM unit WHERE sort_no = 1")
    heads = ["小组名称", "所在单位", "成立时间"]
    sheet = sheets.book(tmp_path / "a.xlsx", [heads, *([f"第{n}组", unit, "2026-01-05"] for n in range(4))])
    monkeypatch.setattr(runner, "LONGEST", 0)
    monkeypatch.setattr(savepoints, "ASKED", 0)

    def dissolve():
        with app.app_context(), scope.acting_as(act_as("sysadmin")):
            db.session.scalars(select(Unit).where(Unit.id == id_)).one().status = "dissolved"
            db.session.commit()

    def paused(_seconds):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(dissolve).result(10)

    monkeypatch.setattr(runner.Batches, "rest", lambda _self: paused(0))
    outcome = bring("study_groups", sheet).outcome
    assert outcome.counts["new"] < 4
    assert len(outcome.rejected) == 4 - outcome.counts["new"]


def test_rules_know_what_others_store_between_two_batches(bring, app, rows, tmp_path, monkeypatch, every_batch):
    """What was looked up for many rows at once holds for a batch."""
    [(id_, unit)] = rows("SELECT id, full_name FROM unit WHERE sort_no = 1")
    heads = ["小组名称", "所在单位", "成立时间"]
    names = [f"第{n}组" for n in range(4)]
    sheet = sheets.book(tmp_path / "a.xlsx", [heads, *([name, unit, "2026-01-05"] for name in names)])

    def found_another():
        with app.app_context(), scope.acting_as(act_as("reviewer")):
            known = db.session.scalars(select(StudyGroup.id).where(StudyGroup.name == names[3])).first()
            if known is None:
                db.session.add(StudyGroup(name=names[3], unit_id=id_, owner_unit_id=id_))
                db.session.commit()

    def rest(_batches):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(found_another).result(10)

    monkeypatch.setattr(runner.Batches, "rest", rest)
    counts = bring("study_groups", sheet).outcome.counts
    assert (counts["new"], counts["changed"]) == (3, 1)
    assert rows(f"SELECT count(*) FROM study_group WHERE name = '{names[3]}'") == [(1,)]


def test_rules_know_the_rows_before_in_the_same_sheet(bring, rows, tmp_path):
    """Terms of the same parties that overlap, and numbers that are taken, although nothing of them is stored yet."""
    [(unit,)] = rows("SELECT full_name FROM unit WHERE sort_no = 1")
    [(org,)] = rows("SELECT full_name FROM party_org WHERE community_id IS NOT NULL ORDER BY sort_no LIMIT 1")
    heads = ["协议编号", "甲方党组织", "乙方社区党组织", "签订日期", "有效期至"]
    terms = [("1941-01-01", "1942-12-31"), ("1943-01-01", "1943-12-31"), ("1942-12-31", "1944-12-31")]
    terms += [("1945-01-01", "1945-12-31")]
    numbers = ["协〔2015〕1号", "协〔2015〕2号", "协〔2015〕3号", "协〔2015〕4号"]
    found = [[no, unit, org, *term] for no, term in zip(numbers, terms, strict=True)]
    outcome = bring("agreements", sheets.book(tmp_path / "a.xlsx", [heads, *found])).outcome
    assert [(each.row, each.column) for each in outcome.rejected] == [(4, "有效期至")]
    held_by = {number for (number,) in rows("SELECT record_no FROM agreement WHERE signed_on < '1945-01-01'")}
    assert any(number in outcome.rejected[0].why for number in held_by)
    assert [row[:2] for row in outcome.rows] == [(2, "new"), (3, "new"), (4, "rejected"), (5, "new")]


def test_a_rejected_row_leaves_no_record_that_it_told_of(bring, rows, tmp_path):
    before = rows("SELECT count(*) FROM beneficiary")
    [(unit,)] = rows("SELECT full_name FROM unit WHERE sort_no = 1")
    [(area,)] = rows("SELECT name FROM area WHERE kind = 'community' ORDER BY sort_no LIMIT 1")
    heads = ["帮扶人", "所在单位", "帮扶对象", "对象类型", "所在社区", "联系电话", "结对日期", "期满日期"]
    row = ["王演晨", unit, "赵试之", "困难群众", area, "022-66319999", "2026-03-01", "2026-02-01"]
    outcome = bring("pairings", sheets.book(tmp_path / "a.xlsx", [heads, row])).outcome
    assert len(outcome.rejected) == 1
    assert rows("SELECT count(*) FROM beneficiary") == before


@pytest.mark.parametrize(("name", "most"), [("study_groups", 2), ("agreements", 2)])
def test_a_further_row_costs_few_statements(bring, rows, statements, tmp_path, name, most):
    """However many rows there are, what they have in common is asked once."""
    [(unit,)] = rows("SELECT full_name FROM unit WHERE sort_no = 1")
    orgs = [org for (org,) in rows("SELECT full_name FROM party_org WHERE community_id IS NOT NULL ORDER BY sort_no")]
    made = {
        "study_groups": lambda n: {"小组名称": f"第{n}组", "所在单位": unit, "成立时间": "2026-01-05"},
        "agreements": lambda n: {
            "协议编号": f"协〔2015〕{n}号",
            "甲方党组织": unit,
            "乙方社区党组织": orgs[n % 3],
            "签订日期": f"19{n + 40}-01-01",
            "有效期至": f"19{n + 40}-12-31",
        },
    }[name]
    counts = {}
    for size in (12, 24):
        found = [made(size + n) for n in range(size)]
        path = sheets.book(tmp_path / f"{size}.xlsx", [[*found[0]], *(list(row.values()) for row in found)])
        with statements() as seen:
            assert bring(name, path).outcome.counts["new"] == size
        counts[size] = len([each for each in seen if not each.startswith(("BEGIN", "PRAGMA"))])
    assert counts[24] - counts[12] <= 12 * most
