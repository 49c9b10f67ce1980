"""What must hold in study groups, their plans and sessions (`docs/domain` §2.4, §2.5.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from flask_babel import gettext
from sqlalchemy import bindparam, select

from portal.core import clock
from portal.core.declaration.values import Problem, Values, asked_of_people
from portal.core.fields.own import first_organisation
from portal.core.records.known_values import none_has
from portal.core.records.shared_rules import org_of_unit
from portal.extensions import db
from portal.ledgers.study.model import Attendance, GroupMember, StudyGroup, StudyPlan, StudySession
from portal.org.models import Member, Unit

FEWEST = 3
OLDEST = 40
GONE = ("voided", "archived")
HEADS = ("leader", "deputy", "liaison")


def group_defaults(values: Values) -> None:
    """The unit's own organisation, and a name by its number in the unit (`docs/domain` §2.4.1)."""
    unit_id = values.unit_id
    if unit_id is None:
        return
    if values.org_id is None:
        values.fill("org_id", first_organisation(unit_id))
    if not values.name:
        values.fill("name", next_name(unit_id))
    for row in values.group_members:
        row.fill("joined_on", values.founded_on)


def next_name(unit_id: int) -> str | None:
    """The first name that is free; in the language of the paper, whatever the page's is."""
    unit = db.session.scalar(select(Unit.full_name).where(Unit.id == unit_id))
    taken = set(db.session.scalars(select(StudyGroup.name).where(StudyGroup.unit_id == unit_id)))
    names = (f"{unit}青年理论学习(第{numeral})小组"[:60] for numeral in "一二三四五六七八九十")
    return next((name for name in names if name not in taken), None)


# Built once, since each row of a sheet asks.
SAME_NAME = (
    select(StudyGroup.id)
    .where(
        StudyGroup.unit_id == bindparam("unit_id"),
        StudyGroup.name == bindparam("name"),
        StudyGroup.status.not_in(GONE),
        StudyGroup.id != bindparam("id"),
        StudyGroup.id != bindparam("amends_id"),
    )
    .limit(1)
)


def name_free(values: Values) -> Iterator[Problem]:
    if not values.name or not values.unit_id or none_has(StudyGroup, unit_id=values.unit_id, name=values.name):
        return
    asked = {"unit_id": values.unit_id, "name": values.name, "id": values.id or 0, "amends_id": values.amends_id or 0}
    if db.session.scalar(SAME_NAME, asked) is not None:
        yield Problem("name", gettext("The unit already has a group of this name."))


def members(values: Values) -> Iterator[Problem]:
    """Each person once; a warning about few members stops nobody."""
    rows = values.group_members
    seen: set[Any] = set()
    for n, row in enumerate(rows):
        if row.left_on and row.joined_on and row.left_on < row.joined_on:
            yield Problem("left_on", gettext("The end must lie after the beginning."), table="group_members", row=n)
        elif row.left_on is None and row.member_id in seen:
            yield Problem("member_id", gettext("This person is already listed."), table="group_members", row=n)
        seen |= {row.member_id} if row.left_on is None and row.member_id else set()
    if rows and len(seen) < FEWEST:
        yield Problem("group_members", gettext("A group usually has at least three members."), warning=True)


def removed(values: Values) -> Iterator[Problem]:
    """Who was ticked at a session leaves the group; the row stays."""
    before = {row.id: row for row in values.record.group_members} if values.record is not None else {}
    gone = before.keys() - {row.record.id for row in values.group_members if row.record is not None}
    if not gone:
        return
    there = select(Attendance.group_member_id).where(Attendance.group_member_id.in_(gone)).distinct()
    for id_ in db.session.scalars(there):
        text = gettext("%(name)s was at sessions: say since when they left instead of removing them.", name=before[id_])
        yield Problem("group_members", text)


@asked_of_people
def about_members(values: Values) -> Iterator[Problem]:
    """Warnings about older and twice engaged members."""
    rows = values.group_members
    ids = [row.member_id.id for row in rows if row.member_id and row.member_id.id and row.left_on is None]
    if not ids:
        return
    births = dict(db.session.execute(select(Member.id, Member.birth_ym).where(Member.id.in_(ids))).all())
    for row in rows:
        born = row.birth_ym or (births.get(row.member_id.id) if row.member_id else None)
        if born and row.joined_on and age(born, row.joined_on) > OLDEST:
            text = gettext("%(name)s was over 40 on joining.", name=row.member_id)
            yield Problem("group_members", text, warning=True)
    query = select(GroupMember.person_name).join(GroupMember.group)
    query = query.where(GroupMember.member_id.in_(ids), GroupMember.left_on.is_(None), StudyGroup.status == "active")
    for name in db.session.scalars(query.where(StudyGroup.id.not_in(values.itself)).distinct()):
        yield Problem("group_members", gettext("%(name)s is in another group, too.", name=name), warning=True)


