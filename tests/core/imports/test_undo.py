"""An import is undone as a whole, in every ledger that takes sheets (`docs/domain/workbooks.md`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from openpyxl import load_workbook
from werkzeug.datastructures import MultiDict

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.declaration.ledger import mounted
from portal.core.imports import references
from portal.core.spreadsheet.columns.child_tables import ROW_ID, columns_of, sheet_name, tables_of
from portal.core.spreadsheet.exporter.table_sheets import HEADS
from portal.core.spreadsheet.importer import runner
from portal.core.spreadsheet.importer.importer import find_layout
from portal.core.spreadsheet.reader.workbook import read
from portal.core.views.workbooks import exporting
from portal.extensions import Model
from tests.security.walk import TRAIL

# What an import leaves although it is undone: that it was, and numbers that are not given again.
LEFT = {*TRAIL, "import_run", "import_run_record", "number_counter"}
# Going back is a change of its own.
OWN = {"version", "updated_at", "created_at"}


@dataclass
class Case:
    """How a copy of the first row becomes another record, and which cell of every row changes."""

    account: str
    new: dict[str, str]
    changed: dict[str, str]


CASES = {
    "agreements": Case("reviewer", {"signed_on": "2025-02-03"}, {"a_contact": "改过的人"}),
    "coop_activities": Case("reviewer", {"held_on": "2026-05-06", "theme": "另一次活动"}, {"summary": "改过的内容"}),
    "beneficiaries": Case("reviewer", {"name_enc": "演示新人"}, {"remark": "改过的备注"}),
    "pairings": Case("reviewer", {"beneficiary_id.name_enc": "演示新人"}, {"remark": "改过的备注"}),
    "visits": Case("reviewer", {"visited_on": "2026-03-09"}, {"remark": "改过的备注"}),
    "study_groups": Case("reviewer", {"name": "演示新组"}, {"remark": "改过的备注"}),
    "study_sessions": Case("reviewer", {"held_on": "2026-05-06", "theme": "另一次学习"}, {"summary": "改过的内容"}),
    "service_projects": Case("reviewer", {"title": "演示新项目"}, {"remark": "改过的备注"}),
    "project_progress": Case("reviewer", {"reported_on": "2026-06-29"}, {"note": "改过的进展"}),
    "units": Case("admin", {"full_name": "演示新单位", "short_name": "新单位"}, {"contact": "改过的人"}),
    "areas": Case("admin", {"name": "演示新社区"}, {"sort_no": "77"}),
    "party_orgs": Case("admin", {"full_name": "演示新支部", "short_name": "新支部"}, {"contact": "改过的人"}),
    "members": Case("reviewer", {"name": "演示新人"}, {"post": "改过的职务"}),
    "code_lists": Case("admin", {}, {"label_en": "Changed"}),
}
# Of the tables of records: the cell of every row that changes, and what makes a copy of the first row another one.
ROWS = {
    "demand_items": ({"description": "改过的说明"}, {"name": "新的需求"}),
    "resource_items": ({"open_hours": "改过的时间"}, {"name": "新的资源"}),
    "coop_items": ({"community_contact": "改过的人"}, {"name": "新的项目"}),
    "aid_items": ({"description": "改过的说明"}, {}),
    "visit_needs": ({"content": "改过的诉求"}, {}),
    "group_members": ({"joined_on": "2024-01-02"}, {"member_id": "演示新组员"}),
    "attendances": ({"presence": "请假"}, {}),
    "items": ({"label_en": "Changed"}, {"code": "96", "label": "新的代码"}),
}
BODY = HEADS + 2  # row of the first record's first row in a further sheet, from 1
BLANK = ("record_no", "office_no", "person_no", "org_code", "area_code", "credit_code", "sort_no")


def held(built):
    """Every row of every table, but what an import leaves; over one connection, as each costs more than a table."""
    found = {}
    with built.past_the_portal.connect() as connection:
        for name, table in Model.metadata.tables.items():
            if name not in LEFT:
                columns = ", ".join(f'"{column.name}"' for column in table.columns if column.name not in OWN)
                found[name] = sorted(map(str, connection.exec_driver_sql(f'SELECT {columns} FROM "{name}"')))
    return found


def differences(before, after):
    return {
        name: (sorted(set(before[name]) - set(after[name]))[:3], sorted(set(after[name]) - set(before[name]))[:3])
        for name in before
        if before[name] != after[name]
    }


@pytest.fixture
def bring(app, built, tmp_path):
    """`bring(ledger, path, account)` takes a sheet and answers what became of it."""

    def run(ledger, path, account):
        built.dirty = True
        with app.test_request_context(method="POST"), scope.acting_as(act_as(account)):
            found = find_layout(ledger, read(path, path.name))
            adopt = ledger.transition("adopt") is not None and scope.current().may("adopt", ledger.name)
            sheet = runner.Sheet(ledger, found, path.name, runner.digest(path), adopt)
            return runner.run(sheet, tmp_path, lambda _done, _all: None)

    return run


def fill(page, row, texts):
    for column, text in texts.items():
        page.cell(row, column).value = text


def places(ledger, table):
    """The column, from 1, of each field in the sheet of a table."""
    return {name.rpartition(".")[2]: at for at, name in enumerate(columns_of(ledger, table), start=1)}


def change_rows(page, columns, changed, new):
    """A cell of each row, and for the record of the first one a further row."""
    copied = {cell.column: cell.value for cell in page[BODY]}
    for row in range(BODY, min(page.max_row, 40) + 1):
        fill(page, row, {columns[name]: text for name, text in changed.items()})
    if new:
        fill(page, page.max_row + 1, copied | {columns[ROW_ID]: None} | {columns[n]: text for n, text in new.items()})


@pytest.fixture
def edited(app, tmp_path):
    """The ledger as it goes out, with the cells of the case changed and a row of a new record."""

    def make(ledger, case: Case) -> Any:
        path = tmp_path / f"{ledger.name}.xlsx"
        with app.test_request_context(), scope.acting_as(act_as(case.account)):
            asked = exporting.asked_of(ledger, MultiDict({exporting.DRAFTS: "1"}))
            with exporting.sheet(ledger, asked, exporting.cover_of(asked)) as book:
                path.write_bytes(book.read())
            layout = find_layout(ledger, read(path, path.name)).taken[0]
            tables = [
                (
                    table.name,
                    sheet_name(table),
                    {n.rpartition(".")[2]: at for at, n in enumerate(columns_of(ledger, table), 1)},
                )
                for table in tables_of(ledger)
            ]
        book = load_workbook(path)
        page, numbers = book[layout.sheet.name], [number for number, _ in layout.read.rows]
        columns = {name: column.index + 1 for name, column in layout.taken.items()}
        for number in numbers[:30]:
            fill(page, number, {columns[name]: text for name, text in case.changed.items()})
        if case.new:
            copied = {cell.column: cell.value for cell in page[numbers[0]]}
            blank = {columns[name]: None for name in BLANK if name in columns}
            fill(page, numbers[-1], copied | blank | {columns[name]: text for name, text in case.new.items()})
        for table, title, columns in tables:
            if table in ROWS and book[title].max_row >= BODY:
                change_rows(book[title], columns, *ROWS[table])
        book.save(path)
        return path

    return make


def test_every_ledger_that_takes_sheets_is_tried(app):
    with app.app_context():
        assert set(CASES) == {ledger.name for ledger in mounted() if ledger.sheet.words}


@pytest.mark.slow
def test_undoing_an_import_leaves_every_table_as_it_was(app, built, bring, edited):
    before = held(built)
    for name, case in CASES.items():
        with app.app_context():
            ledger = next(each for each in mounted() if each.name == name)
        taken = bring(ledger, edited(ledger, case), case.account)
        during = held(built)
        assert differences(before, during), (name, taken.outcome.counts, taken.outcome.rejected[-3:])
        with app.test_request_context(method="POST"), scope.acting_as(act_as(case.account)):
            undone = runner.take_back(taken.run_id)
        assert undone.stayed == [], name
        assert differences(before, held(built)) == {}, name


def test_undoing_keeps_what_others_have_come_to_refer_to(app, bring, edited, rows, change):
    """Over every ledger of which an import makes records: whatever foreign key refers to one keeps it."""
    with app.app_context():
        taken = [ledger for ledger in mounted() if ledger.sheet.words]
        found = {ledger.name: {str(key) for key in references.keys_to(ledger)} for ledger in taken}
    assert "visit_participant.member_id" in found["members"]
    assert "pairing.beneficiary_id" in found["beneficiaries"]
    assert "unit.merged_into_id" in found["units"]
    members = next(each for each in taken if each.name == "members")
    run = bring(members, edited(members, CASES["members"]), "reviewer")
    [(id_,)] = rows("SELECT id FROM member WHERE name = '演示新人'")
    change(f"INSERT INTO visit_participant (visit_id, member_id) SELECT min(id), {id_} FROM visit")
    with app.test_request_context(method="POST"), scope.acting_as(act_as("reviewer")):
        undone = runner.take_back(run.run_id)
    assert (undone.removed, [stayed[1] for stayed in undone.stayed]) == (0, [id_])
    assert undone.restored > 0
    assert rows(f"SELECT count(*) FROM visit_participant WHERE member_id = {id_}") == [(1,)]


@pytest.mark.one_database
def test_undoing_keeps_codes_that_records_have_since(app, bring, edited, rows, change):
    with app.app_context():
        ledger = next(each for each in mounted() if each.name == "code_lists")
    taken = bring(ledger, edited(ledger, CASES["code_lists"]), "admin")
    of = "code_list l JOIN code_item i ON i.list_id = l.id AND i.code = '96'"
    [(code_list, list_id)] = rows(f"SELECT l.code, l.id FROM {of}")
    with app.app_context():
        column = next(column for column, kind in references.coded(code_list) if not kind.personal)
    change(
        f"UPDATE {column.table.name} SET {column.name} = ',96,' WHERE id = (SELECT min(id) FROM {column.table.name})"
    )
    with app.test_request_context(method="POST"), scope.acting_as(act_as("admin")):
        undone = runner.take_back(taken.run_id)
    assert [stayed[:2] for stayed in undone.stayed] == [("code_lists", list_id)]
    assert "96" in undone.stayed[0][3]
    assert undone.restored > 0
    assert rows("SELECT count(*) FROM code_item WHERE code = '96'") == [(1,)]


@pytest.mark.one_database
def test_codes_that_records_have_are_found_in_every_kind_of_column(app, rows):
    """Also in those that are sealed."""
    with app.app_context():
        lists = {name for ledger in mounted() for name in ledger.all_code_lists}
        kinds = {kind for name in lists for _, kind in references.coded(name)}
        assert {type(kind).__name__ for kind in kinds} >= {"Code", "Codes", "PersonalCodes"}
        sealed = {name for name in lists for _, kind in references.coded(name) if kind.personal}
        for name in sealed:
            of = f"code_item i JOIN code_list l ON l.id = i.list_id AND l.code = '{name}'"
            codes = [code for (code,) in rows(f"SELECT i.code FROM {of}")]
            assert references.used_codes(name, codes), name
            assert references.used_codes(name, ["none"]) == []
