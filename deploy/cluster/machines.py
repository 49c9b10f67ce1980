"""The machines of the set-up, and what runs on each: etcd, Patroni with PostgreSQL, HAProxy, PgBouncer, the portal."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from string import Template

from deploy.cluster import namespaces
from deploy.cluster.namespaces import Machine

SAMPLES = Path(__file__).resolve().parent
ROOT = SAMPLES.parents[1]
USER = "postgres"
DATABASES, PORTALS = ("db1", "db2"), ("portal1", "portal2")
NUMBERS = {"db1": 11, "db2": 12, "witness": 13, "portal1": 21, "portal2": 22, "front": 31}
OWNER, SERVING = "portal_owner", "portal_serving"
PATIENCE = 90  # seconds that something has for its start
PASSWORD = "Demo-12345678"  # of the demo's accounts  # noqa: S105


class Late(Exception):
    """Something is not there in time."""


def until(what: str, happens: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Raises Late."""
    ends = time.monotonic() + patience
    while not happens():
        if time.monotonic() > ends:
            raise Late(f"{what}: not within {patience:g} seconds")
        time.sleep(0.2)


def asked(host: str, port: int, path: str) -> tuple[int, bytes]:
    """Status and content of a page; status 0 where nobody answers."""
    connection = HTTPConnection(host, port, timeout=3)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, HTTPException):
        return 0, b""
    finally:
        connection.close()


