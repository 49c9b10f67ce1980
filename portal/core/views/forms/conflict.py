"""Edit conflicts: the second user to save sees who changed what, and keeps the input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from portal.core import clock
from portal.core.audit.audit_log import AuditEvent
from portal.core.audit.versions import lines_since
from portal.core.declaration.ledger import Ledger
from portal.core.fields import Label, Text
from portal.core.records.forms.form import LedgerForm
from portal.core.views.history.record_history import change

BOTH = "_both"


@dataclass(frozen=True)
class Clash:
    """A field that both users changed: its label, the stored text, and whether both texts can be kept."""

    name: str
    label: Label
    theirs: str
    both: bool


@dataclass(frozen=True)
class Conflict:
    """Who saved in the meantime and when, all changes, and the fields that this user changed, too."""

    who: str
    at: datetime
    changes: list[tuple[Label, str, str]]
    clashes: list[Clash]


def meanwhile(ledger: Ledger, form: LedgerForm, record: Any, opened: int | None) -> Conflict | None:
    """The changes since this form was opened, by its version. If there are any, the form gets an error. Changes outside
    the form do not count."""
    now = getattr(record, "version", None)
    if now is None or opened is None or opened == now:
        return None
    met = conflict(ledger, form, record, now - opened) if opened < now else None
    if met is not None or opened > now:
        form.problems.append(changed_meanwhile())
    return met


def changed_meanwhile() -> str:
    return gettext(
        "Somebody else saved this record meanwhile. Nothing of yours is lost: look at the differences, then save again."
    )


def conflict(ledger: Ledger, form: LedgerForm, record: Any, versions: int) -> Conflict | None:
    """The changes that these versions made in the form's fields. Fields that only others changed take their value."""
    events = [line for line in lines_since(ledger, record.id, versions) if touched(ledger, record, line)]
    if not events:
        return None
    changes = [each for event in reversed(events) for each in touched(ledger, record, event)]
    before: dict[str, Any] = {}
    for name, old, _new in changes:
        before.setdefault(name, old)
    clashes = []
    for name, old in before.items():
        if name not in ledger.entered:
            continue
        field, kind = form[name], ledger.field(name).kind
        now = kind.typed(kind.stored(record, name))
        if [text for text in field.texts if text] in (old or [], now):
            field.data, field.raw_data = kind.stored(record, name), now
        else:
            clashes.append(Clash(name, field.declared.label, kind.show(kind.read(record, name)), together(kind)))
    details = ledger.detailed(record)
    told = [change(ledger, path, old, new, details) for path, old, new in changes]
    person = f"{events[0].person} ({events[0].username})" if events[0].person else events[0].username
    return Conflict(person, clock.local(events[0].at), told, clashes)


def touched(ledger: Ledger, record: Any, event: AuditEvent) -> list[Any]:
    """The changes of an audit log entry in the form's fields and tables, without hidden ones."""
    hidden = ledger.hidden(record)
    tables = {ledger.rows_model(table).__tablename__ for table in ledger.form.tables}
    shown = tables | (ledger.entered.keys() - hidden)
    return [each for each in event.changes if each[0].partition("/")[0] in shown]


def together(kind: Any) -> bool:
    """Can the field hold two texts, one below the other?"""
    return isinstance(kind, Text) and kind.lines


def joined(ledger: Ledger, typed: Mapping[str, Any], record: Any) -> Any:
    """The input, with the stored text put first where the user keeps both."""
    chosen = [name for name in MultiDict(typed).getlist(BOTH) if name in ledger.entered]
    if not chosen:
        return typed
    whole = MultiDict(typed)
    for name in chosen:
        theirs = getattr(record, name)
        if together(ledger.field(name).kind) and theirs:
            whole[name] = f"{theirs}\n{whole.get(name, '')}".rstrip()
    return whole
