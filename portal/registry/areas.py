"""Towns, development zones, communities and villages (`domain.md` §3.3)."""

from flask_babel import lazy_gettext as _

from portal.core.fields import Choice, Field, Link, Text, Whole, active
from portal.core.ledger import Ledger, Section
from portal.org.models import Area
from portal.registry.shared import GROUP, KEEPING, STATUSES
from portal.registry.units import not_below_itself

KINDS = Choice(
    ("town", _("Subdistrict / town")),
    ("zone", _("Development zone")),
    ("community", _("Community")),
    ("village", _("Village")),
)

areas = Ledger(
    name="areas",
    label=_("Areas"),
    one=_("Area"),
    group=GROUP,
    icon="map-pin",
    model=Area,
    order="sort_no",
    tree="parent",
    can=KEEPING,
    columns=("sort_no", "name", "kind", "parent_id", "area_code", "status"),
    filters=("kind", "parent_id", "status"),
    rules=(not_below_itself,),
    sections=(Section(_("Area"), ("name", "kind", "parent_id", "area_code", "sort_no", "status")),),
    fields={
        "name": Field(Text(100), _("Name"), required=True),
        "kind": Field(KINDS, _("Kind"), required=True),
        "parent_id": Field(Link(Area, "name", where=active), _("Belongs to")),
        "area_code": Field(Text(12, pattern=r"\d{6,12}", free=False), _("Statistical code"), hint=_("6 to 12 digits")),
        "sort_no": Field(Whole(0, 999_999, counts=False), _("Official order"), required=True),
        "status": Field(STATUSES, _("Status"), default=lambda: "active"),
    },
)
