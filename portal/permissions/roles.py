"""The roles of `docs/domain` §4.1 and what each may do by default, derived from the declarations of the ledgers.

Rights are Flask-AppBuilder's permission rows and stay editable on the role page. What a role is barred from holds
whatever is ticked: an auditor's account cannot be made to write by a wrong click.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import current_app
from flask_appbuilder.security.sqla.models import PermissionView
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.core.access.row_scope import CO_UNITS
from portal.core.declaration.ledger import FILLING, READING, VERBS, Ledger, mounted
from portal.core.declaration.workflow import COMMITTEE, FILLER, TRANSITIONS, UNIT
from portal.core.fields import Label
from portal.extensions import db
from portal.org.account_profiles import RoleScope, SeededGrant

EVERY = frozenset(VERBS)
WRITING = EVERY - frozenset(READING)


@dataclass(frozen=True, eq=False)  # as ledgers are: kept by what it is, without translating its label for a hash
class Desk:
    """A managing page with rights of its own, beside the ledgers."""

    name: str
    label: Label
    verbs: tuple[str, ...]
    scoped: bool = False
    business: bool = False


DESKS = (
    Desk("accounts", _("Accounts"), ("read", "add", "edit", "export", "import", "grant")),
    Desk("roles", _("Roles and rights"), ("read", "edit")),
    Desk("sign_in_rules", _("Rules for signing in"), ("read", "edit")),
    Desk("reviews", _("Steps of review"), ("read", "edit")),
    Desk("audit", _("Proof of the trail"), ("read",)),
    Desk("rights", _("Check of rights"), ("read", "export")),
    Desk("exports", _("Sheets with personal data"), ("read", "approve")),
    Desk("samples", _("Spot checks"), ("read", "add")),
    Desk("jobs", _("Jobs"), ("read", "edit")),
    Desk("feedback", _("Suggestions and complaints"), ("read", "edit")),
)
# Read by whom it names only.
TRAIL = "audit_events"
DESK_VERBS: Mapping[str, Label] = {**VERBS, "grant": _("Grant roles")}
# `docs/domain` §4.2; what is granted for a time is an account's own (`AccountGrant`).
SCOPES: Mapping[str, Label] = {
    "none": _("No records"),
    "own": _("What it filled in itself"),
    "unit": _("Own unit"),
    "unit_co": _("Own unit, and where it takes part"),
    "unit_sub": _("Own unit and those below"),
    "org_sub": _("Own Party organisation and those below"),
    "custom": _("Chosen units"),
    "area": _("Own area"),
    "counterpart": _("Where it is the other party"),
    "all": _("All units"),
}


@dataclass(frozen=True)
class Grant:
    verbs: tuple[str, ...] = ()
    scope: str = "all"


NO = Grant()
READ = Grant(READING)


CHECKING = {"samples": Grant(("read", "add"))}
AUDITING = {TRAIL: READ, "audit": Grant(("read",)), "rights": READ}


@dataclass(frozen=True)
class Role:
    """A role: its default rights on business ledgers, on the registry, and on what it names; and what it is
    barred from for good."""

    code: str
    label: Label
    business: Grant = NO
    # Whose transitions it makes in business ledgers (`workflow.FILLER`, `UNIT`, `COMMITTEE`).
    sides: tuple[str, ...] = ()
    registry: Grant = NO
    named: Mapping[str, Grant] = field(default_factory=dict)
    barred_business: frozenset[str] = frozenset()
    barred_registry: frozenset[str] = frozenset()
    # One of the three administrators, who never has more than by default.
    office: bool = False
    # What an account of this role may be granted for a time, although the role itself never has it.
    lent: frozenset[str] = frozenset()

    def default(self, desk: Ledger | Desk) -> Grant:
        if desk.name in self.named:
            return self.named[desk.name]
        if isinstance(desk, Desk):
            return NO
        if not business(desk):
            return self.registry if desk.name != TRAIL else NO
        transitions = (
            transition.name for transition in desk.review.transitions if set(transition.by) & set(self.sides)
        )
        fills = set(desk.review.filled_by) & set(self.sides)
        verbs = (verb for verb in self.business.verbs if fills or verb not in (*FILLING, "import"))
        scope = "unit_co" if self.business.scope == "unit" and takes_co_units(desk) else self.business.scope
        return Grant((*verbs, *transitions), scope)

    def barred(self, desk: Ledger | Desk) -> frozenset[str]:
        if self.office:
            return frozenset(desk.verbs).difference(self.default(desk).verbs)
        if desk.name in CHECKING:  # results stand beside the records, so whoever reads these may write them
            return self.barred_business & frozenset(READING) and EVERY
        return self.barred_business if business(desk) else self.barred_registry


def business(desk: Ledger | Desk) -> bool:
    """Ledgers of records are business; units, organisations, areas, members and codes are the registry."""
    return isinstance(desk, Ledger) and bool(desk.review.statuses or desk.under)


def takes_co_units(desk: Ledger | Desk) -> bool:
    """Do other units take part in its records beside the one that they belong to?"""
    return isinstance(desk, Ledger) and desk.scoped and bool(desk.model.knows(CO_UNITS))


def scopes_of(desk: Ledger | Desk) -> dict[str, Label]:
    """The scopes that mean something for its records."""
    return {name: label for name, label in SCOPES.items() if name != "unit_co" or takes_co_units(desk)}


KEEPING = Grant(("read", "add", "edit", "export", "import"))
KEEPING_PEOPLE = {"members": Grant((*KEEPING.verbs, "details"))}
# The master data but the roster: what people are called is nothing that keeping accounts needs.
KEEPING_ACCOUNTS = {
    "accounts": Grant(("read", "add", "edit", "export", "import")),
    "jobs": Grant(("read", "edit")),
    "feedback": Grant(("read", "edit")),
} | dict.fromkeys(("units", "party_orgs", "areas", "code_lists"), KEEPING)
KEEPING_RIGHTS = {
    "accounts": Grant(("read", "grant")),
    "roles": Grant(("read", "edit")),
    "sign_in_rules": Grant(("read", "edit")),
    "rights": READ,
    "exports": Grant(("read", "approve")),
}
UNIT_ROSTER = {"members": Grant((*KEEPING.verbs, "details"), "unit")}


def reader(code: str, label: Label, named: Mapping[str, Grant] | None = None) -> Role:
    """A role that reads everything, beside the trail, and can never be given more."""
    never = WRITING | {"grant"}
    return Role(
        *(code, label, READ),
        registry=READ,
        named=named or {},
        barred_business=WRITING,
        barred_registry=never,
        lent=frozenset({"reveal", "details"}),
    )


ROLES = (
    Role(
        "admin",
        _("Administrator"),
        business=READ,
        registry=KEEPING,
        named={desk.name: Grant(desk.verbs) for desk in DESKS} | AUDITING | KEEPING_PEOPLE,
        barred_business=WRITING,
    ),
    Role("sys_admin", _("System administrator"), named=KEEPING_ACCOUNTS, office=True),
    Role("sec_admin", _("Security administrator"), named=KEEPING_RIGHTS, office=True),
    Role("audit_admin", _("Audit administrator"), named=AUDITING, office=True),
    Role(
        "gw_reviewer",
        _("Committee business office"),
        business=Grant((*READING, *FILLING, "import", "maintain", "reveal", "details")),
        sides=(FILLER, COMMITTEE),
        registry=READ,
        named={"members": Grant((*KEEPING.verbs, "reveal", "details")), "reviews": Grant(("read", "edit"))}
        | {"feedback": Grant(("read", "edit"))}
        | CHECKING,
    ),
    reader("gw_leader", _("Committee leader (read-only)")),
    Role(
        "unit_filler",
        _("Unit filler"),
        business=Grant((*READING, *FILLING, "import", "maintain", "names", "details"), "unit"),
        sides=(FILLER,),
        registry=Grant(("read",)),
        named=UNIT_ROSTER,
    ),
    Role(
        "unit_reviewer",
        _("Unit reviewer"),
        business=Grant((*READING, "reveal", "names", "details"), "unit"),
        sides=(UNIT,),
        registry=Grant(("read",)),
        named={"members": Grant((*READING, "reveal", "details"), "unit")},
    ),
    Role(
        "branch_filler",
        _("Branch filler"),
        business=Grant(("read", "add", "edit", "details"), "org_sub"),
        sides=(FILLER,),
        named={"members": Grant(("read", "details"), "org_sub")},
    ),
    Role(
        "town_user",
        _("Subdistrict/town liaison"),
        named={
            "service_projects": Grant(("read", "add", "edit", "delete", "submit"), "counterpart"),
            "project_satisfactions": Grant(("read", "add", "edit"), "counterpart"),
        }
        | dict.fromkeys(
            ("project_progress", "project_milestones", "project_acceptances"),
            Grant(("read",), "counterpart"),
        ),
    ),
    Role(
        "community_user",
        _("Community liaison"),
        named={
            "agreements": Grant(("read", "maintain"), "counterpart"),
            "coop_activities": Grant(("read", "add", "edit"), "counterpart"),
        },
    ),
    reader("auditor_ro", _("Read-only auditor"), AUDITING | CHECKING),
    reader("disc_ro", _("Discipline liaison (read-only)"), CHECKING),
)
# Flask-AppBuilder's own, which nobody holds.
HIDDEN = ("Admin", "Public")
BY_CODE = {role.code: role for role in ROLES}
# Whoever holds one of these holds no other role (`docs/domain/accounts.md`).
OFFICES = frozenset(role.code for role in ROLES if role.office)
# Whoever holds one of these holds no role that writes records.
READERS = frozenset({"gw_leader", "auditor_ro", "disc_ro"})


@dataclass(frozen=True)
class Preset:
    """What an office clerk calls a set of rights."""

    name: str
    label: Label
    verbs: tuple[str, ...]
    scope: str


OWN = (*READING, *FILLING, "import", "maintain")
PRESETS = (
    Preset("submit", _("Submit data"), ("read", "add", "edit", "maintain", "submit", "withdraw"), "unit"),
    Preset("keep_unit", _("Keep own unit's"), (*OWN, *TRANSITIONS), "unit"),
    Preset("view", _("View"), READING, "all"),
    Preset("keep_all", _("Keep all"), (*OWN, *TRANSITIONS), "all"),
    Preset("nothing", _("No rights"), (), "none"),
)


def desks() -> tuple[Ledger | Desk, ...]:
    """Everything that roles have rights on, in menu order."""
    return (*mounted(), *DESKS)


def label_of(code: str) -> str:
    """A role's name in the viewer's language; as stored for roles that the office made."""
    return str(BY_CODE[code].label) if code in BY_CODE else code


def barred(code: str, desk: Ledger | Desk) -> frozenset[str]:
    return BY_CODE[code].barred(desk) if code in BY_CODE else frozenset()


def barred_from_grants(codes: Iterable[str], desk: Ledger | Desk) -> frozenset[str]:
    """What an account of these roles is not granted beyond them: what any of them is barred from."""
    each = (barred(code, desk) - (BY_CODE[code].lent if code in BY_CODE else frozenset()) for code in codes)
    return frozenset().union(*each)


def switched_off(code: str) -> bool:
    """The combined administrator ends where the three administrators begin; Flask-AppBuilder's own never counts."""
    return code in HIDDEN or (code == "admin" and current_app.config["THREE_ADMINS"])


