"""Online backup: one archive of database, attachments, keys, heads and identity.

The rows are those of one moment, and every attachment that they name is in the archive: files that somebody deletes
meanwhile stay until it has been made.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout
from flask import current_app
from sqlalchemy import Connection, MetaData, Table, literal, select

import config
from portal.core import clock
from portal.core.audit import audit_log
from portal.core.hash_chain import chain
from portal.core.hash_chain.chain import AuditSeal
from portal.core.jobs.files import write
from portal.core.records import attachments
from portal.core.records.attachments import Attachment
from portal.core.records.forms.staged_files import StagedFile
from portal.core.storage import Missing, installation
from portal.database import begin_backup
from portal.extensions import db
from portal.operations import archive, dialects, migrating, tables
from portal.operations.archive import BESIDE, Head, Manifest, Packing, Taker
from portal.operations.archive_encryption import BadArchive

PART = ".part"
MADE = "backup_made"
ENDING = ".backup"
SHOWN = 3
STAY = timedelta(minutes=30)
KILLED = 24 * 3600  # seconds after which nobody writes an archive any more


class Refused(Exception):
    """Why there is no backup, in one sentence."""


@dataclass(frozen=True)
class Made:
    """`left_out`: what the database holds that is no part of the portal."""

    path: Path
    head: Head
    manifest: Manifest
    left_out: list[str]


def make(path: Path, passphrase: str) -> Made:
    """Write an archive, read it again, and only then let it have its name. Raises Refused, BadArchive and OSError."""
    identity()
    if path.exists():
        raise Refused(f"{path} exists already: name another file")
    with alone(), beside(path) as part:
        with write(part) as target:
            made = pack(target, path, passphrase)
            target.flush()
            os.fsync(target.fileno())
        if archive.read(part, passphrase, Taker())[1] != made.manifest:
            raise BadArchive("what was written is not what was read again: is the disk in order?")
        part.replace(path)
        config.keep_folder(path.parent)
    audit_log.log_and_commit(MADE, title=path.name[:200])
    return made


def identity() -> str:
    """Raises Refused where the data directory has none."""
    carried = installation.carried()
    if carried is None:
        raise Refused("the data directory does not say yet which database it belongs to: run `portal init` first")
    return carried.installation


@contextmanager
def alone() -> Iterator[None]:
    """One backup of a portal at a time, whatever machine makes it."""
    why = "another backup of this portal is being made: wait for it"
    try:
        with FileLock(current_app.config["DATA_DIR"] / "backup.lock", timeout=0), db.engine.connect() as connection:
            if not begin_backup(connection.execution_options(reading=True)):
                raise Refused(why)
            yield
    except Timeout:
        raise Refused(why) from None


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Where the archive is written; nothing is left of one that does not come to its end."""
    part = path.with_name(f"{path.name}{PART}")
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def pack(target: IO[bytes], path: Path, passphrase: str) -> Made:
    staying = Staying()
    packing = Packing(target, passphrase, staying.extend)
    try:
        with staying:
            with dialects.snapshot() as connection:
                metadata = tables.reflect(connection)
                named = files_of(connection, metadata)
                head, left_out = pack_database(packing, connection, metadata)
            pack_directory(packing)
            pack_files(packing, named)
            packing.close()
    except BaseException:
        packing.abandon()
        raise
    attachments.discard(named.keys() - files_now(metadata).keys())
    return Made(path, head, packing.manifest, left_out)


class Staying:
    """Files of records that are deleted stay meanwhile: whoever deletes one looks after committing that, so what the
    rows of the archive name is there. Ends by itself when the process is killed."""

    def __init__(self) -> None:
        self._until = datetime.min

    def __enter__(self) -> None:
        self.extend()

    def extend(self) -> None:
        if self._until - clock.now() < STAY / 2:
            self._until = clock.now() + STAY
            attachments.let_stay(self._until)

    def __exit__(self, *_: object) -> None:
        attachments.let_stay(None)


def pack_database(packing: Packing, connection: Connection, metadata: MetaData) -> tuple[Head, list[str]]:
    """Answers what it is of, and what is left out."""
    layout = tables.layout_of(metadata, current=migrating.current(connection))
    head = Head(
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        installation=str(connection.scalar(select(metadata.tables["installation"].columns["id"]))),
        revision=migrating.revision(connection),
        database=connection.dialect.name,
        tables=layout.tables,
    )
    packing.head(head)
    for name, columns in layout.tables.items():
        packing.rows(name, tables.blocks(connection, metadata.tables[name], columns))
    packing.manifest.counters = dialects.counters(connection)
    packing.manifest.trail = trail_head(connection)
    return head, list(layout.left_out)


