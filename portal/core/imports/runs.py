"""Runs of imports: each under one record that says what was brought, what became of it, and which records it made or
changed, so that it can be undone as a whole (`core/imports/undo.py`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask_babel import force_locale, gettext
from sqlalchemy import JSON, ForeignKey, Select, String, event, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.core import clock
from portal.core.access import scope
from portal.core.audit import audit_log
from portal.core.audit.diff import Noted, ledger_of
from portal.core.declaration.ledger import Ledger
from portal.core.fields.base import LARGEST
from portal.core.imports.snapshots import image_of
from portal.core.punctuation import PAPER
from portal.core.transactions import deferred_inserts
from portal.core.transactions.process_lock import Work, is_held
from portal.extensions import Model, db
from portal.org.encrypted import Sealed, SealedLongText

RUNNING, DONE, CANCELLED, FAILED, UNDONE = "running", "done", "cancelled", "failed", "undone"
INTERRUPTED = "interrupted"  # its process was killed, or had to end
UNDOABLE = timedelta(days=7)
SHOWN = 20


class ImportRun(Model):
    """A sheet that was taken into a ledger."""

    __tablename__ = "import_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    ledger: Mapped[str] = mapped_column(String(60), index=True)
    # What the file was called by whoever brought it, which can be the name of a person.
    name_enc: Mapped[Sealed] = mapped_column(SealedLongText)
    sha256: Mapped[str] = mapped_column(String(64))
    adopt: Mapped[bool]
    # Either all rows or none.
    whole: Mapped[bool]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"), index=True)
    person: Mapped[str] = mapped_column(String(64))
    began_at: Mapped[datetime]
    # Of the last batch; of a run that has ended, the end.
    told_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16))
    total: Mapped[int]
    done: Mapped[int]
    counts: Mapped[dict[str, int]] = mapped_column(JSON)
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None] = mapped_column(String(64))

    @property
    def name(self) -> str:
        return self.name_enc.reveal()

    @property
    def began(self) -> str:
        return clock.to_the_minute(self.began_at)

    @property
    def now(self) -> str:
        dead = self.state == RUNNING and not is_held(Work.IMPORT_RUN, self.id)
        return INTERRUPTED if dead else self.state

    @property
    def undoable(self) -> bool:
        return self.now not in (RUNNING, UNDONE) and self.began_at > clock.now() - UNDOABLE


class ImportRunRecord(Model):
    """A change that an import made to a record, one row for each audit log entry."""

    __tablename__ = "import_run_record"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("import_run.id", ondelete="CASCADE"), index=True)
    ledger: Mapped[str] = mapped_column(String(60))
    record_id: Mapped[int]
    made: Mapped[bool]
    # The line of the trail: whatever else the trail has of the record since, the run did not do.
    line: Mapped[str] = mapped_column(String(32))
    # What the record was before, as JSON; of one that the run made, nothing.
    before: Mapped[Sealed | None] = mapped_column(SealedLongText)


INSERT = insert(ImportRunRecord)


@dataclass
class Keeping:
    """The import to which the session's changes now belong."""

    run_id: int
    ledger: str
    before: dict[int, str | None] = field(default_factory=dict)
    made: set[int] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)

    @property
    def counts(self) -> dict[str, int]:
        """New and changed records of the imported ledger."""
        return {"new": len(self.made), "changed": len(self.changed - self.made)}


KEEPING = "import_run"


@contextmanager
def kept_under(run_id: int, ledger: Ledger) -> Iterator[Keeping]:
    """Assign all changes of the session inside to this import."""
    session = db.session()
    keeping = session.info[KEEPING] = Keeping(run_id, ledger.name)
    try:
        yield keeping
    finally:
        session.info.pop(KEEPING, None)


def remember() -> Callable[[], None]:
    """Returns a function that discards everything noted from now on; call it after a rollback."""
    keeping: Keeping | None = db.session().info.get(KEEPING)
    if keeping is None:
        return lambda: None
    made, changed = keeping.made.copy(), keeping.changed.copy()

    def forget() -> None:
        keeping.made, keeping.changed = made, changed
        keeping.before.clear()

    return forget


