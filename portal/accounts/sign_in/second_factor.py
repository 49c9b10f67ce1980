"""Second factor: TOTP (RFC 6238) and recovery codes (`docs/domain/accounts.md`).

A code is accepted once: the row remembers its time step, and the statement that does so lets only one of several
requests through. The secret is sealed like personal data; of recovery codes there are keyed digests only. Nothing here
commits.
"""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, timedelta
from typing import Any

import pyotp
import segno
from flask_babel import gettext, lazy_gettext
from sqlalchemy import delete, func, insert, or_, select, update

from portal.accounts.demo_accounts import DEMO_DOMAIN
from portal.accounts.sign_in import sessions
from portal.core import clock
from portal.core.access.scope import Principal
from portal.core.fields import Label
from portal.extensions import db
from portal.org.account_profiles import AccountProfile, RecoveryCode, SecondFactor, SignInRules
from portal.org.encrypted import Sealed, vault
from portal.permissions.administrators import administers
from portal.permissions.grant_log import log_account

STEP = 30  # seconds
SLIP = 1  # steps by which the clocks of app and portal may differ
DIGITS = 6
# Steps beyond which a remembered one was written while the clock was ahead, and counts no more.
AHEAD = int(clock.SLACK.total_seconds()) // STEP
CODES = 10
# Without what looks alike in print.
PRINTED = "abcdefghjkmnpqrstuvwxyz23456789"
GROUPS, GROUP = 3, 5
WAITS = timedelta(minutes=15)  # that a secret waits for its first code
NOBODY, ADMINS, EVERYBODY = "off", "admins", "all"
DEMANDED: Mapping[str, Label] = {
    ADMINS: lazy_gettext("Administrators"),
    EVERYBODY: lazy_gettext("All accounts"),
    NOBODY: lazy_gettext("Nobody has to"),
}


def of(user_id: int) -> SecondFactor | None:
    """The second factor that the account has set up."""
    own = (SecondFactor.user_id == user_id, SecondFactor.secret.is_not(None))
    return db.session.scalars(select(SecondFactor).where(*own)).first()


def demanded(principal: Principal, user: Any, profile: AccountProfile | None, rules: SignInRules | None) -> bool:
    """Must whoever acts have one? Demo accounts are exempt (`docs/domain`)."""
    wanted = rules.second_factor if rules else ADMINS
    if wanted == NOBODY or exempt(user, profile):
        return False
    return wanted == EVERYBODY or administers(principal)


def exempt(user: Any, profile: AccountProfile | None) -> bool:
    never_too_old = profile is not None and profile.password_on == date.max
    return never_too_old or str(user.email or "").endswith(DEMO_DOMAIN)


def now_step() -> int:
    return int(clock.now().replace(tzinfo=UTC).timestamp()) // STEP


def plain(typed: str) -> str:
    """Without the spaces and hyphens that people type, and of full-width characters the usual ones."""
    return re.sub(r"[\s\-–—]", "", unicodedata.normalize("NFKC", typed))[:100].lower()


def step_of(secret: str, code: str) -> int | None:
    """The time step that the code is of, if it is one of these minutes."""
    codes = pyotp.TOTP(secret, digits=DIGITS, interval=STEP)
    now = now_step()
    steps = (step for step in range(now - SLIP, now + SLIP + 1) if hmac.compare_digest(codes.at(step * STEP), code))
    return next(steps, None)


def accepts(user: Any, typed: str) -> bool:
    """Is this the account's code of the moment, or one of its recovery codes, for the first time?"""
    code = plain(typed)
    if re.fullmatch(rf"[0-9]{{{DIGITS}}}", code):
        found = of(user.id)
        step = step_of(found.secret.reveal(), code) if found and found.secret else None
        return step is not None and spend(user.id, step)
    return accepts_recovery(user, code)


