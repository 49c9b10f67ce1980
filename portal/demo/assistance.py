"""The demo's beneficiaries, pairings and visits."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from portal.core import clock
from portal.demo import names, phrases
from portal.demo.entering import bring, enter, filler_of, move, row, units
from portal.extensions import db
from portal.ledgers.assistance import beneficiaries, pairings, visits
from portal.ledgers.assistance.model import Beneficiary
from portal.org.models import Area, Member, Unit

UNITS = 5
# Of each unit: how its pairings stand, and the kinds of those they are with (C13).
STATUSES = ("active", "active", "active", "pending_unit", "returned", "draft")
KINDS = ("1", "1", "2", "1", "3", "1")
RETURNED = {"field": "measures", "reason": "请补充具体帮扶措施。"}


def make() -> int:
    """Enter them if there are none yet; answers how many records were added."""
    if db.session.scalars(select(Beneficiary.id).limit(1)).first() is not None:
        return 0
    rng = Random(20230105)
    areas = list(db.session.scalars(select(Area).where(Area.kind == "community").order_by(Area.sort_no)))
    return sum(of_unit(n, unit, areas, rng) for n, unit in enumerate(units(UNITS)))


def of_unit(n: int, unit: Unit, areas: list[Area], rng: Random) -> int:
    """A unit's people: some helped and visited, some still on their way through review."""
    username, made = filler_of(n, UNITS), 0
    roster = list(db.session.scalars(select(Member).where(Member.unit_id == unit.id).order_by(Member.id)))
    for k, (status, kind) in enumerate(zip(STATUSES, KINDS, strict=True)):
        serial, helper = n * len(STATUSES) + k, roster[k % len(roster)]
        person = enter(username, beneficiaries, person_texts(serial, kind, areas[(n * 17 + k * 5) % len(areas)], rng))
        if k < len(STATUSES) - 1:
            move(username, beneficiaries, person, "submit")
        pairing = enter(username, pairings, pairing_texts(person, helper, k, rng))
        bring(username, pairings, pairing, status, RETURNED)
        made += 2
        if status == "active":
            made += visit_often(username, person, helper, roster, k, rng)
    return made


def visit_often(username: str, person: Any, helper: Member, roster: list[Member], k: int, rng: Random) -> int:
    """Once a quarter; the last one is still a draft, and the third household has not been visited for long."""
    days = [clock.today() - timedelta(days=10 + 80 * each) for each in range(4)][2 if k == 2 else 0 :]
    for each, day in enumerate(days):
        visit = enter(username, visits, visit_texts(day, each, person, helper, rng.choice(roster), rng))
        if each or k:
            move(username, visits, visit, "submit")
    return len(days)


def person_texts(serial: int, kind: str, community: Area, rng: Random) -> dict[str, Any]:
    return {
        "target_type": kind,
        "name_enc": f"{names.SURNAMES[serial % len(names.SURNAMES)]}某{serial + 50:02}",
        "gender": rng.choice("12"),
        "age_band": rng.choice(("35", "60", "70", "80")),
        "community_id": str(community.id),
        "address_enc": f"{community.name}{1 + serial % 9}号楼{1 + serial % 4}门{101 + serial}室",
        "phone_enc": names.mobile(5000 + serial),
        "hardship_types": rng.sample(("01", "05", "07", "08", "11"), 2) if kind == "1" else [],
        "need_types": rng.sample(("01", "02", "03", "04", "05"), 2),
        "info_source": rng.choice(("community", "party", "visit")),
        "consent_status": "agreed",
        "consent_on": (clock.today() - timedelta(days=200)).isoformat(),
        "review_on": (clock.today() + timedelta(days=rng.choice((-20, 30, 90, 160)))).isoformat(),
    }


def pairing_texts(person: Any, helper: Member, k: int, rng: Random) -> dict[str, Any]:
    start = clock.today() - timedelta(days=300 + 20 * k)
    return {
        "pair_type": "1",
        "helper_member_id": str(helper.id),
        "beneficiary_id": str(person.id),
        "start_on": start.isoformat(),
        "end_on": (start + timedelta(days=365)).isoformat() if k % 2 else "",
        "measures": rng.sample(("01", "02", "03", "04", "05"), 2),
        "measures_note": "定期联系，帮助办理日常事项。",
        "visit_freq": "quarter",
    }


def visit_texts(day: date, each: int, person: Any, helper: Member, other: Member, rng: Random) -> dict[str, Any]:
    texts: dict[str, Any] = {
        "visited_on": day.isoformat(),
        "visit_type": rng.choice(("1", "1", "2", "4")),
        "beneficiary_id": str(person.id),
        "participant_ids": list({str(helper.id), str(other.id)}),
        "findings": rng.choice(phrases.FINDINGS),
        "satisfaction": rng.choice("112"),
    }
    if each % 2 == 0:
        texts |= row("aid_items", 0, category="goods", description="米面油等生活用品", source="3")
    else:
        texts |= row(
            "aid_items", 0, category="money", amount=str(rng.choice((300, 500, 800))), source="1", signed_by="self"
        )
        texts |= row("visit_needs", 0, category="02", content="希望协助预约就诊并陪同。", handling="solved")
    return texts
