"""Long work beside the requests: it tells how far it is and can be stopped.

A job is a folder in the data directory: what is asked (`job.json`), how far it is (`state.json`) and its files. Not a
table, since the one transaction of an import keeps SQLite's only writer busy until it ends. Its files hold what people
brought or are to take, in plain text: nobody else on the machine reads them, and they do not lie about.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from filelock import FileLock
from flask import Flask, abort, current_app, has_request_context, request
from flask_babel import force_locale, get_locale, gettext
from sqlalchemy.exc import DBAPIError

from portal import metrics
from portal.core import scope
from portal.database import let_go, log_fault, trouble_of
from portal.extensions import db

log = logging.getLogger(__name__)
KEPT = 7 * 24 * 3600  # seconds that a job can be asked about
HELD = 3600  # seconds after its last word that its files stay
WORDS = ("job.json", "state.json")
TELLING = 0.5  # seconds between two words of how far it is
SILENT = 120  # seconds after which a running job that says nothing has been killed
PATIENCE = 2.0  # seconds that a request waits for a short job before it shows the progress
TOKEN = re.compile(r"[0-9a-f]{32}")
RUNNING, DONE, FAILED, CANCELLED = "running", "done", "failed", "cancelled"


class Cancelled(Exception):
    """Somebody stopped the job. `told` becomes part of its state."""

    def __init__(self, **told: Any) -> None:
        super().__init__()
        self.told = told


@dataclass(frozen=True)
class Job:
    folder: Path

    @property
    def token(self) -> str:
        return self.folder.name

    @property
    def asked(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "job.json").read_text("utf-8"))
        return found

    def ask(self, **changes: Any) -> None:
        before = self.asked if (self.folder / "job.json").exists() else {}
        put(self.folder / "job.json", before | changes)

    def is_like(self, **asked: Any) -> bool:
        return asked.items() <= self.asked.items()

    @property
    def state(self) -> dict[str, Any]:
        path = self.folder / "state.json"
        if not path.exists():  # killed before it began
            return {"state": FAILED, "fault": ""}
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if found["state"] == RUNNING and abs(time.time() - path.stat().st_mtime) > SILENT:
            return found | {"state": FAILED, "fault": ""}
        return found

    def tell(self, state: str, **more: Any) -> None:
        put(self.folder / "state.json", {"state": state, **more})

    def progress(self, done: int, total: int) -> None:
        """Raises Cancelled."""
        if (self.folder / "cancel").exists():
            raise Cancelled
        if done % 20 == 0 or time.time() - self.told_at >= TELLING:
            self.tell(RUNNING, done=done, total=total)

    @property
    def told_at(self) -> float:
        path = self.folder / "state.json"
        return path.stat().st_mtime if path.exists() else 0.0

    def pace(self, done: int, total: int) -> tuple[int, int]:
        """Rows in a second, and the seconds that the rest will take at this pace; zeros while nobody can say."""
        passed = time.time() - (self.folder / "job.json").stat().st_mtime
        rate = done / passed if passed > 0 else 0.0
        return round(rate), round((total - done) / rate) if rate else 0

    def cancel(self) -> None:
        write(self.folder / "cancel").close()

    @property
    def silent(self) -> float:
        """Seconds since its last word."""
        words = [self.folder / name for name in WORDS]
        said = (path.stat().st_mtime for path in words if path.exists())
        return abs(time.time() - max(said, default=self.folder.stat().st_mtime))

    def let_go(self) -> None:
        """Keep what the job says of itself, and none of its files."""
        for path in self.folder.iterdir():
            if path.name not in WORDS:
                with suppress(OSError):  # somebody may be reading it, on Windows; it is swept later
                    path.unlink()


def write(path: Path) -> IO[bytes]:
    """Open a file that is nobody else's."""
    return open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600))


