"""A database that is away, busy or without room: everybody is told so, nothing is torn, nothing typed is lost."""

from __future__ import annotations

import errno
import io
import logging
import os
import re
import socket
import sqlite3
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from flask import request_tearing_down
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

import portal
from portal import create_app, database, worker
from portal.core.storage import directory
from portal.extensions import db
from portal.http import errors_and_headers
from tests.conftest import settings
from tests.security.walk import of, unchanged
from tests.visitor import Page

SOON = 5  # seconds


@contextmanager
def connections(app, *statements):
    """Each connection of the pool begins with these statements."""

    def prepare(connection, *_):
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        cursor.close()
        if not isinstance(connection, sqlite3.Connection):
            connection.commit()

    with app.app_context():
        engine = db.engine
    engine.dispose()
    event.listen(engine, "connect", prepare)
    try:
        yield
    finally:
        event.remove(engine, "connect", prepare)
        engine.dispose()


@contextmanager
def record_held(built, id_):
    """Somebody else is changing this record, and does not come to an end."""
    if built.kind == "sqlite":
        with sqlite3.connect(built.home / "portal.db", isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
        return
    url = built.app.config["SQLALCHEMY_DATABASE_URI"].replace("+psycopg", "")
    with psycopg.connect(url) as other:
        other.execute(f"SELECT * FROM agreement WHERE id = {id_} FOR UPDATE")
        yield
        other.rollback()


def test_a_form_that_waits_for_others_too_long_is_told_so_and_can_be_sent_again(built, visit, rows):
    filler, id_ = visit("filler01"), of(rows, 1, "draft")
    path = f"/agreements/edit/{id_}"
    typed = filler.look(path).filled() | {"content": "等了太久的共建内容"}
    wait = "PRAGMA busy_timeout=200" if built.kind == "sqlite" else "SET lock_timeout = 200"
    with connections(built.app, wait), unchanged(rows):
        with record_held(built, id_):
            page = filler.post(path, typed)
        assert page.status == 503
        assert page.response.headers["Retry-After"]
        assert "Too much is going on just now" in page.words
    again = page.filled("form")
    assert again["content"] == typed["content"]
    assert filler.post(str(page.one("form")["action"]), again).status == 302
    assert rows(f"SELECT content FROM agreement WHERE id = {id_}") == [(typed["content"],)]


PASSWORD_FIELD = re.compile(r'plain_field\("(\w+)"[^}]*type="password"|<input[^>]*name="(\w+)"[^>]*type="password"')


def test_no_page_of_trouble_repeats_a_password():
    """What it offers to be sent again stands in the page."""
    texts = [path.read_text("utf8") for path in Path(portal.__path__[0], "templates").rglob("*.html")]
    named = {name for text in texts for pair in PASSWORD_FIELD.findall(text) for name in pair if name}
    assert named >= {"old", "new", "again", "password"}
    assert named <= errors_and_headers.PASSWORDS


@pytest.mark.one_database
@pytest.mark.one_process
def test_a_full_disk_is_told_as_such_and_nothing_is_torn(built, visit, rows):
    filler, id_ = visit("filler01"), of(rows, 1, "draft")
    path = f"/agreements/edit/{id_}"
    with connections(built.app, "PRAGMA max_page_count=1"):  # not a page more than there are
        for n in range(100):  # while there is room on those
            typed = filler.look(path).filled() | {"remark": "甲乙丙丁"[n % 4] * 150}
            page = filler.post(path, typed)
            if page.status != 302:
                break
    assert page.status == 507
    assert "There is no room left" in page.words
    assert page.filled("form")["remark"] == typed["remark"]
    assert rows(f"SELECT remark FROM agreement WHERE id = {id_}") != [(typed["remark"],)]
    assert filler.post(str(page.one("form")["action"]), page.filled("form")).status == 302


@contextmanager
def answers_lost(built):
    """The database commits, and the connection breaks before it says so."""
    with built.app.app_context():
        dialect = db.engine.dialect
    commit = dialect.do_commit

    def commit_unheard(connection):
        commit(connection)
        if built.kind != "sqlite":
            raise psycopg.OperationalError("the connection was closed")
        fault = sqlite3.OperationalError("disk I/O error")
        fault.sqlite_errorcode = sqlite3.SQLITE_IOERR
        raise fault

    dialect.do_commit = commit_unheard
    try:
        yield
    finally:
        del dialect.do_commit


@pytest.mark.one_process
def test_where_the_answer_to_a_commit_is_lost_nobody_is_told_that_nothing_was_saved(built, visit, rows):
    filler, id_ = visit("filler01"), of(rows, 1, "draft")
    typed = filler.look("/agreements/add").filled() | {"content": "没有听到回音的内容"}
    with answers_lost(built):
        page = filler.post("/agreements/add", typed)
    assert page.status == 503
    assert "may have been saved or not. Trying again stores it only once." in page.words
    assert filler.post(str(page.one("form")["action"]), page.filled("form")).status == 302
    assert rows("SELECT count(*) FROM agreement WHERE content = '没有听到回音的内容'") == [(1,)]
    path = f"/agreements/edit/{id_}"
    typed = filler.look(path).filled() | {"content": "也没有听到回音"}
    with answers_lost(built):
        page = filler.post(path, typed)
    assert (page.status, "Please look before you try again." in page.words) == (503, True)
    assert rows(f"SELECT content FROM agreement WHERE id = {id_}") == [("也没有听到回音",)]


@pytest.mark.one_database
def test_a_file_that_finds_no_room_leaves_nothing_behind(app, monkeypatch, tmp_path):
    def no_room(_file):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    with app.app_context(), pytest.raises(OSError, match="No space"):
        directory.write_durably(tmp_path / "ab" / "abcd", io.BytesIO(b"%PDF"))
    assert [*tmp_path.glob("*/*")] == []


@pytest.mark.one_database
def test_an_io_error_of_sqlite_on_a_disk_without_room_is_told_with_that_remedy(app, monkeypatch):
    fault = sqlite3.OperationalError("disk I/O error")
    fault.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
    told = OperationalError("INSERT", {}, fault)
    with app.app_context():
        assert database.trouble_of(told) is database.Trouble.AWAY
        monkeypatch.setattr(database, "ROOM", 2**60)
        monkeypatch.setattr(database, "SMALL", 1)
        assert database.trouble_of(told) is database.Trouble.FULL
        assert database.in_a_line(told) == "the database: disk I/O error; make room on the disk and try again"


def test_threads_of_a_worker_tell_a_busy_database_in_a_line_and_a_mistake_by_its_place(monkeypatch):
    busy, mistake = sqlite3.OperationalError("database is locked"), ValueError("a mistake")
    busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
    out = io.StringIO()
    monkeypatch.setattr(logging.getLogger(), "handlers", [logging.StreamHandler(out)])
    worker.quiet()
    for fault in (OperationalError("BEGIN IMMEDIATE", {}, busy), psycopg.OperationalError("refused"), mistake):
        logging.getLogger("huey.consumer.Worker-1").error("Error reading", exc_info=fault)
    told = out.getvalue().splitlines()
    assert told[0].startswith("trying again later: the database: database is locked; ")
    assert told[1:4] == ["the queue is away, trying again: OperationalError", "Error reading", "ValueError: a mistake"]


@pytest.mark.one_database
def test_a_disk_without_room_is_not_ready(app, visit, monkeypatch):
    monkeypatch.setattr(database, "ROOM", 2**60)
    monkeypatch.setattr(database, "SMALL", 1)
    page = visit().look("/readyz")
    assert (page.status, page.response.json) == (503, {"status": "disk full"})
    assert visit().look("/healthz").status == 200


class Network:
    """Hands on what a client and the server say to each other, until it swallows everything without a word."""

    def __init__(self, port):
        self.port, self.swallows = port, False
        self.door = socket.create_server(("127.0.0.1", 0))
        self.here = self.door.getsockname()[1]
        self.sockets = [self.door]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with suppress(OSError):
            while True:
                client, _ = self.door.accept()
                server = socket.create_connection(("127.0.0.1", self.port))
                self.sockets += [client, server]
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self.hand_on, args=pair, daemon=True).start()

    def hand_on(self, source, target):
        with suppress(OSError):
            while said := source.recv(65536):
                if not self.swallows:
                    target.sendall(said)

    def close(self):
        for each in self.sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@pytest.fixture
