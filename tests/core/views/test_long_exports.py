"""Lists that take longer to write than people wait: progress, stop, and a sheet that is taken once."""

from __future__ import annotations

import io
import json
import tempfile
import threading
from datetime import timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.jobs import files, jobs
from portal.core.spreadsheet.exporter.exporter import XLSX
from portal.core.views.workbooks import exporting
from portal.extensions import db
from portal.ledgers.assistance.model import Beneficiary
from tests.visitor import Page

PATH = "/agreements/export?status=active"


@pytest.fixture
def told(rows):
    """`told()`: who exported what since the test began."""
    since = rows("SELECT max(id) FROM audit_event")[0][0]
    query = f"SELECT username, changes FROM audit_event WHERE action = 'export' AND id > {since} ORDER BY id"
    return lambda: rows(query)


@pytest.fixture
def long_lists(monkeypatch):
    """Three rows are many here."""
    monkeypatch.setattr(exporting, "MANY", 3)
    monkeypatch.setattr(exporting, "TELLING", 1)


@pytest.fixture
def browse(visit, long_lists):
    """`browse("reviewer", path)`: what a person's browser gets."""

    def go(username, path=PATH):
        visitor = visit(username)
        answer = visitor.client.get(path, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        return visitor, answer

    return go


def cells(answer):
    body = io.BytesIO(answer.get_data())
    answer.close()
    return [[cell.value for cell in row] for row in load_workbook(body).active.iter_rows()]


def sheets(app, page):
    """The files that wait for whoever looks at this page."""
    with app.app_context():
        token = page.rpartition("/")[2]
        return [files.area().path_of(f"{token}.{name}") for owner, name in files.there() if owner == token]


def take(visitor, page):
    return visitor.client.post(f"{page}/take", data={"csrf_token": visitor.token})


def test_a_long_list_is_written_beside_the_page_and_is_the_same_sheet(browse, told, app):
    visitor, answer = browse("reviewer")
    page = answer.location
    assert visitor.look(page).select("[data-ready]")
    [waiting] = sheets(app, page)
    assert waiting.stat().st_mode & 0o077 == 0
    assert told() == []  # nothing has gone out yet
    sheet = cells(take(visitor, page))
    assert sheet == cells(visitor.client.get(PATH))
    assert len(sheet) > 10
    (first, line), (_, direct) = told()
    assert first == "reviewer"
    assert "sha256" in str(line)
    assert str(line).split("watermark")[0] == str(direct).split("watermark")[0]


def test_it_is_taken_once_and_within_the_hour(browse, told, app, monkeypatch):
    visitor, answer = browse("reviewer")
    take(visitor, answer.location).close()
    assert "The sheet has been taken." in visitor.look(answer.location).words
    again = take(visitor, answer.location)
    assert again.location == answer.location
    assert visitor.look(answer.location).notices("warning") == [
        "The sheet is not there any more. Please export once again."
    ]
    visitor, late = browse("reviewer")
    [waiting] = sheets(app, late.location)
    monkeypatch.setattr(jobs, "HELD", timedelta(days=-1))
    assert take(visitor, late.location).status_code == 302
    assert len(told()) == 1
    with app.app_context():
        jobs.sweep()
    assert not waiting.exists()


def test_it_says_how_far_it_is_and_can_be_stopped(browse, app, tmp_path, monkeypatch):
    go_on, progress = threading.Event(), jobs.Job.progress

    def slowly(job, done, total):
        job.report(done=done, total=total)
        if done == 2:
            go_on.wait(20)
        progress(job, done, total)

    monkeypatch.setattr(jobs.Job, "progress", slowly)
    monkeypatch.setattr(jobs, "PATIENCE", 0.3)
    monkeypatch.setattr(jobs, "TELLING", 0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    visitor, answer = browse("reviewer")
    token = answer.location.rpartition("/")[2]
    assert visitor.look(answer.location).one("[data-running] progress")["value"] == "2"
    assert take(visitor, answer.location).status_code == 302
    visitor.post(f"{answer.location}/cancel")
    go_on.set()
    for thread in threading.enumerate():
        if thread.name == f"job-{token}":
            thread.join(20)
    assert "Stopped." in visitor.look(answer.location).words
    assert list(tmp_path.iterdir()) == []
    assert sheets(app, answer.location) == []


def test_a_sheet_is_for_whoever_asked_for_it(browse, visit, told):
    _, answer = browse("reviewer")
    for account in ("leader", "filler01", "auditor"):
        assert visit(account).look(answer.location).status == 404
        assert visit(account).post(f"{answer.location}/take").status == 404
    assert visit("reviewer").post(f"{answer.location}/else").status == 404
    assert visit("reviewer").post(answer.location.replace("agreements", "visits") + "/take").status == 404
    assert told() == []


def test_a_right_that_was_taken_meanwhile_is_gone(browse, change, told):
    visitor, answer = browse("leader")
    change(
        "DELETE FROM ab_permission_view_role WHERE role_id IN (SELECT id FROM ab_role WHERE name = 'gw_leader') "
        "AND permission_view_id IN (SELECT pv.id FROM ab_permission_view pv "
        "JOIN ab_permission p ON p.id = pv.permission_id JOIN ab_view_menu v ON v.id = pv.view_menu_id "
        "WHERE p.name = 'can_export' AND v.name = 'agreements')"
    )
    assert take(visitor, answer.location).status_code == 403
    assert told() == []


def test_short_lists_and_programs_get_their_sheet_at_once(browse, visit, rows):
    few = rows("SELECT record_no FROM agreement WHERE record_no IS NOT NULL LIMIT 1")[0][0]
    _, answer = browse("reviewer", f"/agreements/export?q={few}")
    assert answer.mimetype == XLSX
    answer.close()
    for accept in (None, "*/*"):
        answer = visit("reviewer").client.get(PATH, headers={"Accept": accept} if accept else {})
        assert answer.mimetype == XLSX
        answer.close()


def test_some_thousand_lines_of_the_trail_are_written_beside_the_page(visit, rows, monkeypatch):
    assert 1000 < rows("SELECT count(*) FROM audit_event")[0][0] < 5000
    monkeypatch.setattr(jobs, "start", lambda *_args, **_options: None)
    answer = visit("auditor").client.get("/audit_events/export", headers={"Accept": "text/html"})
    assert answer.location.startswith("/audit_events/export/")


@pytest.fixture
def somebody(app):
    """The whole name of somebody of the first unit's list, and the id."""
    with app.test_request_context(), scope.acting_as(act_as("filler01")):
        found = db.session.scalars(select(Beneficiary).where(Beneficiary.status == "active").limit(1)).one()
        return found.name_enc.reveal(), str(found.id)


@pytest.mark.parametrize("by", [0, 1], ids=["name", "id"])
def test_the_trail_keeps_whose_sheet_it_was_and_not_the_name_that_was_typed(visit, told, somebody, by):
    name, id_ = somebody
    visit("filler01").client.get(f"/pairings/export?beneficiary_id={somebody[by]}&status=active&q={name}").close()
    [(_, line)] = told()
    line = json.loads(line) if isinstance(line, str) else line
    assert line[:3] == [["q", None, ["…"]], ["status", None, ["active"]], ["beneficiary_id", None, [id_]]]
    assert name not in str(line)


def test_a_filter_that_is_no_value_is_refused_and_leaves_no_text_in_the_trail(visit, told):
    client = visit("filler01").client
    for wrong in ("measures=诸葛在册", "status=诸葛在册&status=active", "start_on=诸葛在册"):
        assert client.get(f"/pairings/export?{wrong}").status_code == 400
    assert told() == []


def test_a_wrong_filter_is_refused_before_anything_begins(browse):
    _, answer = browse("reviewer", "/agreements/export?status=active&signed_on=soon")
    assert answer.status_code == 400
    assert "Signed on" in Page.of(answer).words
