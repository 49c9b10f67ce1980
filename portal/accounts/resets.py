"""Resetting an administrator's password or second factor: one administrator asks, another one confirms, and all of them
see it (`docs/domain` §4.1). Nobody does it alone, whatever their rights.

The one-time password has two halves, one for each of the two, so that neither can sign in with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import force_locale, gettext, lazy_gettext
from sqlalchemy import select, update

from portal.accounts import passwords
from portal.accounts.sign_in import external_identity, identities, lockout, second_factor, sessions
from portal.core import clock
from portal.core.access import scope
from portal.core.audit import audit_log
from portal.core.fields import Label
from portal.core.punctuation import PAPER, labelled
from portal.core.transactions import ledger_lock
from portal.extensions import db
from portal.org.account_profiles import AccountProfile, AdminReset
from portal.org.encrypted import Sealed
from portal.permissions import administrators as powers
from portal.permissions import effective_rights, separation_of_duties, tenure
from portal.permissions.grant_log import log_account
from portal.permissions.input_faults import reason_fault

LASTS = timedelta(days=1)  # that a request can be confirmed, and its half of the password be taken
PASSWORD, FACTOR, IDENTITY = "password", "second_factor", "identity"  # what is reset
KINDS: Mapping[str, Label] = {
    PASSWORD: lazy_gettext("Password"),
    FACTOR: lazy_gettext("Second factor"),
    IDENTITY: lazy_gettext("Identity at the other system"),
}
STATES: Mapping[str, Label] = {
    "open": lazy_gettext("Waits for a second administrator"),
    "confirmed": lazy_gettext("Confirmed"),
    "refused": lazy_gettext("Refused"),
    "over": lazy_gettext("Run out"),
}


def administrators() -> dict[int, User]:
    """The active accounts of administrators, by id: four statements."""
    rights = effective_rights.rights_by_account()
    ids = [user_id for user_id, each in rights.items() if administers(each)]
    query = select(User).where(User.id.in_(ids), User.active.is_(True)).order_by(User.username)
    return {user.id: user for user in db.session.scalars(query)}


def targets() -> dict[int, User]:
    """Whom two others reset, by id: administrators, and who was one not long ago."""
    changed = AccountProfile.powers_changed_at > clock.now() - tenure.STAYS
    lately = User.id.in_(select(AccountProfile.user_id).where(changed))
    former = db.session.scalars(select(User).where(lately, User.active.is_(True)))
    found = {user.id: user for user in former} | administrators()
    return dict(sorted(found.items(), key=lambda each: each[1].username))


def administers(rights: list[effective_rights.Right]) -> bool:
    held = separation_of_duties.held_by(rights)
    return bool(powers.held((pair for pairs in held.values() for pair in pairs), held))


def in_pair(user: Any) -> bool:
    """Is this an administrator, was it one not long ago, or would the account be one if it were not switched off?"""
    if user.id is None:
        return False
    lately = tenure.changed_within(user.id, tenure.STAYS)
    return lately or administers(effective_rights.rights_by_account(user.id).get(user.id, []))


def state_of(request: AdminReset) -> str:
    if request.confirmed is None:
        return "open" if clock.within(request.asked_at, LASTS) else "over"
    return "confirmed" if request.confirmed else "refused"


def may_decide(request: AdminReset) -> bool:
    """The second one of the pair: neither who asked nor whose account it is, nor somebody who was made an administrator
    just now, perhaps for this."""
    me = scope.current().user_id
    others = state_of(request) == "open" and me not in (request.asked_by_id, request.user_id)
    return others and not tenure.changed_within(me, tenure.BEFORE)


def may_refuse(request: AdminReset) -> bool:
    """Whose account it is, too, and who asked may take it back."""
    return state_of(request) == "open"


def has_half(request: AdminReset) -> bool:
    """Is there a half of a password that whoever acts has asked for and not taken yet?"""
    lately = request.decided_at is not None and clock.within(request.decided_at, LASTS)
    return request.half is not None and lately and request.asked_by_id == scope.current().user_id


def waiting() -> int:
    """How many requests wait for whoever acts."""
    query = select(AdminReset).where(AdminReset.confirmed.is_(None), AdminReset.asked_at > clock.now() - LASTS)
    return sum(may_decide(each) for each in db.session.scalars(query))


def ask(user_id: int | None, what: str, reason: str) -> dict[str, str]:
    """Make a request, or say what is wrong by field. Nothing is committed."""
    ledger_lock.hold("resets")
    me, faults = scope.current().user_id, dict[str, str]()
    user = targets().get(user_id or 0)
    if user is None or user.id == me:
        faults["user"] = gettext("Please choose another administrator.")
    if what not in KINDS:
        faults["what"] = gettext("Please choose what is to be reset.")
    elif user and (fault := lacking(user, what)):
        faults["what"] = fault
    if fault := reason_fault(reason):
        faults["reason"] = fault
    if faults or user is None:
        return faults
    open_ones = (AdminReset.user_id == user.id, AdminReset.what == what, AdminReset.confirmed.is_(None))
    if any(state_of(each) == "open" for each in db.session.scalars(select(AdminReset).where(*open_ones))):
        return {"user": gettext("Somebody has asked for this already; it waits for a second administrator.")}
    long_ago = AdminReset.decided_at < clock.now() - LASTS
    db.session.execute(update(AdminReset).where(long_ago, AdminReset.half.is_not(None)).values(half=None))
    made = AdminReset(user_id=user.id, what=what, reason=reason, asked_by_id=me, asked_at=clock.now())
    db.session.add(made)
    db.session.flush()
    log_event("reset_asked", made, user)
    return {}


def lacking(user: Any, what: str) -> str:
    """What the account does not have that is to be reset."""
    if what == PASSWORD and (service := external_identity.elsewhere(user)):
        return gettext(
            "This account has no password here: whoever uses it signs in by %(service)s, and changes it there.",
            service=service,
        )
    if what == FACTOR and second_factor.of(user.id) is None:
        return gettext("This account has no second factor.")
    if what == IDENTITY and identities.of(user.id) is None:
        return gettext("This account is bound to nobody at another system.")
    return ""


def confirm(request: AdminReset) -> tuple[str, str]:
    """(what is wrong, the half of the password for whoever confirms). Nothing is committed."""
    if not may_decide(request):
        return gettext("Another administrator than who asked and whose account it is has to confirm."), ""
    if request.asked_by_id not in administrators():
        return gettext("Whoever asked is no administrator any more."), ""
    user = db.session.scalars(select(User).where(User.id == request.user_id)).one()
    half = ""
    if request.what == FACTOR:
        second_factor.remove(user)
    elif request.what == IDENTITY:
        identities.release(user)
    else:
        mine, half = passwords.one_time_halves()
        set_password(user, mine + half)
        request.half = Sealed.of(mine)
    sessions.end_all(user)
    decide(request, confirmed=True)
    log_event("reset_confirmed", request, user)
    return "", half


def refuse(request: AdminReset) -> str:
    if not may_refuse(request):
        return gettext("This has been decided already.")
    decide(request, confirmed=False)
    log_event("reset_refused", request, request.user)
    return ""


def decide(request: AdminReset, *, confirmed: bool) -> None:
    request.confirmed, request.decided_at = confirmed, clock.now()
    request.decided_by_id = scope.current().user_id


def set_password(user: Any, password: str) -> None:
    """A password that its user changes first. For the caller to commit."""
    passwords.put(user, password)
    mine = update(AccountProfile).where(AccountProfile.user_id == user.id).values(password_on=None)
    db.session.execute(mine, execution_options={"synchronize_session": False})
    if lockout.locked_until(user.username):
        lockout.unlock(user.username)


def reset_alone(username: str) -> str:
    """For an operator at the machine: the new password of an account, empty where there is none of this name. For the
    caller to commit."""
    user = db.session.scalars(select(User).where(User.username == username)).first()
    if user is None:
        return ""
    password = passwords.one_time_password()
    set_password(user, password)
    if second_factor.of(user.id):
        second_factor.remove(user)
    if identities.of(user.id):
        identities.release(user)
    sessions.end_all(user)
    log_account("reset_confirmed", user)
    return password


def take_half(request: AdminReset) -> str:
    """The half for whoever asked, once. For the caller to commit."""
    half = request.half.reveal() if has_half(request) and request.half else ""
    request.half = None
    return half


def log_event(action: str, request: AdminReset, user: Any) -> None:
    with force_locale(PAPER):
        title = labelled(user.username, str(KINDS[request.what]))
    audit_log.log(action, "ab_user", record_id=user.id, root_id=user.id, title=title, reason=request.reason)


def request_of(pk: int) -> AdminReset | None:
    ledger_lock.hold("resets")  # decided once, however many decide at the same time
    return db.session.scalars(select(AdminReset).where(AdminReset.id == pk)).first() if pk < 2**31 else None


__all__ = ["KINDS", "STATES", "ask", "confirm", "in_pair", "refuse", "waiting"]
