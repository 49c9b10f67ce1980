"""Jobs: long work beside the requests, with progress and cancellation, on any machine.

A job is a row of the database: who asked for what, how it stands and what came of it, sealed, since that quotes what
people brought. Only its token goes through the queue (`core/jobs/queue.py`). Whoever works on a job holds a lock that
vanishes with the process (`core/transactions/process_lock.py`), so a job whose process was killed is over at the next
look at it.
"""

from __future__ import annotations

import json
import logging
import os
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask, abort, current_app, has_request_context, request
from flask_babel import force_locale, get_locale, gettext
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from portal import metrics
from portal.core import clock
from portal.core.access import scope
from portal.core.fields import Label
from portal.core.jobs import files
from portal.core.jobs import queue as job_queue
from portal.core.jobs.queue import queue
from portal.core.jobs.table import (
    ACTIVE,
    CANCELLED,
    DONE,
    FAILED,
    INTERRUPTED,
    NEW,
    QUEUED,
    RUNNING,
    StoredJob,
    encoded,
    insert_job,
    rows,
    storing,
)
from portal.core.storage import installation
from portal.core.transactions.process_lock import Work, holding, is_held
from portal.database import let_go, log_fault, trouble_of
from portal.extensions import db

log = logging.getLogger(__name__)
KEPT = timedelta(days=7)  # that a job can be asked about
HELD = timedelta(hours=1)  # after its last word that its files stay
TELLING = 0.4  # seconds between two words of how far it is, and two looks whether somebody stops it
PATIENCE = 2.0  # seconds that a request waits for a short job before it shows the progress
LOST = timedelta(minutes=1)  # after which a job that waits, and is not in the queue, is sent again
TOKEN = re.compile(r"[0-9a-f]{32}")
# Set when this process is to end: its jobs stop where they are.
stopping = threading.Event()


@dataclass(frozen=True)
class Kind:
    """A sort of work. `again`: nothing of it is lost by beginning anew, so administrators may."""

    work: Callable[[Job], dict[str, Any]]
    label: Label
    again: bool = False


KINDS: dict[str, Kind] = {}


def kind(name: str, label: Label, *, again: bool = False) -> Callable[[Any], Any]:
    """Declares what is done with jobs of this kind; what the function answers becomes part of the state."""

    def declared(work: Callable[[Job], dict[str, Any]]) -> Callable[[Job], dict[str, Any]]:
        KINDS[name] = Kind(work, label, again)
        return work

    return declared


class Cancelled(Exception):
    """Somebody stopped the job. `told` becomes part of its state."""

    state = CANCELLED

    def __init__(self, **told: Any) -> None:
        super().__init__()
        self.told = told


class Interrupted(Cancelled):
    """The process that works on it is to end."""

    state = INTERRUPTED


class Refused(Exception):
    """Whoever asked may not do it any more."""


