"""What a session rests on: it ends with signing out, with its account's password, when nobody is there any more, and
with the working day (`docs/domain` §4.2, `docs/domain/accounts.md`).

The cookie is all there is of a session, and a copied cookie would outlive it. So each has a name of its own, under
which signing out is remembered, and a proof of the password that it began with and of the account's epoch, which counts
up to end all of them. `AccountSession` only tells the account's user which there are.

What the scripts of a page ask for in the background (`portal/background.py`) sets no cookie: its answer may come after
somebody has signed out or chosen another language, and would bring the former session back into the browser.
"""

from __future__ import annotations

import hmac
import secrets
import time
from datetime import timedelta
from typing import Any

from flask import Flask, Response, current_app, g, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask.wrappers import Request
from itsdangerous import BadSignature
from sqlalchemy import delete, exists, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from portal import background
from portal.accounts.sign_in import devices
from portal.core import clock
from portal.database import READING, not_waiting
from portal.extensions import db
from portal.org.account_profiles import AccountProfile, AccountSession, EndedSession

LONGEST, IDLE = timedelta(hours=8), timedelta(minutes=30)
# Seconds between two words on that somebody is there: a new cookie for every request would be too many.
STEP = 60
AHEAD = clock.SLACK.total_seconds()
KEPT = timedelta(days=30)  # for longer than any cookie is good, whatever happens to the clock
# Seconds between two times that the database is told so, which takes SQLite's lock for writing.
TELLING = 300
# Sessions that were begun within so many seconds need no password again before a second factor is set up.
FRESH = 600
NAME, SINCE, SEEN, PROOF, OLD, TOLD = "session", "since", "seen", "proof", "old", "told"


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


def begin(user: Any, epoch: int, *, old: bool) -> None:
    """`old`: with a password that has to be changed before anything else. For the caller to commit."""
    session[NAME], session[SINCE] = secrets.token_hex(16), int(moment())
    session[SEEN] = session[TOLD] = session[SINCE]
    session[OLD] = old
    prove(user, epoch)
    long_ago = clock.now() - KEPT
    db.session.execute(delete(AccountSession).where(AccountSession.seen_at < long_ago))
    db.session.execute(insert(AccountSession).values(**described(user.id)))


def described(user_id: int) -> dict[str, Any]:
    """The present session as its user is told of it."""
    agent = request.user_agent.string
    began = clock.now() - timedelta(seconds=max(0, int(moment()) - session[SINCE]))
    return {
        "name": name(),
        "user_id": user_id,
        "began_at": began,
        "seen_at": clock.now(),
        "address": (request.remote_addr or "")[:45],
        "browser": devices.browser_of(agent),
        "system": devices.system_of(agent),
    }


def prove(user: Any, epoch: int) -> None:
    """The password is the user's own: after a change this session goes on, all others have ended."""
    session[PROOF] = proof_of(user, epoch)


def renewed() -> None:
    session[OLD] = False


def with_old_password() -> bool:
    return bool(session.get(OLD))


def fresh() -> bool:
    """Has whoever acts signed in just now?"""
    return moment() - session.get(SINCE, 0) < FRESH


def proof_of(user: Any, epoch: int) -> str:
    key = str(current_app.config["SECRET_KEY"]).encode()
    counted = f" {epoch}" if epoch else ""
    return hmac.digest(key, f"session {user.id} {user.password}{counted}".encode(), "sha256").hex()


def name() -> str:
    return str(session.get(NAME, ""))


def holds(user: Any, epoch: int) -> bool:
    """Is the session of this account's present password, in use and not too old? Asked beside `EndedSession`."""
    ages = ((session.get(SINCE, 0), LONGEST), (session.get(SEEN, 0), IDLE))
    young = all(moment() - began < most.total_seconds() for began, most in ages)
    return bool(name()) and young and hmac.compare_digest(str(session.get(PROOF, "")), proof_of(user, epoch))


def seen(user: Any) -> None:
    """Somebody is there, so the session that holds goes on. One that began while the clock was ahead begins now."""
    now = int(moment())
    if session[SINCE] > now + AHEAD:
        session[SINCE] = session[SEEN] = now
    if now - session[SEEN] >= STEP:
        session[SEEN] = now
    if abs(now - session.get(TOLD, 0)) >= TELLING and request.method in READING and background.of_request() is None:
        session[TOLD] = now
        g.session_seen = user.id


def tell_seen() -> None:
    """After the answer was made: write down when this session was last in use. Nobody waits for that: where the
    database is busy, it is left for the next time."""
    user_id = g.pop("session_seen", None)
    if user_id is None or not name():
        return
    try:
        with not_waiting():
            told = described(user_id)
            values = {key: told[key] for key in ("seen_at", "address", "browser", "system")}
            known = update(AccountSession).where(AccountSession.name == name()).values(**values)
            found = db.session.execute(known, execution_options={"synchronize_session": False}).rowcount
            if not found and not db.session.scalar(select(exists().where(EndedSession.name == name()))):
                db.session.execute(insert(AccountSession).values(**told))
        db.session.commit()
    except SQLAlchemyError:
        db.session.rollback()


def end() -> None:
    """Remember that this session has ended, for as long as its cookie could come back. For the caller to commit."""
    if name():
        end_named(name())


def end_named(ended: str) -> None:
    db.session.execute(delete(EndedSession).where(EndedSession.ended_at < clock.now() - KEPT))
    db.session.execute(delete(AccountSession).where(AccountSession.name == ended))
    db.session.execute(insert(EndedSession), [{"name": ended, "ended_at": clock.now()}])


def listed(user_id: int) -> list[AccountSession]:
    """The sessions of an account that may still be in use, the newest first."""
    lately = AccountSession.seen_at.between(*clock.lately(IDLE + timedelta(seconds=TELLING)))
    mine = AccountSession.user_id == user_id
    query = select(AccountSession).where(mine, lately, AccountSession.began_at > clock.now() - LONGEST)
    return list(db.session.scalars(query.order_by(AccountSession.seen_at.desc(), AccountSession.id.desc())))


def end_all(user: Any) -> int:
    """End every session of an account, listed or not; answers its new epoch. For the caller to commit."""
    mine = AccountProfile.user_id == user.id
    counted = update(AccountProfile).where(mine).values(session_epoch=AccountProfile.session_epoch + 1)
    if not db.session.execute(counted, execution_options={"synchronize_session": False}).rowcount:
        db.session.execute(insert(AccountProfile).values(user_id=user.id, waiting=False, session_epoch=1))
    db.session.execute(delete(AccountSession).where(AccountSession.user_id == user.id))
    return db.session.scalar(select(AccountProfile.session_epoch).where(mine)) or 0


def end_others(user: Any) -> None:
    """End every session of the account but this one. For the caller to commit."""
    prove(user, end_all(user))
    db.session.execute(insert(AccountSession).values(**described(user.id)))
