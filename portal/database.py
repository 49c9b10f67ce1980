"""How connections behave: SQLite made safe for several users, PostgreSQL kept from waiting for ever."""

from __future__ import annotations

from typing import Any

from flask import Flask, has_request_context, request
from sqlalchemy import Engine, event

from portal.extensions import db

SQLITE = (
    "PRAGMA foreign_keys=ON",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=15000",
)
READING = ("GET", "HEAD", "OPTIONS")


def engine_options(url: str) -> dict[str, Any]:
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": 15}}
    options = "-c statement_timeout=60000 -c lock_timeout=15000"
    return {"pool_pre_ping": True, "connect_args": {"connect_timeout": 5, "options": options}}


def prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are ours to begin
    for pragma in SQLITE:
        connection.execute(pragma)


def begin_sqlite(connection: Any) -> None:
    """Whoever will write takes the lock at once and waits for it; readers never wait."""
    reading = has_request_context() and request.method in READING
    reading = reading or connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def hold_writers(connection: Any, table: str) -> None:
    """Wait until whoever is writing to the table has ended, and let nobody else begin. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")


def install(app: Flask) -> None:
    with app.app_context():
        engine: Engine = db.engine
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", prepare_sqlite)
            event.listen(engine, "begin", begin_sqlite)
