"""Bind an account to the first external identity that signs in by its name.

A name can be given to somebody else there, the subject (`sub`) of an issuer and the `entryUUID` of a directory never.
Kept is a keyed digest, since either can be a number of a person.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, insert, select

from portal.core import clock
from portal.extensions import db
from portal.org.account_profiles import ProviderIdentity
from portal.org.encrypted import vault
from portal.permissions.grant_log import log_account

# A name that somebody else has now at the other system: nobody is signed in by it, and all administrators are told.
OTHER = "sign_in_other_identity"


def digest_of(kind: str, issuer: str, subject: str) -> str:
    """`kind`: oidc or ldap; `issuer`: within which the subject is nobody else's."""
    return vault().digest(f"{kind}|{issuer}|{subject}")


def of(user_id: int) -> ProviderIdentity | None:
    return db.session.scalars(select(ProviderIdentity).where(ProviderIdentity.user_id == user_id)).first()


def account_of(digest: str) -> int | None:
    """The id of the account that is bound to this identity."""
    return db.session.scalar(select(ProviderIdentity.user_id).where(ProviderIdentity.digest == digest))


def bind(user: Any, digest: str) -> None:
    """Where the account is bound to none yet. Nothing is committed."""
    if of(user.id) is None:
        values = {"user_id": user.id, "digest": digest, "bound_at": clock.now()}
        db.session.execute(insert(ProviderIdentity).values(**values))
        log_account("identity_bound", user)


def release(user: Any) -> None:
    """The next one who signs in by the account's name there is bound to it. For the caller to commit."""
    db.session.execute(delete(ProviderIdentity).where(ProviderIdentity.user_id == user.id))
    log_account("identity_released", user)


__all__ = ["OTHER", "account_of", "bind", "digest_of", "of", "release"]
