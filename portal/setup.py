"""Bring a database up to date: schema, permissions, roles, code lists. Idempotent, one process at a time."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock
from flask import current_app
from flask_migrate import upgrade
from sqlalchemy import select

from portal.core import clock
from portal.core.access import postgres_rls, scope
from portal.core.audit.audit_log import AuditEvent
from portal.core.hash_chain import chain
from portal.core.imports import runs
from portal.core.jobs import jobs, queue
from portal.core.records import attachments, idempotency
from portal.core.records.forms import form_drafts, staged_files
from portal.core.storage import Away, installation
from portal.core.transactions import process_lock
from portal.database import answering_within
from portal.extensions import db
from portal.org import codes
from portal.org.models import Unit
from portal.permissions import removed_ledgers, roles

LOCK = 7_041_823  # any number; the same in every process that sets up
LOCK_FILE = "setup.lock"  # and with SQLite this, in the data directory
PATIENCE = 300  # seconds
LONGEST = 6 * 3600  # seconds that a step of a migration may take


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Wait for whoever is setting up the same database, on this machine or another."""
    if db.engine.dialect.name == "postgresql":
        with answering_within(LONGEST), db.engine.connect() as connection:
            for timeout in ("statement_timeout", "lock_timeout"):  # longer than pages wait
                connection.exec_driver_sql(f"SET LOCAL {timeout} = {PATIENCE * 1000}")
            # Until this transaction ends, which does nothing else: a pooler keeps no lock of a session.
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
            yield
    else:
        with FileLock(current_app.config["DATA_DIR"] / LOCK_FILE, timeout=PATIENCE):
            path = Path(db.engine.url.database or "")
            if path.parent.is_dir():
                path.touch(mode=0o600)  # SQLite would let everybody on the machine read it
            yield


def bring_up_to_date(discard: Collection[str] = ()) -> list[str]:
    """What `portal init` does; answers what the operator should know. Raises Mismatch when the database is not that of
    the data directory, and RecordsLeft when it has records of removed ledgers in other tables than those to discard."""
    # Alembic tells every step of it to its logger; the commands print one line of their own.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with one_at_a_time(), scope.unscoped("setting up belongs to no user"):
        installation.require_fit()
        keep_private()
        if known_release():  # else upgrading refuses, and says why
            removed_ledgers.require_empty(discard)
        before = revision()
        upgrade()
        builder: Any = current_app.extensions["appbuilder"]
        for code in ("Admin", "Public"):
            builder.sm.add_role(code)
        builder.add_permissions(update_perms=True)
        codes.seed()
        go_on_after(removed_ledgers.last_ids_told())
        gone = {name: removed_ledgers.forget(name) for name in removed_ledgers.names()}
        roles.seed(builder.sm)
        settle_row_security(on=current_app.config["ROW_SECURITY"])
        settle_serving_role(current_app.config["SERVING_ROLE"])
        installation.settle()
        chain.claim_heads()
        db.session.commit()
        queue.queue().prepare(current_app.config["SERVING_ROLE"])
        attachments.discard(file for each in gone.values() for file in each.files)
        if revision() != before:
            analyze()
        return [*told(gone), *clock_behind(), *sweep()]


def known_release() -> bool:
    """Is the database of this release, an older one or none, and not of a newer one?"""
    extension = current_app.extensions["migrate"]
    script = ScriptDirectory.from_config(extension.migrate.get_config(extension.directory))
    return revision() in {None, *(each.revision for each in script.walk_revisions())}


def told(gone: Mapping[str, removed_ledgers.Forgotten]) -> list[str]:
    return [
        f"The ledger {name} is no longer part of the portal: {each.rows} rows of its rights, settings and jobs and "
        f"{len(each.files)} files were removed."
        for name, each in gone.items()
    ]


