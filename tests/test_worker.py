"""`run.py` as a process of its own: jobs outlive requests, and end with the process that did them."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from tests.browser.conftest import free_port, wait_for
from tests.conftest import PASSWORD, release, settings
from tests.core.spreadsheet import sheets
from tests.visitor import TOKEN, Page

pytestmark = pytest.mark.slow
HERE = Path(__file__).resolve().parent.parent
ROWS = 400
SOON = 40  # seconds, on a busy machine
LONG = 100


class Browser:
    """Somebody who has signed in at a server."""

    def __init__(self, address, username):
        self.address = address
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self.token = TOKEN.search(str(self.look("/login/")))[1]
        self.post("/login/", username=username, password=PASSWORD)

    def ask(self, path, body=None, kind="application/x-www-form-urlencoded"):
        request = urllib.request.Request(self.address + path, body, {"Content-Type": kind} if body else {})
        try:
            answer = self.opener.open(request, timeout=60)
        except HTTPError as refused:
            answer = refused
        with answer:
            page = Page(answer.read().decode())
            page.status, page.address = answer.status, answer.url.removeprefix(self.address)
        self.token = found[1] if (found := TOKEN.search(str(page))) else self.token
        return page

    def look(self, path):
        return self.ask(path)

    def post(self, path, **fields):
        return self.ask(path, urlencode({"csrf_token": self.token, **fields}).encode())

    def upload(self, path, content):
        fields = {"csrf_token": self.token, "file": FileStorage(io.BytesIO(content), "a.xlsx", "file")}
        boundary, body = encode_multipart(fields)
        return self.ask(path, body, f"multipart/form-data; boundary={boundary}")

    def until(self, path, selector, seconds=LONG):
        """The page, as soon as it has this."""
        end = time.monotonic() + seconds
        while not (page := self.look(path)).select(selector):
            assert time.monotonic() < end, page.words
            time.sleep(0.3)
        return page


@pytest.fixture
def process(built):
    """`with process("run.py") as (address, started):` serves this portal; more words are another command."""

    @contextmanager
    def begin(*words, **environ):
        release(built.app)
        built.dirty = True
        url = built.app.config["SQLALCHEMY_DATABASE_URI"] if built.kind == "postgresql" else None
        port = free_port()
        given = settings(built.home, url) | {"PORTAL_PORT": str(port), "FLASK_APP": "portal"} | environ
        started = subprocess.Popen([sys.executable, *words], cwd=HERE, env=os.environ | given)
        try:
            if words[0] == "run.py":
                wait_for(f"http://127.0.0.1:{port}/readyz")
            yield f"http://127.0.0.1:{port}", started
        finally:
            started.terminate()
            started.wait(SOON)

    return begin


@pytest.fixture(scope="session")
def workbook(tmp_path_factory):
    found = sheets.rows()
    row = found[sheets.HEADER + 1]
    many = [[n, f"共建〔2024〕{n}号", *row[2:]] for n in range(1000, 1000 + ROWS)]
    return sheets.book(tmp_path_factory.mktemp("sheets") / "a.xlsx", [*found[: sheets.HEADER + 1], *many]).read_bytes()


def previewed(browser, content):
    page = browser.upload("/agreements/import", content)
    return browser.until(page.address, "[data-outcome]").address


def test_an_import_whose_process_was_killed_is_over_at_the_next_look(process, workbook, rows):
    def stored():
        return rows("SELECT count(*) FROM agreement WHERE source = 'import'")[0][0]

    with process("run.py") as (address, started):
        browser = Browser(address, "reviewer")
        path = previewed(browser, workbook)
        browser.post(f"{path}/run")
        end = time.monotonic() + LONG
        while stored() < 5:
            assert time.monotonic() < end
            time.sleep(0.2)
        started.send_signal(signal.SIGKILL)
        started.wait(SOON)
    kept = stored()
    assert 5 <= kept < ROWS
    with process("run.py") as (address, _):
        browser = Browser(address, "reviewer")
        page = browser.look(path)
        assert page.one("[data-stopped]")
        assert page.one("tr[data-run]")["data-state"] == "interrupted"
        undo = page.one("tr[data-run] form")["action"]
        again = browser.upload("/agreements/import", sheets.LEDGER.read_bytes())
        assert browser.until(again.address, "[data-outcome]")
        undone = browser.post(undo, confirmed="1").address
        assert re.search(rf"\b{kept}\b|{kept}", browser.until(undone, "[data-undone]").one("[data-undone]").text)
    assert stored() == 0
