"""The release of a database, and creating the empty tables of a release."""

from __future__ import annotations

import logging

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import current_app
from sqlalchemy import Column, Connection, MetaData, String, Table, select

from portal.operations.archive_encryption import BadArchive
from portal.operations.tables import VERSION

VERSIONS = Table(VERSION, MetaData(), Column("version_num", String(32)))


def settings() -> Config:
    extension = current_app.extensions["migrate"]
    found: Config = extension.migrate.get_config(extension.directory)
    return found


def revision(connection: Connection) -> str:
    return str(connection.scalar(select(VERSIONS.columns["version_num"])))


def newest() -> str:
    return str(ScriptDirectory.from_config(settings()).get_current_head())


def current(connection: Connection) -> bool:
    return revision(connection) == newest()


def require_known(name: str) -> None:
    """Raises BadArchive."""
    try:
        ScriptDirectory.from_config(settings()).get_revision(name)
    except CommandError:
        raise BadArchive(
            f"the archive is of a newer release of the portal ({name}): restore it with that release"
        ) from None


def make_tables(connection: Connection, name: str) -> None:
    """The tables of this revision, in the caller's transaction."""
    logging.getLogger("alembic").setLevel(logging.WARNING)  # the commands print lines of their own
    given = settings()
    given.attributes["connection"] = connection
    command.upgrade(given, name)
