"""The demo's service projects, proposed by units and by towns, with what is reported and judged under them."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from portal.core import clock
from portal.demo import names, phrases
from portal.demo.entering import bring, enter, filler_of, move, units
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

UNITS, TOWNS = 5, 3
# Of each unit: how its projects stand.
STANDINGS = ("active", "done", "pending_committee", "draft", "overdue")
RETURNED = {"field": "measures", "reason": "请补充工作目标与措施。"}


def make() -> int:
    """Enter them if there are none yet; answers how many records were added."""
    if db.session.scalars(select(ServiceProject.id).limit(1)).first() is not None:
        return 0
    rng = Random(20230106)
    areas = list(db.session.scalars(select(Area).where(Area.kind.in_(("town", "zone"))).order_by(Area.sort_no)))
    made = 0
    for n, unit in enumerate(units(UNITS)):
        for k, standing in enumerate(STANDINGS):
            area = areas[n % TOWNS] if k < 2 else areas[(n * 7 + k * 3) % len(areas)]
            made += one(filler_of(n, UNITS), unit, area, standing, n * len(STANDINGS) + k, rng)
    for n, area in enumerate(areas[:TOWNS]):  # towns propose to units, and hand in one of two
        texts = project_texts(units(UNITS)[n], area, clock.today() - timedelta(days=12), 90 + n, rng)
        project = enter(f"town{n + 1:02}", service_projects, texts)
        if n:
            move(f"town{n + 1:02}", service_projects, project, "submit")
        made += 1
    return made


def one(username: str, unit: Unit, area: Area, standing: str, number: int, rng: Random) -> int:
    """A project and what is under it."""
    begun = clock.today() - timedelta(days=390 if standing == "overdue" else 200 + number)
    texts = project_texts(unit, area, begun, number, rng)
    project = enter(username, service_projects, texts)
    status = standing if standing in ("draft", "pending_committee") else "active"
    bring(username, service_projects, project, status, RETURNED)
    if status != "active":
        return 1
    project.approved_on = begun + timedelta(days=10)
    made = 1 + report(username, project, begun, standing, rng)
    made += seen(username, project, begun, standing) + judged(project, area, begun, number, rng)
    if standing == "active":
        later = {"put_off": "extend", "until": day(clock.today(), 200), "reason": "配套设施进场时间推迟。"}
        extension = enter(username, project_extensions, later, project)
        if number % 2:
            bring(username, project_extensions, extension, "active")
        else:
            move(username, project_extensions, extension, "submit")
        enter(username, project_extensions, {**later, "until": day(clock.today(), 260)}, project)
        made += 2
    return made


def seen(username: str, project: ServiceProject, begun: date, standing: str) -> int:
    """What the committee found when it looked at a project, and what followed from that."""
    texts = {"way": "site", "accepted_by": "工委组织科"}
    if standing == "overdue":
        opinion = "部分设施尚未安装到位，整改后复验。"
        texts |= {"accepted_on": day(begun, 300), "conclusion": "redo", "opinion": opinion}
    elif standing == "done":
        texts |= {"accepted_on": day(begun, 150), "conclusion": "passed"}
    else:
        return 0
    enter("reviewer", project_acceptances, texts, project)
    if standing == "done":
        for by in (username, "reviewer02"):
            answers = {"done_on": day(begun, 140), "outcome": "项目按期完成，群众反映良好。"}
            move(by, service_projects, project, "complete", **answers)
    return 1


def report(username: str, project: ServiceProject, begun: date, standing: str, rng: Random) -> int:
    """Progress every two months, and the milestones of the beginning."""
    shares = {"done": (30, 70, 100), "overdue": (20, 45), "active": (25, 60)}[standing]
    for n, share in enumerate(shares):
        texts = {"reported_on": day(begun, 30 + 40 * n), "percent": str(share), "note": rng.choice(phrases.PROGRESS)}
        enter(username, project_progress, texts, project)
    for n, name in enumerate(("完成摸底调研", "形成实施方案")):
        texts = {"name": name, "planned_on": day(begun, 20 + 30 * n), "reached_on": day(begun, 22 + 30 * n)}
        enter(username, project_milestones, texts, project)
    return len(shares) + 2


def judged(project: ServiceProject, area: Area, begun: date, number: int, rng: Random) -> int:
    """By the town where it has an account, else by the office's calls."""
    by = f"town{area.sort_no // 100:02}" if area.sort_no // 100 <= TOWNS else "reviewer"
    texts = {
        "judged_on": day(begun, 160),
        "judge": "town" if by != "reviewer" else "target",
        "method": rng.choice(("phone", "site", "form")),
        "satisfied_cnt": str(14 + number % 5),
        "fairly_cnt": "4",
        "unsatisfied_cnt": str(number % 2),
    }
    enter(by, project_satisfactions, texts, project)
    return 1


def day(first: date, days: int) -> str:
    return (first + timedelta(days=days)).isoformat()


def project_texts(unit: Unit, area: Area, begun: date, number: int, rng: Random) -> dict[str, Any]:
    what = phrases.PROJECTS[number % len(phrases.PROJECTS)]
    return {
        "title": f"{area.name}{what.name}",
        "series": what.category,
        "origin": "1" if area.kind == "zone" else "2",
        "area_id": str(area.id),
        "beneficiaries": f"{area.name}居民和驻区单位",
        "benefit_cnt": str(50 + 10 * (number % 30)),
        "problem": f"{area.name}反映{what.name}方面的需求较为集中。",
        "measures": "摸清底数，制定方案，分步实施，定期会商，完成后回访。",
        "lead_unit_id": str(unit.id),
        "owner_name": names.person_name(rng),
        "collected_on": begun.isoformat(),
        "due_on": (begun + timedelta(days=360)).isoformat(),
        "priority": rng.choice(("normal", "normal", "key")),
    }
