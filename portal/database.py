"""How connections behave: SQLite made safe for several users, PostgreSQL kept from waiting for ever. And what a fault
tells of the database: that it is away, busy or without room.
"""

from __future__ import annotations

import errno
import re
import shutil
import sqlite3
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from logging import Logger
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask, current_app, g, has_app_context, has_request_context, request
from psycopg.errors import _WaitTimeout
from sqlalchemy import Connection as SqlConnection
from sqlalchemy import Engine, NullPool, PoolProxiedConnection, QueuePool, create_engine, event, func, literal, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy_utils.aggregates import manager as aggregates

from portal import background, metrics
from portal.extensions import db

SQLITE = (
    "PRAGMA foreign_keys=ON",
    # Reads pages from the cache of the system (its highest value), not each by a call: half the time for rows that lie
    # apart. A larger cache of SQLite's own would take memory for each connection.
    "PRAGMA mmap_size=2147418112",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=15000",
)
PRIVATE = ("PRAGMA foreign_keys=ON", "PRAGMA synchronous=OFF", "PRAGMA journal_mode=TRUNCATE")
# Any numbers of their own; the same in every process.
TRAIL, SEALING, FILES, BACKUP = 7_041_824, 7_041_825, 7_041_827, 7_041_828
WRITERS = (
    "SELECT virtualtransaction FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database "
    "WHERE locktype = 'advisory' AND mode = 'ShareLock' AND granted AND classid = 0 AND objid = %s AND objsubid = 1 "
    "AND datname = current_database()"
)
READING = ("GET", "HEAD", "OPTIONS")
_reading: ContextVar[bool] = ContextVar("reading", default=False)
# Seconds that the server has for an answer. Its own limits end statements that take too long; this one ends waiting for
# a server that says nothing any more, also when its connections are still held open by something between.
ANSWER, ANSWER_TO_PAGES = 65.0, 10.0
_answer: ContextVar[float] = ContextVar("answer", default=ANSWER)
# PostgreSQL compiles statements that it takes for costly (jit): up to a second for the figures of a ledger.
LIMITS = "-c statement_timeout=60000 -c lock_timeout=8000 -c jit=off"
# The same behind a pooler: it takes no options, and gives each transaction any connection of the server's.
LIMITS_OF_TRANSACTION = "SET LOCAL statement_timeout = 60000; SET LOCAL lock_timeout = 8000; SET LOCAL jit = off"
# A network that swallows what is sent: noticed after 15 seconds, by the kernel.
TCP = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15000,
}
QUIET = {"hide_parameters": True}  # what statements carry is in no message of a fault
PROBE = 3  # seconds in which a database that is ready answers
ROOM, SMALL = 64 * 2**20, 50  # bytes that are free on a disk with room; of a small disk, this part


class Trouble(Enum):
    """What is wrong with the database when it is not our mistake."""

    AWAY = "away"
    BUSY = "busy"
    FULL = "full"


def engine_options(url: str) -> dict[str, Any]:
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": 15}, "poolclass": WatchedPool, **QUIET}
    arguments = {"connect_timeout": 5, "options": LIMITS, **TCP}
    return {"pool_pre_ping": True, "pool_timeout": 8, "connect_args": arguments, "poolclass": WatchedPool, **QUIET}


class WatchedPool(QueuePool):
    """Tells how long its connections are waited for."""

    def connect(self) -> PoolProxiedConnection:
        with metrics.waiting("connection"):
            return super().connect()


class Connection(psycopg.Connection[Any]):
    """A connection to PostgreSQL that waits for an answer no longer than it should."""

    pooled = False  # a pooler (PgBouncer) stands between, so that nothing outlives a transaction

    def find_pooler(self) -> None:
        """A pooler makes up the number of the process that it says one is connected to. Statements that were prepared
        in one transaction would not be there in the next."""
        self.autocommit = True
        found = self.execute("SELECT pg_backend_pid()").fetchone()
        self.autocommit = False
        self.pooled = found != (self.pgconn.backend_pid,)
        if self.pooled:
            self.prepare_threshold = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        limit = _answer.get() if timeout is None else timeout
        try:
            return super().wait(gen, interval, limit)
        except _WaitTimeout:
            self.pgconn.finish()  # whatever still comes would be taken for the answer to something else
            raise psycopg.OperationalError(f"the connection was closed: no answer for {limit:g} seconds") from None


@contextmanager
def answering_within(seconds: float) -> Iterator[None]:
    """The server has that long for each answer: for what may wait or work longer than pages."""
    token = _answer.set(seconds)
    try:
        yield
    finally:
        _answer.reset(token)


