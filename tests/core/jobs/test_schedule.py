"""Scheduled work: each once for its hour or night, whoever comes first, and what was missed once."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime, timedelta

import pytest

from portal.core import clock
from portal.core.jobs import jobs, schedule
from portal.core.jobs.queue import Queue
from portal.core.jobs.schedule import Plan
from tests.conftest import wait_for_jobs

NOW = datetime(2026, 3, 4, 9, 30)  # in UTC; half past five in the afternoon at the office


@pytest.fixture
def now(monkeypatch):
    """`now(moment)` sets the clock."""

    def set_(moment):
        monkeypatch.setattr(clock, "now", lambda: moment)

    set_(NOW)
    return set_


@pytest.fixture
def done(monkeypatch, app):
    """How often the plans of a test were worked on: one every hour, one every night, one that is not set up."""
    found = Counter()

    def count(name):
        return lambda: found.update([name]) or {}

    plans = {
        "hourly": Plan("Hourly", schedule.hour, count("hourly")),
        "nightly": Plan("Nightly", schedule.night, count("nightly")),
        "unset": Plan("Not set up", schedule.hour, count("unset"), lambda: False),
    }
    monkeypatch.setattr(schedule, "PLANS", plans)
    return found


@pytest.fixture
def beat(app):
    def beats(times=1):
        for _ in range(times):
            with app.app_context():
                schedule.beat()
        wait_for_jobs()

    return beats


def test_each_is_done_once_for_its_hour_or_night_however_many_beat(app, now, done, rows):
    barrier = threading.Barrier(6)

    def meet():
        with app.app_context():
            barrier.wait(20)
            schedule.beat()

    threads = [threading.Thread(target=meet) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    wait_for_jobs()
    assert done == {"hourly": 1, "nightly": 1}
    held = rows("SELECT ledger, state, user_id FROM job WHERE kind = 'scheduled' ORDER BY ledger")
    assert held == [("hourly", "done", None), ("nightly", "done", None)]


def test_the_next_hour_and_the_next_night_have_their_turn_and_missed_ones_one_together(now, done, beat):
    beat(2)
    now(NOW + timedelta(minutes=29))
    beat()
    assert done == {"hourly": 1, "nightly": 1}
    now(NOW + timedelta(minutes=30))
    beat(2)
    assert done == {"hourly": 2, "nightly": 1}
    now(NOW + timedelta(days=3))
    beat(3)
    assert done == {"hourly": 3, "nightly": 2}


@pytest.mark.parametrize(
    ("moment", "begins"),
    [
        (datetime(2026, 3, 4, 17, 59), datetime(2026, 3, 3, 18)),  # 01:59 on the fifth at the office
        (datetime(2026, 3, 4, 18, 0), datetime(2026, 3, 4, 18)),
        (datetime(2026, 3, 5, 17, 59), datetime(2026, 3, 4, 18)),
    ],
)
@pytest.mark.one_database
def test_a_night_begins_at_two_at_the_office(app, moment, begins):
    with app.app_context():
        assert schedule.night(moment) == begins


def test_a_clock_that_was_ahead_for_a_year_stops_nothing_when_it_is_right_again(now, done, beat):
    now(NOW + timedelta(days=365))
    beat()
    now(NOW)
    beat(2)
    assert done == {"hourly": 2, "nightly": 2}


def test_what_was_interrupted_is_done_once_more_and_not_for_ever(app, now, done, beat, change):
    beat()
    killed = "UPDATE job SET state = 'running' WHERE kind = 'scheduled' AND ledger = 'nightly'"
    change(killed)  # by a process that holds no lock: it was killed
    beat(2)
    assert done == {"hourly": 1, "nightly": 2}
    change(killed)
    beat(2)
    assert done == {"hourly": 1, "nightly": 2}


def test_a_plan_that_fails_is_told_and_tried_again_at_its_next_turn(now, done, beat, rows, monkeypatch):
    def fail():
        raise OSError("the share is not mounted")

    with monkeypatch.context() as broken:
        broken.setitem(schedule.PLANS, "nightly", Plan("Nightly", schedule.night, fail))
        beat(2)
    assert rows("SELECT state FROM job WHERE ledger = 'nightly'") == [("failed",)]
    now(NOW + timedelta(days=1))
    beat()
    assert done["nightly"] == 1


def test_whoever_waits_is_told_when_nobody_has_worked_for_minutes(app, now, done, beat):
    with app.app_context():
        assert not schedule.works()
    beat()
    with app.app_context():
        assert schedule.works()
    now(NOW + timedelta(minutes=6))
    with app.app_context():
        assert not schedule.works()


def test_whoever_waits_for_a_job_is_told_why_it_does_not_begin(app, now, beat, monkeypatch):
    waiting = {"state": jobs.QUEUED}

    def why():
        with app.test_request_context():
            return schedule.why_held_up(waiting)

    nobody = why()
    beat()
    assert why() == ""
    now(NOW + timedelta(minutes=2))
    assert why() == nobody
    with app.test_request_context():
        assert schedule.why_held_up({"state": jobs.RUNNING}) == ""
    beat()
    monkeypatch.setattr(Queue, "answers", lambda _queue: False)
    assert why() not in ("", nobody)


def test_a_job_that_the_queue_forgot_is_sent_again(visit, now, done, beat, job_of, monkeypatch):
    with monkeypatch.context() as lost:
        lost.setattr(Queue, "send", lambda _queue, _token: None)
        lost.setattr(jobs, "PATIENCE", 0)
        path = visit("admin").post("/audit/verify").response.location.replace("?job=", "/")
    job = job_of(path)
    beat()
    assert job.row.state == jobs.QUEUED
    now(NOW + timedelta(minutes=2))
    beat(2)
    assert job_of(path).row.state == jobs.DONE
