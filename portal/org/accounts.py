"""What Flask-AppBuilder's tables of users and roles do not say: whose an account is, how far a role reaches."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.extensions import Model
from portal.org.models import Area, Unit


class AccountProfile(Model):
    """An account belongs to a unit, to an area, or (neither) to the committee's office."""

    __tablename__ = "account_profile"

    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)

    unit: Mapped[Unit | None] = relationship()
    area: Mapped[Area | None] = relationship()


class RoleScope(Model):
    """Whose records a role reaches in one ledger: `unit` or `all`; no row means none."""

    __tablename__ = "role_scope"
    __table_args__ = (UniqueConstraint("role_id", "ledger"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    role_id: Mapped[int] = mapped_column(ForeignKey("ab_role.id", ondelete="CASCADE"))
    ledger: Mapped[str] = mapped_column(String(60))
    scope: Mapped[str] = mapped_column(String(12))


class SeededGrant(Model):
    """A default right that was once given, so that `portal init` never gives back what was taken."""

    __tablename__ = "seeded_grant"

    role: Mapped[str] = mapped_column(String(64), primary_key=True)
    ledger: Mapped[str] = mapped_column(String(60), primary_key=True)
    verb: Mapped[str] = mapped_column(String(40), primary_key=True)
