"""Rights in words: what a right is called on each page, and what a role may do there, in a sentence."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from portal.core.declaration.ledger import Ledger
from portal.core.fields import Label
from portal.core.punctuation import labelled, listed
from portal.permissions.roles import DESK_VERBS, Desk

# Where the usual name of a right would mislead, by (page, right).
OWN: Mapping[tuple[str, str], Label] = {
    ("accounts", "read"): _("See accounts"),
    ("accounts", "add"): _("Make accounts"),
    ("accounts", "edit"): _("Change accounts"),
    ("accounts", "export"): _("Export accounts"),
    ("accounts", "import"): _("Import accounts"),
    ("roles", "read"): _("See roles"),
    ("roles", "edit"): _("Set rights"),
    ("sign_in_rules", "read"): _("See the rules"),
    ("sign_in_rules", "edit"): _("Set the rules"),
    ("reviews", "read"): _("See the steps"),
    ("reviews", "edit"): _("Set the steps"),
    ("audit", "read"): _("See and verify the proof"),
    ("rights", "read"): _("See what accounts may do"),
    ("rights", "export"): _("Export the check"),
    ("exports", "read"): _("See requests"),
    ("exports", "approve"): _("Decide on requests"),
    ("samples", "read"): _("See checks"),
    ("samples", "add"): _("Draw checks and note results"),
    ("jobs", "read"): _("See jobs"),
    ("jobs", "edit"): _("Stop jobs or begin them again"),
    ("feedback", "read"): _("Read suggestions"),
    ("feedback", "edit"): _("Answer suggestions"),
}
SEEN: Mapping[str, Label] = {
    "own": _("the records that it filled in itself"),
    "unit": _("the records of its own unit"),
    "unit_co": _("the records of its own unit and those in which it takes part"),
    "unit_sub": _("the records of its own unit and those below"),
    "org_sub": _("the records of its own Party organisation and those below"),
    "custom": _("the records of the chosen units"),
    "area": _("the records of its own area"),
    "counterpart": _("the records in which it is the other party"),
    "all": _("all records"),
}
# What each role is there for, in a line.
PURPOSES: Mapping[str, Label] = {
    "admin": _("Keeps master data, accounts and rights of a small office in one hand; only reads records."),
    "sys_admin": _("Keeps accounts, master data and jobs; sees no records."),
    "sec_admin": _("Grants roles and sets rights and the rules for signing in; sees no records."),
    "audit_admin": _("Reads the audit trail and checks rights; sees no records."),
    "gw_reviewer": _("Reviews what units submit and keeps the ledgers of all units."),
    "gw_leader": _("Reads all ledgers and figures; changes nothing."),
    "unit_filler": _("Fills in and submits the records of its own unit."),
    "unit_reviewer": _("Reviews the records of its own unit before the committee does."),
    "branch_filler": _("Fills in the records of its own Party branch."),
    "town_user": _("Reports the service projects in which its subdistrict or town takes part."),
    "community_user": _("Follows the agreements of its community and adds activities."),
    "auditor_ro": _("Reads the records and the trail for an inspection; changes nothing."),
    "disc_ro": _("Reads the records and makes spot checks; changes no record."),
}


def name_of(desk: Ledger | Desk, verb: str) -> str:
    """What the right is called on this page: a ledger may call a transition by a word of its own."""
    if (desk.name, verb) in OWN:
        return str(OWN[desk.name, verb])
    if isinstance(desk, Ledger):
        transition = desk.transition(verb)
        if transition is not None:
            return str(transition.title)
        if verb == "delete" and not desk.review.statuses:
            return gettext("Delete")
        if verb == "maintain":
            return labelled(DESK_VERBS[verb], listed(table.label for table in desk.form.tables if table.in_force))
    return str(DESK_VERBS[verb])


def sentence(desk: Ledger | Desk, held: Collection[str], barred: Collection[str], scope: str) -> str:
    """What the role may do there. Where it may do nearly everything, only what it may not is named."""
    if not held or (desk.scoped and scope == "none"):
        return gettext("Has no rights here.")
    deeds = [verb for verb in desk.verbs if verb in held and verb != "read"]
    lacking = [verb for verb in desk.verbs if verb not in held and verb not in barred and verb != "read"]
    sees = gettext("Sees %(whose)s", whose=SEEN[scope if desk.scoped else "all"]) if isinstance(desk, Ledger) else ""
    if "read" not in held:
        sees = gettext("Cannot open it")
    elif not sees:
        sees = gettext("Sees it")
    if not deeds:
        return gettext("%(sees)s.", sees=sees)
    if len(deeds) > 4 and len(lacking) * 2 <= len(deeds):
        return almost(sees, phrases(desk, lacking))
    return gettext("%(sees)s; may %(deeds)s.", sees=sees, deeds=listed(phrases(desk, deeds)))


def almost(sees: str, lacking: list[str]) -> str:
    if not lacking:
        return gettext("%(sees)s; has every right open to this role.", sees=sees)
    return gettext("%(sees)s; has every right open to this role but: %(lacking)s.", sees=sees, lacking=listed(lacking))


def phrases(desk: Ledger | Desk, verbs: Iterable[str]) -> list[str]:
    """Names of rights within a sentence."""
    names = (gettext("add") if verb == "add" and isinstance(desk, Ledger) else name_of(desk, verb) for verb in verbs)
    return [name[:1].lower() + name[1:] for name in names]
