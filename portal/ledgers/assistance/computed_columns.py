"""What the workbooks of pairings and visits compute beside what a record holds (`docs/domain` §2.7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, Select, func, select

from portal.core.access import scope
from portal.core.declaration.figures import by_key
from portal.core.fields import Batch, Code, Day, PersonalMoney, Whole, computed
from portal.core.punctuation import clauses, labelled, listed
from portal.ledgers.assistance.figures import paid
from portal.ledgers.assistance.model import AID_KINDS, HANDLINGS, AidItem, Beneficiary, Visit, VisitNeed
from portal.org.models import Area, PartyOrg

Statement: TypeAlias = Select[*tuple[Any, ...]]
SOLVED = "solved"  # on the spot; what becomes something else is followed there


def of_beneficiary(batch: Batch, query: Statement) -> Mapping[int, Any]:
    found = by_key(query.where(Beneficiary.id.in_(batch.named("beneficiary_id"))))
    return {each.id: found[each.beneficiary_id] for each in batch.records if each.beneficiary_id in found}


def kinds(batch: Batch) -> Mapping[int, str]:
    return of_beneficiary(batch, select(Beneficiary.id, Beneficiary.target_type))


def communities(batch: Batch) -> Mapping[int, str]:
    return of_beneficiary(batch, select(Beneficiary.id, Area.name).join(Beneficiary.community))


def of_pairs(batch: Batch, query: Statement, *where: ColumnElement[bool], nothing: Any = None) -> Mapping[int, Any]:
    """What a statement over visits tells of those that count, by the pairing's unit and beneficiary."""
    if not scope.current().may("read", Visit.ledger_name):
        return {}
    pair = (Visit.owner_unit_id, Visit.beneficiary_id)
    chosen = (*paid(), Visit.beneficiary_id.in_(batch.named("beneficiary_id")), *where)
    value = query.selected_columns[0]
    found = by_key(query.with_only_columns(*pair, value).where(*chosen).group_by(*pair))
    return {each.id: found.get((each.owner_unit_id, each.beneficiary_id), nothing) for each in batch.counting}


def visits(batch: Batch) -> Mapping[int, int]:
    return of_pairs(batch, select(func.count(Visit.id)), batch.within(Visit.visited_on), nothing=0)


def last_visits(batch: Batch) -> Mapping[int, Any]:
    return of_pairs(batch, select(func.max(Visit.visited_on)), Visit.visited_on <= batch.last)


def needs(*where: ColumnElement[bool]) -> Callable[[Batch], Mapping[int, int]]:
    """How many requests were collected on the visits of the period."""

    def values(batch: Batch) -> Mapping[int, int]:
        query = select(func.count(VisitNeed.id)).select_from(Visit).join(Visit.visit_needs)
        return of_pairs(batch, query, batch.within(Visit.visited_on), *where, nothing=0)

    return values


def visited_communities(batch: Batch) -> Mapping[int, str]:
    """That of whoever was visited, or of the organisation."""
    area = func.coalesce(Beneficiary.community_id, PartyOrg.community_id)
    query = select(Visit.id, Area.name).outerjoin(Visit.beneficiary).outerjoin(Visit.target_org)
    return by_key(query.join(Area, Area.id == area).where(Visit.id.in_(batch.ids)))


def aid_of(item: AidItem) -> str:
    """Amounts stay masked, as in the sheet of what was given."""
    what = listed(filter(None, [item.description, PersonalMoney().cell(item.amount)]))
    kind = AID_KINDS.show(item.category)
    return labelled(kind, what) if what else kind


def handling_of(need: VisitNeed) -> str:
    return labelled(Code("C15").show(need.category), HANDLINGS.show(need.handling))


def given(batch: Batch) -> Mapping[int, str]:
    return {id_: clauses(map(aid_of, items)) for id_, items in batch.rows("aid_items").items()}


def sources(batch: Batch) -> Mapping[int, str]:
    kind = Code("C19")
    items = batch.rows("aid_items").items()
    found = {id_: dict.fromkeys(kind.show(each.source) for each in rows) for id_, rows in items}
    return {id_: listed(filter(None, texts)) for id_, texts in found.items()}


def handled(batch: Batch) -> Mapping[int, str]:
    """Each request by its kind and what became of it."""
    return {id_: clauses(map(handling_of, needs)) for id_, needs in batch.rows("visit_needs").items()}


PAIR = ("owner_unit_id", "beneficiary_id")
PAIRING_COLUMNS = {
    "beneficiary_type": computed(
        _("Kind of beneficiary"), kinds, Code("C13"), needs=("beneficiary_id",), reads=(Beneficiary,)
    ),
    "beneficiary_community": computed(_("Community"), communities, needs=("beneficiary_id",), reads=(Beneficiary,)),
    "visit_count": computed(_("Visits in the period"), visits, Whole(), needs=PAIR, reads=(Visit,)),
    "last_visit": computed(_("Last visit"), last_visits, Day(), needs=PAIR, reads=(Visit,)),
    "needs_collected": computed(_("Collected"), needs(), Whole(), needs=PAIR, reads=(Visit,)),
    "needs_solved": computed(_("Solved"), needs(VisitNeed.handling == SOLVED), Whole(), needs=PAIR, reads=(Visit,)),
}
VISIT_COLUMNS = {
    "visit_community": computed(_("Community"), visited_communities, reads=(Beneficiary,)),
    "aid": computed(_("Goods and money given"), given),
    "aid_source": computed(_("Source of the money"), sources),
    "needs_handled": computed(_("How requests were handled"), handled),
}

__all__ = ["PAIRING_COLUMNS", "VISIT_COLUMNS"]
