"""The agreements and members of the bare app's database, as the portal keeps them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from itertools import cycle
from typing import Any, NamedTuple

from sqlalchemy import Connection, Date, column, insert, select, table

from portal.core.search import fold
from portal.extensions import db
from portal.ledgers.cobuilding.model import Agreement
from portal.org.models import Member, PartyOrg, Unit

AGREEMENT = table(
    "agreement",
    *(column(name) for name in ("id", "title", "status", "contact", "content")),
    column("signed_on", Date),
    column("valid_until", Date),
)
MEMBER = table("member", column("id"), column("name"))
STATUSES = {"active": "active", "draft": "draft", "review": "pending_committee", "terminated": "terminated"}
BATCH = 5_000


class Place(NamedTuple):
    """A unit with an organisation that stands for it."""

    unit_id: int
    number: int
    org_id: int


def add(bare: Connection) -> None:
    """Put them into the portal's database, spread over all units and communities."""
    found = db.session.execute(select(Unit.id, Unit.sort_no, PartyOrg.id).join(PartyOrg.units).order_by(PartyOrg.id))
    places = [Place(*row) for row in found]
    communities = db.session.scalars(select(PartyOrg.id).where(PartyOrg.community_id.is_not(None))).all()
    db.session.rollback()
    pairs = zip(cycle(places), cycle(communities), strict=False)
    copy(bare, AGREEMENT, Agreement, lambda row: agreement(row, *next(pairs)))
    members = cycle(places)
    copy(bare, MEMBER, Member, lambda row: member(row, next(members)))
    with db.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")
    db.engine.dispose()


def copy(bare: Connection, source: Any, model: Any, made: Callable[[Any], dict[str, Any]]) -> None:
    rows = bare.execute(select(source).order_by(source.c.id))
    with db.engine.begin() as connection:
        for batch in rows.partitions(BATCH):
            connection.execute(insert(model.__table__), [made(row) for row in batch])


def agreement(row: Any, place: Place, community: int) -> dict[str, Any]:
    signed, draft = row.signed_on, row.status == "draft"
    number = None if draft else f"GJ{signed.year}-{place.number:03}-{row.id:06}"
    made = datetime.combine(signed, time(9))
    return {
        "record_no": number,
        "title": row.title,
        "search_text": fold(f"{number or ''} {row.title}".strip()),
        "status": STATUSES[row.status],
        "year": signed.year,
        "period": f"{signed.year}Q{(signed.month + 2) // 3}",
        "owner_unit_id": place.unit_id,
        "owner_org_id": place.org_id,
        "party_a_org_id": place.org_id,
        "party_b_org_id": community,
        "agreement_type": "1",
        "is_office_community": False,
        "signed_on": signed,
        "effective_from": signed,
        "effective_to": row.valid_until,
        "renew_mode": "remind",
        "coop_modes": (str(row.id % 4 + 1), str(row.id % 4 + 5)),
        "content": row.content,
        "a_contact": row.contact,
        "a_phone": f"022-{row.id:08}",
        "copies": 3,
        "filled_at": made,
        "created_at": made,
        "updated_at": made,
    }


def member(row: Any, place: Place) -> dict[str, Any]:
    number = f"B{row.id:06}"
    return {
        "person_no": number,
        "name": row.name,
        "search_text": fold(f"{row.name} {number}"),
        "gender": "12"[row.id % 2],
        "member_type": "1",
        "unit_id": place.unit_id,
        "org_id": place.org_id,
        "post": "科员",
    }
