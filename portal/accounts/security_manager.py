"""Flask-AppBuilder's security manager, and who acts in a request."""

from __future__ import annotations

from contextvars import Token
from functools import cache
from typing import Any

from flask import Flask, abort, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    Role,
    User,
    ViewMenu,
)
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy import (
    Select,
    bindparam,
    select,
    true,
)
from sqlalchemy.orm import joinedload
from werkzeug.exceptions import SecurityError

from portal.accounts.sign_in import policy, second_factor, sessions
from portal.accounts.sign_in.pages import SignInView
from portal.core import clock
from portal.core.access import scope
from portal.core.access.scope import Principal
from portal.extensions import db
from portal.http.errors_and_headers import for_programs
from portal.org.account_profiles import AccountProfile, EndedSession, SecondFactor, SignInRules
from portal.org.models import Area, Unit
from portal.permissions import view_as
from portal.permissions.effective_rights import WHO, Held, held, held_by, principal_of

# What is the same for everybody and asks nothing about them.
IMPERSONAL = {"static", "appbuilder.static", "healthz", "readyz"}
# What needs no signing in.
OPEN = {"SignInView.login", "SignInView.code", "LanguageView.index", "AppearanceView.change", *IMPERSONAL} | {
    "OidcView.go",
    "OidcView.back",
    "LdapView.login",
}
# What is answered to whoever has to choose a new password first.
LEAVING = {"SignInView.logout", "SignInView.present", *OPEN}
RENEWING = {"MyPasswordView.change", *LEAVING}
# And to whoever has to set up a second factor.
ENROLLING = {f"MySecondFactorView.{name}" for name in ("index", "begin", "confirm")} | LEAVING


class PortalSecurityManager(SecurityManager):
    """Mounts the sign-in page and nothing else of Flask-AppBuilder's security pages and APIs."""

    def register_views(self) -> None:
        self.auth_view = self.appbuilder.add_view_no_menu(SignInView)

    def load_user(self, pk: str) -> User | None:
        """The active user of a session that holds, with their profile and rights, in one statement."""
        with scope.unscoped(WHO):
            asked = {"user": int(pk), "session": sessions.name(), "today": clock.today()}
            found = db.session.execute(_user_of_session(), asked).first()
        if found is None or not sessions.holds(found[0], found[1].session_epoch if found[1] else 0):
            return None
        user, profile, rules, g.has_second_factor, *rights = found
        if not policy.admits(rules) or policy.elsewhere(rules, profile):
            return None
        sessions.seen(user)
        g.profile, g.sign_in_rules, g.held = profile, rules, Held(*rights)
        return user

    def has_access(self, permission_name: str, view_name: str) -> bool:
        return scope.current().may(permission_name.removeprefix("can_"), view_name)

    def is_item_public(self, permission_name: str, view_name: str) -> bool:
        """Nothing is: Flask-AppBuilder would ask its role for visitors, and let in whoever that lets in."""
        return False

    def add_permissions_view(self, base_permissions: list[str], view_menu: str) -> None:
        """Makes the rights that are missing, for its own role, too, and takes none. Flask-AppBuilder's own method asks
        and commits for each, which took most of setting up."""
        admin: Role = self.find_role(self.auth_role_admin)
        view = self.find_view_menu(view_menu) or ViewMenu(name=view_menu)
        db.session.add(view)
        known = {right.permission.name: right for right in self.find_permissions_view_menu(view)} if view.id else {}
        for name in base_permissions:
            right = known.get(name) or PermissionView(
                view_menu=view, permission=self.find_permission(name) or Permission(name=name)
            )
            if right not in admin.permissions:
                admin.permissions.append(right)

    def security_cleanup(self, baseviews: Any, menus: Any) -> None:
        """Flask-AppBuilder would delete the rights of ledgers that this process does not serve."""


@cache
def _user_of_session() -> Select[*tuple[Any, ...]]:
    """Asked at every request, and therefore built once."""
    ended = select(EndedSession.name).where(EndedSession.name == bindparam("session"))
    factor = select(SecondFactor.id).where(SecondFactor.user_id == User.id, SecondFactor.secret.is_not(None))
    return (
        select(User, AccountProfile, SignInRules, factor.exists(), *held_by())
        .outerjoin(AccountProfile, AccountProfile.user_id == User.id)
        .outerjoin(SignInRules, true())
        .options(
            joinedload(AccountProfile.unit).load_only(Unit.full_name, Unit.short_name),
            joinedload(AccountProfile.area).load_only(Area.name, Area.kind),
        )
        .where(User.id == bindparam("user"), User.active.is_(True), ~ended.exists())
    )


def act_as(username: str) -> Principal:
    """The principal of a named account, for commands and jobs. Raises LookupError when there is none."""
    query = select(User, AccountProfile).outerjoin(AccountProfile, AccountProfile.user_id == User.id)
    found = db.session.execute(query.where(User.username == username, User.active.is_(True))).first()
    if found is None:
        raise LookupError(username)
    user, profile = found
    return principal_of(user, profile, held(user))


def acting_of(user_id: int) -> Principal:
    """The principal of an account by its id, for what it asked for. Raises LookupError when there is none."""
    username = db.session.scalar(select(User.username).where(User.id == user_id))
    return act_as(username or "")


def identify() -> ResponseReturnValue | None:
    """Before every request: who acts. Whoever is not signed in gets the sign-in page, whatever they asked for."""
    signed_in = request.endpoint not in IMPERSONAL and current_user.is_authenticated
    principal = principal_of(current_user, g.profile, g.held) if signed_in else scope.NOBODY
    g.acting = scope.enter(view_as.seen_by(principal) if signed_in else principal)
    foreign = isinstance(request.routing_exception, SecurityError)  # a host that is not ours: Flask says so
    if signed_in and (first := before_all_else(principal)):
        return first
    view_as.refuse()
    if signed_in or foreign or request.endpoint in OPEN:
        return None
    if for_programs():
        abort(401)
    if request.method == "POST" and sessions.name():
        flash(gettext("Your session had ended, so nothing was saved. Please sign in again."), "warning")
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("SignInView.login", next=wanted if wanted != "/" else None))


def before_all_else(principal: Principal) -> ResponseReturnValue | None:
    """What whoever is signed in has to do before anything else: choose a password, set up a second factor."""
    if sessions.with_old_password():
        if request.endpoint in RENEWING:
            return None
        if for_programs():
            abort(403, gettext("Please sign in on a page and choose a new password first."))
        return redirect(url_for("MyPasswordView.change"))
    if g.has_second_factor or request.endpoint in ENROLLING:
        return None
    if not second_factor.demanded(principal, current_user, g.profile, g.sign_in_rules):
        return None
    if for_programs():
        abort(403, gettext("Please sign in on a page and set up a second factor first."))
    return redirect(url_for("MySecondFactorView.index"))


def forget(_fault: BaseException | None) -> None:
    token: Token[Principal] | None = g.pop("acting", None)
    if token is not None:
        scope.leave(token)
    sessions.tell_seen()


def install(app: Flask) -> None:
    app.session_interface = sessions.Sessions()
    app.extensions["portal.principal"] = acting_of
    app.jinja_env.globals["previewed"] = view_as.of_request
    app.before_request(identify)
    app.teardown_request(forget)
