"""Who is signed in and what they may: Flask-AppBuilder's users, roles and permission rows, read once a request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextvars import Token
from dataclasses import replace
from typing import Any

from flask import Flask, g, redirect, request, url_for
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
from flask_login import current_user
from sqlalchemy import Select, and_, select
from sqlalchemy.orm import joinedload
from werkzeug.exceptions import SecurityError

from portal.accounts import roles
from portal.accounts.sign_in import SignInView
from portal.core import scope
from portal.core.scope import Principal, Reach
from portal.extensions import db
from portal.org.accounts import AccountProfile, RoleScope
from portal.org.models import Area, PartyOrg, Unit

# What is the same for everybody and asks nothing about them.
IMPERSONAL = {"static", "appbuilder.static", "healthz", "readyz"}
# What needs no signing in.
OPEN = {"SignInView.login", "LanguageView.index", *IMPERSONAL}


class PortalSecurityManager(SecurityManager):
    """Mounts the sign-in page and nothing else of Flask-AppBuilder's security pages and APIs."""

    def register_views(self) -> None:
        self.auth_view = self.appbuilder.add_view_no_menu(SignInView)

    def load_user(self, pk: str) -> User | None:
        """The active user with their profile, in one statement."""
        query = (
            select(User, AccountProfile)
            .outerjoin(AccountProfile, AccountProfile.user_id == User.id)
            .options(
                joinedload(AccountProfile.unit).load_only(Unit.full_name),
                joinedload(AccountProfile.area).load_only(Area.name, Area.kind),
            )
            .where(User.id == int(pk), User.active.is_(True))
        )
        found = db.session.execute(query).first()
        if found is None:
            return None
        g.profile = found[1]
        return found[0]

    def has_access(self, permission_name: str, view_name: str) -> bool:
        return scope.current().may(permission_name.removeprefix("can_"), view_name)

    def security_cleanup(self, baseviews: Any, menus: Any) -> None:
        """Flask-AppBuilder would delete the rights of ledgers that this process does not serve."""


def _rights() -> Select[Any]:
    """(role, ledger, permission, scope) of every right of every role."""
    return (
        select(Role.name, ViewMenu.name, Permission.name, RoleScope.scope)
        .select_from(Role)
        .outerjoin(assoc_permissionview_role, assoc_permissionview_role.c.role_id == Role.id)
        .outerjoin(PermissionView, PermissionView.id == assoc_permissionview_role.c.permission_view_id)
        .outerjoin(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
        .outerjoin(Permission, Permission.id == PermissionView.permission_id)
        .outerjoin(RoleScope, and_(RoleScope.role_id == Role.id, RoleScope.ledger == ViewMenu.name))
    )


def principal_of(user: User, profile: AccountProfile | None) -> Principal:
    """What this user may, from the permission rows of their roles: one statement."""
    held = _rights().join(assoc_user_role, assoc_user_role.c.role_id == Role.id)
    rows = db.session.execute(held.where(assoc_user_role.c.user_id == user.id)).all()
    found = principal_with(user, profile, rows)
    return replace(found, orgs=_orgs_of(profile.area)) if found.counter and profile else found


def rights_by_role() -> dict[str, list[Any]]:
    """The rows of every role, for `principal_with`: one statement for all accounts."""
    found: dict[str, list[Any]] = {}
    for row in db.session.execute(_rights()):
        found.setdefault(row[0], []).append(row)
    return found


def principal_with(user: User, profile: AccountProfile | None, rows: Sequence[Any]) -> Principal:
    """What this user may with these rows of their roles, all but the Party organisations that they stand for."""
    unit_id = profile.unit_id if profile else None
    counter = _as_other_party(rows) if profile and profile.area_id else frozenset()
    return Principal(
        user_id=user.id,
        username=user.username,
        name=user.first_name or "",
        unit_id=unit_id,
        unit_name=str(profile.unit) if profile and profile.unit else "",
        area_id=profile.area_id if profile else None,
        roles=frozenset(role for role, *_ in rows),
        grants=_grants(rows, unit_id),
        counter=counter,
        areas=frozenset({profile.area_id}) if counter and profile and profile.area_id else frozenset(),
    )


def _as_other_party(rows: Iterable[Any]) -> frozenset[tuple[str, str]]:
    """(ledger, verb) of what is allowed where the account's community is the other party."""
    desks = {desk.name: desk for desk in roles.desks()}
    found = ((role, ledger, (permission or "").removeprefix("can_")) for role, ledger, permission, _ in rows)
    reached = {(role, ledger) for role, ledger, _, reach in rows if reach == "counterpart"}
    return frozenset(
        (ledger, verb)
        for role, ledger, verb in found
        if (role, ledger) in reached and ledger in desks and verb not in roles.barred(role, desks[ledger])
    )


def _orgs_of(area: Area | None) -> frozenset[int]:
    """The Party organisations of a community; towns and zones are counterparts as areas only."""
    if area is None or area.kind != "community":
        return frozenset()
    return frozenset(db.session.scalars(select(PartyOrg.id).where(PartyOrg.community_id == area.id)))


def _grants(rows: Iterable[Any], unit_id: int | None) -> dict[tuple[str, str], Reach]:
    """Roles add up, each within its own reach; what a role is barred from does not count."""
    desks = {desk.name: desk for desk in roles.desks()}
    own: Reach = frozenset() if unit_id is None else frozenset({unit_id})
    grants: dict[tuple[str, str], Reach] = {}
    for role, ledger, permission, reach_name in rows:
        verb = (permission or "").removeprefix("can_")
        if ledger not in desks or roles.switched_off(role) or verb in roles.barred(role, desks[ledger]):
            continue
        if reach_name == "counterpart":
            continue
        reach = {"all": None, "unit": own}.get(reach_name, scope.NOTHING)
        before = grants.get((ledger, verb), scope.NOTHING)
        grants[ledger, verb] = None if reach is None or before is None else before | reach
    return grants


def act_as(username: str) -> Principal:
    """The principal of a named account, for commands and jobs. Raises LookupError when there is none."""
    query = select(User, AccountProfile).outerjoin(AccountProfile, AccountProfile.user_id == User.id)
    found = db.session.execute(query.where(User.username == username, User.active.is_(True))).first()
    if found is None:
        raise LookupError(username)
    return principal_of(found[0], found[1])


def identify() -> ResponseReturnValue | None:
    """Before every request: who acts. Whoever is not signed in gets the sign-in page, whatever they asked for."""
    signed_in = request.endpoint not in IMPERSONAL and current_user.is_authenticated
    principal = principal_of(current_user, g.get("profile")) if signed_in else scope.NOBODY
    g.acting = scope.enter(principal)
    foreign = isinstance(request.routing_exception, SecurityError)  # a host that is not ours: Flask says so
    if signed_in or foreign or request.endpoint in OPEN:
        return None
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("SignInView.login", next=wanted if wanted != "/" else None))


def forget(_fault: BaseException | None) -> None:
    token: Token[Principal] | None = g.pop("acting", None)
    if token is not None:
        scope.leave(token)


def install(app: Flask) -> None:
    app.before_request(identify)
    app.teardown_request(forget)
