"""The trail as a ledger that nobody writes: who did what, when, from where (`docs/domain` §5.3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _
from sqlalchemy import and_, or_, select
from sqlalchemy.sql import ColumnElement

from portal.core import clock
from portal.core.access import scope
from portal.core.audit.audit_log import AuditEvent
from portal.core.declaration.groups import Form, List, Sheet
from portal.core.declaration.ledger import READING, Ledger, mounted
from portal.core.declaration.parts import Section
from portal.core.fields import Choice, Field, Link, Text, Whole
from portal.core.fields.base import LARGEST, BadValue, Kind, clean
from portal.core.fields.dates import Day, from_and_to
from portal.core.punctuation import labelled
from portal.core.search import fold
from portal.core.views.history import audit_words
from portal.core.views.history.record_history import DEEDS, DONE_BY_THE_PORTAL, readable, source_of, subject, told, why
from portal.extensions import db
from portal.org.models import Unit


class When(Day):
    """A moment, told on the office's clock and filtered by its days."""

    def show(self, value: Any) -> str:
        return f"{clock.local(value):%Y-%m-%d %H:%M:%S}" if value else ""

    cell = show

    def json(self, value: Any) -> Any:
        return f"{value.isoformat()}Z"

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}

    def filter(self, column: Any, typed: Sequence[str]) -> ColumnElement[bool] | None:
        texts = [*typed, *typed][:2] if len(typed) == 1 else typed
        first, last = from_and_to([self.parse([text], None) for text in texts])
        since = column >= clock.midnight(first) if first else None
        until = column < clock.midnight(last + timedelta(days=1)) if last else None
        return since if until is None else until if since is None else since & until


class Account(Text):
    """Who signed in; what the portal does by itself has its own word on a page."""

    def show(self, value: Any) -> str:
        return gettext("The portal") if value == DONE_BY_THE_PORTAL else super().show(value)

    def filter(self, column: Any, typed: Sequence[str]) -> ColumnElement[bool] | None:
        return super().filter(column, [DONE_BY_THE_PORTAL if text == gettext("The portal") else text for text in typed])


class Places(Kind):
    """The ledger, or whatever else, that a line is about."""

    filter_widget = "select"

    def labels(self) -> dict[str, Any]:
        return dict(audit_words.places())

    def show(self, value: Any) -> str:
        return str(self.labels().get(value, value))

    def options(self) -> Iterable[tuple[str, str]]:
        """What has one name for readers, though several tables, is one choice."""
        found = {str(label): name for name, label in reversed(self.labels().items())}
        return [(name, label) for label, name in reversed(found.items())]

    def filter(self, column: Any, typed: Sequence[str]) -> ColumnElement[bool] | None:
        text = clean(typed[-1]) if typed else ""
        if not text:
            return None
        alike = [name for name, label in self.labels().items() if str(label) == self.show(text)]
        if not alike:
            raise BadValue(gettext("This is not one of the choices."))
        found: ColumnElement[bool] = column.in_(alike)
        return found


class Owner(Link):
    """The unit whose record it was; a line outlives it, so nothing in the database binds the two."""

    def faults(self, name: str, column: Any) -> Iterable[str]:
        return ()


class RecordId(Whole):
    """The number that the database knows a record by. No page shows it, so only addresses filter by it."""

    filter_widget = "address"


def numbered(number: str) -> list[ColumnElement[bool]]:
    """The lines about the record of this number and about what stands under it."""
    found: list[ColumnElement[bool]] = []
    with scope.unscoped("the trail tells of records that whoever reads it may not open"):
        for ledger in (each for each in mounted() if each.number.prefix and number.startswith(each.number.prefix)):
            for id_ in db.session.scalars(select(ledger.model.id).where(ledger.model.record_no == number)):
                found.append(and_(AuditEvent.root == ledger.name, AuditEvent.root_id == id_))
                found.append(and_(AuditEvent.ledger == ledger.name, AuditEvent.record_id == id_))
    return found


class Subject(Text):
    """What a line is about, as far as the viewer may know: found by a part of its title, or by the number of a record.
    The order and the finding of other lines would tell the rest."""

    ordered = False

    def columns(self, name: str) -> tuple[str, ...]:
        return ("ledger", "root", "record_id", name)

    def read(self, record: Any, name: str) -> Any:
        return subject(record)

    stored = read

    def filter(self, column: Any, typed: Sequence[str]) -> ColumnElement[bool] | None:
        found = super().filter(column, typed)
        if found is None:
            return None
        return or_(found & readable(), *numbered(fold(clean(typed[-1])).upper()))


class Why(Text):
    """The reason, with the name of the field that was meant, where one was, as far as the viewer may know."""

    ordered = False

    def columns(self, name: str) -> tuple[str, ...]:
        return ("action", "ledger", "root", name)

    def read(self, record: Any, name: str) -> Any:
        return why(record, source_of(record, audit_events))

    stored = read


class Changes(Kind):
    """What changed, each on a line, in the viewer's words."""

    ordered = False

    def columns(self, name: str) -> tuple[str, ...]:
        return ("action", "at", "username", "person", "address", "ledger", "root", "title", "reason", "changes")

    def read(self, record: Any, name: str) -> Any:
        return record

    def stored(self, record: Any, name: str) -> Any:
        return record

    def typed(self, value: Any) -> list[str]:
        return [self.brief(value)]

    def show(self, value: Any) -> str:
        return "\n".join(labelled(label, f"{old} → {new}") for label, old, new in told(audit_events, value).changes)

    def brief(self, value: Any) -> str:
        count = len(value.changes)
        return ngettext("%(num)d field", "%(num)d fields", count) if count else ""


audit_events = Ledger(
    name="audit_events",
    label=_("Audit trail"),
    one=_("Line of the trail"),
    group=_("Audit"),
    icon="shield-lock",
    model=AuditEvent,
    can=READING,
    fields={
        name: Field(kind, label, entered=False)
        for name, kind, label in (
            ("id", Text(12, free=False), _("Line")),
            ("at", When(), _("When")),
            ("person", Text(64), _("Name of the person")),
            ("username", Account(64, free=False), _("Account")),
            ("address", Text(45, free=False), _("Network address")),
            ("action", Choice(*DEEDS.items()), _("Deed")),
            ("ledger", Places(), _("Ledger")),
            ("record_id", RecordId(0, LARGEST), _("Record")),
            ("title", Subject(200), _("Subject")),
            ("unit_id", Owner(Unit, "full_name"), _("Unit")),
            ("reason", Why(400), _("Reason")),
            ("changes", Changes(), _("What changed")),
            ("mark", Text(64, free=False), _("Mark of the line")),
        )
    },
    form=Form(
        sections=(
            Section(_("Who and when"), ("at", "person", "username", "address")),
            Section(_("What"), ("action", "ledger", "record_id", "title", "unit_id", "reason", "changes")),
            Section(_("Proof"), ("mark",)),
        ),
    ),
    list=List(
        columns=("at", "person", "username", "action", "ledger", "title", "unit_id", "reason", "changes"),
        filters=("at", "person", "username", "action", "ledger", "title", "unit_id", "record_id", "address"),
        # Many lines have no subject.
        link_column="at",
    ),
    sheet=Sheet(
        export=(
            *(
                "id",
                "at",
                "person",
                "username",
                "address",
                "action",
                "ledger",
                "record_id",
                "title",
                "unit_id",
                "reason",
            ),
            *("changes", "mark"),
        ),
    ),
)
