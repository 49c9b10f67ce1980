"""Accounts: create, edit, deactivate, unlock; unit or area and roles of each."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_appbuilder.security.decorators import has_access
from flask_appbuilder.security.sqla.models import Role, User
from flask_babel import gettext, lazy_gettext
from flask_login import current_user
from sqlalchemy import func, or_, select
from sqlalchemy.orm import selectinload
from werkzeug.exceptions import BadRequest

from portal.accounts import passwords, resets
from portal.accounts.passwords import new_fault, put
from portal.accounts.sign_in import identities, lockout, second_factor, sessions
from portal.core import clock
from portal.core.access import scope
from portal.core.fields import BadValue, Link, active, clean, natural, org_link, unit_link
from portal.core.fields.links import PAGE
from portal.extensions import db
from portal.org.account_profiles import AccountProfile
from portal.org.models import Area
from portal.permissions import roles, separation_of_duties, temporary_grants
from portal.permissions.grant_log import log_account, tell_account, tell_roles
from portal.permissions.input_faults import personal_fault
from portal.permissions.role_pages import nobody_left, somebody_keeps_roles

PAGE_SIZE = 50
PLACES = {"unit_id": unit_link(), "org_id": org_link(), "area_id": Link(Area, "name", where=active)}

PLACE_LABELS = {
    "unit_id": lazy_gettext("Unit"),
    "org_id": lazy_gettext("Party organisation"),
    "area_id": lazy_gettext("Area"),
}


class AccountsView(BaseView):
    route_base = "/accounts"
    class_permission_name = "accounts"
    method_permission_name = {
        "list": "read",
        "add": "add",
        "edit": "edit",
        "grant": "grant",
        "lend": "grant",
        "end": "grant",
        "unlock": "grant",
        "end_sessions": "grant",
        "remove_factor": "grant",
        "release": "grant",
        "options": "read",
    }
    base_permissions = ["can_read", "can_add", "can_edit", "can_grant"]

    @expose("/list/")
    @has_access
    def list(self) -> ResponseReturnValue:
        q, page = clean(request.args.get("q", ""))[:50], natural(request.args.get("page", "0"))
        if page is None or page > 1_000_000:
            raise BadRequest(gettext("The address has a wrong parameter: %(name)s", name="page"))
        query = select(User, AccountProfile).outerjoin(AccountProfile, AccountProfile.user_id == User.id)
        if q:
            query = query.where(
                or_(User.username.icontains(q, autoescape=True), User.first_name.icontains(q, autoescape=True))
            )
        query = query.options(selectinload(User.roles)).order_by(User.username)
        found = db.session.execute(query.limit(PAGE_SIZE + 1).offset(page * PAGE_SIZE)).all()
        return render_template(
            "accounts/list.html",
            rows=found[:PAGE_SIZE],
            more=len(found) > PAGE_SIZE,
            page=page,
            q=q,
            label_of=roles.label_of,
            locked=lockout.locks([user.username for user, _ in found]),
        )

    @expose("/options/<string:name>")
    @has_access
    def options(self, name: str) -> ResponseReturnValue:
        kind = PLACES.get(name) or abort(404)
        found = kind.search(clean(request.args.get("q", ""))[:100])
        return {"results": [{"id": id_, "text": text} for id_, text in found], "more": len(found) == PAGE}

    @expose("/add", methods=["GET", "POST"])
    @has_access
    def add(self) -> ResponseReturnValue:
        """Nobody signs in by an account that was not authorised (`docs/domain` §4.1)."""
        return account_page(User(active=may_grant(), roles=[]), AccountProfile(waiting=not may_grant()))

    @expose("/edit/<int:pk>", methods=["GET", "POST"])
    @has_access
    def edit(self, pk: int) -> ResponseReturnValue:
        return account_page(*account_or_404(pk))

    @expose("/grant/<int:pk>", methods=["GET", "POST"])
    @has_access
    def grant(self, pk: int) -> ResponseReturnValue:
        """Which roles an account holds; nobody grants to themselves."""
        user, profile = account_or_404(pk)
        known = list(db.session.scalars(select(Role).where(Role.name.not_in(roles.HIDDEN)).order_by(Role.id)))
        asked = {str(role.id) for role in known if role.name in (profile.asked_roles or ())}
        fault, chosen, active = "", {str(role.id) for role in user.roles} | asked, user.active or profile.waiting
        if request.method == "POST":
            if user.id == current_user.id:
                abort(403)
            chosen, active = set(request.form.getlist("roles")), bool(request.form.get("active"))
            before, was_active = {role.name for role in user.roles}, user.active
            user.roles, user.active = [role for role in known if str(role.id) in chosen], active
            profile.waiting, profile.asked_roles = False, None
            fault = fault_of_roles(user)
            if not fault:
                tell_roles(user, before, {role.name for role in user.roles}, active=(was_active, active))
                db.session.commit()
                flash(gettext("Saved."), "success")
                if doubt := doubt_of_roles(user):
                    flash(doubt, "warning")
                return redirect(url_for("AccountsView.list"))
            db.session.rollback()
        return render_template(
            "accounts/grant.html",
            user=user,
            known=known,
            label_of=roles.label_of,
            fault=fault,
            chosen=chosen,
            active=active,
            beyond=[(row, temporary_grants.told(row)) for row in temporary_grants.grants_of(user)],
            today=clock.today(),
            locked=lockout.locked_until(user.username),
            factor=second_factor.of(user.id),
            identity=identities.of(user.id),
            to_the_minute=clock.to_the_minute,
            in_pair=resets.in_pair(user),
            sessions=len(sessions.listed(user.id)),
        )

    @expose("/lend/<int:pk>", methods=["GET", "POST"])
    @has_access
    def lend(self, pk: int) -> ResponseReturnValue:
        """Something beyond the roles, from one day to another."""
        user, _ = account_or_404(pk)
        typed = temporary_grants.Typed.posted() if request.method == "POST" else temporary_grants.Typed()
        if request.method == "POST":
            if user.id == current_user.id:
                abort(403)
            if temporary_grants.grant(user, typed):
                db.session.commit()
                flash(gettext("Granted."), "success")
                return redirect(url_for("AccountsView.grant", pk=pk))
        return render_template("accounts/lend.html", user=user, typed=typed, lending=temporary_grants)

    @expose("/lend/<int:pk>/end", methods=["POST"])
    @has_access
    def end(self, pk: int) -> ResponseReturnValue:
        user, _ = account_or_404(pk)
        if user.id == current_user.id:
            abort(403)
        grant_id = natural(request.form.get("grant", ""))
        if grant_id is None or not temporary_grants.end(user, grant_id):
            abort(404)
        db.session.commit()
        flash(gettext("Ended."), "success")
        return redirect(url_for("AccountsView.grant", pk=pk))

    @expose("/unlock/<int:pk>", methods=["POST"])
    @has_access
    def unlock(self, pk: int) -> ResponseReturnValue:
        """Whoever forgot a password too often may try again at once. Nobody by themselves: from a session that somebody
        left open, the password or the code could be guessed without end."""
        user, _ = account_or_404(pk)
        if user.id == current_user.id:
            abort(403)
        lockout.unlock(user.username)
        db.session.commit()
        flash(gettext("Unlocked."), "success")
        return redirect(url_for("AccountsView.grant", pk=pk))

    @expose("/end_sessions/<int:pk>", methods=["POST"])
    @has_access
    def end_sessions(self, pk: int) -> ResponseReturnValue:
        """Wherever somebody is signed in by the account, they have to sign in again."""
        user, _ = account_or_404(pk)
        sessions.end_all(user)
        log_account("sessions_ended", user)
        db.session.commit()
        flash(gettext("All sessions of this account have ended."), "success")
        return redirect(url_for("AccountsView.grant", pk=pk))

    @expose("/remove_factor/<int:pk>", methods=["POST"])
    @has_access
    def remove_factor(self, pk: int) -> ResponseReturnValue:
        """For whoever has lost the device and the recovery codes; an administrator's is removed by two."""
        told = gettext("The second factor is removed. Its user can set up another one.")
        return take_from(pk, second_factor.remove, told)

    @expose("/release/<int:pk>", methods=["POST"])
    @has_access
    def release(self, pk: int) -> ResponseReturnValue:
        """For a name that belongs to somebody else at the other system now; an administrator's is released by two."""
        told = gettext("Released. Whoever signs in next by this name there is bound to the account.")
        return take_from(pk, identities.release, told)


