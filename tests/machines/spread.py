"""Two portal machines over one PostgreSQL, between which the requests of tests are spread at random: one is the portal
of the tests themselves, the other a process of its own. `pytest --spread` leaves out what reaches into the first."""

from __future__ import annotations

import os
import random
import socket
import string
import subprocess
import sys
import time
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from urllib.parse import quote

from portal import create_app, serving
from tests.machines.conftest import ROOT

REACHING = {"monkeypatch", "caplog", "capsys", "statements"}  # fixtures of tests that change or watch this process
OF_A_CONNECTION = {"connection", "keep-alive", "transfer-encoding"}
HERE = "127.0.0.1"


class Spread:
    """In place of an application's `wsgi_app`."""

    def __init__(self, here, port, changed):
        self.here, self.port, self.changed, self.chance = here, port, changed, random.Random()
        self.answered = {"here": 0, "there": 0}

    def __call__(self, environ, start_response):
        if environ.get("REMOTE_ADDR", HERE) != HERE or self.chance.random() < 0.5:
            self.answered["here"] += 1
            return self.here(environ, start_response)
        self.answered["there"] += 1
        self.changed()
        return [self.there(environ, start_response)]

    def there(self, environ, start_response):
        headers = {name[5:].replace("_", "-"): text for name, text in environ.items() if name.startswith("HTTP_")}
        if environ.get("CONTENT_TYPE"):
            headers["Content-Type"] = environ["CONTENT_TYPE"]
        length = int(environ.get("CONTENT_LENGTH") or 0)
        query = quote(environ.get("QUERY_STRING", "").encode("latin-1"), safe=string.punctuation)
        path = quote(environ["PATH_INFO"].encode("latin-1")) + (f"?{query}" if query else "")
        connection = HTTPConnection(HERE, self.port, timeout=120)
        try:
            body = environ["wsgi.input"].read(length) if length else None
            connection.request(environ["REQUEST_METHOD"], path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            kept = [pair for pair in answer.getheaders() if pair[0].lower() not in OF_A_CONNECTION]
            start_response(f"{answer.status} {answer.reason}", kept)
            return content
        finally:
            connection.close()


@contextmanager
def spread(app, environ, changed):
    """A second process serves the same database and directory meanwhile. `changed()` tells that it may have written."""
    with socket.socket() as free:
        free.bind((HERE, 0))
        port = free.getsockname()[1]
    environment = {**os.environ, **environ, "PORTAL_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "tests.machines.spread"], cwd=ROOT, env=environment)
    try:
        await_answer(process, port)
        app.wsgi_app = Spread(app.wsgi_app, port, changed)
        yield
        print(f"\nrequests answered: {app.wsgi_app.answered}")
    finally:
        process.terminate()
        process.wait(20)


def await_answer(process, port):
    ends = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < ends:
        connection = HTTPConnection(HERE, port, timeout=30)
        try:
            connection.request("GET", "/healthz", headers={"Host": "localhost"})
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            time.sleep(0.2)
        finally:
            connection.close()
    raise RuntimeError("the second portal does not answer")


if __name__ == "__main__":
    serving.server_of(create_app(TESTING=True, RATE_LIMITED=False)).run()
