"""Towns, development zones, communities and villages (`docs/domain` §3.3)."""

from flask_babel import lazy_gettext as _

from portal.core.declaration.groups import Form, List, Sheet
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import Section
from portal.core.declaration.values import Values
from portal.core.fields import Choice, Field, Link, Text, Whole, active
from portal.org.models import Area
from portal.registry.shared import GROUP, KEEPING, LAST, NOT_TAKEN, STATUSES, at_the_end
from portal.registry.units import not_below_itself

KINDS = Choice(
    ("town", _("Subdistrict / town")),
    ("zone", _("Development zone")),
    ("community", _("Community")),
    ("village", _("Village")),
    also={
        "town": ("街镇", "街道", "镇", "乡", "乡镇", "街道办事处", "镇人民政府", "乡人民政府"),
        "zone": ("园区", "经济开发区", "经开区", "高新区", "产业园区"),
        "community": ("居委会", "社区居委会", "居民委员会", "社区居民委员会"),
        "village": ("行政村", "村委会", "村民委员会"),
    },
)


def defaults(values: Values) -> None:
    at_the_end(values, Area)


areas = Ledger(
    name="areas",
    label=_("Areas"),
    one=_("Area"),
    group=GROUP,
    icon="map-pin",
    about=_("Towns, zones and communities."),
    model=Area,
    can=KEEPING,
    fields={
        "name": Field(Text(100), _("Name"), required=True),
        "kind": Field(KINDS, _("Kind"), required=True),
        "parent_id": Field(Link(Area, "name", where=active), _("Belongs to")),
        "area_code": Field(Text(12, pattern=r"\d{6,12}", free=False), _("Statistical code"), hint=_("6 to 12 digits")),
        "sort_no": Field(Whole(0, 999_999, counts=False), _("Official order"), required=True, hint=LAST),
        "status": Field(STATUSES, _("Status"), default=lambda: "active"),
    },
    form=Form(
        sections=(Section(_("Area"), ("name", "kind", "parent_id", "area_code", "sort_no", "status")),),
        defaults=defaults,
        rules=(not_below_itself,),
    ),
    list=List(
        columns=("sort_no", "name", "kind", "parent_id", "area_code", "status"),
        filters=("kind", "parent_id", "status"),
        order="sort_no",
        tree="parent",
    ),
    sheet=Sheet(
        export=("sort_no", "name", "kind", "parent_id", "area_code", "status"),
        title=_("Register of areas"),
        words={
            "name": (
                "名称",
                "地区名称",
                "地区",
                "街镇名称",
                "社区名称",
                "社区",
                "村居名称",
                "社区村名称",
                "村社区名称",
            ),
            "kind": ("类型", "类别", "地区类型", "地区类别", "级别"),
            "parent_id": (
                "上级",
                "所属",
                "上级地区",
                "所属街镇",
                "街镇",
                "所属街道",
                "所属地区",
                "所在街镇",
                "所在街道",
            ),
            "area_code": ("代码", "行政区划代码", "统计代码", "区划代码", "统计用区划代码", "社区代码"),
            "sort_no": ("排序", "排序号", "机构排序"),
            "status": ("状态",),
        },
        ignored=NOT_TAKEN,
        essential=("name", "kind"),
        identity=("name",),
    ),
)
