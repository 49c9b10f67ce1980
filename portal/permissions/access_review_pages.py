"""Access review: who may do what, and which accounts need a second look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_appbuilder.security.decorators import has_access
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext, lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.exceptions import BadRequest

from portal.core.audit import audit_log
from portal.core.declaration.ledger import READING, Ledger, mounted
from portal.core.fields import Label
from portal.core.punctuation import clauses, listed
from portal.core.spreadsheet.exporter.exporter import plain_sheet
from portal.core.views.downloads import download
from portal.extensions import db
from portal.org.account_profiles import AccountProfile
from portal.permissions import effective_rights, roles, separation_of_duties

STALE = timedelta(days=90)
# By (ledger, verb): the scopes, each with its last day where it is granted for a time.
Scopes = dict[tuple[str, str], dict[str, date | None]]
DEEDS: dict[str, Label] = {
    "read": lazy_gettext("Sees"),
    "change": lazy_gettext("Changes"),
    "export": lazy_gettext("Exports"),
    "reveal": lazy_gettext("Sees personal data in full"),
}


@dataclass(frozen=True)
class Account:
    """An account with whose records its roles reach, and what is odd about it."""

    username: str
    name: str
    place: str
    roles: list[str]
    scopes: Scopes
    last_login: datetime | None
    faults: list[str]

    def reach(self, ledger: Ledger, deed: str) -> str:
        """Whose records it may do that with; empty for nobody's."""
        verbs = set(ledger.verbs) - {"read", "export", "reveal"} if deed == "change" else {deed}
        held: dict[str, date | None] = {}
        for verb in sorted(verbs):
            for scope, until in self.scopes.get((ledger.name, verb), {}).items():
                held[scope] = longer(held[scope], until) if scope in held else until
        if "all" in held and held["all"] is None:
            held = {"all": None}
        return listed(lasting(label, held[scope]) for scope, label in roles.SCOPES.items() if scope in held)


def longer(one: date | None, other: date | None) -> date | None:
    """The later of two last days; None: for good."""
    return max(one, other) if one and other else None


def lasting(label: Label, until: date | None) -> str:
    return gettext("%(what)s (until %(day)s)", what=label, day=until) if until else str(label)


class RightsView(BaseView):
    route_base = "/rights"
    class_permission_name = "rights"
    method_permission_name = {"list": "read", "export": "export"}
    base_permissions = ["can_read", "can_export"]

    @expose("/list/")
    @has_access
    def list(self) -> ResponseReturnValue:
        ledgers = mounted()
        name = request.args.get("ledger") or ledgers[0].name
        chosen = next((each for each in ledgers if each.name == name), None)
        if chosen is None:
            raise BadRequest(gettext("The address has a wrong parameter: %(name)s", name="ledger"))
        return render_template("rights.html", accounts=accounts(), ledgers=ledgers, chosen=chosen, deeds=DEEDS)

    @expose("/export")
    @has_access
    def export(self) -> ResponseReturnValue:
        audit_log.log_and_commit("export", "ab_user")
        title = gettext("Check of rights")
        heads = [
            gettext("Account"),
            gettext("Name of the person"),
            gettext("Unit or area"),
            gettext("Roles"),
            gettext("Ledger"),
        ]
        heads += [*(str(label) for label in DEEDS.values()), gettext("Last signed in"), gettext("To be looked at")]
        return download(plain_sheet(title, heads, rows()), f"{title}.xlsx")


def rows() -> Iterator[list[str]]:
    """A row for each account and ledger that it can do anything with; one for an account that can do nothing."""
    for account in accounts():
        who = [account.username, account.name, account.place, listed(account.roles)]
        rest = [f"{account.last_login:%Y-%m-%d}" if account.last_login else "", clauses(account.faults)]
        reached = [(str(each.label), [account.reach(each, deed) for deed in DEEDS]) for each in mounted()]
        found = [[*who, label, *cells, *rest] for label, cells in reached if any(cells)]
        yield from found or [[*who, "", *[""] * len(DEEDS), *rest]]


def accounts() -> list[Account]:
    """All of them, by name: the same few statements however many there are."""
    granted = effective_rights.rights_by_account()
    query = (
        select(User, AccountProfile)
        .outerjoin(AccountProfile, AccountProfile.user_id == User.id)
        .options(selectinload(User.roles), joinedload(AccountProfile.unit), joinedload(AccountProfile.area))
    )
    found = []
    for user, profile in db.session.execute(query.order_by(User.username)).unique():
        names = [role.name for role in user.roles]
        rights = granted.get(user.id, ())
        scopes = scopes_of(rights, profile)
        place = (profile.unit or profile.area) if profile else None
        found.append(
            Account(
                username=user.username,
                name=user.first_name or "",
                place=str(place or gettext("Committee office")),
                roles=[roles.label_of(name) for name in names],
                scopes=scopes,
                last_login=user.last_login,
                faults=list(faults(user, names, rights, scopes)),
            )
        )
    return found


def scopes_of(rights: Iterable[effective_rights.Right], profile: AccountProfile | None) -> Scopes:
    """The scopes of each right, those left out that reach nothing from where the account stands."""
    found: Scopes = {}
    standing = {
        **dict.fromkeys(("unit", "unit_co", "unit_sub"), bool(profile and profile.unit_id)),
        **dict.fromkeys(("area", "counterpart"), bool(profile and profile.area_id)),
        "org_sub": bool(profile and (profile.org_id or profile.unit_id)),
        "none": False,
    }
    shared = {desk.name for desk in roles.desks() if roles.takes_co_units(desk)}
    for ledger, verb, right in effective_rights.counted(rights):
        scopes = found.setdefault((ledger, verb), {})
        taking_part = ledger in shared and verb in READING
        scope = "unit" if right.scope == "unit_co" and not taking_part else right.scope
        if scope and (standing.get(scope, True) or (scope == "counterpart" and standing["unit"] and taking_part)):
            scopes[scope] = longer(scopes[scope], right.until) if scope in scopes else right.until
    return found


def faults(user: Any, names: list[str], rights: Sequence[effective_rights.Right], scopes: Scopes) -> Iterator[str]:
    if not user.active:
        yield gettext("Switched off")
    elif user.last_login is None:
        yield gettext("Has never signed in")
    elif user.last_login < datetime.now() - STALE:
        yield gettext("Has not signed in for 90 days")
    yield from mixed_powers(names, rights)
    both = [each for each in mounted() if {(each.name, "submit"), (each.name, "approve")} <= scopes.keys()]
    if both:
        yield gettext("Fills and reviews the same records: %(what)s", what=listed(each.label for each in both))
    if not names:
        yield gettext("Has no role")
    elif reaches_nothing(scopes):
        yield gettext("Belongs to no unit, so that its roles reach nothing")


def mixed_powers(names: list[str], rights: Sequence[effective_rights.Right]) -> Iterator[str]:
    if set(names) & roles.OFFICES and len(names) > 1:
        yield gettext("One of the three administrators holds other roles, too")
    elif mixed := separation_of_duties.clash(separation_of_duties.held_by(rights)):
        yield gettext("Holds powers that belong apart: %(what)s", what=listed(mixed))
    if any(not right.role and right.until is None for right in rights):
        yield gettext("Was granted something without a last day")


def reaches_nothing(scopes: Scopes) -> bool:
    """Are there rights on records, and all of them on nobody's?"""
    reached = [
        scopes[each.name, "read"] for each in mounted() if roles.business(each) and (each.name, "read") in scopes
    ]
    return bool(reached) and not any(reached)
