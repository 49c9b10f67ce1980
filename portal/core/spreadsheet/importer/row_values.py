"""The values of one row of a sheet, and their errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from portal.core.declaration.ledger import Ledger
from portal.core.records.forms.form import LedgerForm, form_class
from portal.core.spreadsheet.importer.identity import NUMBERED, OFFICE, Identity, counts
from portal.core.spreadsheet.importer.status import Standings
from portal.core.spreadsheet.importer.verdict import Rejected, Told, both_days, same_day, shows
from portal.core.spreadsheet.reader.layout import SPAN, Layout


@dataclass
class Stated:
    """A row with everything needed to read it. It changes nothing."""

    ledger: Ledger
    layout: Layout
    cells: Mapping[str, str]
    # What sheets call each status when records are taken over as they are; None when drafts are made.
    standings: Standings | None
    identity: Identity
    # Was it answered that the row is about the record that it names, although it contradicts it?
    agreed: bool = False
    # In the name of a column when this is what the row tells of another record.
    prefix: str = ""
    # The record above an entry, once it is known.
    parent: Any = None
    told: Told = field(default_factory=Told)
    # The form of a new record that was tried last, and of what: most rows are judged just as they were looked up.
    tried: tuple[Any, Any, LedgerForm] | None = None

    @property
    def adopt(self) -> bool:
        return self.standings is not None

    @cached_property
    def said(self) -> dict[str, str]:
        """The texts of the fields, without blank cells, masks, record numbers and row counts."""
        said = {}
        for name, text in self.cells.items():
            if not text or name == OFFICE or name not in self.ledger.entered:
                continue
            if self.ledger.field(name).kind.is_mask(text):
                self.told.masked.append(self.prefix + name)
            else:
                said[name] = text
        if office := self.identity.office_number(self.cells):
            said[OFFICE] = office
        self.told.counting += [name for name in NUMBERED if counts(self.cells.get(name, ""))]
        return said

    def typed(self, record: Any = None) -> MultiDict[str, str]:
        """Form data of the row, without values that the record already shows."""
        typed: MultiDict[str, str] = MultiDict()
        for name, text in self.cells.items():
            if SPAN in name and text:
                typed.update(self.term(name, text))
        hidden = self.ledger.hidden(record) if record is not None else frozenset[str]()
        for name, text in self.said.items():
            if record is None or name in hidden or not shows(self.ledger.field(name).kind, record, name, text):
                typed.setlist(name, self.ledger.field(name).kind.from_cell(text))
        for name, text in self.ledger.sheet.assumed.items() if record is None else ():
            if name not in typed:
                typed.setlist(name, [text])
        return typed

    def term(self, name: str, text: str) -> dict[str, str]:
        """The two dates in a column with both. Raises Rejected if another column has a different date."""
        days = both_days(name, text)
        for field_name, day in days.items():
            other = self.said.get(field_name, day)
            if not same_day(day, other):
                text = gettext("The term ends or begins on %(day)s, this column says %(other)s.", day=day, other=other)
                raise Rejected(field_name, text)
        return days

    def status(self) -> str:
        """The status of an adopted record; "" for other imports."""
        return self.standings.said(self.cells) if self.standings and self.ledger.review.statuses else ""

    def form(self, typed: Any, record: Any = None, parent: Any = None) -> LedgerForm:
        """The form of the row. Of the defaults, only the owner and the ledger's `preset` fields are used, so that no
        values are invented."""
        form: LedgerForm = form_class(self.ledger)(typed, record, parent)
        form.lenient = True
        kept = {self.ledger.owner.unit or "owner_unit_id", *self.ledger.sheet.preset}
        own = record is None and (self.ledger.under or hasattr(self.ledger.model, "gaps"))
        for name in self.ledger.entered if own else ():
            if not form[name].raw_data and name not in kept:
                form[name].data = form[name].before = None
        return form

    def fresh(self, typed: MultiDict[str, str], parent: Any = None) -> LedgerForm:
        """The form of a new record, cached: most rows are validated with the same values as they are looked up."""
        if self.tried is None or self.tried[:2] != (typed, parent):
            self.tried = typed.copy(), parent, self.form(typed, parent=parent)
        return self.tried[2]

    def named(self) -> str:
        """The column that identifies this row; for entries, their first column."""
        told = (name for name in self.cells if self.prefix and self.prefix + name in self.layout.taken)
        names = (*told, *self.ledger.sheet.essential, *self.ledger.sheet.identity)
        numbered = (name for name in NUMBERED if self.cells.get(name))
        return next(numbered, self.prefix + next(iter(names), ""))

    def complete(self, form: LedgerForm) -> LedgerForm:
        """Raises Rejected if an essential field is missing."""
        # An entry in a row of the record above is told apart by that record; its day may be a gap.
        for name in () if self.prefix and self.ledger.under else self.ledger.sheet.essential:
            if "." not in name and form[name].data is None and not form[name].process_errors:
                text = gettext("Please fill this in.")
                if self.prefix + name in self.told.masked:
                    text = gettext("Only masked: nobody can tell who is meant.")
                raise Rejected(self.prefix + name, text)
        return form

    def rejection(self, form: LedgerForm) -> Rejected:
        wrong = self.wrong_in(form)
        if wrong:
            return Rejected(*wrong[0], also=wrong[1:])
        return Rejected(self.named(), form.problems[0] if form.problems else gettext("This row cannot be taken."))

    def wrong_in(self, form: LedgerForm) -> list[tuple[str, str]]:
        """(column, error), in the order of the sheet's columns."""
        taken = [name.removeprefix(self.prefix) for name in self.layout.taken if name.startswith(self.prefix)]
        # Whose row it is, is said once for all that it tells of.
        columns = {n: n if n == "owner_unit_id" else self.prefix + n for n in [*taken, *form._fields]}
        return [(at, str(form[n].errors[0])) for n, at in columns.items() if n in form._fields and form[n].errors]

    def with_all_faults(self, fault: Rejected) -> Rejected:
        """Add the errors of other cells to this one, so that the user can correct them all at once."""
        if self.ledger.under and self.parent is None:  # what an entry may be hangs on what it is under
            return fault
        known = {fault.name, *(name for name, _ in fault.also)}
        try:
            form = self.fresh(self.typed(), self.parent)
        except Rejected:
            return fault
        form.fields_fine()
        fault.also = [*fault.also, *(each for each in self.wrong_in(form) if each[0] not in known)]
        return fault


__all__ = ["Stated"]
