"""Sealing on PostgreSQL beside those who write: nobody waits for it, and no line that is still to come is left out."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.core import audit, sealing
from portal.extensions import db
from tests.core.test_trail import found, sealed
from tests.holes.walk import of

__all__ = ["sealed"]
pytestmark = pytest.mark.parametrize("built", ["postgresql"], indirect=True)


def seal_of(app):
    with app.app_context():
        return sealing.seal()


def plain(app):
    audit.add("export", "agreements", title="没有写完的一行")


def after_a_savepoint(app):
    savepoint = db.session.begin_nested()
    audit.add("export", "agreements", title="被撤回的一行")
    savepoint.rollback()
    audit.add("export", "agreements", title="没有写完的一行")


@pytest.mark.parametrize("write", [plain, after_a_savepoint])
def test_writers_do_not_wait_for_sealing_and_their_lines_come_into_the_next_seal(
    built, app, sealed, visit, rows, monkeypatch, write
):
    seal_of(app)
    filler, id_ = visit("filler01"), of(rows, 1, "draft")
    typed = filler.look(f"/agreements/edit/{id_}").filled()
    with ThreadPoolExecutor(2) as pool, app.test_request_context(method="POST"):
        write(app)  # and does not come to an end
        monkeypatch.setattr(sealing, "PATIENCE", 2.0)
        began, sealing_now = time.monotonic(), pool.submit(seal_of, app)
        page = pool.submit(lambda: filler.post(f"/agreements/edit/{id_}", typed | {"remark": "同时改过"})).result(30)
        assert page.status == 302
        assert not sealing_now.done(), f"saved only after sealing gave up, {time.monotonic() - began:.1f} s"
        assert sealing_now.result(30) == 0, "a line was passed over"
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