def seed(security: Any) -> None:
    """Give every role its default rights, each once and never again: what was taken stays taken."""
    known = {(s.role, s.ledger, s.verb) for s in db.session.scalars(select(SeededGrant))}
    scoped = {(role_id, ledger) for role_id, ledger in db.session.execute(select(RoleScope.role_id, RoleScope.ledger))}
    query = select(PermissionView).options(joinedload(PermissionView.permission), joinedload(PermissionView.view_menu))
    rights = {(right.view_menu.name, right.permission.name): right for right in db.session.scalars(query)}
    for code in HIDDEN:
        security.add_role(code)
    for role in ROLES:
        row = security.add_role(role.code)
        for desk in desks():
            fresh = [verb for verb in _defaults(role, desk) if (role.code, desk.name, verb) not in known]
            if fresh and (row.id, desk.name) not in scoped:
                db.session.add(RoleScope(role_id=row.id, ledger=desk.name, scope=role.default(desk).scope))
            for verb in fresh:
                db.session.add(SeededGrant(role=role.code, ledger=desk.name, verb=verb))
                row.permissions.append(rights[desk.name, f"can_{verb}"])


def _defaults(role: Role, desk: Ledger | Desk) -> Iterator[str]:
    barred = role.barred(desk)
    yield from (verb for verb in role.default(desk).verbs if verb in desk.verbs and verb not in barred)
