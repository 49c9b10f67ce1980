"""What is counted of service projects (`docs/domain` §1.2 I21, §2.6)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext
from sqlalchemy import Select, case, func, select
from sqlalchemy.sql import ColumnElement

from portal.core import clock
from portal.core.declaration.figures import Figure, incomplete
from portal.core.declaration.workflow import IN_FORCE
from portal.ledgers.service.model import Progress, Satisfaction, ServiceProject

DONE = ("done", "archived")
LEAST_ASKED = 5  # people, for a rate of satisfaction
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
        report = select(Progress.id).where(
            Progress.project_id == ServiceProject.id, Progress.reported_on > since(days), Progress.reported_on <= today
        )
        return ~report.exists() & (ServiceProject.approved_on <= since(days))

    normal = ServiceProject.priority.is_(None) | (ServiceProject.priority == "normal")
    return (normal & nothing(SILENT["normal"])) | (~normal & nothing(SILENT["key"]))


def running(*where: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    return [ServiceProject.status == IN_FORCE, *where]


def completed() -> ColumnElement[bool]:
    """Done, on file or not; what was ended is put on file, too."""
    ended = ServiceProject.prior_status == "terminated"
    return ServiceProject.status.in_(DONE) & (ServiceProject.prior_status.is_(None) | ~ended)


def taken_on() -> ColumnElement[bool]:
    """Ever approved: in progress, completed, or ended after its approval. Paper seldom says on which day that was."""
    ended = ServiceProject.status.in_(("terminated", "archived"))
    approved = ServiceProject.approved_on.is_not(None) | (ServiceProject.prior_status == IN_FORCE)
    return (ServiceProject.status == IN_FORCE) | completed() | (ended & approved)


def going_on_or_completed() -> ColumnElement[bool]:
    return (ServiceProject.status == IN_FORCE) | completed()


def collected() -> list[ColumnElement[bool]]:
    return [ServiceProject.collected_on > clock.months_ago(24), going_on_or_completed()]


def due_this_year() -> list[ColumnElement[bool]]:
    today = clock.today()
    return [ServiceProject.due_on.between(date(today.year, 1, 1), today), going_on_or_completed()]


def judged() -> list[ColumnElement[bool]]:
    return [going_on_or_completed(), ServiceProject.project_satisfactions.any(Satisfaction.sample_cnt > 0)]


def asked_people(*where: Any) -> Select[Any]:
    of_projects = Satisfaction.project_id.in_(select(ServiceProject.id).where(*where))
    return select(func.sum(Satisfaction.sample_cnt)).where(of_projects)


def satisfied() -> Any:
    answers = func.coalesce(Satisfaction.satisfied_cnt, 0) + func.coalesce(Satisfaction.fairly_cnt, 0)
    return func.sum(case((Satisfaction.sample_cnt > 0, answers), else_=0))


PROJECT_FIGURES = (
    Figure(
        "collected",
        _("Projects collected"),
        _("Projects collected in the last two years that were approved and neither voided nor ended"),
        collected,
        reads=("prior_status", "collected_on"),
    ),
    Figure(
        "running",
        lazy_pgettext("service_projects", "In progress"),
        _("Approved projects that are not completed"),
        running,
        behind={"status": IN_FORCE},
    ),
    Figure(
        "overdue",
        lazy_pgettext("service_projects", "Overdue"),
        _("Projects in progress whose due date has passed and that are not on the books"),
        lambda: running(overdue()),
        reads=("due_on", "deferred_until"),
        behind={"status": "overdue"},
        overdue=True,
    ),
    Figure(
        "silent",
        _("Nothing reported"),
        _("Projects in progress without a report for two cycles: monthly for key projects, else quarterly"),
        lambda: running(silent()),
        reads=("approved_on", "priority"),
        behind={"status": "silent"},
        overdue=True,
    ),
    Figure(
        "completion",
        _("Completion rate in all"),
        _("Completed projects, of all that were ever approved and not voided"),
        lambda: [taken_on()],
        part=lambda: [completed()],
    ),
    Figure(
        "due_completion",
        _("Completion rate of what was due"),
        _("Completed projects, of those whose due date lies in this year and has come"),
        due_this_year,
        part=lambda: [completed()],
    ),
    Figure(
        "in_time",
        _("On-time completion rate"),
        _("Projects completed by their due date, agreed extensions included, of the completed ones whose day is known"),
        lambda: [completed(), ServiceProject.done_on.is_not(None)],
        reads=("done_on",),
        part=lambda: [ServiceProject.done_on <= ServiceProject.due_on],
    ),
    Figure(
        "satisfaction",
        _("Satisfaction rate"),
        _("People who were satisfied or fairly satisfied, of those asked about projects in progress or completed"),
        judged,
        asked_people,
        part_sum=satisfied,
        least=LEAST_ASKED,
    ),
    incomplete(ServiceProject),
)
