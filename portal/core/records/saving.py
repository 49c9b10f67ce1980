"""Save a validated form to a record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.core import clock
from portal.core.access import scope
from portal.core.access.cached_lookups import remembered
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.workflow import IN_FORCE
from portal.core.fields import Field
from portal.core.fields.own import first_organisation
from portal.core.models.record import Record
from portal.core.records.forms.form import LedgerForm
from portal.extensions import db
from portal.org.models import Unit


class NoOwner(Exception):
    """Raised if neither the record nor the account determines the owning unit."""


class Dissolved(Exception):
    """Raised if the owning unit is dissolved; the message is for the user."""


def day_of(ledger: Ledger, record: Any) -> date | None:
    """The date of a record, or another date that determines its year (`Number.dated_by`)."""
    names = (ledger.event, *ledger.number.dated_by)
    return next((day for name in names if name and (day := getattr(record, name, None))), None)


def fill(ledger: Ledger, form: LedgerForm, record: Any = None, parent: Any = None) -> Any:
    """The record with the form's values, new if there was none; not yet in a session, nothing committed.

    Raises NoOwner if no unit can own it, and Dissolved if it is new and its unit is dissolved.
    """
    new = record is None
    with db.session.no_autoflush:
        record = ledger.model() if new else record
        if parent is not None and ledger.under:
            setattr(record, ledger.under.relation, parent)
        form.save_into(record)
        if isinstance(record, Record):
            _header(ledger, record, new)
        if ledger.form.derive:
            ledger.form.derive(record)
    return record


def _header(ledger: Ledger, record: Record, new: bool) -> None:
    principal = scope.current()
    owner = _owner(ledger, record)
    record.owner_unit_id = owner
    if new or written_by_its_side(record):
        record.editor_id = principal.user_id
    if new:
        _must_stand(ledger, record)
        record.status = "draft"
        record.filler_id, record.filled_at = principal.user_id, clock.now()
        record.proxy_filled = principal.unit_id != owner
    record.owner_org_id = _owner_org(ledger, record)
    day = day_of(ledger, record) or clock.today()
    record.year, record.period = day.year, clock.quarter(day)
    after_owner_known(ledger.entered, record)
    for table in ledger.form.tables:
        for row in getattr(record, table.name):
            after_owner_known(ledger.rows_fields(table), row)


def written_by_its_side(record: Record) -> bool:
    """Does this save set the editor, who then may not approve? Not in records in force, nor for the other party's
    input."""
    return record.status != IN_FORCE and scope.current().area_id is None


def after_owner_known(fields: Mapping[str, Field], row: Any) -> None:
    for name, declared in fields.items():
        declared.kind.after_owner_known(row, name)


def _owner(ledger: Ledger, record: Record) -> int:
    """The unit of the parent record, or of the ledger's owner field, or the unit selected or that of the account."""
    principal, above = scope.current(), ledger.above(record)
    if above is not None:
        found: int = above.owner_unit_id
        return found
    named = getattr(record, ledger.owner.unit, None) if ledger.owner.unit else None
    if named is None:
        own = record.owner_unit_id or principal.unit_id
        if own is None:
            raise NoOwner(ledger.name)
        return own
    units = ledger.field(ledger.owner.unit).kind.owners(named)
    for unit_id in (record.owner_unit_id, principal.unit_id):  # an organisation may stand for several units
        if unit_id is not None and unit_id in units:
            return unit_id
    if not units:
        raise NoOwner(ledger.name)
    return units[0]


def _must_stand(ledger: Ledger, record: Record) -> None:
    """Refuse new records of a dissolved unit. Entries are still added to its records, which the successor unit
    keeps."""
    if ledger.under:
        return
    if fault := remembered(("dissolved", record.owner_unit_id), lambda: _dissolution(record.owner_unit_id)):
        raise Dissolved(fault)


def _dissolution(unit_id: int) -> str:
    """The message if a unit is dissolved; "" if it is not."""
    query = select(Unit).options(joinedload(Unit.merged_into)).where(Unit.id == unit_id)
    unit = db.session.scalars(query).one()
    if unit.status != "dissolved":
        return ""
    if unit.merged_into is None:
        return gettext("%(unit)s is dissolved: nothing new is entered for it.", unit=unit.short_name)
    return gettext(
        "%(unit)s is dissolved: nothing new is entered for it, but for %(into)s, which took it over.",
        unit=unit.short_name,
        into=unit.merged_into.short_name,
    )


def _owner_org(ledger: Ledger, record: Record) -> int | None:
    """The organisation in the record, or the user's own, or the first one of the unit."""
    above = ledger.above(record)
    if above is not None:
        return above.owner_org_id
    if ledger.owner.org:
        return getattr(record, ledger.owner.org, None)
    principal = scope.current()
    if principal.org_id and principal.unit_id == record.owner_unit_id:
        return principal.org_id
    return first_organisation(record.owner_unit_id)
