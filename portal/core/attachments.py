"""Files of a record: checked by their content, written so that no power cut tears them, served by the record's rights.

A file lies under `<data directory>/files/` by a random name; the row that names it is committed after the file is
safe. What a killed process leaves without a row is swept by `portal init`.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from flask import current_app
from flask_babel import gettext
from sqlalchemy import Index, String, func, select
from sqlalchemy.orm import Mapped, mapped_column

import config
from portal.core import clock, scope
from portal.core.fields import BadValue, clean
from portal.core.fields.text import refuse_personal
from portal.core.ledger import Files, Ledger
from portal.core.pictures import CLEANERS, Broken
from portal.extensions import Model, db

try:
    import fcntl
except ImportError:  # Windows: one process, nothing is swept while it serves
    fcntl = None  # type: ignore[assignment]

MOST_BYTES = 20 * 2**20
OLE, ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"
# What a file of this ending begins with, and the part that its archive must hold.
SIGNS: dict[str, tuple[bytes, str]] = {
    "pdf": (b"%PDF-", ""),
    "jpg": (b"\xff\xd8\xff", ""),
    "jpeg": (b"\xff\xd8\xff", ""),
    "png": (b"\x89PNG\r\n\x1a\n", ""),
    "docx": (ZIP, "word/document.xml"),
    "xlsx": (ZIP, "xl/workbook.xml"),
    "ofd": (ZIP, "OFD.xml"),
    "wps": (OLE, ""),
}
MEDIA = {
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
}


# What a file is called until it is whole.
PART = ".part"
# Files without a row that processes leave which were killed while they wrote one; more have another reason.
FEW = 10


class BadFile(Exception):
    """A file that is not taken; the message is for whoever brought it."""


class Attachment(Model):
    """A file of a record, in one of the places that its ledger declares."""

    __tablename__ = "attachment"
    __table_args__ = (Index("ix_attachment_ledger_record_id", "ledger", "record_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ledger: Mapped[str] = mapped_column(String(60))
    record_id: Mapped[int]
    place: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(200))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    stored: Mapped[str] = mapped_column(String(40), unique=True)
    person: Mapped[str] = mapped_column(String(64))
    added_at: Mapped[datetime]

    def __str__(self) -> str:
        """What the trail calls it: a name that somebody gave it can be a person's."""
        return f"{self.place}/{self.id}.{self.ending}"

    @property
    def told_under(self) -> tuple[str, int]:
        """Whose history tells of this file."""
        return self.ledger, self.record_id

    @property
    def ending(self) -> str:
        return self.name.rpartition(".")[2].lower()

    @property
    def media(self) -> str:
        return MEDIA.get(self.ending, "application/octet-stream")

    @property
    def path(self) -> Path:
        return path_of(self.stored)


def home() -> Path:
    found: Path = current_app.config["DATA_DIR"] / "files"
    return found


def path_of(stored: str) -> Path:
    """Where the file of this random name lies."""
    return home() / stored[:2] / stored


def of(ledger: Ledger, record: Any) -> Sequence[Attachment]:
    """The files of a record. The caller has shown that the record may be read."""
    query = select(Attachment).where(Attachment.ledger == ledger.name, Attachment.record_id == record.id)
    return db.session.scalars(query.order_by(Attachment.id)).all()


def names_by_title(ledger: Ledger, record: Any) -> dict[str, str]:
    """The names of the files that a record has, by what the trail calls them. The caller has shown that the record may
    be read."""
    return {str(each): each.name for each in of(ledger, record)} if ledger.files else {}


def let_go(ledger: Ledger, records: Sequence[Any]) -> list[Path]:
    """Records that are deleted take their files with them: the rows with the caller's commit, then (`discard`) what
    they name."""
    if not ledger.files:
        return []
    ids = [record.id for record in records]
    found = db.session.scalars(
        select(Attachment).where(Attachment.ledger == ledger.name, Attachment.record_id.in_(ids))
    ).all()
    for each in found:
        db.session.delete(each)
    return [each.path for each in found]


