"""Machines of the database and of the portal fail under load: what was acknowledged is there, once, and people go on.

One set of machines for all tests: each leaves it whole.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest

from deploy.cluster.machines import DATABASES, OWNER, PASSWORD, SERVING, Cluster, until
from tests.machines.writers import AGAIN, Browser, Program, Statements

SOON = 30  # seconds in which everybody can write again
FILLERS = ("filler01", "filler02", "filler03", "filler04")
WARM = 6  # seconds of writing before something fails, and after
ALL = "SELECT set_config('portal.reach', '{\"*\": true}', false)"


@pytest.fixture(scope="module")
def machines():
    found = Cluster(Path(os.environ["CLUSTER_HOME"]))
    try:
        found.start()
        query(found, "CREATE TABLE written (writer text, n bigint, PRIMARY KEY (writer, n))")
        yield found
    finally:
        found.end()


def query(machines, statement):
    """By the way that the portal machines have to the primary."""
    password = machines.secrets[OWNER]

    def ask():
        url = f"postgresql://{OWNER}:{password}@127.0.0.1:5000/portal"
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
            connection.execute(ALL)
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    return machines["portal1"].inside(ask)


class Load:
    """All who write, and the moment at which something fails."""

    def __init__(self, machines, name):
        self.machines, self.since = machines, time.monotonic()
        self.programs = [
            Program(f"{name}-{account}", browser=Browser(machines.address).sign_in(account, PASSWORD))
            for account in FILLERS
        ]
        by = {"direct": (OWNER, 5000), "pooled": (SERVING, 6432)}
        self.statements = [
            Statements(f"{name}-{way}", url=f"postgresql://{role}:{machines.secrets[role]}@127.0.0.1:{port}/portal")
            for way, (role, port) in by.items()
        ]

    def begin(self):
        for program in self.programs:
            program.begin()
        for each in self.statements:
            each.begin(self.machines["portal1"].inside)
        time.sleep(WARM)
        self.since = time.monotonic()

    @property
    def writers(self):
        return [*self.programs, *self.statements]

    def all_have_written(self, since):
        """Everybody was acknowledged something that they began after that."""
        return all(sum(moment > since for moment in each.times) >= 2 for each in self.writers)

    def end(self):
        for each in self.writers:
            each.end()

    def report(self, what):
        waits = {each.name: round(each.longest_wait(self.since), 1) for each in self.writers}
        acknowledged = sum(len(each.acknowledged) for each in self.writers)
        failed = sum(len(each.failures) for each in self.writers)
        print(f"\n{what}: {acknowledged} acknowledged, {failed} failed and told so, longest waits {waits}")
        return max(waits.values())


@contextmanager
def loaded(machines, name):
    """Everybody writes before, while and after what happens inside; then all of it is looked for."""
    load = Load(machines, name)
    load.begin()
    try:
        yield load
        moment = time.monotonic()
        until("writing", partial(load.all_have_written, moment), 2 * SOON)
        time.sleep(WARM)
    finally:
        load.end()
    longest = load.report(name)
    nothing_is_lost(machines, load)
    assert longest <= SOON


def nothing_is_lost(machines, load):
    for program in load.programs:
        assert program.wrong == []
        found = query(machines, f"SELECT content, id FROM agreement WHERE content LIKE '{program.name} %'")
        known = {content: id_ for (content, _), id_ in program.acknowledged.items()}
        stored = dict(found)
        assert len(stored) == len(found), "something was written twice"
        assert known.items() <= stored.items(), "an acknowledged record is gone"
        assert len(stored) <= len(known) + 1  # one was on its way when writing was stopped
        for (content, key), id_ in list(program.acknowledged.items())[-5:]:
            assert program.send(content, key) == (AGAIN, id_)
        program.browser.close()
    for each in load.statements:
        stored = {n for (n,) in query(machines, f"SELECT n FROM written WHERE writer = '{each.name}'")}
        assert each.acknowledged.keys() <= stored <= each.acknowledged.keys() | each.unknown
    assert machines.run_portal("portal", "audit", "verify") == 0


def another_is_primary(machines, former):
    return machines.primary() not in ("", former)


@pytest.fixture(autouse=True)
def whole(machines):
    """A test that fails does not make the next one fail."""
    machines.await_standby()
    print(f"\n{time.strftime('%H:%M:%S')} {machines.members()}")


def test_a_primary_that_is_killed(machines):
    with loaded(machines, "killed"):
        former = machines.primary()
        machines[former].kill("postgres", "patroni")
        until("another primary", lambda: another_is_primary(machines, former))
    machines.start_patroni(former)
    machines.await_standby()


def test_a_primary_whose_network_swallows_everything(machines):
    with loaded(machines, "cut"):
        former = machines.primary()
        machines[former].cut()
        until("another primary", lambda: another_is_primary(machines, former))
    machines[former].mend()
    machines.await_standby()


def test_a_planned_switchover(machines):
    with loaded(machines, "switchover"):
        former = machines.primary()
        machines.patronictl("switchover", "--force")
        until("another primary", lambda: another_is_primary(machines, former))
    machines.await_standby()


def test_a_standby_that_is_killed(machines):
    with loaded(machines, "standby"):
        lost = machines.standby()
        machines[lost].kill("postgres", "patroni")
    machines.start_patroni(lost)
    machines.await_standby()


def test_an_etcd_that_is_killed(machines):
    former = machines.primary()
    with loaded(machines, "etcd"):
        machines[former].kill("etcd")
    assert machines.primary() == former
    machines.start_etcd(former)
    machines.await_standby()


def test_a_portal_machine_that_is_gone(machines):
    with loaded(machines, "portal") as load:
        machines.stop_machine("portal2")
    assert max(len(each.failures) for each in load.programs) <= 1, "more than what was on its way"
    machines["portal2"].mend()
    machines.start_proxies("portal2")
    machines.start_portal("portal2")


def test_all_that_was_written_is_on_the_standby_too(machines):
    machines.await_standby()
    primary, standby = machines.primary(), next(name for name in DATABASES if name != machines.primary())
    assert primary != standby
    (places,) = query(machines, "SELECT pg_current_wal_lsn() - replay_lsn FROM pg_stat_replication")
    assert places[0] is None or places[0] < 2**20
