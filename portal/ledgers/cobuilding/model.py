"""Agreements, the rows that belong to them, and the activities under them."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _
from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship, synonym

from portal.core import clock
from portal.core.fields import (
    COPIES,
    EVENTS,
    PEOPLE,
    Choice,
    Code,
    Codes,
    Day,
    Field,
    Link,
    Names,
    Other,
    Phone,
    RowRefs,
    Text,
    Whole,
    YesNo,
    community_orgs,
    field,
    link,
    org_link,
    own_orgs,
)
from portal.core.models.record import ChildRow, Record, filled_only, index_natural_key, numbered_in_unit
from portal.extensions import Model
from portal.org.mixins import Searchable
from portal.org.models import PartyOrg

RENEWAL = Choice(
    ("remind", _("Remind to renew")),
    ("extend", _("Extend by one year")),
    ("end", _("End at expiry")),
    also={
        "remind": ("到期提醒", "提醒续签", "提醒"),
        "extend": ("顺延一年", "自动顺延一年", "自动续期一年", "自动续签一年", "自动延长一年"),
        "end": ("到期终止", "期满终止", "到期自动终止", "到期自行终止"),
    },
)
DEMAND_STATUSES = Choice(
    ("open", _("To be matched")),
    ("matched", _("Matched")),
    ("met", _("Met")),
    ("not_possible", _("Not possible for now")),
    ("withdrawn", _("Withdrawn")),
    also={
        "open": ("待认领", "未对接", "待对接"),
        "matched": ("已认领", "对接中"),
        "met": ("已解决", "已完成", "已落实"),
        "not_possible": ("暂无法解决", "暂不能满足"),
        "withdrawn": ("撤回", "取消"),
    },
)
RESOURCE_STATUSES = Choice(
    ("free", _("Available")),
    ("taken", _("Taken")),
    ("stopped", _("No longer offered")),
    also={"free": ("可用", "空闲"), "taken": ("已占用", "使用中"), "stopped": ("停用", "停止提供")},
)
ITEM_STATUSES = Choice(
    ("not_started", _("Not started")),
    ("running", _("Under way")),
    ("done", _("Finished")),
    ("delayed", _("Delayed")),
    ("cancelled", _("Cancelled")),
    also={
        "not_started": ("未开始", "未启动", "尚未开始"),
        "running": ("实施中", "进行中", "推进中", "正在推进", "正在实施", "开展中"),
        "done": ("完成", "已完成", "完结", "已完结", "办结", "已办结"),
        "delayed": ("延期", "延期中", "已延期"),
        "cancelled": ("取消", "已取消", "不再实施"),
    },
)
CHANGE_TYPES = Choice(
    ("parties", _("Parties")),
    ("contacts", _("Contacts")),
    ("term", _("Term")),
    ("content", _("Content")),
    ("end", _("Termination")),
)
PARTY_ROLES = Choice(
    ("lead", _("Lead")),
    ("member", _("Taking part")),
    also={"lead": ("牵头", "牵头单位", "主办", "主办单位"), "member": ("参与", "参与单位", "参加单位", "成员单位")},
)


class Agreement(Record, Model):
    """A co-building agreement between a unit's organisation and a community's (3-tier)."""

    __tablename__ = "agreement"
    __table_args__ = (
        filled_only("agreement", "amends_id"),
        filled_only("agreement", "previous_id"),
        numbered_in_unit("agreement"),
        # Which organisations have one in force (`figures.covered`).
        Index(
            "ix_agreement_party_a_in_force",
            *("party_a_org_id", "agreement_type", "status", "effective_to", "effective_from", "amends_id"),
        ),
    )
    ledger_name = "agreements"
    dated_by = "signed_on"
    searched: ClassVar = ("record_no", "office_no", "title")

    title: Mapped[str | None] = field(Text(80), _("Agreement title"), hint=_("Made from the parties when left empty"))
    agreement_type: Mapped[str | None] = field(
        Code("C01", other=Other("9", "remark")), _("Agreement type"), required=True, index=True
    )
    party_a_org_id: Mapped[int | None] = link(
        org_link(own_orgs), _("Party A organisation"), "party_org.id", required=True, index=False
    )
    party_b_org_id: Mapped[int | None] = link(
        org_link(community_orgs), _("Party B organisation"), "party_org.id", required=True
    )
    is_office_community: Mapped[bool | None] = field(YesNo(), _("Is the office-location community"), entered=False)
    signed_on: Mapped[date | None] = field(Day(past=True), _("Signed on"), index=True)
    effective_from: Mapped[date | None] = field(
        Day(), _("In force from"), required=True, derived=True, hint=_("The day of signing when left empty")
    )
    effective_to: Mapped[date | None] = field(
        Day(),
        _("In force until"),
        required=True,
        derived=True,
        index=True,
        hint=_("Three years when left empty; at most five"),
    )
    renew_mode: Mapped[str | None] = field(RENEWAL, _("At expiry"), default=lambda: "remind")
    coop_modes: Mapped[tuple[str, ...] | None] = field(Codes("C02"), _("Ways of co-building"), required=True)
    content: Mapped[str | None] = field(Text(500, lines=True), _("Summary of content"))
    a_contact: Mapped[str | None] = field(Names(50, least=2), _("Party A liaison"), required=True)
    a_phone: Mapped[Any] = field(Phone(), _("Party A office phone"), required=True)
    b_contact: Mapped[str | None] = field(Names(50, least=2), _("Party B liaison"))
    b_phone: Mapped[Any] = field(Phone(), _("Party B office phone"))
    plan_activity_cnt: Mapped[int | None] = field(Whole(0, 50, of=EVENTS), _("Activities planned per year"))
    copies: Mapped[int | None] = field(Whole(1, 20, of=COPIES), _("Originals"), default=lambda: 3)
    filing_no: Mapped[str | None] = field(Text(40), _("Filing number"))
    filed_on: Mapped[date | None] = field(Day(past=True), _("Put on file on"))
    previous_id: Mapped[int | None] = link(
        Link("Agreement", "title", order="id"), _("Previous agreement"), "agreement.id", index=False, entered=False
    )
    terminated_on: Mapped[date | None] = field(Day(), _("Terminated on"), entered=False, required=True)
    terminate_reason: Mapped[str | None] = field(Code("C03"), _("Reason for termination"), entered=False, required=True)

    # The community, which sees and fills what concerns it.
    counter_org_id: Mapped[int | None] = synonym("party_b_org_id")
    party_a_org: Mapped[PartyOrg | None] = relationship(foreign_keys="Agreement.party_a_org_id")
    party_b_org: Mapped[PartyOrg | None] = relationship(foreign_keys="Agreement.party_b_org_id")
    previous: Mapped[Agreement | None] = relationship(remote_side="Agreement.id", foreign_keys="Agreement.previous_id")
    demand_items: Mapped[list[DemandItem]] = relationship(
        order_by="DemandItem.position", cascade="all, delete-orphan", back_populates="agreement"
    )
    resource_items: Mapped[list[ResourceItem]] = relationship(
        order_by="ResourceItem.position", cascade="all, delete-orphan", back_populates="agreement"
    )
    coop_items: Mapped[list[CoopItem]] = relationship(
        order_by="CoopItem.position", cascade="all, delete-orphan", back_populates="agreement"
    )
    agreement_parties: Mapped[list[AgreementParty]] = relationship(
        order_by="AgreementParty.position", cascade="all, delete-orphan", back_populates="agreement"
    )
    agreement_changes: Mapped[list[AgreementChange]] = relationship(
        order_by="AgreementChange.id", cascade="all, delete-orphan", back_populates="agreement"
    )
    coop_activities: Mapped[list[CoopActivity]] = relationship(cascade="all, delete-orphan", back_populates="agreement")

    def __str__(self) -> str:
        return self.titled(self.title)


index_natural_key(Agreement.party_a_org_id, Agreement.party_b_org_id)


class OfAgreement(ChildRow):
    """A row that belongs to an agreement and to that agreement's unit."""

    part_of = "agreement"
    ledger_name = "agreements"

    id: Mapped[int] = mapped_column(primary_key=True)
    agreement_id: Mapped[int] = mapped_column(ForeignKey("agreement.id", ondelete="CASCADE"), index=True)


