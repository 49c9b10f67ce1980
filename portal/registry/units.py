"""Units of the district and the institutions below them (`docs/domain` §3.3)."""

from collections.abc import Iterator
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from portal.core import clock
from portal.core.declaration.groups import Form, List, Sheet
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import Section
from portal.core.declaration.values import Problem, Values
from portal.core.fields import BadValue, Code, Day, Field, Names, Text, Whole, YesNo, community_link, unit_link
from portal.extensions import db
from portal.org.account_profiles import AccountProfile
from portal.org.models import Unit
from portal.org.trees import below
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

CREDIT_DIGITS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


class CreditCode(Text):
    """A unified social credit code of 18 characters with a valid check character (GB 32100, mod 31)."""

    def __init__(self) -> None:
        super().__init__(18, free=False)

    def parse_text(self, text: str, before: object) -> str:
        code = text.upper()
        fault = BadValue(gettext("This is not a valid unified social credit code."))
        if len(code) != 18 or any(ch not in CREDIT_DIGITS for ch in code):
            raise fault
        total = sum(CREDIT_DIGITS.index(ch) * pow(3, n, 31) for n, ch in enumerate(code[:17]))
        if CREDIT_DIGITS[-total % 31] != code[17]:
            raise fault
        return code


def not_below_itself(values: Values) -> Iterator[Problem]:
    """No cycles: a row stands below none of those below it."""
    record: Any = values.record
    above, seen = values.parent_id, set()
    while record is not None and above is not None and above not in seen:
        if above == record.id:
            yield Problem("parent_id", gettext("This would stand below itself."))
            return
        seen.add(above)
        model = type(record)
        above = db.session.scalar(select(model.parent_id).where(model.id == above))


def dissolve_merged(values: Values) -> None:
    """What goes over into another unit is dissolved, today if no other day is said."""
    record: Any = values.record
    if values.merged_into_id is None:
        return
    if record is None or record.merged_into_id is None:
        values.fields["status"] = "dissolved"
    values.fill("valid_to", clock.today())


def defaults(values: Values) -> None:
    dissolve_merged(values)
    short_as_full(values, 50)
    at_the_end(values, Unit)


def merged_is_dissolved(values: Values) -> Iterator[Problem]:
    """What has gone over into another unit is no more, and the other one is."""
    record: Any = values.record
    if values.merged_into_id is None:
        return
    if values.status != "dissolved":
        yield Problem("status", gettext("A unit that went over into another one is dissolved."))
    if record is not None and values.merged_into_id in below(Unit, [record.id], "merged_into_id"):
        yield Problem("merged_into_id", gettext("This would go over into itself."))


def accounts_left(values: Values) -> Iterator[Problem]:
    """Whose accounts can enter nothing new any more."""
    if values.record is None or values.status != "dissolved":
        return
    mine = (AccountProfile.unit_id == values.record.id, AccountProfile.user.has(active=True))
    count = db.session.scalar(select(func.count(AccountProfile.user_id)).where(*mine))
    if count:
        text = ngettext(
            "%(num)d account still belongs to this unit and can enter nothing new; please move it to another unit.",
            "%(num)d accounts still belong to this unit and can enter nothing new; please move them to another unit.",
            count,
        )
        yield Problem("status", text, warning=True)


units = Ledger(
    name="units",
    label=_("Units"),
    one=_("Unit"),
    group=GROUP,
    icon="building",
    about=_(
        "All units in official order. A unit that is renamed or merged keeps its record; earlier names stay known."
    ),
    model=Unit,
    can=KEEPING,
    fields={
        "full_name": Field(Text(100), _("Full name"), required=True),
        "short_name": Field(Text(50), _("Short name"), required=True),
        "unit_nature": Field(Code("C41"), _("Nature of the unit"), required=True),
        "is_legal_entity": Field(YesNo(), _("Independent legal person"), default=lambda: False),
        "credit_code": Field(CreditCode(), _("Unified social credit code")),
        "parent_id": Field(unit_link(), _("Superior unit")),
        "sort_no": Field(Whole(1, 999, counts=False), _("Official order"), required=True, hint=LAST),
        "status": Field(STATUSES, _("Status"), default=lambda: "active"),
        "office_address": Field(Text(200), _("Office address")),
        "office_community_id": Field(community_link(), _("Office-location community")),
        "leader": Field(Names(), _("Leader in charge")),
        "contact": Field(Names(), _("Contact")),
        "valid_from": Field(Day(), _("Valid from")),
        "valid_to": Field(Day(), _("Valid to")),
        "changed_on": CHANGED_ON,
        "merged_into_id": Field(
            unit_link(),
            _("Merged into"),
            hint=_("It keeps the records of this unit from now on, and this unit is dissolved."),
        ),
    },
    form=Form(
        sections=(
            Section(
                _("Unit"),
                (
                    "full_name",
                    "short_name",
                    "parent_id",
                    "changed_on",
                    "unit_nature",
                    "is_legal_entity",
                    "credit_code",
                    "sort_no",
                    "status",
                ),
            ),
            Section(_("Office"), ("office_address", "office_community_id", "leader", "contact")),
            Section(_("Validity"), ("valid_from", "valid_to", "merged_into_id")),
        ),
        defaults=defaults,
        rules=(not_below_itself, changes_on_a_day, merged_is_dissolved, accounts_left),
        derive=Unit.keep_former,
    ),
    list=List(
        columns=(
            "sort_no",
            "full_name",
            "short_name",
            "unit_nature",
            "is_legal_entity",
            "office_community_id",
            "status",
        ),
        filters=("unit_nature", "is_legal_entity", "status"),
        order="sort_no",
        tree="parent",
    ),
    sheet=Sheet(
        export=(
            *("sort_no", "full_name", "short_name", "parent_id", "unit_nature", "is_legal_entity", "credit_code"),
            *("office_address", "office_community_id", "leader", "contact", "valid_from", "valid_to", "merged_into_id"),
            "status",
        ),
        title=_("Register of units"),
        words={
            "full_name": ("单位全称", "全称", "单位名称", "单位", "机构名称", "机构全称", "名称"),
            "short_name": ("单位简称", "简称", "机构简称"),
            "parent_id": ("上级单位", "主管单位", "主管部门", "所属单位"),
            "changed_on": ("更名日期", "变更日期"),
            "unit_nature": ("单位性质", "性质", "单位类别", "单位性质类别"),
            "is_legal_entity": ("是否独立法人", "独立法人", "法人单位", "是否法人", "是否法人单位", "是否独立法人单位"),
            "credit_code": ("统一社会信用代码", "信用代码", "社会信用代码", "统一信用代码"),
            "sort_no": ("排序", "排序号", "机构排序", "单位排序"),
            "status": ("状态", "单位状态"),
            "office_address": ("办公地址", "地址", "单位地址", "办公地点"),
            "office_community_id": ("驻地社区", "所在社区", "办公地社区"),
            "leader": ("主管领导", "分管领导", "负责人"),
            "contact": ("联系人", "联络员"),
            "valid_from": ("成立日期", "有效期自", "启用日期"),
            "valid_to": ("撤销日期", "有效期至"),
            "merged_into_id": ("并入单位", "合并至"),
        },
        ignored=NOT_TAKEN,
        essential=("full_name",),
        identity=("full_name",),
    ),
)
