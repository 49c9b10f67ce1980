"""A row that the database refuses is rejected, and the import goes on (`docs/domain/workbooks.md`)."""

from __future__ import annotations

import pytest
from flask_babel import force_locale
from openpyxl import load_workbook
from sqlalchemy.exc import IntegrityError, OperationalError

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.declaration.ledger import mounted, named
from portal.core.spreadsheet.columns.child_tables import columns_of
from portal.core.spreadsheet.importer import importer, runner, savepoints
from portal.core.spreadsheet.importer.children.rows import FurtherRows
from portal.core.spreadsheet.importer.importer import find_layout
from portal.core.spreadsheet.importer.savepoints import refusal
from portal.core.spreadsheet.reader.workbook import read
from portal.extensions import db
from portal.http import errors_and_headers
from tests.core.imports.test_undo import CASES, edited
from tests.core.spreadsheet import sheets

__all__ = ["edited"]
PLACEHOLDERS = {"sqlite": "?", "postgresql": "%s"}
RAISES = "BEGIN RAISE EXCEPTION 'secret detail'; END"


@pytest.fixture
def refusing(built, change):
    """`refusing("agreement", "office_no = 'a'")`: the database refuses new and changed rows that are so."""

    def make(table, condition):
        when = f"NEW.{condition}"
        for verb in ("INSERT", "UPDATE"):
            name = f"refuse_{table}_{verb}"
            if built.kind == "sqlite":
                body = "SELECT RAISE(ABORT, 'secret detail');"
                change(f"CREATE TRIGGER {name} AFTER {verb} ON {table} WHEN {when} BEGIN {body} END")
                continue
            change(f"CREATE FUNCTION {name}() RETURNS trigger AS $$ {RAISES} $$ LANGUAGE plpgsql")
            of = f"AFTER {verb} ON {table} FOR EACH ROW WHEN ({when})"
            change(f"CREATE TRIGGER {name} {of} EXECUTE FUNCTION {name}()")

    return make


@pytest.fixture
def bring(app, built, tmp_path):
    def run(name, path, *, whole=False, account="reviewer"):
        built.dirty = True
        with app.test_request_context(method="POST"), scope.acting_as(act_as(account)):
            ledger = next(each for each in mounted() if each.name == name)
            adopt = ledger.transition("adopt") is not None and scope.current().may("adopt", ledger.name)
            found = find_layout(ledger, read(path, path.name))
            sheet = runner.Sheet(ledger, found, path.name, runner.digest(path), adopt, whole)
            return runner.run(sheet, tmp_path, lambda _done, _all: None)

    return run


def agreements(rows):
    return {number for (number,) in rows("SELECT office_no FROM agreement WHERE source = 'import'")}


def test_a_row_that_the_database_refuses_is_rejected_alone_in_plain_words(bring, refusing, rows, caplog):
    [refused] = [row[1] for row in sheets.rows()[3:4]]
    refusing("agreement", f"office_no = '{refused}'")
    taken = bring("agreements", sheets.LEDGER)
    outcome = taken.outcome
    assert (outcome.counts["new"], len(outcome.rejected)) == (19, 5)
    assert refused not in agreements(rows)
    assert len(agreements(rows)) == 19
    [remark] = [each for each in outcome.rejected if each.row == 4]
    assert "secret" not in remark.why
    assert "a row was refused" in caplog.text
    assert "secret" not in caplog.text
    assert refused not in caplog.text
    assert len(outcome.rows) == 24
    assert rows("SELECT state, done FROM import_run") == [("done", 24)]
    [(made,)] = rows("SELECT count(*) FROM import_run_record WHERE made AND ledger = 'agreements'")
    assert made == 19


@pytest.fixture
def with_needs(app, tmp_path):
    """A workbook whose further sheet holds needs of three records that are none."""
    with app.test_request_context(), force_locale("zh_Hans"):
        ledger = named("agreements")
        table = next(each for each in ledger.form.tables if each.name == "demand_items")
        columns, title = {name: str(label) for name, label in columns_of(ledger, table).items()}, str(table.label)
    book = load_workbook(sheets.LEDGER)
    page = book.create_sheet(title)
    page.append(list(columns.values()))
    for n in range(3):
        page.append([f"XY-{n}" if name == "record_no" else "需求甲" for name in columns])
    book.save(tmp_path / "a.xlsx")
    return tmp_path / "a.xlsx"


