"""Sealing on PostgreSQL beside those who write: nobody waits for it, and no line that is still to come is left out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.core.audit import audit_log
from portal.core.hash_chain import chain
from portal.core.transactions import deferred_inserts
from portal.extensions import db
from tests.core.hash_chain.test_trail import found, sealed
from tests.security.walk import of

__all__ = ["sealed"]
pytestmark = pytest.mark.parametrize("built", ["postgresql"], indirect=True)


def seal_of(app):
    with app.app_context():
        return chain.seal()


def plain(app):
    """A commit that has stored its lines and has not come to its end."""
    audit_log.log("export", "agreements", title="没有写完的一行")
    deferred_inserts.ending(db.session())


def after_a_savepoint(app):
    savepoint = db.session.begin_nested()
    audit_log.log("export", "agreements", title="被撤回的一行")
    savepoint.rollback()
    plain(app)


@pytest.fixture
def save(visit, rows):
    """Another user saves an agreement; answers the status."""
    filler, id_ = visit("filler01"), of(rows, 1, "draft")
    typed = filler.look(f"/agreements/edit/{id_}").filled()
    return lambda: filler.post(f"/agreements/edit/{id_}", typed | {"remark": "同时改过"}).status


def test_nobody_who_writes_waits_for_sealing(built, app, sealed, save, monkeypatch):
    monkeypatch.setattr(chain, "PATIENCE", 120.0)
    with ThreadPoolExecutor(2) as pool, app.test_request_context(method="POST"):
        plain(app)  # and does not come to an end
        sealing_now = pool.submit(seal_of, app)
        with pytest.raises(TimeoutError):
            sealing_now.result(0.5)
        assert pool.submit(save).result(60) == 302
        assert not sealing_now.done()
        db.session.commit()
        sealing_now.result(60)
    seal_of(app)
    assert found(app).fault == ""


@pytest.mark.parametrize("write", [plain, after_a_savepoint])
def test_no_line_is_sealed_above_one_that_is_still_to_come(built, app, sealed, save, rows, monkeypatch, write):
    seal_of(app)
    monkeypatch.setattr(chain, "PATIENCE", 0.3)
    with ThreadPoolExecutor(1) as pool, app.test_request_context(method="POST"):
        write(app)
        assert pool.submit(save).result(60) == 302
        assert pool.submit(seal_of, app).result(60) == 0
        db.session.commit()
    assert seal_of(app) >= 2
    verdict = found(app)
    assert (verdict.fault, rows("SELECT max(last_id) FROM audit_seal")) == ("", rows("SELECT max(id) FROM audit_event"))


def test_two_who_seal_at_once_make_one_chain(built, app, sealed, visit, rows):
    visit("filler01").post(f"/agreements/delete/{of(rows, 1, 'draft')}")
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(seal_of, [app] * 4))
    assert sum(counts) + seal_of(app) >= 1
    assert found(app).fault == ""
