"""What the office demands of signing in besides what always holds: from where, how old a password may be, how many
sessions at a time (`domain.md` §4.1, §4.2). Kept on a page of the security administrator's."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext
from sqlalchemy import select, update

from portal.accounts import sessions
from portal.core import clock
from portal.core.fields import natural
from portal.extensions import db
from portal.org.accounts import AccountProfile, SignInRules

MOST_DAYS, LONGEST = 365, 1000


def in_force() -> SignInRules:
    """Those that were set, else those that the portal comes with."""
    found = db.session.scalars(select(SignInRules)).first()
    return found or SignInRules(id=1, password_days=90, one_session=False, networks="")


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


def begin(user: Any) -> None:
    """A session of whoever has just signed in. Committed."""
    profile = db.session.scalars(select(AccountProfile).where(AccountProfile.user_id == user.id)).first()
    sessions.begin(user, old=is_old(in_force(), profile))
    # Not through the object: that somebody signed in is no change of the account.
    own = update(AccountProfile).where(AccountProfile.user_id == user.id)
    db.session.execute(own.values(session_name=sessions.name()), execution_options={"synchronize_session": False})
    db.session.commit()


def is_old(rules: SignInRules, profile: AccountProfile | None) -> bool:
    """Set by somebody else, or so long ago that it has to be changed?"""
    if profile is None or profile.password_on is None:
        return profile is not None
    return bool(rules.password_days) and clock.today() - profile.password_on >= timedelta(days=rules.password_days)


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
        kept = {"password_days": str(rules.password_days), "one_session": "1" if rules.one_session else ""}
        return page(kept | {"networks": rules.networks}, {})

    @expose("/", methods=["POST"])
    @has_access
    def edit(self) -> ResponseReturnValue:
        typed = {name: request.form.get(name, "").strip() for name in ("password_days", "one_session", "networks")}
        if faults := wrong(typed):
            return page(typed, faults)
        rules = in_force()
        rules.password_days, rules.one_session = int(typed["password_days"]), bool(typed["one_session"])
        rules.networks = spelled(typed["networks"])
        db.session.add(rules)
        db.session.commit()
        flash(gettext("Saved."), "success")
        return redirect(url_for("SignInRulesView.show"))


def wrong(typed: dict[str, str]) -> dict[str, str]:
    """What is wrong, by field. Nobody shuts themselves out."""
    faults = {}
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
    return render_template("sign_in_rules.html", typed=typed, faults=faults, here=request.remote_addr, longest=LONGEST)
