"""Accounts of people whom another system identifies (OpenID Connect, LDAP).

The other system says who somebody is and nothing else: what they may is the account's, and a second factor that the
account has is asked for all the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext
from sqlalchemy import func, select

from portal.accounts import passwords
from portal.accounts.sign_in import identities, lockout, pages, policy
from portal.core.audit import audit_log
from portal.core.fields import clean
from portal.extensions import db
from portal.org.account_profiles import AccountProfile
from portal.permissions.input_faults import personal_fault

USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{2,31}")


@dataclass(frozen=True)
class Vouched:
    """`name`: by which the other system calls the account; `identity`: the digest of what never changes there;
    `called`: the person's name, if it says so; `create`: is an account made where there is none?"""

    name: str
    identity: str
    called: Any
    create: bool


def service() -> str:
    """What the other system is called; empty where none is set."""
    if current_app.config["LDAP_URL"]:
        return current_app.config["LDAP_LABEL"] or gettext("the office's directory")
    if current_app.config["OIDC_ISSUER"]:
        return current_app.config["OIDC_LABEL"] or gettext("the office's identity service")
    return ""


def naming(text: str) -> str:
    """A sentence about the other system."""
    told = text % {"service": service()}
    return told[:1].upper() + told[1:]


def unreachable() -> str:
    return naming(
        gettext("%(service)s cannot be reached just now. Sign in with a password of this portal, or try later.")
    )


def untrusted() -> str:
    return naming(
        gettext("What %(service)s answered cannot be trusted, so nobody is signed in. Please tell the operator.")
    )


def elsewhere(user: Any) -> str:
    """Where the password of an account is that has none here; empty when it has one, or there is no other system."""
    return service() if passwords.has_none(user) else ""


def account_of(told: Vouched) -> tuple[Any, str]:
    """(the account, why it is not let in)."""
    user, why = user_of(told)
    if why:
        return None, why
    if user is None and told.create and USERNAME.fullmatch(told.name):
        make(told.name, told.called)
        why = gettext("An account was made for you. You can sign in once the security administrator has authorised it.")
        return None, refused(told.name, why)
    if user is None or not user.active:
        return None, refused(told.name, without(user))
    return user, pages.locked(user.username)


def without(user: Any) -> str:
    profile = policy.profile_of(user) if user else None
    if profile is not None and profile.waiting:
        return gettext("Your account waits for the security administrator, who has to authorise it.")
    return gettext("There is no account for you here, or it is switched off.")


def user_of(told: Vouched) -> tuple[Any, str]:
    """The account that is bound to this identity, else the one of this name when it is bound to nobody."""
    if bound := identities.account_of(told.identity):
        return db.session.scalars(select(User).where(User.id == bound)).first(), ""
    user = db.session.scalars(select(User).where(func.lower(User.username) == told.name.lower())).first()
    if user is None or identities.of(user.id) is None:
        return user, ""
    text = gettext(
        "%(service)s calls you by the account of somebody else here, so nobody is signed in. Please ask the security "
        "administrator."
    )
    return None, refused(told.name, naming(text), identities.OTHER)


def refused(name: str, why: str, action: str = "sign_in_refused") -> str:
    audit_log.log_and_commit(action, title=lockout.written(name) if name else "")
    return why


def make(username: str, called: Any) -> None:
    """An account without any role, which waits to be authorised. Committed."""
    person = " ".join(clean(called).split())[:50] if isinstance(called, str) else ""
    user = User(username=username, last_name="", active=False, email=f"{username}@portal.invalid")
    user.first_name = person if person and not personal_fault(person) else username
    user.password, user.roles = passwords.none(), []
    db.session.add(user)
    db.session.flush()
    db.session.add(AccountProfile(user_id=user.id, waiting=True))
    db.session.commit()


def page_of() -> str:
    """The endpoint that signs in by it."""
    return "LdapView.login" if current_app.config["LDAP_URL"] else "OidcView.go"


def install(app: Flask) -> None:
    app.jinja_env.globals |= {"other_service": service, "other_sign_in": page_of, "password_elsewhere": elsewhere}


__all__ = ["Vouched", "account_of", "elsewhere", "install", "refused", "service"]
