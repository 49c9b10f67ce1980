"""The demo's agreements, entered through the ledgers' own forms by the accounts that would enter them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import chain
from random import Random
from typing import Any

from sqlalchemy import select

from portal.core import clock
from portal.core.access import scope
from portal.core.records import attachments, gaps
from portal.demo import names, phrases
from portal.demo.entering import bring, day, enter, filler_of, make_transition, principal, row, secretary_of, units
from portal.demo.profiles import SHOWN, Profile, dealt
from portal.extensions import db
from portal.ledgers.cobuilding import agreements, coop_activities
from portal.ledgers.cobuilding.model import Agreement
from portal.org.models import Area, PartyOrg, Unit

RETURNED = {"field": "content", "reason": "请补充共建内容的具体安排。"}
STATUSES = ("active", "draft", "pending_unit", "active", "returned")
# The smallest sheet of paper that a PDF reader opens.
SCAN = b"""%PDF-1.4
1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj
3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>> endobj
trailer <</Root 1 0 R>>
%%EOF
"""
TERM = 1095  # days that an agreement holds, nearly


@dataclass(frozen=True)
class Plan:
    """One agreement to be entered: by whom, between whom, since when, with how many needs, offers and projects.

    `standing` is a status, or what became of it: "renewed" by another one, "terminated", "expired". `main`: the
    unit's own organisation signs it, and not one of its branches.
    """

    username: str
    unit: Unit
    community: Area
    standing: str
    signed_on: date
    number: int = 0
    rows: tuple[int, int, int] = (3, 2, 2)
    main: bool = True


def make(profile: Profile) -> int:
    """Enter the agreements if there are none yet; answers how many records were added."""
    if db.session.scalars(select(Agreement.id).limit(1)).first() is not None:
        return 0
    rng = Random(20230103)
    made = sum(one(plan, rng) for plan in plans(profile))
    db.session.flush()
    return made


def one(plan: Plan, rng: Random) -> int:
    """An agreement with what follows from how it stands."""
    agreement = enter(plan.username, agreements, agreement_texts(plan, rng))
    status = plan.standing if plan.standing in STATUSES else "active"
    bring(plan.username, agreements, agreement, status, RETURNED)
    if plan.standing == "terminated":
        answers = {"terminated_on": day(plan.signed_on, 300), "terminate_reason": "3"}
        for by in (plan.username, secretary_of(plan.username)):
            make_transition(by, agreements, agreement, "terminate", **answers)
    if plan.standing == "renewed":
        agreement = make_transition(plan.username, agreements, agreement, "renew")
        agreement.signed_on = agreement.effective_from
        bring(plan.username, agreements, agreement, "active")
        return 2
    if status != "active":
        return 1
    if plan.number % 4:  # the others are to be added
        with scope.acting_as(principal(plan.username)):
            attachments.add(agreements, agreement, agreements.form.files[0], "协议扫描件.pdf", SCAN)
            db.session.flush()
            gaps.recount(agreements, agreement)
    held = list(activity_texts(plan, rng))
    for texts in held if plan.standing == "active" else ():
        enter(plan.username, coop_activities, texts, agreement)
    return 1 + len(held)


def plans(profile: Profile) -> Iterator[Plan]:
    areas = list(db.session.scalars(select(Area).where(Area.kind == "community").order_by(Area.sort_no)))
    hands = profile.main_agreements + profile.more_agreements
    rows = zip(*(dealt(total, hands) for total in (profile.needs, profile.offers, profile.coop_items)), strict=True)
    for number, plan in enumerate(chain(of_shown(areas, profile), of_others(areas, profile)), start=1):
        counted = plan.main and plan.standing in ("active", "renewed")
        yield replace(plan, number=number, rows=next(rows) if counted else plan.rows)


def of_shown(areas: list[Area], profile: Profile) -> Iterator[Plan]:
    for n, unit in enumerate(units(SHOWN)):
        for k, status in enumerate(STATUSES):
            # The communities that have accounts come first, so that each of them is party to something.
            further = areas[5] if (n, k) == (0, 3) else areas[(n * 11 + 11 + k * 7) % len(areas)]
            signed_on = clock.today() - timedelta(days=53 + 90 * k + 13 * n)
            yield Plan(filler_of(n, profile), unit, further if k else areas[n], status, signed_on)


def of_others(areas: list[Area], profile: Profile) -> Iterator[Plan]:
    """One of each further unit; then those that some have beside it."""
    kinds = (
        ("active", profile.expiring, TERM - 30, 1),
        ("renewed", profile.renewed, TERM + 6, 5),
        ("active", profile.main_agreements - SHOWN - profile.expiring - profile.renewed, 200, 4),
    )
    beside = (
        ("active", profile.more_agreements - SHOWN, 120, 9),
        ("terminated", profile.terminated, 500, 20),
        ("expired", profile.expired, TERM + 60, 15),
    )
    bodies, today, place = units(), clock.today(), SHOWN
    for standing, number, days, step in kinds:
        for n in range(number):
            signed_on = today - timedelta(days=days + step * n)
            yield Plan(filler_of(place, profile), bodies[place], areas[(place * 17) % len(areas)], standing, signed_on)
            place += 1
    for standing, number, days, step in beside:
        for n in range(number):
            place, area = SHOWN + n, areas[(n * 17 + days) % len(areas)]
            signed_on = today - timedelta(days=days + step * n)
            yield Plan(filler_of(place, profile), bodies[place], area, standing, signed_on, main=standing != "expired")


def signing_org(plan: Plan) -> PartyOrg | None:
    own = select(PartyOrg).where(PartyOrg.units.any(Unit.id == plan.unit.id)).order_by(PartyOrg.sort_no)
    orgs = db.session.scalars(own).all()
    return orgs[0 if plan.main else -1] if orgs else None


def agreement_texts(plan: Plan, rng: Random) -> dict[str, Any]:
    own = signing_org(plan)
    other = db.session.scalars(select(PartyOrg).where(PartyOrg.community_id == plan.community.id)).one()
    of_needs, of_offers, of_items = plan.rows
    needs = rng.sample(phrases.DEMANDS, of_needs)
    offers = rng.sample(phrases.RESOURCES, of_offers)
    projects = rng.sample(phrases.COOP_ITEMS, of_items)
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
        cells = {"name": project.name, "category": project.category, "due_on": day(plan.signed_on, 300)}
        refs = {"demand_ids": f"new-{n % len(needs)}", "resource_ids": f"new-{n % len(offers)}"}
        texts |= row("coop_items", n, **cells, **refs, lead_org_id=texts["party_a_org_id"])
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
