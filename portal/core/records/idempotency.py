"""Idempotency key: submitting the same form twice creates one record.

The key is for what was sent with it. With other content it is refused, since what was typed then is not what was saved.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import String, delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock
from portal.core.access import scope
from portal.extensions import Model, db
from portal.org.encrypted import vault

NAME = "_once"
KEY = re.compile(r"[0-9a-f]{32}")
KEPT = timedelta(days=2)


class SentForm(Model):
    """A used key with the record that was created."""

    __tablename__ = "sent_form"

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    ledger: Mapped[str] = mapped_column(String(60))
    record_id: Mapped[int]
    user_id: Mapped[int | None]
    used_at: Mapped[datetime] = mapped_column(index=True)
    # Of what was sent, keyed: it can be a name and a telephone number.
    digest: Mapped[str | None] = mapped_column(String(64))


class Reused(Exception):
    """Raised if the key was used with other content; `record_id` is the record created then, if the current user
    created it here."""

    def __init__(self, record_id: int | None) -> None:
        super().__init__()
        self.record_id = record_id


@dataclass(frozen=True)
class Sent:
    """A key with the digest of the submitted content."""

    key: str = ""
    digest: str = ""

    @classmethod
    def of(cls, key: str, *content: object) -> Sent:
        text = json.dumps(content, sort_keys=True, ensure_ascii=False)
        return cls(key, vault().digest(f"sent|{text}")) if KEY.fullmatch(key) else cls()


def fresh(typed: str = "") -> str:
    """The key of a page: the one that it came with, else a new one."""
    return typed if KEY.fullmatch(typed) else secrets.token_hex(16)


def made(ledger: str, key: str) -> int | None:
    """The id of the record that the current user has made with this key."""
    mine = (SentForm.ledger == ledger, SentForm.user_id == scope.current().user_id)
    return db.session.scalar(select(SentForm.record_id).where(SentForm.key == key, *mine)) if key else None


def repeated(ledger: str, sent: Sent) -> int | None:
    """The id of the record that this very content has made before. Raises Reused."""
    found = db.session.scalars(select(SentForm).where(SentForm.key == sent.key)).first() if sent.key else None
    if found is None:
        return None
    mine = (found.ledger, found.user_id) == (ledger, scope.current().user_id)
    if not mine or found.digest not in (None, sent.digest):
        raise Reused(found.record_id if mine else None)
    return found.record_id


def use(ledger: str, sent: Sent, record_id: int) -> None:
    """Take the key, in the transaction that makes the record; the database refuses a second time."""
    if sent.key:
        values = {"key": sent.key, "digest": sent.digest, "ledger": ledger, "record_id": record_id}
        values |= {"user_id": scope.current().user_id, "used_at": clock.now()}
        db.session.execute(insert(SentForm).values(**values))


def sweep() -> None:
    """Delete old keys. Nothing is committed."""
    db.session.execute(delete(SentForm).where(SentForm.used_at < clock.now() - KEPT))
