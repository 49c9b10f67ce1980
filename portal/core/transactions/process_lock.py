"""A lock held during work that disappears with the process, so that others can see whether the work is still in
progress.

On PostgreSQL it is an advisory lock in a separate, otherwise idle transaction, so that it also works through a
connection pool. On SQLite, which is one machine, the operating system locks a file.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from flask import current_app
from sqlalchemy import Engine, NullPool, Select, bindparam, column, create_engine, func, select, table
from sqlalchemy.exc import DBAPIError

from portal.database import QUIET, listen
from portal.extensions import db

# The server notices within half a minute that the machine of whoever holds a lock is gone, and lets them hold it.
LASTING = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "idle_in_transaction_session_timeout": "0",
}
PATIENCE = 2.0  # seconds; whoever only looks has the file's lock for a moment
KEPT = 7 * 24 * 3600  # seconds that a file lies which nobody locks


# Looking at a lock, where trying it would take it for a moment.
HERE: Select[Any] = select(column("oid")).select_from(table("pg_database"))
LOCKS: Select[Any] = select(column("pid")).select_from(table("pg_locks"))
HELD = LOCKS.where(
    *(column("locktype") == "advisory", column("granted"), column("objsubid") == 2),
    *(column("classid") == bindparam("work"), column("objid") == bindparam("id")),
    column("database") == HERE.where(column("datname") == func.current_database()).scalar_subquery(),
)


class Work(IntEnum):
    """Kinds of locked work. On PostgreSQL the first of the lock's two numbers."""

    JOB = 7_041_826
    IMPORT_RUN = 7_041_827


@contextmanager
def holding(work: Work, id_: int) -> Iterator[bool]:
    """Try to hold the lock; yields whether this process holds it."""
    if db.engine.dialect.name == "postgresql":
        with in_database(work, id_) as ours:
            yield ours
        return
    path = file_of(work, id_)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(path, mode=0o600)
    try:
        lock.acquire(timeout=PATIENCE)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


@contextmanager
def in_database(work: Work, id_: int) -> Iterator[bool]:
    connection = engine().connect()
    try:
        connection.execute(select(*(func.set_config(name, value, True) for name, value in LASTING.items())))
        yield bool(connection.scalar(select(func.pg_try_advisory_xact_lock(int(work), id_))))
    finally:
        with suppress(DBAPIError):  # the server may be gone, and the lock with it
            connection.close()


def engine() -> Engine:
    """A separate engine, because a lock occupies its connection as long as the work takes."""
    found: Engine | None = current_app.extensions.get("portal.holding")
    if found is None:
        found = create_engine(db.engine.url, poolclass=NullPool, connect_args=arguments(), **QUIET)
        listen(found)
        current_app.extensions["portal.holding"] = found
    return found


def arguments() -> dict[str, object]:
    found: dict[str, object] = current_app.config["SQLALCHEMY_ENGINE_OPTIONS"]["connect_args"]
    return found


def is_held(work: Work, id_: int) -> bool:
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(reading=True) as connection:
            return connection.execute(HELD, {"work": int(work), "id": id_}).first() is not None
    path = file_of(work, id_)
    if not path.exists():
        return False
    try:
        with FileLock(path, mode=0o600).acquire(timeout=0):
            return False
    except Timeout:
        return True


def file_of(work: Work, id_: int) -> Path:
    home: Path = current_app.config["DATA_DIR"]
    return home / "locks" / f"{work.name.lower()}-{id_}"


def sweep() -> None:
    """Delete lock files of old work. Never recent ones: another process may be about to lock them."""
    for path in file_of(Work.JOB, 0).parent.glob("*-*"):
        with suppress(OSError):
            if abs(time.time() - path.stat().st_mtime) > KEPT:
                path.unlink()


__all__ = ["Work", "holding", "is_held", "sweep"]
