"""The role pages: ledger by right, with presets that an office clerk understands. What is ticked holds at once."""

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
from portal.core.audit import audit_log
from portal.core.declaration.ledger import Ledger
from portal.extensions import db
from portal.org.account_profiles import RoleScope
from portal.permissions import (
    right_words,
    role_matrix,
    role_overview,
    roles,
    separation_of_duties,
    temporary_grants,
    view_as,
)
from portal.permissions.grant_log import Held, tell_rights
from portal.permissions.input_faults import personal_fault


class RolesView(BaseView):
    route_base = "/roles"
    class_permission_name = "roles"
    method_permission_name = {"list": "read", "show": "read"} | dict.fromkeys(
        ("spread", "add", "edit", "view_as"), "edit"
    )
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
        rows, right = db.session.execute(query).all(), role_overview.right_asked()
        every = [role for role, _ in rows]
        return render_template(
            "roles/list.html",
            rows=rows,
            label_of=roles.label_of,
            purposes=right_words.PURPOSES,
            rights=roles.DESK_VERBS,
            right=right,
            groups=role_overview.table(right, every, role_overview.own_ids(every, is_own)),
        )

    @expose("/spread/<string:right>", methods=["POST"])
    @has_access
    def spread(self, right: str) -> ResponseReturnValue:
        """Give and take one right of several roles, as the page of all roles was ticked."""
        asked = role_overview.changes(right)
        changed = role_overview.roles_of(asked)
        if any(is_own(role) for role in changed):
            abort(403)
        for role in changed:
            turn(self.appbuilder.sm, role, right, asked[role.id])
        db.session.flush()
        fault = next(filter(None, map(fault_of, changed)), "")
        if fault:
            db.session.rollback()
            flash(fault, "error")
        else:
            db.session.commit()
            flash(gettext("Saved. The rights hold from the next page on."), "success")
        return redirect(url_for("RolesView.list", right=right))

    @expose("/show/<int:pk>")
    @has_access
    def show(self, pk: int) -> ResponseReturnValue:
        return matrix_page(role_or_404(pk), editing=False)

    @expose("/view_as/<int:pk>", methods=["POST"])
    @has_access
    def view_as(self, pk: int) -> ResponseReturnValue:
        """Look at the portal as this role, until `view_end` or signing out."""
        role = role_or_404(pk)
        if not view_as.begin(role, request.form.get("place", "")):
            abort(404)
        audit_log.log_and_commit("view_as", "ab_role", record_id=pk, root_id=pk, title=roles.label_of(role.name))
        return redirect(url_for("WorkspaceView.index"))

    @expose("/view_end", methods=["POST"])
    def view_end(self) -> ResponseReturnValue:
        """See as oneself again: for whoever is signed in, since the role that is looked at may do nothing here."""
        if (preview := view_as.of_request()) is not None:
            view_as.end()
            audit_log.log_and_commit("view_as_ended", "ab_role", title=preview.role)
        elif not scope.current().may("edit", "roles"):
            abort(403)
        return redirect(url_for("WorkspaceView.index"))

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


def asked_for(role: Any, desk: Ledger | roles.Desk) -> tuple[set[str], str]:
    """The verbs and the scope that were posted; a preset chosen without JavaScript wins over the ticks."""
    verbs = {verb for verb in desk.verbs if request.form.get(f"{desk.name}-{verb}")}
    reach = request.form.get(f"{desk.name}-scope", "none")
    chosen = request.form.get(f"{desk.name}-preset")
    preset = next((p for p in role_matrix.presets(role.name, desk) if p.name == chosen), None)
    if preset:
        verbs, reach = {verb for verb in preset.verbs if verb in desk.verbs}, preset.scope
    return verbs, reach if reach in roles.scopes_of(desk) else "none"


def take(security: Any, role: Any, desk: Ledger | roles.Desk) -> None:
    """Make the role's rights on this desk what was asked for, within what the role may ever have."""
    if f"{desk.name}-posted" not in request.form:
        return
    verbs, reach = asked_for(role, desk)
    units = temporary_grants.chosen_units(set(request.form.getlist("units"))) if reach == "custom" else []
    put(security, role, desk, Held(frozenset(verbs), reach, tuple(units)))


def turn(security: Any, role: Any, right: str, ledgers: set[str]) -> None:
    """Give the role the right on these ledgers where it has it not, and take it where it has; whose records they are
    stays. Nothing is given where no records would be reached."""
    for desk in roles.desks():
        if desk.name in ledgers:
            before = held_on(role, desk)
            if not desk.scoped or before.scope != "none":
                put(security, role, desk, before._replace(verbs=before.verbs ^ {right}))


def held_on(role: Any, desk: Ledger | roles.Desk) -> Held:
    held = (right.permission.name for right in role.permissions if right.view_menu.name == desk.name)
    row = scope_row(role, desk)
    verbs = frozenset(name.removeprefix("can_") for name in held)
    return Held(verbs, row.scope if row else "none", tuple(row.unit_ids or ()) if row else ())


def scope_row(role: Any, desk: Ledger | roles.Desk) -> RoleScope | None:
    query = select(RoleScope).where(RoleScope.role_id == role.id, RoleScope.ledger == desk.name)
    return db.session.scalars(query).first()


def put(security: Any, role: Any, desk: Ledger | roles.Desk, wanted: Held) -> None:
    """Store what a role has on a desk, within what it may ever have, and tell the trail."""
    before, row = held_on(role, desk), scope_row(role, desk)
    verbs = wanted.verbs - roles.barred(role.name, desk)
    kept = [right for right in role.permissions if right.view_menu.name != desk.name]
    given = [security.find_permission_view_menu(f"can_{verb}", desk.name) for verb in sorted(verbs)]
    role.permissions = [*kept, *filter(None, given)]
    reach = wanted.scope if desk.scoped else "all" if verbs else "none"
    units = list(wanted.unit_ids) if reach == "custom" else None
    if row is not None:
        row.scope, row.unit_ids = reach, units
    elif reach != "none":
        db.session.add(RoleScope(role_id=role.id, ledger=desk.name, scope=reach, unit_ids=units))
    tell_rights(role, desk, before, Held(frozenset(verbs), reach, tuple(units or ())))


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
    reaches = {desk: scopes.get(desk.name, "none") for desk in roles.desks()}
    rows = [role_matrix.row(role.name, desk, held.get(desk.name, set()), reach) for desk, reach in reaches.items()]
    return render_template(
        "roles/edit.html",
        role=role,
        editing=editing,
        own=is_own(role),
        fault=fault,
        label=roles.label_of(role.name),
        purpose=right_words.PURPOSES.get(role.name, ""),
        units=temporary_grants.unit_tree(),
        places=view_as.places() if scope.current().may("edit", "roles") else (),
        chosen={str(id_) for each in kept for id_ in each.unit_ids or ()},
        **role_matrix.context(rows),
    )
