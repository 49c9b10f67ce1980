"""The audit log as a hash chain: each block has the HMACs of its entries and a keyed hash that includes the previous
block.

The head of the chain is also appended to a file beside the database. This reveals changed, removed, inserted or swapped
entries, and a log that was truncated or replaced as a whole by an older or invented one. The file is created with the
first block and never again, unless an operator requests it. Each of several machines may have one. The database stores
how far each file goes, since other machines also add blocks: if a file lacks more than the newest of these heads,
somebody removed them.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import Connection, LargeBinary, String, func, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock
from portal.core.audit.audit_log import AuditEvent
from portal.core.audit.signatures import keyed
from portal.core.fields.base import natural
from portal.core.storage.installation import directory
from portal.database import TRAIL, begin_sealing, outlast_writers
from portal.extensions import Model, db

BLOCK = 1000  # lines
HEX = re.compile(r"[0-9a-f]{64}")
ID, MARK = 8, 16  # bytes that a seal keeps of each line's id and mark
TAIL = 1000  # bytes, several lines of the file of heads
PATIENCE = 3.0  # seconds that sealing waits for those who are writing, before it tries again later


class AuditSeal(Model):
    """One block: `lines` are the ids and the beginnings of the marks, one after the other."""

    __tablename__ = "audit_seal"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_id: Mapped[int]
    lines: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[str] = mapped_column(String(64))
    sealed_at: Mapped[datetime]


IN_USE = timedelta(days=7)  # after its last head that a directory counts


class Witness(Model):
    """A data directory that has a file with the heads, and the newest head in it."""

    __tablename__ = "trail_witness"

    directory: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int]
    noted_at: Mapped[datetime]


TABLES = (AuditEvent.__tablename__, AuditSeal.__tablename__)
HEAD = (AuditSeal.number, AuditSeal.last_id, AuditSeal.digest)
UNREADABLE = (ArithmeticError, AttributeError, TypeError, ValueError)


def heads_file() -> Path:
    found: Path = current_app.config["DATA_DIR"] / "audit_heads.log"
    return found


def digest_of(number: int, before: str, lines: bytes) -> str:
    return keyed(f"{number} {before} ".encode() + lines).hex()


def packed(id_: int, written: str) -> bytes:
    return id_.to_bytes(ID, "big") + kept_of(written)


def kept_of(written: Any) -> bytes:
    """The bytes of an entry's HMAC that a block stores. Invalid values are hashed, so that they cannot block
    sealing."""
    if isinstance(written, str) and HEX.fullmatch(written):
        return bytes.fromhex(written)[:MARK]
    return hashlib.sha256(repr(written).encode("utf-8", "replace")).digest()[:MARK]


def unpacked(lines: bytes) -> dict[int, bytes]:
    size = ID + MARK
    return {int.from_bytes(lines[n : n + ID], "big"): lines[n + ID : n + size] for n in range(0, len(lines), size)}


def seal() -> int:
    """Add blocks for all entries without one; returns the number of entries. Entries of open transactions wait for the
    next run."""
    count = 0
    while (done := seal_block()) == BLOCK:
        count += done
    return count + done


def seal_block() -> int:
    """Add one block, unless another process is adding blocks. Writers never wait for it."""
    with db.engine.begin() as connection:
        # Whose the heads are can only be said once the data directory has a name, at the end of its first setting up.
        if not directory() or not begin_sealing(connection):
            return 0
        note_head(connection)  # of whoever was killed before they came to it
        last = connection.execute(select(*HEAD).order_by(AuditSeal.number.desc()).limit(1)).first()
        number, last_id, before = (last.number, last.last_id, last.digest) if last else (0, 0, "")
        fresh = select(AuditEvent.id, AuditEvent.mark).where(AuditEvent.id > last_id).order_by(AuditEvent.id)
        block = connection.execute(fresh.where(AuditEvent.id <= whole(connection)).limit(BLOCK)).all()
        if not block:
            return 0
        if last is None:
            heads_file().touch(mode=0o600)
            note_witness(connection, 0)
        lines = b"".join(packed(id_, written) for id_, written in block)
        values = {"number": number + 1, "last_id": block[-1].id, "lines": lines, "sealed_at": clock.now()}
        connection.execute(insert(AuditSeal).values(**values, digest=digest_of(number + 1, before, lines)))
    with db.engine.begin() as connection:
        note_head(connection)
    return len(block)


def whole(connection: Connection) -> int:
    """The id up to which all entries are committed; 0 if open writers did not finish in time.

    A writer that has taken an id up to the highest visible one, without committing it yet, started before that id was
    read. So once all current writers have finished, no entry up to it is missing.
    """
    until = connection.scalar(select(func.max(AuditEvent.id))) or 0
    return until if outlast_writers(connection, TRAIL, PATIENCE) else 0


def note_head(connection: Connection) -> None:
    """Append the heads that the file lacks, here and on other machines made since the last one that it had. Nothing in
    it is ever changed, nor is it mended where somebody took from it."""
    noted = witnesses(connection).get(directory())
    if noted is None or not heads_file().exists():
        return
    with heads_file().open("rb+") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
        end = file.read().decode("ascii", "replace")
        newest = max(heads_in(end), default=0)
        lacking = connection.execute(select(*HEAD).where(AuditSeal.number > newest).order_by(AuditSeal.number)).all()
        if newest < noted - 1 or not lacking:
            return
        begun = end and not end.endswith("\n")  # a line that a fault of the machine broke off
        lines = "".join(f"{each.number} {each.last_id} {each.digest}\n" for each in lacking)
        file.write(f"{chr(10) if begun else ''}{lines}".encode("ascii"))
        file.flush()
        os.fsync(file.fileno())
    note_witness(connection, lacking[-1].number)


def witnesses(connection: Connection) -> dict[str, int]:
    """The data directories that have a file with the heads, and the newest in each."""
    rows = connection.execute(select(Witness.directory, Witness.number))
    return {row.directory: row.number for row in rows}


def other_directories() -> Sequence[str]:
    """The data directories of other machines that kept heads lately."""
    lately, others = clock.now() - IN_USE, Witness.directory != directory()
    return db.session.scalars(select(Witness.directory).where(others, Witness.noted_at > lately)).all()


def note_witness(connection: Connection, number: int) -> None:
    """Store the number of the newest head in this machine's file."""
    values = {"number": number, "noted_at": clock.now()}
    here = update(Witness).where(Witness.directory == directory()).values(values)
    if not connection.execute(here).rowcount:
        connection.execute(insert(Witness).values(directory=directory(), **values))


