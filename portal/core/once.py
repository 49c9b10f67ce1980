"""A form sent twice makes one record: each page of a new record carries a key, and the first save takes it."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import String, delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock, scope
from portal.extensions import Model, db

NAME = "_once"
KEY = re.compile(r"[0-9a-f]{32}")
KEPT = timedelta(days=2)


class SentForm(Model):
    """A key that was used, and the record that it made."""

    __tablename__ = "sent_form"

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    ledger: Mapped[str] = mapped_column(String(60))
    record_id: Mapped[int]
    user_id: Mapped[int | None]
    used_at: Mapped[datetime] = mapped_column(index=True)


def fresh(typed: str = "") -> str:
    """The key of a page: the one that it came with, else a new one."""
    return typed if KEY.fullmatch(typed) else secrets.token_hex(16)


def made(ledger: str, key: str) -> int | None:
    """The id of the record that the current user has made with this key."""
    mine = (SentForm.ledger == ledger, SentForm.user_id == scope.current().user_id)
    return db.session.scalar(select(SentForm.record_id).where(SentForm.key == key, *mine)) if key else None


def use(ledger: str, key: str, record_id: int) -> None:
    """Take the key, in the transaction that makes the record; the database refuses a second time."""
    if KEY.fullmatch(key):
        values = {"key": key, "ledger": ledger, "record_id": record_id, "user_id": scope.current().user_id}
        db.session.execute(insert(SentForm).values(**values, used_at=clock.now()))


def sweep() -> None:
    """Forget keys of pages that nobody has open any more. Nothing is committed."""
    db.session.execute(delete(SentForm).where(SentForm.used_at < clock.now() - KEPT))
