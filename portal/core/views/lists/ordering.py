"""The order of a list, and the statements that find a page of it without putting all records in order."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, cast, null, select, union_all
from sqlalchemy.orm import aliased

from portal.core.declaration.ledger import Ledger
from portal.core.fields import Link
from portal.org.mixins import Scoped

COUNTED = 10_000  # records; a list of more says "more than"


def ordering(ledger: Ledger, order: str) -> list[Any]:
    """By the column; links in the official order of what they link to; ties by id. Descending is the reverse of
    ascending, ties included, so that one index serves both."""
    by = turned(order, ordered_by(ledger, order))
    return [by] if order.removeprefix("-") == "id" else [by, turned(order, ledger.model.id)]


def turned(order: str, column: Any) -> Any:
    return column.desc() if order.startswith("-") else column


def ordered_by(ledger: Ledger, order: str) -> Any:
    column, kind = ledger.column(order.removeprefix("-")), ranked_link(ledger, order)
    return select(kind.rank).where(kind.model.id == column).scalar_subquery() if kind else column


def ranked_link(ledger: Ledger, order: str) -> Link | None:
    """The kind of what is ordered by, where that are links to rows with an order of their own."""
    name = order.removeprefix("-")
    kind = ledger.field(name).kind if ledger.has(name) else None
    return kind if isinstance(kind, Link) and kind.rank.key != "id" else None


def putting_in_order(ledger: Ledger, order: str, ids: Select[Any]) -> Any:
    """These few ids in this order. The limit lets an index find them alone, and not one of the order."""
    found, model = ids.limit(COUNTED + 1).subquery(), ledger.model
    if order.removeprefix("-") == "id":
        return select(found.c.id).order_by(turned(order, found.c.id))
    return select(found.c.id).join(model, model.id == found.c.id).order_by(*ordering(ledger, order))


def following_order(ledger: Ledger, order: str, ids: Select[Any], most: int) -> Any:
    """The first of these ids in this order, which an index has. That of links is the order of what they link to, with
    the records of each of them. What is linked to may be out of reach where it belongs to units, and the record is not:
    such links are looked up record by record.

    Records without a value stand before or after all others. Each half has a limit of its own: PostgreSQL puts as many
    in order as there are where it knows of none."""
    kind, column = ranked_link(ledger, order), ledger.column(order.removeprefix("-"))
    if issubclass(kind.model, Scoped) if kind else not column.nullable:
        return ids.order_by(*ordering(ledger, order))
    if kind:
        target = aliased(kind.model)
        by = getattr(target, kind.rank.key)
        filled = ids.join(target, target.id == column)
    else:
        by, filled = column, ids.where(column.is_not(None))
    id_ = turned(order, ledger.model.id)
    first = filled.add_columns(by.label("by")).order_by(turned(order, by), id_)
    lacking = ids.add_columns(cast(null(), by.type).label("by")).where(column.is_(None)).order_by(id_)
    halves = [half.limit(most).subquery() for half in (first, lacking)]
    merged = union_all(*(select(half.c.id, half.c.by) for half in halves)).subquery()
    return select(merged.c.id).order_by(turned(order, merged.c.by), turned(order, merged.c.id))
