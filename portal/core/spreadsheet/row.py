"""One row of a sheet on its way into its ledger (`contracts.md`, import rules)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import current_app
from flask_babel import force_locale, gettext
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from portal.core import gaps, moving, saving, scope
from portal.core.fields import days_in
from portal.core.forms import LedgerForm, form_class
from portal.core.ledger import Ledger
from portal.core.record import Record
from portal.core.search import fold
from portal.core.spreadsheet import known_by
from portal.core.spreadsheet.layout import RECORD_NO, SPAN, Layout
from portal.core.unseen import differs
from portal.core.workflow import IN_FORCE
from portal.extensions import db
from portal.org.sealed import Retyped

NEW, CHANGED, UNCHANGED, REJECTED = "new", "changed", "unchanged", "rejected"


class Rejected(Exception):
    """A row that is not taken: the field meant, and why."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(why)
        self.name, self.why = name, why


@dataclass
class Row:
    """One row of the sheet on its way into the ledger."""

    ledger: Ledger
    layout: Layout
    cells: Mapping[str, str]
    adopt: bool
    # What sheets call each status; empty when no status is taken over.
    words: Mapping[str, set[str]]
    # In the name of a column when this is what the row tells of another record.
    prefix: str = ""
    # What the other records that it tells of still lack, as names of columns.
    lacking: list[str] = field(default_factory=list)
    # Hidden values that it brings for records which can no longer be edited, likewise.
    left: list[str] = field(default_factory=list)

    def take(self, form_type: type[LedgerForm], seen: Mapping[Any, str]) -> tuple[Any, str, Any]:
        """(what it is known by, what became of it, the record). Raises Rejected and changes nothing then."""
        others, typed = self.others(), self.typed()
        known = self.complete(form_type(typed))
        changed = False
        if others:
            if not known.fields_fine():
                raise self.rejection(known)
            for other in others.values():
                form = other.form()
                other.judged(other.form(other.existing(form)))
            changed = self.before(others, typed)
            known = form_type(typed)
        key = self.key(known)
        if key in seen:
            raise Rejected(self.named(), gettext("The same as %(place)s.", place=seen[key]))
        record = self.existing(known)
        form = self.judged(form_type(typed, record))
        result = self.became(form, record)
        if record is not None:
            self.leave(form, record)
            self.require_open(others, record)
        if result == CHANGED:
            self.require_editable(record)
        if result != UNCHANGED:
            record = self.save(form, record)
        changed = self.after(others, record) or changed
        return key, CHANGED if changed and result == UNCHANGED else result, record

    def complete(self, form: LedgerForm) -> LedgerForm:
        """Raises Rejected when something is missing without which the row is nothing."""
        form.lenient = True
        for name in self.ledger.essential:
            if "." not in name and form[name].data is None and not form[name].process_errors:
                raise Rejected(self.prefix + name, gettext("Please fill this in."))
        return form

    def judged(self, form: LedgerForm) -> LedgerForm:
        """Raises Rejected when the form would not be taken, gaps aside."""
        if not self.complete(form).validate():
            raise self.rejection(form)
        return form

    def others(self) -> dict[str, Row]:
        """What the row tells of other records, by the name of the link to them or of the entries below."""
        found = {}
        for prefix in self.ledger.tells_of:
            dotted = f"{prefix}."
            cells = {name.removeprefix(dotted): text for name, text in self.cells.items() if name.startswith(dotted)}
            essential = any(name.startswith(dotted) for name in self.ledger.essential)
            if any(cells.values()) or essential:
                other = self.ledger.other(prefix)
                if "owner_unit_id" in other.entered:
                    cells["owner_unit_id"] = self.cells.get("owner_unit_id", "")
                if other.under and other.event and (day := self.layout.day()):
                    cells.setdefault(other.event, day.isoformat())
                found[prefix] = Row(other, self.layout, cells, self.adopt, {}, dotted)
        return found

    def form(self, record: Any = None, parent: Any = None) -> LedgerForm:
        return form_class(self.ledger)(self.typed(), record, parent)

    def before(self, others: Mapping[str, Row], typed: MultiDict[str, str]) -> bool:
        """Make or find the records that this one links to; answers whether any changed."""
        changed = False
        for prefix, other in others.items():
            if not other.ledger.under:
                record, result = other.put()
                typed[prefix] = str(record.id)
                self.lacking += [other.prefix + name for name in record.gaps or ()]
                self.left += other.left
                changed = changed or result != UNCHANGED
        return changed

    def after(self, others: Mapping[str, Row], record: Any) -> bool:
        """Make or find the entries under this one; answers whether any changed."""
        results = [other.put(record)[1] for other in others.values() if other.ledger.under]
        return any(result != UNCHANGED for result in results)

    def put(self, parent: Any = None) -> tuple[Any, str]:
        """The record that this is, made when there is none, and what became of it."""
        record, form, result = self.found(parent)
        self.leave(form, record)
        if result == CHANGED:
            self.require_editable(record)
        if result != UNCHANGED:
            record = self.save(form, record, parent)
        return record, result

    def found(self, parent: Any = None) -> tuple[Any, LedgerForm, str]:
        """The record that this is, its form, and what is to become of it."""
        record = self.existing(self.form(parent=parent), parent)
        form = self.judged(self.form(record, parent))
        return record, form, self.became(form, record)

    def typed(self) -> MultiDict[str, str]:
        """What a form would have posted; blank cells of a sheet say nothing."""
        typed: MultiDict[str, str] = MultiDict()
        for name, text in self.cells.items():
            if SPAN in name and text:
                typed.update(self.both_days(name, text))
            elif name in self.ledger.entered and text and not RECORD_NO.fullmatch(text):
                typed.setlist(name, self.ledger.field(name).kind.from_cell(text))
        for name, text in self.ledger.assumed.items():
            if name not in typed:
                typed.setlist(name, [text])
        return typed

    def both_days(self, name: str, text: str) -> dict[str, str]:
        """From and until; one day alone is until."""
        days = days_in(text)
        if not 1 <= len(days) <= 2:
            raise Rejected(name, gettext("Two days, please: from and until."))
        return dict(zip(name.split(SPAN)[-len(days) :], days, strict=True))

    def named(self) -> str:
        """The column that this row is known by; of entries the first one that tells of them."""
        told = (name for name in self.cells if self.prefix and self.prefix + name in self.layout.taken)
        names = (*self.ledger.essential, *told, *self.ledger.identity)
        return "office_no" if self.cells.get("office_no") else self.prefix + names[0]

    def key(self, form: LedgerForm) -> Any:
        number = self.cells.get("office_no")
        return number or (self.number_of_record(), *known_by.key(self.ledger, form))

    def number_of_record(self) -> str | None:
        return next((text for text in self.cells.values() if RECORD_NO.fullmatch(text)), None)

    def existing(self, form: LedgerForm, parent: Any = None) -> Any:
        """The record that this row is: by its number, by the office's, else by what it says."""
        model, number = self.ledger.model, self.number_of_record() if self.ledger.prefix else None
        office = form["office_no"].data if "office_no" in form else None
        query = select(model).order_by(model.id)
        if self.ledger.statuses:
            query = query.where(model.status != "voided", model.amends_id.is_(None))
        if self.ledger.under:
            query = query.where(getattr(model, self.ledger.under.relation) == parent)
        if number:
            query = query.where(model.record_no == number)
        elif office:
            query = query.where(model.office_no == office)
        else:
            found = known_by.candidates(self.ledger, form, query)
            if len(found) > 1:
                raise Rejected(self.named(), gettext("Several records fit this row; please add what tells them apart."))
            return found[0] if found else None
        found = db.session.scalars(query).first()
        if number and found is None:
            raise Rejected(self.named(), gettext("There is no record of this number."))
        return found

    def rejection(self, form: LedgerForm) -> Rejected:
        """The first thing wrong, in the order of the sheet's columns."""
        taken = [name.removeprefix(self.prefix) for name in self.layout.taken if name.startswith(self.prefix)]
        for name in [*taken, *form._fields]:
            if name in form._fields and form[name].errors:
                # Whose row it is, is said once for all that it tells of.
                column = name if name == "owner_unit_id" else self.prefix + name
                return Rejected(column, str(form[name].errors[0]))
        return Rejected(self.named(), form.problems[0] if form.problems else gettext("This row cannot be taken."))

    def changeable(self, record: Any) -> bool:
        """May this sheet change the record? What was taken over from a sheet is taken over again."""
        return self.ledger.editable(record) or (self.adopt and getattr(record, "source", "") == "import")

    def became(self, form: LedgerForm, record: Any) -> str:
        """What becomes of a record with this form: changed when the form says anything else than it holds."""
        if record is None:
            return NEW
        typed, closed = (form[name] for name in self.ledger.entered if form[name].raw_data), not self.changeable(record)
        return CHANGED if any(differs(field, closed=closed) for field in typed) else UNCHANGED

    def leave(self, form: LedgerForm, record: Any) -> None:
        if record is not None and not self.changeable(record):
            self.left += [self.prefix + name for name in self.ledger.entered if isinstance(form[name].data, Retyped)]

    def require_editable(self, record: Any) -> None:
        if not self.changeable(record):
            raise Rejected(self.named(), gettext("In this status it can no longer be edited."))

    def require_open(self, others: Mapping[str, Row], record: Any) -> None:
        """Entries go where a page adds them, and under what sheets bring, as long as this one may change it."""
        brought = (self.adopt or getattr(record, "source", "") == "import") and self.changeable(record)
        for other in others.values():
            under = other.ledger.under
            if not under or brought or record.status in under.statuses:
                continue
            if other.found(record)[2] != UNCHANGED:
                raise Rejected(other.named(), gettext("In this status nothing can be added here."))

    @property
    def verb(self) -> str:
        """The right that taking this row needs; ledgers that sheets only tell of are added to."""
        deed = scope.deed() or "import"
        return deed if deed in self.ledger.verbs else "add"

    def require_reach(self, record: Any) -> None:
        if self.ledger.scoped and not scope.current().covers(self.verb, self.ledger.name, record.owner_unit_id):
            raise Rejected(self.ledger.owner or "owner_unit_id", gettext("This belongs to another unit."))

    def save(self, form: LedgerForm, record: Any, parent: Any = None) -> Any:
        new = record is None
        if not new:
            self.require_reach(record)
        try:
            record = saving.fill(self.ledger, form, record, parent)
        except saving.NoOwner:
            raise Rejected(self.named(), gettext("No unit is named here.")) from None
        except saving.Dissolved as fault:
            raise Rejected(self.named(), str(fault)) from None
        if new:
            self.require_reach(record)
        if self.ledger.statuses:
            self.take_over(record, new)
        with scope.doing(self.verb):
            db.session.add(record)
            db.session.flush()
        return record

    def take_over(self, record: Record, new: bool) -> None:
        record.source = "import" if new else record.source
        if self.adopt and record.status == "draft":
            record.record_no = record.record_no or moving.number(self.ledger, record)
            record.status = self.status()
        gaps.recount(self.ledger, record)

    def status(self) -> str:
        """The status that the sheet says; in force when it says none, and expired then is told by its dates."""
        text = fold(self.cells.get("status", ""))
        for status, words in self.words.items():
            if text and text in words:
                return status
        return IN_FORCE


def status_words(ledger: Ledger) -> dict[str, set[str]]:
    words = {status: {fold(word) for word in ledger.status_words.get(status, ())} for status in ledger.statuses}
    for language in current_app.config["LANGUAGES"]:
        with force_locale(language):
            for status, shown in ledger.statuses.items():
                words[status].add(fold(str(shown.label)))
    return words
