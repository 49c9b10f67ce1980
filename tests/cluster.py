"""A PostgreSQL server for one test run: started on a free port as a user that is not root, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

ROOM = 4 * 2**30  # bytes
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "jit=off", "max_connections=60")

# Sequences of columns go with their tables; `public` is whoever's the database is.
OWNED = """
DO $$ DECLARE each record; BEGIN
    FOR each IN
        SELECT 'SCHEMA' AS kind, nspname::text AS name FROM pg_namespace WHERE nspowner = 'portal'::regrole
            AND nspname NOT LIKE 'pg_%' AND nspname <> 'information_schema'
        UNION ALL SELECT 'TABLE', c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
            WHERE relkind IN ('r', 'v') AND nspname NOT LIKE 'pg_%' AND nspname <> 'information_schema'
        UNION ALL SELECT 'FUNCTION', p.oid::regprocedure::text FROM pg_proc p
            JOIN pg_namespace n ON n.oid = pronamespace
            WHERE nspname NOT LIKE 'pg_%' AND nspname <> 'information_schema'
    LOOP
        EXECUTE format('ALTER %s %s OWNER TO OWNER_NAME', each.kind, each.name);
    END LOOP;
END $$
"""


def memory() -> Path | None:
    """Where files are in memory, if there is room: copying a database costs a twentieth there."""
    place = Path("/dev/shm")
    roomy = place.is_dir() and os.access(place, os.W_OK) and shutil.disk_usage(place).free > ROOM
    return place if roomy else None


def programs() -> Path:
    """The newest server programs on this machine."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if found:
        return found[-1]
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    raise RuntimeError("tests need PostgreSQL 15 or newer: apt install postgresql")


def unprivileged() -> str | None:
    """Whom the server runs as when we are root, which it refuses."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class Cluster:
    def __init__(self, address: str, home: Path | None = None) -> None:
        self.address, self.home = address, home

    @classmethod
    @contextmanager
    def running(cls, address: str | None = None, like: Path | None = None) -> Iterator[Cluster]:
        """The server at an address, or one of our own, which begins `like` one that was kept."""
        if address:
            yield cls(address)
            return
        home = Path(tempfile.mkdtemp(prefix="portal-pg-", dir=memory()))
        user, port = unprivileged(), free_port()
        if user:
            shutil.chown(home, user)
        try:
            begin(user, home, port, like)
            yield cls(f"postgresql://portal@127.0.0.1:{port}", home)
        finally:
            if (home / "data" / "postmaster.pid").exists():
                command(user, home, f"{programs()}/pg_ctl", "-D", f"{home}/data", "-m", "immediate", "stop")
            shutil.rmtree(home, ignore_errors=True)

    def keep(self, place: Path) -> None:
        """What other servers may begin like: this one's databases as they are now."""
        assert self.home
        self.execute("CHECKPOINT")
        copied(self.home / "data", place)
        (place / "postmaster.pid").unlink()

    def execute(self, *statements: str) -> None:
        with psycopg.connect(f"{self.address}/postgres", autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[call-overload] # names are ours

    def role(self, name: str) -> None:
        """A role that may sign in and nothing else, as the portal's own should be."""
        self.execute(f"DO $$ BEGIN CREATE ROLE {name} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")

    def fresh(self, name: str, owner: str = "portal") -> str:
        """The address of an empty database, for its owner."""
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name} OWNER {owner}")
        return self.url(name, owner)

    def url(self, name: str, owner: str = "portal") -> str:
        return f"{self.address}/{name}".replace("portal@", f"{owner}@", 1)

    def copy(self, source: str, target: str, owner: str = "portal") -> str:
        """The address of a database that is like another and, with all that is in it, its owner's."""
        self.execute(
            f"DROP DATABASE IF EXISTS {target} WITH (FORCE)",
            f"CREATE DATABASE {target} TEMPLATE {source} STRATEGY file_copy OWNER {owner}",
        )
        if owner != "portal":
            with psycopg.connect(self.url(target), autocommit=True) as connection:
                connection.execute(OWNED.replace("OWNER_NAME", owner))  # type: ignore[call-overload] # ours
        return self.url(target, owner)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def begin(user: str | None, home: Path, port: int, like: Path | None) -> None:
    bin_ = programs()
    if like:
        copied(like, home / "data")
    else:
        command(user, home, f"{bin_}/initdb", "-D", f"{home}/data", "-U", "portal", "-A", "trust", "-E", "UTF8")
    settings = " ".join(f"-c {each}" for each in QUICK)
    options = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 {settings}"
    log = ("-l", f"{home}/log", "-w", "-t", "60")
    command(user, home, f"{bin_}/pg_ctl", "-D", f"{home}/data", *log, "-o", options, "start")


def copied(data: Path, place: Path) -> None:
    """With its owner, whom the server runs as."""
    subprocess.run(["cp", "-a", data, place], check=True)


def command(user: str | None, home: Path, *words: str) -> None:
    as_user = ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups"] if user else []
    done = subprocess.run(
        [*as_user, *words], cwd=home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{words[0]} failed:\n{done.stdout}")