class DemandItem(OfAgreement, Model):
    """A need of the community."""

    __tablename__ = "demand_item"

    position: Mapped[int] = mapped_column(default=0)
    name: Mapped[str | None] = field(Text(50), _("Name of the need"), required=True)
    category: Mapped[str | None] = field(Code("C04"), _("Category"), required=True)
    description: Mapped[str | None] = field(Text(200, lines=True), _("Description"))
    beneficiaries: Mapped[str | None] = field(Text(100), _("Who benefits"))
    wanted_by: Mapped[date | None] = field(Day(), _("Wanted by"))
    proposer_role: Mapped[str | None] = field(Text(50), _("Proposed by (role, not person)"))
    status: Mapped[str] = field(DEMAND_STATUSES, _("Status"), default=lambda: "open")
    reason: Mapped[str | None] = field(Text(200), _("Reason"), hint=_("Required when not possible for now"))
    # Which party entered it (`core/records/forms/party_rows.py`).
    from_counterpart: Mapped[bool | None]

    agreement: Mapped[Agreement] = relationship(back_populates="demand_items")


class ResourceItem(OfAgreement, Model):
    """What the unit can offer."""

    __tablename__ = "resource_item"

    position: Mapped[int] = mapped_column(default=0)
    name: Mapped[str | None] = field(Text(50), _("Name of the resource"), required=True)
    category: Mapped[str | None] = field(Code("C05"), _("Category"), required=True)
    quantity: Mapped[str | None] = field(Text(50), _("Quantity or frequency"))
    open_hours: Mapped[str | None] = field(Text(50), _("Open hours"))
    contact: Mapped[str | None] = field(Names(), _("Contact"))
    valid_until: Mapped[date | None] = field(Day(), _("Valid until"))
    status: Mapped[str] = field(RESOURCE_STATUSES, _("Status"), default=lambda: "free")

    agreement: Mapped[Agreement] = relationship(back_populates="resource_items")


