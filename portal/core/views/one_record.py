"""One record with what its page shows: a statement for it, its links and its first table, and one more for each further
table that has rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, exists, inspect, select
from sqlalchemy.orm import aliased, joinedload, lazyload
from sqlalchemy.orm.attributes import set_committed_value

from portal.core.declaration.ledger import Ledger
from portal.core.fields import Links
from portal.core.models.record import OPEN
from portal.core.records.attachments import Attachment
from portal.core.views.lists.listing import header_and_shown, linked
from portal.extensions import BUILT_ONCE, db

FILES, AMENDED = "files", "amended"


@dataclass(frozen=True)
class Found:
    """A record, and what exists beside it: the names of further tables and ledgers of entries with rows, `FILES`, and
    `AMENDED` if an amendment of it is open."""

    record: Any
    beside: frozenset[str]


def find(ledger: Ledger, pk: int) -> Found | None:
    """The record with this id if the user may read it. Empty collections are not queried again."""
    query, collections, beside = _query(ledger)
    row = db.session.execute(query, {"pk": pk}).unique().first()
    if row is None:
        return None
    record, *there = row
    present = frozenset(name for name, has in zip((*collections, *beside), there, strict=True) if has)
    state = inspect(record)
    for name in collections:
        if name not in present and name in state.unloaded:
            set_committed_value(record, name, [])
    return Found(record, present)


@lru_cache(256)
def _query(ledger: Ledger) -> tuple[Select[Any], tuple[str, ...], tuple[str, ...]]:
    """The statement for the record `pk`, and the names of the collections and other things whose existence it returns,
    in order."""
    model, shown = ledger.model, header_and_shown(ledger)
    tables = (*ledger.form.tables, *ledger.form.read_only_tables)
    several = {name: each.kind for name, each in shown.items() if isinstance(each.kind, Links)}
    options = linked(model, {name: each for name, each in shown.items() if name not in several})
    for n, table in enumerate(tables):
        inside = linked(ledger.rows_model(table), ledger.rows_fields(table))
        load = lazyload if n else joinedload  # two tables at once would multiply with one another
        options.append(load(getattr(model, table.name)).options(*inside))
    collections = (*(table.name for table in tables[1:]), *(kind.relation(name) for name, kind in several.items()))
    beside = _beside(ledger)
    there = [*(getattr(model, name).any() for name in collections), *beside.values()]
    query = select(model, *there).where(model.id == bindparam("pk")).options(*options)
    return query.execution_options(**BUILT_ONCE), collections, tuple(beside)


def _beside(ledger: Ledger) -> dict[str, ColumnElement[bool]]:
    """Conditions: does the record have entries, by ledger, files, and an open amendment?"""
    model = ledger.model
    found: dict[str, ColumnElement[bool]] = {}
    for other in ledger.entries:
        if other.under:
            above = inspect(other.model).relationships[other.under.relation]
            [column] = above.local_columns
            found[other.name] = exists().where(column == model.id)
    if ledger.form.files:
        found[FILES] = exists().where(Attachment.ledger == ledger.name, Attachment.record_id == model.id)
    if ledger.transition("amend"):
        draft = aliased(model)
        found[AMENDED] = exists().where(draft.amends_id == model.id, draft.status.in_(OPEN))
    return found
