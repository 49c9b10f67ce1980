"""`python -m bench`: time the portal against the bare app, print the table, write bench/results.json."""

from __future__ import annotations

import argparse
from contextlib import ExitStack

from sqlalchemy import func, select, table

from bench import databases, pages, report
from bench.databases import Databases
from bench.places import ROOT, bare_home
from bench.servers import serving
from bench.timing import Side, time_page
from bench.visitor import Visitor

RESULTS = ROOT / "bench" / "results.json"
TABLES = ("agreement", "member", "unit")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="agreements on each side (%(default)s)")
    parser.add_argument("--rounds", type=int, default=60, help="timed rounds of each page (%(default)s)")
    parser.add_argument("--postgresql", metavar="URL", help="a server to make both databases at, instead of SQLite")
    chosen = parser.parse_args()
    if chosen.rows < 1000 or chosen.rounds < 1:
        parser.error("at least 1000 rows and 1 round, please")
    return chosen


def portal_side(stack: ExitStack, made: Databases, page: int) -> Side:
    log = made.folder / "portal.log"
    server = stack.enter_context(serving("bench.serve:app", ROOT, log, made.settings))
    visitor = Visitor(server.port)
    visitor.sign_in("/login/", "reviewer", databases.PASSWORD)
    return Side(server, visitor, pages.of_portal(databases.engine(made.portal), page))


def bare_side(stack: ExitStack, made: Databases, page: int) -> Side:
    log = made.folder / "bare.log"
    server = stack.enter_context(serving("bare:app", bare_home(), log, {"BENCH_DB": made.bare}))
    visitor = Visitor(server.port)
    visitor.sign_in("/login", "admin", "admin-Passw0rd")  # the bare app's one account, in its common.py
    return Side(server, visitor, pages.of_bare(databases.engine(made.bare), page))


def counts(url: str) -> dict[str, int]:
    with databases.engine(url).connect() as connection:
        return {name: connection.scalar(select(func.count()).select_from(table(name))) or 0 for name in TABLES}


def main() -> None:
    chosen = options()
    server = chosen.postgresql
    made = databases.on_postgresql(server, chosen.rows) if server else databases.on_sqlite(chosen.rows)
    held = {"portal": counts(made.portal), "bare": counts(made.bare)}
    page = chosen.rows // pages.PAGE_SIZE // 2 - 1  # in the middle: page 2000 of 100,000 rows
    with ExitStack() as stack:
        sides = [portal_side(stack, made, page), bare_side(stack, made, page)]
        results = {name: time_page(name, sides, chosen.rounds) for name in sides[0].asks}
    print(report.table(results))
    kind = "postgresql" if server else "sqlite"
    report.write(RESULTS, results, database=kind, rounds=chosen.rounds, rows=held)


if __name__ == "__main__":
    main()
