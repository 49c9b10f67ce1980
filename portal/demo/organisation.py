"""The demo's organisation: units and institutions, areas, two trees of Party organisations, members."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import cycle, islice
from random import Random

from portal.demo import names
from portal.demo.names import BRANCH, COMMITTEE, GENERAL, OrgName
from portal.demo.profiles import SHOWN, Profile
from portal.extensions import db
from portal.org.encrypted import Sealed
from portal.org.models import Area, Member, PartyOrg, Unit

SEED = 20230101
# Branches below committees and their general branches, and below general branches of units (`docs/domain` §6.2).
BRANCHES = {COMMITTEE: 516, GENERAL: 84}
ROOT = OrgName("中共(演示)区级机关工作委员会", "区级机关工委", "10")
Bodies = list[tuple[names.Unit | names.Subordinate, Unit, PartyOrg]]


def make(profile: Profile) -> None:
    """Put the whole organisation into the session."""
    rng = Random(SEED)
    communities = list(areas())
    bodies = list(units(rng, communities))
    party_orgs(rng, bodies, communities)
    db.session.flush()
    members(rng, [(unit, org) for _, unit, org in bodies], profile.members)


def areas() -> Iterator[Area]:
    """Puts all areas into the session; answers the communities."""
    towns = [
        Area(name=name, kind="town", area_code=names.area_code(n), sort_no=(n + 1) * 100)
        for n, name in enumerate(names.TOWNS)
    ]
    zones = [
        Area(name=name, kind="zone", area_code=names.zone_code(n), sort_no=9001 + n)
        for n, name in enumerate(names.ZONES)
    ]
    db.session.add_all([*towns, *zones])
    for each in names.communities():
        code = names.area_code(each.town, each.number)
        area = Area(name=each.full_name, kind="community", area_code=code, parent=towns[each.town])
        area.sort_no = (each.town + 1) * 100 + each.number
        db.session.add(area)
        yield area


def units(rng: Random, communities: list[Area]) -> Iterator[tuple[names.Unit | names.Subordinate, Unit, PartyOrg]]:
    """Units in official order, then the institutions below them; each with its own Party organisation."""
    made: list[Unit] = []
    legal = names.UNITS + names.subordinate_units()
    for n, body in enumerate(legal):
        above = made[body.parent] if isinstance(body, names.Subordinate) else None
        unit = Unit(
            full_name=body.full_name,
            short_name=body.short_name,
            unit_nature=body.nature,
            credit_code=names.credit_code(n + 1),
            is_legal_entity=True,
            office_address=f"演示区公园路{n + 1}号",
            office_community=communities[(n * 5) % len(communities)],
            leader=names.person_name(rng),
            contact=names.person_name(rng),
            parent=above,
            sort_no=n + 1,
        )
        made.append(unit)
        db.session.add(unit)
        name = names.direct_org_name(body) if isinstance(body, names.Unit) else names.subordinate_org_name(body)
        org = party_org(rng, name, body.nature, unit)
        if getattr(body, "aggregate_only", False):
            org.report_mode = "aggregate"
        yield body, unit, org


def party_org(rng: Random, name: OrgName, nature: str, unit: Unit | None) -> PartyOrg:
    founded = date(1990 + rng.randrange(30), 1 + rng.randrange(12), 1 + rng.randrange(28))
    org = PartyOrg(
        full_name=name.full_name,
        short_name=name.short_name,
        org_type=name.org_type,
        unit_nature=nature,
        secretary=names.person_name(rng),
        contact=names.person_name(rng),
        founded_on=founded,
        units=[unit] if unit else [],
    )
    db.session.add(org)
    return org


def party_orgs(rng: Random, bodies: Bodies, communities: list[Area]) -> None:
    """Sets the tree: organisations of institutions below those of their units, branches below all but branches."""
    root = party_org(rng, ROOT, names.PARTY, None)
    below: dict[PartyOrg, list[PartyOrg]] = {root: []}
    direct = {unit.full_name: org for _, unit, org in bodies}
    for body, unit, org in bodies:
        above = direct[unit.parent.full_name] if isinstance(body, names.Subordinate) and unit.parent else root
        below[above].append(org)
        below[org] = []
    for above, branch in branches(rng, bodies):
        below[above].append(branch)
    number(below, root, "001")
    for n, org in enumerate(below_first(root, below), start=1):
        org.sort_no = n
    for n, (each, area) in enumerate(zip(names.communities(), communities, strict=True), start=1):
        org = party_org(rng, names.community_org_name(each), names.COMMUNITY, None)
        org.org_code, org.sort_no, org.community = f"{101 + each.town}.{each.number:03}", 9000 + n, area


def branches(rng: Random, bodies: Bodies) -> Iterator[tuple[PartyOrg, PartyOrg]]:
    """(above, branch) until there are as many branches as the demo needs, dealt out evenly."""
    kinds = {unit.full_name: body.org_type for body, unit, _ in bodies}
    for kind, wanted in BRANCHES.items():
        family = [
            (body, unit, org)
            for body, unit, org in bodies
            if kinds[unit.parent.full_name if unit.parent else unit.full_name] == kind
        ]
        there = sum(org.org_type == BRANCH for _, _, org in family)
        hosts = [each for each in family if each[2].org_type != BRANCH]
        for n, (body, unit, org) in enumerate(islice(cycle(hosts), wanted - there)):
            yield org, party_org(rng, names.branch_name(body, n // len(hosts) + 1), body.nature, unit)


def number(below: dict[PartyOrg, list[PartyOrg]], org: PartyOrg, code: str) -> None:
    """Three digits a level: 001.015.004."""
    org.org_code = code
    for n, each in enumerate(below.get(org, []), start=1):
        each.parent = org
        number(below, each, f"{code}.{n:03}")


def below_first(org: PartyOrg, below: dict[PartyOrg, list[PartyOrg]]) -> Iterator[PartyOrg]:
    """The organisation and all below it, as an official list has them."""
    yield org
    for each in below.get(org, []):
        yield from below_first(each, below)


def members(rng: Random, bodies: list[tuple[Unit, PartyOrg]], count: int) -> None:
    """Twenty in each of the first units; the others evenly, in institutions only where there are many."""
    places = [body for body in bodies[:SHOWN] for _ in range(20)]
    others = bodies[SHOWN:] if count > 10 * len(bodies) else bodies[SHOWN : len(names.UNITS)]
    places += list(islice(cycle(others), count - len(places)))
    for n, (unit, org) in enumerate(places, start=1):
        post = "支部书记" if n % 20 == 1 else rng.choice(("科员", "主任科员", "副科长", "科长"))
        member = Member(
            person_no=f"P{n:05}",
            name=names.person_name(rng),
            gender=rng.choice("12"),
            member_type=rng.choice(("1", "1", "1", "1", "2", "3")),
            unit=unit,
            org=org,
            post=post,
            is_leader=post == "支部书记",
            birth_ym=date(1968 + rng.randrange(34), 1 + rng.randrange(12), 1),
            office_phone=names.landline(n),
            mobile=Sealed.of(names.mobile(n)) if n % 2 else None,
        )
        member.joined_ym = date(min(member.birth_ym.year + 24, 2024), 7, 1) if member.birth_ym else None
        db.session.add(member)
