"""Suggestions and complaints about the portal: from anybody, answered by whoever keeps it.

The audit log says that something was written and answered, and not what: people write names in such texts, and the log
keeps its lines.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import ForeignKey, String, func, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core import clock
from portal.core.access import scope
from portal.extensions import Model, db

LEAST, MOST = 5, 1000  # characters
MOST_A_DAY = 20
SHOWN = 100


class Feedback(Model):
    """`page` is the path that it was written on."""

    __tablename__ = "suggestion"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), index=True)
    page: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(String(MOST))
    answer: Mapped[str | None] = mapped_column(String(MOST))
    answered_at: Mapped[datetime | None]

    user: Mapped[Any] = relationship("User")


def mine() -> list[Feedback]:
    query = select(Feedback).where(Feedback.user_id == scope.current().user_id)
    return list(db.session.scalars(query.order_by(Feedback.id.desc()).limit(SHOWN)))


def fault_of(text: str) -> str:
    """Why this cannot be sent or answered; "" if it can."""
    if not LEAST <= len(text) <= MOST:
        return gettext("%(least)d to %(most)d characters, please.", least=LEAST, most=MOST)
    return ""


def too_many() -> bool:
    """Has the user sent as many as one may send in a day?"""
    since = clock.now() - timedelta(days=1)
    query = select(func.count(Feedback.id)).where(Feedback.user_id == scope.current().user_id, Feedback.at >= since)
    return (db.session.scalar(query) or 0) >= MOST_A_DAY


def send(page: str, text: str) -> None:
    values = {"at": clock.now(), "user_id": scope.current().user_id, "page": page, "text": text}
    db.session.execute(insert(Feedback).values(**values))


def there(pk: int) -> bool:
    return pk < 2**31 and db.session.scalar(select(Feedback.id).where(Feedback.id == pk)) is not None


def answer(pk: int, text: str) -> None:
    values = {"answer": text, "answered_at": clock.now()}
    db.session.execute(update(Feedback).where(Feedback.id == pk).values(**values))
