"""Service projects, and what is reported, put off, accepted and judged under them (`docs/domain` §2.5.1)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _
from sqlalchemy import Column, ForeignKey, Integer, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship, synonym
from sqlalchemy.sql import ColumnElement

from portal.core import clock
from portal.core.access import scope
from portal.core.fields import (
    PEOPLE,
    Choice,
    Code,
    Day,
    Field,
    Link,
    Links,
    Money,
    Names,
    Other,
    Percent,
    Text,
    Whole,
    YesNo,
    active,
    field,
    link,
    own_unit,
    own_units,
    several_units,
    unit_link,
)
from portal.core.models.record import ChildRow, Record, index_natural_key
from portal.extensions import Model
from portal.org.models import Area, Unit

PRIORITIES = Choice(
    ("normal", _("Ordinary")),
    ("key", _("Key project")),
    ("led", _("Sponsored by a leading cadre")),
    also={
        "normal": ("普通", "一般项目", "普通项目", "正常"),
        "key": ("重点项目", "重点"),
        "led": ("领衔", "领导干部领办", "领办项目", "书记领办", "领导带队"),
    },
)
PUT_OFF = Choice(("extend", _("Later due date")), ("defer", _("On the books for now")))
WAYS = Choice(
    ("paper", _("On paper")),
    ("site", _("On the spot")),
    ("third", _("By a third party")),
    also={"paper": ("书面", "资料验收"), "site": ("现场", "实地", "实地验收"), "third": ("第三方",)},
)
CONCLUSIONS = Choice(
    ("passed", _("Passed")),
    ("redo", _("To be put right and seen again")),
    ("failed", _("Not passed")),
    also={
        "passed": ("合格", "验收合格", "通过验收", "验收通过"),
        "redo": ("限期整改", "整改", "整改后复验"),
        "failed": ("不合格", "未通过", "验收不合格", "未通过验收"),
    },
)
JUDGES = Choice(
    ("target", _("Whom it serves")),
    ("community", _("Community")),
    ("town", _("Subdistrict/town")),
    ("enterprise", _("Enterprise")),
    also={"target": ("服务对象", "受益群众"), "community": ("居委会",), "town": ("街道", "镇", "街镇", "乡镇")},
)
METHODS = Choice(
    ("phone", _("By phone")),
    ("site", _("On the spot")),
    ("form", _("By questionnaire")),
    also={
        "phone": ("电话", "电话回访", "电话调查"),
        "site": ("现场", "现场回访", "入户回访", "实地回访"),
        "form": ("问卷", "问卷调查", "书面问卷"),
    },
)


def lead_units(model: Any) -> Iterable[ColumnElement[bool]]:
    """Units propose what they lead themselves; towns and zones ask any unit."""
    return active(model) if scope.current().area_id is not None else own_units(model)


def towns_and_zones(model: Any) -> Iterable[ColumnElement[bool]]:
    yield from active(model)
    yield model.kind.in_(("town", "zone"))


def asked_for_lead() -> bool:
    return scope.current().area_id is not None or several_units()


def by_committee() -> bool:
    return scope.current().home is None


co_unit = Table(
    "service_project_co_unit",
    Model.metadata,
    Column("service_project_id", Integer, ForeignKey("service_project.id", ondelete="CASCADE"), primary_key=True),
    Column("unit_id", Integer, ForeignKey("unit.id"), primary_key=True, index=True),
)


class ServiceProject(Record, Model):
    """A project for the public, the grassroots or enterprises (3-tier)."""

    __tablename__ = "service_project"
    ledger_name = "service_projects"
    dated_by = "collected_on"
    searched: ClassVar = ("record_no", "office_no", "title", "owner_name")

    title: Mapped[str | None] = field(Text(60), _("Project title"), required=True)
    series: Mapped[str | None] = field(Code("C26"), _("Series"), required=True)
    origin: Mapped[str | None] = field(Code("C27", other=Other("9", "remark")), _("Collected from"), required=True)
    area_id: Mapped[int | None] = link(
        Link(Area, "name", where=towns_and_zones), _("Collected in"), "area.id", required=True
    )
    beneficiaries: Mapped[str | None] = field(Text(100), _("Whom it serves"), required=True)
    benefit_cnt: Mapped[int | None] = field(Whole(of=PEOPLE), _("People who benefit"))
    problem: Mapped[str | None] = field(Text(300, lines=True), _("Problem or need"))
    measures: Mapped[str | None] = field(
        Text(500, lines=True), _("Aims and measures"), hint=_("Needed before the committee approves")
    )
    lead_unit_id: Mapped[int | None] = link(
        unit_link(lead_units), _("Responsible unit"), "unit.id", required=True, default=own_unit, asked=asked_for_lead
    )
    leader: Mapped[str | None] = field(Names(), _("Responsible leader"), hint=_("Post and name"))
    owner_name: Mapped[str | None] = field(Names(50, least=2), _("Responsible person"), required=True)
    collected_on: Mapped[date | None] = field(
        Day(past=True), _("Collected on"), required=True, index=True, default=clock.today
    )
    approved_on: Mapped[date | None] = field(Day(past=True), _("Approved on"), index=True, asked=by_committee)
    due_on: Mapped[date | None] = field(Day(), _("Due date"), required=True, index=True)
    priority: Mapped[str | None] = field(PRIORITIES, _("Priority"), default=lambda: "normal")
    budget: Mapped[Decimal | None] = field(Money(), _("Funds needed in yuan"))
    progress: Mapped[Decimal | None] = field(Percent(), _("Percent done"), entered=False)
    acceptance_asked_on: Mapped[date | None] = field(Day(), _("Acceptance asked for on"), entered=False)
    deferred_until: Mapped[date | None] = field(Day(), _("On the books until"), entered=False)
    done_on: Mapped[date | None] = field(Day(past=True), _("Completed on"), entered=False, required=True, index=True)
    outcome: Mapped[str | None] = field(Text(500, lines=True), _("Outcome"), entered=False, required=True)
    by_counterpart: Mapped[bool | None] = field(YesNo(), _("Proposed by the area"), entered=False)

    # The town or zone, which proposes, sees and judges what concerns it.
    counter_area_id: Mapped[int | None] = synonym("area_id")
    area: Mapped[Area | None] = relationship(foreign_keys="ServiceProject.area_id")
    lead_unit: Mapped[Unit | None] = relationship(foreign_keys="ServiceProject.lead_unit_id")
    co_units: Mapped[list[Unit]] = relationship(
        secondary=co_unit,
        order_by=Unit.sort_no,
        info={
            "field": Field(Links(Unit, "full_name", "co_units", where=active), _("Co-organising units")),
            "name": "co_unit_ids",
        },
    )
    project_progress: Mapped[list[Progress]] = relationship(cascade="all, delete-orphan", back_populates="project")
    project_milestones: Mapped[list[Milestone]] = relationship(cascade="all, delete-orphan", back_populates="project")
    project_extensions: Mapped[list[Extension]] = relationship(cascade="all, delete-orphan", back_populates="project")
    project_acceptances: Mapped[list[Acceptance]] = relationship(cascade="all, delete-orphan", back_populates="project")
    project_satisfactions: Mapped[list[Satisfaction]] = relationship(
        cascade="all, delete-orphan", back_populates="project"
    )

    def __str__(self) -> str:
        return self.titled(self.title)


index_natural_key(ServiceProject.title, ServiceProject.lead_unit_id)


def project_column() -> Any:
    info = {"field": Field(Link("ServiceProject", "title", order="id"), _("Service project"), entered=False)}
    return mapped_column(ForeignKey("service_project.id", ondelete="CASCADE"), index=True, info=info)


class OfProject(ChildRow):
    """An entry under a project."""

    part_of = "project"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = project_column()


class Progress(OfProject, Model):
    """How far a project is."""

    __tablename__ = "project_progress"
    ledger_name = "project_progress"
    dated_by = "reported_on"

    reported_on: Mapped[date | None] = field(
        Day(past=True), _("Reported on"), required=True, index=True, default=clock.today
    )
    percent: Mapped[Decimal | None] = field(Percent(), _("Percent done"), required=True)
    note: Mapped[str | None] = field(Text(200, lines=True), _("How it goes"), required=True)
    difficulties: Mapped[str | None] = field(Text(200, lines=True), _("Difficulties"))
    next_steps: Mapped[str | None] = field(Text(200, lines=True), _("Next steps"))
    less_because: Mapped[str | None] = field(
        Text(100), _("Why it is less than before"), hint=_("Only when the progress goes back")
    )

    project: Mapped[ServiceProject] = relationship(back_populates="project_progress")

    def __str__(self) -> str:
        return f"{self.reported_on or ''} {Percent().show(self.percent)}"


class Milestone(OfProject, Model):
    """A step of a project with its planned and its real day."""

    __tablename__ = "project_milestone"
    ledger_name = "project_milestones"

    name: Mapped[str | None] = field(Text(60), _("Milestone"), required=True)
    planned_on: Mapped[date | None] = field(Day(), _("Planned for"), required=True, index=True)
    reached_on: Mapped[date | None] = field(Day(past=True), _("Reached on"))

    project: Mapped[ServiceProject] = relationship(back_populates="project_milestones")

    def __str__(self) -> str:
        return self.name or ""


class Extension(Record, Model):
    """A later due date, or a rest on the books, that somebody has to agree to."""

    __tablename__ = "project_extension"
    ledger_name = "project_extensions"
    searched: ClassVar = ("reason",)

    put_off: Mapped[str | None] = field(PUT_OFF, _("Kind"), required=True, default=lambda: "extend")
    old_due_on: Mapped[date | None] = field(Day(), _("Due date until now"), entered=False)
    until: Mapped[date | None] = field(Day(), _("New due date, or looked at again on"), required=True, index=True)
    reason: Mapped[str | None] = field(Text(200, lines=True, least=5), _("Reason"), required=True)

    project_id: Mapped[int] = project_column()
    project: Mapped[ServiceProject] = relationship(back_populates="project_extensions")

    def __str__(self) -> str:
        return self.titled(PUT_OFF.show(self.put_off), self.until)


class Acceptance(OfProject, Model):
    """Whether the committee takes a project as done."""

    __tablename__ = "project_acceptance"
    ledger_name = "project_acceptances"

    accepted_on: Mapped[date | None] = field(
        Day(past=True), _("Looked at on"), required=True, index=True, default=clock.today
    )
    way: Mapped[str | None] = field(WAYS, _("Way of acceptance"), required=True, default=lambda: "site")
    accepted_by: Mapped[str | None] = field(Names(), _("Accepted by"), required=True)
    conclusion: Mapped[str | None] = field(CONCLUSIONS, _("Conclusion"), required=True)
    opinion: Mapped[str | None] = field(Text(200, lines=True), _("Opinion"))

    project: Mapped[ServiceProject] = relationship(back_populates="project_acceptances")

    def __str__(self) -> str:
        return f"{self.accepted_on or ''} {CONCLUSIONS.show(self.conclusion)}"


class Satisfaction(OfProject, Model):
    """What those say who were to be served."""

    __tablename__ = "project_satisfaction"
    ledger_name = "project_satisfactions"
    dated_by = "judged_on"

    judged_on: Mapped[date | None] = field(
        Day(past=True), _("Asked on"), required=True, index=True, default=clock.today
    )
    judge: Mapped[str | None] = field(JUDGES, _("Judged by"), required=True, default=lambda: "target")
    method: Mapped[str | None] = field(METHODS, _("Way of asking"), required=True, default=lambda: "phone")
    result: Mapped[str | None] = field(Code("C12"), _("Satisfaction"), hint=_("Where one was asked"))
    sample_cnt: Mapped[int | None] = field(Whole(0, 100_000, of=PEOPLE), _("People asked"))
    satisfied_cnt: Mapped[int | None] = field(Whole(0, 100_000, of=PEOPLE), _("Satisfied"))
    fairly_cnt: Mapped[int | None] = field(Whole(0, 100_000, of=PEOPLE), _("Fairly satisfied"))
    unsatisfied_cnt: Mapped[int | None] = field(Whole(0, 100_000, of=PEOPLE), _("Not satisfied"))
    opinion: Mapped[str | None] = field(Text(200, lines=True), _("Opinion"))
    by_counterpart: Mapped[bool | None] = field(YesNo(), _("Entered by the area"), entered=False)

    project: Mapped[ServiceProject] = relationship(back_populates="project_satisfactions")

    def __str__(self) -> str:
        return f"{self.judged_on or ''} {JUDGES.show(self.judge)}"
