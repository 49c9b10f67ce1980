"""The web server of `run.py` with many who want something at once."""

from __future__ import annotations

import socket
import threading
from http.client import HTTPConnection

import pytest
from flask import Flask

from portal import serving

SOON = 10  # seconds


@pytest.fixture
def door():
    """Behind it nobody gets on while it is closed."""
    return threading.Event()


@pytest.fixture
def port(door):
    app = Flask(__name__)
    app.config.update(HOST="127.0.0.1", PORT=0)
    app.add_url_rule("/", "page", lambda: "a page")
    app.add_url_rule("/slow", "slow", lambda: str(door.wait(60)))
    for path in serving.HEALTH:
        app.add_url_rule(path, path, lambda: "well")
    server = serving.server_of(app)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield int(server.effective_port)
    door.set()
    server.task_dispatcher.shutdown()
    server.pull_trigger()
    server.asyncore.close_all(server._map)
    thread.join(SOON)


@pytest.fixture
def ask(port):
    """`ask("/")` is the connection of a browser that has asked for this."""
    kept = []

    def asked(path):
        kept.append(HTTPConnection("127.0.0.1", port, timeout=SOON))
        kept[-1].request("GET", path)
        return kept[-1]

    yield asked
    for each in kept:
        each.close()


def read(connection):
    with connection.getresponse() as answer:
        return answer.read()


@pytest.mark.parametrize("path", serving.HEALTH)
def test_health_checks_answer_while_all_threads_wait(ask, door, path):
    waiting = [ask("/slow") for _ in range(3 * serving.THREADS)]
    assert read(ask(path)) == b"well"
    late = ask("/")
    late.sock.settimeout(0.5)
    with pytest.raises(TimeoutError):  # nobody else is served now
        late.getresponse()
    door.set()
    assert {read(each) for each in waiting} == {b"True"}


def test_what_is_no_request_is_answered_as_such(ask, port):
    """A header that cannot be: the answer says so, and the log tells of no mistake of ours."""
    with socket.create_connection(("127.0.0.1", port), SOON) as rude:
        rude.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nAccept-Language: \x7f\r\n\r\n")
        assert rude.recv(100).split()[1] == b"400"
    assert read(ask("/")) == b"a page"


def test_browsers_that_keep_their_connections_keep_nobody_out(ask):
    kept = [ask("/") for _ in range(40 * 6)]
    assert {read(each) for each in kept} == {b"a page"}
    assert read(ask("/")) == b"a page"
    assert all(each.sock for each in kept), "a connection was closed on somebody"
