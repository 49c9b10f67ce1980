"""The job queue: huey over SQLite in the data directory, PostgreSQL or Redis (`PORTAL_QUEUE_URL`).

It carries the tokens of jobs, what is short-lived of them (how far they are, a wish to stop) and a beat a minute for
scheduled work; what a job is stands in the database. So nothing is lost with the queue: what it forgot is sent again.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask, current_app
from huey import Huey
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import BaseStorage, PostgresStorage, RedisStorage, SqliteStorage
from psycopg import sql
from redis import ConnectionPool, RedisError
from sqlalchemy.engine import make_url

from portal.core.storage import installation
from portal.database import TCP

log = logging.getLogger(__name__)
SCHEMA = "portal_queue"  # of PostgreSQL: apart from the tables that are backed up
TABLES = ("kv", "schedule", "task", "counter")
CONNECT = 5  # seconds
AWAY = (sqlite3.Error, psycopg.Error, RedisError, OSError)


class Json(Serializer):
    """Messages as JSON: huey's default is pickle, which would let anybody who can write to the queue run code."""

    def _serialize(self, data: Any) -> bytes:
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> Any:
        found = json.loads(data)
        return Message(*found) if isinstance(found, list) else found


class PostgresTables(PostgresStorage):
    """huey's tables in a separate schema, which `prepare` creates."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, create_tables=False, **options)
        for each in TABLES:
            setattr(self, f"table_{each}", f"{SCHEMA}.huey_{each}")

    def leave(self) -> None:
        """Close the connection on which this thread listens for messages, before the thread ends."""
        if listening := getattr(self._listen_local, "conn", None):
            listening.close()


class Queue:
    """The queue of one portal. It connects on first use."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        # By the name of a message: what is done with it.
        self.tasks: dict[str, Callable[..., None]] = {}
        self.carry: Callable[[str], object] = lambda _token: None

    @cached_property
    def huey(self) -> Huey:
        found = Huey(self.name, results=False, serializer=Json(), storage_class=self.storage)
        self.carry = found.task(name="job")(self.performer("job"))
        found.periodic_task(lambda _now: True, name="beat")(self.performer("beat"))
        if isinstance(found.storage, PostgresTables):
            found.on_shutdown(name="leave")(found.storage.leave)
        return found

    def performer(self, name: str) -> Callable[..., None]:
        def perform(*args: Any) -> None:
            with self.app.app_context():
                self.tasks[name](*args)

        return perform

    @property
    def url(self) -> str:
        url: str = self.app.config["QUEUE_URL"]
        return url

    @property
    def kind(self) -> str:
        return self.url.partition(":")[0].partition("+")[0]

    @property
    def waits(self) -> bool:
        """Are workers notified of new jobs, without polling?"""
        return self.kind != "sqlite"

    @property
    def name(self) -> str:
        """The name of this portal's queue, since several portals may share a server."""
        with self.app.app_context():
            here = installation.carried()
        return f"portal{here.installation[:16] if here else ''}"

    def storage(self, name: str) -> BaseStorage:
        if self.kind == "sqlite":
            path = Path(make_url(self.url).database or "")
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            return SqliteStorage(name, filename=str(path), timeout=15, strict_fifo=True)
        if self.kind == "postgresql":
            return PostgresTables(name, connection=self.connect)
        pool = ConnectionPool.from_url(self.url, socket_connect_timeout=CONNECT, socket_timeout=CONNECT)
        return RedisStorage(name, connection_pool=pool)

    def connect(self) -> psycopg.Connection[Any]:
        address = make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)
        options: dict[str, Any] = {"connect_timeout": CONNECT, **TCP}
        return psycopg.connect(address, autocommit=True, **options)

    def prepare(self, role: str) -> None:
        """Create the queue's tables on PostgreSQL, with privileges for `role`. Other queues create them on first
        use."""
        if self.kind != "postgresql":
            return
        with self.connect() as connection, connection.transaction():
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            connection.execute(f"SET LOCAL search_path = {SCHEMA}")
            for statement in PostgresStorage(self.name, connection=self.connect, create_tables=False).ddl:
                connection.execute(statement)
            if role:
                for statement in (
                    f"GRANT USAGE ON SCHEMA {SCHEMA} TO {{role}}",
                    f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {SCHEMA} TO {{role}}",
                    f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {SCHEMA} TO {{role}}",
                ):
                    connection.execute(sql.SQL(statement).format(role=sql.Identifier(role)))

    def send(self, token: str) -> None:
        """Send the job to a worker; if the queue is unavailable, the next beat sends it."""
        with tolerant("sending a job"):
            connected = self.huey
            self.carry(token)
            if self.app.testing:
                threading.Thread(target=work_once, args=(connected,), name=f"job-{token}", daemon=True).start()

    def waiting(self) -> set[str]:
        """The tokens of the jobs that are in the queue."""
        return {task.args[0] for task in self.huey.pending() if task.args}

    def put(self, key: str, value: Any) -> None:
        with tolerant("writing to the queue"):
            self.huey.put(key, value)

    def get(self, key: str) -> Any:
        with tolerant("reading the queue"):
            return self.huey.get(key, peek=True)
        return None

    def answers(self) -> bool:
        try:
            self.huey.get("answers", peek=True)
        except AWAY:
            return False
        return True

    def drop(self, *keys: str) -> None:
        with tolerant("writing to the queue"):
            for key in keys:
                self.huey.delete(key)

    def close(self) -> None:
        """Close the connections; it reconnects on use."""
        if "huey" in self.__dict__:
            with suppress(*AWAY):
                self.huey.storage.close()
            del self.huey


def work_once(huey: Huey) -> None:
    """Run the next job in the current thread, for tests without a worker."""
    task = huey.dequeue()
    if task is not None:
        huey.execute(task)


@contextmanager
def tolerant(what: str) -> Iterator[None]:
    """Log errors of the queue's server and continue: jobs are stored in the database."""
    try:
        yield
    except AWAY as fault:
        log.warning("%s: %s", what, type(fault).__name__)


def queue() -> Queue:
    found: Queue = current_app.extensions["portal.queue"]
    return found


def install(app: Flask) -> None:
    app.extensions["portal.queue"] = Queue(app)


__all__ = ["Queue", "install", "queue"]