class Cluster:
    """All machines. `home` holds what they keep; nothing of it is needed afterwards."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.machines = {name: Machine(name, number) for name, number in NUMBERS.items()}
        self.secrets = {name: secrets.token_hex(12) for name in ("superuser", "replicator", "rewinder", OWNER, SERVING)}
        self.secret_key = secrets.token_hex(32)

    def __getitem__(self, name: str) -> Machine:
        return self.machines[name]

    @property
    def address(self) -> str:
        """Where people find the portal."""
        return self["front"].address

    def start(self) -> None:
        namespaces.begin()
        for machine in self.machines.values():
            machine.begin()
        for machine in self.machines.values():
            machine.knows([namespaces.HERE, *(number for number in NUMBERS.values() if number != machine.number)])
        for name in NUMBERS:
            self.prepare(name)
        for name in (*DATABASES, "witness"):
            self.start_etcd(name)
        self.start_patroni("db1")
        until("a primary", lambda: self.primary() == "db1")
        self.start_patroni("db2")
        until("a standby", lambda: self.standby() == "db2")
        for name in PORTALS:
            self.start_proxies(name)
        self.make_database()
        for name in PORTALS:
            self.start_portal(name)
        self.launch("front", ["haproxy", "-f", self.sample("front", "haproxy-portal.cfg")])
        until("the portal", lambda: asked(self.address, 8080, "/login/")[0] == 200)

    # What runs where

    def prepare(self, name: str) -> None:
        place = self.home / name
        place.mkdir()
        shutil.chown(place, USER)

    def launch(self, name: str, words: list[str], user: str | None = None, **settings: str) -> subprocess.Popen[bytes]:
        return self[name].start(words, self.home / name / f"{Path(words[0]).name}.log", user, **settings)

    def sample(self, machine: str, file: str, **more: object) -> str:
        """The path of a machine's own copy of a sample file."""
        place = self.home / machine
        addresses = {name: each.address for name, each in self.machines.items()}
        values = {**addresses, **self.secrets, "network": namespaces.NETWORK, "socket": place / "socket", **more}
        path = place / file
        path.touch(mode=0o600)
        path.write_text(Template((SAMPLES / file).read_text(encoding="utf-8")).substitute(values), encoding="utf-8")
        shutil.chown(path, USER)
        return str(path)

    def start_etcd(self, name: str) -> None:
        members = ",".join(f"{each}=http://{self[each].address}:2380" for each in (*DATABASES, "witness"))
        more = {"name": name, "address": self[name].address, "data": self.home / name / "etcd", "members": members}
        lines = Path(self.sample(name, "etcd.env", **more)).read_text(encoding="utf-8").splitlines()
        settings = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
        self.launch(name, ["etcd"], USER, **settings)

    def start_patroni(self, name: str) -> None:
        place = self.home / name
        more = {
            "name": name,
            "address": self[name].address,
            "etcd": ",".join(f"{self[each].address}:2379" for each in (*DATABASES, "witness")),
            "data": place / "data",
            "programs": max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name)),
            "pgpass": place / "pgpass",
            "sockets": place,
            "watchdog": "off",
        }
        self.launch(name, ["patroni", self.sample(name, "patroni.yml", **more)], USER)

    def start_proxies(self, name: str) -> None:
        """HAProxy, which finds the primary, and PgBouncer before it."""
        users = self.home / name / "users.txt"
        users.touch(mode=0o600)
        users.write_text(f'"{SERVING}" "{self.secrets[SERVING]}"\n', encoding="utf-8")
        shutil.chown(users, USER)
        more = {"host": "127.0.0.1", "port": 5000, "listen": 6432, "users": users, "size": 20}
        self.launch(name, ["haproxy", "-f", self.sample(name, "haproxy-database.cfg")])
        self.launch(name, ["pgbouncer", self.sample(name, "pgbouncer.ini", **more)], USER)

    def start_portal(self, name: str) -> None:
        words = ["gunicorn", "portal:create_app()", "--chdir", str(ROOT), "--bind", f"{self[name].address}:8000"]
        shape = ["--worker-class", "gthread", "--workers", "2", "--threads", "8", "--timeout", "120"]
        settings = self.settings(SERVING, 6432)
        self.launch(name, [*self.program(*words), *shape, "--no-control-socket"], **settings)
        worker = self.program("flask", "--app", str(ROOT / "portal"), "portal", "worker")
        self.launch(name, worker, **settings, PYTHONPATH=str(ROOT))

    @staticmethod
    def program(name: str, *words: str) -> list[str]:
        return [str(Path(sys.executable).parent / name), *words]

    def settings(self, role: str, port: int) -> dict[str, str]:
        """Of the portal: attachments and keys in a directory that the portal machines share."""
        return {
            "PORTAL_DATABASE_URL": f"postgresql://{role}:{self.secrets[role]}@127.0.0.1:{port}/portal",
            "PORTAL_DATA_DIR": str(self.home / "shared"),
            "PORTAL_SECRET_KEY": self.secret_key,
            "PORTAL_TRUSTED_HOSTS": self.address,
            "PORTAL_PROXIES": "1",
            "PORTAL_ROW_SECURITY": "on",
            "PORTAL_SERVING_ROLE": SERVING,
            "PORTAL_DEMO": "tiny",
            "PORTAL_DEMO_PASSWORD": PASSWORD,
        }

    def make_database(self) -> None:
        """Roles, database and demo, by the primary itself and not by the pooler."""
        first = self[self.primary()].name
        statements = [f"CREATE ROLE {role} LOGIN PASSWORD '{self.secrets[role]}'" for role in (OWNER, SERVING)]
        for statement in (*statements, f"CREATE DATABASE portal OWNER {OWNER}"):
            namespaces.run(
                "setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups",
                "psql", "-qh", str(self.home / first), "-c", statement,
            )  # fmt: skip
        until("a way to the primary", lambda: self.run_portal("portal", "init") == 0)
        if self.run_portal("portal", "demo", "--profile", "tiny"):
            raise RuntimeError((self.home / "portal1" / "flask.log").read_text(encoding="utf-8")[-2000:])

    def run_portal(self, *words: str) -> int:
        """A command of the portal, as the owner of its tables."""
        command = self.program("flask", "--app", str(ROOT / "portal"), *words)
        return self.launch("portal1", command, **self.settings(OWNER, 5000), PYTHONPATH=str(ROOT)).wait(300)

    # What is known of it

    def members(self) -> dict[str, str]:
        """Patroni's word for each database that it knows to run: leader, sync_standby, replica."""
        for name in DATABASES:
            status, text = asked(self[name].address, 8008, "/cluster")
            if status == 200:
                return {each["name"]: each["role"] for each in json.loads(text)["members"] if running(each)}
        return {}

    def primary(self) -> str:
        """Empty while there is none."""
        for name in DATABASES:
            if asked(self[name].address, 8008, "/primary")[0] == 200:
                return name
        return ""

    def standby(self) -> str:
        """The one whose word a commit waits for."""
        for name in DATABASES:
            if asked(self[name].address, 8008, "/synchronous")[0] == 200:
                return name
        return ""

    def await_standby(self) -> None:
        until("a standby", lambda: bool(self.primary() and self.standby()), 2 * PATIENCE)

    def patronictl(self, *words: str) -> str:
        return namespaces.run("patronictl", "-c", str(self.home / "db1" / "patroni.yml"), *words)

    def stop_machine(self, name: str) -> None:
        """As if its power had failed."""
        self[name].cut()
        self[name].kill()

    def end(self) -> None:
        for machine in self.machines.values():
            with suppress(RuntimeError):
                machine.end()


def running(member: dict[str, str]) -> bool:
    return member.get("state") in ("running", "streaming")
