"""The portal with its demo, on SQLite and on a PostgreSQL of our own; every test starts from the same records."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import NullPool, QueuePool

from portal import create_app
from portal.accounts.sign_in import sessions
from portal.core.jobs import jobs
from portal.core.transactions.process_lock import Work, holding
from portal.extensions import db
from portal.memory import collect_rarely, keep_start
from tests.cluster import Cluster, memory
from tests.machines.spread import REACHING, spread
from tests.portals import DEMO, KINDS, PASSWORD, Portals, cheapen_passwords, database, settings
from tests.visitor import Visitor

if found := memory():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(found))
# Collecting the tests makes much that stays, and tests make much that goes by itself.
collect_rarely()
cheapen_passwords()
POSTGRES = os.environ.get("PORTAL_TEST_POSTGRES")
LIVE = "portal_live"
# Statements that leave the database as it is; lines of the trail and jobs alone are in no other test's way.
HARMLESS = ("SELECT", "BEGIN", "PRAGMA", "SHOW", "SET", "INSERT INTO AUDIT_EVENT", "INSERT INTO JOB ", "UPDATE JOB ")


@pytest.fixture(scope="session")
def portals(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Portals:
    """Installed portals to copy, which all workers of this run share."""
    folder, worker = tmp_path_factory.getbasetemp(), os.environ.get("PYTEST_XDIST_WORKER")
    kinds = KINDS[:1] if pytestconfig.getoption("--sqlite-only") or POSTGRES else KINDS
    if worker is None:
        return Portals(folder, None, kinds)
    return Portals(folder.parent, int(worker.removeprefix("gw")), kinds)


@pytest.fixture(scope="session")
def cluster(portals: Portals) -> Iterator[Cluster]:
    """A PostgreSQL server for this worker, or the one that PORTAL_TEST_POSTGRES names."""
    with portals.server(POSTGRES) as found:
        yield found


def wait_for_jobs() -> None:
    """Until nothing works beside the tests any more: what it holds of a database would outlive that."""
    for thread in threading.enumerate():
        if thread.name.startswith("job-"):
            thread.join(120)


def release(app: Flask) -> None:
    """Nothing of this portal holds its database any more."""
    wait_for_jobs()
    app.extensions["portal.queue"].close()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def engine_of(app: Flask) -> Engine:
    """Another way to the database of this portal, for tests that ask hundreds of times: a connection costs more than a
    question. SQLite's are cheap, and one that stayed open would keep a file that has been replaced."""
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    pool = NullPool if url.startswith("sqlite") else QueuePool
    return create_engine(url, poolclass=pool, pool_pre_ping=True)


class Built:
    """The portal on one database, with a copy of it as it was when the demo had been loaded."""

    def __init__(self, kind: str, home: Path, portals: Portals, cluster: Cluster | None) -> None:
        self.kind, self.home, self.portals, self.cluster = kind, home, portals, cluster
        self.visitors: dict[str, tuple[str, str, float]] = {}
        self.pristine: dict[str, list[str]] | None = None
        url = portals.copy_to(cluster, LIVE, home) if cluster else None
        if not cluster:
            portals.copy(home)
        self.app: Flask = create_app(environ=settings(home, url), TESTING=True, RATE_LIMITED=False)
        self.past_the_portal = engine_of(self.app)
        with self.app.app_context():
            event.listen(db.engine, "before_cursor_execute", self.watch)
        release(self.app)
        self.dirty = False
        self.files = set(home.glob("files/??/*"))
        self.kept = {path: path.read_bytes() for path in self.beside()}
        # As `run.py` does: what was made up to here is not looked through for garbage with every test.
        keep_start()

    def watch(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.lstrip().upper().startswith(HARMLESS):
            self.dirty = True

    def written_to(self) -> None:
        self.dirty = True

    def lose(self) -> None:
        """The PostgreSQL database goes away, until the test ends."""
        assert self.cluster
        self.cluster.execute(f"DROP DATABASE {LIVE} WITH (FORCE)")
        self.dirty = True

    def restore(self) -> None:
        release(self.app)
        self.past_the_portal.dispose()
        if not self.dirty:
            return
        if self.cluster:
            self.cluster.copy(database(DEMO), LIVE)
        else:
            for left in self.home.glob("portal.db*"):
                left.unlink()
            shutil.copy(self.portals.made("sqlite") / DEMO / "portal.db", self.home)
        for path in (set(self.home.glob("files/??/*")) - self.files) | set(self.beside()):
            path.unlink()
        for path, content in self.kept.items():
            path.write_bytes(content)
            path.chmod(0o600)
        self.dirty = False

    def beside(self) -> list[Path]:
        """Keys, heads of the trail: what tells of the database in the data directory."""
        return [*self.home.glob("*.key"), *self.home.glob("audit_heads*"), *self.home.glob("*.json")]


@pytest.fixture(scope="session")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory, portals: Portals) -> Built:
    return Built("sqlite", tmp_path_factory.mktemp("sqlite"), portals, None)


