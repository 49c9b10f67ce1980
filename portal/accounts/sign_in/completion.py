"""Complete a sign-in, whichever way it began. An account with a second factor is asked for its code first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from flask import current_app, session
from flask_appbuilder.security.sqla.models import User
from flask_login import login_user
from sqlalchemy import select

from portal.accounts.sign_in import identities, policy, second_factor, sessions
from portal.core.access import scope
from portal.core.audit import audit_log
from portal.extensions import db

# In a session that nobody is signed in by yet: who has to type a code, and since when.
ENTERING = "entering"
WAITS = 300  # seconds


def admit(user: Any, *, old: bool, way: str = "", identity: str = "") -> bool:
    """Let an account in, or, when it has a second factor, wait for its code: then false. `old`: with a password that
    has to be changed; `way`: what the trail says of how, where it was not by password; `identity`: to which of another
    system the account is bound then."""
    if second_factor.of(user.id) is None:
        let_in(user, old=old, way=way, identity=identity)
        return True
    begin_anew()
    waiting = {"user": user.id, "since": int(sessions.moment()), "proof": proof_of(user)}
    session[ENTERING] = waiting | {"old": old, "way": way, "identity": identity}
    return False


def waited_for() -> Any:
    """The account whose code is waited for; None when it is none, or took too long."""
    waiting = session.get(ENTERING)
    if not isinstance(waiting, dict) or sessions.moment() - waiting["since"] > WAITS:
        return None
    query = select(User).where(User.id == waiting["user"], User.active.is_(True))
    user = db.session.scalars(query).first()
    return user if user is not None and waiting["proof"] == proof_of(user) else None


def proof_of(user: Any) -> str:
    """That password and sessions are those of when it began."""
    profile = policy.profile_of(user)
    return sessions.proof_of(user, profile.session_epoch if profile else 0)


def finish(user: Any) -> None:
    """After the right code. What the session holds was committed."""
    let_in(user, **{name: session[ENTERING][name] for name in ("old", "way", "identity")})


def let_in(user: Any, *, old: bool, way: str, identity: str) -> None:
    with as_whoever_enters(user):
        audit_log.log_and_commit("sign_in", title=way)  # nobody is let in without its line
        if identity:
            identities.bind(user, identity)
    begin_anew()
    login_user(user)
    policy.begin(user, old=old)


@contextmanager
def as_whoever_enters(user: Any) -> Iterator[None]:
    """Lines of the trail inside are this account's, which nobody is signed in by yet."""
    who = replace(scope.NOBODY, user_id=user.id, username=user.username, name=user.first_name or "")
    with scope.acting_as(who):
        yield


def begin_anew() -> None:
    """A new session, so that nothing planted before signing in lives on; the language stays."""
    kept = session.get("locale")
    session.clear()
    session["locale"] = kept or current_app.config["BABEL_DEFAULT_LOCALE"]
    session.permanent = True