def age(born: date, day: date) -> int:
    return day.year - born.year - (day.month < born.month)


def complete_group(group: StudyGroup) -> None:
    """Whoever leads the group is one of its members, once these are listed; and how many there are."""
    rows = [row for row in group.group_members if row.left_on is None]
    if not rows:
        group.member_cnt = None
        return
    for role in HEADS:
        id_, name = getattr(group, f"{role}_id"), getattr(group, f"{role}_name")
        if not name:
            continue
        row = next((row for row in rows if (row.member_id, row.person_name) == (id_, name)), None)
        if row is None:
            row = GroupMember(member_id=id_, person_name=name, joined_on=group.founded_on, position=len(rows))
            group.group_members.append(row)
            rows.append(row)
        if row.role in (None, "member"):
            row.role = role
    group.member_cnt = len(rows)


def one_plan(values: Values) -> Iterator[Problem]:
    group = values.parent
    if values.plan_year is None or values.span is None:
        return
    same = select(StudyPlan.id).where(
        StudyPlan.group_id == (group.id if group is not None else None),
        StudyPlan.plan_year == values.plan_year,
        StudyPlan.span == values.span,
        StudyPlan.status != "voided",
        StudyPlan.id != (values.id or 0),
    )
    if db.session.scalar(same.limit(1)) is not None:
        yield Problem("span", gettext("The group already has a plan for this period."))


def of_plan_year(plan: StudyPlan) -> None:
    if plan.plan_year:
        plan.year, plan.period = plan.plan_year, f"{plan.plan_year}{plan.span}" if plan.span != "year" else None


def members_present(group: Any) -> Iterator[Mapping[str, Any]]:
    """One line for each member of the group, there unless somebody says otherwise."""
    query = select(GroupMember.id).where(GroupMember.group_id == group.id, GroupMember.left_on.is_(None))
    for id_ in db.session.scalars(query.order_by(GroupMember.position)):
        yield {"group_member_id": id_, "presence": "present"}


def count_presences(values: Values) -> None:
    """Where members are listed, the list counts; else what was typed, of as many as the paper says."""
    rows = values.attendances
    if rows:
        values.fields["due_cnt"] = len(rows)
        values.fields["present_cnt"] = sum(row.presence == "present" for row in rows)
        values.fields["leave_cnt"] = sum(row.presence == "leave" for row in rows)
    elif values.parent is not None:
        values.fill("due_cnt", values.parent.reported_member_cnt)


def presences(values: Values) -> Iterator[Problem]:
    due, present, leave = values.due_cnt, values.present_cnt, values.leave_cnt or 0
    if due is not None and present is not None and present + leave > due:
        yield Problem("present_cnt", gettext("More were there or on leave than were expected."))
    founded = values.parent.founded_on if values.parent is not None else None
    if founded and values.held_on and values.held_on < founded:
        yield Problem("held_on", gettext("The group was founded later than that."))


def one_session(values: Values) -> Iterator[Problem]:
    group = values.parent
    same = select(StudySession.id).where(
        StudySession.group_id == (group.id if group is not None else None),
        StudySession.held_on == values.held_on,
        StudySession.theme == values.theme,
        StudySession.status != "voided",
        StudySession.id != (values.id or 0),
    )
    if values.theme and values.held_on and db.session.scalar(same.limit(1)) is not None:
        yield Problem("theme", gettext("The group already has a session of this theme on that day."))


def next_span(plan: Any) -> tuple[int, str]:
    """The period after a plan's."""
    if plan.span == "year":
        return plan.plan_year + 1, "year"
    quarter = int(plan.span[1]) % 4 + 1
    return plan.plan_year + (quarter == 1), f"Q{quarter}"


def current_span() -> tuple[int, str]:
    today = clock.today()
    return today.year, clock.quarter(today)[4:]


def finished(values: Values) -> Iterator[Problem]:
    """Nothing comes of a group before it is there."""
    founded = values.parent.founded_on if values.parent is not None else None
    if founded and values.finished_on and values.finished_on < founded:
        yield Problem("finished_on", gettext("The group was founded later than that."))


GROUP_RULES = (org_of_unit, name_free, members, about_members, removed)
SESSION_RULES = (presences, one_session)
