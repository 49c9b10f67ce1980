"""Files of an unsaved form: checked, kept, and attached when the record is saved.

Nobody but who brought them has them, and nobody can fetch them: they become readable with the record, by its rights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from flask_babel import gettext
from sqlalchemy import Connection, ForeignKey, Index, String, delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock
from portal.core.access import scope
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import Files
from portal.core.models.record import Record
from portal.core.records import attachments
from portal.core.records.attachments import Attachment, BadFile
from portal.extensions import Model, db

KEPT = timedelta(days=30)
MOST_FILES = 100


class StagedFile(Model):
    """A file uploaded with an unsaved form, identified by the form's key."""

    __tablename__ = "staged_file"
    __table_args__ = (Index("ix_staged_file_user_id_key", "user_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(32))
    ledger: Mapped[str] = mapped_column(String(60))
    place: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(200))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    stored: Mapped[str] = mapped_column(String(40), unique=True)
    added_at: Mapped[datetime]


def of(ledger: Ledger, key: str) -> Sequence[StagedFile]:
    """The files of a form of the current user."""
    mine = (StagedFile.user_id == scope.current().user_id, StagedFile.ledger == ledger.name, StagedFile.key == key)
    return db.session.scalars(select(StagedFile).where(*mine).order_by(StagedFile.id)).all() if key else ()


def add(ledger: Ledger, key: str, place: Files, name: str, content: bytes) -> str:
    """Store a file with a form; returns its name in the store. Nothing is committed. Raises BadFile and the errors of
    the store."""
    name, content = attachments.checked(name, content, place.kinds)
    user_id = scope.current().user_id
    kept = db.session.execute(select(StagedFile.key, StagedFile.place).where(StagedFile.user_id == user_id)).all()
    if sum(tuple(each) == (key, place.name) for each in kept) >= place.most:
        raise BadFile(gettext("At most %(most)d files here.", most=place.most))
    if len(kept) >= MOST_FILES:
        raise BadFile(gettext("Too many files wait with forms that are not saved. Please save or discard some first."))
    stored = attachments.bring(content)
    values = {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "stored": stored}
    whose = {"user_id": user_id, "key": key, "ledger": ledger.name, "place": place.name}
    # Past the audit trail, which tells of the file when it belongs to a record.
    db.session.execute(insert(StagedFile).values(**whose, **values, added_at=clock.now()))
    return stored


def remove(ledger: Ledger, key: str, ids: Collection[int]) -> list[str]:
    """Delete files of a form; returns their names in the store, to be discarded after the commit."""
    gone = [file for file in of(ledger, key) if file.id in ids]
    db.session.execute(delete(StagedFile).where(StagedFile.id.in_([file.id for file in gone])))
    return [file.stored for file in gone]


def claim(ledger: Ledger, key: str, record: Record) -> None:
    """Attach the files of a form to the saved record, in the same transaction."""
    staged = of(ledger, key)
    for file in staged:
        found = Attachment(ledger=ledger.name, record_id=record.id, person=scope.current().name, added_at=clock.now())
        found.person = found.person or scope.current().username
        for name in ("place", "name", "size", "sha256", "stored"):
            setattr(found, name, getattr(file, name))
        db.session.add(found)
    if staged:
        db.session.execute(delete(StagedFile).where(StagedFile.id.in_([file.id for file in staged])))


def sweep() -> list[str]:
    """Delete files of old unsaved forms; returns their names in the store, to be discarded after the commit."""
    gone = db.session.scalars(select(StagedFile).where(StagedFile.added_at <= clock.now() - KEPT)).all()
    db.session.execute(delete(StagedFile).where(StagedFile.id.in_([file.id for file in gone])))
    return [file.stored for file in gone]


def stored(connection: Connection) -> set[str]:
    """The names of staged files in the store."""
    return set(connection.scalars(select(StagedFile.stored)))
