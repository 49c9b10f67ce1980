"""Party organisations (`domain.md` §3.2): their own tree, mapped to units."""

from flask_babel import lazy_gettext as _

from portal.core.fields import Choice, Code, Day, Field, Links, Text, Whole, active, community_link, org_link
from portal.core.ledger import Ledger, Section
from portal.org.models import PartyOrg, Unit
from portal.registry.shared import CHANGED_ON, GROUP, KEEPING, STATUSES, changes_on_a_day
from portal.registry.units import not_below_itself

SITUATIONS = Choice(
    ("same", _("As the superior organisation")),
    ("legal_entity", _("Legal-person unit")),
    ("joint", _("Joint branch")),
)
REPORT_MODES = Choice(("record", _("Record-level reporting")), ("aggregate", _("Aggregate-only reporting")))

party_orgs = Ledger(
    name="party_orgs",
    label=_("Party organisations"),
    one=_("Party organisation"),
    group=GROUP,
    icon="sitemap",
    model=PartyOrg,
    order="sort_no",
    tree="parent",
    can=KEEPING,
    columns=("org_code", "full_name", "org_type", "parent_id", "secretary", "status"),
    filters=("org_type", "unit_nature", "report_mode", "status"),
    rules=(not_below_itself, changes_on_a_day),
    derive=PartyOrg.keep_former,
    sections=(
        Section(
            _("Party organisation"),
            (
                "org_code",
                "full_name",
                "short_name",
                "parent_id",
                "changed_on",
                "org_type",
                "unit_nature",
                "sort_no",
                "status",
                "report_mode",
            ),
        ),
        Section(_("Stands for"), ("unit_situation", "unit_ids", "community_id")),
        Section(_("Posts and term"), ("secretary", "contact", "founded_on", "doc_no", "term_from", "term_to")),
    ),
    fields={
        "org_code": Field(
            Text(40, pattern=r"\d{3}(\.\d{3})*", free=False),
            _("Organisation code"),
            required=True,
            hint=_("Three digits a level, e.g. 001.015.004"),
        ),
        "full_name": Field(Text(100), _("Full name"), required=True),
        "short_name": Field(Text(60), _("Short name"), required=True),
        "org_type": Field(Code("C40"), _("Type of organisation"), required=True),
        "unit_nature": Field(Code("C41"), _("Nature of the unit"), required=True),
        "parent_id": Field(org_link(), _("Superior Party organisation")),
        "sort_no": Field(Whole(0, 999_999, counts=False), _("Official order"), required=True),
        "status": Field(STATUSES, _("Status"), default=lambda: "active"),
        "report_mode": Field(REPORT_MODES, _("Way of reporting"), default=lambda: "record"),
        "unit_situation": Field(SITUATIONS, _("Situation of the unit"), default=lambda: "legal_entity"),
        "unit_ids": Field(Links(Unit, "full_name", "units", where=active), _("Units")),
        "community_id": Field(community_link(), _("Community")),
        "secretary": Field(Text(50), _("Party secretary")),
        "contact": Field(Text(50), _("Contact")),
        "founded_on": Field(Day(past=True), _("Founded on")),
        "doc_no": Field(Text(60), _("Approval document")),
        "term_from": Field(Day(), _("Term from")),
        "term_to": Field(Day(), _("Term to")),
        "changed_on": CHANGED_ON,
    },
)
