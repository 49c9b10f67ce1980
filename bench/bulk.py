"""`python -m bench.bulk ROWS`: so many agreements, and members, put into the database of the settings, the same every
time, spread over the units and communities of the demo."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import insert, select

from portal import create_app
from portal.core.search import fold
from portal.extensions import db
from portal.ledgers.cobuilding.model import Agreement
from portal.org.models import Member, PartyOrg, Unit

MEMBERS = 20_000
EXPORTED = 10_000  # agreements with the status `terminated`, fewer if there are not ten times as many
STATUSES = ("active",) * 6 + ("draft",) * 2 + ("pending_committee",) * 2
WORDS = (
    *("社区", "党建", "共建", "协议", "服务", "街道", "单位", "医疗", "教育", "养老", "环境", "安全", "法律", "文化"),
    *("志愿", "扶贫", "宣传", "培训", "交通", "卫生", "消防", "就业", "助学", "关爱", "治理", "网格", "联合", "活动"),
    *("项目", "资源"),
)
PLACES = ("东城", "西城", "朝阳", "海淀", "丰台", "石景", "门头", "房山", "通州", "顺义", "昌平", "大兴", "怀柔")
SURNAMES, GIVEN = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华"
BATCH = 5_000


class Place(NamedTuple):
    """A unit with an organisation that stands for it."""

    unit_id: int
    number: int
    org_id: int


def add(rows: int) -> None:
    """Put them into the portal's database."""
    found = db.session.execute(select(Unit.id, Unit.sort_no, PartyOrg.id).join(PartyOrg.units).order_by(PartyOrg.id))
    places = [Place(*row) for row in found]
    communities = list(db.session.scalars(select(PartyOrg.id).where(PartyOrg.community_id.is_not(None))))
    db.session.rollback()
    chance = random.Random(20240601)
    put(Agreement, (agreement(n, rows, chance, places, communities) for n in range(1, rows + 1)))
    put(Member, (member(n, chance, places) for n in range(1, MEMBERS + 1)))
    with db.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")
    if db.engine.dialect.name == "postgresql":
        # As autovacuum does within minutes: only afterwards are rows counted from an index alone.
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM")


def put(model: Any, rows: Iterator[dict[str, Any]]) -> None:
    with db.engine.begin() as connection:
        while batch := list(islice(rows, BATCH)):
            connection.execute(insert(model.__table__), batch)


def person(chance: random.Random) -> str:
    return chance.choice(SURNAMES) + chance.choice(GIVEN) + chance.choice(GIVEN)


def agreement(n: int, rows: int, chance: random.Random, places: list[Place], communities: list[int]) -> dict[str, Any]:
    place, pick = places[n % len(places)], chance.choice
    signed = date(2015, 1, 1) + timedelta(days=chance.randrange(4000))
    exported = min(EXPORTED, rows // 10)
    ended = n * exported // rows != (n - 1) * exported // rows  # so many of them, evenly
    status = "terminated" if ended else pick(STATUSES)
    number = None if status == "draft" else f"GJ{signed.year}-{place.number:03}-{n:07}"
    title = f"{pick(PLACES)}{pick(WORDS)}{pick(WORDS)}共建协议第{n}号"
    made = datetime.combine(signed, time(9))
    return {
        "record_no": number,
        "title": title,
        "search_text": fold(f"{number or ''} {title}".strip()),
        "status": status,
        "year": signed.year,
        "period": f"{signed.year}Q{(signed.month + 2) // 3}",
        "owner_unit_id": place.unit_id,
        "owner_org_id": place.org_id,
        "party_a_org_id": place.org_id,
        "party_b_org_id": communities[n % len(communities)],
        "agreement_type": "1",
        "is_office_community": False,
        "signed_on": signed,
        "effective_from": signed,
        "effective_to": signed + timedelta(days=730),
        "renew_mode": "remind",
        "coop_modes": (str(n % 4 + 1), str(n % 4 + 5)),
        "content": "。".join("".join(chance.choices(WORDS, k=8)) for _ in range(chance.randint(4, 12))),
        "a_contact": person(chance),
        "a_phone": f"022-{n:08}",
        "copies": 3,
        "filled_at": made,
        "created_at": made,
        "updated_at": made,
    }


def member(n: int, chance: random.Random, places: list[Place]) -> dict[str, Any]:
    place, number, name = places[n % len(places)], f"B{n:06}", person(chance)
    return {
        "person_no": number,
        "name": name,
        "search_text": fold(f"{name} {number}"),
        "gender": "12"[n % 2],
        "member_type": "1",
        "unit_id": place.unit_id,
        "org_id": place.org_id,
        "post": "科员",
    }


if __name__ == "__main__":
    with create_app().app_context():
        add(int(sys.argv[1]))
