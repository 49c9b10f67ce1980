"""Who reviews what: how many steps a type of record takes, and which units may review what they filled."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.extensions import Model
from portal.org.models import Unit


class ReviewTier(Model):
    """The steps that the committee chose for a ledger; without a row its declaration holds."""

    __tablename__ = "review_tier"

    ledger: Mapped[str] = mapped_column(String(60), primary_key=True)
    tier: Mapped[int]
    # Who chose them last, and how many there were before; what somebody lowered does not hold for their own records
    # until somebody else has confirmed it.
    chosen_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    before: Mapped[int | None]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))

    @property
    def waiting(self) -> bool:
        """Was it lowered by somebody, and by nobody else confirmed?"""
        lowered = self.chosen_by_id is not None and self.before is not None and self.before > self.tier
        return lowered and self.confirmed_by_id is None

    def steps(self, concerned: Collection[int | None]) -> int:
        """The steps of a record that these accounts filled, changed or are moving."""
        own = self.waiting and self.chosen_by_id in concerned
        return max(self.tier, self.before or 0) if own else self.tier

    def choose(self, tier: int, user_id: int | None, now: int) -> None:
        """`now` are the steps until then. Whoever lowers in several goes has lowered from the first, or from what was
        last confirmed."""
        mine = user_id is not None and self.chosen_by_id == user_id and self.confirmed_by_id is None
        self.before = max(now, self.before or 0) if mine else now
        self.tier, self.chosen_by_id, self.confirmed_by_id = tier, user_id, None


class ReviewExemption(Model):
    """A unit with one person only, who may review what they filled themselves (`docs/domain` §2.0)."""

    __tablename__ = "review_exemption"

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(200))
    # Nobody exempts themselves, unless somebody else has confirmed it.
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))

    unit: Mapped[Unit] = relationship()

    @property
    def waiting(self) -> bool:
        return self.granted_by_id is not None and self.confirmed_by_id is None
