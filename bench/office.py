"""`python -m bench.office`: an office at work. 300 people, each with a connection of their own, look at lists and
records, open forms and save, and think between two pages. Prints the table, writes bench/office.json.

The server is the one of bench/servers.py, over SQLite or, with --postgresql, a server's database; --at names a portal
that runs already, with the demo's accounts and this password. Memory and open files of the server are read every
minute.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bs4 import BeautifulSoup

from bench import databases, servers
from bench.places import DATA, ROOT
from bench.servers import serving
from portal import create_app, demo, setup
from portal.extensions import db
from tests.visitor import texts_of

RESULTS = ROOT / "bench" / "office.json"
TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)"')
ID = re.compile(r'<tr[^>]* data-id="(\d+)"')
FORMS = ("agreements", "visits", "study_groups", "service_projects")
LEDGERS = (*FORMS, "coop_activities")  # whose form opens at an agreement only
# Of ten who work at the same time.
PEOPLE = (*(f"filler0{n}" for n in range(1, 6)), *(f"secretary0{n}" for n in range(1, 4)), "reviewer", "auditor")
# What people do, and how often in a hundred times.
DEEDS = {"list": 45, "search": 10, "record": 25, "form": 10, "save": 10}
SIGNING_IN = 60.0  # seconds over which all of them come


@dataclass
class Told:
    """What everybody has seen."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, what: str, seconds: float, status: int) -> None:
        with self.lock:
            self.seconds[what].append(seconds)
            if status not in (200, 302):
                self.errors[f"{what}: {status}"] += 1


class Person:
    """Somebody at a desk."""

    def __init__(self, address: tuple[str, int], name: str, told: Told, seed: int) -> None:
        self.address, self.name, self.told, self.chance = address, name, told, random.Random(seed)
        self.connection: HTTPConnection | None = None
        self.cookies, self.token = SimpleCookie[str](), ""
        self.ids: dict[str, list[str]] = {}

    def ask(self, what: str, path: str, form: dict[str, Any] | None = None) -> str:
        headers = {"Cookie": "; ".join(f"{name}={each.value}" for name, each in self.cookies.items())}
        body = None if form is None else urlencode({"csrf_token": self.token, **form}, doseq=True)
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        begun, status, text = time.perf_counter(), 0, ""
        for _ in range(2):  # a kept connection may have been closed meanwhile: browsers ask again
            fresh = self.connection is None
            self.connection = self.connection or HTTPConnection(*self.address, timeout=120)
            try:
                self.connection.request("GET" if body is None else "POST", path, body, headers)
                answer = self.connection.getresponse()
                text, status = answer.read().decode(), answer.status
                for cookie in answer.headers.get_all("Set-Cookie", []):
                    self.cookies.load(cookie)
                break
            except (OSError, HTTPException):
                self.connection.close()
                self.connection = None
                if fresh or body is not None:
                    break
        self.told.add(what, time.perf_counter() - begun, status)
        found = TOKEN.search(text)
        self.token = found[1] if found else self.token
        return text

    def sign_in(self) -> None:
        self.ask("sign in", "/login/")
        self.ask("sign in", "/login/", {"username": self.name, "password": databases.PASSWORD})

    def look(self, what: str, ledger: str, query: str = "") -> None:
        text = self.ask(what, f"/{ledger}/list/{query}")
        self.ids[ledger] = ID.findall(text) or self.ids.get(ledger, [])

    def work(self) -> None:
        """One page, or two where a form is saved."""
        (deed,) = self.chance.choices(list(DEEDS), list(DEEDS.values()))
        ledger = self.chance.choice(LEDGERS)
        known = self.ids.get(ledger, [])
        if deed == "save" and self.name.startswith("filler"):
            self.save()
        elif deed == "form" and self.name.startswith("filler"):
            self.ask("form", f"/{self.chance.choice(FORMS)}/add")
        elif deed == "record" and known:
            self.ask("record", f"/{ledger}/show/{self.chance.choice(known)}")
        elif deed == "search":
            self.look("search", ledger, "?" + urlencode({"q": self.chance.choice("区社区协议活动")}))
        else:
            self.look("list", ledger, f"?page={self.chance.choice((0, 0, 0, 1))}")

    def save(self) -> None:
        """A new draft, which is half."""
        page = BeautifulSoup(self.ask("form", "/agreements/add"), "html.parser")
        (form,) = page.select("form.record-form") or [None]
        if form is None:
            return
        sent: dict[str, list[str]] = {}
        for each in form.select("input[name], textarea[name], select[name]"):
            if not each.find_parent("template"):
                sent.setdefault(str(each["name"]), []).extend(texts_of(each))
        sent.pop("csrf_token", None)
        self.ask("save", "/agreements/add", sent | {"content": [f"会商第{self.chance.randrange(10**6)}次"]})