def spend(user_id: int, step: int) -> bool:
    """Remember a time step; false when it, or one after it, was spent before."""
    unspent = or_(SecondFactor.last_step < step, SecondFactor.last_step > now_step() + AHEAD)
    mine = update(SecondFactor).where(SecondFactor.user_id == user_id, unspent).values(last_step=step)
    return bool(db.session.execute(mine, execution_options={"synchronize_session": False}).rowcount)


def accepts_recovery(user: Any, code: str) -> bool:
    own = (
        RecoveryCode.user_id == user.id,
        RecoveryCode.digest == digest(user.id, code),
        RecoveryCode.used_at.is_(None),
    )
    mine = update(RecoveryCode).where(*own).values(used_at=clock.now())
    if not of(user.id) or not db.session.execute(mine, execution_options={"synchronize_session": False}).rowcount:
        return False
    log_account("recovery_code_used", user)
    return True


def digest(user_id: int, code: str) -> str:
    return vault().digest(f"recovery code {user_id} {code}")


def codes_left(user_id: int) -> int:
    own = (RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return db.session.scalar(select(func.count(RecoveryCode.id)).where(*own)) or 0


def begin(user: Any) -> str:
    """A new secret that waits for its first code; one that the account has stays in force until then."""
    secret = pyotp.random_base32()
    values = {"next_secret": Sealed.of(secret), "next_at": clock.now()}
    mine = update(SecondFactor).where(SecondFactor.user_id == user.id).values(**values)
    if not db.session.execute(mine, execution_options={"synchronize_session": False}).rowcount:
        db.session.execute(insert(SecondFactor).values(user_id=user.id, last_step=0, **values))
    return secret


def begun(user: Any) -> str:
    """The secret that waits for its first code; empty when none does any more."""
    found = db.session.scalars(select(SecondFactor).where(SecondFactor.user_id == user.id)).first()
    if found is None or found.next_secret is None or found.next_at is None or not clock.within(found.next_at, WAITS):
        return ""
    return found.next_secret.reveal()


def confirm(user: Any, typed: str) -> list[str]:
    """Put the secret that waits in force, if the code is of it: the new recovery codes, else none. All other sessions
    of the account end."""
    secret = begun(user)
    step = step_of(secret, plain(typed)) if secret else None
    if step is None:
        return []
    values = {
        "secret": Sealed.of(secret),
        "since": clock.now(),
        "next_secret": None,
        "next_at": None,
        "last_step": step,
    }
    mine = update(SecondFactor).where(SecondFactor.user_id == user.id).values(**values)
    db.session.execute(mine, execution_options={"synchronize_session": False})
    log_account("second_factor_set", user)
    sessions.end_others(user)
    return new_codes(user)


def new_codes(user: Any) -> list[str]:
    """Recovery codes in place of those before; they are shown once and kept nowhere."""
    codes = [new_code() for _ in range(CODES)]
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    rows = [{"user_id": user.id, "digest": digest(user.id, plain(code))} for code in codes]
    db.session.execute(insert(RecoveryCode), rows)
    log_account("recovery_codes", user)
    return codes


def new_code() -> str:
    return "-".join("".join(secrets.choice(PRINTED) for _ in range(GROUP)) for _ in range(GROUPS))


def remove(user: Any) -> None:
    """Take it away: signing in asks for the password only until another one is set up."""
    for model in (SecondFactor, RecoveryCode):
        db.session.execute(delete(model).where(model.user_id == user.id))
    log_account("second_factor_removed", user)


def address_of(secret: str, username: str) -> str:
    """What an app reads out of the picture."""
    issuer = gettext("Organs Work Committee ledgers")
    return pyotp.TOTP(secret, digits=DIGITS, interval=STEP).provisioning_uri(name=username, issuer_name=issuer)


def picture_of(address: str) -> str:
    """The address as a QR code, for the `src` of an image."""
    return segno.make(address, error="m", micro=False).svg_data_uri(scale=5, border=3, light="#fff")


def grouped(secret: str) -> str:
    """For typing it by hand."""
    return " ".join(secret[n : n + 4] for n in range(0, len(secret), 4))
