"""`python -m bench`: time the portal, and what could be used in its place, turn by turn over the same rows. Prints the
table. With the rows and the database that the documents tell of, writes bench/results.json and the tables of the
documents; else bench/data/results.json alone."""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from statistics import median
from time import monotonic
from typing import Any

from bench import databases, pages, report, servers, sheets
from bench.pages import Ask
from bench.places import DATA, PEERS, PEERS_PYTHON
from bench.servers import Program, serving
from bench.timing import Figures, Side, lists_per_second, time_page
from bench.visitor import Visitor

ROWS = 100_000
STARTS = 2
PORTAL_ONLY = {"figures": Ask("/agreements/figures?part=1"), "overdue": Ask("/overdue/")}
SIGNED_IN = {"portal": ("/login/", "reviewer"), "bare": ("/login", "admin"), "flask_appbuilder": ("/login/", "admin")}
Table = dict[str, dict[str, dict[str, float]]]  # figures by row and side
began = monotonic()


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="agreements (%(default)s)")
    parser.add_argument("--rounds", type=int, default=60, help="timed rounds of each page (%(default)s)")
    parser.add_argument("--imported", type=int, default=3_000, help="rows of the import (%(default)s)")
    parser.add_argument("--postgresql", metavar="URL", help="a server to make the databases at, instead of SQLite")
    chosen = parser.parse_args()
    if chosen.rows < 1000 or chosen.rounds < 1:
        parser.error("at least 1000 rows and 1 round, please")
    return chosen


def progress(what: str) -> None:
    print(f"{monotonic() - began:5.0f} s  {what}", file=sys.stderr, flush=True)


def programs(portal: databases.Portal, copies: dict[str, str]) -> dict[str, Program]:
    """In the order in which they take turns."""
    return {
        "portal": servers.portal(portal.settings),
        "bare": servers.flask_peer("bare", copies["bare"], "/login"),
        "flask_appbuilder": servers.flask_peer("flask_appbuilder", copies["flask_appbuilder"], "/login/"),
        "flask_admin": servers.flask_peer("flask_admin", copies["flask_admin"], "/admin/"),
        "starlette_admin": servers.asgi_peer("starlette_admin", copies["starlette_admin"], "/admin/"),
    }


def side(stack: ExitStack, name: str, program: Program, url: str, page: int) -> Side:
    server = stack.enter_context(serving(program, databases.RUN / f"{name}.log"))
    visitor = Visitor(server.port)
    if name in SIGNED_IN:
        visitor.sign_in(*SIGNED_IN[name], databases.PASSWORD)
    asks = pages.asks(name, databases.engine(url), page)
    return Side(server, visitor, asks | PORTAL_ONLY if name == "portal" else asks)


def time_pages(sides: dict[str, Side], rounds: int) -> Table:
    found: dict[str, dict[str, Figures]] = {}
    for name in sides["portal"].asks:
        progress(f"timing: {name}")
        found[name] = time_page(name, sides, rounds)
    figures: Table = {
        name: {key: {"fastest": each.ms, "median": each.median, "cpu": each.cpu} for key, each in by_side.items()}
        for name, by_side in found.items()
    }
    figures["list size"] = {key: {"fastest": each.kb} for key, each in found["list"].items()}
    for name in ("list", "record", "save"):
        told = {key: {"fastest": float(each.statements or 0)} for key, each in found[name].items()}
        figures[f"{name} statements"] = told
    return figures


def time_starts(started: dict[str, Program]) -> dict[str, dict[str, float]]:
    found: dict[str, list[float]] = {name: [] for name in started}
    for _ in range(STARTS):
        for name, program in started.items():
            begun = monotonic()
            with serving(program, databases.RUN / f"{name}.log"):
                found[name].append(monotonic() - begun)
    return {name: {"fastest": min(values), "median": median(values)} for name, values in found.items()}


def single(values: dict[str, float]) -> dict[str, dict[str, float]]:
    return {name: {"fastest": value} for name, value in values.items()}


def measure(chosen: argparse.Namespace) -> tuple[Table, dict[str, int]]:
    """The figures, and the numbers that the titles of their rows tell."""
    progress("making databases")
    server = chosen.postgresql
    portal, copies = databases.on_postgresql(server, chosen.rows) if server else databases.on_sqlite(chosen.rows)
    urls, started = {"portal": portal.url, **copies}, programs(portal, copies)
    page = chosen.rows // pages.PAGE_SIZE // 2 - 1  # in the middle: page 2000 of 100,000 rows
    engines = {name: databases.engine(url) for name, url in urls.items()}
    exported = pages.count(engines["portal"], pages.AGREEMENT.c.status == sheets.STATUS)
    with ExitStack() as stack:
        progress("starting servers")
        sides = {name: side(stack, name, each, urls[name], page) for name, each in started.items()}
        figures = time_pages(sides, chosen.rounds)
        progress("lists per second")
        figures["lists per second"] = single(lists_per_second(sides))
        figures["memory"] = single({name: each.server.megabytes() for name, each in sides.items()})
        progress("export")
        figures["export"] = sheets.time_exports(sides, exported)
        progress("import")
        figures["import"] = single(sheets.time_imports(sides, portal, engines, chosen.imported))
    progress("start to first answer")
    starts = time_starts({**started, "run.py": servers.portal_alone(portal.settings)})
    figures["start of run.py"] = {"portal": starts.pop("run.py")}
    figures["start"] = starts
    return figures, {"far page": page + 1, "exported": exported, "imported": chosen.imported}


def rounded(value: Any) -> Any:
    """To what can be known."""
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    return round(value, 3) if isinstance(value, float) else value


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # and the servers with it
    chosen = options()
    if not PEERS_PYTHON.is_file():
        sys.exit("What the portal is compared with is not installed: run `make bench` once.")
    figures, told = measure(chosen)
    pinned = (line.partition("==") for line in (PEERS / "requirements.txt").read_text().splitlines() if "==" in line)
    versions = {name: version for name, _, version in pinned if name.lower().replace("-", "_") in databases.COPIES}
    results = {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "versions": versions,
        "database": "postgresql" if chosen.postgresql else "sqlite",
        "rows": chosen.rows,
        "rounds": chosen.rounds,
        "told": told,
        "figures": rounded(figures),
    }
    print(report.table(results, "en", "fastest"))
    if chosen.rows == ROWS and not chosen.postgresql:
        report.publish(results)
    else:
        report.write(DATA / "results.json", results)
    progress("done")


if __name__ == "__main__":
    main()
