"""Find the record of a row by the ledger's alternate keys if its natural key is blank."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select

from portal.core.declaration.ledger import Ledger
from portal.core.fields.base import BLANK
from portal.core.records.forms.form import LedgerForm
from portal.extensions import db


def key_fields(ledger: Ledger, form: LedgerForm) -> tuple[str, ...]:
    """The first declared key with all fields filled in, or the natural key."""
    keys = (ledger.sheet.identity, *ledger.sheet.other_identities)
    filled = (names for names in keys if names and all(form[name].data not in BLANK for name in names))
    return next(filled, ledger.sheet.identity)


def candidates(ledger: Ledger, form: LedgerForm, query: Select[Any]) -> list[Any]:
    """The records that match this row; several only for an alternate key."""
    names = key_fields(ledger, form)
    same = [ledger.field(name).kind.same(ledger.model, name, form[name].data) for name in names]
    if not same or any(condition is None for condition in same):
        return []
    found = db.session.scalars(query.where(*(condition for condition in same if condition is not None)).limit(50)).all()
    if names == ledger.sheet.identity:
        return list(found[:1])
    return [record for record in found if not contradicts(ledger, form, record)]


def contradicts(ledger: Ledger, form: LedgerForm, record: Any) -> bool:
    """Do tie-breaker fields differ? Hidden fields are not compared, since the result would confirm guesses."""
    hidden = ledger.hidden(record)
    for name in (each for each in ledger.sheet.tie_breakers if each not in hidden):
        typed, held = form[name].data, ledger.field(name).kind.stored(record, name)
        if typed not in BLANK and held not in BLANK and typed != held:
            return True
    return False


def confirms(ledger: Ledger, form: LedgerForm, record: Any) -> bool:
    """Does an alternate key identify the record safely, i.e. do all tie-breaker fields match? False if the row is
    looked up by its natural key."""
    if key_fields(ledger, form) == ledger.sheet.identity:
        return False
    hidden = ledger.hidden(record)
    kinds = {name: ledger.field(name).kind for name in ledger.sheet.tie_breakers}
    return all(name not in hidden and form[name].data == kind.stored(record, name) for name, kind in kinds.items())


__all__ = ["candidates", "confirms", "contradicts", "key_fields"]
