"""PostgreSQL with two roles: `portal init` runs as the owner, and whoever serves owns nothing."""

from __future__ import annotations

from datetime import datetime

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.exc import ProgrammingError

from portal import create_app, demo, setup
from portal.core import clock
from portal.core.audit import audit_log
from portal.core.hash_chain import chain, verification
from portal.core.transactions import deferred_inserts
from portal.database import TRAIL
from portal.extensions import db
from tests.conftest import PASSWORD, release, settings
from tests.visitor import Visitor

OWNER, SERVING = "portal_owner", "portal_serving"


@pytest.fixture(scope="module")
def served(cluster, portals, tmp_path_factory):
    """The portal as its serving processes have it, with the demo that they loaded themselves."""
    for role in (OWNER, SERVING):
        cluster.role(role)
    home = tmp_path_factory.mktemp("two_roles")
    url = portals.copy_to(cluster, "portal_two_roles", home, demo=False, owner=OWNER)
    more = {"PORTAL_ROW_SECURITY": "on", "PORTAL_SERVING_ROLE": SERVING}
    owned, app = (
        create_app(environ=settings(home, url.replace(OWNER, role, 1)) | more, TESTING=True)
        for role in (OWNER, SERVING)
    )
    with owned.app_context():
        setup.bring_up_to_date()
        setup.bring_up_to_date()  # once more changes nothing
    release(owned)
    with app.app_context():
        demo.load()
    yield app
    release(app)


@pytest.fixture
def visitor(served):
    return lambda username: Visitor.signed_in(served, username, PASSWORD, {})


@pytest.fixture
def query(served):
    def rows(sql):
        with served.app_context(), db.engine.connect() as connection:
            connection.exec_driver_sql("SELECT set_config('portal.reach', '{\"*\": true}', false)")
            return [tuple(row) for row in connection.exec_driver_sql(sql)]

    return rows


@pytest.mark.parametrize("account", ["filler01", "reviewer", "auditor", "town01", "admin"])
def test_pages_work(visitor, account):
    seen = visitor(account)
    paths = {"/workspace/", "/service_projects/list/"}
    paths |= {"/agreements/list/", "/agreements/export"} if account in ("filler01", "reviewer") else set()
    paths |= {"/audit/", "/audit_events/list/", "/units/list/"} if account == "auditor" else set()
    for path in paths:
        with seen.client.get(path) as answer:
            assert answer.status_code in (200, 404 if path == "/workspace/" else 200), path


def test_records_are_filled_in_and_handed_in(visitor, query):
    filler = visitor("filler01")
    id_ = filler.look("/agreements/list/?status=draft").ids()[0]
    typed = filler.look(f"/agreements/edit/{id_}").filled() | {"title": "两种角色"}
    assert filler.post(f"/agreements/edit/{id_}", typed).status == 302
    assert query(f"SELECT title FROM agreement WHERE id = {id_}") == [("两种角色",)]
    assert filler.post(f"/agreements/delete/{id_}").status == 302


def test_a_list_of_a_former_day_needs_no_more(served, visitor, monkeypatch):
    monkeypatch.setitem(served.config, "AS_OF", None)
    page = visitor("auditor").look(f"/agreements/list/?as_of={datetime.now(clock.OFFICE).date()}")
    assert page.status == 200
    assert page.ids()


def test_the_trail_is_sealed_and_verified(served, visitor):
    with served.test_request_context():
        assert chain.seal() > 0
        assert verification.verify().fault == ""
    answer = visitor("auditor").post("/audit/verify")
    assert answer.status == 302


def test_sealing_waits_for_whoever_is_writing_to_the_trail(served):
    free = f"SELECT pg_try_advisory_xact_lock({TRAIL})"
    with served.test_request_context():
        audit_log.log("sign_out")
        deferred_inserts.ending(db.session())  # as a commit begins
        with db.engine.connect() as other:
            assert other.exec_driver_sql(free).scalar() is False
        db.session.rollback()
        assert db.session.scalar(select(audit_log.AuditEvent.id).limit(1))
        with db.engine.connect() as other:
            assert other.exec_driver_sql(free).scalar() is True


@pytest.mark.parametrize(
    "statement",
    [
        *(
            text.format(table)
            for table in chain.TABLES
            for text in (
                "UPDATE {} SET digest = NULL" if table == "audit_seal" else "UPDATE {} SET title = ''",
                "DELETE FROM {}",
                "TRUNCATE {}",
                "ALTER TABLE {} DISABLE TRIGGER ALL",
                "DROP TABLE {}",
                "LOCK TABLE {} IN ACCESS EXCLUSIVE MODE",
            )
        ),
        "ALTER TABLE agreement DISABLE ROW LEVEL SECURITY",
        "DROP POLICY portal_scope ON agreement",
        f"DELETE FROM {chain.Witness.__tablename__}",
        "CREATE TABLE of_its_own (id int)",
        "TRUNCATE agreement CASCADE",
    ],
)
def test_whoever_serves_can_neither_change_the_trail_nor_switch_anything_off(served, statement):
    with served.app_context(), db.engine.connect() as connection, pytest.raises(ProgrammingError) as refused:
        connection.exec_driver_sql(statement)
    assert "must be owner" in str(refused.value) or "permission denied" in str(refused.value)


def test_tables_made_later_can_be_used_at_once(cluster, query):
    address = cluster.address.replace("portal@", f"{OWNER}@", 1)
    with psycopg.connect(f"{address}/portal_two_roles", autocommit=True) as owner:
        owner.execute("CREATE TABLE later (id serial PRIMARY KEY)")
    assert query("SELECT count(*) FROM later") == [(0,)]
