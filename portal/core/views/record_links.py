"""Which records named on a page the user may open."""

from __future__ import annotations

from typing import Any

from flask import url_for
from sqlalchemy import select

from portal.core.access import scope
from portal.core.declaration.ledger import Ledger, mounted
from portal.core.fields import Link
from portal.core.models.record import OPEN
from portal.extensions import db


def pages_of(ledger: Ledger, record: Any, hidden: Any) -> dict[str, str]:
    """The URLs of linked records of other ledgers, by field. Organisations and members are left out: they are linked
    too often to be checked each time."""
    found = {}
    for name in ledger.shown:
        kind = ledger.field(name).kind
        if name in hidden or not isinstance(kind, Link) or kind.multiple:
            continue
        other = next((each for each in mounted() if each.review.statuses and each.model is kind.model), None)
        id_ = getattr(kind.read(record, name), "id", None) if other else None
        if other and id_ is not None and may_open(other, id_):
            found[name] = url_for(f"{other.name}.show", pk=id_)
    return found


def may_open(ledger: Ledger, id_: int) -> bool:
    """May the user open the record? A user may see the name of a record without that."""
    if not scope.current().may("read", ledger.name):
        return False
    return db.session.scalar(select(ledger.model.id).where(ledger.model.id == id_)) is not None


def amendment_of(ledger: Ledger, record: Any) -> Any:
    """The open amendment of a record in force, if the user may read it."""
    query = select(ledger.model).where(ledger.model.amends_id == record.id, ledger.model.status.in_(OPEN))
    return db.session.scalars(query.limit(1)).first()


__all__ = ["amendment_of", "pages_of"]
