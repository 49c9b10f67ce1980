"""Two people at the same record: the second to save is told who changed what, and loses nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from werkzeug.datastructures import MultiDict

from portal.core import clock
from portal.core.audit import AuditEvent
from portal.core.fields import Label, Text
from portal.core.forms import LedgerForm
from portal.core.ledger import Ledger
from portal.core.versions import lines_since
from portal.core.views.timeline import change

BOTH = "_both"


@dataclass(frozen=True)
class Clash:
    """A field that both changed: what it is called, what stands there now, and whether both texts can be kept."""

    name: str
    label: Label
    theirs: str
    both: bool


@dataclass(frozen=True)
class Conflict:
    """Who saved meanwhile and when, all that they changed, and what of it the user changed, too."""

    who: str
    at: datetime
    changes: list[tuple[Label, str, str]]
    clashes: list[Clash]


def conflict(ledger: Ledger, form: LedgerForm, record: Any, versions: int) -> Conflict | None:
    """What so many saves have changed of what the form has. Fields that only the others changed become theirs in it."""
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
    """What a line changed of the form's fields and tables, as far as the user sees them."""
    hidden = ledger.hidden(record)
    tables = {ledger.rows_model(table).__tablename__ for table in ledger.rows}
    shown = tables | (ledger.entered.keys() - hidden)
    return [each for each in event.changes if each[0].partition("/")[0] in shown]


def together(kind: Any) -> bool:
    """Can two texts stand in it, one below the other?"""
    return isinstance(kind, Text) and kind.lines


def joined(ledger: Ledger, typed: Mapping[str, Any], record: Any) -> Any:
    """What was typed, with theirs above it where both are to be kept."""
    chosen = [name for name in MultiDict(typed).getlist(BOTH) if name in ledger.entered]
    if not chosen:
        return typed
    whole = MultiDict(typed)
    for name in chosen:
        theirs = getattr(record, name)
        if together(ledger.field(name).kind) and theirs:
            whole[name] = f"{theirs}\n{whole.get(name, '')}".rstrip()
    return whole
