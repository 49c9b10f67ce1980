"""Jobs: long work outside requests, with progress and cancellation, on any machine.

A job is a row of the database: the user, the parameters, the state and the result. The result is encrypted because it
quotes uploaded data. Only the token of a job goes through the queue (`core/jobs/queue.py`). A worker holds a lock that
disappears with its process (`core/transactions/process_lock.py`), so a job whose process was killed is found to be
interrupted when it is next read.
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
    """A kind of job. `again`: restarting it loses nothing, so administrators may restart it."""

    work: Callable[[Job], dict[str, Any]]
    label: Label
    again: bool = False


KINDS: dict[str, Kind] = {}


def kind(name: str, label: Label, *, again: bool = False) -> Callable[[Any], Any]:
    """Decorator that registers the function for jobs of this kind; what it returns becomes part of the job's state."""

    def declared(work: Callable[[Job], dict[str, Any]]) -> Callable[[Job], dict[str, Any]]:
        KINDS[name] = Kind(work, label, again)
        return work

    return declared


class Cancelled(Exception):
    """Raised when a user has cancelled the job. `told` becomes part of its state."""

    state = CANCELLED

    def __init__(self, **told: Any) -> None:
        super().__init__()
        self.told = told


class Interrupted(Cancelled):
    """Raised when the worker's process is shutting down."""

    state = INTERRUPTED


class Refused(Exception):
    """Raised when the user no longer has the permission."""


class Job:
    """A job with its state when it was read."""

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
        """The state, and the progress or the result."""
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
        """Store the final state, unless another process has stored one."""
        if self.change(StoredJob.state.in_(ACTIVE), state=state, outcome=encoded(told)):
            metrics.jobs.labels(state).inc()
        queue().drop(self.key("progress"), self.key("cancel"))

    def retell(self, **told: Any) -> bool:
        """Change the result of an ended job once; returns False if another process has changed it since it was read."""
        before = self.row.outcome
        return self.change(StoredJob.outcome == before, outcome=encoded(json.loads(before.reveal()) | told))

    def report(self, **progress: Any) -> None:
        """Store the progress."""
        queue().put(self.key("progress"), progress)

    def progress(self, done: int, total: int) -> None:
        """Report progress and check for cancellation. Raises Cancelled and Interrupted."""
        if stopping.is_set():
            raise Interrupted
        if time.monotonic() - self.looked >= TELLING:
            self.looked = time.monotonic()
            if queue().get(self.key("cancel")):
                raise Cancelled
            self.report(done=done, total=total)

    def pace(self, done: int, total: int) -> tuple[int, int]:
        """Rows per second, and the remaining seconds at this rate; zeros if unknown."""
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
        """Restart a job that ended without success, for the same user. Raises IntegrityError, as `start` does."""
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
        """Does the file exist? False after it has expired, even if it was not deleted yet."""
        return not expired(self.row) and files.exists(self.token, name)

    def let_go(self) -> None:
        """Delete the files of the job and keep its row."""
        files.drop(self.token)

    def look(self) -> Job:
        """Mark the job as interrupted if its process is gone; returns self."""
        if self.row.state == RUNNING and not is_held(Work.JOB, self.id):
            self.end(INTERRUPTED, fault="")
            files.drop(self.token)
        return self


def sweep() -> None:
    """Delete old jobs, and the files of jobs that nobody fetched in time."""
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
    """Create a job for the current user."""
    whose = {"user_id": scope.current().user_id, "language": str(get_locale())}
    with storing() as connection:
        token = insert_job(connection, kind, ledger, NEW, asked, **whose)
    return Job(rows(StoredJob.token == token)[0])


def find(token: str, kind: str, ledger: str = "") -> Job | None:
    """The current user's own job of this kind; None if it has expired."""
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
    """The other jobs of the same user, oldest first."""
    mine = (StoredJob.user_id == job.row.user_id, StoredJob.id != job.id)
    return [Job(row).look() for row in rows(*mine, *where)]


def start(job: Job, *, reading: bool = False) -> None:
    """Queue the job to run as its user. Waits a little for short work.

    A user has at most one writing job at a time (409 otherwise): attempts that are limited per hour
    (`core/audit/probe_limit.py`) are counted when the job ends, and a large sheet takes a process of its own.
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
    """Run the job with this token in a worker. It runs once, even if the token is delivered several times."""
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
    """Run the job in a request context of its user, with their language and address."""
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
    """The user of the job. Raises LookupError if the account was deleted or disabled."""
    if job.row.user_id is None:
        return scope.SYSTEM
    found: scope.Principal = current_app.extensions["portal.principal"](job.row.user_id)
    return found


def require(verb: str, place: str) -> None:
    """Check a permission again in the job, since it was checked only when the job was created. Raises Refused."""
    if not scope.current().may(verb, place):
        raise Refused


def said(fault: Exception) -> str:
    """The reason of a failure, if users can do something about it."""
    if isinstance(fault, Refused | LookupError):
        return gettext("You may not do this any more.")
    if trouble_of(fault):
        return gettext("The database was away, busy for too long, or its disk is full.")
    return ""


def recover() -> None:
    """Mark jobs as interrupted whose process is gone, and resend queued jobs that the queue has lost."""
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
