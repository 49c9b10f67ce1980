"""The history of a record: events with their changes, in the viewer's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from flask_babel import gettext, lazy_gettext
from sqlalchemy import ColumnElement, case, true

from portal.core import clock
from portal.core.access import scope
from portal.core.audit import audit_log
from portal.core.audit.diff import HIDDEN, PLACE, altered
from portal.core.audit.versions import FILE
from portal.core.declaration.ledger import VERBS, Ledger, mounted, named
from portal.core.fields import Field, Label
from portal.core.punctuation import labelled, listed
from portal.core.records import attachments
from portal.core.views.history import audit_words

DONE_BY_THE_PORTAL = "system"
# What the trail tells of beside what can be allowed in a ledger.
DEEDS = {
    **VERBS,
    "grant": lazy_gettext("Gave or took rights"),
    "view_as": lazy_gettext("Began to look at the portal as a role"),
    "view_as_ended": lazy_gettext("Stopped looking at the portal as a role"),
    "sign_in": lazy_gettext("Signed in"),
    "sign_in_failed": lazy_gettext("Failed to sign in"),
    "sign_in_locked": lazy_gettext("Tried to sign in while locked"),
    "unlock": lazy_gettext("Unlocked an account"),
    "names": lazy_gettext("Saw names in full"),
    "compared": lazy_gettext("Compared what was typed with hidden data"),
    "export_asked": lazy_gettext("Asked for personal data in a sheet"),
    "export_approved": lazy_gettext("Approved personal data in a sheet"),
    "export_refused": lazy_gettext("Refused personal data in a sheet"),
    "export_taken": lazy_gettext("Took a sheet with personal data"),
    "undo_import": lazy_gettext("Took back an import"),
    "sign_in_refused": lazy_gettext("Was not let in by another system"),
    "sign_in_other_identity": lazy_gettext("Was not let in: somebody else has this name at the other system"),
    "identity_bound": lazy_gettext("Was bound to an identity of the other system"),
    "identity_released": lazy_gettext("Released an account from its identity at the other system"),
    "second_factor_set": lazy_gettext("Set up a second factor"),
    "second_factor_removed": lazy_gettext("Removed a second factor"),
    "recovery_codes": lazy_gettext("Made new recovery codes"),
    "recovery_code_used": lazy_gettext("Used a recovery code"),
    "sessions_ended": lazy_gettext("Ended sessions"),
    "reset_asked": lazy_gettext("Asked to reset an administrator"),
    "reset_confirmed": lazy_gettext("Confirmed the reset of an administrator"),
    "reset_refused": lazy_gettext("Refused the reset of an administrator"),
    "sign_out": lazy_gettext("Signed out"),
    "refused": lazy_gettext("Was refused"),
    "verify": lazy_gettext("Verified the trail"),
    "keys_renewed": lazy_gettext("Renewed the key of personal data"),
    "heads_refounded": lazy_gettext("Began the copy of the trail's heads anew"),
    "job_stopped": lazy_gettext("Stopped a job"),
    "job_begun_again": lazy_gettext("Began a job again"),
    "files_swept": lazy_gettext("Removed files that belonged to no record"),
    "files_moved": lazy_gettext("Moved all files to another store"),
    "feedback_sent": lazy_gettext("Wrote a suggestion or complaint"),
    "feedback_answered": lazy_gettext("Answered a suggestion or complaint"),
    "view_shared": lazy_gettext("Shared a view of a list"),
    "view_unshared": lazy_gettext("Stopped sharing a view of a list"),
    "ledger_removed": lazy_gettext("Removed what was left of a ledger"),
    "backup_made": lazy_gettext("Made a backup"),
    "restored": lazy_gettext("Restored a backup"),
}
# Deeds whose reason is what somebody needed the data for, which whoever audits is to know.
LOOKING = frozenset({"reveal", "names", "export", *(deed for deed in DEEDS if deed.startswith("export_"))})
# Tables that are no ledger's and tell of the records of some, by the right that reads them.
BESIDE = {"code_item": "code_lists", "sample": "samples", "sample_item": "samples"}
NUMBER = re.compile(r"#\d{1,9}")
FILE_TITLE = re.compile(r"(\w+)/(\d+)\.(\w+)")  # as attachments call themselves


@dataclass(frozen=True)
class Told:
    """An event: when, who, from where, what, why, and (field, before, after) of each change. `own`: did it create a
    version of the record itself?"""

    id: int
    own: bool
    at: datetime
    who: str
    what: Label
    address: str
    subject: str
    reason: str
    changes: list[tuple[Label, str, str]]


def timeline(ledger: Ledger, record: Any, most: int = 200) -> list[Told]:
    names = attachments.names_by_title(ledger, record)
    return [told(ledger, event, record, names) for event in audit_log.history(ledger, record.id, most)]


def told(
    ledger: Ledger, event: audit_log.AuditEvent, record: Any = None, names: Mapping[str, str] = MappingProxyType({})
) -> Told:
    """`record`: the record whose history is shown, if it is one; `names`: names of the files that it still has."""
    source = source_of(event, ledger)
    file = event.ledger == FILE
    kind = gettext("File") if file else source.one
    person = f"{event.person} ({event.username})" if event.person else event.username
    return Told(
        id=event.id,
        own=event.ledger == ledger.name and bool(altered(event.changes)),
        at=clock.local(event.at),
        who=gettext("The portal") if event.username == DONE_BY_THE_PORTAL else person,
        what=DEEDS.get(event.action, event.action),
        address=event.address or "",
        subject=labelled(kind, names.get(event.title) or subject(event)) if file or source is not ledger else "",
        reason=why(event, source),
        changes=[] if file else changed(event, source, detailed(event, source, record)),
    )


def withheld(event: audit_log.AuditEvent) -> bool:
    """Is the entry about records that the user may not read? Auditors without that permission see who, when and which
    fields, the subject's number, and no reason of a transition."""
    about, hidden = (event.root if event.ledger == FILE else event.ledger), unread()
    return about in hidden or (bool(hidden) and about not in audit_words.known_places())


