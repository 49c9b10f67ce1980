"""Rows that wait for the end of the transaction: stored with it, and taken back with the savepoint that they are of."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from portal.core.audit import audit_log
from portal.extensions import db


@pytest.fixture
def told(app, rows):
    """The titles of the lines that the trail has got since."""
    (before,) = rows("SELECT coalesce(max(id), 0) FROM audit_event")[0]
    with app.test_request_context(method="POST"):
        yield lambda: [title for (title,) in rows(f"SELECT title FROM audit_event WHERE id > {before} ORDER BY id")]


def add(title):
    audit_log.log("export", "agreements", title=title)


def test_lines_come_with_the_commit_in_the_order_in_which_they_were_written(told):
    add("一")
    with db.session.begin_nested():
        add("二")
        with db.session.begin_nested():
            add("三")
        add("四")
    add("五")
    assert told() == []
    db.session.commit()
    assert told() == ["一", "二", "三", "四", "五"]


def test_a_savepoint_that_is_taken_back_takes_its_lines_along(told):
    add("一")
    outer = db.session.begin_nested()
    add("二")
    with db.session.begin_nested():
        add("三")
    outer.rollback()
    with db.session.begin_nested():
        add("四")
        inner = db.session.begin_nested()
        add("五")
        inner.rollback()
    db.session.commit()
    assert told() == ["一", "四"]


@pytest.mark.parametrize("undo", [db.session.rollback, db.session.close, db.session.remove])
def test_a_transaction_that_is_taken_back_leaves_nothing_to_the_next(told, undo):
    add("一")
    with db.session.begin_nested():
        add("二")
    db.session.begin_nested()
    add("三")
    undo()
    add("四")
    db.session.commit()
    assert told() == ["四"]


def test_lines_of_a_transaction_are_stored_by_one_statement(told):
    statements = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    for title in "一二三":
        add(title)
    db.session.commit()
    assert sum("INSERT INTO audit_event" in each for each in statements) == 1
