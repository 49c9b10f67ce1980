"""What the workbook of agreements computes beside what an agreement holds (`docs/domain` §2.7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask_babel import lazy_gettext as _
from sqlalchemy import case, func, select
from sqlalchemy.orm import aliased

from portal.core.access import scope
from portal.core.declaration.figures import by_key
from portal.core.fields import Batch, Whole, computed
from portal.ledgers.cobuilding.figures import NOT_WITHDRAWN
from portal.ledgers.cobuilding.model import CoopActivity
from portal.org.models import Area, PartyOrg

RESOURCES_OFFERED = ("free", "taken")
PROJECTS_KEPT = ("not_started", "running", "done", "delayed")


def towns(batch: Batch) -> Mapping[int, str]:
    """Where the community of party B lies; a town or zone that is party B itself is its own."""
    town = aliased(Area)
    name = case((Area.kind.in_(("town", "zone")), Area.name), else_=town.name)
    query = select(PartyOrg.id, name).join(PartyOrg.community).outerjoin(town, town.id == Area.parent_id)
    found = by_key(query.where(PartyOrg.id.in_(batch.named("party_b_org_id"))))
    return {each.id: found[each.party_b_org_id] for each in batch.records if each.party_b_org_id in found}


def listed(table: str, statuses: tuple[str, ...]) -> Callable[[Batch], Mapping[int, int]]:
    """How many rows of a list have these statuses."""

    def values(batch: Batch) -> Mapping[int, int]:
        rows = batch.rows(table)
        return {each.id: sum(row.status in statuses for row in rows.get(each.id, ())) for each in batch.counting}

    return values


def activities(batch: Batch) -> Mapping[int, int]:
    if not scope.current().may("read", CoopActivity.ledger_name):
        return {}
    query = select(CoopActivity.agreement_id, func.count(CoopActivity.id)).group_by(CoopActivity.agreement_id)
    found = by_key(query.where(CoopActivity.agreement_id.in_(batch.ids), batch.within(CoopActivity.held_on)))
    return {each.id: found.get(each.id, 0) for each in batch.counting}


AGREEMENT_COLUMNS = {
    "town": computed(_("Town of the community"), towns, needs=("party_b_org_id",)),
    "need_count": computed(_("Needs"), listed("demand_items", NOT_WITHDRAWN), Whole()),
    "resource_count": computed(_("Resources"), listed("resource_items", RESOURCES_OFFERED), Whole()),
    "project_count": computed(_("Projects"), listed("coop_items", PROJECTS_KEPT), Whole()),
    "activity_count": computed(_("Activities in the period"), activities, Whole()),
}
