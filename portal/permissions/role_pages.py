"""The role page: ledger by verb, with presets that an office clerk understands. What is ticked holds at once."""

from __future__ import annotations

import re
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_appbuilder.security.decorators import has_access
from flask_appbuilder.security.sqla.models import Role, User
from flask_babel import gettext
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from portal.core.access import scope
from portal.core.declaration.ledger import Ledger
from portal.extensions import db
from portal.org.account_profiles import RoleScope
from portal.permissions import roles, separation_of_duties, temporary_grants
from portal.permissions.grant_log import Held, tell_rights
from portal.permissions.input_faults import personal_fault


class RolesView(BaseView):
    route_base = "/roles"
    class_permission_name = "roles"
    method_permission_name = {"list": "read", "add": "edit", "edit": "edit", "show": "read"}
    base_permissions = ["can_read", "can_edit"]

    @expose("/list/")
    @has_access
    def list(self) -> ResponseReturnValue:
        query = (
            select(Role, func.count(User.id))
            .outerjoin(User, Role.user)
            .where(Role.name.not_in(roles.HIDDEN))
            .group_by(Role.id)
            .order_by(Role.id)
        )
        rows = db.session.execute(query).all()
        return render_template("roles/list.html", rows=rows, label_of=roles.label_of)

    @expose("/show/<int:pk>")
    @has_access
    def show(self, pk: int) -> ResponseReturnValue:
        return matrix_page(role_or_404(pk), editing=False)

    @expose("/add", methods=["GET", "POST"])
    @has_access
    def add(self) -> ResponseReturnValue:
        name, fault = request.form.get("name", "").strip(), ""
        if request.method == "POST":
            if not re.fullmatch(r"[\w\- ]{2,40}", name):
                fault = gettext("Two to forty letters, digits or spaces, please.")
            elif name in roles.BY_CODE or is_taken(name):
                fault = gettext("There is a role of this name already.")
            else:
                fault = personal_fault(name)
            if not fault:
                role = Role(name=name)
                db.session.add(role)
                db.session.commit()
                return redirect(url_for("RolesView.edit", pk=role.id))
        return render_template("roles/add.html", name=name, fault=fault)

    @expose("/edit/<int:pk>", methods=["GET", "POST"])
    @has_access
    def edit(self, pk: int) -> ResponseReturnValue:
        role = role_or_404(pk)
        if is_own(role):
            return matrix_page(role, editing=False) if request.method == "GET" else abort(403)
        fault = ""
        if request.method == "POST":
            for desk in roles.desks():
                take(self.appbuilder.sm, role, desk)
            db.session.flush()
            fault = fault_of(role)
            if not fault:
                db.session.commit()
                flash(gettext("Saved. The rights hold from the next page on."), "success")
                return redirect(url_for("RolesView.edit", pk=pk))
        page = matrix_page(role, editing=True, fault=fault)  # with what was ticked
        db.session.rollback()
        return page


def is_own(role: Any) -> bool:
    """Nobody gives rights to themselves, but the administrator of an office that has no other."""
    return role.name in scope.current().roles and role.name != separation_of_duties.COMBINED


def fault_of(role: Any) -> str:
    """Why what was ticked cannot be saved; nothing when it can."""
    chosen = db.session.scalars(select(RoleScope).where(RoleScope.role_id == role.id, RoleScope.scope == "custom"))
    if not all(each.unit_ids for each in chosen):
        return gettext("Please choose at least one unit.")
    return separation_of_duties.fault_of_role(role) or ("" if somebody_keeps_roles() else nobody_left())


def is_taken(name: str) -> bool:
    return db.session.scalars(select(Role.id).where(func.lower(Role.name) == name.lower())).first() is not None


def nobody_left() -> str:
    return gettext("Nobody could change rights any more, so nothing was saved.")


def role_or_404(pk: int) -> Any:
    query = select(Role).where(Role.id == pk, Role.name.not_in(roles.HIDDEN)).options(selectinload(Role.permissions))
    found = db.session.scalars(query).first() if pk < 2**31 else None
    return found if found is not None else abort(404)


