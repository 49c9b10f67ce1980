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
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask.wrappers import Request
from itsdangerous import BadSignature
from sqlalchemy import delete, insert

from portal import background
from portal.core import clock
from portal.extensions import db
from portal.org.accounts import EndedSession

LONGEST, IDLE = timedelta(hours=8), timedelta(minutes=30)
# Seconds between two words on that somebody is there: a new cookie for every request would be too many.
STEP = 60
AHEAD = clock.SLACK.total_seconds()
KEPT = timedelta(days=30)  # for longer than any cookie is good, whatever happens to the clock
NAME, SINCE, SEEN, PROOF, OLD = "session", "since", "seen", "proof", "old"


class Sessions(SecureCookieSessionInterface):
    """Flask's sessions, but that requests in the background of a page save none, and that `holds` alone says how long
    one lasts: by the time in the cookie's signature, all would end when the clock is set back by a second."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        serializer = self.get_signing_serializer(app)
        if serializer is None:
            return None
        try:
            kept = serializer.loads(request.cookies.get(self.get_cookie_name(app), ""))
        except BadSignature:
            kept = {}
        return self.session_class(kept)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if background.of_request() is None:
            super().save_session(app, session, response)


def elapsed() -> float:
    """Seconds since this machine was started: it goes on evenly when somebody sets the clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


STARTED = time.time() - elapsed()


def moment() -> float:
    """Seconds since 1970 by the clock as it was when this process was started. Else setting it would sign everybody
    out, or let sessions last for as long as it was set back."""
    return STARTED + elapsed()


def begin(user: Any, *, old: bool) -> None:
    """`old`: with a password that has to be changed before anything else."""
    session[NAME], session[SINCE] = secrets.token_hex(16), int(moment())
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
    young = all(moment() - began < most.total_seconds() for began, most in ages)
    return bool(name()) and young and hmac.compare_digest(str(session.get(PROOF, "")), proof_of(user))


def seen() -> None:
    """Somebody is there, so the session that holds goes on. One that began while the clock was ahead begins now."""
    now = int(moment())
    if session[SINCE] > now + AHEAD:
        session[SINCE] = session[SEEN] = now
    if now - session[SEEN] >= STEP:
        session[SEEN] = now


def end() -> None:
    """Remember that this session has ended, for as long as its cookie could come back. For the caller to commit."""
    db.session.execute(delete(EndedSession).where(EndedSession.ended_at < clock.now() - KEPT))
    if name():
        db.session.execute(insert(EndedSession), [{"name": name(), "ended_at": clock.now()}])
