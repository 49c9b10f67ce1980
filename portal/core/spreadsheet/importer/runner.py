"""Run an import in short transactions, so that others can write (`docs/domain/workbooks.md`).

SQLite has one writer, and whoever waits for it looks again ten times a second. So a batch lasts less than a second, and
after each the lock is free for longer than anybody waits between two looks; where others came meanwhile, it stays free
until they had their turn, and the next batch is shorter. On PostgreSQL a batch locks rows, and who waits is next.
All batches are one import run.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, OperationalError

from portal.core.access import cached_lookups
from portal.core.audit.audit_log import AuditEvent
from portal.core.declaration.ledger import Ledger, mounted
from portal.core.imports import runs
from portal.core.imports.runs import DONE, FAILED, ImportRun, Keeping
from portal.core.imports.undo import Undone, undo
from portal.core.jobs.jobs import Cancelled
from portal.core.spreadsheet.exporter.exporter import digest_of
from portal.core.spreadsheet.importer import savepoints
from portal.core.spreadsheet.importer.importer import Outcome, Progress, take
from portal.core.spreadsheet.reader.layout import Tables
from portal.core.transactions.dry_run import rehearsal
from portal.core.transactions.process_lock import Work, holding
from portal.database import log_fault
from portal.extensions import db

log = logging.getLogger(__name__)
LONGEST = 0.8  # seconds that one batch keeps others from writing
SHARED = 0.3  # the same while others write
PAUSE = 0.12  # seconds between batches; SQLite looks again every 0.1
PAUSES = 8  # at most, one after another, for as long as others use them
LATEST = 1000  # lines of the trail; on PostgreSQL a few may be committed later than those after them
TRIES, AGAIN = 3, 1.0  # to say how a run ended, and the seconds between


@contextmanager
def noticing() -> Iterator[Callable[[], bool]]:
    """Yields a function that returns whether another connection has written since; SQLite only."""
    with closing(db.engine.raw_connection()) as connection:
        written = partial(version, connection.cursor())
        before = written()
        yield lambda: written() != before


def version(cursor: Any) -> int:
    found: int = cursor.execute("PRAGMA data_version").fetchone()[0]
    return found


def organisation_lines() -> frozenset[tuple[int, type[Any]]]:
    """The latest audit log entries about the organisation, each with its model."""
    models = {ledger.name: ledger.model for ledger in mounted() if ledger.model in cached_lookups.REFERENCE}
    latest = select(func.max(AuditEvent.id)).scalar_subquery() - LATEST
    query = select(AuditEvent.id, AuditEvent.ledger).where(AuditEvent.id > latest, AuditEvent.ledger.in_(models))
    return frozenset((id_, models[name]) for id_, name in db.session.execute(query))


@dataclass
class Batches:
    """Commits a transaction that has lasted long enough. Called between rows with the number done."""

    run_id: int
    progress: Progress
    keeping: Keeping | None = None
    began: float = field(default_factory=time.monotonic)
    # Others wrote while the last batch rested.
    shared: bool = False
    asked: float = 0.0
    organisation: frozenset[tuple[int, type[Any]]] = field(default_factory=organisation_lines)

    def __call__(self, done: int, total: int) -> None:
        """Raises what `progress` raises, after storing all rows so far."""
        now = time.monotonic()
        if now - self.asked < savepoints.ASKED and done < total:
            return
        self.asked = now
        try:
            self.progress(done, total)
        except BaseException:
            self.end(done)
            raise
        if now - self.began >= (SHARED if self.shared else LONGEST) or done == total:
            self.end(done)
            if done < total:
                self.rest()
                self.look_around()
            self.began = time.monotonic()

    def end(self, done: int) -> None:
        runs.update_run(self.run_id, done=done, **({"counts": self.keeping.counts} if self.keeping else {}))
        db.session.commit()

    def rest(self) -> None:
        """Pause, so that others can write to a database with a single writer."""
        if db.engine.dialect.name != "sqlite":
            return
        self.shared = False
        for _ in range(PAUSES):
            with noticing() as written:
                time.sleep(PAUSE)
                if not written():
                    return
            self.shared = True

    def look_around(self) -> None:
        """Drop cached lookups of the organisation that others have changed."""
        lines = organisation_lines()
        cached_lookups.forget_about({model for _, model in lines - self.organisation})
        self.organisation = lines


@dataclass(frozen=True)
class Sheet:
    """An uploaded workbook: the rows, the file's name and digest, and the import options."""

    ledger: Ledger
    layout: Tables
    name: str
    sha256: str
    adopt: bool = False
    # All rows or none; else those that are right.
    whole: bool = False
    # Rows that were said to be about the record that they name, although they contradict it.
    same: Collection[tuple[str, int]] = ()


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return digest_of(file)


