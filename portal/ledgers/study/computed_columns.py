"""What the workbook of study groups computes beside what a group holds (`docs/domain` §2.7)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, func, or_, select

from portal.core.access import scope
from portal.core.declaration.figures import by_key, share
from portal.core.fields import Batch, Percent, Whole, computed
from portal.ledgers.study.figures import counted_people, held
from portal.ledgers.study.model import StudyOutput, StudySession


def of_sessions(batch: Batch, value: Any, *where: ColumnElement[bool]) -> Mapping[int, Any]:
    """Of the sessions of the period that count, by their group."""
    chosen = (*held(), *where, StudySession.group_id.in_(batch.ids), batch.within(StudySession.held_on))
    return by_key(select(StudySession.group_id, value).where(*chosen).group_by(StudySession.group_id))


def sessions(batch: Batch) -> Mapping[int, int]:
    if not scope.current().may("read", StudySession.ledger_name):
        return {}
    found = of_sessions(batch, func.count(StudySession.id))
    return {each.id: found.get(each.id, 0) for each in batch.counting}


def participation(batch: Batch) -> Mapping[int, Decimal | None]:
    present = of_sessions(batch, func.sum(StudySession.present_cnt), *counted_people())
    due = of_sessions(batch, func.sum(StudySession.due_cnt), *counted_people())
    return {each.id: share(present.get(each.id, 0), due.get(each.id, 0)) for each in batch.counting}


def outputs(batch: Batch) -> Mapping[int, int]:
    if not scope.current().may("read", StudyOutput.ledger_name):
        return {}
    there = or_(StudyOutput.finished_on.is_(None), StudyOutput.finished_on <= batch.last)
    query = select(StudyOutput.group_id, func.count(StudyOutput.id)).where(StudyOutput.group_id.in_(batch.ids), there)
    found = by_key(query.group_by(StudyOutput.group_id))
    return {each.id: found.get(each.id, 0) for each in batch.counting}


GROUP_COLUMNS = {
    "session_count": computed(_("Sessions in the period"), sessions, Whole(), reads=(StudySession,)),
    "participation": computed(_("Study participation rate"), participation, Percent(), reads=(StudySession,)),
    "output_count": computed(_("Number of outputs"), outputs, Whole()),
}

__all__ = ["GROUP_COLUMNS"]
