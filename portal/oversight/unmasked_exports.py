"""Unmasked exports: one person asks, another decides, the first may download for a week (`docs/domain` §3.5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import IO, Any

from flask_babel import force_locale, gettext, lazy_gettext
from sqlalchemy import JSON, ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column, relationship
from werkzeug.datastructures import MultiDict

from portal.core import clock
from portal.core.access import scope
from portal.core.audit import audit_log
from portal.core.declaration.ledger import Ledger, named
from portal.core.fields import Label, clean
from portal.core.punctuation import PAPER, labelled
from portal.core.spreadsheet.exporter.exporter import workbook
from portal.core.views.lists import listing
from portal.core.views.unmask import PURPOSES
from portal.core.views.workbooks import exporting
from portal.extensions import Model, db
from portal.permissions.input_faults import MOST, personal_fault, reason_fault

LASTS = timedelta(days=7)
MOST_RECORDS = 10_000


class UnmaskedExport(Model):
    """A request for the records of a list with their personal data, and what was decided."""

    __tablename__ = "unmasked_export"

    id: Mapped[int] = mapped_column(primary_key=True)
    ledger: Mapped[str] = mapped_column(String(60))
    # The query arguments of the list, without what was typed to find somebody.
    asked_for: Mapped[dict[str, list[str]]] = mapped_column(JSON)
    # The records that were found; none is kept with requests from before there was this.
    record_ids: Mapped[list[int] | None] = mapped_column(JSON)
    count: Mapped[int]
    purpose: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(MOST))
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"), index=True)
    asked_at: Mapped[datetime]
    approved: Mapped[bool | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime | None]
    note: Mapped[str | None] = mapped_column(String(MOST))

    asked_by: Mapped[Any] = relationship("User", foreign_keys=[asked_by_id])
    decided_by: Mapped[Any] = relationship("User", foreign_keys=[decided_by_id])

    def __str__(self) -> str:
        return f"#{self.id}"

    @property
    def ends(self) -> datetime | None:
        """Until when the sheet can be taken."""
        return self.decided_at + LASTS if self.approved and self.decided_at else None

    @property
    def state(self) -> str:
        if self.approved is None:
            return "open"
        if not self.approved:
            return "refused"
        return "approved" if self.decided_at and clock.within(self.decided_at, LASTS) else "over"

    @property
    def arguments(self) -> MultiDict[str, str]:
        return MultiDict((name, text) for name, texts in self.asked_for.items() for text in texts)


STATES: dict[str, Label] = {
    "open": lazy_gettext("Waits for a second person"),
    "approved": lazy_gettext("Approved"),
    "refused": lazy_gettext("Refused"),
    "over": lazy_gettext("Run out"),
}


def may_ask(ledger: Ledger) -> bool:
    principal = scope.current()
    return bool(ledger.personal) and all(principal.may(verb, ledger.name) for verb in ("reveal", "export"))


def ask(asked: listing.Listing, purpose: str, reason: str) -> dict[str, str]:
    """Make a request, or say what is wrong by field. Nothing is committed."""
    ids = found(asked)
    faults = {}
    if not ids:
        faults["records"] = gettext("No record that you may export fits these filters.")
    elif len(ids) > MOST_RECORDS:
        faults["records"] = gettext("At most %(most)d records at a time, please.", most=MOST_RECORDS)
    if purpose not in PURPOSES.labels:
        faults["purpose"] = gettext("Please choose what it is needed for.")
    if fault := reason_fault(reason):
        faults["reason"] = fault
    if faults:
        return faults
    made = UnmaskedExport(
        ledger=asked.ledger.name,
        asked_for=kept(asked),
        record_ids=ids,
        count=len(ids),
        purpose=purpose,
        reason=reason,
        asked_by_id=scope.current().user_id,
        asked_at=clock.now(),
    )
    db.session.add(made)
    db.session.flush()
    log_event("export_asked", made)
    return {}


def found(asked: listing.Listing) -> list[int]:
    """The records of the list that may be exported, and one more than may be asked for at a time."""
    model = asked.ledger.model
    query = select(model.id).where(*listing.exportable(asked)).order_by(model.id)
    return list(db.session.scalars(query.limit(MOST_RECORDS + 1)))


def kept(asked: listing.Listing) -> dict[str, list[str]]:
    """What others may know of a list: its filters as the trail tells them, its columns and its order."""
    address = asked.address(page=0).items()
    shown = {name: value if isinstance(value, list) else [str(value)] for name, value in address}
    return shown | {name: texts for name, _, texts in exporting.filters_of(asked)}


def decide(request: UnmaskedExport, approved: bool, note: str) -> str:
    """Decide on somebody else's request; answers what is wrong. Nothing is committed."""
    if request.asked_by_id == scope.current().user_id:
        return gettext("Somebody else has to decide on your own request.")
    if request.state != "open":
        return gettext("This has been decided already.")
    if not approved and not clean(note):
        return gettext("Please say why not.")
    if fault := personal_fault(clean(note)):
        return fault
    request.approved, request.note = approved, clean(note)[:MOST] or None
    request.decided_by_id, request.decided_at = scope.current().user_id, clock.now()
    log_event("export_approved" if approved else "export_refused", request)
    return ""


def take(request: UnmaskedExport, ledger: Ledger, opened: Callable[[Any], bool]) -> tuple[IO[bytes], str]:
    """The sheet of an approved request and its name, as far as whoever asked may still export and (`opened`) reveal;
    its hash goes to the trail. Nothing is committed."""
    asked = listing.parse(ledger, request.arguments)
    cover, span = exporting.cover_of(asked), exporting.period_of(asked)
    if request.record_ids is not None:
        asked = replace(asked, q="", filters={})  # approved are these records, whatever fits by now
    names = tuple(dict.fromkeys((*(ledger.sheet.export or ledger.list.columns), *ledger.personal)))
    who = scope.current()
    mark = gettext(
        "Holds personal data. Request %(number)d, taken by %(who)s at %(when)s. Not to be passed on.",
        number=request.id,
        who=f"{who.name} ({who.username})",
        when=f"{clock.local(clock.now()):%Y-%m-%d %H:%M}",
    )
    book = workbook(
        ledger,
        names,
        listing.every(asked, names, request.record_ids),
        opened=opened,
        mark=mark,
        cover=cover,
        span=span,
    )
    log_event("export_taken", request, changes=exporting.proof(book, cover))
    return book, exporting.file_name(ledger, cover)


def log_event(action: str, request: UnmaskedExport, **more: Any) -> None:
    with force_locale(PAPER):
        reason = labelled(PURPOSES.labels[request.purpose], request.reason)
    audit_log.log(action, request.ledger, title=str(request), reason=reason[:400], **more)


def words(request: UnmaskedExport) -> list[tuple[Label, str]]:
    """(filter, what was chosen) of the list, for people who may not see it."""
    ledger = named(request.ledger)
    if ledger is None:
        return []
    told: list[tuple[Label, str]] = []
    for name, texts in request.asked_for.items():
        if name == "q":
            told.append((lazy_gettext("Search"), gettext("by some text")))
        elif ledger.has(name):
            field = ledger.field(name)
            told.append((field.label, field.kind.retell([text for text in texts if text])))
    return [(label, text) for label, text in told if text]


def request_of(pk: int) -> UnmaskedExport | None:
    return db.session.scalars(select(UnmaskedExport).where(UnmaskedExport.id == pk)).first() if pk < 2**31 else None
