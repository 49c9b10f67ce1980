"""The queue of jobs over each of its servers: every message is done once, and what it loses is sent again."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from flask import Flask

from config import BadSetting, queue_url
from portal import worker
from portal.core.jobs import jobs
from portal.core.jobs import queue as job_queue

SOON = 20  # seconds
MESSAGES = 60


@pytest.fixture(autouse=True)
def _working():
    """A process whose worker has ended does no more jobs; that of the tests goes on."""
    yield
    jobs.stopping.clear()


@contextmanager
def redis(home: Path):
    """The address of a server of our own, which keeps nothing."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ("--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(home))
    with subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL) as process:
        try:
            wait_for(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()


def wait_for(port: int) -> None:
    late = time.monotonic() + SOON
    while time.monotonic() < late:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)


@pytest.fixture(
    params=[
        "sqlite",
        "postgresql",
        pytest.param(
            "redis", marks=pytest.mark.skipif(not shutil.which("redis-server"), reason="redis-server is not installed")
        ),
    ]
)
def url(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'queue.db'}"
    elif request.param == "postgresql":
        if request.config.getoption("--sqlite-only"):
            pytest.skip("SQLite only")
        yield request.getfixturevalue("cluster").fresh("portal_queue")
    else:
        with redis(tmp_path) as address:
            yield address


@pytest.fixture
def process(url, tmp_path):
    """`process()` is what one process of the portal has of the queue."""
    with ExitStack() as made:

        def make(done=None):
            app = Flask(__name__)
            app.config.update(QUEUE_URL=url, DATA_DIR=tmp_path)
            job_queue.install(app)
            queue = app.extensions["portal.queue"]
            made.callback(queue.close)
            queue.tasks |= {"job": done or (lambda _token: None), "beat": lambda: None}
            queue.prepare("")
            return app, queue

        yield make


def test_two_workers_do_every_message_once_while_others_send(process):
    lock, done, all_done = threading.Lock(), [], threading.Event()

    def note(token):
        with lock:
            done.append(token)
            if len(done) >= MESSAGES:
                all_done.set()

    _, sending = process()
    first, second = process(note)[0], process(note)[0]
    wanted = [f"{n:032x}" for n in range(MESSAGES)]
    with worker.beside(first, 2), worker.beside(second, 2):
        senders = [threading.Thread(target=lambda part=part: [*map(sending.send, part)]) for part in halves(wanted)]
        for each in senders:
            each.start()
        for each in senders:
            each.join(SOON)
        assert all_done.wait(SOON)
    assert sorted(done) == wanted
    assert sending.waiting() == set()


def halves(found):
    return found[::2], found[1::2]


def test_every_process_sees_what_waits_how_far_it_is_and_that_it_is_to_stop(process):
    (_, one), (_, other) = process(), process()
    one.send("a" * 32)
    one.put("progress:a", {"done": 3, "total": 24})
    one.put("cancel:a", True)
    assert other.waiting() == {"a" * 32}
    assert other.get("progress:a") == other.get("progress:a") == {"done": 3, "total": 24}
    assert other.get("cancel:a") is True
    other.drop("progress:a", "cancel:a", "never:there")
    assert one.get("progress:a") is one.get("cancel:a") is None


def test_a_message_is_text_that_runs_nothing(process):
    _, queue = process()
    queue.send("a" * 32)
    [message] = map(bytes, queue.huey.storage.enqueued_items())
    assert message.startswith(b"[")
    assert b"a" * 32 in message


def test_a_job_that_fails_ends_no_worker(process):
    done = threading.Event()

    def fail(token):
        if token.startswith("0"):
            raise RuntimeError(token)
        done.set()

    app, queue = process(fail)
    with worker.beside(app, 1):
        queue.send("0" * 32)
        queue.send("1" * 32)
        assert done.wait(SOON)


@pytest.mark.parametrize(
    "address", ["redis://127.0.0.1:9/0", "postgresql://portal@127.0.0.1:9/portal", "sqlite:////proc/none/queue.db"]
)
def test_a_queue_that_is_away_stops_nobody(tmp_path, address):
    app = Flask(__name__)
    app.config.update(QUEUE_URL=address, DATA_DIR=tmp_path)
    job_queue.install(app)
    queue = app.extensions["portal.queue"]
    queue.send("a" * 32)
    queue.put("progress:a", 1)
    queue.drop("progress:a")
    assert queue.get("progress:a") is None


def test_the_queue_is_where_the_database_is_unless_a_setting_says_otherwise(tmp_path):
    sqlite, postgresql = "sqlite:///a.db", "postgresql+psycopg://a@b/c"
    assert queue_url({}, tmp_path, sqlite) == f"sqlite:///{tmp_path / 'queue.db'}"
    assert queue_url({}, tmp_path, postgresql) == postgresql
    assert queue_url({"PORTAL_QUEUE_URL": "rediss://a/1"}, tmp_path, postgresql) == "rediss://a/1"
    for url in ("amqp://a", "a.db", "sqlite:///a.db"):
        with pytest.raises(BadSetting, match="PORTAL_QUEUE_URL"):
            queue_url({"PORTAL_QUEUE_URL": url}, tmp_path, postgresql)
