"""Effective rights: what the roles of an account and its grants beyond them allow, by the rows of Flask-AppBuilder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cache, lru_cache
from typing import Any, NamedTuple

from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    Role,
    User,
    ViewMenu,
    assoc_permissionview_role,
    assoc_user_role,
)
from sqlalchemy import (
    ColumnElement,
    Date,
    ScalarSelect,
    Select,
    String,
    and_,
    bindparam,
    cast,
    literal,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)

from portal.core import clock
from portal.core.access import scope
from portal.core.access.row_scope import NOTHING, RowScope
from portal.core.access.scope import Principal
from portal.extensions import db
from portal.json_rows import json_rows, rows_of
from portal.org.account_profiles import AccountGrant, AccountProfile, RoleScope
from portal.org.models import Unit
from portal.permissions import roles
from portal.permissions.data_scopes import LOOKED_UP, Account, Place

WHO = "the scope follows from who acts, which is being asked; of accounts, roles and the tree of units"


class Right(NamedTuple):
    """Verbs on a ledger with the scope that they reach, by a role or (`role` empty) granted to the account itself."""

    role: str
    ledger: str | None
    verbs: str | None
    scope: str | None
    unit_ids: Sequence[int] | None
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
    """The ids of the units that went over into the account's own, and into those."""
    own = select(AccountProfile.unit_id).where(AccountProfile.user_id == bindparam("user")).scalar_subquery()
    tree = select(Unit.id).where(Unit.merged_into_id == own).cte(recursive=True)
    tree = tree.union(select(Unit.id).join(tree, Unit.merged_into_id == tree.c.id))
    return json_rows(select(tree.c.id))


@cache
def held_by() -> tuple[ScalarSelect[str], ScalarSelect[str]]:
    """Columns for a statement that asks for an account anyway, with `user` and `today` filled in: its rights, and the
    units that its own absorbed. They make a `Held`."""
    of_roles = _rights().join(assoc_user_role, assoc_user_role.c.role_id == Role.id)
    arms = (
        of_roles.where(assoc_user_role.c.user_id == bindparam("user")),
        _grants().where(AccountGrant.user_id == bindparam("user")),
    )
    return json_rows(union_all(*(arm.with_only_columns(*_texts(arm)) for arm in arms))), _absorbed()


def _texts(arm: Select[*tuple[Any, ...]]) -> list[ColumnElement[str]]:
    """What a `Right` is made of, but for the last day."""
    columns = zip(Right._fields[:-1], arm.selected_columns, strict=False)
    return [cast(column, String).label(name) for name, column in columns]


class Held(NamedTuple):
    """What the columns of `held_by` hold."""

    rights: str | None
    absorbed: str | None


def held(user: User) -> Held:
    asked = {"user": user.id, "today": clock.today()}
    with scope.unscoped(WHO):
        return Held(*db.session.execute(select(*held_by()), asked).one())


def principal_of(user: User, profile: AccountProfile | None, found: Held) -> Principal:
    """What this user may, by roles and grants. Asks nothing but for each tree that a scope goes down."""
    account = _account(user, profile, found.absorbed)
    rights, looking_up = _read(found.rights)
    if looking_up:
        return _principal(account, rights)
    return _kept_principal(account, found.rights, clock.today(), roles.desks(), roles.switched_off("admin"))


@lru_cache(1024)
def _read(text: str | None) -> tuple[tuple[Right, ...], bool]:
    """The rights, and whether some of them reach what a scope looks up."""
    rights = tuple(
        Right(role, desk, verbs, reach, tuple(json.loads(ids or "null") or ()), None)
        for role, desk, verbs, reach, ids in rows_of(text)
    )
    return rights, any(right.scope in LOOKED_UP for right in rights)


def _account(user: User, profile: AccountProfile | None, absorbed: str | None) -> Account:
    name = user.first_name or ""
    if profile is None:
        return Account(user.id, user.username, name)
    unit, area = profile.unit, profile.area
    return Account(
        *(user.id, user.username, name),
        *(profile.unit_id, str(unit) if unit else "", unit.short_name if unit else ""),
        *(profile.org_id, profile.area_id, area.kind if area else ""),
        tuple(id_ for (id_,) in rows_of(absorbed)),
    )


def _principal(account: Account, rights: Iterable[Right]) -> Principal:
    return Principal(
        user_id=account.user_id,
        username=account.username,
        name=account.name,
        unit_id=account.unit_id,
        unit_name=account.unit_name,
        unit_short=account.unit_short,
        org_id=account.org_id,
        area_id=account.area_id,
        roles=frozenset(right.role for right in rights if right.role),
        grants=reaches(rights, Place(account)),
    )


@lru_cache(1024)
def _kept_principal(account: Account, rights: str | None, *_depends_on: Any) -> Principal:
    """The principal of an account whose scopes look nothing up: it follows from these arguments alone, which were just
    read. `_depends_on`: the day, all desks, and whether the combined administrator is switched off."""
    return _principal(account, _read(rights)[0])


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


def reaches(rights: Iterable[Right], place: Place) -> dict[tuple[str, str], RowScope]:
    """How far each right reaches; roles and grants add up, each within its own scope."""
    found: dict[tuple[str, str], RowScope] = {}
    for ledger, verb, right in counted(rights):
        reach = place.reach(right.scope or "none", verb, tuple(right.unit_ids or ()))
        if right.scope in ("counterpart", "area") and not reach:
            continue
        found[ledger, verb] = found.get((ledger, verb), NOTHING) | reach
    return found