def places_filled(ledger: Ledger, record: Any) -> set[str]:
    query = select(Attachment.place).where(Attachment.ledger == ledger.name, Attachment.record_id == record.id)
    return set(db.session.scalars(query.distinct()))


def checked(name: str, content: bytes, kinds: Sequence[str]) -> tuple[str, bytes]:
    """The name and content to keep. Raises BadFile."""
    name = clean(name.replace("\\", "/").rpartition("/")[2])[-200:]
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending not in kinds:
        raise BadFile(gettext("Files of these kinds, please: %(kinds)s.", kinds=", ".join(kinds)))
    try:
        refuse_personal(name)
    except BadValue as fault:
        raise BadFile(gettext("The name of the file: %(fault)s", fault=str(fault))) from None
    if not content:
        raise BadFile(gettext("The file is empty."))
    if len(content) > MOST_BYTES:
        raise BadFile(gettext("The file is larger than %(most)d MB.", most=MOST_BYTES // 2**20))
    sign, part = SIGNS[ending]
    if not content.startswith(sign) or (part and part not in parts_of(content)):
        raise BadFile(gettext("The content of the file is not what its name says."))
    if ending not in CLEANERS:
        return name, content
    try:
        return name, CLEANERS[ending](content)
    except Broken:
        raise BadFile(gettext("The picture is not complete. Please save it again and bring that.")) from None


def parts_of(content: bytes) -> set[str]:
    try:
        with ZipFile(BytesIO(content)) as archive:
            return set(archive.namelist())
    except BadZipFile:
        return set()


def add(ledger: Ledger, record: Any, place: Files, name: str, content: bytes) -> Attachment:
    """Keep a file with a record. The caller commits inside `writing()`. Raises BadFile."""
    name, content = checked(name, content, place.kinds)
    mine = (Attachment.ledger == ledger.name, Attachment.record_id == record.id, Attachment.place == place.name)
    if (db.session.scalar(select(func.count(Attachment.id)).where(*mine)) or 0) >= place.most:
        raise BadFile(gettext("At most %(most)d files here.", most=place.most))
    stored = secrets.token_hex(16)
    found = Attachment(
        ledger=ledger.name,
        record_id=record.id,
        place=place.name,
        name=name,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        stored=stored,
        person=scope.current().name or scope.current().username,
        added_at=clock.now(),
    )
    write_durably(found.path, content)
    db.session.add(found)
    return found


def write_durably(path: Path, content: bytes) -> None:
    """Temporary file, fsync, rename, fsync of the folder: after this the file survives a power cut whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}{PART}")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:  # the disk is full, and stays so if half a file stays
        draft.unlink(missing_ok=True)
        raise
    config.keep_folder(path.parent)


@contextmanager
def writing() -> Iterator[None]:
    """Around writing files and committing their rows: nothing is swept meanwhile."""
    with locked(shared=True):
        yield


@contextmanager
def locked(*, shared: bool) -> Iterator[bool]:
    """Answers whether the lock was had; only the exclusive one does not wait."""
    if fcntl is None:
        yield shared
        return
    home().mkdir(parents=True, exist_ok=True)
    with (home() / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def sweep(staged: Callable[[], set[str]] = set) -> int:
    """Remove files that no row names, left by processes that were killed; never while anybody writes one. `staged` are
    the names of those that wait with forms.

    Answers how many there are when they are more than killed processes leave: then nothing is removed, since the rows
    may be what is missing.
    """
    if not home().is_dir():
        return 0
    with locked(shared=False) as had:
        paths = unnamed(staged) if had else []
        if sum(path.suffix != PART for path in paths) > FEW:
            return len(paths)
        discard(paths)
    return 0


def unnamed(staged: Callable[[], set[str]]) -> list[Path]:
    known = set(db.session.scalars(select(Attachment.stored))) | staged()
    return [path for path in home().glob("??/*") if path.name not in known]


def discard(paths: Sequence[Path]) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink()
