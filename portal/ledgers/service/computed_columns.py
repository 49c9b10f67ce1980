"""What the workbook of service projects computes beside what a project holds (`docs/domain` §2.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import func, or_, select

from portal.core.declaration.figures import by_key, rate_of_enough
from portal.core.fields import Batch, computed
from portal.ledgers.service.figures import LEAST_ASKED, satisfied
from portal.ledgers.service.model import CONCLUSIONS, Acceptance, Progress, Satisfaction


def latest(batch: Batch, model: Any, value: Any, day: Any) -> Mapping[int, Any]:
    """The value of each project's latest entry until the end of the period; one without a day is older than all others
    (`rules.how_far`)."""
    entries = select(model.project_id, value).where(model.project_id.in_(batch.ids))
    until = entries.where(or_(day.is_(None), day <= batch.last))
    return by_key(until.order_by(day.is_not(None), day, model.id))  # of one key the last row stays


def notes(batch: Batch) -> Mapping[int, str]:
    return latest(batch, Progress, Progress.note, Progress.reported_on)


def acceptances(batch: Batch) -> Mapping[int, str]:
    return latest(batch, Acceptance, Acceptance.conclusion, Acceptance.accepted_on)


def satisfaction(batch: Batch) -> Mapping[int, str]:
    day = Satisfaction.judged_on
    until = or_(day.is_(None), day <= batch.last)
    where = (Satisfaction.project_id.in_(batch.ids), Satisfaction.sample_cnt > 0, until)

    def of_projects(value: Any) -> Mapping[int, int]:
        return by_key(select(Satisfaction.project_id, value).where(*where).group_by(Satisfaction.project_id))

    asked, pleased = of_projects(func.sum(Satisfaction.sample_cnt)), of_projects(satisfied())
    return {id_: rate_of_enough(pleased[id_], total, LEAST_ASKED) for id_, total in asked.items()}


PROJECT_COLUMNS = {
    "progress_note": computed(_("How far it is"), notes),
    "accepted": computed(_("Acceptance"), acceptances, CONCLUSIONS),
    "satisfaction": computed(_("Satisfaction"), satisfaction),
}

__all__ = ["PROJECT_COLUMNS"]
