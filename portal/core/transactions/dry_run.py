"""Dry run of an import: everything is rolled back, and nobody waits for it.

Inside a rehearsal everything runs as it would for good, so that it cannot say anything else, but nothing of it reaches
the database that others use. On SQLite, which has one writer, the session works on a private copy of the file. On
PostgreSQL it works in one transaction that is rolled back, which takes neither what others queue for (the counters of
record numbers) nor the lock that the trail's writers share with its sealing, and in which what changes a record is
taken back at once, since whoever saves that record would wait for it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from sqlalchemy import Engine

from portal.database import private_engine
from portal.extensions import BOUND, db

_rehearsing: ContextVar[bool] = ContextVar("rehearsing", default=False)


def rehearsing() -> bool:
    return _rehearsing.get()


def beside_others() -> bool:
    """Does a rehearsal use the shared database, so that others would wait for its changes?"""
    return rehearsing() and BOUND not in db.session().info


@contextmanager
def rehearsal(folder: Path) -> Iterator[None]:
    """Rehearse inside. The session is closed before and after. The copy is in `folder`, which others cannot read."""
    db.session.remove()
    token = _rehearsing.set(True)
    try:
        if db.engine.dialect.name == "sqlite":
            with copied(folder) as engine:
                db.session().info[BOUND] = engine
                yield
                db.session.remove()
        else:
            yield
    finally:
        db.session.remove()
        _rehearsing.reset(token)


@contextmanager
def copied(folder: Path) -> Iterator[Engine]:
    path = folder / f"rehearsal-{secrets.token_hex(8)}.db"
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    engine = private_engine(path)
    try:
        copy(engine)
        yield engine
    finally:
        engine.dispose()
        for left in folder.glob(f"{path.name}*"):
            left.unlink()


def copy(engine: Engine) -> None:
    """Copy the database in one step, so that a concurrent write does not restart it; readers of SQLite block nobody."""
    source, target = db.engine.raw_connection(), engine.raw_connection()
    try:
        source.driver_connection.backup(target.driver_connection)
    finally:
        target.close()
        source.close()


__all__ = ["beside_others", "rehearsal", "rehearsing"]
