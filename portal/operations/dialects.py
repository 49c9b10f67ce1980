"""Differences of SQLite and PostgreSQL for backup and restore: snapshots, sequences, foreign keys."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, create_engine

from portal.database import answering_within, private_engine
from portal.extensions import db
from portal.setup import LOCK, LONGEST

SERIAL = (
    "SELECT c.relname, pg_get_serial_sequence(quote_ident(c.relname), a.attname) FROM pg_attribute a "
    "JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' "
    "AND a.attname = 'id' AND pg_get_serial_sequence(quote_ident(c.relname), a.attname) IS NOT NULL"
)
FOREIGN_KEYS = (
    "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
)


@contextmanager
def snapshot() -> Iterator[Connection]:
    """A connection on which every statement sees the database as it is now. Nobody waits for it."""
    postgresql = db.engine.dialect.name == "postgresql"
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if postgresql else {"reading": True}
    with answering_within(LONGEST), db.engine.connect().execution_options(**options) as connection:
        if postgresql:
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        else:
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar()  # it begins with the first read
        yield connection


def counters(connection: Connection) -> dict[str, int]:
    """The last id that each table has given: those of deleted records do not come back."""
    if connection.dialect.name != "postgresql":
        if not connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").first():
            return {}
        rows = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence").all()
        return {str(name): int(seq) for name, seq in rows if str(name) in _portal_tables(connection)}
    found = {}
    for table, sequence in connection.exec_driver_sql(SERIAL).all():
        last, called = connection.exec_driver_sql(f"SELECT last_value, is_called FROM {sequence}").one()  # noqa: S608
        if called:
            found[str(table)] = int(last)
    return found


def _portal_tables(connection: Connection) -> set[str]:
    """Not those that batch migrations made and dropped."""
    rows = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars()
    return set(rows)


def set_counters(connection: Connection, last_ids: Mapping[str, int]) -> None:
    """Go on after these ids, and after those that are in the tables."""
    if connection.dialect.name != "postgresql":
        for table, last in last_ids.items():
            connection.exec_driver_sql("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (last, table))
            connection.exec_driver_sql(
                "INSERT INTO sqlite_sequence (name, seq) SELECT name, ? FROM sqlite_master WHERE name = ? "
                "AND sql LIKE '%AUTOINCREMENT%' AND name NOT IN (SELECT name FROM sqlite_sequence)",
                (last, table),
            )
        return
    for table, sequence in connection.exec_driver_sql(SERIAL).all():
        most = connection.exec_driver_sql(f'SELECT coalesce(max(id), 0) FROM "{table}"').scalar_one()  # noqa: S608
        if last := max(most, last_ids.get(table, 0)):
            connection.exec_driver_sql("SELECT setval(%s, %s)", (sequence, last))


@contextmanager
def without_foreign_keys(connection: Connection) -> Iterator[None]:
    """Tables are filled in any order; afterwards every key is checked. SQLite's are off for the whole connection."""
    keys = connection.exec_driver_sql(FOREIGN_KEYS).all() if connection.dialect.name == "postgresql" else ()
    for table, name, _ in keys:
        connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    yield
    for table, name, definition in keys:
        connection.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def engine(url: str, file: Path | None) -> Engine:
    """Of the database that is restored into; `file`: SQLite's, which nobody else reads."""
    if file is None:
        return create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 5})
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(file, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
    return private_engine(file)


def prepare(connection: Connection) -> None:
    """Before the first statement of restoring."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
    else:  # inside of a transaction, SQLite would leave them on
        connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]


SUPERUSER, OWNER, SERVING = "superuser", "owner", "serving"


def power(connection: Connection) -> str:
    """What the role that the portal connects as is to the database; of SQLite a process owns its file anyway."""
    if connection.dialect.name != "postgresql":
        return SERVING
    query = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    if connection.exec_driver_sql(query).scalar():
        return SUPERUSER
    owned = (
        "SELECT bool_or(pg_has_role(current_user, relowner, 'USAGE')) FROM pg_class "
        "WHERE relname = 'audit_event' AND relnamespace = current_schema()::regnamespace"
    )
    return OWNER if connection.exec_driver_sql(owned).scalar() else SERVING


def now(connection: Connection) -> datetime:
    """What the database's machine says, in UTC."""
    if connection.dialect.name != "postgresql":
        return datetime.now(UTC).replace(tzinfo=None)
    found: datetime = connection.exec_driver_sql("SELECT clock_timestamp() AT TIME ZONE 'UTC'").scalar_one()
    return found
