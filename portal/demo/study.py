"""The demo's study groups with their plans, sessions and outputs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from portal.core import clock
from portal.demo import names, phrases
from portal.demo.entering import bring, enter, filler_of, make_transition, row, units
from portal.demo.profiles import SHOWN, Profile, dealt
from portal.extensions import db
from portal.ledgers.study import study_groups, study_outputs, study_plans, study_sessions
from portal.ledgers.study.model import GroupMember, PlanTopic, StudyGroup
from portal.org.models import Member, Unit

OTHERS = ("draft", "pending_unit", "pending_committee", "returned", "draft")
AHEAD = (1, 0, -1)  # quarters that are planned
QUARTER = 91  # days
RETURNED = {"field": "founded_on", "reason": "请核对成立日期和批准文号。"}


def make(profile: Profile) -> int:
    """Enter the groups if there are none yet; answers how many records were added."""
    if db.session.scalars(select(StudyGroup.id).limit(1)).first() is not None:
        return 0
    rng, bodies = Random(20230104), units()
    done = zip(dealt(profile.sessions, profile.groups), dealt(profile.outputs, profile.groups), strict=True)
    made = sum(one_group(profile, n, bodies, sessions, outputs, rng) for n, (sessions, outputs) in enumerate(done))
    for n in range(profile.groups, profile.groups + profile.stopped_groups):
        place = n % len(bodies)
        group = in_force(filler_of(place, profile), bodies[place], profile, rng)
        make_transition("reviewer02", study_groups, group, "complete", reason="人员调整，暂停活动。")
        made += 1
    for n, status in enumerate(OTHERS):
        username = filler_of(n, profile)
        group = enter(username, study_groups, group_texts(bodies[n], 3, rng))
        bring(username, study_groups, group, status, RETURNED)
        made += 1
    return made


def in_force(username: str, unit: Unit, profile: Profile, rng: Random) -> Any:
    group = enter(username, study_groups, group_texts(unit, profile.group_size, rng))
    bring(username, study_groups, group, "active")
    return group


def one_group(profile: Profile, n: int, bodies: list[Unit], sessions: int, outputs: int, rng: Random) -> int:
    """A group in force with everything under it; where somebody can hand it in, the latest session is a draft."""
    place = n % len(bodies)
    username = filler_of(place, profile)
    group, made = in_force(username, bodies[place], profile, rng), 1
    topics: dict[str, int] = {}
    if n < profile.planning_groups:
        topics = plan(username, group, rng)
        made += len(AHEAD)
    present = list(db.session.scalars(select(GroupMember.id).where(GroupMember.group_id == group.id)))
    latest = clock.today() - timedelta(days=20)
    for k in range(sessions):
        held_on = latest - timedelta(days=QUARTER * k)
        texts = session_texts(held_on, k, topics.get(clock.quarter(held_on)), present, rng)
        make_transition(username, study_sessions, enter(username, study_sessions, texts, group), "submit")
    if n < SHOWN:
        texts = session_texts(latest + timedelta(days=9), sessions, None, present, rng)
        enter(username, study_sessions, texts, group)
        made += 1
    for k in range(outputs):
        enter(username, study_outputs, output_texts(k, group, rng), group)
    return made + sessions + outputs


def plan(username: str, group: Any, rng: Random) -> dict[str, int]:
    """A draft for the next quarter, a plan for this one, and the last one's, carried out: a topic of each of these."""
    topics = {}
    for ahead, span in zip(AHEAD, quarters(), strict=True):
        made = enter(username, study_plans, plan_texts(span, rng), group)
        if ahead < 1:
            make_transition(username, study_plans, made, "submit")
            topics[span] = db.session.scalars(select(PlanTopic.id).where(PlanTopic.plan_id == made.id)).first() or 0
        if ahead < 0:
            make_transition(username, study_plans, made, "complete")
    return topics


def quarters() -> Iterator[str]:
    """The next quarter, this one and the last."""
    first = clock.today().replace(day=1)
    for ahead in AHEAD:
        number = first.year * 12 + first.month - 1 + 3 * ahead
        yield clock.quarter(date(number // 12, number % 12 + 1, 1))


def group_texts(unit: Unit, size: int, rng: Random) -> dict[str, Any]:
    roster = list(db.session.scalars(select(Member).where(Member.unit_id == unit.id).order_by(Member.id)))
    chosen = rng.sample(roster, min(size, len(roster)))
    people = [str(member.id) for member in chosen]
    while len(people) < 2:
        people.append(names.person_name(rng))
    founded = clock.today() - timedelta(days=1000 + rng.randrange(400))
    texts = {
        "unit_id": str(unit.id),
        "form": "single",
        "founded_on": founded.isoformat(),
        "freq": "quarter",
        "leader_id": people[0],
        "liaison_id": people[1],
        "tutor": names.person_name(rng),
    }
    for n, member in enumerate(chosen):
        texts |= row("group_members", n, member_id=str(member.id), role="member", political_status="01")
    return texts


def plan_texts(span: str, rng: Random) -> dict[str, Any]:
    year, quarter = int(span[:4]), int(span[5])
    texts = {"plan_year": str(year), "span": f"Q{quarter}", "note": "每次学习安排一至两名青年干部重点发言。"}
    for n, what in enumerate(rng.sample(phrases.STUDY_TOPICS, 3)):
        month = f"{year}.{quarter * 3 - 2 + n:02}"
        texts |= row("plan_topics", n, topic=what.name, month=month, content=f"围绕{what.name}研读原文、交流体会。")
    return texts


def session_texts(day: date, k: int, topic: int | None, present: list[int], rng: Random) -> dict[str, Any]:
    what = phrases.STUDY_TOPICS[(k * 3 + rng.randrange(3)) % len(phrases.STUDY_TOPICS)]
    texts: dict[str, Any] = {
        "held_on": day.isoformat(),
        "form": what.category,
        "theme": f"{what.name}专题学习",
        "plan_topic_id": str(topic or ""),
        "place_type": rng.choice(("room", "room", "site", "red", "community")),
        "speakers": f"{names.person_name(rng)}、{names.person_name(rng)}",
        "due_cnt": "6",
        "present_cnt": "5",
        "summary": f"围绕{what.name}开展学习研讨，两名青年干部作重点发言。",
    }
    for n, id_ in enumerate(present):
        presence = rng.choice(("present",) * 9 + ("leave",))
        texts |= row("attendances", n, group_member_id=str(id_), presence=presence)
    return texts


def output_texts(k: int, group: StudyGroup, rng: Random) -> dict[str, Any]:
    what = rng.choice(phrases.STUDY_TOPICS)
    return {
        "output_type": str(1 + k % 6),
        "title": f"{what.name}学习体会（{k + 1}）",
        "author_id": str(group.leader_id or group.leader_name),
        "finished_on": (clock.today() - timedelta(days=30 + 100 * k)).isoformat(),
        "adopted": rng.choice("00123"),
        "publish_scope": "internal",
    }
