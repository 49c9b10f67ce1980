"""The demo's accounts (`docs/domain`): one password for all, exempt from what real accounts must do first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from random import Random

from sqlalchemy import select

from portal.accounts import create_account
from portal.demo import names
from portal.demo.profiles import Profile
from portal.extensions import db
from portal.org.account_profiles import AccountProfile
from portal.org.models import Area, PartyOrg, Unit
from portal.org.trees import below

OFFICE = (
    ("admin", "admin"),
    ("sysadmin", "sys_admin"),
    ("secadmin", "sec_admin"),
    ("auditadmin", "audit_admin"),
    ("reviewer", "gw_reviewer"),
    ("reviewer02", "gw_reviewer"),
    ("leader", "gw_leader"),
    ("auditor", "auditor_ro"),
    ("disc", "disc_ro"),
)


def make(profile: Profile, hashed: str) -> None:
    """Make the accounts that are not there yet; all get the same hashed password."""
    rng = Random(20230102)
    for username, role, place in wanted(profile):
        name = names.person_name(rng)
        place.password_on = date.max  # never too old
        create_account.create(username, name, "", role, place, hashed=hashed, email=names.email(username))


def wanted(profile: Profile) -> Iterator[tuple[str, str, AccountProfile]]:
    for username, role in OFFICE:
        yield username, role, AccountProfile()
    own = select(Unit.id).order_by(Unit.sort_no).limit(profile.units)
    for n, unit_id in enumerate(db.session.scalars(own), start=1):
        yield f"filler{n:02}", "unit_filler", AccountProfile(unit_id=unit_id)
        yield f"secretary{n:02}", "unit_reviewer", AccountProfile(unit_id=unit_id)
        if n == 1:
            yield "branch01", "branch_filler", AccountProfile(unit_id=unit_id, org_id=branch_of(unit_id))
    yield from of_areas("town", "town", "town_user", profile.towns, 2)
    yield from of_areas("zone", "zone", "town_user", profile.zones, 2)
    yield from of_areas("community", "community", "community_user", profile.communities, 3)


def branch_of(unit_id: int) -> int | None:
    """The branch of the unit that comes last."""
    own = db.session.scalars(select(PartyOrg.id).where(PartyOrg.units.any(Unit.id == unit_id)))
    query = select(PartyOrg.id).where(PartyOrg.id.in_(below(PartyOrg, own)), PartyOrg.org_type == "40")
    return db.session.scalar(query.order_by(PartyOrg.org_code.desc()).limit(1))


def of_areas(kind: str, name: str, role: str, count: int, digits: int) -> Iterator[tuple[str, str, AccountProfile]]:
    found = db.session.scalars(select(Area.id).where(Area.kind == kind).order_by(Area.sort_no).limit(count))
    for n, area_id in enumerate(found, start=1):
        yield f"{name}{n:0{digits}}", role, AccountProfile(area_id=area_id)
