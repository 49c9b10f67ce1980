"""The minimal roster of members (`domain.md` §3.4); a unit's people see their own."""

from flask_babel import lazy_gettext as _

from portal.core.fields import Choice, Code, Field, Mobile, Month, Text, YesNo, org_link, own_units, unit_link
from portal.core.ledger import Ledger, Section
from portal.core.rules import org_of_unit
from portal.org.models import Member
from portal.registry.shared import GROUP, KEEPING

GENDERS = Choice(("1", _("Male")), ("2", _("Female")), ("0", _("Unknown")), ("9", _("Not stated")))
WORK_STATUSES = Choice(
    ("serving", _("Serving")),
    ("retired", _("Retired")),
    ("lent", _("On loan")),
    ("posted", _("On a temporary post")),
    ("sick", _("On long sick leave")),
)


members = Ledger(
    name="members",
    label=_("Members"),
    one=_("Member"),
    group=GROUP,
    icon="users",
    model=Member,
    order="name",
    can=KEEPING,
    columns=("person_no", "name", "gender", "unit_id", "org_id", "post", "work_status"),
    filters=("unit_id", "work_status", "is_leader"),
    rules=(org_of_unit,),
    sensitive=("member_type", "birth_ym", "joined_ym"),
    sections=(
        Section(_("Person"), ("name", "person_no", "gender", "member_type", "birth_ym", "joined_ym")),
        Section(_("Post"), ("unit_id", "org_id", "post", "is_leader", "work_status", "office_phone", "mobile")),
    ),
    fields={
        "name": Field(Text(50, least=2), _("Name of the person"), required=True),
        "person_no": Field(Text(12, free=False), _("Person number")),
        "gender": Field(GENDERS, _("Gender"), required=True),
        "member_type": Field(Code("C43"), _("Category of person"), required=True),
        "birth_ym": Field(Month(), _("Born in")),
        "joined_ym": Field(Month(), _("Joined the Party in")),
        "unit_id": Field(unit_link(own_units), _("Unit"), required=True),
        "org_id": Field(org_link(), _("Party branch"), required=True),
        "post": Field(Text(60), _("Post")),
        "is_leader": Field(YesNo(), _("Leading cadre"), default=lambda: False),
        "work_status": Field(WORK_STATUSES, _("Working status"), default=lambda: "serving"),
        "office_phone": Field(Text(30, pattern=r"0\d{2,3}-?\d{7,8}(-\d{1,6})?", free=False), _("Office phone")),
        "mobile": Field(Mobile(), _("Mobile phone"), hint=_("Kept encrypted and shown masked")),
    },
)
