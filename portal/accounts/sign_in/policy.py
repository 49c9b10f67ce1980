"""What the office demands of signing in besides what always holds: from where, how old a password may be, how many
sessions at a time (`docs/domain` §4.1, §4.2). Kept on a page of the security administrator's."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext
from sqlalchemy import delete, select, update

from portal.accounts.passwords import MLPS, PROFILES, shape_fault
from portal.accounts.sign_in import second_factor, sessions
from portal.core import clock
from portal.core.fields import natural
from portal.extensions import db
from portal.org.account_profiles import AccountProfile, AccountSession, SignInRules

FIELDS = ("password_profile", "password_days", "second_factor", "one_session", "networks")
MOST_DAYS, LONGEST = 365, 1000


def in_force() -> SignInRules:
    """Those that were set, else those that the portal comes with."""
    found = db.session.scalars(select(SignInRules)).first()
    shipped = {"password_profile": MLPS, "password_days": 90, "second_factor": second_factor.ADMINS}
    return found or SignInRules(id=1, one_session=False, networks="", **shipped)


def admits(rules: SignInRules | None) -> bool:
    """May people sign in, and go on, from where the request comes?"""
    allowed = networks(rules.networks) if rules else ()
    if not allowed:
        return True
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:  # a web server before the portal that says something else
        return False
    return any((getattr(address, "ipv4_mapped", None) or address) in network for network in allowed)


@lru_cache(maxsize=16)
def networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Raises ValueError with the line that is neither an address nor a network."""
    return tuple(ip_network(line, strict=False) for line in map(str.strip, text.splitlines()) if line)


def spelled(text: str) -> str:
    return "\n".join(map(str, networks(text)))


def elsewhere(rules: SignInRules | None, profile: AccountProfile | None) -> bool:
    """Has a newer session taken the place of this one, where there may be one only?"""
    return bool(rules and rules.one_session and profile and profile.session_name != sessions.name())


def profile_of(user: Any) -> AccountProfile | None:
    return db.session.scalars(select(AccountProfile).where(AccountProfile.user_id == user.id)).first()


def begin(user: Any, *, old: bool) -> None:
    """A session of whoever has just signed in. Committed."""
    profile = profile_of(user)
    if in_force().one_session:
        db.session.execute(delete(AccountSession).where(AccountSession.user_id == user.id))
    sessions.begin(user, profile.session_epoch if profile else 0, old=old)
    # Not through the object: that somebody signed in is no change of the account.
    own = update(AccountProfile).where(AccountProfile.user_id == user.id)
    db.session.execute(own.values(session_name=sessions.name()), execution_options={"synchronize_session": False})
    db.session.commit()


def is_old(user: Any, password: str = "") -> bool:
    """Has the password to be changed: set by somebody else, too long ago, or by a profile that demanded less?"""
    rules, profile = in_force(), profile_of(user)
    if profile is None or profile.password_on is None:
        return profile is not None
    if profile.password_on == date.max:  # a demo account's
        return False
    if password and shape_fault(password, rules.password_profile):
        return True
    days = rules.password_days if PROFILES[rules.password_profile].expires else 0
    return bool(days) and clock.today() - profile.password_on >= timedelta(days=days)


def chosen(user: Any) -> None:
    """The user has chosen a password."""
    own = update(AccountProfile).where(AccountProfile.user_id == user.id)
    db.session.execute(own.values(password_on=clock.today()), execution_options={"synchronize_session": False})
    sessions.renewed()


class SignInRulesView(BaseView):
    route_base = "/sign_in_rules"
    class_permission_name = "sign_in_rules"
    method_permission_name = {"show": "read", "edit": "edit"}
    base_permissions = ["can_read", "can_edit"]
    default_view = "show"

    @expose("/")
    @has_access
    def show(self) -> ResponseReturnValue:
        rules = in_force()
        kept = {name: str(getattr(rules, name)) for name in FIELDS}
        return page(kept | {"one_session": "1" if rules.one_session else ""}, {})

    @expose("/", methods=["POST"])
    @has_access
    def edit(self) -> ResponseReturnValue:
        rules = in_force()
        typed = {name: request.form.get(name, "").strip() for name in FIELDS}
        for name in ("password_profile", "second_factor"):  # not sent: stays as it is
            typed[name] = typed[name] or getattr(rules, name)
        if faults := wrong(typed):
            return page(typed, faults)
        rules.password_days, rules.one_session = int(typed["password_days"]), bool(typed["one_session"])
        rules.password_profile, rules.second_factor = typed["password_profile"], typed["second_factor"]
        rules.networks = spelled(typed["networks"])
        db.session.add(rules)
        db.session.commit()
        flash(gettext("Saved."), "success")
        return redirect(url_for("SignInRulesView.show"))


def wrong(typed: dict[str, str]) -> dict[str, str]:
    """What is wrong, by field. Nobody shuts themselves out."""
    choices = {"password_profile": PROFILES, "second_factor": second_factor.DEMANDED}
    faults = {name: gettext("Please choose.") for name, known in choices.items() if typed[name] not in known}
    days = natural(typed["password_days"])
    if days is None or days > MOST_DAYS:
        faults["password_days"] = gettext("A whole number from 0 to %(most)d, please.", most=MOST_DAYS)
    for line in typed["networks"].splitlines():
        try:
            networks(line)
        except ValueError:
            faults["networks"] = gettext("“%(line)s” is neither an address nor a network.", line=line.strip()[:60])
    if "networks" not in faults and len(spelled(typed["networks"])) > LONGEST:
        faults["networks"] = gettext("At most %(most)d characters, please.", most=LONGEST)
    if "networks" not in faults and not admits(SignInRules(networks=typed["networks"])):
        text = gettext(
            "Your own address %(here)s is not among them; you would shut yourself out.", here=request.remote_addr
        )
        faults["networks"] = text
    return faults


def page(typed: dict[str, str], faults: dict[str, str]) -> ResponseReturnValue:
    return render_template(
        "sign_in_rules.html",
        typed=typed,
        faults=faults,
        here=request.remote_addr,
        longest=LONGEST,
        profiles=PROFILES,
        demanded=second_factor.DEMANDED,
    )