def go_on_after(last_ids: Mapping[str, int]) -> None:
    """The next record of each table gets an id after this one. Nothing is committed."""
    connection = db.session.connection()
    for table, last in last_ids.items():
        if connection.dialect.name == "postgresql":
            sequence = "pg_get_serial_sequence(%s, 'id')"
            connection.exec_driver_sql(
                f"SELECT setval({sequence}, greatest(%s, nextval({sequence})))", (table, last, table)
            )
        else:  # which has a row for every table that has given an id
            connection.exec_driver_sql("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (last, table))
            connection.exec_driver_sql(
                "INSERT INTO sqlite_sequence (name, seq) SELECT ?, ? "
                "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?)",
                (table, last, table),
            )


def revision() -> str | None:
    """The migration that the database is at."""
    with db.engine.connect().execution_options(reading=True) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def analyze() -> None:
    """Let the database count what is in its indexes, by which it chooses among them; SQLite never does so by itself."""
    db.session.rollback()
    with answering_within(LONGEST):
        connection = db.session.connection()
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("ANALYZE")
        db.session.commit()


def sweep() -> list[str]:
    """What nobody came back for goes, and files that killed processes left; answers what the operator should know."""
    for kept in (idempotency, runs, form_drafts):
        kept.sweep()
    gone = staged_files.sweep()
    db.session.commit()
    attachments.discard(gone)
    jobs.sweep()
    process_lock.sweep()
    return sweep_files()


def clock_behind() -> list[str]:
    """A sentence for the operator when the trail was written at a later time than this machine says it is."""
    newest = db.session.scalar(select(AuditEvent.at).order_by(AuditEvent.id.desc()).limit(1))
    if newest is None or newest <= clock.now() + clock.SLACK:
        return []
    return [
        f"The clock of this machine says {clock.to_the_minute(clock.now())}, but the trail was last written at "
        f"{clock.to_the_minute(newest)}: set the clock, since deadlines and days follow it."
    ]


def keep_private() -> None:
    """With a new portal: nobody else on the machine reads what is in its directory, even if it was made for everybody.
    Later it is told (`operations/checks.py`)."""
    home: Path = current_app.config["DATA_DIR"]
    if os.name == "posix" and installation.carried() is None:
        with suppress(PermissionError):  # it is another user's
            home.chmod(home.stat().st_mode & 0o7770)


def sweep_files() -> list[str]:
    if why := chain.older_than_directory():
        return [why]
    try:
        installation.require_store(make=True)
        count = attachments.sweep(staged_files.stored)
    except Away as fault:
        return [f"The files cannot be reached ({fault}): until they can, no attachment is opened or added."]
    if count:
        return [
            f"{count} files in {attachments.kept().where('')} belong to no record of this database, more than killed "
            "processes leave: nothing was removed. `portal sweep --yes` removes them."
        ]
    return []


def settle_rights() -> None:
    """What is right on the database itself, of one that came out of a backup."""
    settle_row_security(on=current_app.config["ROW_SECURITY"])
    settle_serving_role(current_app.config["SERVING_ROLE"])
    db.session.commit()


def settle_row_security(*, on: bool) -> None:
    """Make the policies of PostgreSQL what the setting says. Nothing is committed."""
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":
        for statement in postgres_rls.statements(on):
            connection.exec_driver_sql(statement)


def settle_serving_role(role: str) -> None:
    """Give a role of PostgreSQL that owns nothing what serving needs: rows, and of the trail only to read and to add.
    Nothing is committed."""
    connection = db.session.connection()
    if not role or connection.dialect.name != "postgresql":
        return
    tables, trail = "SELECT, INSERT, UPDATE, DELETE", ", ".join(chain.TABLES)
    for statement in (
        f'GRANT CONNECT, TEMPORARY ON DATABASE "{connection.engine.url.database}" TO "{role}"',
        f'GRANT USAGE ON SCHEMA public TO "{role}"',
        f'GRANT {tables} ON ALL TABLES IN SCHEMA public TO "{role}"',
        f'REVOKE UPDATE, DELETE ON {trail} FROM "{role}"',
        f'REVOKE DELETE ON {chain.Witness.__tablename__} FROM "{role}"',
        f'GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO "{role}"',
        f'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {tables} ON TABLES TO "{role}"',
        f'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO "{role}"',
    ):
        connection.exec_driver_sql(statement)


def empty() -> bool:
    """Is there no organisation yet?"""
    return db.session.scalars(select(Unit.id).limit(1)).first() is None
