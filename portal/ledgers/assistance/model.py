"""People who are helped, who helps them, and the visits paid to them (`docs/domain` §2.3.1–2.3.3)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _
from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.sql import ColumnElement

from portal.core import clock
from portal.core.access.masked_input import known_names
from portal.core.fields import (
    Bands,
    Choice,
    Code,
    Codes,
    Day,
    Field,
    Link,
    Links,
    Other,
    Personal,
    PersonalCodes,
    PersonalMoney,
    PersonalPhone,
    PersonName,
    Text,
    YesNo,
    community_link,
    field,
    link,
    name_key,
    org_link,
    own_orgs,
    person,
    serving,
    written,
)
from portal.core.models.record import ChildRow, Record, index_natural_key
from portal.extensions import Model
from portal.org.encrypted import Sealed
from portal.org.models import Area, Member, PartyOrg

GENDERS = Choice(("1", _("Male")), ("2", _("Female")), also={"1": ("男性",), "2": ("女性",)})
AGE_BANDS = Bands(
    *(("0", _("Under 18")), ("18", "18–34"), ("35", "35–59"), ("60", "60–69"), ("70", "70–79")),
    ("80", _("80 and over")),
    also={
        "0": ("18岁以下", "未满18岁", "不满18周岁", "18周岁以下"),
        "18": ("18-34岁", "18至34岁", "18~34岁"),
        "35": ("35-59岁", "35至59岁", "35~59岁"),
        "60": ("60-69岁", "60至69岁", "60~69岁"),
        "70": ("70-79岁", "70至79岁", "70~79岁"),
        "80": ("80岁以上", "80岁及以上", "80周岁以上", "80周岁及以上"),
    },
    counted_in=("周岁", "岁"),
)
INFO_SOURCES = Choice(
    ("community", _("From the community")),
    ("party", _("Known to the Party organisation")),
    ("visit", _("Found on a visit")),
    ("self", _("Own application")),
    also={
        "community": ("社区", "社区推荐", "居委会提供", "社区摸排"),
        "party": ("党组织掌握", "党组织", "支部掌握"),
        "visit": ("走访", "走访排查", "入户走访", "走访摸排"),
        "self": ("个人申请", "自己申请", "本人申报"),
    },
)
CONSENTS = Choice(
    ("told", _("Has been told")),
    ("agreed", _("Has agreed")),
    ("guardian", _("The guardian has agreed")),
    also={
        "told": ("告知", "已知情"),
        "agreed": ("同意", "本人同意", "本人已同意", "知情同意"),
        "guardian": ("监护人同意",),
    },
)
FREQUENCIES = Choice(
    ("month", _("Every month")),
    ("quarter", _("Every quarter")),
    ("half", _("Every half-year")),
    ("holiday", _("At holidays")),
    ("other", _("Other")),
    also={
        "month": ("每月一次", "每月1次", "1次/月", "月", "每月不少于一次", "每月不少于1次"),
        "quarter": (
            *("每季", "每季度一次", "每季度1次", "每季一次", "1次/季度", "季度"),
            *("每年四次", "每年4次", "每季度不少于一次", "每季度不少于1次"),
        ),
        "half": ("半年", "每半年一次", "每半年1次", "半年一次", "每年两次", "每年2次"),
        "holiday": ("节假日", "重要节日", "节日走访"),
    },
    other=Other("other", "remark"),
)
# What offices write as the kind of a person who is in none of the portal's kinds.
KINDS_OF_NEED = frozenset(
    (
        *("低保", "低保户", "低保对象", "低保家庭", "低保边缘户", "五保户", "特困户", "特困人员", "困难户", "困难家庭"),
        *("困难职工", "残疾人", "残疾人家庭", "孤寡老人", "空巢老人", "独居老人", "高龄老人", "困境儿童", "留守儿童"),
        *("孤儿", "单亲家庭", "失独家庭", "重病患者", "大病患者", "优抚对象", "退役军人", "军烈属", "失业人员"),
    )
)
AID_KINDS = Choice(
    ("money", _("Money")),
    ("goods", _("Goods")),
    ("errand", _("Errand")),
    also={"money": ("现金", "资金", "慰问金"), "goods": ("物品", "慰问品", "实物", "物资"), "errand": ("办事", "代办")},
)
SIGNED_BY = Choice(
    ("self", _("In person")),
    ("proxy", _("By proxy")),
    ("transfer", _("Bank transfer")),
    also={
        "self": ("本人", "本人领取", "本人签名"),
        "proxy": ("代签", "代领", "他人代签", "家属代领", "家属代签"),
        "transfer": ("银行转账", "转账", "汇款"),
    },
)
HANDLINGS = Choice(
    ("solved", _("Solved on the spot")),
    ("deed", _("Becomes a micro-deed")),
    ("wish", _("Becomes a micro-wish")),
    ("project", _("Becomes a service project")),
    ("whistle", _("Becomes a whistle order")),
    ("answered", _("Answered and explained")),
)


def in_a_year() -> date:
    return clock.months_after(clock.today(), 12)


def known_beneficiaries(model: Any) -> Iterable[ColumnElement[bool]]:
    yield model.status.in_(("draft", "returned", "active"))


class Beneficiary(Record, Model):
    """Somebody who is helped: a vault, whose names and circumstances are sealed and shown masked."""

    __tablename__ = "beneficiary"
    ledger_name = "beneficiaries"
    searched: ClassVar = ("beneficiary_no", "called")

    # Looks random, and stands in lists and sheets instead of the name.
    beneficiary_no: Mapped[str | None] = field(
        Text(12, free=False), _("Beneficiary number"), unique=True, entered=False
    )
    called: Mapped[str | None] = field(Text(60, free=False), _("Beneficiary"), entered=False)
    target_type: Mapped[str | None] = field(
        Code("C13", other=Other("9", "remark", KINDS_OF_NEED)), _("Kind of beneficiary"), required=True
    )
    name_enc: Mapped[Sealed | None] = field(
        PersonName(), _("Name of the person"), required=True, hint=_("Kept encrypted and shown masked")
    )
    gender: Mapped[str | None] = field(GENDERS, _("Gender"))
    age_band: Mapped[str | None] = field(AGE_BANDS, _("Age"))
    community_id: Mapped[int | None] = link(community_link(), _("Community"), "area.id", required=True)
    town_id: Mapped[int | None] = link(Link(Area, "name"), _("Subdistrict/town"), "area.id", entered=False)
    address_enc: Mapped[Sealed | None] = field(
        Personal(limit=100), _("Address"), hint=_("Kept encrypted and shown masked")
    )
    phone_enc: Mapped[Sealed | None] = field(
        PersonalPhone(), _("Phone of the person"), hint=_("Kept encrypted and shown masked")
    )
    hardship_types: Mapped[Sealed | None] = field(
        PersonalCodes("C14", other=Other("99", "hardship_note")),
        _("Kinds of hardship"),
        hint=_("Required for residents in difficulty; kept encrypted"),
    )
    hardship_note: Mapped[Sealed | None] = field(
        Personal(), _("Hardship in other words"), hint=_("Kept encrypted and shown masked")
    )
    need_types: Mapped[tuple[str, ...] | None] = field(Codes("C15", other=Other("99", "remark")), _("Main needs"))
    info_source: Mapped[str | None] = field(
        INFO_SOURCES, _("Source of the information"), required=True, default=lambda: "community"
    )
    consent_status: Mapped[str | None] = field(
        CONSENTS, _("Notice and consent"), hint=_("Needed before a pairing is in force")
    )
    consent_on: Mapped[date | None] = field(Day(past=True), _("Consent given on"))
    review_on: Mapped[date | None] = field(
        Day(), _("To be looked at again on"), required=True, index=True, default=in_a_year
    )
    same_household_id: Mapped[int | None] = link(
        Link("Beneficiary", "called", order="id", where=known_beneficiaries),
        _("Lives in the household of"),
        "beneficiary.id",
    )
    # For counting households; that two units' numbers are equal would tell of each that the other helps there, too.
    household_no: Mapped[str | None] = mapped_column(String(16), index=True)
    terminated_on: Mapped[date | None] = field(Day(), _("Left the list on"), entered=False, required=True)
    exit_reason: Mapped[str | None] = field(Code("C16"), _("Reason for leaving the list"), entered=False, required=True)
    dedupe_hash: Mapped[str | None] = mapped_column(String(64), index=True)

    community: Mapped[Area | None] = relationship(foreign_keys="Beneficiary.community_id")
    town: Mapped[Area | None] = relationship(foreign_keys="Beneficiary.town_id")
    same_household: Mapped[Beneficiary | None] = relationship(
        remote_side="Beneficiary.id", foreign_keys="Beneficiary.same_household_id"
    )

    def __str__(self) -> str:
        return self.titled(self.called)


index_natural_key(Beneficiary.community_id, Beneficiary.owner_unit_id)


def named_person(model: Any, text: str) -> ColumnElement[bool]:
    """Somebody by number; by their whole name, which is compared by its digest, for those who know it: whoever sees
    names masked would learn of a name that they think of whose it is."""
    found: ColumnElement[bool] = model.beneficiary_no == text.upper()
    named: ColumnElement[bool] = model.name_enc == Sealed.of(text, name_key(text))
    known = known_names("beneficiaries")
    return found | (named if known.everything else named & known.condition(model))


def beneficiary_link(label: Any, **rules: Any) -> Any:
    kind = Link("Beneficiary", "called", order="id", where=known_beneficiaries, alias=named_person)
    return link(kind, label, "beneficiary.id", **rules)


class Pairing(Record, Model):
    """Who helps whom, how, and how often they visit (2-tier)."""

    __tablename__ = "pairing"
    ledger_name = "pairings"
    dated_by = "start_on"
    searched: ClassVar = ("record_no", "office_no", "helper_name", "called")

    pair_type: Mapped[str | None] = field(Code("C17"), _("Kind of pairing"), required=True, default=lambda: "1")
    helper_member_id: Mapped[int | None] = person("helper_name", _("Helper"))
    helper_name: Mapped[str | None] = written(_("Helper"))
    helper_org_id: Mapped[int | None] = link(org_link(own_orgs), _("Helping Party branch"), "party_org.id")
    beneficiary_id: Mapped[int | None] = beneficiary_link(_("Beneficiary"), required=True)
    start_on: Mapped[date | None] = field(Day(), _("Paired on"), required=True, index=True, default=clock.today)
    end_on: Mapped[date | None] = field(
        Day(), _("Paired until"), index=True, hint=_("Until it is ended when left empty")
    )
    measures: Mapped[tuple[str, ...] | None] = field(
        Codes("C15", other=Other("99", "measures_note")), _("Measures"), required=True
    )
    measures_note: Mapped[str | None] = field(Text(200, lines=True), _("Measures in words"))
    visit_freq: Mapped[str | None] = field(FREQUENCIES, _("Visit frequency"), required=True, default=lambda: "quarter")
    terminated_on: Mapped[date | None] = field(Day(), _("Ended on"), entered=False, required=True)
    end_reason: Mapped[str | None] = field(Code("C16"), _("Reason for ending"), entered=False, required=True)
    successor_id: Mapped[int | None] = person("successor_name", _("Successor"), entered=False)
    successor_name: Mapped[str | None] = written(_("Successor"))
    # Of the beneficiary, so that pairings are found by it.
    called: Mapped[str | None] = mapped_column(String(60))

    helper_org: Mapped[PartyOrg | None] = relationship(foreign_keys="Pairing.helper_org_id")
    beneficiary: Mapped[Beneficiary | None] = relationship(foreign_keys="Pairing.beneficiary_id")

    def __str__(self) -> str:
        helper = self.helper_name or (self.helper_org.short_name if self.helper_org else "")
        return self.titled(" — ".join(name for name in (helper, self.called) if name))


index_natural_key(Pairing.beneficiary_id, Pairing.owner_unit_id)


visit_participant = Table(
    "visit_participant",
    Model.metadata,
    Column("visit_id", Integer, ForeignKey("visit.id", ondelete="CASCADE"), primary_key=True),
    Column("member_id", Integer, ForeignKey("member.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class Visit(Record, Model):
    """A visit, with what was brought and what was asked for (1-tier)."""

    __tablename__ = "visit"
    ledger_name = "visits"
    dated_by = "visited_on"
    searched: ClassVar = ("record_no", "office_no", "called", "findings")

    visited_on: Mapped[date | None] = field(
        Day(past=True), _("Visited on"), required=True, index=True, default=clock.today
    )
    visit_type: Mapped[str | None] = field(Code("C18"), _("Kind of visit"), required=True, default=lambda: "1")
    beneficiary_id: Mapped[int | None] = beneficiary_link(
        _("Beneficiary visited"), index=False, hint=_("Or one of the two fields after this one")
    )
    target_org_id: Mapped[int | None] = link(org_link(), _("Community or branch visited"), "party_org.id")
    target_name: Mapped[str | None] = field(Text(60), _("Enterprise or site visited"))
    findings: Mapped[str | None] = field(Text(300, lines=True), _("Main findings"), required=True)
    satisfaction: Mapped[str | None] = field(Code("C12"), _("Evaluation by the person visited"))
    with_leader: Mapped[bool | None] = field(YesNo(), _("Led by a leading cadre"), entered=False)
    called: Mapped[str | None] = field(Text(60, free=False), _("Visited"), entered=False)

    beneficiary: Mapped[Beneficiary | None] = relationship(foreign_keys="Visit.beneficiary_id")
    target_org: Mapped[PartyOrg | None] = relationship(foreign_keys="Visit.target_org_id")
    participants: Mapped[list[Member]] = relationship(
        secondary=visit_participant,
        order_by=Member.name,
        info={
            "field": Field(
                Links(Member, "name", "participants", order="name", where=serving), _("Visitors"), required=True
            ),
            "name": "participant_ids",
        },
    )
    aid_items: Mapped[list[AidItem]] = relationship(
        order_by="AidItem.position", cascade="all, delete-orphan", back_populates="visit"
    )
    visit_needs: Mapped[list[VisitNeed]] = relationship(
        order_by="VisitNeed.position", cascade="all, delete-orphan", back_populates="visit"
    )

    def __str__(self) -> str:
        return self.titled(self.visited_on, self.called)


index_natural_key(Visit.visited_on, Visit.owner_unit_id)
# When a unit visited whom (`figures.visited`).
Index(
    "ix_visit_of_beneficiary",
    *(Visit.beneficiary_id, Visit.owner_unit_id, Visit.status, Visit.visited_on, Visit.visit_type, Visit.amends_id),
)


class OfVisit(ChildRow):
    """A row that belongs to a visit."""

    part_of = "visit"
    ledger_name = "visits"

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(default=0)


class AidItem(OfVisit, Model):
    """What was brought."""

    __tablename__ = "aid_item"

    category: Mapped[str | None] = field(AID_KINDS, _("What was brought"), required=True)
    description: Mapped[str | None] = field(Text(60), _("Description"))
    amount: Mapped[Sealed | None] = field(
        PersonalMoney(), _("Amount in yuan"), hint=_("Kept encrypted and shown masked")
    )
    source: Mapped[str | None] = field(Code("C19"), _("Source of the money"))
    signed_by: Mapped[str | None] = field(SIGNED_BY, _("Received"), hint=_("Required when money was given"))

    visit: Mapped[Visit] = relationship(back_populates="aid_items")


class VisitNeed(OfVisit, Model):
    """What was asked for."""

    __tablename__ = "visit_need"

    category: Mapped[str | None] = field(Code("C15"), _("Category"), required=True)
    content: Mapped[str | None] = field(Text(200), _("What is needed"), required=True)
    handling: Mapped[str | None] = field(HANDLINGS, _("Handled by"), required=True)

    visit: Mapped[Visit] = relationship(back_populates="visit_needs")
