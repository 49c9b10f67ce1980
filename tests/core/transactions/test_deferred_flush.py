"""New records that wait for one flush: stored in order, each logged under its own reason, found by whoever asks."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.audit import audit_log
from portal.core.transactions import deferred_flush
from portal.extensions import db
from portal.ledgers.study.model import StudyGroup


@pytest.fixture
def make(app, built):
    """`make("甲")` makes a study group that waits, under the reason 甲."""
    built.dirty = True
    with app.test_request_context(method="POST"), scope.acting_as(act_as("reviewer")), db.session.no_autoflush:
        unit_id = scope.current().unit_id or 1

        def run(name, **more):
            with audit_log.because(name):
                record = StudyGroup(name=name, unit_id=unit_id, owner_unit_id=unit_id, **more)
                deferred_flush.defer(record)
            return record

        yield run


@pytest.fixture
def flushes(make):
    seen = []

    def note(session, _context):
        seen.append(len(session.new))

    event.listen(db.session, "after_flush", note)
    yield seen
    event.remove(db.session, "after_flush", note)


def told(rows):
    last = "FROM audit_event WHERE ledger = 'study_groups' ORDER BY id DESC LIMIT 3"
    for reason, title, changes in reversed(rows(f"SELECT reason, title, changes {last}")):
        found = json.loads(changes) if isinstance(changes, str) else changes
        yield reason, title, {name: new for name, _, new in found}["name"]


def test_records_that_wait_share_a_flush_and_each_has_its_own_reason(make, flushes, rows):
    made = [make(name) for name in "甲乙丙"]
    assert {record.id for record in made} == {None}
    deferred_flush.flush()
    assert flushes == [3]
    assert [record.id for record in made] == sorted(record.id for record in made)
    db.session.commit()
    assert [*told(rows)] == [(name, name, [name]) for name in "甲乙丙"]


def test_whoever_asks_finds_what_waits(make, flushes):
    record, order = make("甲"), []
    deferred_flush.when_stored(lambda: order.append(record.id))
    asked = select(StudyGroup.id).where(StudyGroup.name == "甲")
    with scope.unscoped("the flush is not judged by who happens to ask"):
        assert db.session.scalars(asked).all() == [record.id] == order
    deferred_flush.when_stored(lambda: order.append("now"))
    assert order == [record.id, "now"]
    assert flushes == [1]


def test_a_record_out_of_reach_is_refused_whoever_asks_next(make):
    with scope.acting_as(act_as("auditor")):
        make("甲")
    with pytest.raises(scope.OutOfScope), scope.unscoped("who asks next may do everything"):
        db.session.scalars(select(StudyGroup.id)).all()


def test_what_a_savepoint_takes_back_waits_no_longer(make, flushes):
    outer = db.session.begin_nested()
    record, order = make("甲"), []
    deferred_flush.when_stored(lambda: order.append(record.id))
    outer.rollback()
    make("乙")
    deferred_flush.flush()
    assert (flushes, order) == ([1], [])
    assert db.session.scalars(select(StudyGroup.name).where(StudyGroup.name.in_([*"甲乙"]))).all() == ["乙"]


def test_what_cannot_be_stored_is_no_error_of_whoever_asks_next(make):
    with db.session.begin_nested() as inner:
        make("甲", record_no="XZ1")
        make("乙", record_no="XZ1")
        with pytest.raises(deferred_flush.NotStored) as raised:
            db.session.scalars(select(StudyGroup.id)).all()
        inner.rollback()
    assert isinstance(deferred_flush.cause(raised.value), IntegrityError)
    assert not isinstance(raised.value, ValueError)


def test_a_record_that_changes_another_is_stored_at_once(make, flushes):
    other = db.session.scalars(select(StudyGroup)).first()
    other.remark = "改过"
    make("甲")
    assert flushes == [1]