item_demand = Table(
    "coop_item_demand",
    Model.metadata,
    Column("coop_item_id", Integer, ForeignKey("coop_item.id", ondelete="CASCADE"), primary_key=True),
    Column("demand_item_id", Integer, ForeignKey("demand_item.id", ondelete="CASCADE"), primary_key=True),
)
item_resource = Table(
    "coop_item_resource",
    Model.metadata,
    Column("coop_item_id", Integer, ForeignKey("coop_item.id", ondelete="CASCADE"), primary_key=True),
    Column("resource_item_id", Integer, ForeignKey("resource_item.id", ondelete="CASCADE"), primary_key=True),
)


def refs(table: str, relation: str, label: Any, name: str) -> dict[str, Any]:
    return {"field": Field(RowRefs(table, "name", relation), label), "name": name}


class CoopItem(OfAgreement, Model):
    """A project that meets needs with resources."""

    __tablename__ = "coop_item"

    position: Mapped[int] = mapped_column(default=0)
    name: Mapped[str | None] = field(Text(50), _("Name of the project"), required=True)
    category: Mapped[str | None] = field(Code("C04"), _("Category"))
    lead_org_id: Mapped[int | None] = link(
        org_link(), _("Responsible Party organisation"), "party_org.id", required=True
    )
    community_contact: Mapped[str | None] = field(Names(), _("Contact in the community"))
    due_on: Mapped[date | None] = field(Day(), _("Due date"), required=True)
    status: Mapped[str] = field(ITEM_STATUSES, _("Status"), default=lambda: "not_started")
    done_on: Mapped[date | None] = field(Day(past=True), _("Done on"))
    outcome: Mapped[str | None] = field(Text(200, lines=True), _("Outcome"))
    community_confirmed: Mapped[bool | None] = field(YesNo(), _("Confirmed by the community"), default=lambda: False)
    from_counterpart: Mapped[bool | None]

    agreement: Mapped[Agreement] = relationship(back_populates="coop_items")
    lead_org: Mapped[PartyOrg | None] = relationship()
    demands: Mapped[list[DemandItem]] = relationship(
        secondary=item_demand,
        order_by=DemandItem.position,
        info=refs("demand_items", "demands", _("Needs met"), "demand_ids"),
    )
    resources: Mapped[list[ResourceItem]] = relationship(
        secondary=item_resource,
        order_by=ResourceItem.position,
        info=refs("resource_items", "resources", _("Resources used"), "resource_ids"),
    )

    def __str__(self) -> str:
        return self.name or ""