def put(path: Path, content: Any) -> None:
    """Whole or not at all: others read while we write."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with write(draft) as file:
        file.write(json.dumps(content, ensure_ascii=False).encode())
    draft.replace(path)


def home() -> Path:
    found: Path = current_app.config["DATA_DIR"] / "jobs"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def sweep() -> None:
    """Old jobs go, and before them the files that nobody came for."""
    for folder in home().iterdir():
        with suppress(OSError):  # somebody else may be sweeping, too
            job = Job(folder)
            if job.silent > KEPT:
                shutil.rmtree(folder, ignore_errors=True)
            elif job.silent > HELD:
                job.let_go()


def make(**asked: Any) -> Job:
    """A new job of the current user; old ones are swept."""
    sweep()
    job = Job(home() / secrets.token_hex(16))
    job.folder.mkdir(mode=0o700)
    job.ask(user_id=scope.current().user_id, **asked)
    return job


def find(token: str, **asked: Any) -> Job | None:
    """The current user's own job that was asked for so; what nobody came for in time is not there any more."""
    sweep()
    job = Job(home() / token)
    if not TOKEN.fullmatch(token) or not (job.folder / "job.json").exists():
        return None
    return job if job.is_like(user_id=scope.current().user_id, **asked) else None


@dataclass(frozen=True)
class Asker:
    """Who asked for a job, in which language and from which address, and whether it only reads."""

    principal: scope.Principal
    language: str
    address: str | None
    reading: bool

    @property
    def request(self) -> dict[str, Any]:
        """As whose request the job counts: one that reads keeps nobody from writing (`database.begin_sqlite`)."""
        told = {"REMOTE_ADDR": self.address} if self.address else {}
        return {"method": "GET" if self.reading else "POST", "environ_base": told}


def start(job: Job, work: Callable[[Job], dict[str, Any]], *, reading: bool = False) -> None:
    """Run `work` as the current user; what it answers becomes part of the state. Waits a little for short work.

    Of work that writes, everybody has one at a time (409 else): what few are had of in an hour (`core/guessing.py`) is
    counted when it ends, and a large sheet takes a process of its own.
    """
    (job.folder / "cancel").unlink(missing_ok=True)
    with FileLock(home().parent / "jobs.lock"):  # one after the other, in all processes
        if not reading and busy(job):
            if not (job.folder / "state.json").exists():  # what was brought for it now
                job.let_go()
            abort(
                409,
                gettext("Another sheet or check of yours is being worked on. Please wait until it has ended."),
            )
        job.tell(RUNNING, done=0, total=0)
        job.ask(reading=reading)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined] # the proxy's own way
    address = request.remote_addr if has_request_context() else None
    asker = Asker(scope.current(), str(get_locale()), address, reading)
    args = (app, job, work, asker)
    db.session.rollback()  # else this request would hold SQLite's lock while it waits
    thread = threading.Thread(target=run, args=args, name=f"job-{job.token}", daemon=True)
    thread.start()
    thread.join(PATIENCE)


def busy(job: Job) -> bool:
    """Does another job of the current user run that writes?"""
    return any(state["state"] == RUNNING for other, state in others(job, reading=False))


def others(job: Job, **asked: Any) -> list[tuple[Job, dict[str, Any]]]:
    """The other jobs of the current user that were asked for so, with their states; the oldest first."""
    found = []
    for folder in home().iterdir():
        with suppress(OSError):  # somebody may be sweeping it
            other = Job(folder)
            if folder != job.folder and other.is_like(user_id=scope.current().user_id, **asked):
                found.append((other.silent, other, other.state))
    return [(other, state) for _, other, state in sorted(found, key=lambda each: each[0], reverse=True)]


def ended(job: Job, state: str, **told: Any) -> None:
    job.tell(state, **told)
    metrics.jobs.labels(state).inc()


def run(app: Flask, job: Job, work: Callable[[Job], dict[str, Any]], asker: Asker) -> None:
    asked = app.test_request_context(**asker.request)
    with asked, scope.acting_as(asker.principal), force_locale(asker.language):
        try:
            ended(job, DONE, **work(job))
        except Cancelled as stop:
            db.session.rollback()
            ended(job, CANCELLED, **stop.told)
            job.let_go()
        except Exception as fault:  # a job ends its thread, and whoever asked must be told
            if isinstance(fault, DBAPIError):
                log_fault(log, f"job {job.token}", fault)
            else:
                log.exception("job %s", job.token)
            let_go()  # the database may be away, and whoever waits is to be told
            ended(job, FAILED, fault="", why=said(fault))
            job.let_go()
        finally:
            db.session.remove()


def said(fault: Exception) -> str:
    """The reason, as far as it is one that users can do something about."""
    if trouble_of(fault):
        return gettext("The database was away, busy for too long, or its disk is full.")
    return ""