def asked_for(desk: Ledger | roles.Desk) -> tuple[set[str], str]:
    """The verbs and the scope that were posted; a preset chosen without JavaScript wins over the ticks."""
    verbs = {verb for verb in desk.verbs if request.form.get(f"{desk.name}-{verb}")}
    reach = request.form.get(f"{desk.name}-scope", "none")
    preset = next((p for p in roles.PRESETS if p.name == request.form.get(f"{desk.name}-preset")), None)
    if preset:
        verbs, reach = {verb for verb in preset.verbs if verb in desk.verbs}, preset.scope
    return verbs, reach if reach in roles.scopes_of(desk) else "none"


def take(security: Any, role: Any, desk: Ledger | roles.Desk) -> None:
    """Make the role's rights on this desk what was asked for, within what the role may ever have."""
    if f"{desk.name}-posted" not in request.form:
        return
    verbs, reach = asked_for(desk)
    verbs -= roles.barred(role.name, desk)
    held = {
        right.permission.name.removeprefix("can_") for right in role.permissions if right.view_menu.name == desk.name
    }
    kept = [right for right in role.permissions if right.view_menu.name != desk.name]
    given = [security.find_permission_view_menu(f"can_{verb}", desk.name) for verb in sorted(verbs)]
    role.permissions = [*kept, *filter(None, given)]
    row = db.session.scalars(
        select(RoleScope).where(RoleScope.role_id == role.id, RoleScope.ledger == desk.name)
    ).first()
    before = Held(frozenset(held), row.scope if row else "none", tuple(row.unit_ids or ()) if row else ())
    wanted = reach if desk.scoped else "all" if verbs else "none"
    units = temporary_grants.chosen_units(set(request.form.getlist("units"))) if wanted == "custom" else None
    if row is not None:
        row.scope, row.unit_ids = wanted, units
    elif wanted != "none":
        db.session.add(RoleScope(role_id=role.id, ledger=desk.name, scope=wanted, unit_ids=units))
    tell_rights(role, desk, before, Held(frozenset(verbs), wanted, tuple(units or ())))


def somebody_keeps_roles() -> bool:
    """Does an active account hold the right to change rights? Asked one after the other, so that no two people take
    it from each other."""
    db.session.execute(select(Role.id).where(Role.name == "sec_admin").with_for_update(key_share=True))
    query = select(User).where(User.active.is_(True)).options(selectinload(User.roles).selectinload(Role.permissions))
    query = query.execution_options(populate_existing=True)
    return any(
        right.view_menu.name == "roles" and right.permission.name == "can_edit"
        for user in db.session.scalars(query)
        for role in user.roles
        if not roles.switched_off(role.name) and "edit" not in roles.barred(role.name, roles.DESKS[1])
        for right in role.permissions
    )


def matrix_page(role: Any, *, editing: bool, fault: str = "") -> ResponseReturnValue:
    held: dict[str, set[str]] = {}
    for right in role.permissions:
        held.setdefault(right.view_menu.name, set()).add(right.permission.name.removeprefix("can_"))
    kept = list(db.session.scalars(select(RoleScope).where(RoleScope.role_id == role.id)))
    scopes = {each.ledger: each.scope for each in kept}
    rows = [row(role.name, desk, held.get(desk.name, set()), scopes.get(desk.name, "none")) for desk in roles.desks()]
    return render_template(
        "roles/edit.html",
        role=role,
        rows=rows,
        editing=editing,
        own=is_own(role),
        fault=fault,
        verbs=roles.DESK_VERBS,
        label=roles.label_of(role.name),
        units=temporary_grants.unit_tree(),
        chosen={str(id_) for each in kept for id_ in each.unit_ids or ()},
    )


def row(code: str, desk: Ledger | roles.Desk, held: set[str], reach: str) -> dict[str, Any]:
    barred = roles.barred(code, desk)
    offered = [preset for preset in roles.PRESETS if _fits(preset, desk)] if isinstance(desk, Ledger) else []
    scopes = roles.scopes_of(desk)
    return {"desk": desk, "held": held - barred, "barred": barred, "scope": reach, "scopes": scopes, "presets": offered}


def _fits(preset: roles.Preset, desk: Ledger | roles.Desk) -> bool:
    """Presets by scope make sense only where records belong to units."""
    return desk.scoped or preset.name in ("view", "keep_all", "nothing")