class AgreementParty(OfAgreement, Model):
    """A member of an alliance."""

    __tablename__ = "agreement_party"

    position: Mapped[int] = mapped_column(default=0)
    org_id: Mapped[int | None] = link(org_link(), _("Party organisation"), "party_org.id", required=True)
    role: Mapped[str] = field(PARTY_ROLES, _("Role"), default=lambda: "member")

    agreement: Mapped[Agreement] = relationship(back_populates="agreement_parties")
    org: Mapped[PartyOrg | None] = relationship()


class AgreementChange(OfAgreement, Model):
    """What an amendment changed; written by the transitions, never edited."""

    __tablename__ = "agreement_change"

    position: Mapped[int] = mapped_column(default=0)
    change_type: Mapped[str] = field(CHANGE_TYPES, _("Kind of change"))
    field_name: Mapped[str | None] = mapped_column(String(40))
    old_value: Mapped[str | None] = field(Text(500), _("Before"))
    new_value: Mapped[str | None] = field(Text(500), _("After"))
    reason: Mapped[str | None] = field(Text(200), _("Reason"))
    changed_on: Mapped[date] = mapped_column(
        default=clock.today, info={"field": Field(Day(), _("Date of change"), entered=False)}
    )

    agreement: Mapped[Agreement] = relationship(back_populates="agreement_changes")


class CoopActivity(Searchable, OfAgreement, Model):
    """Something done together while the agreement is in force; an entry."""

    __tablename__ = "coop_activity"
    ledger_name = "coop_activities"
    searched: ClassVar = ("theme", "place")

    held_on: Mapped[date | None] = field(Day(past=True), _("Held on"), required=True, index=True)
    activity_type: Mapped[str | None] = field(Code("C06"), _("Activity type"), required=True)
    theme: Mapped[str | None] = field(Text(80), _("Theme"), required=True)
    place: Mapped[str | None] = field(Text(80), _("Place"))
    unit_count: Mapped[int | None] = field(Whole(0, 100_000, of=PEOPLE), _("Participants of the unit"))
    community_count: Mapped[int | None] = field(Whole(0, 100_000, of=PEOPLE), _("Participants of the community"))
    volunteer_theme: Mapped[str | None] = field(Code("C07"), _("Volunteer theme"))
    summary: Mapped[str | None] = field(Text(200, lines=True), _("Summary"))
    receipt_no: Mapped[str | None] = field(
        Text(40), _("Community's receipt number"), hint=_("When the community confirms on paper and not here")
    )
    by_counterpart: Mapped[bool | None] = field(YesNo(), _("Entered by the community"), entered=False)
    search_text: Mapped[str] = mapped_column(String(300), default="")

    agreement_id: Mapped[int] = mapped_column(
        ForeignKey("agreement.id", ondelete="CASCADE"),
        index=True,
        info={"field": Field(Link("Agreement", "title", order="id"), _("Co-building agreement"), entered=False)},
    )
    agreement: Mapped[Agreement] = relationship(back_populates="coop_activities")

    def __str__(self) -> str:
        return self.theme or ""
