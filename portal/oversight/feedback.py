"""Suggestions and complaints about the portal: from anybody, answered by whoever keeps it (`docs/domain` §5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import ForeignKey, String, func, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core import clock
from portal.core.access import scope
from portal.extensions import Model, db

LEAST, MOST = 5, 1000  # characters
MOST_A_DAY = 20
SHOWN = 100


class Feedback(Model):
    """`page` is the path that it was written on."""

    __tablename__ = "feedback"

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
