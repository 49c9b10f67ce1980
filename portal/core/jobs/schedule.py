"""Scheduled work: each run once for its hour or night, by whichever process comes first.

The table says for which of them it was last begun. So of several processes one does it, and what was missed while
nothing ran is made up for once, at the first beat. Every run is a job without a user.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import String, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock
from portal.core.fields import Label
from portal.core.jobs import jobs
from portal.core.jobs.jobs import Job
from portal.core.jobs.queue import queue
from portal.core.jobs.table import INTERRUPTED, QUEUED, StoredJob, insert_job, storing
from portal.extensions import Model, db

NIGHT = 2  # o'clock at the office
BEAT, SCHEDULED = "beat", "scheduled"
AGAIN = timedelta(hours=12)
AHEAD = timedelta(days=2)  # more than the clocks of two machines differ
BEATEN = timedelta(seconds=100)  # a beat is a minute old at most
SILENT = timedelta(minutes=5)  # without a beat, nobody works


class ScheduledWork(Model):
    """The hour or night for which each plan was last started."""

    __tablename__ = "scheduled_work"

    name: Mapped[str] = mapped_column(String(30), primary_key=True)
    slot: Mapped[datetime]


@dataclass(frozen=True)
class Plan:
    """`slot`: the start of the hour or night that contains this moment."""

    label: Label
    slot: Callable[[datetime], datetime]
    work: Callable[[], dict[str, Any]]
    wanted: Callable[[], bool] = lambda: True


def hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)


def night(now: datetime) -> datetime:
    """The last time it was two o'clock in the office's time zone."""
    begins = clock.midnight(clock.local(now).date()) + timedelta(hours=NIGHT)
    return begins if begins <= now else begins - timedelta(days=1)


PLANS: dict[str, Plan] = {}


@jobs.kind(SCHEDULED, _("Scheduled work"), again=True)
def work(job: Job) -> dict[str, Any]:
    return PLANS[job.row.ledger].work()


def beat() -> None:
    """Runs once a minute in every worker process."""
    jobs.recover()
    claim(BEAT, clock.now())
    make_up()
    for name, plan in PLANS.items():
        if plan.wanted() and (token := claim(name, plan.slot(clock.now()))):
            queue().send(token)


def make_up() -> None:
    """Restart interrupted scheduled work once, so that a restart of the portal does not lose a night."""
    recent = StoredJob.made_at > clock.now() - AGAIN
    for row in jobs.rows(StoredJob.kind == SCHEDULED, StoredJob.state == INTERRUPTED, recent):
        job = Job(row)
        if not job.asked:
            job.ask(again=True)
            job.again()


def claim(name: str, slot: datetime) -> str:
    """Returns the token of the job if this process claimed the slot, else "". The slot and the job are stored in one
    transaction."""
    ahead = ScheduledWork.slot > slot + AHEAD  # written while the clock was ahead, which is to stop nothing
    older = (
        update(ScheduledWork).where(ScheduledWork.name == name, (ScheduledWork.slot < slot) | ahead).values(slot=slot)
    )
    before = last().get(name)
    if before is not None and slot <= before <= slot + AHEAD:
        return ""
    try:
        with storing() as connection:
            if connection.execute(older).rowcount == 0:
                connection.execute(insert(ScheduledWork).values(name=name, slot=slot))
            return "" if name == BEAT else insert_job(connection, SCHEDULED, name, QUEUED, {}, language="zh_Hans")
    except IntegrityError:  # another process was first
        return ""


def last() -> dict[str, datetime]:
    with db.engine.connect().execution_options(reading=True) as connection:
        return {each.name: each.slot for each in connection.execute(select(ScheduledWork.name, ScheduledWork.slot))}


def works(lately: timedelta = SILENT) -> bool:
    """Is any worker running?"""
    beaten = last().get(BEAT)
    return beaten is not None and clock.within(beaten, lately)


def why_held_up(state: Mapping[str, Any]) -> str:
    """The reason why a queued job does not start; empty if it does, or will soon."""
    if state["state"] != QUEUED:
        return ""
    if not queue().answers():
        return gettext("The queue of jobs cannot be reached just now.")
    if not works(BEATEN):
        return gettext("Nobody works on jobs just now.")
    return ""


def install(app: Flask) -> None:
    app.jinja_env.globals["why_held_up"] = why_held_up
    app.extensions["portal.queue"].tasks["beat"] = beat


__all__ = ["PLANS", "Plan", "beat", "hour", "install", "last", "night", "works"]
