"""What a session rests on: it ends with signing out, with its account's password, when nobody is there any more, and
with the working day (`domain.md` §4.2, `security.md` §1).

The cookie is all there is of a session, and a copied cookie would outlive it. So each has a name of its own, under
which signing out is remembered, and a proof of the password that it began with.

What the scripts of a page ask for in the background (`portal/background.py`) sets no cookie: its answer may come after
somebody has signed out or chosen another language, and would bring the former session back into the browser.
"""

from __future__ import annotations

import hmac
import secrets
import time
from datetime import timedelta
from typing import Any

from flask import Flask, Response, current_app, session
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from sqlalchemy import delete, insert

from portal import background
from portal.core import clock
from portal.extensions import db
from portal.org.accounts import EndedSession

LONGEST, IDLE = timedelta(hours=8), timedelta(minutes=30)
# Seconds between two words on that somebody is there: a new cookie for every request would be too many.
STEP = 60
NAME, SINCE, SEEN, PROOF, OLD = "session", "since", "seen", "proof", "old"


class Sessions(SecureCookieSessionInterface):
    """Flask's sessions, but for requests in the background of a page."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if background.of_request() is None:
            super().save_session(app, session, response)


def begin(user: Any, *, old: bool) -> None:
    """`old`: with a password that has to be changed before anything else."""
    session[NAME], session[SINCE] = secrets.token_hex(16), int(time.time())
    session[SEEN], session[OLD] = session[SINCE], old
    prove(user)


def prove(user: Any) -> None:
    """The password is the user's own: after a change this session goes on, all others have ended."""
    session[PROOF] = proof_of(user)


def renewed() -> None:
    session[OLD] = False


def with_old_password() -> bool:
    return bool(session.get(OLD))


def proof_of(user: Any) -> str:
    key = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.digest(key, f"session {user.id} {user.password}".encode(), "sha256").hex()


def name() -> str:
    return str(session.get(NAME, ""))


def holds(user: Any) -> bool:
    """Is the session of this account's present password, in use and not too old? Asked beside `EndedSession`."""
    ages = ((session.get(SINCE, 0), LONGEST), (session.get(SEEN, 0), IDLE))
    young = all(time.time() - began < most.total_seconds() for began, most in ages)
    return bool(name()) and young and hmac.compare_digest(str(session.get(PROOF, "")), proof_of(user))


def seen() -> None:
    """Somebody is there, so the session that holds goes on."""
    if time.time() - session[SEEN] >= STEP:
        session[SEEN] = int(time.time())


def end() -> None:
    """Remember that this session has ended, for as long as its cookie could come back. For the caller to commit."""
    db.session.execute(delete(EndedSession).where(EndedSession.ended_at < clock.now() - LONGEST))
    if name():
        db.session.execute(insert(EndedSession), [{"name": name(), "ended_at": clock.now()}])
