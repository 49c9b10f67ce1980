"""The table of jobs (`core/jobs/jobs.py`). Its rows are written in short transactions of their own, past the
audit trail, which tells of what a job did."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, ForeignKey, Index, String, insert, inspect, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock
from portal.extensions import Model, db
from portal.org.encrypted import Sealed, SealedLongText

NEW, QUEUED, RUNNING = "new", "queued", "running"
DONE, FAILED, CANCELLED, INTERRUPTED = "done", "failed", "cancelled", "interrupted"
ACTIVE = (QUEUED, RUNNING)


class StoredJob(Model):
    """A job of a user; scheduled work has no user."""

    __tablename__ = "job"
    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[str] = mapped_column(String(30))
    ledger: Mapped[str] = mapped_column(String(60))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), index=True)
    language: Mapped[str] = mapped_column(String(10))
    address: Mapped[str | None] = mapped_column(String(45))
    asked: Mapped[Sealed] = mapped_column(SealedLongText)
    # It only reads, and so keeps nobody from writing (`database.begin_sqlite`).
    reading: Mapped[bool]
    state: Mapped[str] = mapped_column(String(16))
    outcome: Mapped[Sealed | None] = mapped_column(SealedLongText)
    worker: Mapped[str | None] = mapped_column(String(120))
    made_at: Mapped[datetime]
    began_at: Mapped[datetime | None]
    # Of its last word: that it was asked for, begun, ended.
    touched_at: Mapped[datetime] = mapped_column(index=True)


WRITING = StoredJob.reading.is_(False) & StoredJob.state.in_(ACTIVE)
# Of work that writes, everybody has one at a time.
Index("uq_job_user_id_writing", StoredJob.user_id, unique=True, sqlite_where=WRITING, postgresql_where=WRITING)


@cache
def columns() -> tuple[Any, ...]:
    return tuple(getattr(StoredJob, each.key) for each in inspect(StoredJob).column_attrs)


def encoded(content: dict[str, Any]) -> Sealed:
    return Sealed.of(json.dumps(content, ensure_ascii=False))


@contextmanager
def storing() -> Iterator[Connection]:
    """A separate transaction. The session is rolled back first: on SQLite this would wait for it."""
    db.session.rollback()
    with db.engine.begin() as connection:
        yield connection


def rows(*where: Any, last: int | None = None) -> list[Any]:
    """The current rows, oldest first, or only the `last` of them. Reading them blocks nobody."""
    newest = (StoredJob.touched_at.desc(), StoredJob.id.desc())
    query = select(*columns()).where(*where).order_by(*newest).limit(last)
    with db.engine.connect().execution_options(reading=True) as connection:
        return list(connection.execute(query))[::-1]


def insert_job(connection: Connection, kind: str, ledger: str, state: str, asked: dict[str, Any], **more: Any) -> str:
    """Insert a job; returns its token."""
    now, token = clock.now(), secrets.token_hex(16)
    values = {"token": token, "kind": kind, "ledger": ledger, "state": state, "asked": encoded(asked)}
    values |= {"reading": False, "made_at": now, "touched_at": now}
    connection.execute(insert(StoredJob).values(**values, **more))
    return token
