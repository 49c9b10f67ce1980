"""What is counted of service projects (`domain.md` §1.2 I21, §2.6)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import Select, func, select
from sqlalchemy.sql import ColumnElement

from portal.core import clock
from portal.core.stats import Figure, incomplete
from portal.core.workflow import IN_FORCE
from portal.ledgers.service.model import Progress, Satisfaction, ServiceProject

DONE = ("done", "archived")
TAKEN_ON = (IN_FORCE, "done", "archived", "terminated")
# Two cycles of reports: monthly for key projects, else quarterly (§2.5.6).
SILENT = {"key": 62, "led": 62, "normal": 184}


def resting() -> ColumnElement[bool]:
    found: ColumnElement[bool] = ServiceProject.deferred_until >= clock.today()
    return found


def is_resting(project: ServiceProject) -> bool:
    return project.deferred_until is not None and project.deferred_until >= clock.today()


def overdue() -> ColumnElement[bool]:
    awake = ServiceProject.deferred_until.is_(None) | (ServiceProject.deferred_until < clock.today())
    return (ServiceProject.due_on < clock.today()) & awake


def is_overdue(project: ServiceProject) -> bool:
    return project.due_on is not None and project.due_on < clock.today()


def asked() -> ColumnElement[bool]:
    return ServiceProject.acceptance_asked_on.is_not(None)


def is_asked(project: ServiceProject) -> bool:
    return project.acceptance_asked_on is not None


def silent() -> ColumnElement[bool]:
    """Two cycles without a report, counted from the approval."""
    today = clock.today()

    def since(days: int) -> date:
        return today - timedelta(days=days)

    def nothing(days: int) -> ColumnElement[bool]:
        report = select(Progress.id).where(Progress.project_id == ServiceProject.id, Progress.reported_on > since(days))
        return ~report.exists() & (ServiceProject.approved_on <= since(days))

    normal = ServiceProject.priority.is_(None) | (ServiceProject.priority == "normal")
    return (normal & nothing(SILENT["normal"])) | (~normal & nothing(SILENT["key"]))


def projects(*where: Any) -> Select[Any]:
    return select(func.count(ServiceProject.id)).where(*where)


def due_this_year() -> ColumnElement[bool]:
    today = clock.today()
    return ServiceProject.due_on.between(date(today.year, 1, 1), today) & ServiceProject.status.in_((*DONE, IN_FORCE))


def done_in_time() -> ColumnElement[bool]:
    return ServiceProject.status.in_(DONE) & (ServiceProject.done_on <= ServiceProject.due_on)


def judged(*columns: Any) -> Select[Any]:
    return select(*columns).join(Satisfaction.project).where(ServiceProject.status.in_((*DONE, IN_FORCE)))


def parts(*columns: Any) -> Any:
    return sum((func.coalesce(func.sum(column), 0) for column in columns[1:]), func.coalesce(func.sum(columns[0]), 0))


PROJECT_FIGURES = (
    Figure(
        "collected",
        _("Projects collected"),
        _("Projects collected in the last two years that were approved and neither voided nor ended"),
        lambda: projects(
            ServiceProject.collected_on > clock.months_ago(24), ServiceProject.status.in_((IN_FORCE, *DONE))
        ),
    ),
    Figure(
        "running",
        _("In progress"),
        _("Approved projects that are not completed"),
        lambda: projects(ServiceProject.status == IN_FORCE),
        behind={"status": IN_FORCE},
    ),
    Figure(
        "overdue",
        _("Overdue"),
        _("Projects in progress whose due date has passed and that are not on the books"),
        lambda: projects(ServiceProject.status == IN_FORCE, overdue()),
        behind={"status": "overdue"},
        overdue=True,
    ),
    Figure(
        "silent",
        _("Nothing reported"),
        _("Projects in progress without a report for two cycles: monthly for key projects, else quarterly"),
        lambda: projects(ServiceProject.status == IN_FORCE, silent()),
        behind={"status": "silent"},
        overdue=True,
    ),
    Figure(
        "completion",
        _("Completion rate in all"),
        _("Completed projects, of all that were ever approved and not voided"),
        lambda: projects(ServiceProject.status.in_(DONE)),
        lambda: projects(ServiceProject.status.in_(TAKEN_ON), ServiceProject.approved_on.is_not(None)),
        behind={"status": "done"},
    ),
    Figure(
        "due_completion",
        _("Completion rate of what was due"),
        _("Completed projects, of those whose due date lies in this year and has come"),
        lambda: projects(due_this_year(), ServiceProject.status.in_(DONE)),
        lambda: projects(due_this_year()),
    ),
    Figure(
        "in_time",
        _("On-time completion rate"),
        _("Projects completed by their due date, agreed extensions included, of the completed ones whose day is known"),
        lambda: projects(done_in_time()),
        lambda: projects(ServiceProject.status.in_(DONE), ServiceProject.done_on.is_not(None)),
    ),
    Figure(
        "satisfaction",
        _("Satisfaction rate"),
        _("People who were satisfied or fairly satisfied, of those asked about projects in progress or completed"),
        lambda: judged(parts(Satisfaction.satisfied_cnt, Satisfaction.fairly_cnt)),
        lambda: judged(parts(Satisfaction.sample_cnt)),
    ),
    incomplete(ServiceProject),
)