def test_a_further_row_is_rejected_alone_when_looking_up_its_record_fails(app, bring, with_needs, monkeypatch, caplog):
    record_of = FurtherRows.record_of

    def failing(self, row):
        if row.cells["record_no"] == "XY-1":
            number = "(SELECT min(id) FROM agreement)"
            db.session.connection().exec_driver_sql(
                f"UPDATE agreement SET id = {number} WHERE id = (SELECT max(id) FROM agreement)"
            )
        return record_of(self, row)

    monkeypatch.setattr(FurtherRows, "record_of", failing)
    outcome = bring("agreements", with_needs).outcome
    assert outcome.counts["new"] == 20
    [table] = outcome.tables
    found = {each["row"]: each["why"] for each in table["rejected"]}
    assert sorted(found) == [2, 3, 4]
    assert found[2] == found[4] != found[3]
    with app.test_request_context():
        assert found[3] == refusal()
    assert ") already exists" not in caplog.text


def test_what_is_logged_of_an_error_of_the_database_holds_no_values(app, built, caplog):
    with app.test_request_context("/"):
        connection = db.session.connection()
        title = connection.exec_driver_sql("SELECT title FROM agreement ORDER BY id LIMIT 1").scalar()
        copied = f"INSERT INTO agreement SELECT * FROM agreement WHERE title = {PLACEHOLDERS[built.kind]}"
        with pytest.raises(IntegrityError) as fault:
            connection.exec_driver_sql(copied, (title,))
        errors_and_headers.on_fault(fault.value)
    assert "agreement" in caplog.text
    assert "IntegrityError" in caplog.text or "UniqueViolation" in caplog.text
    assert title not in caplog.text
    assert ")=(" not in caplog.text


def test_all_or_none_takes_nothing_where_the_database_refuses_one_row(bring, refusing, rows):
    [refused] = [row[1] for row in sheets.rows()[3:4]]
    refusing("agreement", f"office_no = '{refused}'")
    taken = bring("agreements", sheets.LEDGER, whole=True)
    assert not taken.kept
    assert agreements(rows) == set()


@pytest.mark.slow
def test_every_ledger_goes_on_without_the_rows_that_the_database_refuses(app, bring, edited, refusing, rows):
    with app.app_context():
        ledgers = {ledger.name: ledger for ledger in mounted() if ledger.sheet.words}
    for name, case in CASES.items():
        ledger = ledgers[name]
        table = ledger.model.__table__.name
        path = edited(ledger, case)
        before = rows(f"SELECT count(*) FROM {table}")
        refusing(table, "id > 0")
        taken = bring(name, path, account=case.account)
        assert rows(f"SELECT count(*) FROM {table}") == before, name
        assert taken.outcome.rejected, name
        assert rows("SELECT state FROM import_run ORDER BY id DESC LIMIT 1") == [("done",)], name


def test_a_database_that_is_away_ends_the_run_and_what_was_stored_can_be_undone(bring, rows, monkeypatch, app):
    monkeypatch.setattr(runner, "LONGEST", 0)
    monkeypatch.setattr(savepoints, "ASKED", 0)
    monkeypatch.setattr(runner, "PAUSE", 0)
    take_row, taken = importer.take_row, []

    def breaking(row, seen):
        taken.append(row)
        if len(taken) > 5:
            raise OperationalError("INSERT", {}, Exception("database is locked"))
        return take_row(row, seen)

    monkeypatch.setattr(importer, "take_row", breaking)
    with pytest.raises(OperationalError):
        bring("agreements", sheets.LEDGER)
    [(run_id, state)] = rows("SELECT id, state FROM import_run")
    assert state == "failed"
    assert agreements(rows)
    with app.test_request_context(method="POST"), scope.acting_as(act_as("reviewer")):
        runner.take_back(run_id)
    assert agreements(rows) == set()
