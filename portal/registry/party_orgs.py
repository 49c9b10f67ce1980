"""Party organisations (`docs/domain` §3.2): their own tree, mapped to units."""

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from portal.core.declaration.groups import Form, List, Sheet
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import Section
from portal.core.declaration.values import Values
from portal.core.fields import Choice, Code, Day, Field, Links, Names, Text, Whole, active, community_link, org_link
from portal.extensions import db
from portal.org.models import PartyOrg, Unit
from portal.registry.shared import (
    CHANGED_ON,
    GROUP,
    KEEPING,
    LAST,
    NOT_TAKEN,
    STATUSES,
    at_the_end,
    changes_on_a_day,
    short_as_full,
)
from portal.registry.units import not_below_itself

SITUATIONS = Choice(
    ("same", _("As the superior organisation")),
    ("legal_entity", _("Legal-person unit")),
    ("joint", _("Joint branch")),
    also={
        "same": ("与上级党组织相同", "同上级党组织", "与上级相同"),
        "legal_entity": ("法人单位", "独立法人单位", "法人"),
        "joint": ("联合党支部", "联合支部", "联合党组织"),
    },
)
REPORT_MODES = Choice(
    ("record", _("Record-level reporting")),
    ("aggregate", _("Aggregate-only reporting")),
    also={"record": ("逐条", "逐条上报", "明细填报"), "aggregate": ("汇总", "汇总上报", "只报汇总")},
)

LEVEL = 4  # characters of a code for each level: a point and three digits


def next_code(values: Values) -> None:
    """A new organisation without a code takes the next one below its superior (`docs/domain` §3.2)."""
    if values.record is not None or values.org_code is not None:
        return
    above, code = values.parent_id, PartyOrg.org_code
    over = db.session.scalar(select(code).where(PartyOrg.id == above)) if above else None
    if above and over is None:
        return
    same = PartyOrg.parent_id == above if above else func.length(code) == LEVEL - 1
    last = db.session.scalar(select(func.max(code)).where(same))
    number = int(last[-3:]) + 1 if last else 1
    if number < 1000:
        values.fields["org_code"] = f"{over}.{number:03}" if over else f"{number:03}"


def defaults(values: Values) -> None:
    short_as_full(values, 60)
    at_the_end(values, PartyOrg)
    next_code(values)


party_orgs = Ledger(
    name="party_orgs",
    label=_("Party organisations"),
    one=_("Party organisation"),
    group=GROUP,
    icon="sitemap",
    about=_("All Party organisations, from the committee down to branches."),
    model=PartyOrg,
    can=KEEPING,
    fields={
        "org_code": Field(
            Text(40, pattern=r"\d{3}(\.\d{3})*", free=False),
            _("Organisation code"),
            required=True,
            hint=_("Three digits a level, e.g. 001.015.004. Left blank: the next one below its superior"),
        ),
        "full_name": Field(Text(100), _("Full name"), required=True),
        "short_name": Field(Text(60), _("Short name"), required=True),
        "org_type": Field(Code("C40"), _("Type of organisation"), required=True),
        "unit_nature": Field(Code("C41"), _("Nature of the unit"), required=True),
        "parent_id": Field(org_link(), _("Superior Party organisation")),
        "sort_no": Field(Whole(0, 999_999, counts=False), _("Official order"), required=True, hint=LAST),
        "status": Field(STATUSES, _("Status"), default=lambda: "active"),
        "report_mode": Field(REPORT_MODES, _("Way of reporting"), default=lambda: "record"),
        "unit_situation": Field(SITUATIONS, _("Situation of the unit"), default=lambda: "legal_entity"),
        "unit_ids": Field(Links(Unit, "full_name", "units", where=active), _("Units")),
        "community_id": Field(community_link(), _("Community")),
        "secretary": Field(Names(), _("Party secretary")),
        "contact": Field(Names(), _("Contact")),
        "founded_on": Field(Day(past=True), _("Founded on")),
        "doc_no": Field(Text(60), _("Approval document")),
        "term_from": Field(Day(), _("Term from")),
        "term_to": Field(Day(), _("Term to")),
        "changed_on": CHANGED_ON,
    },
    form=Form(
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
        defaults=defaults,
        rules=(not_below_itself, changes_on_a_day),
        derive=PartyOrg.keep_former,
    ),
    list=List(
        columns=("org_code", "full_name", "org_type", "parent_id", "secretary", "status"),
        filters=("org_type", "unit_nature", "report_mode", "status"),
        order="sort_no",
        tree="parent",
    ),
    sheet=Sheet(
        export=(
            *(
                "org_code",
                "full_name",
                "short_name",
                "org_type",
                "unit_nature",
                "parent_id",
                "unit_situation",
                "unit_ids",
            ),
            *("community_id", "secretary", "contact", "founded_on", "doc_no", "term_from", "term_to", "report_mode"),
            *("sort_no", "status"),
        ),
        title=_("Register of Party organisations"),
        words={
            "org_code": ("党组织代码", "代码", "组织代码", "编号"),
            "full_name": ("党组织全称", "党组织名称", "全称", "名称", "党组织", "组织名称"),
            "short_name": ("党组织简称", "简称"),
            "parent_id": ("上级党组织", "上级组织", "所属党组织", "上级"),
            "changed_on": ("更名日期", "变更日期"),
            "org_type": ("党组织类别", "组织类别", "类别", "类型", "党组织类型"),
            "unit_nature": ("单位性质", "单位性质类别", "性质"),
            "sort_no": ("排序", "排序号", "机构排序"),
            "status": ("状态",),
            "report_mode": ("填报方式",),
            "unit_situation": ("所在单位情况", "单位情况"),
            "unit_ids": ("对应单位", "所在单位", "单位", "单位名称"),
            "community_id": ("对应社区", "所在社区", "社区"),
            "secretary": ("书记", "党组织书记", "支部书记", "书记姓名", "党组织书记姓名", "党支部书记"),
            "contact": ("联系人", "联络员"),
            "founded_on": ("成立日期", "成立时间", "建立时间", "建立日期"),
            "doc_no": ("批准文号", "文号"),
            "term_from": ("本届起始日期", "本届起始", "任期起", "换届时间", "换届日期", "上次换届时间", "本届换届时间"),
            "term_to": ("应换届日期", "本届届满日期", "任期止", "届满时间", "届满日期", "应换届时间", "下次换届时间"),
        },
        ignored=(*NOT_TAKEN, "党员数"),
        date_spans={("term_from", "term_to"): ("本届起止", "任期", "本届任期")},
        essential=("full_name",),
        identity=("org_code",),
        other_identities=(("full_name",),),
    ),
)
