"""Who writes while machines fail, and remembers what was acknowledged."""

from __future__ import annotations

import json
import re
import threading
import time
import uuid
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from http.cookies import SimpleCookie
from itertools import count
from urllib.parse import urlencode

import psycopg

TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)"')
PAUSE = 0.1  # seconds between two writes
MADE, AGAIN = 201, 200


class Browser:
    """One connection that is kept while it lasts, and the cookie of a session."""

    def __init__(self, host, port=8080, patience=20):
        self.host, self.port, self.patience = host, port, patience
        self.connection, self.cookies, self.token = None, SimpleCookie(), ""

    def ask(self, method, path, body=None, **headers):
        """Status and content; status 0 where no answer came."""
        self.connection = self.connection or HTTPConnection(self.host, self.port, timeout=self.patience)
        headers["Cookie"] = "; ".join(f"{name}={each.value}" for name, each in self.cookies.items())
        try:
            self.connection.request(method, path, body, {**headers, "Host": self.host})
            answer = self.connection.getresponse()
            text = answer.read().decode()
        except (OSError, HTTPException):
            self.close()
            return 0, ""
        for cookie in answer.headers.get_all("Set-Cookie", []):
            self.cookies.load(cookie)
        found = TOKEN.search(text)
        self.token = found[1] if found else self.token
        return answer.status, text

    def sign_in(self, name, password):
        self.ask("GET", "/login/")
        form = urlencode({"username": name, "password": password, "csrf_token": self.token})
        status, _ = self.ask("POST", "/login/", form, **{"Content-Type": "application/x-www-form-urlencoded"})
        assert status == 302, f"{name} cannot sign in: {status}"
        self.ask("GET", "/my_password/")
        return self

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


@dataclass
class Writer:
    """Writes one thing after another until it is stopped."""

    name: str
    acknowledged: dict = field(default_factory=dict)  # what was written, and the answer
    times: list = field(default_factory=list)  # of the acknowledgements
    failures: list = field(default_factory=list)
    wrong: list = field(default_factory=list)  # answers that nobody should get, whatever fails
    stopped: threading.Event = field(default_factory=threading.Event)

    def begin(self, run=lambda work: work()):
        self.thread = threading.Thread(target=run, args=(self.work,), daemon=True)
        self.thread.start()
        return self

    def end(self):
        self.stopped.set()
        self.thread.join(60)
        assert not self.thread.is_alive()

    def work(self):
        for n in count():
            if self.stopped.is_set():
                return
            self.write(n)
            time.sleep(PAUSE)

    def acknowledge(self, what, answer):
        self.acknowledged[what] = answer
        self.times.append(time.monotonic())

    def longest_wait(self, since):
        """Seconds without an acknowledgement, from a moment on."""
        later = [since, *(each for each in self.times if each > since)]
        return max(b - a for a, b in zip(later, [*later[1:], time.monotonic()], strict=True))


@dataclass
class Program(Writer):
    """Makes records by REST. What failed is sent again with the same key, as docs/operations.md says."""

    browser: Browser = None

    def write(self, n):
        content, key = f"{self.name} {n}", str(uuid.uuid4())
        while True:
            status, id_ = self.send(content, key)
            if status in (MADE, AGAIN):
                return self.acknowledge((content, key), id_)
            (self.failures if status in (0, 502, 503, 504) else self.wrong).append(status)
            if self.wrong or self.stopped.wait(0.3):
                return None

    def send(self, content, key):
        headers = {"X-CSRFToken": self.browser.token, "Idempotency-Key": key, "Content-Type": "application/json"}
        status, text = self.browser.ask("POST", "/api/v1/agreements/", json.dumps({"content": content}), **headers)
        return status, json.loads(text)["id"] if status in (MADE, AGAIN) else text


@dataclass
class Statements(Writer):
    """Adds rows by plain SQL. What failed may be there or not, and is not tried again."""

    url: str = ""
    connection: psycopg.Connection = None
    unknown: set = field(default_factory=set)

    def write(self, n):
        try:
            if self.connection is None:
                self.connection = psycopg.connect(self.url, connect_timeout=3, prepare_threshold=None)
            self.unknown.add(n)
            with self.connection.transaction():
                self.connection.execute("INSERT INTO written VALUES (%s, %s)", (self.name, n))
        except psycopg.Error as fault:
            self.failures.append(repr(fault))
            self.close()
            return
        self.unknown.discard(n)
        self.acknowledge(n, None)

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def work(self):
        super().work()
        self.close()
