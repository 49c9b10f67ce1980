"""What is counted of study groups (`domain.md` §1.2 I02, §2.6)."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.sql import ColumnElement

from portal.core import clock
from portal.core.stats import Figure, incomplete
from portal.core.workflow import IN_FORCE
from portal.ledgers.study.model import PlanTopic, StudyGroup, StudyOutput, StudyPlan, StudySession

MONTHS = {"month": 2, "quarter": 6}  # two periods without a session are too long


def idle() -> ColumnElement[bool]:
    """Nothing for two periods, nor taken over or founded since."""
    since = case(
        *((StudyGroup.freq == freq, clock.months_ago(months)) for freq, months in MONTHS.items()),
        else_=clock.months_ago(6),
    )
    held = select(StudySession.id).where(
        StudySession.group_id == StudyGroup.id, StudySession.status == IN_FORCE, StudySession.held_on > since
    )
    return ~held.exists() & (StudyGroup.founded_on <= since) & (func.date(StudyGroup.filled_at) <= func.date(since))


def few() -> ColumnElement[bool]:
    found: ColumnElement[bool] = StudyGroup.member_cnt < 3
    return found


def groups(*where: Any) -> Select[int]:
    return select(func.count(StudyGroup.id)).where(StudyGroup.status == IN_FORCE, *where)


def running() -> ColumnElement[bool]:
    """Is the day within the period of the plan?"""
    today = clock.today()
    span = or_(StudyPlan.span == "year", StudyPlan.span == clock.quarter(today)[4:])
    return (StudyPlan.plan_year == today.year) & span


def is_running(plan: StudyPlan) -> bool:
    today = clock.today()
    return plan.plan_year == today.year and plan.span in ("year", clock.quarter(today)[4:])


def of_this_year(*columns: Any) -> Select[Any]:
    year = StudySession.year == clock.today().year
    return select(*columns).where(StudySession.status == IN_FORCE, year)


def attended(column: Any) -> Select[int]:
    """Only sessions that say both how many were expected and how many came."""
    both = StudySession.due_cnt.is_not(None) & StudySession.present_cnt.is_not(None)
    return of_this_year(func.sum(column)).where(both)


def topics(*where: Any) -> Select[int]:
    """Topics of published plans whose month has come."""
    this_month = clock.today().replace(day=1)
    query = select(func.count(PlanTopic.id)).join(PlanTopic.plan)
    return query.where(StudyPlan.status.in_((IN_FORCE, "done")), PlanTopic.month <= this_month, *where)


def studied() -> ColumnElement[bool]:
    held = select(StudySession.plan_topic_id).where(StudySession.status == IN_FORCE)
    return PlanTopic.id.in_(held.where(StudySession.plan_topic_id.is_not(None)))


GROUP_FIGURES = (
    Figure(
        "running",
        _("Running groups"),
        _("Study groups that are approved and neither stopped nor dissolved"),
        groups,
        behind={"status": IN_FORCE},
    ),
    Figure(
        "units",
        _("Units with a group"),
        _("Units that own at least one running group"),
        lambda: select(func.count(StudyGroup.owner_unit_id.distinct())).where(StudyGroup.status == IN_FORCE),
        behind={"status": IN_FORCE},
    ),
    Figure(
        "members",
        _("People in groups"),
        _("Members listed in running groups; numbers that are only reported are not counted"),
        lambda: select(func.sum(StudyGroup.member_cnt)).where(StudyGroup.status == IN_FORCE),
        behind={"status": IN_FORCE},
    ),
    Figure(
        "idle",
        _("Without study"),
        _("Running groups that have had no session for two periods of their frequency"),
        lambda: groups(idle()),
        behind={"status": "idle"},
        overdue=True,
    ),
    Figure(
        "few",
        _("Fewer than three members"),
        _("Running groups whose listed members are fewer than three"),
        lambda: groups(few()),
        behind={"status": "few"},
        overdue=True,
    ),
    incomplete(StudyGroup),
)
PLAN_FIGURES = (
    Figure(
        "kept",
        _("Plans carried out"),
        _("Topics that a session dealt with, of the topics of published plans whose month has come"),
        lambda: topics(studied()),
        topics,
    ),
)
SESSION_FIGURES = (
    Figure(
        "sessions",
        _("Sessions this year"),
        _("Study sessions that were submitted, of this calendar year"),
        lambda: of_this_year(func.count(StudySession.id)),
        behind={"status": IN_FORCE},
    ),
    Figure(
        "participation",
        _("Study participation rate"),
        _("People who were there, of those expected, over the sessions of this year that say both"),
        lambda: attended(StudySession.present_cnt),
        lambda: attended(StudySession.due_cnt),
    ),
)
OUTPUT_FIGURES = (
    Figure("outputs", _("Study outputs"), _("Study outputs on record"), lambda: select(func.count(StudyOutput.id))),
    Figure(
        "taken_up",
        _("Taken up"),
        _("Study outputs that somebody adopted, published or honoured"),
        lambda: select(func.count(StudyOutput.id)).where(StudyOutput.adopted.not_in(("0",))),
    ),
)