def look(session: Session, _context: Any, _instances: Any) -> None:
    """Before a flush: keep the stored state of the records that it changes."""
    keeping: Keeping | None = session.info.get(KEEPING)
    if keeping is None:
        return
    with session.no_autoflush:
        for noted in session.info.get("noted", ()):
            record = noted.record
            if noted.action == "edit" and ledger_of(record) is not None:
                keeping.before[id(record)] = json.dumps(image_of(record), ensure_ascii=False)


def keep(session: Session, lines: Sequence[tuple[Noted, dict[str, Any]]]) -> None:
    """After a flush: store its changes with their audit log entries."""
    keeping: Keeping | None = session.info.get(KEEPING)
    if keeping is None:
        return
    rows = []
    for noted, line in lines:
        if line["record_id"] is not None and ledger_of(noted.record) is not None:
            before = keeping.before.pop(id(noted.record), None)
            if line["ledger"] == keeping.ledger:
                (keeping.made if noted.action == "add" else keeping.changed).add(line["record_id"])
            rows.append(
                {
                    "run_id": keeping.run_id,
                    "ledger": line["ledger"],
                    "record_id": line["record_id"],
                    "made": noted.action == "add",
                    "line": line["uid"],
                    "before": Sealed.of(before) if before else None,
                }
            )
    if rows:
        deferred_inserts.defer(session, INSERT, rows)


def begin(ledger: Ledger, name: str, sha256: str, *, adopt: bool, whole: bool, total: int) -> int:
    """Create an import run of the current user. Nothing is committed."""
    now, principal = clock.now(), scope.current()
    values = {
        "ledger": ledger.name,
        "name_enc": Sealed.of(name[-120:]),
        "sha256": sha256,
        "adopt": adopt,
        "whole": whole,
        "user_id": principal.user_id,
        "person": principal.name[:64],
        "began_at": now,
        "told_at": now,
        "state": RUNNING,
        "total": total,
        "done": 0,
        "counts": {},
    }
    found: int = db.session.execute(insert(ImportRun).values(**values).returning(ImportRun.id)).scalar_one()
    return found


def title(run_id: int) -> str:
    """The name of an import in the audit log."""
    with force_locale(PAPER):
        return gettext("import %(number)d", number=run_id)


def update_run(run_id: int, **values: Any) -> None:
    """Store the progress or result of an import. Nothing is committed."""
    with db.session.no_autoflush:
        db.session.execute(
            update(ImportRun).where(ImportRun.id == run_id).values(told_at=clock.now(), **values),
            execution_options={"synchronize_session": False},
        )


def everybodys(ledger: Ledger) -> bool:
    """May the current user see all imports of this ledger?"""
    return scope.current().reach("adopt", ledger.name).everything


def recent(ledger: Ledger) -> Sequence[ImportRun]:
    """The latest imports that the current user may see: their own, or all."""
    query = select(ImportRun).where(ImportRun.ledger == ledger.name)
    return db.session.scalars(mine(query, ledger).order_by(ImportRun.id.desc()).limit(SHOWN)).all()


def find(ledger: Ledger, run_id: int) -> ImportRun | None:
    if run_id > LARGEST:  # which no database takes for an id
        return None
    query = select(ImportRun).where(ImportRun.ledger == ledger.name, ImportRun.id == run_id)
    return db.session.scalars(mine(query, ledger)).first()


def records_of(run: ImportRun) -> Select[int]:
    """The ids of the records that an import made or changed in its ledger."""
    mine = ImportRunRecord.run_id == run.id, ImportRunRecord.ledger == run.ledger
    return select(ImportRunRecord.record_id).where(*mine)


def mine(query: Any, ledger: Ledger) -> Any:
    return query if everybodys(ledger) else query.where(ImportRun.user_id == scope.current().user_id)


def sweep() -> None:
    """Delete the previous states of records when an import can no longer be undone. Nothing is committed."""
    old = select(ImportRun.id).where(ImportRun.began_at < clock.now() - UNDOABLE)
    db.session.execute(
        update(ImportRunRecord)
        .where(ImportRunRecord.run_id.in_(old), ImportRunRecord.before.is_not(None))
        .values(before=None),
        execution_options={"synchronize_session": False},
    )


def install() -> None:
    if not event.contains(db.session, "before_flush", look):
        event.listen(db.session, "before_flush", look)
        audit_log.also.append(keep)


__all__ = ["ImportRun", "ImportRunRecord", "begin", "find", "kept_under", "recent", "remember", "title", "update_run"]
