"""Who is signed in and what they may: Flask-AppBuilder's users, roles and permission rows, read once a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextvars import Token
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from flask import Flask, abort, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    Role,
    User,
    ViewMenu,
    assoc_permissionview_role,
    assoc_user_role,
)
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Date,
    Integer,
    ScalarSelect,
    Select,
    String,
    and_,
    bindparam,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    true,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import joinedload
from werkzeug.exceptions import SecurityError

from portal.accounts import roles, second_factor, sessions, sign_in_rules
from portal.accounts.places import Place
from portal.accounts.sign_in import SignInView
from portal.core import clock, scope
from portal.core.reach import NOTHING, Reach
from portal.core.scope import Principal
from portal.core.views.web import for_programs
from portal.extensions import db
from portal.org.accounts import AccountGrant, AccountProfile, EndedSession, RoleScope, SecondFactor, SignInRules
from portal.org.models import Area, Unit

WHO = "the scope follows from who acts, which is being asked; of accounts, roles and the tree of units"
# What is the same for everybody and asks nothing about them.
IMPERSONAL = {"static", "appbuilder.static", "healthz", "readyz"}
# What needs no signing in.
OPEN = {"SignInView.login", "SignInView.code", "LanguageView.index", *IMPERSONAL} | {
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
        """The active user of a session that holds, with their profile, in one statement."""
        with scope.unscoped(WHO):
            found = db.session.execute(_user_of_session(), {"pk": int(pk), "session": sessions.name()}).first()
        if found is None or not sessions.holds(found[0], found[1].session_epoch if found[1] else 0):
            return None
        user, profile, rules, g.has_second_factor = found
        if not sign_in_rules.admits(rules) or sign_in_rules.elsewhere(rules, profile):
            return None
        sessions.seen(user)
        g.profile, g.sign_in_rules = profile, rules
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
def _user_of_session() -> Select[tuple[User, AccountProfile, SignInRules, bool]]:
    """Asked at every request, as `_held_by` is, and therefore built once."""
    ended = select(EndedSession.name).where(EndedSession.name == bindparam("session"))
    factor = select(SecondFactor.id).where(SecondFactor.user_id == User.id, SecondFactor.secret.is_not(None))
    return (
        select(User, AccountProfile, SignInRules, factor.exists())
        .outerjoin(AccountProfile, AccountProfile.user_id == User.id)
        .outerjoin(SignInRules, true())
        .options(
            joinedload(AccountProfile.unit).load_only(Unit.full_name, Unit.short_name),
            joinedload(AccountProfile.area).load_only(Area.name, Area.kind),
        )
        .where(User.id == bindparam("pk"), User.active.is_(True), ~ended.exists())
    )


class Right(NamedTuple):
    """Verbs on a ledger with the scope that they reach, by a role or (`role` empty) granted to the account itself."""

    role: str
    ledger: str | None
    verbs: str | None
    scope: str | None
    unit_ids: list[int] | None
    # The last day of what is granted for a time.
    until: date | None


def _rights() -> Select[*tuple[Any, ...]]:
    """Every right of every role."""
    for_good = type_coerce(null(), Date)
    return (
        select(Role.name, ViewMenu.name, Permission.name, RoleScope.scope, RoleScope.unit_ids, for_good)
        .select_from(Role)
        .outerjoin(assoc_permissionview_role, assoc_permissionview_role.c.role_id == Role.id)
        .outerjoin(PermissionView, PermissionView.id == assoc_permissionview_role.c.permission_view_id)
        .outerjoin(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
        .outerjoin(Permission, Permission.id == PermissionView.permission_id)
        .outerjoin(RoleScope, and_(RoleScope.role_id == Role.id, RoleScope.ledger == ViewMenu.name))
    )


def _grants() -> Select[*tuple[Any, ...]]:
    """What holds `today` of what accounts were granted beyond their roles."""
    held = (AccountGrant.ledger, AccountGrant.verbs, AccountGrant.scope, AccountGrant.unit_ids, AccountGrant.until)
    return select(literal(""), *held).where(*_lasting())


def _lasting() -> tuple[ColumnElement[bool], ...]:
    today = bindparam("today", type_=Date())
    return AccountGrant.since <= today, or_(AccountGrant.until.is_(None), AccountGrant.until >= today)


def _absorbed() -> ScalarSelect[str]:
    """The ids of the units that went over into the account's own, and into those, with commas between."""
    tree = select(Unit.id).where(Unit.merged_into_id == bindparam("unit", type_=Integer())).cte(recursive=True)
    tree = tree.union(select(Unit.id).join(tree, Unit.merged_into_id == tree.c.id))
    return select(func.aggregate_strings(cast(tree.c.id, String), ",")).scalar_subquery()


