"""Profiles of accounts and roles: what Flask-AppBuilder's tables do not hold."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.extensions import Model
from portal.org.encrypted import Sealed, SealedText
from portal.org.models import Area, PartyOrg, Unit


class AccountProfile(Model):
    """An account belongs to a unit, to an area, or (neither) to the committee's office; in a unit it may be of one of
    its Party organisations."""

    __tablename__ = "account_profile"

    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    org_id: Mapped[int | None] = mapped_column(ForeignKey("party_org.id"), index=True)
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    # Switched off until whoever grants roles has looked at it: new, or changed by somebody who may not grant.
    waiting: Mapped[bool] = mapped_column(default=False, server_default=false())
    # The roles that a sheet asked for, until they are granted.
    asked_roles: Mapped[list[str] | None] = mapped_column(JSON)
    # The day on which its user chose the password; None while it is one that somebody else set.
    password_on: Mapped[date | None]
    # The newest session, for offices that want one at a time.
    session_name: Mapped[str | None] = mapped_column(String(32))
    # Counts up to end all sessions of the account: each holds the number that it began with.
    session_epoch: Mapped[int] = mapped_column(default=0, server_default="0")
    # When it last became an administrator's or stopped being one (`permissions/tenure.py`).
    powers_changed_at: Mapped[datetime | None]

    user: Mapped[Any] = relationship("User", viewonly=True)
    unit: Mapped[Unit | None] = relationship()
    org: Mapped[PartyOrg | None] = relationship()
    area: Mapped[Area | None] = relationship()


class RoleScope(Model):
    """Whose records a role reaches in one ledger (`roles.SCOPES`); no row means none."""

    __tablename__ = "role_scope"
    __table_args__ = (UniqueConstraint("role_id", "ledger"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    role_id: Mapped[int] = mapped_column(ForeignKey("ab_role.id", ondelete="CASCADE"))
    ledger: Mapped[str] = mapped_column(String(60))
    scope: Mapped[str] = mapped_column(String(12))
    # Of the scope `custom`: these units and no others, whatever stands above or below them.
    unit_ids: Mapped[list[int] | None] = mapped_column(JSON)


class AccountGrant(Model):
    """What one account may beyond its roles, from one day to another: an auditor's task, a stand-in."""

    __tablename__ = "account_grant"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), index=True)
    # One ledger, or `*` for all ledgers of records; verbs with commas between.
    ledger: Mapped[str] = mapped_column(String(60))
    verbs: Mapped[str] = mapped_column(String(200))
    scope: Mapped[str] = mapped_column(String(12))
    unit_ids: Mapped[list[int] | None] = mapped_column(JSON)
    # The first and the last day on which it holds.
    since: Mapped[date]
    until: Mapped[date | None]
    reason: Mapped[str] = mapped_column(String(200))
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    granted_at: Mapped[datetime]


class SignInRules(Model):
    """What holds for signing in besides what always does (`docs/domain` §4.2): one row, none while it is as shipped."""

    __tablename__ = "sign_in_rules"

    id: Mapped[int] = mapped_column(primary_key=True)
    # Days after which a password has to be changed; 0: never.
    password_days: Mapped[int] = mapped_column(default=90)
    one_session: Mapped[bool] = mapped_column(default=False)
    # Addresses and networks from which people may sign in, one a line; empty: from everywhere.
    networks: Mapped[str] = mapped_column(String(1000), default="")
    # What a password must be (`accounts/passwords.py`), and who needs a second factor
    # (`accounts/sign_in/second_factor.py`).
    password_profile: Mapped[str] = mapped_column(String(8), default="mlps", server_default="mlps")
    second_factor: Mapped[str] = mapped_column(String(8), default="admins", server_default="admins")

    def __str__(self) -> str:
        return f"#{self.id}"


class FormerPassword(Model):
    """A hash of a password that an account had, so that it is not chosen again soon."""

    __tablename__ = "former_password"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), index=True)
    password: Mapped[str] = mapped_column(String(256))
    changed_at: Mapped[datetime]


class EndedSession(Model):
    """A session that was signed out of, as long as its cookie could come back."""

    __tablename__ = "ended_session"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(index=True)


class AccountSession(Model):
    """A session as the account's user is told of it. Whether it holds, its cookie and `EndedSession` say."""

    __tablename__ = "account_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(32), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), index=True)
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(String(45))
    browser: Mapped[str] = mapped_column(String(40))
    system: Mapped[str] = mapped_column(String(40))


class SecondFactor(Model):
    """The secret that an account shares with an authenticator app (TOTP, RFC 6238)."""

    __tablename__ = "second_factor"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), unique=True)
    secret: Mapped[Sealed | None] = mapped_column(SealedText())
    since: Mapped[datetime | None]
    # A secret that was shown and waits for its first code.
    next_secret: Mapped[Sealed | None] = mapped_column(SealedText())
    next_at: Mapped[datetime | None]
    # The time step of the last code that was accepted; none is accepted twice.
    last_step: Mapped[int] = mapped_column(default=0)


class ProviderIdentity(Model):
    """The identity at another system that an account is bound to: a keyed digest of issuer and subject."""

    __tablename__ = "provider_identity"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), unique=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    bound_at: Mapped[datetime]


class RecoveryCode(Model):
    """A keyed digest of a code that replaces the authenticator app once."""

    __tablename__ = "recovery_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]


class AdminReset(Model):
    """A request to reset an administrator's password or second factor, which a second administrator confirms."""

    __tablename__ = "admin_reset"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), index=True)
    what: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(200))
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    asked_at: Mapped[datetime]
    confirmed: Mapped[bool | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime | None]
    # The part of the one-time password that whoever asked hands over, until they have taken it.
    half: Mapped[Sealed | None] = mapped_column(SealedText())

    user: Mapped[Any] = relationship("User", foreign_keys=[user_id])
    asked_by: Mapped[Any] = relationship("User", foreign_keys=[asked_by_id])
    decided_by: Mapped[Any] = relationship("User", foreign_keys=[decided_by_id])


class SeededGrant(Model):
    """A default right that was once given, so that `portal init` never gives back what was taken."""

    __tablename__ = "seeded_grant"

    role: Mapped[str] = mapped_column(String(64), primary_key=True)
    ledger: Mapped[str] = mapped_column(String(60), primary_key=True)
    verb: Mapped[str] = mapped_column(String(40), primary_key=True)
