"""The demo's agreements, entered through the ledgers' own forms by the accounts that would enter them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from portal.core import attachments, clock, gaps, scope
from portal.demo import names, phrases
from portal.demo.entering import bring, enter, principal, row
from portal.extensions import db
from portal.ledgers.cobuilding import agreements, coop_activities
from portal.ledgers.cobuilding.model import Agreement
from portal.org.models import Area, PartyOrg, Unit

RETURNED = {"field": "content", "reason": "请补充共建内容的具体安排。"}
STATUSES = ("active", "draft", "pending_unit", "active", "returned")
OTHERS = 9  # agreements of further units, entered by the committee's office
# The smallest sheet of paper that a PDF reader opens.
SCAN = b"""%PDF-1.4
1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj
3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>> endobj
trailer <</Root 1 0 R>>
%%EOF
"""
OVERDUE = 3  # every third agreement in force of the others has run out and waits for renewal


@dataclass(frozen=True)
class Plan:
    """One agreement to be entered: by whom, between whom, since when."""

    username: str
    unit: Unit
    community: Area
    status: str
    signed_on: date
    number: int


def make() -> int:
    """Enter the agreements if there are none yet; answers how many records were added."""
    if db.session.scalars(select(Agreement.id).limit(1)).first() is not None:
        return 0
    rng, made = Random(20230103), 0
    for plan in plans():
        agreement = enter(plan.username, agreements, agreement_texts(plan, rng))
        bring(plan.username, agreements, agreement, plan.status, RETURNED)
        made += 1
        if plan.status == "active":
            if plan.number % 4:  # the others are to be added
                with scope.acting_as(principal(plan.username)):
                    attachments.add(agreements, agreement, agreements.files[0], "协议扫描件.pdf", SCAN)
                    db.session.flush()
                    gaps.recount(agreements, agreement)
            for texts in activity_texts(plan, rng):
                enter(plan.username, coop_activities, texts, agreement)
                made += 1
    db.session.flush()
    return made


def plans() -> Iterator[Plan]:
    units = list(db.session.scalars(select(Unit).order_by(Unit.sort_no).limit(5 + OTHERS)))
    areas = list(db.session.scalars(select(Area).where(Area.kind == "community").order_by(Area.sort_no)))
    today, number = clock.today(), 0
    for n, unit in enumerate(units[:5], start=1):
        for k, status in enumerate(STATUSES):
            number += 1
            # The communities that have accounts come first, so that each of them is party to something.
            community = (
                areas[n - 1] if k == 0 else areas[5] if (n, k) == (1, 3) else areas[(n * 11 + k * 7) % len(areas)]
            )
            signed_on = today - timedelta(days=40 + 90 * k + 13 * n)
            yield Plan(f"filler{n:02}", unit, community, status, signed_on, number)
    for n, unit in enumerate(units[5:], start=1):
        number += 1
        age = 1150 if n % OVERDUE == 0 else 200 + 31 * n
        yield Plan("reviewer", unit, areas[(n * 17 + 3) % len(areas)], "active", today - timedelta(days=age), number)


def agreement_texts(plan: Plan, rng: Random) -> dict[str, Any]:
    own = db.session.scalars(
        select(PartyOrg).where(PartyOrg.units.any(Unit.id == plan.unit.id)).order_by(PartyOrg.sort_no)
    ).first()
    other = db.session.scalars(select(PartyOrg).where(PartyOrg.community_id == plan.community.id)).one()
    needs = rng.sample(phrases.DEMANDS, 3)
    offers = rng.sample(phrases.RESOURCES, 2)
    projects = rng.sample(phrases.COOP_ITEMS, 2)
    due = plan.signed_on + timedelta(days=300)
    texts: dict[str, Any] = {
        "agreement_type": "1",
        "party_a_org_id": str(own.id if own else ""),
        "party_b_org_id": str(other.id),
        "signed_on": plan.signed_on.isoformat(),
        "effective_from": "",
        "effective_to": "",
        "renew_mode": "remind",
        "coop_modes": rng.sample(["1", "2", "3", "4", "5", "6", "7", "8"], 3),
        "content": f"双方围绕{needs[0].name}、{needs[1].name}等事项开展共建，每季度会商一次。",
        "plan_activity_cnt": str(rng.randint(2, 8)),
        "a_contact": names.person_name(rng),
        "a_phone": names.landline(1000 + plan.number),
        "b_contact": names.person_name(rng),
        "b_phone": names.landline(2000 + plan.number),
        "copies": "3",
    }
    for n, need in enumerate(needs):
        texts |= row("demand_items", n, name=need.name, category=need.category, proposer_role="社区工作者")
    for n, offer in enumerate(offers):
        texts |= row("resource_items", n, name=offer.name, category=offer.category, quantity="每季度一次")
    for n, project in enumerate(projects):
        cells = {"name": project.name, "category": project.category, "due_on": due.isoformat()}
        refs = {"demand_ids": f"new-{n}", "resource_ids": f"new-{n}", "lead_org_id": texts["party_a_org_id"]}
        texts |= row("coop_items", n, **cells, **refs)
    return texts


def activity_texts(plan: Plan, rng: Random) -> Iterator[dict[str, Any]]:
    """What was held since the agreement was signed: at most three, a quarter apart."""
    for n in range(3):
        held_on = plan.signed_on + timedelta(days=20 + 90 * n)
        if held_on > clock.today():
            return
        what = rng.choice(phrases.ACTIVITIES)
        yield {
            "held_on": held_on.isoformat(),
            "activity_type": what.category,
            "theme": what.name,
            "place": f"{plan.community.name}党群服务中心",
            "unit_count": str(rng.randint(3, 15)),
            "community_count": str(rng.randint(5, 40)),
            "volunteer_theme": "",
            "summary": f"双方共同开展{what.name}，参加人员反响良好。",
        }
