"""`python -m bench.daily`: pages of what is entered daily, over 100,000 visits and 20,000 members, for a unit and the
committee; prints the table and writes bench/daily.json."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, insert, select

from bench import databases
from bench.places import DATA, ROOT
from bench.servers import portal, serving
from bench.visitor import Visitor
from portal import create_app, demo, setup
from portal.core import clock
from portal.extensions import db
from portal.ledgers.assistance.model import Beneficiary, Pairing, Visit, visit_participant
from portal.org.encrypted import Sealed
from portal.org.models import Area, Member, PartyOrg, Unit

VISITS, MEMBERS, HOUSEHOLDS, UNITS = 100_000, 20_000, 5_000, 63
BATCH, ROUNDS, WARM_UP = 5_000, 20, 3
RESULTS = ROOT / "bench" / "daily.json"
PAGES = {
    "list": "/visits/list/",
    "list, page 40": "/visits/list/?page=39",
    "show": "/visits/show/{visit}",
    "form": "/visits/add",
    "figures of visits": "/visits/figures?part=1",
    "figures of pairings": "/pairings/figures?part=1",
    "visits overdue": "/pairings/list/?status=unvisited",
    "what is overdue": "/overdue/",
}


def fill(connection: Connection) -> int:
    """All of it, dealt over the first units; answers a visit of the first one."""
    chance, today = random.Random(1), clock.today()
    units = list(connection.scalars(select(Unit.__table__.c.id).order_by(Unit.__table__.c.sort_no).limit(UNITS)))
    org, area = (connection.scalar(select(model.__table__.c.id).limit(1)) for model in (PartyOrg, Area))
    name, now = Sealed.of("赵某"), clock.now()
    head = {"status": "active", "source": "online", "publish_scope": "internal", "proxy_filled": False, "version": 1}
    head |= {"created_at": now, "updated_at": now, "filled_at": now, "year": today.year, "search_text": ""}

    def put(table: Any, rows: Iterator[dict[str, Any]]) -> list[int]:
        """Answers the ids in the order of the rows."""
        every = list(rows)
        for n in range(0, len(every), BATCH):
            connection.execute(insert(table), every[n : n + BATCH])
        if "id" not in table.c:
            return []
        return list(connection.scalars(select(table.c.id).order_by(table.c.id.desc()).limit(len(every))))[::-1]

    people = put(
        Member.__table__,
        (
            {"person_no": f"Q{n}", "name": f"王演{n % 900}", "search_text": f"王演{n % 900}", "gender": "1"}
            | {"member_type": "1", "is_leader": False, "work_status": "serving"}
            | {"unit_id": units[n % UNITS], "org_id": org}
            for n in range(MEMBERS)
        ),
    )
    households = put(
        Beneficiary.__table__,
        (
            {**head, "beneficiary_no": f"B-X{n}", "called": f"赵* B-X{n}", "target_type": "1", "name_enc": name}
            | {"community_id": area, "household_no": f"H{n}", "owner_unit_id": units[n % UNITS], "review_on": today}
            for n in range(HOUSEHOLDS)
        ),
    )
    put(
        Pairing.__table__,
        (
            {**head, "record_no": f"JDX{n}", "pair_type": "1", "helper_name": "王演", "visit_freq": "quarter"}
            | {"beneficiary_id": id_, "start_on": today - timedelta(days=400), "owner_unit_id": units[n % UNITS]}
            for n, id_ in enumerate(households)
        ),
    )
    visits = put(
        Visit.__table__,
        (
            {**head, "record_no": f"ZFX{n}", "visited_on": today - timedelta(days=chance.randrange(900))}
            | {"visit_type": chance.choice("1124"), "beneficiary_id": households[n % HOUSEHOLDS], "called": "赵*"}
            | {"findings": "家中情况平稳", "owner_unit_id": units[n % HOUSEHOLDS % UNITS]}
            for n in range(VISITS)
        ),
    )
    there = ({"visit_id": id_, "member_id": people[n % MEMBERS]} for n, id_ in enumerate(visits))
    put(visit_participant, there)
    connection.exec_driver_sql("ANALYZE")
    return visits[0]


def measure(visitor: Visitor, path: str) -> dict[str, Any]:
    answers = [visitor.ask(path) for _ in range(WARM_UP + ROUNDS)][WARM_UP:]
    if {answer.status for answer in answers} != {200}:
        raise AssertionError(f"{path} answers {answers[-1].status}")
    ms = sorted(1000 * answer.seconds for answer in answers)[ROUNDS // 2]
    return {"ms": round(ms, 1), "statements": answers[-1].statements}


def main() -> None:
    made = databases.in_folder(databases.fresh(DATA / "daily"))
    app = create_app(environ=made.settings)
    with app.app_context():
        setup.bring_up_to_date()
        demo.load()
        with db.engine.begin() as connection:
            visit = fill(connection)
        db.engine.dispose()
    results: dict[str, dict[str, Any]] = {}
    with ExitStack() as stack:
        server = stack.enter_context(serving(portal(made.settings), made.folder / "portal.log"))
        for username in ("filler01", "reviewer"):
            visitor = Visitor(server.port)
            visitor.sign_in("/login/", username, databases.PASSWORD)
            results[username] = {name: measure(visitor, path.format(visit=visit)) for name, path in PAGES.items()}
            for name, found in results[username].items():
                print(f"{username:10} {name:22} {found['ms']:8} ms {found['statements']:3} statements")
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
