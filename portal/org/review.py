"""Who reviews what: how many steps a type of record takes, and which units may review what they filled."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.extensions import Model
from portal.org.models import Unit


class ReviewTier(Model):
    """The steps that the committee chose for a ledger; without a row its declaration holds."""

    __tablename__ = "review_tier"

    ledger: Mapped[str] = mapped_column(String(60), primary_key=True)
    tier: Mapped[int]


class ReviewExemption(Model):
    """A unit with one person only, who may review what they filled themselves (`domain.md` §2.0)."""

    __tablename__ = "review_exemption"

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(200))

    unit: Mapped[Unit] = relationship()