def take_from(pk: int, taken: Callable[[Any], None], told: str) -> ResponseReturnValue:
    """What somebody alone takes from an account by which others sign in; nobody does from their own."""
    user, _ = account_or_404(pk)
    if user.id == current_user.id or resets.in_pair(user):
        abort(403)
    taken(user)
    sessions.end_all(user)
    db.session.commit()
    flash(told, "success")
    return redirect(url_for("AccountsView.grant", pk=pk))


def account_or_404(pk: int) -> tuple[Any, AccountProfile]:
    query = select(User, AccountProfile).outerjoin(AccountProfile, AccountProfile.user_id == User.id)
    found = db.session.execute(query.where(User.id == pk)).first() if pk < 2**31 else None
    if found is None:
        abort(404)
    return found[0], found[1] or AccountProfile(user_id=pk)


def may_grant() -> bool:
    return scope.current().may("grant", "accounts")


def fault_of_roles(user: Any) -> str:
    """What is wrong with the roles that this account would hold, nothing when they are fine."""
    names = {role.name for role in user.roles}
    if names & roles.OFFICES and len(names) > 1:
        return gettext("One of the three administrators holds no other role, so nothing was saved.")
    db.session.flush()
    return separation_of_duties.fault_of_account(user) or ("" if somebody_keeps_roles() else nobody_left())


