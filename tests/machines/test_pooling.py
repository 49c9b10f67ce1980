"""The portal behind PgBouncer in transaction pooling, where each transaction may be on another connection."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import text  # noqa: TID251 - what gets past the ORM is what is tried

from portal import create_app, demo, setup
from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.audit import audit_log
from portal.core.hash_chain import chain, verification
from portal.core.transactions.ledger_lock import SPACE
from portal.database import ready
from portal.extensions import db
from tests.cluster import unprivileged
from tests.conftest import PASSWORD, release, settings
from tests.machines.conftest import ROOT
from tests.visitor import Visitor

ROLE = "portal_pooled"
SIZE = 6  # connections to the server, for more users than that; a job takes up to three
ACCOUNTS = ("filler01", "filler02", "filler03", "secretary04", "town01", "community001", "auditor")


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def running(command, port, log):
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        ends = time.monotonic() + 20
        while time.monotonic() < ends:
            assert process.poll() is None, log.read_text()
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def pooler(cluster):
    """The address of the database by PgBouncer, as `deploy/cluster/` has it."""
    cluster.role(ROLE)
    cluster.fresh("portal", ROLE)
    listen, server = free_port(), int(cluster.address.rpartition(":")[2])
    sample = Template((ROOT / "deploy/cluster/pgbouncer.ini").read_text())
    user = unprivileged()
    with TemporaryDirectory(prefix="portal-pgbouncer-") as folder:
        home = Path(folder)
        users, ini = home / "users.txt", home / "pgbouncer.ini"
        users.write_text(f'"{ROLE}" ""\n')
        settled = sample.substitute(host="127.0.0.1", port=server, listen=listen, users=users, size=SIZE)
        ini.write_text(settled.replace("scram-sha-256", "trust"))
        for path in (home, users, ini):
            shutil.chown(path, user)
        with running(["pgbouncer", "-u", user, ini], listen, home / "log"):
            yield f"postgresql://{ROLE}@127.0.0.1:{listen}/portal"


@pytest.fixture(scope="module")
def pooled(pooler, tmp_path_factory):
    """A portal that was set up and filled, and is served, by the pooler."""
    given = settings(tmp_path_factory.mktemp("pooled"), pooler) | {"PORTAL_ROW_SECURITY": "on"}
    app = create_app(environ=given, TESTING=True, RATE_LIMITED=False)
    with app.app_context():
        setup.bring_up_to_date()
        demo.load()
    yield app
    release(app)


def counted(app, account):
    """What row-level security alone shows to an account, in two transactions."""
    with app.test_request_context(), scope.acting_as(act_as(account)):
        found = []
        for _ in range(2):
            found.append(db.session.execute(text("SELECT count(*) FROM agreement")).scalar())
            db.session.commit()
        assert found[0] == found[1]
        return found[0]


def test_nobody_acts_as_whoever_had_the_connection_before(pooled):
    alone = {account: counted(pooled, account) for account in ACCOUNTS}
    assert alone["auditor"] > alone["filler01"] > 0
    with ThreadPoolExecutor(8) as threads:
        seen = list(threads.map(lambda n: (n, counted(pooled, ACCOUNTS[n % len(ACCOUNTS)])), range(140)))
    assert [alone[ACCOUNTS[n % len(ACCOUNTS)]] for n, _ in seen] == [count for _, count in seen]
    with pooled.test_request_context(), scope.acting_as(scope.NOBODY):
        assert db.session.execute(text("SELECT count(*) FROM agreement")).scalar() == 0


def test_limits_hold_in_each_transaction_and_are_nobody_elses(pooled):
    told = text("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
    with pooled.app_context(), scope.unscoped("a test"):
        for _ in range(2 * SIZE):
            assert db.session.execute(told).one() == ("1min", "8s")
            db.session.rollback()
        assert ready() is None


def test_statements_that_are_asked_often_are_not_looked_for_on_another_connection(pooled):
    def ask(n):
        with pooled.app_context(), scope.unscoped("a test"):
            for i in range(12):  # psycopg prepares what it was asked five times
                assert db.session.execute(text("SELECT :n + :i"), {"n": n, "i": i}).scalar() == n + i
                db.session.commit()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(ask, range(24)))


def test_people_work_at_the_same_time_and_nothing_is_kept_of_the_session(pooled):
    visitors = {name: Visitor.signed_in(pooled, name, PASSWORD, {}) for name in ACCOUNTS[:4]}

    def work(name):
        visitor = visitors[name]
        page = visitor.look("/agreements/list/?status=draft")
        assert page.status == 200
        if name.startswith("filler"):
            path = f"/agreements/edit/{page.ids()[0]}"
            for n in range(3):
                typed = visitor.look(path).filled() | {"title": f"池化第{n}次"}
                assert visitor.post(path, typed).status == 302
        return page.ids()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, visitors))
    with pooled.test_request_context():
        chain.seal()
        assert verification.verify().fault == ""
        audit_log.log("sign_out")
        db.session.commit()
        held = f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND (classid = {SPACE} OR objsubid = 1)"
        assert db.session.execute(text(held)).scalar() == 0


def test_setting_up_waits_for_whoever_is_setting_up(pooled):
    free = text(f"SELECT pg_try_advisory_xact_lock({setup.LOCK})")

    def is_free():
        with pooled.app_context(), db.engine.connect() as other:
            return other.execute(free).scalar()

    with pooled.app_context():
        with setup.one_at_a_time():
            assert is_free() is False
        assert is_free() is True


def test_a_worker_behind_the_pooler_does_what_people_ask_for(pooler, pooled, tmp_path):
    """PgBouncer hands out no notifications (LISTEN), so an idle worker looks again by itself."""
    given = settings(pooled.config["DATA_DIR"], pooler) | {"PORTAL_ROW_SECURITY": "on"}
    serving = create_app(environ=given, RATE_LIMITED=False)
    words = [sys.executable, "-m", "flask", "--app", "portal", "portal", "worker", "--threads", "2"]
    with (tmp_path / "worker.log").open("wb") as log:
        worker = subprocess.Popen(words, cwd=ROOT, env=os.environ | given, stdout=log, stderr=subprocess.STDOUT)
    try:
        visitor = Visitor.signed_in(serving, "auditadmin", PASSWORD, {})
        for _ in range(3):
            begun, page = time.monotonic(), visitor.post("/audit/verify", {})
            while not (found := visitor.look(page.response.location)).select("[data-verdict=good]"):
                assert worker.poll() is None
                assert time.monotonic() - begun < 40, found.words
                time.sleep(0.2)
    finally:
        worker.terminate()
        worker.wait(30)
        release(serving)
