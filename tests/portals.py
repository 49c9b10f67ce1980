"""Portals as `portal init` and the demo leave them: made once in a test run, and copied by whoever needs its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from werkzeug.security import generate_password_hash

from tests import commands
from tests.cluster import Cluster

PASSWORD = "Demo-12345678"
AS_OF = "2026-06-30"
KINDS = ("sqlite", "postgresql")
BARE, DEMO = "bare", "demo"
MADE = """
from portal import create_app, demo, setup
from portal.extensions import db
from tests.portals import cheapen_passwords
from tests.sample_records import fill_empty_ledgers

cheapen_passwords()
app = create_app(TESTING=True, RATE_LIMITED=False)
with app.app_context():
    {}
    db.session.remove()
    db.engine.dispose()  # what SQLite has beside the database goes into it
app.extensions["portal.queue"].close()
"""
STEPS = {BARE: "setup.bring_up_to_date()", DEMO: "demo.load(); fill_empty_ledgers()"}


def cheapen_passwords() -> None:
    """What makes guessing a password dear would make signing in what tests do most; a hash says what it cost."""
    generate_password_hash.__defaults__ = ("scrypt:1024:8:1", 16)


def settings(home: Path, url: str | None = None) -> dict[str, str]:
    given = {
        "PORTAL_DATA_DIR": str(home),
        "PORTAL_DEMO_PASSWORD": PASSWORD,
        "PORTAL_AS_OF": AS_OF,
    }
    return given | ({"PORTAL_DATABASE_URL": url} if url else {})


class Portals:
    """Data directories in `folder`/KIND/STEP, and beside them the PostgreSQL server that has their databases."""

    def __init__(self, folder: Path, worker: int | None, kinds: tuple[str, ...]) -> None:
        self.folder = folder
        # Workers that begin together make one kind each.
        self.makes = kinds[worker % len(kinds) :] + kinds[: worker % len(kinds)] if worker is not None else ()

    def made(self, kind: str) -> Path:
        for each in self.makes:
            self.make(each, wait=False)
        return self.make(kind, wait=True)

    def make(self, kind: str, *, wait: bool) -> Path:
        """Unless it is there; `wait` for another worker that is making it."""
        place = self.folder / kind
        try:
            with FileLock(self.folder / f"{kind}.lock", timeout=-1 if wait else 0):
                if not place.exists():
                    part = place.with_suffix(".part")
                    shutil.rmtree(part, ignore_errors=True)
                    self.begin(kind, part)
                    part.rename(place)
        except Timeout:
            pass
        return place

    def begin(self, kind: str, place: Path) -> None:
        if kind == "sqlite":
            steps(place, None)
            return
        with Cluster.running() as cluster:
            steps(place, cluster)
            cluster.keep(place / "server")

    @contextmanager
    def server(self, address: str | None) -> Iterator[Cluster]:
        """Has the databases to copy: at this address, or one of our own."""
        if not address:
            with Cluster.running(like=self.made("postgresql") / "server") as cluster:
                yield cluster
            return
        with Cluster.running(address) as cluster:
            if not (self.folder / "postgresql").exists():
                steps(self.folder / "postgresql", cluster)
            yield cluster

    def copy(self, home: Path, *, demo: bool = True) -> None:
        """A portal on SQLite in a directory that is not there yet, or has nothing in it."""
        shutil.copytree(self.made("sqlite") / (DEMO if demo else BARE), home, dirs_exist_ok=True)

    def copy_to(self, cluster: Cluster, name: str, home: Path, *, demo: bool = True, owner: str = "portal") -> str:
        """The same on PostgreSQL; answers the address of its database, as its owner has it."""
        step = DEMO if demo else BARE
        shutil.copytree(self.made("postgresql") / step, home, dirs_exist_ok=True)
        return cluster.copy(database(step), name, owner)


def database(step: str) -> str:
    return f"portal_{step}"


def steps(place: Path, cluster: Cluster | None) -> None:
    """The directories and databases of all steps, each made from the one before."""
    url, before = None, ""
    for step, done in STEPS.items():
        home = place / step
        if before:
            shutil.copytree(place / before, home)
        if cluster:
            url = cluster.copy(database(before), database(step)) if before else cluster.fresh(database(step))
        ended = commands.run(("-c", MADE.format(done)), os.environ | settings(home, url))
        assert ended.returncode == 0, ended.stderr
        before = step