@cache
def _held_by() -> CompoundSelect[*tuple[Any, ...]]:
    """The rights of one account and what its unit absorbed: `user`, `unit` and `today` are filled in."""
    held = _rights().join(assoc_user_role, assoc_user_role.c.role_id == Role.id)
    arms = (
        held.where(assoc_user_role.c.user_id == bindparam("user")),
        _grants().where(AccountGrant.user_id == bindparam("user")),
    )
    return union_all(*(arm.add_columns(_absorbed()) for arm in arms))


def principal_of(user: User, profile: AccountProfile | None) -> Principal:
    """What this user may, by roles and grants: one statement, and one more for each tree that a scope goes down."""
    unit_id = profile.unit_id if profile else None
    with scope.unscoped(WHO):
        rows = db.session.execute(_held_by(), {"user": user.id, "unit": unit_id, "today": clock.today()}).all()
    rights = [Right(*row[:-1]) for row in rows]
    merged = rows[0][-1] if rows else None
    place = Place(user.id, profile, map(int, merged.split(",")) if merged else ())
    return Principal(
        user_id=user.id,
        username=user.username,
        name=user.first_name or "",
        unit_id=place.unit_id,
        unit_name=str(profile.unit) if profile and profile.unit else "",
        unit_short=profile.unit.short_name if profile and profile.unit else "",
        org_id=place.org_id,
        area_id=place.area_id,
        roles=frozenset(right.role for right in rights if right.role),
        grants=reaches(rights, place),
    )


def rights_by_account(only: int | None = None) -> dict[int, list[Right]]:
    """The rights of every account, or of one: two statements."""
    held = _rights().join(assoc_user_role, assoc_user_role.c.role_id == Role.id)
    found: dict[int, list[Right]] = {}
    for query, owner in ((held, assoc_user_role.c.user_id), (_grants(), AccountGrant.user_id)):
        of_all = query.add_columns(owner)
        asked = of_all if only is None else of_all.where(owner == only)
        for *right, user_id in db.session.execute(asked, {"today": clock.today()}):
            found.setdefault(user_id, []).append(Right(*right))
    return found


def rights_of_roles() -> list[Right]:
    """The rights of every role: one statement."""
    return [Right(*row) for row in db.session.execute(_rights())]


def lent_to() -> set[int]:
    """The accounts that were granted something which holds today."""
    granted = select(AccountGrant.user_id).where(*_lasting())
    return set(db.session.scalars(granted, {"today": clock.today()}))


def counted(rights: Iterable[Right]) -> Iterator[tuple[str, str, Right]]:
    """(ledger, verb, right) of all that counts: what a role is barred from does not."""
    rights = list(rights)
    desks = {desk.name: desk for desk in roles.desks()}
    business = [name for name, desk in desks.items() if roles.business(desk)]
    codes = {right.role for right in rights if right.role}
    for right in rights:
        if roles.switched_off(right.role):
            continue
        for ledger in business if right.ledger == "*" else [right.ledger or ""]:
            if ledger not in desks:
                continue
            desk = desks[ledger]
            barred = roles.barred(right.role, desk) if right.role else roles.barred_from_grants(codes, desk)
            for verb in (right.verbs or "").removeprefix("can_").split(","):
                if verb not in barred:
                    yield ledger, verb, right


def reaches(rights: Iterable[Right], place: Place) -> dict[tuple[str, str], Reach]:
    """How far each right reaches; roles and grants add up, each within its own scope."""
    found: dict[tuple[str, str], Reach] = {}
    for ledger, verb, right in counted(rights):
        reach = place.reach(right.scope or "none", verb, tuple(right.unit_ids or ()))
        if right.scope in ("counterpart", "area") and not reach:
            continue
        found[ledger, verb] = found.get((ledger, verb), NOTHING) | reach
    return found


def act_as(username: str) -> Principal:
    """The principal of a named account, for commands and jobs. Raises LookupError when there is none."""
    query = select(User, AccountProfile).outerjoin(AccountProfile, AccountProfile.user_id == User.id)
    found = db.session.execute(query.where(User.username == username, User.active.is_(True))).first()
    if found is None:
        raise LookupError(username)
    return principal_of(found[0], found[1])


def acting_of(user_id: int) -> Principal:
    """The principal of an account by its id, for what it asked for. Raises LookupError when there is none."""
    username = db.session.scalar(select(User.username).where(User.id == user_id))
    return act_as(username or "")


def identify() -> ResponseReturnValue | None:
    """Before every request: who acts. Whoever is not signed in gets the sign-in page, whatever they asked for."""
    signed_in = request.endpoint not in IMPERSONAL and current_user.is_authenticated
    principal = principal_of(current_user, g.get("profile")) if signed_in else scope.NOBODY
    g.acting = scope.enter(principal)
    foreign = isinstance(request.routing_exception, SecurityError)  # a host that is not ours: Flask says so
    if signed_in and (first := before_all_else(principal)):
        return first
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
    app.before_request(identify)
    app.teardown_request(forget)