def doubt_of_roles(user: Any) -> str:
    """What to think twice about: small units may need it, and their exemption is another page's."""
    if {"unit_filler", "unit_reviewer"} <= {role.name for role in user.roles}:
        return gettext("This account now fills and reviews the same records of its unit.")
    return ""


def last_typed(name: str) -> str:
    """Without JavaScript a place comes as what was chosen and, when something was written beside it, as that."""
    return next((text for raw in reversed(request.form.getlist(name)) if (text := raw.strip())), "")


def account_page(user: Any, profile: AccountProfile) -> ResponseReturnValue:
    """The form of one account; roles are granted on a page of their own, by whoever may grant."""
    new = user.id is None
    typed = {
        "username": user.username or "",
        "name": user.first_name or "",
        **{place: str(getattr(profile, place) or "") for place in PLACES},
        "password": "",
    }
    faults: dict[str, str] = {}
    if request.method == "POST":
        typed |= {name: last_typed(name) for name in typed if name in request.form}
        typed["name"], typed["password"] = clean(typed["name"]), request.form.get("password", "")
        faults = save_account(user, profile, typed, new)
        if not faults:
            if profile.waiting and not new:
                flash(gettext("Saved. The account is switched off until it has been authorised again."), "warning")
            else:
                flash(gettext("Saved."), "success")
            page = url_for("AccountsView.grant", pk=user.id) if new and may_grant() else url_for("AccountsView.list")
            return redirect(page)
    links = {place: kind.shown_choices([typed[place]]) for place, kind in PLACES.items()}
    about = {"user": user, "new": new, "typed": typed, "faults": faults, "links": links, "hint": passwords.hint()}
    return render_template("accounts/edit.html", **about, switches_off=not new and user.active and not may_grant())


def save_account(user: Any, profile: AccountProfile, typed: dict[str, str], new: bool) -> dict[str, str]:
    """Save what was typed, or say field by field what is wrong and change nothing."""
    faults, place = checked(user, profile, typed, new)
    if faults:
        return faults
    if new:
        user.username, user.email, user.last_name = typed["username"], f"{typed['username']}@portal.invalid", ""
        db.session.add(user)
    user.first_name = typed["name"]
    if typed["password"]:
        put(user, typed["password"])
        profile.password_on = None
        if lockout.locked_until(user.username):
            lockout.unlock(user.username)
    db.session.flush()
    profile.user_id = user.id
    places = [(PLACE_LABELS[name], spelled(name, getattr(profile, name)), spelled(name, place[name])) for name in place]
    reset, moved = not new and bool(typed["password"]), moves_place(profile, place)
    off = not may_grant() and user.active and (reset or (moved and may_something(user)))
    for name, id_ in place.items():
        setattr(profile, name, id_)
    if off:
        user.active, profile.waiting = False, True
    db.session.add(profile)
    tell_account(user, places, password=reset, off=off)
    if reset:
        sessions.end_all(user)
    db.session.commit()
    return {}


