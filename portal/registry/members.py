"""The minimal roster of members (`domain.md` §3.4); a unit's people see their own."""

from collections.abc import Iterable, Iterator
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.sql import ColumnElement

from portal.core import scope
from portal.core.fields import Choice, Code, Field, Link, Mobile, Month, Text, YesNo, active, org_link
from portal.core.ledger import Ledger, Section
from portal.core.values import Problem, Values
from portal.extensions import db
from portal.org.models import Member, PartyOrg, Unit
from portal.registry.shared import GROUP, KEEPING

GENDERS = Choice(("1", _("Male")), ("2", _("Female")), ("0", _("Unknown")), ("9", _("Not stated")))
WORK_STATUSES = Choice(
    ("serving", _("Serving")),
    ("retired", _("Retired")),
    ("lent", _("On loan")),
    ("posted", _("On a temporary post")),
    ("sick", _("On long sick leave")),
)


def own_units(model: Any) -> Iterable[ColumnElement[bool]]:
    yield from active(model)
    reach = scope.current().home
    if reach is not None:
        yield model.id.in_(reach)


def branch_of_unit(values: Values) -> Iterator[Problem]:
    """A member's branch stands for the member's unit."""
    if values.unit_id is None or values.org_id is None:
        return
    query = select(PartyOrg.id).where(PartyOrg.id == values.org_id, PartyOrg.units.any(Unit.id == values.unit_id))
    if db.session.scalar(query) is None:
        yield Problem("org_id", gettext("This Party organisation does not stand for the unit chosen."))


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
    rules=(branch_of_unit,),
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
        "unit_id": Field(Link(Unit, "full_name", where=own_units), _("Unit"), required=True),
        "org_id": Field(org_link(), _("Party branch"), required=True),
        "post": Field(Text(60), _("Post")),
        "is_leader": Field(YesNo(), _("Leading cadre"), default=lambda: False),
        "work_status": Field(WORK_STATUSES, _("Working status"), default=lambda: "serving"),
        "office_phone": Field(Text(30, pattern=r"0\d{2,3}-?\d{7,8}(-\d{1,6})?", free=False), _("Office phone")),
        "mobile": Field(Mobile(), _("Mobile phone"), hint=_("Kept encrypted and shown masked")),
    },
)
