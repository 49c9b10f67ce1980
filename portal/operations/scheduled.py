"""Work that nobody asks for: each once for every hour, day or night that it is for, whichever process comes first.

The table says for which of them it was last begun. So of several processes one does it, and what was missed while
nothing ran is made up for once, at the first beat. Every run is a job without a user (`accounts/job_pages.py`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask, current_app
from flask_babel import lazy_gettext as _
from sqlalchemy import String, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from portal import setup
from portal.core import clock, jobs, sealing
from portal.core.fields import Label
from portal.core.job_queue import queue
from portal.core.job_table import QUEUED, StoredJob, encoded, storing
from portal.core.jobs import Job
from portal.extensions import Model, db
from portal.operations import backup
from portal.operations.passphrase import passphrase

KEPT_BACKUPS = 30
NIGHT = 2  # o'clock at the office
BEAT = "beat"
SILENT = timedelta(minutes=5)  # without a beat, nobody works


class ScheduledWork(Model):
    """For which hour or night each was last begun."""

    __tablename__ = "scheduled_work"

    name: Mapped[str] = mapped_column(String(30), primary_key=True)
    slot: Mapped[datetime]


@dataclass(frozen=True)
class Plan:
    """`slot`: the beginning of the hour or night that this moment belongs to."""

    label: Label
    slot: Callable[[datetime], datetime]
    work: Callable[[], dict[str, Any]]
    wanted: Callable[[], bool] = lambda: True


def hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)


def night(now: datetime) -> datetime:
    """The last time that it was two o'clock at the office."""
    begins = clock.midnight(clock.local(now).date()) + timedelta(hours=NIGHT)
    return begins if begins <= now else begins - timedelta(days=1)


def tidy() -> dict[str, Any]:
    for remark in setup.sweep():
        current_app.logger.warning("%s", remark)
    return {}


def seal() -> dict[str, Any]:
    """Beside what each process seals soon after it has written: what a killed one left."""
    return {"done": sealing.seal()}


def back_up() -> dict[str, Any]:
    made, _gone = backup.make_next(Path(current_app.config["BACKUP_DIR"]), KEPT_BACKUPS, passphrase(new=True))
    if made.manifest.damaged:
        raise RuntimeError(backup.damage(made.manifest.damaged))
    return {}


PLANS = {
    "tidy": Plan(_("Removing what is no longer needed"), hour, tidy),
    "seal": Plan(_("Sealing the trail"), hour, seal),
    "backup": Plan(_("Backup"), night, back_up, lambda: bool(current_app.config["BACKUP_DIR"])),
}


@jobs.kind("scheduled", _("Scheduled work"), again=True)
def work(job: Job) -> dict[str, Any]:
    return PLANS[job.row.ledger].work()


def beat() -> None:
    """Once a minute, in every process that works."""
    jobs.recover()
    claim(BEAT, clock.now())
    for name, plan in PLANS.items():
        if plan.wanted() and (token := claim(name, plan.slot(clock.now()))):
            queue().send(token)


def claim(name: str, slot: datetime) -> str:
    """Answers the token of the job when this slot is ours; the slot and the job are there together or not at all."""
    older = update(ScheduledWork).where(ScheduledWork.name == name, ScheduledWork.slot < slot).values(slot=slot)
    token, now = secrets.token_hex(16), clock.now()
    values = {"token": token, "kind": "scheduled", "ledger": name, "language": "zh_Hans", "reading": False}
    values |= {"state": QUEUED, "made_at": now, "touched_at": now}
    if name in last() and last()[name] >= slot:
        return ""
    try:
        with storing() as connection:
            if connection.execute(older).rowcount == 0:
                connection.execute(insert(ScheduledWork).values(name=name, slot=slot))
            if name != BEAT:
                connection.execute(insert(StoredJob).values(**values, asked=encoded({})))
    except IntegrityError:  # another process was first
        return ""
    return token


def last() -> dict[str, datetime]:
    with db.engine.connect().execution_options(reading=True) as connection:
        return {each.name: each.slot for each in connection.execute(select(ScheduledWork.name, ScheduledWork.slot))}


def works() -> bool:
    """Does anybody do what is in the queue?"""
    beaten = last().get(BEAT)
    return beaten is not None and clock.within(beaten, SILENT)


def install(app: Flask) -> None:
    app.extensions["portal.queue"].tasks["beat"] = beat


__all__ = ["PLANS", "beat", "install", "last", "works"]
