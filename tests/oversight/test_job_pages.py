"""The page of jobs: who sees it, what it leaves out, stopping somebody's job and beginning one again."""

from __future__ import annotations

import pytest

from portal.core.jobs import jobs
from portal.core.views.workbooks import exporting
from tests.conftest import wait_for_jobs

pytestmark = pytest.mark.one_database
PATH = "/jobs/"


@pytest.fixture
def exported(visit, monkeypatch):
    """The page of a long export by the committee."""
    monkeypatch.setattr(exporting, "MANY", 3)
    monkeypatch.setattr(jobs, "PATIENCE", 60)
    answer = visit("reviewer").client.get("/agreements/export?status=active&q=共建", headers={"Accept": "text/html"})
    return answer.location


def test_administrators_see_whose_job_it_is_and_nothing_of_what_it_is_about(visit, exported, job_of):
    page = visit("sysadmin").look(PATH)
    line = page.one(f'tr[data-job="{job_of(exported).token}"]')
    assert "reviewer" in line.text
    assert line["data-state"] == "done"
    assert "q=" not in str(page)
    assert "?status" not in str(page)
    assert page.select("[data-no-worker]"), "no worker has had a beat in this portal"
    for account in ("secadmin", "auditadmin", "reviewer", "filler01", "auditor"):
        assert visit(account).look(PATH).status == 403
        assert visit(account).post(f"{PATH}{job_of(exported).token}/stop").status == 403


def test_what_broke_off_is_begun_again_as_its_user_and_told(visit, exported, job_of, app, rows):
    job, sysadmin = job_of(exported), visit("sysadmin")
    assert sysadmin.post(f"{PATH}{job.token}/again").status == 409, "it is done"
    with app.app_context():
        job.change(state=jobs.RUNNING)  # of a process that is gone
    assert sysadmin.look(PATH).one(f'tr[data-job="{job.token}"]')["data-state"] == "interrupted"
    assert sysadmin.post(f"{PATH}{job.token}/again").status == 302
    wait_for_jobs()
    assert job_of(exported).row.state == jobs.DONE
    assert visit("reviewer").look(exported).select("[data-ready]")
    assert rows("SELECT username FROM audit_event WHERE action = 'job_begun_again'") == [("sysadmin",)]


def test_a_job_that_waits_is_stopped_at_once_and_one_that_is_worked_on_is_asked_to(
    visit, exported, job_of, app, working
):
    job, sysadmin = job_of(exported), visit("sysadmin")
    with app.app_context():
        job.change(state=jobs.QUEUED)
    assert sysadmin.post(f"{PATH}{job.token}/stop").status == 302
    assert job_of(exported).row.state == jobs.CANCELLED
    with working(job):
        assert sysadmin.post(f"{PATH}{job.token}/stop").status == 302
        with app.app_context(), pytest.raises(jobs.Cancelled):
            job.progress(1, 2)


def test_whoever_lost_the_right_or_the_account_meanwhile_gets_nothing(visit, exported, job_of, app, change):
    job = job_of(exported)
    change("UPDATE ab_user SET active = false WHERE username = 'reviewer'")
    with app.app_context():
        job.change(state=jobs.FAILED)
        job.again()
    wait_for_jobs()
    assert job_of(exported).row.state == jobs.FAILED
    with app.app_context():
        assert not job.has(exporting.SHEET)