@pytest.fixture(scope="session")
def on_postgresql(
    tmp_path_factory: pytest.TempPathFactory, portals: Portals, cluster: Cluster, pytestconfig: pytest.Config
) -> Iterator[Built]:
    found = Built("postgresql", tmp_path_factory.mktemp("postgresql"), portals, cluster)
    if not pytestconfig.getoption("--spread"):
        yield found
        return
    with spread(found.app, settings(found.home, found.app.config["SQLALCHEMY_DATABASE_URI"]), found.written_to):
        yield found


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--spread", action="store_true", help="requests go to two portals over one PostgreSQL at random")
    parser.addoption("--sqlite-only", action="store_true", help="leave PostgreSQL out, for a quick answer")
    parser.addoption(
        "--ledger", help="walk over this ledger alone where tests walk over all (tests/test_every_ledger.py)"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests run on both databases, but for those that say that one tells."""
    chosen = any("built" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "built" in metafunc.fixturenames and not chosen:
        alone = metafunc.definition.get_closest_marker("one_database") is not None
        alone = alone or metafunc.config.getoption("--sqlite-only")
        kinds = ["sqlite"] if alone else ["sqlite", "postgresql"]
        metafunc.parametrize("built", ["postgresql"] if metafunc.config.getoption("--spread") else kinds, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes longest begins first: a worker that is through takes over what the other has at its end, and of small
    tests there is always one left."""
    if config.getoption("--spread"):
        items[:] = [item for item in items if not of_one_process(item)]
    if config.getoption("--sqlite-only"):
        items[:] = [item for item in items if not on_postgresql_only(item)]
    items.sort(key=lambda item: item.path.parent != Path(__file__).parent)


def of_one_process(item: pytest.Item) -> bool:
    reaching = REACHING & set(getattr(item, "fixturenames", ()))
    return bool(reaching) or item.get_closest_marker("one_process") is not None


def on_postgresql_only(item: pytest.Item) -> bool:
    asked = getattr(getattr(item, "callspec", None), "params", {})
    return asked.get("built") == "postgresql" or "cluster" in getattr(item, "fixturenames", ())


@pytest.fixture
def built(request: pytest.FixtureRequest) -> Iterator[Built]:
    found: Built = request.getfixturevalue(f"on_{request.param}")
    yield found
    found.restore()


@pytest.fixture
def app(built: Built, pytestconfig: pytest.Config) -> Flask:
    built.app.config["ONLY_LEDGER"] = pytestconfig.getoption("--ledger")
    return built.app


@pytest.fixture
def visit(built: Built) -> Any:
    """`visit("filler01")` is that account's browser, without a browser; `visit()` is nobody's."""

    def as_(username: str = "") -> Visitor:
        return Visitor.signed_in(built.app, username, PASSWORD, built.visitors)

    return as_


@pytest.fixture
def statements(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`with statements() as seen:` collects the SQL that is executed inside."""
    # When a session was last in use is told every few minutes, whatever is asked for then.
    monkeypatch.setattr(sessions, "TELLING", float("inf"))

    @contextmanager
    def watching() -> Iterator[list[str]]:
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if not statement.startswith(("BEGIN", "PRAGMA")):
                seen.append(statement)

        with app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(engine, "before_cursor_execute", note)

    return watching


@pytest.fixture
def rows(built: Built) -> Any:
    """`rows("SELECT …")` past the portal: what the database really holds."""

    def query(sql: str) -> list[tuple[Any, ...]]:
        with built.past_the_portal.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(sql)]

    query.built = built  # type: ignore[attr-defined] # for `unchanged`
    return query


@pytest.fixture
def change(built: Built) -> Any:
    """`change("UPDATE …")` past the portal, for what no page can do yet."""

    def execute(sql: str) -> None:
        with built.past_the_portal.begin() as connection:
            connection.exec_driver_sql(sql)
        built.dirty = True

    return execute


@pytest.fixture
def job_of(app: Flask) -> Any:
    """`job_of(path)`: the job that a page is about, as it stands."""

    def find(path: str) -> jobs.Job:
        with app.app_context():
            [row] = jobs.rows(jobs.StoredJob.token == path.rpartition("/")[2])
        return jobs.Job(row)

    return find


@pytest.fixture
def working(app: Flask) -> Any:
    """`with working(job):` somebody works on it."""

    @contextmanager
    def work(job: jobs.Job, state: str = jobs.RUNNING) -> Iterator[None]:
        before = job.row.state
        with ExitStack() as held:
            with app.app_context():
                held.enter_context(holding(Work.JOB, job.id))
                job.change(state=state)
            yield
            with app.app_context():
                job.change(state=before)

    return work
