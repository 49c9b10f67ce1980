"""Three-way merge of an amendment: what the record was when the amendment began, the amendment, the record now.

A field that only the record in force changed since is taken over by the amendment; one that both changed is a
question to whoever approves. What the record was is reconstructed from the audit trail, which keeps no personal values:
of those it only says that they changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask_babel import lazy_gettext
from sqlalchemy import func, select

from portal.core.audit.audit_log import AuditEvent
from portal.core.audit.diff import HIDDEN, altered
from portal.core.audit.versions import Row, Version, lines_of, present, undo
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.workflow import IN_FORCE
from portal.core.fields import Choice, Field, Label
from portal.core.records.unique_values import is_unique
from portal.core.review import amendments
from portal.extensions import db

QUESTION = "merge_"
AMENDED, CURRENT = "amended", "current"


@dataclass(frozen=True)
class Difference:
    """A field or table of the record in force that changed after its amendment began; `clash`: the amendment changed
    it, too."""

    name: str
    label: Label
    amended: str
    current: str
    clash: bool


def differences(ledger: Ledger, draft: Any) -> list[Difference]:
    """The changes of the record in force since its amendment began that still differ from the amendment."""
    record = _in_force(ledger, draft)
    if record is None:
        return []
    begun = _begun(ledger, draft)
    since, own = (lines_of(ledger, each.id, AuditEvent.id > begun) for each in (record, draft))
    if not since:
        return []
    now, amended = present(ledger, record), present(ledger, draft)
    base = present(ledger, record)
    for line in since:
        undo(base, line)
    return list(_compared(ledger, (draft, record), (base, amended, now), (_hidden(own), _hidden(since))))


def _in_force(ledger: Ledger, draft: Any) -> Any:
    """The record that is amended, while both can change."""
    if draft.amends_id is None or draft.status in amendments.ENDED:
        return None
    model = ledger.model
    return db.session.scalars(select(model).where(model.id == draft.amends_id, model.status == IN_FORCE)).first()


def _begun(ledger: Ledger, draft: Any) -> int:
    """The id of the audit log entry that created the amendment."""
    query = select(func.min(AuditEvent.id)).where(AuditEvent.ledger == ledger.name, AuditEvent.record_id == draft.id)
    return db.session.scalar(query) or 0


def _hidden(lines: Collection[AuditEvent]) -> set[str]:
    """The personal fields, and the tables with personal cells, that these audit log entries changed."""
    changes = [change for line in lines for change in altered(line.changes)]
    return {path.partition("/")[0] for path, old, new in changes if HIDDEN in (*(old or ()), *(new or ()))}


def _compared(
    ledger: Ledger, records: tuple[Any, Any], versions: tuple[Version, Version, Version], hidden: tuple[set[str], ...]
) -> Iterator[Difference]:
    draft, record = records
    for name, declared in ledger.entered.items():
        kind = declared.kind
        if kind.stored(draft, name) == kind.stored(record, name):
            continue
        base, amended, current = (version.fields.get(name) for version in versions)
        if current == base and name not in hidden[1]:
            continue
        by_amendment = amended is not None if is_unique(ledger, name) else amended != base
        amended_text, current_text = (kind.show(kind.read(each, name)) for each in records)
        yield Difference(name, declared.label, amended_text, current_text, by_amendment or name in hidden[0])
    for table in amendments.amended_tables(ledger):
        stored = ledger.rows_model(table).__tablename__
        base_rows, amended_rows, current_rows = (_rows(version, stored) for version in versions)
        if (current_rows == base_rows and stored not in hidden[1]) or amended_rows == current_rows:
            continue
        amended_text, current_text = (amendments.rows_text(ledger, table, each) for each in records)
        clash = amended_rows != base_rows or stored in hidden[0]
        yield Difference(table.name, table.label, amended_text, current_text, clash)


def _rows(version: Version, table: str) -> list[Row]:
    return version.tables.get(table, [])


def questions(ledger: Ledger, draft: Any) -> dict[str, Field]:
    """A question for each field changed on both sides: which value to keep. Answers include the version of the record
    in force that was shown, so that an answer for another version does not count."""
    version = _version(ledger, draft)
    return {
        f"{QUESTION}{each.name}": Field(
            Choice(
                (f"{AMENDED}-{version}", lazy_gettext("That of the amendment: %(text)s", text=_brief(each.amended))),
                (
                    f"{CURRENT}-{version}",
                    lazy_gettext("That of the record in force: %(text)s", text=_brief(each.current)),
                ),
            ),
            lazy_gettext("Changed on both sides: %(field)s", field=each.label),
            required=True,
        )
        for each in differences(ledger, draft)
        if each.clash
    }


def _version(ledger: Ledger, draft: Any) -> int:
    model = ledger.model
    return db.session.scalar(select(model.version).where(model.id == draft.amends_id)) or 0


def _brief(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"


def bring_up_to_date(ledger: Ledger, draft: Any, answers: Mapping[str, Any]) -> list[Label]:
    """Copy the values to keep from the record in force into the amendment. Returns the labels of unanswered fields; if
    there are any, nothing is changed."""
    found = differences(ledger, draft)
    chosen = {each.name: str(answers.get(f"{QUESTION}{each.name}") or "").partition("-")[0] for each in found}
    unanswered = [each.label for each in found if each.clash and not chosen[each.name]]
    if unanswered:
        return unanswered
    record = _in_force(ledger, draft)
    for each in found:
        if not each.clash or chosen[each.name] == CURRENT:
            take = partial(_take_field, each.name) if ledger.has(each.name) else partial(_take_table, each.name)
            take(ledger, record, draft)
    return []


def _take_field(name: str, ledger: Ledger, record: Any, draft: Any) -> None:
    kind = ledger.field(name).kind
    kind.store(draft, name, None if is_unique(ledger, name) else kind.stored(record, name))


def _take_table(name: str, ledger: Ledger, record: Any, draft: Any) -> None:
    table = next(table for table in ledger.form.tables if table.name == name)
    setattr(draft, name, amendments.copied_rows(ledger, table, record))