def trouble_of(fault: BaseException) -> Trouble | None:
    """What a fault tells of the database or the disk; None when it is a mistake of ours."""
    if isinstance(fault, OSError):
        return Trouble.FULL if fault.errno in (errno.ENOSPC, errno.EDQUOT) else None
    if isinstance(fault, PoolTimeout):
        return Trouble.BUSY
    if not isinstance(fault, DBAPIError):  # plain where a transaction is told who acts and what its limits are
        return trouble_of_postgresql(fault) if isinstance(fault, psycopg.Error) else None
    if isinstance(fault.orig, sqlite3.Error):
        return trouble_of_sqlite(fault.orig)
    if fault.connection_invalidated:
        return Trouble.AWAY
    return trouble_of_postgresql(fault.orig)


def trouble_of_sqlite(fault: sqlite3.Error) -> Trouble | None:
    code = getattr(fault, "sqlite_errorcode", 0) & 0xFF  # without what an extended code adds
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Trouble.BUSY
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and has_app_context() and without_room()):
        return Trouble.FULL  # what is beside its file (the WAL and its index) fails with an I/O error then
    away = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CORRUPT)
    return Trouble.AWAY if code in (*away, sqlite3.SQLITE_NOTADB) else None


def trouble_of_postgresql(fault: BaseException | None) -> Trouble | None:
    """By the classes of PostgreSQL's SQLSTATE; what never came to the server has none."""
    state = str(getattr(fault, "sqlstate", None) or "")
    if state == "53100":
        return Trouble.FULL
    if state.startswith(("40", "53", "55P03", "57014")):
        return Trouble.BUSY
    if state.startswith(("08", "57P", "58", "25006", "3D000")):
        return Trouble.AWAY
    return Trouble.AWAY if not state and isinstance(fault, psycopg.OperationalError | psycopg.InterfaceError) else None


REMEDIES = {
    Trouble.FULL: "make room on the disk and try again",
    Trouble.BUSY: "somebody else works with it for long: try again when they have ended",
    Trouble.AWAY: "see that it is there, that PORTAL_DATABASE_URL names it, and that the portal's user may write there",
}


def in_a_line(fault: DBAPIError | OSError) -> str:
    """A fault of the database or a disk and its remedy, for operators."""
    if isinstance(fault, DBAPIError):
        what = f"the database: {str(fault.orig).strip().splitlines()[0]}"
    else:
        what = f"{fault.filename or 'writing'}: {fault.strerror or fault}"
    trouble = trouble_of(fault)
    if getattr(fault, "errno", None) in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{what}; let the portal's user read and write there"
    return f"{what}; {REMEDIES[trouble]}" if trouble else what


def let_go() -> None:
    """Nothing of the session's is kept, not even when the database cannot be told so."""
    try:
        db.session.rollback()
    except SQLAlchemyError:
        db.session.registry.clear()


@contextmanager
def probe() -> Iterator[SqlConnection]:
    """A connection of its own that waits for nothing long, since those of the pool may all be waiting."""
    sqlite = db.engine.dialect.name == "sqlite"
    engine = create_engine(
        db.engine.url, poolclass=NullPool, **QUIET, connect_args={"timeout" if sqlite else "connect_timeout": PROBE}
    )
    listen(engine)
    with answering_within(PROBE), engine.connect().execution_options(reading=True) as connection:
        yield connection


def without_room() -> bool:
    disk = shutil.disk_usage(current_app.config["DATA_DIR"])
    return disk.free < min(ROOM, disk.total // SMALL)


def ready() -> Trouble | None:
    """Can the database be asked, and is there room for what is brought?"""
    if without_room():
        return Trouble.FULL
    try:
        with probe() as connection:
            reads = connection.dialect.name == "postgresql" and connection.scalar(select(func.pg_is_in_recovery()))
            connection.execute(select(literal(1)))
    except DBAPIError as fault:
        return trouble_of(fault) or Trouble.AWAY
    return Trouble.AWAY if reads else None  # a standby takes nothing


def prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are ours to begin
    for pragma in SQLITE:
        connection.execute(pragma)


def described(fault: BaseException) -> str:
    """What the database refuses, by its codes and names: what it says itself quotes values ("Key (phone)=(…)")."""
    cause = getattr(fault, "orig", None) or fault
    told = getattr(cause, "diag", None)
    names = [getattr(told, f"{each}_name", None) for each in ("table", "column", "constraint")]
    found = re.search(r"constraint failed: ([\w., ]+)", str(cause))  # SQLite names columns and no values
    code = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)
    parts = [type(cause).__name__, code, *names, found[1] if found else None, getattr(fault, "statement", None)]
    return " ".join(part for part in parts if part)