def readable() -> ColumnElement[bool]:
    """SQL condition of the entries that the user may see in full. Those of a removed ledger are only for users who may
    read all ledgers."""
    about = case((audit_log.AuditEvent.ledger == FILE, audit_log.AuditEvent.root), else_=audit_log.AuditEvent.ledger)
    return about.in_(audit_words.known_places() - hidden) if (hidden := unread()) else true()


def unread() -> set[str]:
    """The ledgers and other subjects that the user may not read."""
    rights = {each.name: each.name for each in mounted()} | BESIDE
    return {name for name, right in rights.items() if not scope.current().may("read", right)}


def subject(event: audit_log.AuditEvent) -> str:
    if event.ledger == FILE and not withheld(event):
        return file_title(event)
    if not withheld(event) or NUMBER.fullmatch(event.title):
        return (
            audit_words.retold(event, audit_words.TITLE, [event.title])
            if event.ledger in audit_log.NAMED
            else event.title
        )
    return f"#{event.record_id}" if event.record_id else ""


def file_title(event: audit_log.AuditEvent) -> str:
    """The place of a file as text; older entries have the file name."""
    found, about = FILE_TITLE.fullmatch(event.title), named(event.root)
    place = next((each for each in about.form.files if found and each.name == found[1]), None) if about else None
    return f"{place.label} #{found[2]}.{found[3]}" if found and place else event.title


def why(event: audit_log.AuditEvent, source: Ledger) -> str:
    if event.reason and withheld(event) and event.action not in LOOKING:
        return HIDDEN
    return reason(source, event.reason or "")


def detailed(event: audit_log.AuditEvent, source: Ledger, record: Any) -> bool:
    """May the user see internal details of people in this entry? For records other than the one shown, the entry's unit
    decides."""
    if isinstance(record, source.model):
        return source.detailed(record)
    return not source.detailing or scope.current().covers("details", source.name, event.unit_id)


def changed(event: audit_log.AuditEvent, source: Ledger, details: bool) -> list[tuple[Label, str, str]]:
    shut = withheld(event)
    return [
        (label_of(event, source, path), HIDDEN, HIDDEN)
        if shut and holds(path, old, new)
        else change_of(event, source, path, old, new, details)
        for path, old, new in event.changes
    ]


def label_of(event: audit_log.AuditEvent, source: Ledger, path: str) -> Label:
    return place(source, path)[0] if named(event.ledger) else audit_words.label_of(path)


def change_of(
    event: audit_log.AuditEvent, source: Ledger, path: str, old: list[str] | None, new: list[str] | None, details: bool
) -> tuple[Label, str, str]:
    """A change as text. Rows outside ledgers have column labels and value texts of their own."""
    if named(event.ledger):
        return change(source, path, old, new, details)
    before, after = (audit_words.retold(event, path, texts or ()) or "—" for texts in (old, new))
    return audit_words.label_of(path), before, after


def holds(path: str, old: list[str] | None, new: list[str] | None) -> bool:
    """Is this a change of the record? Not the digest of a workbook, nor a view of masked values."""
    return path not in ("sha256", "watermark") and (old, new) != (None, None)


def source_of(event: audit_log.AuditEvent, ledger: Ledger) -> Ledger:
    """The ledger of the changed record; `ledger` for other rows."""
    return named(event.ledger) or ledger


def reason(ledger: Ledger, text: str) -> str:
    """The reason, with the labels of the fields that it is about."""
    places, colon, rest = text.partition(": ")
    names = places.split(",")
    labels = [ledger.label_of(name) for name in names]
    known = colon and all(label is not name for label, name in zip(labels, names, strict=True))
    return labelled(listed(labels), rest) if known else text


def change(
    ledger: Ledger, path: str, old: list[str] | None, new: list[str] | None, details: bool
) -> tuple[Label, str, str]:
    label, declared = place(ledger, path)
    old, new = (shown(ledger, path, texts, details) for texts in (old, new))
    return label, retold(declared, old), retold(declared, new)


def shown(ledger: Ledger, path: str, texts: list[str] | None, details: bool) -> list[str] | None:
    """Mask internal details for users without permission; they only see that these changed."""
    return [HIDDEN] if texts and ledger.is_sensitive(path) and not details else texts


def place(ledger: Ledger, path: str) -> tuple[Label, Field | None]:
    """The label and kind of a path (`core/audit/diff.py`)."""
    table_name, _, rest = path.partition("/")
    if not rest:
        declared = ledger.field(path) if ledger.has(path) else None
        return (declared.label if declared else audit_words.COLUMNS.get(path, ledger.label_of(path))), declared
    number, _, name = rest.partition("/")
    for table in (*ledger.form.tables, *ledger.form.read_only_tables):
        model = ledger.rows_model(table)
        if model.__tablename__ == table_name:
            declared = ledger.rows_fields(table).get(name)
            shown = declared.label if declared else gettext("Place") if name == PLACE else name
            return f"{table.one} {int(number.lstrip('+-')) + 1} – {shown}", declared
    return name, None


def retold(declared: Field | None, texts: list[str] | None) -> str:
    if not texts:
        return "—"
    if declared is None:
        return ", ".join(texts)
    return declared.kind.retell(texts)