def pack_directory(packing: Packing) -> None:
    """The keys as they are now: a newer one of a renewal meanwhile is beside that of before, never in place of it. Of
    the heads those that the rows have."""
    for each in sorted(current_app.config["DATA_DIR"].iterdir()):
        if BESIDE.fullmatch(each.name) and each.is_file():
            content = each.read_bytes()
            if each == chain.heads_file():
                content = heads_until(packing.manifest.trail[0]).encode("ascii", "replace")
            packing.beside(each.name, content)


def trail_head(connection: Connection) -> tuple[int, str]:
    found = connection.execute(select(*chain.HEAD).order_by(AuditSeal.number.desc()).limit(1)).first()
    return (found.number, found.digest) if found else (0, "")


def heads_until(last: int) -> str:
    """The file of heads without those that were added since."""
    lines = chain.heads_file().read_text("ascii", "replace").splitlines(keepends=True)
    return "".join(line for line in lines if max(chain.heads_in(line), default=0) <= last)


def pack_files(packing: Packing, named: dict[str, Named]) -> None:
    """Those that rows name: what was written since is of no record in the archive."""
    kept = attachments.kept()
    for stored, row in sorted(named.items()):
        try:
            with kept.open(stored) as content:
                whole = packing.file(stored, content.read()) == row.sha256
        except Missing:
            whole = False
        if not whole:
            packing.manifest.damaged.append(row.place)


def file_tables(metadata: MetaData) -> Iterator[Table]:
    for model in (Attachment, StagedFile):
        if model.__tablename__ in metadata.tables:
            yield metadata.tables[model.__tablename__]


@dataclass(frozen=True)
class Named:
    """A file as its row has it. `place`: for operators."""

    sha256: str
    place: str


def files_of(connection: Connection, metadata: MetaData) -> dict[str, Named]:
    """Each file by the name under which it lies."""
    found: dict[str, Named] = {}
    where = attachments.kept().where
    for table in file_tables(metadata):
        record = table.columns.get("record_id", literal("not saved yet"))
        for row in connection.execute(
            select(*(table.columns[name] for name in ("stored", "sha256", "ledger")), record)
        ):
            found[row[0]] = Named(row[1], f"{row[2]} {row[3]}: {where(row[0])}")
    return found


def files_now(metadata: MetaData) -> dict[str, Named]:
    with db.engine.connect().execution_options(reading=True) as connection:
        return files_of(connection, metadata)


def make_next(folder: Path, keep: int | None, passphrase: str) -> tuple[Made, list[Path]]:
    """An archive with the date in its name, and then the removal of older ones of this portal beyond `keep`: none when
    something is wrong with the files of the new one. Raises as `make`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = f"portal-{identity()[:8]}"
    for left in folder.glob(f"{own}-*{ENDING}{PART}"):
        if time.time() - left.stat().st_mtime > KILLED:
            left.unlink()
    made = make(unused(folder, own), passphrase)
    if made.manifest.damaged or keep is None:
        return made, []
    ours = re.compile(rf"{own}-\d{{8}}T\d{{6}}Z{re.escape(ENDING)}")
    older = sorted(path for path in folder.iterdir() if ours.fullmatch(path.name) and path != made.path)
    gone = older[: max(0, len(older) - keep + 1)]
    for path in gone:
        path.unlink()
    return made, gone


def unused(folder: Path, own: str) -> Path:
    """A name with this moment, or one of the next seconds where another archive has that."""
    while (path := folder / f"{own}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}{ENDING}").exists():
        time.sleep(0.1)
    return path


def told(head: Head, manifest: Manifest) -> str:
    number, digest = manifest.trail
    return (
        f"made {head.made_at} of {head.database}, {len(manifest.tables)} tables with {manifest.rows} rows, "
        f"{len(manifest.files)} files of {manifest.bytes} bytes, head of the trail {number} {digest or '-'}"
    )


def damage(names: Sequence[str], done: str = "the archive was made") -> str:
    """A sentence for the operator about files that rows name."""
    shown = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
    return (
        f"{done}, but {len(names)} attachments are missing or are not what was "
        f"brought ({shown}): put them back from an older archive, of which none was removed"
    )
