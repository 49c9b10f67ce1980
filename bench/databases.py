"""The databases of a run. On SQLite they are made once, kept, and copied, so that every run starts from the same."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import psycopg
from sqlalchemy import Engine, create_engine, make_url

import config
from bench import bulk
from bench.places import DATA, ROOT, bare_home, environment
from portal import create_app, demo, setup
from portal.extensions import db

PASSWORD = "Bench-Passw0rd"
RUN = DATA / "run"


@dataclass(frozen=True)
class Databases:
    """Addresses of both databases, and the folder with the portal's keys."""

    folder: Path
    portal: str
    bare: str

    @property
    def settings(self) -> dict[str, str]:
        """The portal's, by their names in the environment."""
        return {
            "PORTAL_ENV": "development",
            "PORTAL_DATA_DIR": str(self.folder),
            "PORTAL_DATABASE_URL": self.portal,
            "PORTAL_DEMO_PASSWORD": PASSWORD,
            "PORTAL_TRUSTED_HOSTS": "127.0.0.1",
        }


def engine(url: str) -> Engine:
    return create_engine(config.database_url({"PORTAL_DATABASE_URL": url}, DATA))


def on_sqlite(rows: int) -> Databases:
    """A copy of the kept databases, which are made when there are none, or others than would be made now."""
    kept = DATA / f"{rows}-{fingerprint()}"
    if not kept.exists():
        for old in DATA.glob(f"{rows}-*"):
            shutil.rmtree(old)
        part = fresh(DATA / "part")
        fill(in_folder(part), rows)
        part.rename(kept)
    shutil.copytree(kept, fresh(RUN), dirs_exist_ok=True)
    run = in_folder(RUN)
    with create_app(environ=run.settings).app_context():
        setup.bring_up_to_date()  # rights and code lists may be newer than what was kept
        db.engine.dispose()
    return run


def on_postgresql(server: str, rows: int) -> Databases:
    """Two new databases at that server, in the place of those of the run before."""
    address = make_url(server).set(drivername="postgresql")
    names = ("portal_bench", "bare_bench")
    with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as connection:
        for name in names:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    urls = (address.set(database=name).render_as_string(hide_password=False) for name in names)
    made = Databases(fresh(RUN), *urls)
    fill(made, rows)
    return made


def fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def in_folder(folder: Path) -> Databases:
    return Databases(folder, f"sqlite:///{folder / 'portal.db'}", f"sqlite:///{folder / 'bare.db'}")


def fingerprint() -> str:
    """Changes with whatever says what is in the databases."""
    sources = [*(ROOT / "portal" / "migrations" / "versions").glob("*.py"), *(ROOT / "portal" / "demo").glob("*.py")]
    sources += [ROOT / "bench" / "bulk.py", bare_home() / "seed.py"]
    return sha256(b"".join(path.read_bytes() for path in sorted(sources))).hexdigest()[:8]


def fill(made: Databases, rows: int) -> None:
    """The bare app's database by its own script, then the portal's with the demo and the same rows."""
    print(f"Making databases of {rows:,} agreements …", flush=True)
    command = [sys.executable, "seed.py", made.bare, str(rows)]
    subprocess.run(command, cwd=bare_home(), env=environment(), check=True)
    source = engine(made.bare)
    app = create_app(environ=made.settings)
    with app.app_context(), source.connect() as bare:
        setup.bring_up_to_date()
        demo.load()
        bulk.add(bare)
    source.dispose()
