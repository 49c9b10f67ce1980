"""The databases of a run. On SQLite they are made once, kept, and copied, so that every run starts from the same."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import psycopg
from sqlalchemy import URL, Engine, create_engine, inspect, make_url

import config
from bench.places import DATA, PEERS, PEERS_PYTHON, ROOT, environment

PASSWORD = "Bench-Passw0rd"
RUN = DATA / "run"
COPIES = ("bare", "flask_appbuilder", "flask_admin", "starlette_admin")


@dataclass(frozen=True)
class Portal:
    """The folder with its keys, and the address of its database."""

    folder: Path
    url: str

    @property
    def settings(self) -> dict[str, str]:
        """By their names in the environment."""
        return {
            "PORTAL_ENV": "development",
            "PORTAL_DATA_DIR": str(self.folder),
            "PORTAL_DATABASE_URL": self.url,
            "PORTAL_DEMO_PASSWORD": PASSWORD,
            "PORTAL_TRUSTED_HOSTS": "127.0.0.1",
        }


def engine(url: str) -> Engine:
    return create_engine(config.database_url({"PORTAL_DATABASE_URL": url}, DATA))


def on_sqlite(rows: int) -> tuple[Portal, dict[str, str]]:
    """The portal and the addresses of the copies of its database."""
    kept = DATA / f"{rows}-{fingerprint()}"
    if not kept.exists():
        for old in DATA.glob(f"{rows}-*"):
            shutil.rmtree(old)
        part = fresh(DATA / "part")
        fill(in_folder(part), rows)
        part.rename(kept)
    shutil.copytree(kept, fresh(RUN), dirs_exist_ok=True)
    portal = in_folder(RUN)
    bring_up_to_date(portal)  # rights and code lists may be newer than what was kept
    for name in COPIES:
        shutil.copy(RUN / "portal.db", RUN / f"{name}.db")
    copies = {name: f"sqlite:///{RUN / name}.db" for name in COPIES}
    settle_appbuilder(copies["flask_appbuilder"])
    return portal, copies


def on_postgresql(server: str, rows: int) -> tuple[Portal, dict[str, str]]:
    """New databases at that server, in the place of those of the run before."""
    address = make_url(server).set(drivername="postgresql")
    portal = Portal(fresh(RUN), at(address, "portal_bench"))
    make(address, "portal_bench", "template0")
    fill(portal, rows)
    for name in COPIES:
        make(address, f"{name}_bench", "portal_bench")
    copies = {name: at(address, f"{name}_bench") for name in COPIES}
    settle_appbuilder(copies["flask_appbuilder"])
    return portal, copies


def make(address: URL, name: str, template: str) -> None:
    with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'")


def at(address: URL, name: str) -> str:
    return address.set(database=name).render_as_string(hide_password=False)


def fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def in_folder(folder: Path) -> Portal:
    return Portal(folder, f"sqlite:///{folder / 'portal.db'}")


def fingerprint() -> str:
    """Changes with whatever says what is in the databases."""
    sources = [*(ROOT / "portal" / "migrations" / "versions").glob("*.py"), *(ROOT / "portal" / "demo").glob("*.py")]
    sources.append(ROOT / "bench" / "bulk.py")
    return sha256(b"".join(path.read_bytes() for path in sorted(sources))).hexdigest()[:8]


def run(portal: Portal, *words: str) -> None:
    """In a process of its own: a portal seals its audit log as long as it lives."""
    subprocess.run([sys.executable, "-m", *words], cwd=ROOT, env=environment(**portal.settings), check=True)


def bring_up_to_date(portal: Portal) -> None:
    run(portal, "flask", "--app", "portal", "portal", "init")


def fill_demo(portal: Portal) -> None:
    bring_up_to_date(portal)
    run(portal, "flask", "--app", "portal", "portal", "demo")


def fill(portal: Portal, rows: int) -> None:
    """The demo, and agreements in number."""
    fill_demo(portal)
    run(portal, "bench.bulk", str(rows))


def settle_appbuilder(url: str) -> None:
    """The tables of accounts are its own: the portal's say what the portal needs. Then its administrator."""
    made = engine(url)
    with made.begin() as connection:
        sqlite = connection.dialect.name == "sqlite"
        for name in inspect(connection).get_table_names():
            if name.startswith("ab_"):
                connection.exec_driver_sql(f"DROP TABLE {name}" + ("" if sqlite else " CASCADE"))
    made.dispose()
    who = ("--username", "admin", "--firstname", "A", "--lastname", "A", "--email", "a@example.org")
    command = [str(PEERS_PYTHON), "-m", "flask", "--app", "flask_appbuilder_app", "fab", "create-admin", *who]
    command += ["--password", PASSWORD]
    subprocess.run(command, cwd=PEERS, env=environment(BENCH_DATABASE=url), check=True, capture_output=True)
