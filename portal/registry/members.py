"""The minimal roster of members (`docs/domain` §3.4); a unit's people see their own."""

from flask_babel import lazy_gettext as _

from portal.core.declaration.groups import Form, List, Owner, Privacy, Sheet
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import Section
from portal.core.fields import (
    Choice,
    Code,
    Field,
    Landline,
    Mobile,
    Month,
    OneName,
    Text,
    YesNo,
    org_link,
    own_units,
    unit_link,
)
from portal.core.records.shared_rules import org_of_unit
from portal.org.models import Member
from portal.registry.shared import GROUP, KEEPING, NOT_TAKEN

GENDERS = Choice(
    ("1", _("Male")),
    ("2", _("Female")),
    ("0", _("Unknown")),
    ("9", _("Not stated")),
    # GB/T 2261.1.
    also={
        "1": ("男性", "男同志"),
        "2": ("女性", "女同志"),
        "0": ("未知的性别", "未知"),
        "9": ("未说明的性别", "未说明"),
    },
)
WORK_STATUSES = Choice(
    ("serving", _("Serving")),
    ("retired", _("Retired")),
    ("lent", _("On loan")),
    ("posted", _("On a temporary post")),
    ("sick", _("On long sick leave")),
    also={
        "serving": ("在岗", "在职", "在编在岗", "在职在岗"),
        "retired": ("退休", "离休", "已退休", "离退休", "已离休"),
        "lent": ("借调", "借调中", "借出", "抽调"),
        "posted": ("挂职", "挂职锻炼", "挂职中"),
        "sick": ("长期病休", "病休", "长病假", "长期病假"),
    },
)


members = Ledger(
    name="members",
    label=_("Members"),
    one=_("Member"),
    group=GROUP,
    icon="users",
    about=_(
        "The people whom forms offer as contacts, helpers, visitors and members of groups. Whoever left stays "
        "in the list and is no longer offered."
    ),
    model=Member,
    can=KEEPING,
    owner=Owner("unit_id", org="org_id"),
    fields={
        "name": Field(OneName(), _("Name of the person"), required=True),
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
        "office_phone": Field(Landline(), _("Office phone")),
        "mobile": Field(Mobile(), _("Mobile phone"), hint=_("Kept encrypted and shown masked")),
    },
    form=Form(
        sections=(
            Section(_("Person"), ("name", "person_no", "gender", "member_type", "birth_ym", "joined_ym")),
            Section(_("Post"), ("unit_id", "org_id", "post", "is_leader", "work_status", "office_phone", "mobile")),
        ),
        rules=(org_of_unit,),
    ),
    list=List(
        columns=("person_no", "name", "gender", "unit_id", "org_id", "post", "work_status"),
        filters=("unit_id", "work_status", "is_leader"),
        order="name",
    ),
    sheet=Sheet(
        export=(
            *("person_no", "name", "gender", "member_type", "unit_id", "org_id", "post", "is_leader", "work_status"),
            *("birth_ym", "joined_ym", "office_phone", "mobile"),
        ),
        title=_("Register of members"),
        words={
            "person_no": ("人员编号", "编号", "党员编号", "工号"),
            "name": ("姓名", "党员姓名", "名字"),
            "gender": ("性别",),
            "member_type": ("人员类别", "政治面貌", "类别", "党员类别"),
            "unit_id": ("单位", "所在单位", "单位名称", "工作单位"),
            "org_id": ("所在党支部", "党支部", "所在党组织", "党组织", "所属党支部", "所在支部"),
            "post": ("职务", "岗位", "职务岗位", "现任职务", "职务职级", "行政职务"),
            "is_leader": ("是否领导干部", "领导干部"),
            "work_status": ("在职状态", "人员状态", "工作状态", "在岗状态", "在职情况", "状态"),
            "birth_ym": ("出生年月", "出生日期", "出生时间", "生日"),
            "joined_ym": ("入党年月", "入党时间", "入党日期", "加入党组织日期", "加入党组织时间"),
            "office_phone": ("办公电话", "办公室电话", "座机", "固定电话", "单位电话"),
            "mobile": ("手机", "手机号", "手机号码", "移动电话", "联系电话"),
        },
        ignored=NOT_TAKEN,
        essential=("name", "unit_id", "org_id"),
        identity=("person_no",),
        other_identities=(("unit_id", "org_id", "name"),),
        tie_breakers=("birth_ym", "gender"),
    ),
    privacy=Privacy(
        sensitive=("member_type", "birth_ym", "joined_ym"),
    ),
)
