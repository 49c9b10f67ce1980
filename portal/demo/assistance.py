"""The demo's beneficiaries, pairings and visits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from portal.core import clock
from portal.core.declaration.ledger import Ledger
from portal.core.records.duplicates import PREFIX
from portal.demo import names, phrases
from portal.demo.entering import Texts, bring, enter, filler_of, make_transition, row, units
from portal.demo.profiles import SHOWN, Profile
from portal.extensions import db
from portal.ledgers.assistance import beneficiaries, pairings, visits
from portal.ledgers.assistance.model import Beneficiary, Visit
from portal.org.models import Area, Member, Unit

# Of each of the first units: how its pairings stand, and the kinds of those they are with (C13).
STATUSES = ("active", "active", "active", "pending_unit", "returned", "draft")
KINDS = ("1", "1", "2", "1", "3", "1")
RETURNED = {"field": "measures", "reason": "请补充具体帮扶措施。"}
RESIDENT = "1"
OFTEN = 4  # visits to each household of the first units, a quarter apart
# What checks are to find among the other units' records: visits entered twice.
TWICE = 6


@dataclass
class Host:
    """A unit with its people: who fills in for it, and who helps."""

    username: str
    unit: Unit
    roster: list[Member]

    def enter(self, ledger: Ledger, texts: Texts) -> Any:
        return enter(self.username, ledger, {"owner_unit_id": str(self.unit.id), **texts})


def make(profile: Profile) -> int:
    """Enter them if there are none yet; answers how many records were added."""
    if db.session.scalars(select(Beneficiary.id).limit(1)).first() is not None:
        return 0
    rng = Random(20230105)
    areas = list(db.session.scalars(select(Area).where(Area.kind == "community").order_by(Area.sort_no)))
    hosts = [Host(filler_of(n, profile), unit, roster_of(unit)) for n, unit in enumerate(units())]
    made = sum(of_unit(n, host, areas, rng) for n, host in enumerate(hosts[:SHOWN]))
    return made + Others(profile, hosts[SHOWN:], areas, rng).make()


def roster_of(unit: Unit) -> list[Member]:
    return list(db.session.scalars(select(Member).where(Member.unit_id == unit.id).order_by(Member.id)))


def of_unit(n: int, host: Host, areas: list[Area], rng: Random) -> int:
    """A unit's people: some helped and visited, some still on their way through review."""
    username, made = host.username, 0
    for k, (status, kind) in enumerate(zip(STATUSES, KINDS, strict=True)):
        serial, helper = n * len(STATUSES) + k, host.roster[k % len(host.roster)]
        person = host.enter(beneficiaries, person_texts(serial, kind, areas[(n * 17 + k * 5) % len(areas)], rng))
        if k < len(STATUSES) - 1:
            make_transition(username, beneficiaries, person, "submit")
        pairing = host.enter(pairings, pairing_texts(person, helper, k, rng))
        bring(username, pairings, pairing, status, RETURNED)
        made += 2
        if status == "active":
            made += visit_often(host, person, helper, k, rng)
    return made


def visit_often(host: Host, person: Any, helper: Member, k: int, rng: Random) -> int:
    """Once a quarter; the last one is still a draft, and the third household has not been visited for long."""
    days = [clock.today() - timedelta(days=10 + 80 * each) for each in range(OFTEN)][2 if k == 2 else 0 :]
    for each, held_on in enumerate(days):
        texts = visit_texts(held_on, each, person, helper, rng.choice(host.roster), rng)
        visit = host.enter(visits, texts)
        if each or k:
            make_transition(host.username, visits, visit, "submit")
    return len(days)


class Others:
    """What further units do: pairings, and visits to those who are helped, as many as the profile has."""

    def __init__(self, profile: Profile, hosts: list[Host], areas: list[Area], rng: Random) -> None:
        self.hosts, self.areas, self.rng = hosts, areas, rng
        own = SHOWN * STATUSES.count("active")
        residents = SHOWN * KINDS[: STATUSES.count("active")].count(RESIDENT)
        self.pairings, self.helped = profile.pairings - own, profile.helped - own
        # Helpers who have two pairings.
        self.busy = self.pairings - (profile.helpers - own)
        self.households = profile.households - residents
        self.resident_visits = profile.resident_visits - (residents * OFTEN - SHOWN)
        self.other_visits = profile.other_visits - 2 * SHOWN

    def make(self) -> int:
        if not self.pairings:
            return 0
        people = self.people()
        self.pair(people)
        residents = [each for each in people if each[1].target_type == RESIDENT][: self.households]
        others = [each for each in people if each[1].target_type != RESIDENT]
        self.visit(residents, self.resident_visits - TWICE)
        self.visit_twice(residents[:TWICE])
        self.visit(others, self.other_visits)
        return len(people) + self.pairings + self.resident_visits + self.other_visits

    def people(self) -> list[tuple[Host, Beneficiary]]:
        """Residents who are visited, then turn by turn others and residents who are not visited yet."""
        made = []
        for n in range(self.helped):
            host = self.hosts[n % len(self.hosts)]
            kind = RESIDENT if n < self.households or n % 3 == 0 else "23"[n % 2]
            texts = person_texts(SHOWN * len(STATUSES) + n, kind, self.areas[n * 7 % len(self.areas)], self.rng)
            person = host.enter(beneficiaries, texts)
            make_transition(host.username, beneficiaries, person, "submit")
            made.append((host, person))
        return made

    def pair(self, people: list[tuple[Host, Beneficiary]]) -> None:
        """Everybody with somebody of their own, some with a second helper; a few helpers have two households."""
        for n in range(self.pairings):
            host, person = people[n % len(people)]
            turn = n // len(self.hosts)
            if n >= len(people):
                helper = host.roster[-1 - (n - len(people)) // len(self.hosts)]
            elif len(self.hosts) <= n < len(self.hosts) + self.busy:
                helper = host.roster[turn - 1]
            else:
                helper = host.roster[turn]
            pairing = host.enter(pairings, pairing_texts(person, helper, n % 3, self.rng))
            bring(host.username, pairings, pairing, "active")
        helper.unit_id = self.hosts[0].unit.id  # whoever helps last has moved to another unit since
        db.session.flush()

    def visit(self, people: list[tuple[Host, Beneficiary]], count: int) -> None:
        """Everybody once, then again from the first on; the more often, the longer ago."""
        for n in range(count):
            host, person = people[n % len(people)]
            again = n // len(people)
            held_on = clock.today() - timedelta(days=5 + (n % len(people)) * 3 % 150 + 160 * again)
            self.submit(host, visit_texts(held_on, again, person, host.roster[n % 5], host.roster[5 + n % 5], self.rng))

    def submit(self, host: Host, texts: Texts) -> Any:
        visit = host.enter(visits, texts)
        make_transition(host.username, visits, visit, "submit")
        return visit

    def visit_twice(self, people: list[tuple[Host, Beneficiary]]) -> None:
        """The same visit once more, said to be another one."""
        for host, person in people:
            first = select(Visit).where(Visit.beneficiary_id == person.id).order_by(Visit.id).limit(1)
            known = db.session.scalars(first).one()
            helper, other = known.participants
            texts = visit_texts(known.visited_on, 0, person, helper, other, self.rng)
            self.submit(host, texts | {f"{PREFIX}{known.id}": "当天上午、下午各走访一次。"})


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
