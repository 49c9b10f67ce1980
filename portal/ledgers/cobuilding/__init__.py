"""Co-building agreements and what is done under them (`domain.md` §2.2.1)."""

from flask_babel import lazy_gettext as _

from portal.core.ledger import READING, Ledger, Rows, Section, Status, Under
from portal.ledgers.cobuilding.model import Agreement, CoopActivity
from portal.ledgers.cobuilding.rules import RULES, defaults, derive, is_alliance
from portal.ledgers.cobuilding.workflow import MOVES, activate, amended

GROUP = _("Co-building and dual registration")
STATUSES = {
    "draft": Status(_("Draft"), "draft"),
    "pending_unit": Status(_("Pending unit review"), "wait"),
    "pending_committee": Status(_("Pending filing by the committee"), "wait"),
    "returned": Status(_("Returned for revision"), "warn"),
    "active": Status(_("In force"), "ok"),
    "renewed": Status(_("Renewed"), "end"),
    "terminated": Status(_("Terminated"), "end"),
    "archived": Status(_("Archived"), "end"),
    "voided": Status(_("Voided"), "bad"),
}

agreements = Ledger(
    name="agreements",
    label=_("Co-building agreements"),
    one=_("Co-building agreement"),
    group=GROUP,
    icon="file-text",
    model=Agreement,
    prefix="GJ",
    event="signed_on",
    owner="party_a_org_id",
    columns=(
        "record_no",
        "title",
        "party_a_org_id",
        "party_b_org_id",
        "signed_on",
        "effective_to",
        "status",
    ),
    filters=("status", "agreement_type", "coop_modes", "party_a_org_id", "party_b_org_id", "signed_on", "effective_to"),
    exported=(
        "record_no",
        "office_no",
        "title",
        "agreement_type",
        "owner_unit_id",
        "party_a_org_id",
        "party_b_org_id",
        "signed_on",
        "effective_from",
        "effective_to",
        "coop_modes",
        "status",
        "a_contact",
        "a_phone",
        "b_contact",
        "b_phone",
        "remark",
    ),
    sections=(
        Section(_("Parties"), ("agreement_type", "party_a_org_id", "party_b_org_id", "title", "is_office_community")),
        Section(_("Term"), ("signed_on", "effective_from", "effective_to", "renew_mode")),
        Section(_("Content"), ("coop_modes", "content", "plan_activity_cnt")),
        Section(_("Contacts"), ("a_contact", "a_phone", "b_contact", "b_phone")),
        Section(
            _("Filing"), ("office_no", "copies", "filing_no", "filed_on", "previous_id", "remark", "publish_scope")
        ),
    ),
    rows=(
        Rows(
            "demand_items",
            _("List of needs"),
            _("Need"),
            (
                "name",
                "category",
                "description",
                "beneficiaries",
                "wanted_by",
                "proposer_role",
                "status",
                "reason",
            ),
        ),
        Rows(
            "resource_items",
            _("List of resources"),
            _("Resource"),
            ("name", "category", "quantity", "open_hours", "contact", "valid_until", "status"),
        ),
        Rows(
            "coop_items",
            _("List of projects"),
            _("Project"),
            (
                "name",
                "demand_ids",
                "resource_ids",
                "category",
                "lead_org_id",
                "community_contact",
                "due_on",
                "status",
                "done_on",
                "outcome",
            ),
        ),
        Rows(
            "agreement_parties",
            _("Alliance members"),
            _("Alliance member"),
            ("org_id", "role"),
            when=is_alliance,
        ),
    ),
    statuses=STATUSES,
    defaults=defaults,
    rules=RULES,
    derive=derive,
    kept=(
        Rows(
            "agreement_changes",
            _("Amendments"),
            _("Amendment"),
            ("changed_on", "change_type", "old_value", "new_value", "reason"),
        ),
    ),
    moves=MOVES,
    tier=3,
    to_activate=("signed_on",),
    activate=activate,
    amended=amended,
    bulk=("publish_internal", "publish_organs", "publish_public", "delete_selected"),
)

coop_activities = Ledger(
    name="coop_activities",
    label=_("Co-building activities"),
    one=_("Co-building activity"),
    group=GROUP,
    icon="calendar",
    model=CoopActivity,
    under=Under("agreement", "agreements", ("active",)),
    order="-held_on",
    can=(*READING, "add", "edit", "delete"),
    columns=("held_on", "activity_type", "theme", "agreement_id", "place", "unit_count", "community_count"),
    filters=("activity_type", "held_on"),
    exported=(
        "agreement_id",
        "held_on",
        "activity_type",
        "theme",
        "place",
        "unit_count",
        "community_count",
        "volunteer_theme",
        "summary",
    ),
    sections=(
        Section(
            _("Activity"),
            (
                "held_on",
                "activity_type",
                "theme",
                "place",
                "unit_count",
                "community_count",
                "volunteer_theme",
                "summary",
            ),
        ),
    ),
)
