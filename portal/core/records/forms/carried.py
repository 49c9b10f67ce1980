"""What the form of a new record begins with (`Form.begins`), and what it takes over from an earlier one: some fields at
once from the unit's last record (`Form.carried`), others when the user asks for it from their own last record
(`Form.copied`).

Only from records that the user may read, and nothing that they would see masked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, select

from portal.core.access import scope
from portal.core.declaration.ledger import Ledger
from portal.core.fields import BadValue
from portal.core.fields.base import BLANK
from portal.core.fields.links import standing_under
from portal.extensions import db

GONE = ("voided",)


@dataclass(frozen=True)
class TakenOver:
    """Texts by field, and the record that was copied; None if the user asked for no copy or has none."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    copied: Any = None


def begin(ledger: Ledger, parent: Any, *, copying: bool = False) -> TakenOver:
    """What a new record begins with."""
    texts: dict[str, list[str]] = {}
    copied = None
    for name, value in ledger.form.begins.items():
        texts |= taken(ledger, name, value())
    if ledger.form.carried:
        texts |= texts_of(ledger, ledger.form.carried, last_of_unit(ledger, parent), parent)
    if copying and (copied := own_last(ledger, parent)) is not None:
        texts |= texts_of(ledger, ledger.form.copied, copied, parent)
    return TakenOver(texts, copied)


def last_of_unit(ledger: Ledger, parent: Any) -> Any:
    unit_id = scope.current().unit_id
    if unit_id is None:
        return None
    return db.session.scalars(latest(ledger, parent).where(ledger.model.owner_unit_id == unit_id)).first()


def own_last(ledger: Ledger, parent: Any) -> Any:
    """The last record that the user has entered; of entries without a filler, the last one of the parent record."""
    if not ledger.form.copied:
        return None
    query = latest(ledger, parent)
    if "filler_id" in ledger.mapper.columns:
        query = query.where(ledger.model.filler_id == scope.current().user_id)
    return db.session.scalars(query).first()


def latest(ledger: Ledger, parent: Any) -> Select[Any]:
    model = ledger.model
    query = select(model).order_by(model.id.desc()).limit(1)
    if ledger.under is not None and parent is not None:
        query = query.where(getattr(model, f"{ledger.under.relation}_id") == parent.id)
    if "status" in ledger.mapper.columns:
        query = query.where(model.status.not_in(GONE))
    return query.where(model.amends_id.is_(None)) if "amends_id" in ledger.mapper.columns else query


def texts_of(ledger: Ledger, names: tuple[str, ...], record: Any, parent: Any) -> dict[str, list[str]]:
    """The values as a form holds them, without those that would be masked or can no longer be chosen."""
    if record is None:
        return {}
    found: dict[str, list[str]] = {}
    hidden = ledger.hidden(record) | ledger.hidden(None)
    with standing_under(parent):
        for name in names:
            value = ledger.field(name).kind.stored(record, name)
            if name not in hidden:
                found |= taken(ledger, name, value)
    return found


def taken(ledger: Ledger, name: str, value: Any) -> dict[str, list[str]]:
    """The texts of this value, by field; none if it is blank, masked or nothing that the user may choose."""
    kind = ledger.field(name).kind
    if value in BLANK or kind.masked(value):
        return {}
    texts = kind.typed(value)
    try:
        kind.parse(texts, None)
    except BadValue:
        return {}
    return {name: texts}
