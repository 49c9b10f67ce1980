"""All roles beside each other: who has one right on which ledger, to be given and taken at one place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from portal.core.access import scope
from portal.core.declaration.ledger import Ledger
from portal.extensions import db
from portal.org.account_profiles import RoleScope
from portal.permissions import effective_rights, right_words, roles

FIRST = "edit"


@dataclass(frozen=True)
class Cell:
    """A role and a ledger. `fixed`: can it never be ticked here? `placeless`: whose records it would reach is to be
    chosen first, on the page of the role."""

    role: Role
    name: str
    held: bool
    fixed: bool
    placeless: bool


def right_asked() -> str:
    asked = request.args.get("right", FIRST)
    return asked if asked in roles.DESK_VERBS else FIRST


def table(right: str, columns: Iterable[Role], own: Iterable[int]) -> list[tuple[str, list[tuple[Any, list[Cell]]]]]:
    """(group, [(ledger, its cells)]) of the ledgers that know this right. Roles of `own` ids are only looked at."""
    held = {(each.role, each.ledger) for each in effective_rights.rights_of_roles() if each.verbs == f"can_{right}"}
    kept = select(RoleScope.role_id, RoleScope.ledger).where(RoleScope.scope != "none")
    placed = {(role_id, ledger) for role_id, ledger in db.session.execute(kept)}
    fixed, columns = set(own), list(columns)
    found: dict[str, list[tuple[Any, list[Cell]]]] = {}
    for desk in roles.desks():
        if right not in desk.verbs:
            continue
        name = right_words.name_of(desk, right)
        cells = []
        for role in columns:
            barred = right in roles.barred(role.name, desk)
            has = (role.name, desk.name) in held and not barred
            lost = desk.scoped and (role.id, desk.name) not in placed
            cells.append(Cell(role, name, has, barred or role.id in fixed, lost))
        found.setdefault(str(desk.group) if isinstance(desk, Ledger) else "", []).append((desk, cells))
    return list(found.items())


def changes(right: str) -> dict[int, set[str]]:
    """The ledgers on which the posted page gives the right to a role or takes it, by the id of the role. What others
    changed since the page was shown stays: only what differs from the page counts."""
    found: dict[int, set[str]] = {}
    names = {desk.name for desk in roles.desks() if right in desk.verbs}
    for text in set(request.form.getlist("given")) ^ set(request.form.getlist("was")):
        id_, _, ledger = text.partition("-")
        if id_.isdecimal() and len(id_) < 10 and ledger in names:
            found.setdefault(int(id_), set()).add(ledger)
    return found


def roles_of(ids: Iterable[int]) -> list[Role]:
    query = select(Role).where(Role.id.in_(ids), Role.name.not_in(roles.HIDDEN))
    return list(db.session.scalars(query.order_by(Role.id).options(selectinload(Role.permissions))))


def own_ids(every: Iterable[Role], is_own: Any) -> set[int]:
    """Roles that the user holds, or all where the user only looks."""
    looking = not scope.current().may("edit", "roles")
    return {role.id for role in every if looking or is_own(role)}
