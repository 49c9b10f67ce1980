"""The demo's service projects, proposed by units and by towns, with what is reported and judged under them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from portal.core import clock
from portal.demo import names, phrases
from portal.demo.entering import bring, day, enter, filler_of, make_transition, units
from portal.demo.profiles import SHOWN, Profile
from portal.extensions import db
from portal.ledgers.service import (
    project_acceptances,
    project_extensions,
    project_milestones,
    project_progress,
    project_satisfactions,
    service_projects,
)
from portal.ledgers.service.model import ServiceProject
from portal.org.models import Area, Unit

# Of each of the first units: how its projects stand, and how its last one does.
STANDINGS = ("active", "done", "pending_committee", "draft")
LAST = ("overdue", "overdue", "overdue", "resting", "done")
BEFORE_APPROVAL = ("pending_committee", "draft")
PROPOSING = 3  # towns


@dataclass(frozen=True)
class Plan:
    """One project to be entered: by whom, for which unit and area, what it is about and how it stands."""

    username: str
    unit: Unit
    area: Area
    what: phrases.Phrase
    standing: str
    number: int
    beside: Unit | None = None

    @property
    def begun(self) -> date:
        return clock.today() - timedelta(days=390 if self.standing == "overdue" else 200 + self.number)


def make(profile: Profile) -> int:
    """Enter them if there are none yet; answers how many records were added."""
    if db.session.scalars(select(ServiceProject.id).limit(1)).first() is not None:
        return 0
    rng, bodies = Random(20230106), units()
    areas = list(db.session.scalars(select(Area).where(Area.kind.in_(("town", "zone"))).order_by(Area.sort_no)))
    shown = list(of_shown(profile, bodies, areas))
    made = sum(one(plan, profile, rng) for plan in (*shown, *of_others(profile, shown, bodies, areas)))
    for n, area in enumerate(areas[:PROPOSING]):  # towns propose to units, and hand in one of two
        town, what = f"town{n + 1:02}", phrases.PROJECTS[(90 + n) % len(phrases.PROJECTS)]
        texts = project_texts(Plan(town, bodies[n], area, what, "draft", 90 + n), rng)
        project = enter(town, service_projects, texts | {"collected_on": day(clock.today(), -12)})
        if n:
            make_transition(town, service_projects, project, "submit")
    return made + PROPOSING


def of_shown(profile: Profile, bodies: list[Unit], areas: list[Area]) -> Iterator[Plan]:
    for n, unit in enumerate(bodies[:SHOWN]):
        for k, standing in enumerate((*STANDINGS, LAST[n])):
            area = areas[n % PROPOSING] if k < 2 else areas[(n * 7 + k * 3) % len(areas)]
            number = n * SHOWN + k
            what = phrases.PROJECTS[number % len(phrases.PROJECTS)]
            # The first units work alone; the fourth and the fifth have the next one beside them.
            beside = bodies[n + 1] if n >= 3 and k < 2 else None
            yield Plan(filler_of(n, profile), unit, area, what, standing, number, beside)


def of_others(profile: Profile, shown: list[Plan], bodies: list[Unit], areas: list[Area]) -> Iterator[Plan]:
    """Further units' projects, until there are as many of each series and standing as the profile has."""
    taken_on = [plan for plan in shown if plan.standing not in BEFORE_APPROVAL]
    series = Counter(dict(zip("123", profile.projects, strict=True)))
    series.subtract(plan.what.category for plan in taken_on)
    standings = Counter(done=profile.projects_done, overdue=profile.projects_overdue, resting=profile.projects_resting)
    standings["active"] = sum(profile.projects) - standings.total()
    standings.subtract(plan.standing for plan in taken_on)
    for n, (category, standing) in enumerate(zip(series.elements(), standings.elements(), strict=True)):
        place = SHOWN + n
        fitting = [what for what in phrases.PROJECTS if what.category == category]
        what, area = fitting[n % len(fitting)], areas[(n * 5 + 1) % len(areas)]
        beside = None if n % 3 else bodies[place - 1]
        yield Plan(filler_of(place, profile), bodies[place], area, what, standing, len(shown) + n, beside)


def one(plan: Plan, profile: Profile, rng: Random) -> int:
    """A project and what is under it."""
    project = enter(plan.username, service_projects, project_texts(plan, rng))
    bring(plan.username, service_projects, project, plan.standing if plan.standing in BEFORE_APPROVAL else "active")
    if plan.standing in BEFORE_APPROVAL:
        return 1
    project.approved_on = plan.begun + timedelta(days=10)
    return (
        1 + report(plan, project, rng) + seen(plan, project) + judged(plan, project, profile, rng) + late(plan, project)
    )