def rehearse(sheet: Sheet, folder: Path, progress: Progress) -> Outcome:
    """Preview the import. Stores nothing."""
    with rehearsal(folder):
        return take(sheet.ledger, sheet.layout, "", sheet.adopt, progress, sheet.same)


@dataclass(frozen=True)
class Taken:
    """The result of an import and the id of its run; `kept`: False if an all-or-nothing import was undone or
    refused."""

    outcome: Outcome
    run_id: int | None
    kept: bool = True


def run(sheet: Sheet, folder: Path, progress: Progress, begun: Callable[[int], None] = lambda _id: None) -> Taken:
    """Import the rows and commit them in batches. `begun` is called with the id of the run before anything is stored.

    All or nothing (`whole`): the import is rehearsed first. If a row is rejected after all, or the run stops, the
    stored rows are undone. Raises what `progress` raises; unless `whole`, the rows stored before that stay and can be
    undone.
    """
    if sheet.whole and (outcome := rehearse(sheet, folder, progress)).rejected:
        return Taken(outcome, None, kept=False)
    total = sheet.layout.count
    run_id = runs.begin(sheet.ledger, sheet.name, sheet.sha256, adopt=sheet.adopt, whole=sheet.whole, total=total)
    db.session.commit()
    begun(run_id)
    with holding(Work.IMPORT_RUN, run_id), ended(run_id, sheet):
        with runs.kept_under(run_id, sheet.ledger) as keeping:
            batches = Batches(run_id, progress, keeping)
            title = runs.title(run_id)
            outcome = take(sheet.ledger, sheet.layout, title, sheet.adopt, batches, sheet.same)
            db.session.commit()
        if sheet.whole and outcome.rejected:
            take_back(run_id)
            return Taken(outcome, run_id, kept=False)
        counts = {**outcome.counts, "rejected": len(outcome.rejected)}
        runs.update_run(run_id, state=DONE, done=total, counts=counts)
        db.session.commit()
    return Taken(outcome, run_id)


@contextmanager
def ended(run_id: int, sheet: Sheet) -> Iterator[None]:
    """Store how the run ended, also after an error."""
    try:
        yield
    except BaseException as fault:
        state = fault.state if isinstance(fault, Cancelled) else FAILED
        try:
            say_ended(run_id, state)
            if sheet.whole:
                take_back(run_id)
        except DBAPIError as away:  # still: after a while the run counts as interrupted, and can be undone then
            log_fault(log, f"the end of import run {run_id} is not stored", away)
            db.session.rollback()
        raise


def say_ended(run_id: int, state: str) -> None:
    for left in reversed(range(TRIES)):
        db.session.rollback()
        try:
            runs.update_run(run_id, state=state)
            db.session.commit()
        except OperationalError:
            if not left:
                raise
            time.sleep(AGAIN)
        else:
            return


def take_back(run_id: int, progress: Progress = lambda _done, _all: None) -> Undone:
    """Undo a run in batches of the same length."""
    run = db.session.scalars(select(ImportRun).where(ImportRun.id == run_id)).one()
    outcome = undo(run, Batches(run_id, progress))
    db.session.commit()
    return outcome


__all__ = ["Batches", "Sheet", "Taken", "digest", "rehearse", "run", "take_back"]