class Job:
    """A job as it stood when it was read."""

    def __init__(self, row: Any) -> None:
        self.row = row
        self.looked = 0.0

    @property
    def id(self) -> int:
        return int(self.row.id)

    @property
    def token(self) -> str:
        return str(self.row.token)

    @property
    def active(self) -> bool:
        return self.row.state in ACTIVE

    @property
    def asked(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.row.asked.reveal())
        return found

    @property
    def state(self) -> dict[str, Any]:
        """How it stands, and what it told of itself."""
        found: dict[str, Any] = {"state": self.row.state, "active": self.active}
        if self.active:
            return found | {"done": 0, "total": 0} | (queue().get(self.key("progress")) or {})
        return found | (json.loads(self.row.outcome.reveal()) if self.row.outcome else {})

    def key(self, name: str) -> str:
        return f"{name}:{self.token}"

    def load(self) -> Job:
        [self.row] = rows(StoredJob.id == self.id) or [self.row]
        return self

    def change(self, *where: Any, **values: Any) -> bool:
        """Update the row if it still meets `where`; returns whether it did. Raises IntegrityError."""
        with storing() as connection:
            mine = update(StoredJob).where(StoredJob.id == self.id, *where)
            done = connection.execute(mine.values(touched_at=clock.now(), **values)).rowcount == 1
        self.load()
        return done

    def ask(self, **changes: Any) -> None:
        self.change(asked=encoded(self.asked | changes))

    def end(self, state: str, **told: Any) -> None:
        """Nothing changes where somebody else has said already how it ended."""
        if self.change(StoredJob.state.in_(ACTIVE), state=state, outcome=encoded(told)):
            metrics.jobs.labels(state).inc()
        queue().drop(self.key("progress"), self.key("cancel"))

    def retell(self, **told: Any) -> bool:
        """Change what it said at its end, once: answers whether nobody else did so since it was read."""
        before = self.row.outcome
        return self.change(StoredJob.outcome == before, outcome=encoded(json.loads(before.reveal()) | told))

    def report(self, **progress: Any) -> None:
        """How far it is."""
        queue().put(self.key("progress"), progress)

    def progress(self, done: int, total: int) -> None:
        """Raises Cancelled and Interrupted."""
        if stopping.is_set():
            raise Interrupted
        if time.monotonic() - self.looked >= TELLING:
            self.looked = time.monotonic()
            if queue().get(self.key("cancel")):
                raise Cancelled
            self.report(done=done, total=total)

    def pace(self, done: int, total: int) -> tuple[int, int]:
        """Rows in a second, and the seconds that the rest will take at this pace; zeros while nobody can say."""
        passed = (clock.now() - self.row.began_at).total_seconds() if self.row.began_at else 0
        rate = done / passed if passed > 0 else 0.0
        return round(rate), round((total - done) / rate) if rate else 0

    def cancel(self) -> None:
        """A queued job is cancelled at once, a running one at its next progress report."""
        if self.change(StoredJob.state.in_((NEW, QUEUED)), state=CANCELLED):
            self.let_go()
        elif self.active:
            queue().put(self.key("cancel"), True)

    def again(self) -> bool:
        """Begin anew what ended without success, as whose it was. Raises IntegrityError, as `start` does."""
        ended = StoredJob.state.in_((FAILED, CANCELLED, INTERRUPTED))
        begun = self.change(ended, state=QUEUED, outcome=None, worker=None, began_at=None)
        if begun:
            queue().drop(self.key("cancel"), self.key("progress"))
            queue().send(self.token)
        return begun

    @property
    def repeatable(self) -> bool:
        kind = KINDS.get(self.row.kind)
        return self.row.state in (FAILED, CANCELLED, INTERRUPTED) and kind is not None and kind.again

    def has(self, name: str) -> bool:
        """Nobody is given a file whose time is over, whenever it is swept."""
        return not expired(self.row) and files.exists(self.token, name)

    def let_go(self) -> None:
        """Keep what the job says of itself, and none of its files."""
        files.drop(self.token)

    def look(self) -> Job:
        """One whose process is gone is over."""
        if self.row.state == RUNNING and not is_held(Work.JOB, self.id):
            self.end(INTERRUPTED, fault="")
            files.drop(self.token)
        return self


def sweep() -> None:
    """Old jobs go, and before them the files that nobody came for."""
    resting = StoredJob.state.not_in(ACTIVE)
    old = {row.token for row in rows(StoredJob.touched_at < clock.now() - KEPT, resting)}
    if old:
        with storing() as connection:
            connection.execute(delete(StoredJob).where(StoredJob.token.in_(old), resting))
    if with_files := files.kept():
        fresh = {row.token for row in rows(StoredJob.token.in_(with_files)) if not expired(row)}
        for token in with_files - fresh:
            files.drop(token)


def expired(row: Any) -> bool:
    return row.state not in ACTIVE and row.touched_at < clock.now() - HELD


def make(kind: str, *, ledger: str = "", **asked: Any) -> Job:
    """A new job of the current user."""
    whose = {"user_id": scope.current().user_id, "language": str(get_locale())}
    with storing() as connection:
        token = insert_job(connection, kind, ledger, NEW, asked, **whose)
    return Job(rows(StoredJob.token == token)[0])


def find(token: str, kind: str, ledger: str = "") -> Job | None:
    """The current user's own job of this kind; what nobody came for in time is not there any more."""
    if not TOKEN.fullmatch(token):
        return None
    mine = (StoredJob.user_id == scope.current().user_id, StoredJob.kind == kind, StoredJob.ledger == ledger)
    row = next(iter(rows(StoredJob.token == token, *mine, StoredJob.touched_at >= clock.now() - KEPT)), None)
    if row is None:
        return None
    if expired(row):
        files.drop(token)
    return Job(row).look()


def others(job: Job, *where: Any) -> list[Job]:
    """The other jobs of whoever asked for this one, the oldest first."""
    mine = (StoredJob.user_id == job.row.user_id, StoredJob.id != job.id)
    return [Job(row).look() for row in rows(*mine, *where)]


