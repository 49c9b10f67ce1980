"""Possible duplicates: the user is asked once, and the answer is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock
from portal.core.access import scope
from portal.core.fields import BadValue, Text
from portal.extensions import Model, db

REASON = Text(200, lines=True, least=5)
PREFIX = "_distinct-"


class Distinct(Model):
    """A user's statement that two similar records are different things."""

    __tablename__ = "distinct_record"
    __table_args__ = (UniqueConstraint("ledger", "lower_id", "higher_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ledger: Mapped[str] = mapped_column(String(60))
    lower_id: Mapped[int]
    higher_id: Mapped[int]
    reason: Mapped[str] = mapped_column(String(200))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    said_at: Mapped[datetime] = mapped_column(default=clock.now)


@dataclass(frozen=True)
class Doubt:
    """A question of the form: the other record, why it looks the same, the answer, and what is wrong with that."""

    other: Any
    text: str
    reason: str
    fault: str

    @property
    def name(self) -> str:
        """The name of the form field for the reason."""
        return f"{PREFIX}{self.other.id}"


class Doubts:
    """The open questions of one form."""

    def __init__(self, ledger: str, record: Any, formdata: Mapping[str, Any]) -> None:
        self.ledger, self.record, self.formdata = ledger, record, formdata
        self.open: list[Doubt] = []
        self.reasons: dict[int, str] = {}

    def answered(self, other: Any, text: str) -> bool:
        """Has a user stated, now or before, that the other record is a different thing?"""
        if self.record is not None and self._said(other.id):
            return True
        typed = str(self.formdata.get(f"{PREFIX}{other.id}", ""))
        try:
            reason = REASON.parse([typed], None)
        except BadValue as fault:
            self.open.append(Doubt(other, text, typed, str(fault)))
            return False
        if reason is None:
            self.open.append(Doubt(other, text, "", gettext("Please say why there are two.") if typed else ""))
            return False
        self.reasons[other.id] = reason
        return True

    def _said(self, other_id: int) -> bool:
        lower, higher = sorted((self.record.id, other_id))
        query = select(Distinct.id).where(
            Distinct.ledger == self.ledger, Distinct.lower_id == lower, Distinct.higher_id == higher
        )
        return db.session.scalar(query) is not None

    def remember(self, record: Any) -> None:
        """Store the answers once the record has an id. Nothing is committed."""
        for other_id, reason in self.reasons.items():
            lower, higher = sorted((record.id, other_id))
            said = Distinct(ledger=self.ledger, lower_id=lower, higher_id=higher, reason=reason)
            said.user_id = scope.current().user_id
            db.session.add(said)