def late(plan: Plan, project: ServiceProject) -> int:
    """What runs is put off, once agreed to or waiting and once as a draft; what rests is on the books."""
    later = {"put_off": "extend", "until": day(clock.today(), 200), "reason": "配套设施进场时间推迟。"}
    if plan.standing == "resting":
        rest = {"put_off": "defer", "until": day(clock.today(), 150), "reason": "所需场地正在改造。"}
        extension = enter(plan.username, project_extensions, rest, project)
        bring(plan.username, project_extensions, extension, "active")
        return 1
    if plan.standing != "active":
        return 0
    extension = enter(plan.username, project_extensions, later, project)
    if plan.number % 2:
        bring(plan.username, project_extensions, extension, "active")
    else:
        make_transition(plan.username, project_extensions, extension, "submit")
    enter(plan.username, project_extensions, {**later, "until": day(clock.today(), 260)}, project)
    return 2


def seen(plan: Plan, project: ServiceProject) -> int:
    """What the committee found when it looked at a project, and what followed from that."""
    texts = {"way": "site", "accepted_by": "工委组织科"}
    if plan.standing == "overdue":
        opinion = "部分设施尚未安装到位，整改后复验。"
        texts |= {"accepted_on": day(plan.begun, 300), "conclusion": "redo", "opinion": opinion}
    elif plan.standing == "done":
        texts |= {"accepted_on": day(plan.begun, 150), "conclusion": "passed"}
    else:
        return 0
    enter("reviewer", project_acceptances, texts, project)
    if plan.standing == "done":
        for by in (plan.username, "reviewer02"):
            answers = {"done_on": day(plan.begun, 140), "outcome": "项目按期完成，群众反映良好。"}
            make_transition(by, service_projects, project, "complete", **answers)
    return 1


def report(plan: Plan, project: ServiceProject, rng: Random) -> int:
    """Progress every two months, and the milestones of the beginning."""
    shares = {"done": (30, 70, 100), "overdue": (20, 45), "active": (25, 60), "resting": (10,)}[plan.standing]
    for n, share in enumerate(shares):
        texts = {
            "reported_on": day(plan.begun, 30 + 40 * n),
            "percent": str(share),
            "note": rng.choice(phrases.PROGRESS),
        }
        enter(plan.username, project_progress, texts, project)
    for n, name in enumerate(("完成摸底调研", "形成实施方案")):
        texts = {"name": name, "planned_on": day(plan.begun, 20 + 30 * n), "reached_on": day(plan.begun, 22 + 30 * n)}
        enter(plan.username, project_milestones, texts, project)
    return len(shares) + 2


def judged(plan: Plan, project: ServiceProject, profile: Profile, rng: Random) -> int:
    """By the town where it has an account, else by the office's calls."""
    town = plan.area.sort_no // 100
    by = f"town{town:02}" if town <= profile.towns else "reviewer"
    texts = {
        "judged_on": day(plan.begun, 160),
        "judge": "town" if by != "reviewer" else "target",
        "method": rng.choice(("phone", "site", "form")),
        "satisfied_cnt": str(14 + plan.number % 5),
        "fairly_cnt": "4",
        "unsatisfied_cnt": str(plan.number % 2),
    }
    enter(by, project_satisfactions, texts, project)
    return 1


def project_texts(plan: Plan, rng: Random) -> dict[str, Any]:
    area, what = plan.area, plan.what
    return {
        "title": f"{area.name}{what.name}",
        "series": what.category,
        "origin": "1" if area.kind == "zone" else "2",
        "area_id": str(area.id),
        "beneficiaries": f"{area.name}居民和驻区单位",
        "benefit_cnt": str(50 + 10 * (plan.number % 30)),
        "problem": f"{area.name}反映{what.name}方面的需求较为集中。",
        "measures": "摸清底数，制定方案，分步实施，定期会商，完成后回访。",
        "lead_unit_id": str(plan.unit.id),
        "co_unit_ids": [str(plan.beside.id)] if plan.beside else [],
        "owner_name": names.person_name(rng),
        "collected_on": plan.begun.isoformat(),
        "due_on": day(plan.begun, 360),
        "priority": rng.choice(("normal", "normal", "key")),
    }
