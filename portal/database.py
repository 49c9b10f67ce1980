"""How connections behave: SQLite made safe for several users, PostgreSQL kept from waiting for ever."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from logging import Logger
from pathlib import Path
from typing import Any

from flask import Flask, has_request_context, request
from sqlalchemy import Engine, NullPool, create_engine, event
from sqlalchemy.orm import Session
from sqlalchemy_utils.aggregates import manager as aggregates

from portal import background
from portal.extensions import db

SQLITE = (
    "PRAGMA foreign_keys=ON",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=15000",
)
PRIVATE = ("PRAGMA foreign_keys=ON", "PRAGMA synchronous=OFF", "PRAGMA journal_mode=TRUNCATE")
TRAIL = 7_041_824  # any number of its own; the same in every process
READING = ("GET", "HEAD", "OPTIONS")
_reading: ContextVar[bool] = ContextVar("reading", default=False)


def engine_options(url: str) -> dict[str, Any]:
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": 15}, "hide_parameters": True}
    options = "-c statement_timeout=60000 -c lock_timeout=15000"
    return {"pool_pre_ping": True, "hide_parameters": True, "connect_args": {"connect_timeout": 5, "options": options}}


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


def reads_in_background() -> bool:
    found = background.of_request()
    return found is not None and found.reads


def begin_sqlite(connection: Any) -> None:
    """Whoever will write takes the lock at once and waits for it; readers never wait."""
    reads = has_request_context() and (request.method in READING or reads_in_background())
    reads = reads or _reading.get() or connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


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


def join_writers(connection: Any) -> None:
    """For whoever writes to the trail, until their transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock_shared({TRAIL})")


def hold_writers(connection: Any) -> None:
    """Wait until whoever is writing to the trail has ended, and let nobody else begin. SQLite has one writer anyway.

    No lock of the table: that needs a right to change its lines, which the serving role need not have.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({TRAIL})")


def without_aggregates() -> None:
    """SQLAlchemy-Utils, which Flask-AppBuilder brings, goes over all that a session holds at every flush, for
    aggregates that no model here declares. In an import, one transaction, that grows to a sixth of the work."""
    if event.contains(Session, "after_flush", aggregates.construct_aggregate_queries):
        event.remove(Session, "after_flush", aggregates.construct_aggregate_queries)


def install(app: Flask) -> None:
    without_aggregates()
    with app.app_context():
        engine: Engine = db.engine
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", prepare_sqlite)
            event.listen(engine, "begin", begin_sqlite)