def network(cluster):
    found = Network(int(cluster.address.rpartition(":")[2].partition("/")[0]))
    yield found
    found.close()


@pytest.mark.parametrize("built", ["postgresql"], indirect=True)
def test_nobody_waits_long_for_a_database_that_says_nothing_any_more(built, network, monkeypatch):
    monkeypatch.setattr(database, "ANSWER_TO_PAGES", 1.0)
    monkeypatch.setattr(database, "PROBE", 2)
    url = f"postgresql://portal@127.0.0.1:{network.here}/portal_live"
    app = create_app(environ=settings(built.home, url), TESTING=True)
    client = app.test_client()
    assert client.get("/login/").status_code == 200
    assert client.get("/readyz").status_code == 200
    network.swallows = True
    began = time.monotonic()
    page = Page.of(client.get("/login/"))
    assert page.status == 503
    assert "数据库暂时无法连接" in page.words
    assert client.get("/readyz").status_code == 503
    assert time.monotonic() - began < 4 * SOON  # the old connection, and a new one that nobody answers
    network.swallows = False
    assert client.get("/login/").status_code == 200
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("built", ["postgresql"], indirect=True)
def test_a_session_that_cannot_be_ended_spoils_neither_its_answer_nor_the_next(built, visit, change):
    visitor = visit("filler01")

    def cut(_app, **_more):
        others = "datname = 'portal_live' AND pid <> pg_backend_pid()"
        change(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")

    with request_tearing_down.connected_to(cut, built.app):
        assert visitor.look("/agreements/list/").status == 200
    assert visitor.look("/agreements/list/").status == 200