def start(job: Job, *, reading: bool = False) -> None:
    """Let it be worked on as its user. Waits a little for short work.

    Of work that writes, everybody has one at a time (409 else): what few are had of in an hour
    (`core/audit/probe_limit.py`) is counted when it ends, and a large sheet takes a process of its own.
    """
    fresh = job.row.state == NEW
    if not reading:
        others(job, StoredJob.state == RUNNING)  # of which some may be over
    address = request.remote_addr if has_request_context() else None
    queue().drop(job.key("cancel"), job.key("progress"))
    values = {"reading": reading, "outcome": None, "language": str(get_locale()), "address": address, "began_at": None}
    try:
        begun = job.change(StoredJob.state.not_in(ACTIVE), state=QUEUED, worker=None, **values)
    except IntegrityError:
        if fresh:  # what was brought for it now
            job.cancel()
        abort(
            409,
            gettext("Another sheet or check of yours is being worked on. Please wait until it has ended."),
        )
    if begun:
        queue().send(job.token)
    patience = time.monotonic() + PATIENCE
    while job.load().active and time.monotonic() < patience:
        time.sleep(0.04)


def perform(token: str) -> None:
    """What a worker does with a token from the queue. However often it comes, the work is done once."""
    found = rows(StoredJob.token == token)
    if not found or stopping.is_set() or not installation.has_newest_keys():
        return
    job = Job(found[0])
    with holding(Work.JOB, job.id) as ours:
        worker = f"{socket.gethostname()[:100]}:{os.getpid()}"
        waits = StoredJob.state == QUEUED
        if ours and job.change(waits, state=RUNNING, worker=worker, began_at=clock.now()):
            work(job)


def work(job: Job) -> None:
    """As whose request the job counts: that of its user, in their language and from their address."""
    told = {"REMOTE_ADDR": job.row.address} if job.row.address else {}
    method = "GET" if job.row.reading else "POST"
    with current_app.test_request_context(method=method, environ_base=told), force_locale(job.row.language):
        try:
            with scope.acting_as(asker(job)):
                outcome = KINDS[job.row.kind].work(job)
            job.end(DONE, **outcome)
        except Cancelled as stop:
            db.session.rollback()
            job.end(stop.state, **stop.told)
            job.let_go()
        except Exception as fault:  # a job ends its thread, and whoever asked must be told
            if isinstance(fault, DBAPIError):
                log_fault(log, f"job {job.id}", fault)
            else:
                log.exception("job %d", job.id)
            let_go()  # the database may be away, and whoever waits is to be told
            job.end(FAILED, fault="", why=said(fault))
            job.let_go()
        finally:
            db.session.remove()


def asker(job: Job) -> scope.Principal:
    """Raises LookupError where the account is there no more, or switched off."""
    if job.row.user_id is None:
        return scope.SYSTEM
    found: scope.Principal = current_app.extensions["portal.principal"](job.row.user_id)
    return found


def require(verb: str, place: str) -> None:
    """What somebody may do is judged when it is asked for, and again when it is done. Raises Refused."""
    if not scope.current().may(verb, place):
        raise Refused


def said(fault: Exception) -> str:
    """The reason, as far as it is one that users can do something about."""
    if isinstance(fault, Refused | LookupError):
        return gettext("You may not do this any more.")
    if trouble_of(fault):
        return gettext("The database was away, busy for too long, or its disk is full.")
    return ""


def recover() -> None:
    """What was being done by a process that is gone is over; what waits and is not in the queue is sent again."""
    for row in rows(StoredJob.state.in_(ACTIVE)):
        Job(row).look()
    lost = [row.token for row in rows(StoredJob.state == QUEUED, StoredJob.touched_at < clock.now() - LOST)]
    for token in set(lost) - queue().waiting() if lost else ():
        queue().send(token)


def install(app: Flask) -> None:
    job_queue.install(app)
    app.extensions["portal.queue"].tasks["job"] = perform


__all__ = [
    "ACTIVE",
    "CANCELLED",
    "DONE",
    "FAILED",
    "INTERRUPTED",
    "KINDS",
    "NEW",
    "QUEUED",
    "RUNNING",
    "Cancelled",
    "Interrupted",
    "Job",
    "Kind",
    "Refused",
    "StoredJob",
    "find",
    "kind",
    "make",
    "others",
    "recover",
    "require",
    "rows",
    "start",
    "stopping",
    "sweep",
]
