"""Youth theory study groups, and what they plan, do and bring forth (`docs/domain` §2.4)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, ClassVar

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import ForeignKey, String, false, select
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.sql import ColumnElement

from portal.core import clock
from portal.core.fields import (
    EVENTS,
    PEOPLE,
    Choice,
    Code,
    Day,
    Field,
    Link,
    Month,
    Names,
    Text,
    Whole,
    field,
    link,
    org_link,
    own_orgs,
    own_unit,
    own_units,
    person,
    several_units,
    unit_link,
    written,
)
from portal.core.fields.links import above
from portal.core.models.record import PUBLISH_SCOPES, ChildRow, Record, index_natural_key
from portal.extensions import Model
from portal.org.mixins import Searchable
from portal.org.models import PartyOrg, Unit

FORMS = Choice(
    ("single", _("Of one unit")),
    ("joint", _("Joint, of several units")),
    also={
        "single": ("单独组建", "独立组建", "单位单独组建", "本单位组建"),
        "joint": ("联合组建", "联合", "多单位联合", "跨单位组建"),
    },
)
FREQUENCIES = Choice(
    ("month", _("Once a month")),
    ("quarter", _("Once a quarter")),
    also={
        "month": ("每月", "每月一次", "每月至少一次", "月"),
        "quarter": ("每季度", "每季度一次", "每季", "季度"),
    },
)
MEMBER_ROLES = Choice(
    ("leader", _("Group leader")),
    ("deputy", _("Deputy leader")),
    ("liaison", _("Liaison")),
    ("member", _("Group member")),
    also={
        "leader": ("小组长", "学习小组组长"),
        "deputy": ("副小组长",),
        "liaison": ("联系人", "小组联络员"),
        "member": ("组员", "小组成员"),
    },
)
PLACES = Choice(
    ("room", _("Meeting room")),
    ("site", _("Project site")),
    ("red", _("Red education base")),
    ("community", _("Community or enterprise")),
    ("online", _("Online")),
    also={
        "room": ("会议室", "单位会议室", "机关会议室"),
        "site": ("项目一线", "现场"),
        "red": ("红色基地", "红色教育基地", "爱国主义教育基地", "党性教育基地"),
        "community": ("社区", "企业"),
        "online": ("网上", "线上会议", "腾讯会议"),
    },
)
PRESENCES = Choice(
    ("present", _("Present")),
    ("leave", _("On leave")),
    ("absent", _("Absent")),
    also={
        "present": ("到会", "出席", "参加", "到", "已到", "√", "✓"),
        "leave": ("请假", "事假", "病假", "公出", "因公请假"),
        "absent": ("缺席", "未到", "缺勤", "旷会", "未参加", "×"),
    },
)
SPANS = Choice(("year", _("Whole year")), *((f"Q{n}", _("Quarter %(number)s", number=n)) for n in range(1, 5)))
STOP_REASONS = Choice(
    ("reform", _("Institutional reform")),
    ("few", _("Too few members")),
    ("merged", _("Merged into another group")),
    ("other", _("Other")),
)


def of_the_group(model: Any) -> Iterable[ColumnElement[bool]]:
    """What belongs to the group that the entry at hand stands under."""
    group = above()
    yield model.group_id == group.id if group is not None else false()


def group_column() -> Any:
    info = {"field": Field(Link("StudyGroup", "name", order="id"), _("Study group"), entered=False)}
    return mapped_column(ForeignKey("study_group.id", ondelete="CASCADE"), index=True, info=info)


class Members(Whole):
    """How many are in a group; before they are listed, what the paper says, told apart from what is counted."""

    def columns(self, name: str) -> tuple[str, ...]:
        return (name, "reported_member_cnt")

    def read(self, record: Any, name: str) -> Any:
        if record.member_cnt is not None or record.reported_member_cnt is None:
            return record.member_cnt
        return Reported(record.reported_member_cnt)

    def show(self, value: Any) -> str:
        if isinstance(value, Reported):
            return gettext("%(number)d (as reported)", number=value)
        return super().show(value)


class Reported(int):
    """A number that nobody counted here."""


class StudyGroup(Record, Model):
    """A youth theory study group (3-tier when it is set up and dissolved)."""

    __tablename__ = "study_group"
    ledger_name = "study_groups"
    dated_by = "founded_on"
    searched: ClassVar = ("record_no", "office_no", "name", "leader_name")

    name: Mapped[str | None] = field(
        Text(60), _("Group name"), required=True, derived=True, hint=_("Made from the unit when left empty")
    )
    unit_id: Mapped[int | None] = link(
        unit_link(own_units), _("Unit"), "unit.id", required=True, default=own_unit, asked=several_units
    )
    org_id: Mapped[int | None] = link(
        org_link(own_orgs),
        _("Party organisation"),
        "party_org.id",
        required=True,
        derived=True,
        hint=_("The unit's own when left empty"),
    )
    form: Mapped[str | None] = field(FORMS, _("Formed as"), required=True, default=lambda: "single")
    founded_on: Mapped[date | None] = field(Day(past=True), _("Founded on"), required=True, index=True)
    approve_doc: Mapped[str | None] = field(Text(60), _("Approval document"))
    leader_id: Mapped[int | None] = person("leader_name", _("Group leader"), required=True)
    leader_name: Mapped[str | None] = written(_("Group leader"))
    deputy_id: Mapped[int | None] = person("deputy_name", _("Deputy leader"))
    deputy_name: Mapped[str | None] = written(_("Deputy leader"))
    liaison_id: Mapped[int | None] = person("liaison_name", _("Liaison"), required=True)
    liaison_name: Mapped[str | None] = written(_("Liaison"))
    tutor: Mapped[str | None] = field(Names(), _("Tutor"))
    freq: Mapped[str | None] = field(FREQUENCIES, _("Study frequency"), required=True, default=lambda: "month")
    member_cnt: Mapped[int | None] = field(Members(), _("Group members"), entered=False)
    reported_member_cnt: Mapped[int | None] = field(
        Whole(0, 1000, of=PEOPLE), _("Members as reported"), hint=_("Until the members are listed below")
    )
    reported_session_cnt: Mapped[int | None] = field(Whole(0, 1000, of=EVENTS), _("Sessions as reported"))
    terminated_on: Mapped[date | None] = field(Day(), _("Dissolved on"), entered=False, required=True)
    terminate_reason: Mapped[str | None] = field(STOP_REASONS, _("Reason for dissolving"), entered=False, required=True)

    unit: Mapped[Unit | None] = relationship(foreign_keys="StudyGroup.unit_id")
    org: Mapped[PartyOrg | None] = relationship(foreign_keys="StudyGroup.org_id")
    group_members: Mapped[list[GroupMember]] = relationship(
        order_by="GroupMember.position", cascade="all, delete-orphan", back_populates="group"
    )
    study_plans: Mapped[list[StudyPlan]] = relationship(cascade="all, delete-orphan", back_populates="group")
    study_sessions: Mapped[list[StudySession]] = relationship(cascade="all, delete-orphan", back_populates="group")
    study_outputs: Mapped[list[StudyOutput]] = relationship(cascade="all, delete-orphan", back_populates="group")

    def __str__(self) -> str:
        return self.titled(self.name)


index_natural_key(StudyGroup.name, StudyGroup.unit_id)


class GroupMember(ChildRow, Model):
    """Somebody in a group; need not be a Party member."""

    __tablename__ = "group_member"
    ledger_name = "study_groups"
    part_of = "group"

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("study_group.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    member_id: Mapped[int | None] = person("person_name", _("Name of the person"), required=True)
    person_name: Mapped[str | None] = written(_("Name of the person"))
    role: Mapped[str] = field(MEMBER_ROLES, _("Role"), default=lambda: "member")
    political_status: Mapped[str | None] = field(Code("C21"), _("Political status"))
    birth_ym: Mapped[date | None] = field(Month(), _("Born in"))
    joined_on: Mapped[date | None] = field(
        Day(),
        _("Joined on"),
        required=True,
        derived=True,
        hint=_("The day the group was founded when left empty"),
    )
    left_on: Mapped[date | None] = field(Day(), _("Left on"))
    leave_reason: Mapped[str | None] = field(Text(60), _("Reason for leaving"))

    group: Mapped[StudyGroup] = relationship(back_populates="group_members")

    def __str__(self) -> str:
        return self.person_name or ""


class StudyPlan(Record, Model):
    """What a group means to study in a quarter or a year."""

    __tablename__ = "study_plan"
    ledger_name = "study_plans"
    searched: ClassVar = ("note",)

    plan_year: Mapped[int | None] = field(
        Whole(2000, 2100, counts=False), _("Year of the plan"), required=True, default=lambda: clock.today().year
    )
    span: Mapped[str | None] = field(SPANS, _("Period"), required=True)
    note: Mapped[str | None] = field(Text(200, lines=True), _("Notes"))

    group_id: Mapped[int] = group_column()
    group: Mapped[StudyGroup] = relationship(back_populates="study_plans")
    plan_topics: Mapped[list[PlanTopic]] = relationship(
        order_by="PlanTopic.position", cascade="all, delete-orphan", back_populates="plan"
    )

    def __str__(self) -> str:
        return self.titled(self.plan_year, SPANS.show(self.span))


class PlanTopic(ChildRow, Model):
    """A topic of a plan; studied when a session says so."""

    __tablename__ = "plan_topic"
    ledger_name = "study_plans"
    part_of = "plan"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("study_plan.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    topic: Mapped[str | None] = field(Text(80), _("Topic"), required=True)
    content: Mapped[str | None] = field(Text(200), _("What is studied"))
    month: Mapped[date | None] = field(Month(), _("Planned month"), required=True)
    speaker: Mapped[str | None] = field(Names(), _("Main speaker"))

    plan: Mapped[StudyPlan] = relationship(back_populates="plan_topics")

    def __str__(self) -> str:
        return self.topic or ""


def topics_of_the_group(model: Any) -> Iterable[ColumnElement[bool]]:
    group = above()
    plans = StudyPlan.group_id == group.id if group is not None else false()
    yield model.plan_id.in_(select(StudyPlan.id).where(plans, StudyPlan.status.in_(("active", "done"))))


def unlisted() -> bool:
    """Are the members of the group at hand not listed? Otherwise the attendance counts."""
    group = above()
    return group is None or group.member_cnt is None


class StudySession(Record, Model):
    """A meeting of a group (1-tier); the liaison ticks afterwards who was there."""

    __tablename__ = "study_session"
    ledger_name = "study_sessions"
    dated_by = "held_on"
    searched: ClassVar = ("record_no", "office_no", "theme", "speakers")

    held_on: Mapped[date | None] = field(Day(past=True), _("Held on"), required=True, index=True, default=clock.today)
    form: Mapped[str | None] = field(Code("C22"), _("Form of study"), required=True)
    theme: Mapped[str | None] = field(Text(100), _("Theme"), required=True)
    plan_topic_id: Mapped[int | None] = link(
        Link("PlanTopic", "topic", order="position", where=topics_of_the_group), _("Topic of the plan"), "plan_topic.id"
    )
    place_type: Mapped[str | None] = field(PLACES, _("Kind of place"))
    speakers: Mapped[str | None] = field(Names(100), _("Speakers"))
    due_cnt: Mapped[int | None] = field(Whole(0, 10_000, of=PEOPLE), _("Expected"), asked=unlisted)
    present_cnt: Mapped[int | None] = field(
        Whole(0, 10_000, of=PEOPLE), _("Were present"), required=True, asked=unlisted
    )
    leave_cnt: Mapped[int | None] = field(Whole(0, 10_000, of=PEOPLE), _("Were on leave"), asked=unlisted)
    summary: Mapped[str | None] = field(Text(200, lines=True), _("Summary"), required=True)

    group_id: Mapped[int] = group_column()
    group: Mapped[StudyGroup] = relationship(back_populates="study_sessions")
    plan_topic: Mapped[PlanTopic | None] = relationship()
    attendances: Mapped[list[Attendance]] = relationship(
        order_by="Attendance.position", cascade="all, delete-orphan", back_populates="session"
    )

    def __str__(self) -> str:
        return self.titled(self.theme)


class Attendance(ChildRow, Model):
    """Whether a member of the group was at a session."""

    __tablename__ = "attendance"
    ledger_name = "study_sessions"
    part_of = "session"

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("study_session.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    group_member_id: Mapped[int | None] = link(
        Link("GroupMember", "person_name", order="position", where=of_the_group),
        _("Name of the person"),
        "group_member.id",
        required=True,
    )
    presence: Mapped[str] = field(PRESENCES, _("Attendance"), required=True, default=lambda: "present")

    session: Mapped[StudySession] = relationship(back_populates="attendances")
    group_member: Mapped[GroupMember | None] = relationship()


class StudyOutput(Searchable, ChildRow, Model):
    """What came of a group's study; an entry, never counted against a target."""

    __tablename__ = "study_output"
    ledger_name = "study_outputs"
    part_of = "group"
    searched: ClassVar = ("title", "author_name")

    id: Mapped[int] = mapped_column(primary_key=True)
    output_type: Mapped[str | None] = field(Code("C23"), _("Kind of output"), required=True)
    title: Mapped[str | None] = field(Text(80), _("Title"), required=True)
    author_id: Mapped[int | None] = person("author_name", _("Author"))
    author_name: Mapped[str | None] = written(_("Author"))
    finished_on: Mapped[date | None] = field(Day(past=True), _("Finished on"), index=True, default=clock.today)
    adopted: Mapped[str | None] = field(Code("C24"), _("Adopted by"), default=lambda: "0")
    publish_scope: Mapped[str | None] = field(PUBLISH_SCOPES, _("Publication"), default=lambda: "internal")
    search_text: Mapped[str] = mapped_column(String(300), default="")

    group_id: Mapped[int] = group_column()
    group: Mapped[StudyGroup] = relationship(back_populates="study_outputs")

    def __str__(self) -> str:
        return self.title or ""
