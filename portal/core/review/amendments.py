"""Amendments: a copy goes through review again while the record stays in force, then takes its place.

The old content stays readable as an archived record that names the one which replaced it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask_babel import force_locale
from sqlalchemy import select

from portal.core import clock
from portal.core.access import scope
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import Amended, ChildTable
from portal.core.declaration.workflow import COMMITTEE, FILLER, IN_FORCE, UNIT, Edge, Transition
from portal.core.fields import RowRefs
from portal.core.punctuation import PAPER
from portal.core.records import attachments
from portal.core.records.forms import party_rows
from portal.core.records.unique_values import is_unique
from portal.extensions import db

ENDED = ("archived", "voided")
Kept = Callable[[str, Any], bool]


def everything(_table: str, _row: Any) -> bool:
    return True


def copy_of(ledger: Ledger, record: Any, kept: Kept = everything) -> Any:
    """A new draft with the fields and rows of a record, without unique values."""
    copy = ledger.model()
    for name, declared in ledger.entered.items():
        if not is_unique(ledger, name):
            declared.kind.store(copy, name, declared.kind.stored(record, name))
    pairs: dict[Any, Any] = {}
    for table in ledger.form.tables:
        rows = [row for row in getattr(record, table.name) if kept(table.name, row)]
        setattr(copy, table.name, [_row_copy(ledger, table, row, pairs) for row in rows])
    _connect(ledger, pairs)
    if ledger.under:
        setattr(copy, ledger.under.relation, ledger.above(record))
    copy.owner_unit_id, copy.owner_org_id = record.owner_unit_id, record.owner_org_id
    copy.year, copy.period = record.year, record.period
    copy.status, copy.source = "draft", "online"
    principal = scope.current()
    copy.filler_id = copy.editor_id = principal.user_id
    copy.filled_at, copy.proxy_filled = clock.now(), principal.unit_id != record.owner_unit_id
    if ledger.form.derive:
        ledger.form.derive(copy)
    return copy


def copied_rows(ledger: Ledger, table: ChildTable, record: Any) -> list[Any]:
    """Copies of the rows of a record."""
    pairs: dict[Any, Any] = {}
    found = [_row_copy(ledger, table, row, pairs) for row in getattr(record, table.name)]
    _connect(ledger, pairs)
    return found


def _row_copy(ledger: Ledger, table: ChildTable, row: Any, pairs: dict[Any, Any]) -> Any:
    copy = ledger.rows_model(table)()
    copy.position = row.position
    if hasattr(row, party_rows.BY):
        setattr(copy, party_rows.BY, getattr(row, party_rows.BY))
    for name, declared in ledger.rows_fields(table).items():
        if not isinstance(declared.kind, RowRefs):
            declared.kind.store(copy, name, declared.kind.stored(row, name))
    pairs[row] = copy
    return copy


def _connect(ledger: Ledger, pairs: Mapping[Any, Any]) -> None:
    """Link copied rows to the copies of the rows that the originals link to."""
    for table in ledger.form.tables:
        kinds = [declared.kind for declared in ledger.rows_fields(table).values()]
        for kind in kinds:
            if isinstance(kind, RowRefs):
                for row in (row for row in pairs if isinstance(row, ledger.rows_model(table))):
                    chosen = [pairs[ref] for ref in getattr(row, kind.relation) if ref in pairs]
                    setattr(pairs[row], kind.relation, chosen)


def may_begin(record: Any) -> bool:
    """May an amendment begin? Only one at a time for each record."""
    model = type(record)
    query = select(model.id).where(model.amends_id == record.id, model.status.not_in(ENDED))
    return db.session.scalars(query.limit(1)).first() is None


def still_in_force(draft: Any) -> bool:
    """Is the amended record still in force?"""
    model = type(draft)
    query = select(model.id).where(model.id == draft.amends_id, model.status == IN_FORCE)
    return db.session.scalars(query).first() is not None


def begin(ledger: Ledger, record: Any, answers: Mapping[str, Any]) -> Any:
    """Create the draft of an amendment."""
    draft = copy_of(ledger, record)
    draft.amends_id, draft.amend_reason = record.id, answers["reason"]
    return draft


def take_effect(ledger: Ledger, draft: Any) -> Any:
    """Give the record in force the amendment's content; the amendment gets the old content and is archived."""
    model = ledger.model
    record = db.session.scalars(select(model).where(model.id == draft.amends_id)).one()
    changes = [each for each in changes_between(ledger, record, draft) if each.name not in ledger.privacy.internal]
    if ledger.review.on_amend:
        ledger.review.on_amend(record, changes, draft.amend_reason or "")
    for name, declared in ledger.entered.items():
        kind = declared.kind
        new, old = kind.stored(draft, name), kind.stored(record, name)
        if is_unique(ledger, name):
            new, old = new or old, None
            kind.store(draft, name, None)
            db.session.flush()  # before another row may hold it
        kind.store(record, name, new)
        kind.store(draft, name, old)
    for table in amended_tables(ledger):
        new_rows, old_rows = list(getattr(draft, table.name)), list(getattr(record, table.name))
        setattr(record, table.name, new_rows)
        setattr(draft, table.name, old_rows)
    for file in attachments.of(ledger, draft):
        file.record_id = record.id  # a supplement belongs with the agreement
    if ledger.form.derive:
        ledger.form.derive(record)
    draft.status, draft.prior_status = "archived", None
    return record


def amended_tables(ledger: Ledger) -> tuple[ChildTable, ...]:
    """The tables without those that are edited while the record is in force: an amendment would overwrite such
    edits."""
    return tuple(table for table in ledger.form.tables if not table.in_force)


def changes_between(ledger: Ledger, old: Any, new: Any) -> Iterator[Amended]:
    """The fields and tables that differ, as text. Values are compared and not texts, because masks are equal."""
    with force_locale(PAPER):
        for name, declared in ledger.entered.items():
            kind = declared.kind
            if kind.stored(old, name) != kind.stored(new, name) and not is_unique(ledger, name):
                texts = (kind.show(kind.read(record, name)) for record in (old, new))
                yield Amended(name, *texts)
        for table in amended_tables(ledger):
            before, after = (rows_text(ledger, table, record) for record in (old, new))
            if before != after:
                yield Amended(table.name, before, after)


def rows_text(ledger: Ledger, table: ChildTable, record: Any) -> str:
    fields = ledger.rows_fields(table)
    lines = []
    for row in getattr(record, table.name):
        cells = (declared.kind.show(declared.kind.read(row, name)) for name, declared in fields.items())
        lines.append("，".join(cell for cell in cells if cell))
    return "；".join(lines)


AMEND = Transition(
    "amend",
    (FILLER, UNIT, COMMITTEE),
    (Edge(IN_FORCE, IN_FORCE, when=may_begin),),
    "pencil",
    reason="why",
    apply=begin,
    also_sets=("archived",),
)
