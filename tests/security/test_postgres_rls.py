"""PostgreSQL's second layer: what the database itself refuses, with the ORM's narrowing taken away."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import event, func, select, text  # noqa: TID251 - what gets past the ORM is what is tried
from sqlalchemy.exc import ProgrammingError

from portal import create_app, setup
from portal.accounts.security_manager import act_as
from portal.core import clock
from portal.core.access import scope
from portal.extensions import db
from portal.ledgers.cobuilding.model import Agreement
from tests.conftest import PASSWORD, release, settings
from tests.visitor import Visitor

PLAIN = "portal_plain"


@pytest.fixture(scope="module")
def guarded(cluster, portals, tmp_path_factory):
    """The portal on a database of its own with the second layer on."""
    cluster.role(PLAIN)
    home = tmp_path_factory.mktemp("guarded")
    url = portals.copy_to(cluster, "portal_guarded", home, owner=PLAIN)
    given = settings(home, url) | {"PORTAL_ROW_SECURITY": "on"}
    app = create_app(environ=given, TESTING=True)
    with app.app_context():
        setup.bring_up_to_date()
    yield app
    release(app)


@pytest.fixture
def unnarrowed(guarded):
    """As if the ORM's own layer had a hole that everything fits through."""
    with guarded.test_request_context():
        event.remove(db.session, "do_orm_execute", scope.narrow)
        event.remove(db.session, "before_flush", scope.refuse)
        try:
            yield
        finally:
            db.session.rollback()
            scope.install()


def counts():
    return {model.__tablename__: db.session.scalar(select(func.count(model.id))) for model in scope.scoped_models()}


def narrowed(guarded, username):
    with guarded.test_request_context(), scope.acting_as(act_as(username)):
        return counts()


@pytest.mark.parametrize(
    "username", ["filler01", "filler05", "secretary01", "town01", "community001", "auditor", "sysadmin"]
)
def test_the_database_shows_no_row_that_the_portal_would_not(guarded, unnarrowed, username):
    with scope.acting_as(act_as(username)):
        seen = counts()
    with scope.unscoped("a test"):
        every = counts()
    db.session.rollback()
    scope.install()
    wanted = narrowed(guarded, username)
    if username in ("filler01", "filler05", "secretary01", "auditor"):
        assert seen == wanted
    # The layer knows rows and not verbs: it may let through what some verb reaches, and never a stranger's.
    assert all(wanted[table] <= seen[table] <= every[table] for table in seen)
    if username != "auditor":
        assert seen["member"] < every["member"]


def test_nobody_is_shown_nothing_even_by_plain_sql(guarded, unnarrowed):
    with scope.acting_as(scope.NOBODY):
        for model in scope.scoped_models():
            assert db.session.execute(text(f'SELECT count(*) FROM "{model.__tablename__}"')).scalar() == 0


def test_a_strangers_row_is_neither_changed_nor_made(guarded, unnarrowed):
    with scope.unscoped("a test"):
        mine = act_as("filler01").unit_id
        theirs = db.session.execute(
            select(Agreement.id, Agreement.owner_unit_id).where(Agreement.owner_unit_id != mine)
        )
        id_, unit_id = theirs.first()
    with scope.acting_as(act_as("filler01")):
        changed = db.session.execute(text(f"UPDATE agreement SET title = 'x' WHERE id = {id_}"))
        assert changed.rowcount == 0
        assert db.session.execute(text(f"DELETE FROM agreement WHERE id = {id_}")).rowcount == 0
        with pytest.raises(ProgrammingError, match="row-level security"):
            db.session.execute(text(f"UPDATE agreement SET owner_unit_id = {unit_id} WHERE owner_unit_id = {mine}"))


def test_whoever_acts_next_on_a_connection_is_told_anew(guarded, unnarrowed):
    seen = []
    for username in ("auditor", "filler01", "auditor", "filler02"):
        with scope.acting_as(act_as(username)):
            seen.append(counts()["agreement"])
            db.session.rollback()
    assert seen[0] == seen[2] > max(seen[1], seen[3])


def test_pages_work_as_without_it(guarded):
    visitors = {}
    filler = Visitor.signed_in(guarded, "filler01", PASSWORD, visitors)
    page = filler.look("/agreements/list/?page_size=100")
    with guarded.test_request_context(), scope.acting_as(act_as("filler01")):
        assert len(page.ids()) == counts()["agreement"]
    typed = filler.look("/beneficiaries/add").filled()
    typed |= {"target_type": "1", "name_enc": "赵某某", "source_basis": "1"}
    answer = filler.post("/beneficiaries/add", typed)
    assert answer.status in (200, 302)
    assert filler.look("/workspace/").status in (200, 404)
    for ledger in ("visits", "study_groups", "service_projects", "members"):
        assert filler.look(f"/{ledger}/list/").status == 200


@pytest.mark.parametrize("username", ["filler01", "auditor"])
def test_a_list_of_a_former_day_works_as_without_it(guarded, monkeypatch, username):
    monkeypatch.setitem(guarded.config, "AS_OF", None)  # the demo was made on the clock's own day
    visitor = Visitor.signed_in(guarded, username, PASSWORD, {})
    today = datetime.now(clock.OFFICE).date()
    page = visitor.look(f"/agreements/list/?page_size=100&as_of={today}")
    assert page.status == 200
    assert page.ids() == visitor.look("/agreements/list/?page_size=100").ids() != []


def test_switched_off_it_leaves_nothing_behind(guarded):
    with guarded.app_context(), scope.unscoped("a test"):
        setup.settle_row_security(on=False)
        assert db.session.execute(text("SELECT count(*) FROM pg_policies")).scalar() == 0
        setup.settle_row_security(on=True)
        assert db.session.execute(text("SELECT count(*) FROM pg_policies")).scalar() == len(scope.scoped_models())
        db.session.rollback()
