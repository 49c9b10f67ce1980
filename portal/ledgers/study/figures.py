"""What is counted of study groups (`docs/domain` §1.2 I02, §2.6)."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.sql import ColumnElement

from portal.core import clock
from portal.core.declaration.figures import Figure, incomplete
from portal.core.declaration.workflow import IN_FORCE
from portal.ledgers.study.model import PlanTopic, StudyGroup, StudyOutput, StudyPlan, StudySession

MONTHS = {"month": 2, "quarter": 6}  # two periods without a session are too long


def idle() -> ColumnElement[bool]:
    """Nothing for two periods, nor taken over or founded since."""
    since = case(
        *((StudyGroup.freq == freq, clock.months_ago(months)) for freq, months in MONTHS.items()),
        else_=clock.months_ago(6),
    )
    held = select(StudySession.id).where(
        StudySession.group_id == StudyGroup.id,
        StudySession.status == IN_FORCE,
        StudySession.held_on > since,
        StudySession.held_on <= clock.today(),
    )
    return ~held.exists() & (StudyGroup.founded_on <= since) & (func.date(StudyGroup.filled_at) <= func.date(since))


def few() -> ColumnElement[bool]:
    found: ColumnElement[bool] = StudyGroup.member_cnt < 3
    return found


def groups(*where: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    return [StudyGroup.status == IN_FORCE, *where]


def running() -> ColumnElement[bool]:
    """Is the day within the period of the plan?"""
    today = clock.today()
    span = or_(StudyPlan.span == "year", StudyPlan.span == clock.quarter(today)[4:])
    return (StudyPlan.plan_year == today.year) & span


def is_running(plan: StudyPlan) -> bool:
    today = clock.today()
    return plan.plan_year == today.year and plan.span in ("year", clock.quarter(today)[4:])


def held() -> list[ColumnElement[bool]]:
    return [StudySession.status == IN_FORCE]


def counted_people() -> list[ColumnElement[bool]]:
    """Only sessions that say both how many were expected and how many came."""
    return [StudySession.due_cnt.is_not(None), StudySession.present_cnt.is_not(None)]


def of_this_year() -> list[ColumnElement[bool]]:
    return [*held(), StudySession.year == clock.today().year]


def attended() -> list[ColumnElement[bool]]:
    return [*of_this_year(), *counted_people()]


def month_come() -> ColumnElement[bool]:
    found: ColumnElement[bool] = PlanTopic.month <= clock.today().replace(day=1)
    return found


def published() -> list[ColumnElement[bool]]:
    """Published plans with topics whose month has come."""
    return [StudyPlan.status.in_((IN_FORCE, "done")), StudyPlan.plan_topics.any(month_come())]


def topics(*where: Any) -> Select[int]:
    return select(func.count(PlanTopic.id)).where(
        month_come(), PlanTopic.plan_id.in_(select(StudyPlan.id).where(*where))
    )


def studied() -> ColumnElement[bool]:
    held = select(StudySession.id).where(StudySession.plan_topic_id == PlanTopic.id, StudySession.status == IN_FORCE)
    return held.exists()


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
        groups,
        lambda *where: select(func.count(StudyGroup.owner_unit_id.distinct())).where(*where),
        behind={"status": IN_FORCE},
    ),
    Figure(
        "members",
        _("People in groups"),
        _("Members listed in running groups; numbers that are only reported are not counted"),
        lambda: groups(StudyGroup.member_cnt > 0),
        lambda *where: select(func.sum(StudyGroup.member_cnt)).where(*where),
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
        reads=("member_cnt",),
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
        published,
        topics,
        part=lambda: [studied()],
    ),
)
SESSION_FIGURES = (
    Figure(
        "sessions",
        _("Sessions this year"),
        _("Study sessions that were submitted, of this calendar year"),
        of_this_year,
        reads=("year", "due_cnt", "present_cnt"),
    ),
    Figure(
        "participation",
        _("Study participation rate"),
        _("People who were there, of those expected, over the sessions of this year that say both"),
        attended,
        lambda *where: select(func.sum(StudySession.due_cnt)).where(*where),
        part_sum=lambda: func.sum(StudySession.present_cnt),
    ),
)
OUTPUT_FIGURES = (
    Figure("outputs", _("Study outputs"), _("Study outputs on record"), list),
    Figure(
        "taken_up",
        _("Taken up"),
        _("Study outputs that somebody adopted, published or honoured"),
        lambda: [StudyOutput.adopted.not_in(("0",))],
    ),
)
