"""A job that was begun at one machine is gone on with at another."""

from __future__ import annotations

import io
import shutil

import pytest
from openpyxl import load_workbook

from portal.core.jobs import files
from portal.core.views.workbooks import exporting
from tests import object_store
from tests.conftest import wait_for_jobs
from tests.core.spreadsheet import sheets
from tests.test_two_machines import at, command, machines, swift

__all__ = ["machines", "swift"]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not object_store.installed(), reason=object_store.REASON)]


def brought(visitor, path):
    sent = {"csrf_token": visitor.token, "file": (io.BytesIO(path.read_bytes()), path.name)}
    with visitor.client.post("/agreements/import", data=sent) as answer:
        assert answer.status_code == 302
        wait_for_jobs()
        return answer.location


def lying(app):
    """The files of jobs in the store, and what this machine has of its own."""
    with app.app_context():
        return {name for _, name in files.there()}, list(files.home().glob("*/*"))


def test_a_sheet_that_was_previewed_at_one_machine_is_taken_at_the_other(machines, tmp_path):
    one, other = at(machines.a, "reviewer"), at(machines.b, "reviewer")
    rows = sheets.rows()
    rows[4][1] = ""  # a row that is rejected
    path = brought(one, sheets.book(tmp_path / "台账.xlsx", rows))
    before = machines.rows("SELECT count(*) FROM agreement")[0][0]
    seen, page = one.look(path), other.look(path)
    assert page.words == seen.words
    assert "sheet" in lying(machines.b)[0]
    assert (lying(machines.a)[1], lying(machines.b)[1]) == ([], [])
    assert other.post(f"{path}/run", page.filled()).status == 302
    wait_for_jobs()
    assert machines.rows("SELECT count(*) FROM agreement")[0][0] == before + 20
    with one.client.post(f"{path}/errors", data={"csrf_token": one.token}) as answer:
        assert answer.status_code == 200
        assert load_workbook(io.BytesIO(answer.data)).active.max_row > 1
    assert lying(machines.b)[0] == set()


def test_an_export_that_was_begun_at_one_machine_is_taken_once_at_the_other(machines, monkeypatch):
    monkeypatch.setattr(exporting, "MANY", 3)
    one, other = at(machines.a, "reviewer"), at(machines.b, "reviewer")
    with one.client.get("/agreements/export?status=active", headers={"Accept": "text/html"}) as answer:
        page = answer.location
    wait_for_jobs()
    shutil.rmtree(machines.folder / "a" / "jobs", ignore_errors=True)
    assert other.look(page).select("[data-ready]")
    assert at(machines.b, "filler01").look(page).status == 404
    with other.client.post(f"{page}/take", data={"csrf_token": other.token}) as answer:
        assert load_workbook(io.BytesIO(answer.data)).active.max_row > 3
    with one.client.post(f"{page}/take", data={"csrf_token": one.token}) as answer:
        assert answer.status_code in (302, 404, 410)
    assert lying(machines.a)[0] == set()


def test_whoever_asks_for_a_job_while_the_store_is_away_is_told(machines):
    visitor = at(machines.a, "reviewer")
    visitor.look("/agreements/import")
    machines.swift.stop()
    try:
        sent = {"csrf_token": visitor.token, "file": (io.BytesIO(sheets.LEDGER.read_bytes()), "a.xlsx")}
        with visitor.client.post("/agreements/import", data=sent) as answer:
            assert answer.status_code == 503
    finally:
        machines.swift.start()
    assert command(machines.a, "audit", "verify").exit_code == 0
