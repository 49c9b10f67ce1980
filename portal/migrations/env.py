"""Alembic's entry: migrations run on the application's own database."""

from __future__ import annotations

from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import TypeDecorator

database = current_app.extensions["migrate"].db
for table in database.metadata.tables.values():
    # No id is given twice: files, history and spot checks name records by it. PostgreSQL never does.
    table.dialect_options["sqlite"]["autoincrement"] = True


def ours(obj: Any, name: str | None, kind: str, reflected: bool, _compare_to: Any) -> bool:
    """Tables of forms designed in the browser are not Alembic's."""
    return not (kind == "table" and (name or "").startswith("form_"))


def plain_type(kind: str, obj: Any, _context: Any) -> str | bool:
    """Migrations name what the database stores, not today's classes of the portal."""
    if kind == "type" and isinstance(obj, TypeDecorator):
        return f"sa.{obj.impl_instance!r}"
    return False


def skip_empty(_context: Any, _revision: Any, directives: Any) -> None:
    if getattr(context.config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []


def checked(connection: Any, on: bool) -> None:
    connection.connection.dbapi_connection.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")


def migrate(connection: Any) -> None:
    context.configure(
        connection=connection,
        target_metadata=database.metadata,
        include_object=ours,
        render_as_batch=True,
        compare_type=True,
        render_item=plain_type,
        process_revision_directives=skip_empty,
    )
    with context.begin_transaction():
        if connection.dialect.name != "sqlite":
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")  # with many records, a step takes long
        context.run_migrations()


def run() -> None:
    if given := context.config.attributes.get("connection"):  # restoring has a transaction of its own
        migrate(given)
        return
    with database.engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            # A batch migration copies tables; with the checks on, dropping the old one would cascade. Inside of a
            # transaction, SQLite would leave them on.
            checked(connection, False)
        migrate(connection)
        connection.commit()
        if sqlite:
            checked(connection, True)


run()
