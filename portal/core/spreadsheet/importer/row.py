"""Import one row of a sheet (`docs/domain/workbooks.md`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from portal.core.access import scope
from portal.core.access.cached_lookups import REFERENCE
from portal.core.access.masked_input import differs
from portal.core.declaration.workflow import IN_FORCE
from portal.core.punctuation import listed
from portal.core.records import known_values, saving
from portal.core.records.forms.form import LedgerForm
from portal.core.spreadsheet.importer import alternate_keys
from portal.core.spreadsheet.importer.identity import OFFICE, Contradiction, Identity
from portal.core.spreadsheet.importer.row_values import Stated
from portal.core.spreadsheet.importer.status import adopts, take_over
from portal.core.spreadsheet.importer.terminations import take_ends
from portal.core.spreadsheet.importer.verdict import (
    CHANGED,
    NEW,
    UNCHANGED,
    Question,
    Rejected,
    changes_of,
    number_or_name,
)
from portal.core.transactions import deferred_flush
from portal.extensions import db
from portal.org.encrypted import Retyped


@dataclass
class Row(Stated):
    """A row of the sheet to be imported."""

    # The record that this is, where another one leads to it.
    linked: Any = None
    # Of a row that another one tells of, before that one is stored: the record, its form, and what it changes.
    judgement: tuple[Any, LedgerForm, list[str]] | None = None
    # Does it tell of one record only, which then can be stored together with those of other rows?
    alone: bool = False

    def take(self, seen: Mapping[Any, str]) -> tuple[str, Any]:
        """Import the row; returns (result, record). Raises Rejected, and then changes nothing."""
        status = self.status()
        record = self.known()
        others, typed = self.others(record), self.typed(record)
        links = self.links(others)
        if record is None and links is not None:
            typed.update(links)
            record = self.alike(typed)
            if record is not None:
                others, typed = self.others(record), self.typed(record)
        self.alone = not others
        if others:
            deferred_flush.flush()  # not inside the savepoint, which may be undone
        # The records that it tells of come with this one or not at all.
        with db.session.begin_nested() if others else nullcontext():
            changed = self.before(others, typed, record)
            if record is not None and record.id in seen:
                raise Rejected(self.named(), gettext("The same as %(place)s.", place=seen[record.id]))
            form, names = self.judged(typed, record)
            result = self.result(record, names, status)
            if record is not None:
                self.require_open(others, record)
                self.told.unended += take_ends(self.ledger, record, self.cells, new=False)
            record = self.settled(form, record, names, result, status)
            changed = self.after(others, record) or changed
        return CHANGED if changed and result == UNCHANGED else result, record

    # Which record it is

    def known(self) -> Any:
        """The record with the number in the row. Raises Question if the row contradicts it."""
        number = self.identity.number(self.cells)
        if not number:
            office = self.said.get(OFFICE, "")
            record = self.identity.of_office(office, self.fresh(self.typed())) if office else None
        elif (record := self.identity.numbered(number)) is None:
            raise Rejected(self.named(), gettext("There is no record of this number."))
        if record is not None:
            self.require_owner(record)
            found = self.contradictions(record, loosely=bool(number))
            if found and not self.agreed:
                raise Question(record, found, self.ledger, self.prefix)
        return record

    def require_owner(self, record: Any) -> None:
        """Refuse a change of the owning unit by a sheet."""
        name, typed = self.ledger.owner.unit or "owner_unit_id", self.typed(record)
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
        if any(name in typed for name in self.ledger.sheet.identity):
            found += self.identity.contradictions(self.form(typed), record, loosely=loosely)
        return found

    def alike(self, typed: MultiDict[str, str], parent: Any = None) -> Any:
        """The record with the natural key of this row. Raises Rejected if it is ambiguous."""
        form = self.complete(self.fresh(typed, parent))
        unnumbered = "record_no" in self.layout.taken
        office = self.said.get(OFFICE, "")
        voided = self.status() == "voided"
        found = self.identity.alike(form, office=office, unnumbered=unnumbered, voided=voided, parent=parent)
        if not found or self.ledger.under:
            return next(iter(found), None)
        silent = [name for name in self.ledger.sheet.identity if form[name].data is None]
        firm = [record for record in found if all(getattr(record, name) is None for name in silent)]
        firm = firm or [record for record in found if alternate_keys.confirms(self.ledger, form, record)]
        if len(firm) == 1:
            return firm[0]
        agreeing = (record for record in found if not self.judged(self.typed(record), record)[1])
        running = [record for record in firm if getattr(record, "status", "") == IN_FORCE]
        record = next(agreeing, running[0] if len(running) == 1 else None)
        if record is None:
            raise Rejected(self.named(), self.which_one(found))
        return record

    def which_one(self, found: Sequence[Any]) -> str:
        names = listed(map(number_or_name, found[:3]))
        if self.ledger.sheet.other_identities:
            column = self.ledger.label_of(self.ledger.sheet.identity[0])
            return gettext("This may be %(records)s: please fill in “%(column)s”.", records=names, column=column)
        return gettext("This may be %(records)s: please give the record number.", records=names)

    # What else it tells of

    def others(self, record: Any) -> dict[str, Row]:
        """The parts of the row about related records and entries, by the name of the link or of the entries."""
        found = {}
        for prefix in self.ledger.sheet.related:
            dotted = f"{prefix}."
            cells = {name.removeprefix(dotted): text for name, text in self.cells.items() if name.startswith(dotted)}
            essential = any(name.startswith(dotted) for name in self.ledger.sheet.essential)
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
        """Does the row have values for the related record? Also finds that record, if this one links to it."""
        if row.ledger.under:
            echoed = {name: field for name, field in self.ledger.sheet.echoes.items() if name.startswith(row.prefix)}
            for name, shown in echoed.items() if record is not None else ():
                row.drop_echo(name.removeprefix(row.prefix), getattr(record, shown))
            if not any(row.cells.values()):
                return False
            if row.ledger.event and (day := self.layout.day):
                row.cells = {row.ledger.event: day.isoformat(), **row.cells}
            return True
        linked = self.ledger.field(prefix).kind.linked(record, prefix) if record is not None else None
        found = row.contradictions(linked, loosely=False) if linked is not None else []
        if found and not self.agreed:
            raise Question(record, found, row.ledger, row.prefix)
        row.linked = None if found else linked
        if record is not None and row.linked is None:
            row.belong_with(record)
        return True

    def belong_with(self, record: Any) -> None:
        """Use the owning unit of the linking record for its new related record if the row has none."""
        if self.cells.get("owner_unit_id") == "" and record.owner_unit is not None:
            self.cells = {**self.cells, "owner_unit_id": record.owner_unit.full_name}
            vars(self).pop("said", None)

    def drop_echo(self, name: str, shown: Any) -> None:
        """Ignore an entry that only repeats a value of the parent record."""
        if shown is None or {each for each, text in self.cells.items() if text} != {name}:
            return
        alone: MultiDict[str, str] = MultiDict()
        alone.setlist(name, self.ledger.field(name).kind.from_cell(self.cells[name]))
        if self.form(alone)[name].data == shown:
            self.cells = {**self.cells, name: ""}

    def links(self, others: Mapping[str, Row]) -> dict[str, list[str]] | None:
        """The ids of related records; None if one must still be created. Raises Rejected if one of them is invalid."""
        links = {}
        for prefix, other in others.items():
            judgement = other.found(judging=True)
            if not other.ledger.under:
                other.judgement, links[prefix] = judgement, judgement[0]
        return None if None in links.values() else {prefix: [str(each.id)] for prefix, each in links.items()}

    def before(self, others: Mapping[str, Row], typed: MultiDict[str, str], record: Any) -> bool:
        """Create or change related records once this record is valid; returns whether any changed."""
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
        """Create or find the entries of this record; returns whether any changed."""
        changed = False
        for other in others.values():
            if other.ledger.under:
                entry, result = other.put(record)
                changed = changed or result != UNCHANGED
                if other.ledger.event and getattr(entry, other.ledger.event) is None:
                    self.told.lacking.append(other.prefix + other.ledger.event)
        return changed

    def put(self, parent: Any = None) -> tuple[Any, str]:
        """Import the row as a related record or entry; returns (record, result)."""
        record, form, names = self.judgement if self.judgement and parent is None else self.found(parent)
        status = self.status()
        result = self.result(record, names, status)
        return self.settled(form, record, names, result, status, parent), result

    def found(self, parent: Any = None, *, judging: bool = False) -> tuple[Any, LedgerForm, list[str]]:
        """The record of this row, its form, and the changed fields. `judging`: only validate, while the parent record
        is not known yet."""
        record = self.linked or self.known()
        if record is None and not (judging and self.ledger.under):
            record = self.alike(self.typed(), parent)
        return record, *self.judged(self.typed(record), record, parent)

    # What becomes of it

    def judged(self, typed: MultiDict[str, str], record: Any, parent: Any = None) -> tuple[LedgerForm, list[str]]:
        """The form and the changed fields. Raises Rejected if it is invalid apart from gaps; unchanged records are not
        validated."""
        form = self.form(typed, record, parent) if record is not None else self.complete(self.fresh(typed, parent))
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

    def changeable(self, record: Any) -> bool:
        """May this import change the record? Adopted records may be adopted again."""
        return self.ledger.editable(record) or (self.adopt and getattr(record, "source", "") == "import")

    def require_editable(self, record: Any) -> None:
        if not self.changeable(record):
            raise Rejected(self.named(), gettext("In this status it can no longer be edited."))

    def require_open(self, others: Mapping[str, Row], record: Any) -> None:
        """Refuse entries where pages do not accept them, except below imported records that this import may change."""
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
            raise Rejected(self.ledger.owner.unit or "owner_unit_id", gettext("This belongs to another unit."))

    @property
    def verb(self) -> str:
        """The permission for this row; related records need the permission to add."""
        deed = scope.current_verb() or "import"
        return deed if deed in self.ledger.verbs else "add"

    def settled(
        self, form: LedgerForm, record: Any, names: Sequence[str], result: str, status: str, parent: Any = None
    ) -> Any:
        """Save the record if anything changed; returns it."""
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
        if self.ledger.review.statuses:
            record.source = "import" if new else record.source
            take_over(self.ledger, record, status)
        if new:
            self.told.unended += take_ends(self.ledger, record, self.cells, new=True)
        known_values.note(record)
        with scope.doing(self.verb):
            deferred_flush.defer(record)
            if not self.alone or isinstance(record, REFERENCE):
                deferred_flush.flush()
        return record
