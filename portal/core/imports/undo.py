"""Undo a whole import: delete what it created, restore what it changed. Records changed since are kept and named.
Assigned numbers are not reused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from flask_babel import force_locale, gettext
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.core import clock
from portal.core.access import scope
from portal.core.audit import audit_log
from portal.core.audit.audit_log import AuditEvent
from portal.core.audit.diff import altered
from portal.core.declaration.ledger import Ledger, mounted
from portal.core.declaration.workflow import IN_FORCE
from portal.core.imports import references, runs
from portal.core.imports.runs import ImportRun, ImportRunRecord
from portal.core.imports.snapshots import put_back
from portal.core.punctuation import PAPER, clauses, listed
from portal.core.records import attachments
from portal.core.review import transitions
from portal.extensions import db
from portal.org.codes import CodeList
from portal.org.encrypted import Sealed

DEED = "undo_import"
CHUNK = 200  # records that are looked up at once
Place = tuple[str, int]  # name of the ledger, id of the record
Contradiction = tuple[str, int, str, str]  # ledger, id, what the record is called, what is wrong


@dataclass
class Touched:
    """A record changed by an import: was it created, the audit log entries, and its previous state."""

    ledger: Ledger
    record_id: int
    made: bool
    lines: set[str]
    before: Sealed | None

    @property
    def place(self) -> Place:
        return self.ledger.name, self.record_id


@dataclass
class Undone:
    """Result of an undo: the numbers of deleted and restored records, and with a reason the records that were kept and
    those that now violate a rule."""

    removed: int = 0
    restored: int = 0
    stayed: list[tuple[str, int, str, str]] = field(default_factory=list)
    # Records that break a rule now: those that are what they were before, and those entered since the import.
    contradicting: list[Contradiction] = field(default_factory=list)


def undo(run: ImportRun, between: Callable[[int, int], None]) -> Undone:
    """Undo an import. `between(done, all)` is called between records, where the transaction may be committed. The
    caller has checked the permission, and commits."""
    outcome, records = Undone(), list(touched(run.id))
    run_id, began, verb = run.id, run.began_at, "adopt" if run.adopt else "import"
    with force_locale(PAPER):
        reason = gettext("Import %(number)d undone", number=run_id)
    since = entered_since(records, began)
    known = {*judge(since, verb, partial(between, 0, len(records)))}
    for first in range(0, len(records), CHUNK):
        chunk = records[first : first + CHUNK]
        later, asked = changed_since(chunk, began), maybe_referred(chunk)
        for n, each in enumerate(chunk, first):
            between(n, len(records))
            right = verb if verb in each.ledger.verbs else "add"
            with scope.doing(right), audit_log.because(reason), audit_log.named(DEED):
                undo_one(each, reason_to_stay(each, each.place in later, each.place in asked), outcome)
    stayed = {(name, id_) for name, id_, *_ in outcome.stayed}
    restored = [place for each in records if not each.made and (place := each.place) not in stayed]
    found = judge([*restored, *since], verb, partial(between, len(records), len(records)))
    outcome.contradicting += [each for each in dict.fromkeys(found) if each not in known]
    runs.update_run(run_id, state=runs.UNDONE, undone_at=clock.now(), undone_by=scope.current().name[:64])
    return outcome


def judge(places: Iterable[Place], verb: str, between: Callable[[], None]) -> Iterator[Contradiction]:
    """The rule violations of these records in force and their entries, as a user who adds them would see them."""
    ledgers = {ledger.name: ledger for ledger in mounted()}
    for name, id_ in places:
        between()
        ledger = ledgers[name]
        record = db.session.scalars(select(ledger.model).where(ledger.model.id == id_)).first()
        if record is not None:
            with scope.doing(verb if verb in ledger.verbs else "add"):
                yield from contradictions(ledger, record)


def entered_since(records: Sequence[Touched], began: datetime) -> list[Place]:
    """Records that others created or changed since an import began, and that may depend on imported data."""
    own, ours = {line for each in records for line in each.lines}, {each.place for each in records}
    columns = (getattr(AuditEvent, name) for name in ("uid", "ledger", "record_id", "root", "root_id", "changes"))
    known, found, begun = {ledger.name for ledger in mounted() if ledger.review.statuses}, dict[Place, None](), False
    for line in db.session.execute(select(*columns).where(AuditEvent.at >= began).order_by(AuditEvent.id)):
        begun = begun or line.uid in own
        places = {(line.ledger, line.record_id), (line.root, line.root_id)}
        if begun and line.uid not in own and altered(line.changes):
            found |= dict.fromkeys(place for place in places - ours if place[0] in known)
    return [*found]


def contradictions(ledger: Ledger, record: Any) -> Iterator[Contradiction]:
    """The rule violations of a record in force and of its entries in force. Missing values are reported elsewhere."""
    if getattr(record, "status", None) != IN_FORCE:
        return
    try:
        transitions.require_whole(ledger, record, lenient=True)
    except transitions.Incomplete as fault:
        yield ledger.name, record.id, str(record), clauses(fault.texts)
    for other in ledger.entries:
        if other.under:
            relation = getattr(other.model, other.under.relation)
            for entry in db.session.scalars(select(other.model).where(relation == record).order_by(other.model.id)):
                yield from contradictions(other, entry)


def touched(run_id: int) -> Iterator[Touched]:
    """The records of an import, last first, so that entries are deleted before their parent record."""
    ledgers = {ledger.name: ledger for ledger in mounted()}
    found: dict[tuple[str, int], Touched] = {}
    columns = (getattr(ImportRunRecord, name) for name in ("ledger", "record_id", "made", "line", "before"))
    query = select(*columns).where(ImportRunRecord.run_id == run_id).order_by(ImportRunRecord.id)
    for row in db.session.execute(query):
        known = found.get((row.ledger, row.record_id))
        if known is not None:
            known.lines.add(row.line)
        elif row.ledger in ledgers:
            found[row.ledger, row.record_id] = Touched(
                ledgers[row.ledger], row.record_id, row.made, {row.line}, row.before
            )
    return reversed(found.values())


def changed_since(records: Sequence[Touched], began: datetime) -> set[tuple[str, int]]:
    """The records with later changes in the audit log that are not part of the import. Views of masked values do not
    count."""
    own = {line for each in records for line in each.lines}
    first: dict[tuple[str, int], int] = {}
    others: list[tuple[tuple[str, int], int]] = []
    for line, record in lines_since(records, began):
        if line.uid in own:
            first[record] = min(line.id, first.get(record, line.id))
        elif line.action != DEED and altered(line.changes):
            others.append((record, line.id))
    return {record for record, id_ in others if id_ > first.get(record, 0)}


def lines_since(records: Sequence[Touched], began: datetime) -> Iterator[tuple[Any, tuple[str, int]]]:
    """Audit log entries of these records and their entries, each with the record."""
    columns = (AuditEvent.id, AuditEvent.uid, AuditEvent.action, AuditEvent.changes)
    for name in {each.ledger.name for each in records}:
        ids = [each.record_id for each in records if each.ledger.name == name]
        for owner, id_ in ((AuditEvent.ledger, AuditEvent.record_id), (AuditEvent.root, AuditEvent.root_id)):
            query = select(*columns, id_.label("of")).where(AuditEvent.at >= began, owner == name, id_.in_(ids))
            yield from ((line, (name, line.of)) for line in db.session.execute(query))


def maybe_referred(records: Sequence[Touched]) -> set[tuple[str, int]]:
    """Created records that other rows reference. Some of these rows may be deleted first."""
    found = set()
    for ledger in {each.ledger.name: each.ledger for each in records if each.made}.values():
        ids = [each.record_id for each in records if each.made and each.ledger is ledger]
        found |= {(ledger.name, id_) for id_ in references.referred(ledger, ids)}
    return found


def reason_to_stay(each: Touched, changed: bool, maybe_referred: bool) -> str:
    """The reason why a record is not undone; "" if it can be."""
    if changed:
        return gettext("Changed since")
    if not each.made and each.before is None:
        return gettext("What it was before is not kept any more")
    if maybe_referred and references.referred(each.ledger, [each.record_id]):
        return named_elsewhere()
    return ""


def named_elsewhere() -> str:
    return gettext("Other records name this one, so it cannot be deleted.")


def undo_one(each: Touched, reason: str, outcome: Undone) -> None:
    model = each.ledger.model
    record = db.session.scalars(select(model).where(model.id == each.record_id)).first()
    if record is None:
        return
    name = str(record)

    def stays(why: str) -> None:
        outcome.stayed.append((each.ledger.name, each.record_id, name, why))

    if reason := reason or codes_in_use(each, record):
        stays(reason)
        return
    try:
        with db.session.begin_nested():
            take_back(each, record)
    except IntegrityError:
        stays(named_elsewhere())
    else:
        outcome.removed += each.made
        outcome.restored += not each.made


def codes_in_use(each: Touched, record: Any) -> str:
    """The reason why a code list is not undone: records use codes that it did not have before."""
    if not isinstance(record, CodeList):
        return ""
    image = json.loads(each.before.reveal()) if each.before is not None else {}
    kept = [row["id"] for row in image.get("parts", {}).get("items", ())]
    used = references.used_codes(record.code, references.removed_codes(record, kept))
    return gettext("Records have these codes, so they cannot be removed: %(codes)s", codes=listed(used)) if used else ""


def take_back(each: Touched, record: Any) -> None:
    with db.session.no_autoflush:
        if each.made:
            attachments.let_go(each.ledger, [record])
            db.session.delete(record)
        elif each.before is not None:
            put_back(record, json.loads(each.before.reveal()))
    db.session.flush()


__all__ = ["Undone", "undo"]