def log_fault(log: Logger, what: str, fault: BaseException) -> None:
    """As `log.exception`, without what may be personal."""
    log.error("%s: %s\n%s", what, described(fault), "".join(traceback.format_tb(fault.__traceback__)))


@contextmanager
def reading() -> Iterator[None]:
    """Transactions inside only read: nobody waits for them. What the session holds is let go before and after."""
    db.session.rollback()
    token = _reading.set(True)
    try:
        yield
    finally:
        db.session.rollback()
        _reading.reset(token)


@contextmanager
def not_waiting() -> Iterator[None]:
    """For what is written beside the work and may be left undone: on SQLite it fails at once while another writes.
    What the session holds is let go before; the caller commits afterwards."""
    db.session.rollback()
    connection = db.session.connection()
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
    try:
        yield
    finally:  # before the connection goes back to the pool
        if sqlite:
            connection.exec_driver_sql(SQLITE[-1])


def reads_in_background() -> bool:
    found = background.of_request()
    return found is not None and found.reads


def begin_sqlite(connection: Any) -> None:
    """Whoever will write takes the lock at once and waits for it; readers never wait."""
    reads = has_request_context() and (request.method in READING or reads_in_background())
    reads = reads and request.endpoint not in background.WRITING
    reads = reads or _reading.get() or connection.get_execution_options().get("reading", False)
    if reads:
        connection.exec_driver_sql("BEGIN")
    else:
        with metrics.waiting("write lock"):
            connection.exec_driver_sql("BEGIN IMMEDIATE")


def private_engine(path: Path) -> Engine:
    """Of a copy that one session works on and throws away: nothing in it has to survive anything."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, hide_parameters=True)
    event.listen(engine, "connect", prepare_private)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def prepare_private(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in PRIVATE:
        connection.execute(pragma)


def join_writers(connection: Any, what: int = TRAIL) -> None:
    """For whoever writes to the trail, or brings files, until their transaction, or the savepoint that they are in,
    ends."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock_shared({what})")


def writers(connection: Any, what: int = TRAIL) -> set[str]:
    """The transactions that are writing to it. SQLite has one writer, and who asks is that."""
    if connection.dialect.name != "postgresql":
        return set()
    return set(connection.exec_driver_sql(WRITERS, (what,)).scalars())


def outlast_writers(connection: Any, what: int, patience: float) -> bool:
    """Wait until all who are writing to it now have ended; answers whether they have. Nobody waits for this."""
    writing, until = writers(connection, what), time.monotonic() + patience
    while writing:
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
        writing &= writers(connection, what)
    return True


def begin_backup(connection: Any) -> bool:
    """Only one process backs up, until this connection is let go; answers whether it is this one."""
    if connection.dialect.name != "postgresql":
        return True  # a file in the data directory tells
    return bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({BACKUP})").scalar())


def begin_sealing(connection: Any, *, wait: bool = False) -> bool:
    """Only one process seals, until its transaction ends; answers whether it is this one. Writers never wait for it."""
    if connection.dialect.name != "postgresql":
        return True
    if wait:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({SEALING})")
        return True
    return bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({SEALING})").scalar())


def without_aggregates() -> None:
    """SQLAlchemy-Utils, which Flask-AppBuilder brings, goes over all that a session holds at every flush, for
    aggregates that no model here declares. In an import, one transaction, that grows to a sixth of the work."""
    if event.contains(Session, "after_flush", aggregates.construct_aggregate_queries):
        event.remove(Session, "after_flush", aggregates.construct_aggregate_queries)


def install(app: Flask) -> None:
    without_aggregates()
    with app.app_context():
        listen(db.engine)
    event.listen(db.session, "after_commit", committed)
    app.before_request(lambda: _answer.set(ANSWER_TO_PAGES) and None)


def commit_begins(_connection: Any) -> None:
    """Until the database says that it has committed, nobody knows whether it will have."""
    if has_request_context():
        g.committing = True


def committed(_session: Any) -> None:
    if has_request_context():
        g.committing, g.committed = False, True


def maybe_saved(trouble: Trouble) -> bool:
    """May something of what the request changes be stored although the database is in trouble?"""
    return bool(g.get("committed") or (g.get("committing") and trouble is Trouble.AWAY))


def listen(engine: Engine) -> None:
    event.listen(engine, "commit", commit_begins)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", prepare_sqlite)
        event.listen(engine, "begin", begin_sqlite)
    else:
        event.listen(engine, "do_connect", connect)
        event.listen(engine, "begin", limit)


def connect(_dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
    connection = Connection.connect(*arguments, **options)
    connection.find_pooler()
    return connection


def limit(connection: Any) -> None:
    below = connection.connection.dbapi_connection
    if below.pooled:
        below.execute(LIMITS_OF_TRANSACTION)
