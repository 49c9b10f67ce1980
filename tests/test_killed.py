"""A process that is killed in the middle leaves everything or nothing: no half row, no file, no spent number."""

from __future__ import annotations

import os
import signal

import pytest

from portal import setup
from portal.core.records import attachments
from tests import commands
from tests.conftest import release, settings
from tests.core.spreadsheet import sheets
from tests.security.walk import of, unchanged

BEGIN = """
import os, signal, sys
from portal import create_app
from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.records import attachments
from portal.core.review import transitions
from portal.core.spreadsheet.importer import runner, savepoints
from portal.core.spreadsheet.importer.importer import find_layout
from portal.core.spreadsheet.reader.workbook import read
from portal.extensions import db
from portal.ledgers.cobuilding import agreements
from portal.ledgers.cobuilding.model import Agreement
from pathlib import Path
from sqlalchemy import select

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

app = create_app()
with app.test_request_context(method="POST"), scope.acting_as(act_as(sys.argv[1])):
    record = db.session.scalars(select(Agreement).where(Agreement.id == int(sys.argv[2]))).first()
"""
IMPORT = """
    path, runner.LONGEST, savepoints.ASKED = Path(sys.argv[3]), 0, 0
    sheet = runner.Sheet(agreements, find_layout(agreements, read(path, path.name)), "a", "", True)
    runner.run(sheet, path.parent, lambda n, _: n == 12 and die())
"""
TAKE_BACK = """
    runner.take_back(1)
    die()
"""
APPROVAL = """
    made = agreements.transition(sys.argv[3])
    form = transitions.move_form(agreements, record, made, transitions.path_of(agreements, record, made))
    form.validate()
    transitions.make(agreements, record, made, form)
    die()
"""
UPLOAD = """
    attachments.add(agreements, record, agreements.form.files[2], "a.pdf", b"%PDF-1.4")
    db.session.flush()
    die()
"""


@pytest.fixture
def killed(built):
    """`killed(script, account, id, argument)` runs it against this portal until it kills itself."""

    def run(script, *words):
        url = built.app.config["SQLALCHEMY_DATABASE_URI"] if built.kind == "postgresql" else None
        environment = os.environ | settings(built.home, url)
        release(built.app)
        done = commands.run(("-c", BEGIN + script, *map(str, words)), environment)
        assert done.returncode == -signal.SIGKILL, done.stderr
        built.dirty = True

    return run


def test_a_killed_import_keeps_its_whole_batches_and_they_can_be_undone(killed, rows):
    def held():
        counted = "SELECT count(*) FROM agreement WHERE source = 'import'"
        lines = "SELECT count(*) FROM audit_event WHERE action = 'adopt' AND ledger = 'agreements'"
        return rows(counted), rows("SELECT count(*) FROM import_run_record"), rows(lines)

    (before,) = rows("SELECT count(*) FROM audit_event WHERE action = 'adopt' AND ledger = 'agreements'")
    killed(IMPORT, "reviewer", 1, sheets.LEDGER)
    [(records,)], [(told,)], [(lines,)] = held()
    assert 0 < records == told == lines - before[0] <= 12
    assert rows("SELECT state, done FROM import_run") == [("running", 11)]
    killed(TAKE_BACK, "reviewer", 1)
    assert rows("SELECT count(*) FROM agreement WHERE source = 'import'") == [(0,)]
    assert rows("SELECT state FROM import_run") == [("undone",)]


@pytest.mark.parametrize(
    ("account", "status", "transition"), [("filler01", "draft", "submit"), ("secretary01", "pending_unit", "approve")]
)
def test_a_killed_move_leaves_nothing_and_spends_no_number(killed, rows, account, status, transition):
    with unchanged(rows):
        killed(APPROVAL, account, of(rows, 1, status), transition)


def test_a_killed_upload_leaves_no_row_and_its_file_is_swept(app, killed, rows):
    with app.app_context():
        before = {each.name for each in attachments.kept().entries()}
    with unchanged(rows):
        killed(UPLOAD, "filler01", of(rows, 1, "draft"))
    with app.app_context():
        setup.bring_up_to_date()
        assert {each.name for each in attachments.kept().entries()} <= before