def heads() -> dict[int, str]:
    """The digests by block number in the file of heads; invalid lines are skipped."""
    return heads_in(heads_file().read_text("ascii", "replace")) if heads_file().exists() else {}


def heads_in(text: str) -> dict[int, str]:
    rows = (line.split() for line in text.splitlines())
    return {number: row[2] for row in rows if len(row) == 3 and (number := natural(row[0])) is not None}


def head() -> tuple[int, str]:
    """The number and digest of the newest block, to compare with a copy of the file elsewhere."""
    with db.engine.connect().execution_options(reading=True) as connection:
        found = connection.execute(select(*HEAD).order_by(AuditSeal.number.desc()).limit(1)).first()
    return (found.number, found.digest) if found else (0, "")


def claim_heads() -> None:
    """Where nobody says yet which data directory has the heads, it is the one that has them. Nothing is committed."""
    connection, mine = db.session.connection(), max(heads(), default=0)
    kept = witnesses(connection)
    if kept.get("", mine + 1) <= mine:  # noted by an earlier release before this directory had a name
        connection.execute(update(Witness).where(Witness.directory == "").values(directory=directory()))
    elif heads_file().exists() and not kept:
        note_witness(connection, mine)


def older_than_directory() -> str:
    """A sentence for the operator when the data directory knows of more than the database: one that was restored from
    an older backup, or cut off. Empty when it does not."""
    known = heads()
    number, digest = head()
    if max(known, default=0) > number or known.get(number, digest) != digest:
        return (
            f"The database is older than {heads_file().name} in the data directory, or another one: no file was "
            "removed. If an older backup was restored on purpose, run `portal heads refound`."
        )
    return ""


def refound() -> Path | None:
    """Create the file of heads anew from the database, on this machine; returns the path of the old one."""
    path, kept = heads_file(), None
    with db.engine.begin() as connection:
        begin_sealing(connection, wait=True)
        if path.exists():
            kept = path.with_name(f"{path.stem}.{clock.now():%Y%m%d%H%M%S}{path.suffix}")
            path.replace(kept)
        path.touch(mode=0o600)
        found = connection.execute(select(*HEAD).order_by(AuditSeal.number)).all()
        path.write_text("".join(f"{each.number} {each.last_id} {each.digest}\n" for each in found))
        note_witness(connection, found[-1].number if found else 0)
    return kept


def length() -> int:
    """The number of audit log entries."""
    return db.session.scalar(select(func.count(AuditEvent.id))) or 0


def unsealed() -> int:
    """The number of entries without a block."""
    last = select(func.coalesce(func.max(AuditSeal.last_id), 0)).scalar_subquery()
    return db.session.scalar(select(func.count(AuditEvent.id)).where(AuditEvent.id > last)) or 0


def waiting(connection: Connection) -> tuple[int, datetime | None]:
    """The number of entries without a block, and the time of the oldest of them."""
    last = select(func.coalesce(func.max(AuditSeal.last_id), 0)).scalar_subquery()
    query = select(func.count(AuditEvent.id), func.min(AuditEvent.at)).where(AuditEvent.id > last)
    count, oldest = connection.execute(query).one()
    return count, oldest


def sealed_at() -> datetime | None:
    """When the newest seal was made, on the office's clock."""
    try:
        found = db.session.scalar(select(AuditSeal.sealed_at).order_by(AuditSeal.number.desc()).limit(1))
    except UNREADABLE:  # `verify` is to be reached all the same
        return None
    return clock.local(found) if found else None