def at_desk(person: Person, begins: float, ends: float, thinking: tuple[float, float]) -> None:
    time.sleep(max(0.0, begins - time.monotonic()))
    person.sign_in()
    while True:
        pause = person.chance.uniform(*thinking)
        if time.monotonic() + pause > ends:
            return
        time.sleep(pause)
        person.work()


def tree(pid: int) -> Iterator[int]:
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
        yield from tree(int(child))


def held(pid: int) -> dict[str, int]:
    """Megabytes and open files of a server with its workers."""
    pages = sum(int(Path(f"/proc/{each}/statm").read_text(encoding="ascii").split()[1]) for each in tree(pid))
    return {"MB": pages * 4096 // 2**20, "files": sum(len([*Path(f"/proc/{e}/fd").iterdir()]) for e in tree(pid))}


def percentile(values: list[float], part: float) -> float:
    return round(sorted(values)[min(len(values) - 1, int(part * len(values)))], 3)


def summary(told: Told) -> dict[str, Any]:
    return {
        what: {"n": len(times)} | {f"p{part}": percentile(times, part / 100) for part in (50, 95, 99)}
        for what, times in sorted(told.seconds.items())
    }


@contextmanager
def portal(chosen: argparse.Namespace) -> Iterator[tuple[tuple[str, int], int]]:
    """Its address, and the process that serves it (0 where it is another machine's)."""
    if chosen.at:
        host, _, port = chosen.at.partition(":")
        yield (host, int(port or 80)), 0
        return
    made = databases.in_folder(databases.fresh(DATA / "office"))
    settings = made.settings | ({"PORTAL_DATABASE_URL": chosen.postgresql} if chosen.postgresql else {})
    app = create_app(environ=settings)
    with app.app_context():
        setup.bring_up_to_date()
        if setup.empty():
            demo.load("article")
        db.engine.dispose()
    with serving(servers.portal(settings), made.folder / "portal.log") as server:
        yield ("127.0.0.1", server.port), server.process.pid


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.office", description=__doc__)
    parser.add_argument("--people", type=int, default=300, help="(%(default)s)")
    parser.add_argument("--minutes", type=float, default=30, help="(%(default)s)")
    parser.add_argument("--thinking", type=float, nargs=2, default=(5, 15), help="seconds between two pages (5 15)")
    parser.add_argument("--postgresql", metavar="URL", help="an empty database, instead of SQLite")
    parser.add_argument("--at", metavar="HOST:PORT", help="a portal that runs already")
    return parser.parse_args()


def main() -> None:
    chosen, told, holding = options(), Told(), list[dict[str, int]]()
    with ExitStack() as stack:
        address, pid = stack.enter_context(portal(chosen))
        begun = time.monotonic()
        ends = begun + 60 * chosen.minutes
        coming = min(SIGNING_IN, 20 * chosen.minutes)
        threads = [
            threading.Thread(
                target=at_desk,
                args=(
                    Person(address, PEOPLE[n % len(PEOPLE)], told, n),
                    begun + coming * n / chosen.people,
                    ends,
                    tuple(chosen.thinking),
                ),
                daemon=True,
            )
            for n in range(chosen.people)
        ]
        for thread in threads:
            thread.start()
        while pid and time.monotonic() < ends:
            time.sleep(min(60.0, max(0.0, ends - time.monotonic())))
            holding.append({"minute": round((time.monotonic() - begun) / 60), **held(pid)})
        for thread in threads:
            thread.join(60 * chosen.minutes + 180)
    found = {"people": chosen.people, "minutes": chosen.minutes, "errors": dict(told.errors), "held": holding}
    found["seconds"] = summary(told)
    print(json.dumps(found, indent=2, ensure_ascii=False))
    RESULTS.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