def moves_place(profile: AccountProfile, place: dict[str, int | None]) -> bool:
    return any(getattr(profile, name) != id_ for name, id_ in place.items())


def may_something(user: Any) -> bool:
    """Are there rights that would reach other records where the account comes to belong?"""
    return bool(user.roles or temporary_grants.grants_of(user))


def spelled(name: str, id_: int | None) -> str:
    return next((text for _, text in PLACES[name].shown_choices([str(id_ or "")])), "")


def checked(
    user: Any, profile: AccountProfile, typed: dict[str, str], new: bool
) -> tuple[dict[str, str], dict[str, int | None]]:
    """(faults by field, the unit, organisation and area meant)."""
    faults = name_faults(typed) if new else {}
    place: dict[str, int | None] = {}
    if not 1 <= len(typed["name"]) <= 50:
        faults["name"] = gettext("Please fill this in.")
    elif fault_text := personal_fault(typed["name"]):
        faults["name"] = fault_text
    for name, kind in PLACES.items():
        try:
            place[name] = kind.parse([typed[name]], None)
        except BadValue as fault:
            faults[name] = str(fault)
    faults |= place_faults(place)
    if (new or typed["password"]) and (fault_text := fault_of_password(user, typed, new)):
        faults["password"] = fault_text
    if not new and outranks(user):
        faults = beyond_rank(profile, typed, place) | faults
    return faults, place


def fault_of_password(user: Any, typed: dict[str, str], new: bool) -> str:
    """What is wrong with setting this password of the account."""
    if not new and user.id == current_user.id:
        return gettext("Your own password is changed on the page of your account.")
    if not new and resets.in_pair(user):
        return gettext(
            "The password of an administrator, or of who was one in the last 30 days, is reset by two people, on a "
            "page of its own."
        )
    return new_fault(user, typed["username"], typed["password"])


def beyond_rank(profile: AccountProfile, typed: dict[str, str], place: dict[str, int | None]) -> dict[str, str]:
    """What is not to be changed of an account with more rights than those of whoever edits it."""
    text = gettext("Where an account with more rights than yours belongs is not yours to set.")
    faults = {name: text for name, id_ in place.items() if getattr(profile, name) != id_}
    if typed["password"]:
        faults["password"] = gettext("The password of an account with more rights than yours is not yours to set.")
    return faults


def place_faults(place: dict[str, int | None]) -> dict[str, str]:
    """What does not go together in where an account belongs."""
    faults, org_id = {}, place.get("org_id")
    if place.get("unit_id") and place.get("area_id"):
        faults["area_id"] = gettext("An account belongs to a unit or to an area, not to both.")
    if org_id is not None and place.get("unit_id") not in PLACES["org_id"].owners(org_id):
        faults["org_id"] = gettext("This Party organisation does not stand for the unit chosen.")
    return faults


def name_faults(typed: dict[str, str]) -> dict[str, str]:
    """What is wrong with the name of a new account."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]{2,31}", typed["username"]):
        return {"username": gettext("3 to 32 letters, digits and . _ - only, beginning with a letter, please.")}
    taken = select(User.id).where(func.lower(User.username) == typed["username"].lower())
    if db.session.scalars(taken).first():
        return {"username": gettext("There is an account of this name already.")}
    return {}


def outranks(user: Any) -> bool:
    """Setting somebody's password is acting as them: only for accounts without managing rights, or by `grant`."""
    if may_grant():
        return False
    managing = {desk.name for desk in roles.DESKS}
    held = {right.view_menu.name for role in user.roles for right in role.permissions}
    return bool(held & managing) or any(role.name in roles.OFFICES for role in user.roles)
