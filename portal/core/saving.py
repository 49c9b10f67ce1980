"""From a judged form to a record: what every record gets besides what was typed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from portal.core import clock, scope
from portal.core.forms import LedgerForm
from portal.core.ledger import Ledger
from portal.core.record import Record
from portal.extensions import db
from portal.org.models import PartyOrg, Unit


class NoOwner(Exception):
    """Neither the record nor the account says whose record this would be."""


def fill(ledger: Ledger, form: LedgerForm, record: Any = None, parent: Any = None) -> Any:
    """The record with the form's values, new if there was none; not yet in any session, nothing committed.

    Raises NoOwner when no unit can own it.
    """
    new = record is None
    with db.session.no_autoflush:
        record = ledger.model() if new else record
        if parent is not None and ledger.under:
            setattr(record, ledger.under.relation, parent)
        form.save_into(record)
        if isinstance(record, Record):
            _header(ledger, record, new)
        if ledger.derive:
            ledger.derive(record)
    return record


def _header(ledger: Ledger, record: Record, new: bool) -> None:
    principal = scope.current()
    owner = _owner(ledger, record)
    record.owner_unit_id = owner
    record.editor_id = principal.user_id
    if new:
        record.status = "draft"
        record.filler_id, record.filled_at = principal.user_id, clock.now()
        record.proxy_filled = principal.unit_id != owner
    record.owner_org_id = getattr(record, ledger.owner, None) if ledger.owner else record.owner_org_id
    day = getattr(record, ledger.event, None) if ledger.event else None
    day = day or clock.today()
    record.year, record.period = day.year, clock.quarter(day)


def _owner(ledger: Ledger, record: Record) -> int:
    """The unit of the organisation that the ledger names as owner, else the account's own."""
    principal = scope.current()
    org_id = getattr(record, ledger.owner, None) if ledger.owner else None
    if org_id is None:
        if principal.unit_id is None:
            raise NoOwner(ledger.name)
        return principal.unit_id
    units: list[int] = list(
        db.session.scalars(select(Unit.id).join(PartyOrg.units).where(PartyOrg.id == org_id).order_by(Unit.sort_no))
    )
    for unit_id in (record.owner_unit_id, principal.unit_id):  # an organisation may stand for several units
        if unit_id is not None and unit_id in units:
            return unit_id
    if not units:
        raise NoOwner(ledger.name)
    return units[0]
