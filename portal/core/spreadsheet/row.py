"""One row of a sheet on its way into its ledger (`contracts.md`, import rules)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from portal.core import saving, scope
from portal.core.forms import LedgerForm, form_class
from portal.core.ledger import Ledger
from portal.core.phrases import listed
from portal.core.spreadsheet.identity import NUMBERED, OFFICE, Contradiction, Identity, counts
from portal.core.spreadsheet.layout import SPAN, Layout
from portal.core.spreadsheet.status import Standings, adopts, take_over
from portal.core.spreadsheet.verdict import (
    CHANGED,
    NEW,
    UNCHANGED,
    Question,
    Rejected,
    Told,
    both_days,
    changes_of,
    number_or_name,
    shows,
)
from portal.core.unseen import differs
from portal.core.workflow import IN_FORCE
from portal.extensions import db
from portal.org.sealed import Retyped


@dataclass
class Row:
    """One row of the sheet on its way into the ledger."""

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
    # The record that this is, where another one leads to it.
    linked: Any = None
    told: Told = field(default_factory=Told)

    @property
    def adopt(self) -> bool:
        return self.standings is not None

    def take(self, seen: Mapping[Any, str]) -> tuple[str, Any]:
        """(what became of it, the record). Raises Rejected and changes nothing then."""
        status = self.status()
        record = self.known()
        others, typed = self.others(record), self.typed(record)
        links = self.links(others)
        if record is None and links is not None:
            typed.update(links)
            record = self.alike(typed)
            others, typed = self.others(record), self.typed(record)
        changed = self.before(others, typed, record)
        if record is not None and record.id in seen:
            raise Rejected(self.named(), gettext("The same as %(place)s.", place=seen[record.id]))
        form, names = self.judged(typed, record)
        result = self.result(record, names, status)
        if record is not None:
            self.require_open(others, record)
        record = self.settled(form, record, names, result, status)
        changed = self.after(others, record) or changed
        return CHANGED if changed and result == UNCHANGED else result, record

    # What the row says

    @cached_property
    def said(self) -> dict[str, str]:
        """The texts of the fields. Blank cells, masks, record numbers and numbers that only count say nothing."""
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
        """What a form would have posted; what the record shows already is not typed over it."""
        typed: MultiDict[str, str] = MultiDict()
        for name, text in self.cells.items():
            if SPAN in name and text:
                typed.update(both_days(name, text))
        hidden = self.ledger.hidden(record) if record is not None else frozenset[str]()
        for name, text in self.said.items():
            if record is None or name in hidden or not shows(self.ledger.field(name).kind, record, name, text):
                typed.setlist(name, self.ledger.field(name).kind.from_cell(text))
        for name, text in self.ledger.assumed.items() if record is None else ():
            if name not in typed:
                typed.setlist(name, [text])
        return typed

    def status(self) -> str:
        """The status that a record which is taken over gets; "" when no status is taken."""
        return self.standings.said(self.cells) if self.standings and self.ledger.statuses else ""

    def form(self, typed: Any, record: Any = None, parent: Any = None) -> LedgerForm:
        """The form of the row. What a sheet does not say is not made up: of the defaults only those hold that say whose
        the record is and what the portal is to do with it."""
        form: LedgerForm = form_class(self.ledger)(typed, record, parent)
        form.lenient = True
        kept = {self.ledger.owner or "owner_unit_id", *self.ledger.preset}
        own = record is None and (self.ledger.under or hasattr(self.ledger.model, "gaps"))
        for name in self.ledger.entered if own else ():
            if not form[name].raw_data and name not in kept:
                form[name].data = form[name].before = None
        return form

    # Which record it is

    def known(self) -> Any:
        """The record that a number in the row names, where the row does not contradict it."""
        number = self.identity.number(self.cells)
        if not number:
            office = self.said.get(OFFICE, "")
            record = self.identity.of_office(office, self.form(self.typed())) if office else None
        elif (record := self.identity.numbered(number)) is None:
            raise Rejected(self.named(), gettext("There is no record of this number."))
        if record is not None:
            self.require_owner(record)
            found = self.contradictions(record, loosely=bool(number))
            if found and not self.agreed:
                raise Question(record, found, self.ledger, self.prefix)
        return record

    def require_owner(self, record: Any) -> None:
        """A sheet never changes whose a record is."""
        name, typed = self.ledger.owner or "owner_unit_id", self.typed(record)
        if name not in typed or not hasattr(record, "owner_unit_id"):
            return
        form = self.form(typed)
        if form[name].process_errors:
            raise self.rejection(form)
        if record.owner_unit_id not in self.identity.owners(form):
            text = gettext("This is a record of %(unit)s: a sheet never changes whose it is.", unit=record.owner_unit)
            raise Rejected(name, text)

    def contradictions(self, record: Any, *, loosely: bool) -> list[Contradiction]:
        typed = self.typed(record)
        found = self.identity.misnamed(self.cells, record)
        if any(name in typed for name in self.ledger.identity):
            found += self.identity.contradictions(self.form(typed), record, loosely=loosely)
        return found

    def alike(self, typed: MultiDict[str, str], parent: Any = None) -> Any:
        """The record with the natural key of this row. Raises Rejected when nobody can say which one it is."""
        form = self.complete(self.form(typed, parent=parent))
        unnumbered = "record_no" in self.layout.taken
        office = self.said.get(OFFICE, "")
        found = self.identity.alike(form, office=office, unnumbered=unnumbered, parent=parent)
        if not found or self.ledger.under:
            return next(iter(found), None)
        silent = [name for name in self.ledger.identity if form[name].data is None]
        firm = [record for record in found if all(getattr(record, name) is None for name in silent)]
        if len(firm) == 1:
            return firm[0]
        agreeing = (record for record in found if not self.judged(self.typed(record), record)[1])
        running = [record for record in firm if getattr(record, "status", "") == IN_FORCE]
        record = next(agreeing, running[0] if len(running) == 1 else None)
        if record is None:
            names = listed(map(number_or_name, found[:3]))
            text = gettext("This may be %(records)s: please give the record number.", records=names)
            raise Rejected(self.named(), text)
        return record

    def named(self) -> str:
        """The column that this row is known by; of entries the first one that tells of them."""
        told = (name for name in self.cells if self.prefix and self.prefix + name in self.layout.taken)
        names = (*told, *self.ledger.essential, *self.ledger.identity)
        numbered = (name for name in NUMBERED if self.cells.get(name))
        return next(numbered, self.prefix + next(iter(names), ""))

    # What else it tells of

    def others(self, record: Any) -> dict[str, Row]:
        """What the row tells of other records, by the name of the link to them or of the entries below."""
        found = {}
        for prefix in self.ledger.tells_of:
            dotted = f"{prefix}."
            cells = {name.removeprefix(dotted): text for name, text in self.cells.items() if name.startswith(dotted)}
            essential = any(name.startswith(dotted) for name in self.ledger.essential)
            if any(cells.values()) or (essential and record is None):
                other = self.ledger.other(prefix)
                if "owner_unit_id" in other.entered:
                    cells["owner_unit_id"] = self.cells.get("owner_unit_id", "")
                row = Row(other, self.layout, cells, self.standings, Identity(other), self.agreed, dotted)
                row.told = self.told
                if self.leads(row, prefix, record):
                    found[prefix] = row
        return found

    def leads(self, row: Row, prefix: str, record: Any) -> bool:
        """Does the row tell anything of the other record? Says which one that is, where this one leads to it."""
        if row.ledger.under:
            echoed = {name: field for name, field in self.ledger.echoes.items() if name.startswith(row.prefix)}
            for name, shown in echoed.items() if record is not None else ():
                row.drop_echo(name.removeprefix(row.prefix), getattr(record, shown))
            if not any(row.cells.values()):
                return False
            if row.ledger.event and (day := self.layout.day()):
                row.cells = {row.ledger.event: day.isoformat(), **row.cells}
            return True
        linked = self.ledger.field(prefix).kind.linked(record, prefix) if record is not None else None
        if linked is None:
            return True
        found = row.contradictions(linked, loosely=False)
        if found and not self.agreed:
            raise Question(record, found, row.ledger, row.prefix)
        row.linked = None if found else linked
        return True

    def drop_echo(self, name: str, shown: Any) -> None:
        """An entry that says nothing but what the record above shows already is none."""
        said = {each for each, text in self.cells.items() if text}
        if said == {name} and shown is not None and self.form(self.typed())[name].data == shown:
            self.cells = {**self.cells, name: ""}

    def links(self, others: Mapping[str, Row]) -> dict[str, list[str]] | None:
        """The records that this one links to; None where one is still to be made. Raises Rejected when what the row
        tells of others would not be taken."""
        found = {prefix: other.found(judging=True)[0] for prefix, other in others.items()}
        links = {prefix: each for prefix, each in found.items() if not others[prefix].ledger.under}
        return None if None in links.values() else {prefix: [str(each.id)] for prefix, each in links.items()}

    def before(self, others: Mapping[str, Row], typed: MultiDict[str, str], record: Any) -> bool:
        """Make or change the records that this one links to, once it is fine itself; answers whether any changed."""
        if others and record is None:
            form = self.complete(self.form(typed))
            if not form.fields_fine():
                raise self.rejection(form)
        changed = False
        for prefix, other in others.items():
            if not other.ledger.under:
                made, result = other.put()
                if record is None or other.linked is None:
                    typed.setlist(prefix, [str(made.id)])
                self.told.lacking += [other.prefix + name for name in made.gaps or ()]
                changed = changed or result != UNCHANGED
        return changed

    def after(self, others: Mapping[str, Row], record: Any) -> bool:
        """Make or find the entries under this one; answers whether any changed."""
        changed = False
        for other in others.values():
            if other.ledger.under:
                entry, result = other.put(record)
                changed = changed or result != UNCHANGED
                if other.ledger.event and getattr(entry, other.ledger.event) is None:
                    self.told.lacking.append(other.prefix + other.ledger.event)
        return changed

    def put(self, parent: Any = None) -> tuple[Any, str]:
        """The record that this is, made when there is none, and what became of it."""
        record, form, names = self.found(parent)
        status = self.status()
        result = self.result(record, names, status)
        return self.settled(form, record, names, result, status, parent), result

    def found(self, parent: Any = None, *, judging: bool = False) -> tuple[Any, LedgerForm, list[str]]:
        """The record that this is, its form, and what it changes. `judging`: whether it can be taken at all, while it
        is not known yet what it is under."""
        record = self.linked or self.known()
        if record is None and not (judging and self.ledger.under):
            record = self.alike(self.typed(), parent)
        return record, *self.judged(self.typed(record), record, parent)

    # What becomes of it

    def complete(self, form: LedgerForm) -> LedgerForm:
        """Raises Rejected when something is missing without which the row is nothing."""
        # An entry in a row of the record above is told apart by that record; its day may be a gap.
        for name in () if self.prefix and self.ledger.under else self.ledger.essential:
            if "." not in name and form[name].data is None and not form[name].process_errors:
                text = gettext("Please fill this in.")
                if self.prefix + name in self.told.masked:
                    text = gettext("Only masked: nobody can tell who is meant.")
                raise Rejected(self.prefix + name, text)
        return form

    def judged(self, typed: MultiDict[str, str], record: Any, parent: Any = None) -> tuple[LedgerForm, list[str]]:
        """The form and the fields that it changes. Raises Rejected when it would not be taken, gaps aside; what
        changes nothing is as it was."""
        form = self.form(typed, record, parent)
        if record is None:
            self.complete(form)
        names = self.changing(form, record)
        wrong = any(form[name].process_errors for name in typed if name in form)
        fine = form.fields_fine if self.status() == "voided" else form.validate
        if (record is None or names or wrong) and not fine():
            raise self.rejection(form)
        return form, self.changing(form, record)

    def changing(self, form: LedgerForm, record: Any) -> list[str]:
        if record is None:
            return []
        closed = not self.changeable(record)
        return [name for name in self.ledger.entered if form[name].raw_data and differs(form[name], closed=closed)]

    def result(self, record: Any, names: Sequence[str], status: str) -> str:
        if record is None:
            return NEW
        if not status or self.prefix:
            return CHANGED if names else UNCHANGED
        if self.cells.get("status") and status != record.status != "draft":
            self.told.kept_status = record.status
        return CHANGED if names or adopts(record, status) else UNCHANGED

    def rejection(self, form: LedgerForm) -> Rejected:
        """What is wrong, in the order of the sheet's columns."""
        taken = [name.removeprefix(self.prefix) for name in self.layout.taken if name.startswith(self.prefix)]
        # Whose row it is, is said once for all that it tells of.
        columns = {n: n if n == "owner_unit_id" else self.prefix + n for n in [*taken, *form._fields]}
        wrong = [(at, str(form[n].errors[0])) for n, at in columns.items() if n in form._fields and form[n].errors]
        if wrong:
            return Rejected(*wrong[0], also=wrong[1:])
        return Rejected(self.named(), form.problems[0] if form.problems else gettext("This row cannot be taken."))

    def changeable(self, record: Any) -> bool:
        """May this sheet change the record? What was taken over from a sheet is taken over again."""
        return self.ledger.editable(record) or (self.adopt and getattr(record, "source", "") == "import")

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
            entry, _, names = other.found(record)
            if entry is None or names:
                raise Rejected(other.named(), gettext("In this status nothing can be added here."))

    def require_reach(self, record: Any) -> None:
        if self.ledger.scoped and not scope.current().covers(self.verb, self.ledger.name, record.owner_unit_id):
            raise Rejected(self.ledger.owner or "owner_unit_id", gettext("This belongs to another unit."))

    @property
    def verb(self) -> str:
        """The right that taking this row needs; ledgers that sheets only tell of are added to."""
        deed = scope.deed() or "import"
        return deed if deed in self.ledger.verbs else "add"

    def settled(
        self, form: LedgerForm, record: Any, names: Sequence[str], result: str, status: str, parent: Any = None
    ) -> Any:
        """The record, saved where anything is new."""
        if record is not None and not self.changeable(record):
            self.told.left += [self.prefix + n for n in self.ledger.entered if isinstance(form[n].data, Retyped)]
        if result == CHANGED:
            self.require_editable(record)
        if result == UNCHANGED:
            return record
        if record is not None or getattr(parent, "id", None) is not None:
            self.told.changes += changes_of(form, names if record else list(self.said), record, parent, self.prefix)
        return self.save(form, record, status, parent)

    def save(self, form: LedgerForm, record: Any, status: str, parent: Any = None) -> Any:
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
            record.source = "import" if new else record.source
            take_over(self.ledger, record, status)
        with scope.doing(self.verb):
            db.session.add(record)
            db.session.flush()
        return record
