"""Files of a record: checked by their content, written so that no power cut tears them, served by the record's rights.

A file lies in the store (`core/storage`) by a random name; the row that names it is committed after the file is safe.
What a killed process leaves without a row is swept by `portal init`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any
from zipfile import BadZipFile, ZipFile

from flask import current_app
from flask_babel import gettext
from sqlalchemy import Connection, Index, String, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from config import BadSetting
from portal.core import clock, storage
from portal.core.access import scope
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import Files
from portal.core.fields import BadValue, clean
from portal.core.fields.text import refuse_personal
from portal.core.records.image_metadata import CLEANERS, Broken
from portal.core.storage import Away, Entry, Store, installation
from portal.core.storage.directory import PART
from portal.core.storage.installation import Installation
from portal.database import FILES, join_writers, outlast_writers
from portal.extensions import Model, db

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

AREA = "files"
# Under this name the application knows that the store was asked whose it is.
ASKED = "portal.asked_store"
# Files without a row that processes leave which were killed while they wrote one; more have another reason.
FEW = 10
PATIENCE = 30.0  # seconds that a sweep waits for those who are bringing files


class BadFile(Exception):
    """Raised when a file is refused; the message is for the user."""


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
        """The name in the audit log. The file name is not used, because it can contain a person's name."""
        return f"{self.place}/{self.id}.{self.ending}"

    @property
    def told_under(self) -> tuple[str, int]:
        """The record whose history shows this file."""
        return self.ledger, self.record_id

    @property
    def ending(self) -> str:
        return self.name.rpartition(".")[2].lower()

    @property
    def viewable(self) -> bool:
        """Does a browser show it?"""
        return self.ending in MEDIA

    @property
    def media(self) -> str:
        return MEDIA.get(self.ending, "application/octet-stream")


def kept() -> Store:
    """Where the files of records and of forms that are not saved yet lie. The first time a process asks whether they
    are those of this database. Raises Away."""
    if not current_app.extensions.get(ASKED):
        try:
            installation.require_store()
        except BadSetting as fault:
            raise Away(fault.message) from None
        current_app.extensions[ASKED] = True
    return storage.area(AREA)


def of(ledger: Ledger, record: Any) -> Sequence[Attachment]:
    """The files of a record. The caller has checked that the record may be read."""
    query = select(Attachment).where(Attachment.ledger == ledger.name, Attachment.record_id == record.id)
    return db.session.scalars(query.order_by(Attachment.id)).all()


def names_by_title(ledger: Ledger, record: Any) -> dict[str, str]:
    """The file names of a record by their name in the audit log. The caller has checked that the record may be read."""
    return {str(each): each.name for each in of(ledger, record)} if ledger.form.files else {}


def let_go(ledger: Ledger, records: Sequence[Any]) -> list[str]:
    """Delete the rows of the files of these records; returns the names to `discard` after the commit."""
    if not ledger.form.files:
        return []
    ids = [record.id for record in records]
    found = db.session.scalars(
        select(Attachment).where(Attachment.ledger == ledger.name, Attachment.record_id.in_(ids))
    ).all()
    for each in found:
        db.session.delete(each)
    return [each.stored for each in found]


def places_filled(ledger: Ledger, record: Any) -> set[str]:
    query = select(Attachment.place).where(Attachment.ledger == ledger.name, Attachment.record_id == record.id)
    return set(db.session.scalars(query.distinct()))


def checked(name: str, content: bytes, kinds: Sequence[str]) -> tuple[str, bytes]:
    """Check a file and remove metadata; returns the name and content to store. Raises BadFile."""
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
    """Attach a file to a record. Nothing is committed. Raises BadFile, and the errors of the store."""
    name, content = checked(name, content, place.kinds)
    mine = (Attachment.ledger == ledger.name, Attachment.record_id == record.id, Attachment.place == place.name)
    if (db.session.scalar(select(func.count(Attachment.id)).where(*mine)) or 0) >= place.most:
        raise BadFile(gettext("At most %(most)d files here.", most=place.most))
    stored = bring(content)
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
    db.session.add(found)
    return found


def bring(content: bytes) -> str:
    """Write a file whose row is added in the same transaction; returns its name in the store. Blocks sweeping until
    then. Raises Away, also if this process still has the settings from before the files were moved."""
    connection = db.session.connection()
    join_writers(connection, FILES)
    place = connection.scalar(select(Installation.files_in))
    if place not in (None, installation.files_place()):
        raise Away(
            f"the files are in {place}, or on their way (>): set PORTAL_FILES to that and restart, or run `portal "
            "files move` again if it was ended half-way"
        )
    stored = secrets.token_hex(16)
    kept().put(stored, BytesIO(content))
    return stored


Staged = Callable[[Connection], set[str]]


def sweep(staged: Staged) -> int:
    """Remove files without a row, left by killed processes. `staged` are the names of files of unsaved forms. The
    session is rolled back.

    Returns their number if there are more than killed processes can leave. Then nothing is removed, since the rows may
    be what is missing.
    """
    found = unnamed(staged)
    if sum(not each.name.endswith(PART) for each in found) > FEW:
        return len(found)
    discard(each.name for each in found)
    return 0


def unnamed(staged: Staged) -> list[Entry]:
    """Files that no row names, nor will: whoever was bringing one when they were listed has committed its row, or never
    will. None while somebody takes long to bring one. What the session holds is let go."""
    db.session.rollback()
    listed = list(kept().entries())
    with db.engine.begin() as connection:  # nobody else is writing in SQLite then
        if not outlast_writers(connection, FILES, PATIENCE):
            return []
        known = set(connection.scalars(select(Attachment.stored))) | staged(connection)
    return [each for each in listed if each.name not in known]


def discard(names: Iterable[str]) -> bool:
    """Remove files whose rows were deleted and committed. Returns False if they must stay for now, because a backup
    reads them or the store is unavailable; the next sweep removes them."""
    if not (names := list(names)):
        return True
    with db.engine.connect().execution_options(reading=True) as connection:
        until = connection.scalar(select(Installation.files_stay_until))
    if until is not None and clock.now() < until:
        return False
    try:
        kept().discard(names)
    except Away:  # nobody waits for it
        return False
    return True


def let_stay(until: datetime | None) -> None:
    """Remove no files until then (None: no limit any more). Committed."""
    with db.engine.begin() as connection:
        connection.execute(update(Installation).values(files_stay_until=until))
