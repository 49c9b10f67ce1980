"""The trail sealed in blocks: each holds the marks of its lines and, keyed, the seal before it.

The head of the chain also goes to a file beside the database that only grows. So a line that was changed, removed,
put in or swapped is found, and so is a trail that was cut off or replaced as a whole by an older or invented one.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask, current_app
from flask_babel import gettext
from sqlalchemy import Connection, LargeBinary, String, event, func, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.core import clock
from portal.core.audit import TOLD, AuditEvent
from portal.core.marks import MARKED, keyed, mark
from portal.database import hold_writers
from portal.extensions import Model, db

BLOCK = 1000  # lines
ID, MARK = 8, 16  # bytes that a seal keeps of each line's id and mark
SOON = 10  # seconds in which lines wait for others to be sealed with


class AuditSeal(Model):
    """One block: `lines` are the ids and the beginnings of the marks, one after the other."""

    __tablename__ = "audit_seal"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_id: Mapped[int]
    lines: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[str] = mapped_column(String(64))
    sealed_at: Mapped[datetime]


TABLES = (AuditEvent.__tablename__, AuditSeal.__tablename__)
SEAL = (AuditSeal.number, AuditSeal.last_id, AuditSeal.lines, AuditSeal.digest)


def heads_file() -> Path:
    found: Path = current_app.config["DATA_DIR"] / "audit_heads.log"
    return found


def digest_of(number: int, before: str, lines: bytes) -> str:
    return keyed(f"{number} {before} ".encode() + lines).hex()


def packed(id_: int, written: str) -> bytes:
    return id_.to_bytes(ID, "big") + bytes.fromhex(written)[:MARK]


def unpacked(lines: bytes) -> dict[int, bytes]:
    size = ID + MARK
    return {int.from_bytes(lines[n : n + ID], "big"): lines[n + ID : n + size] for n in range(0, len(lines), size)}


def seal() -> int:
    """Seal what is not sealed yet; answers how many lines. Waits for those who are writing, and they for this."""
    count = 0
    with db.engine.begin() as connection:
        hold_writers(connection, AuditEvent.__tablename__)
        last = connection.execute(select(*SEAL).order_by(AuditSeal.number.desc()).limit(1)).first()
        number, last_id, before = (last.number, last.last_id, last.digest) if last else (0, 0, "")
        fresh = connection.execute(
            select(AuditEvent.id, AuditEvent.mark).where(AuditEvent.id > last_id).order_by(AuditEvent.id)
        )
        for block in fresh.partitions(BLOCK):
            lines = b"".join(packed(id_, written) for id_, written in block)
            number, before = number + 1, digest_of(number + 1, before, lines)
            values = {"number": number, "last_id": block[-1][0], "lines": lines, "digest": before}
            connection.execute(insert(AuditSeal).values(**values, sealed_at=clock.now()))
            count += len(block)
    note_heads()
    return count


def note_heads() -> None:
    """Append the heads that the file lacks. Nothing in it is ever changed."""
    known = max(heads(), default=0)
    with db.engine.connect() as connection:
        query = select(AuditSeal.number, AuditSeal.last_id, AuditSeal.digest).where(AuditSeal.number > known)
        fresh = connection.execute(query.order_by(AuditSeal.number)).all()
    if fresh:
        heads_file().touch(mode=0o600)
        with heads_file().open("a", encoding="ascii") as file:
            file.writelines(f"{number} {last_id} {digest}\n" for number, last_id, digest in fresh)
            file.flush()
            os.fsync(file.fileno())


def heads() -> dict[int, str]:
    """The digests by number, as the file has them."""
    if not heads_file().exists():
        return {}
    rows = (line.split() for line in heads_file().read_text("ascii").splitlines())
    return {int(row[0]): row[2] for row in rows if len(row) == 3}


@dataclass(frozen=True)
class Verdict:
    """What verifying found: `fault` is empty when all is as it was written, else names the first bad line."""

    lines: int
    blocks: int
    fault: str = ""


class Bad(Exception):
    """The trail is not what was written."""


def verify(told: Callable[[int], None] = lambda _lines: None) -> Verdict:
    """Go through the whole trail; `told` hears how many lines are done. Changes nothing."""
    known, lines, blocks, last_id, before = heads(), 0, 0, 0, ""
    with db.engine.connect().execution_options(reading=True) as connection:  # nobody waits for it
        try:
            for number, until, sealed, digest in connection.execute(select(*SEAL).order_by(AuditSeal.number)).all():
                right = digest_of(blocks + 1, before, sealed)
                if number != blocks + 1 or digest != right or known.get(number, right) != right:
                    raise Bad(gettext("Seal %(number)d was changed, removed or replaced.", number=blocks + 1))
                lines += compare(connection, last_id, until, unpacked(sealed))
                blocks, last_id, before = number, until, right
                told(lines)
            if max(known, default=0) > blocks:
                raise Bad(gettext("The trail was cut off after line %(line)d.", line=last_id))
            lines += compare(connection, last_id, None, {})
        except Bad as fault:
            return Verdict(lines, blocks, str(fault))
    return Verdict(lines, blocks)


def compare(connection: Connection, after: int, until: int | None, sealed: dict[int, bytes]) -> int:
    """The lines of a block with what its seal says; without `until` those that are not sealed yet. Raises Bad."""
    count = 0
    for line in lines_of(connection, after, until):
        gone = [id_ for id_ in sealed if id_ < line.id]
        if gone:
            raise Bad(gettext("Line %(line)d is missing.", line=gone[0]))
        if until is not None and line.id not in sealed:
            raise Bad(gettext("Line %(line)d was put in.", line=line.id))
        right = mark(line._mapping)
        if line.mark != right or sealed.pop(line.id, bytes.fromhex(right)[:MARK]) != bytes.fromhex(right)[:MARK]:
            raise Bad(gettext("Line %(line)d was changed or put in.", line=line.id))
        count += 1
    if sealed:
        raise Bad(gettext("Line %(line)d is missing.", line=min(sealed)))
    return count


def lines_of(connection: Connection, after: int, until: int | None) -> Iterator[Any]:
    columns = (getattr(AuditEvent, name) for name in ("id", "mark", *MARKED))
    query = select(*columns).where(AuditEvent.id > after).order_by(AuditEvent.id)
    yield from connection.execute(query if until is None else query.where(AuditEvent.id <= until))


def length() -> int:
    """How many lines there are."""
    return db.session.scalar(select(func.count(AuditEvent.id))) or 0


def unsealed() -> int:
    """How many lines the next seal will hold."""
    last = select(func.coalesce(func.max(AuditSeal.last_id), 0)).scalar_subquery()
    return db.session.scalar(select(func.count(AuditEvent.id)).where(AuditEvent.id > last)) or 0


class Sealer:
    """Seals beside the work, soon after anything was written: until then a cut-off end would not be missed."""

    def __init__(self, app: Flask) -> None:
        self.app, self.lock = app, threading.Lock()
        self.timer: threading.Timer | None = None
        atexit.register(self.close)

    def soon(self) -> None:
        with self.lock:
            if self.timer is None and not self.app.testing:
                self.timer = threading.Timer(SOON, self.run)
                self.timer.daemon = True
                self.timer.start()

    def close(self) -> None:
        """A command that ends, or a server that is stopped, leaves nothing unsealed."""
        if self.timer is not None:
            self.timer.cancel()
            self.run()

    def run(self) -> None:
        with self.lock:
            self.timer = None  # what is written from here on has the next one
        try:
            with self.app.app_context():
                seal()
        except DBAPIError:  # somebody writes for long, or the database is away: the next one seals
            self.app.logger.warning("sealing the trail has to wait", exc_info=True)


def committed(session: Session) -> None:
    if session.info.pop(TOLD, False):
        current_app.extensions["portal.sealer"].soon()


def undone(session: Session) -> None:
    session.info.pop(TOLD, None)


def install(app: Flask) -> None:
    app.extensions["portal.sealer"] = Sealer(app)
    for name, listener in (("after_commit", committed), ("after_rollback", undone)):
        if not event.contains(db.session, name, listener):
            event.listen(db.session, name, listener)
