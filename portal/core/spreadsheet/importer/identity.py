"""Which record a row of a sheet is: by number, by natural key, and contradictions (`docs/domain/workbooks.md`).

A record number decides, for the whole portal. Else the office's own number does, within the owning unit and the ledger,
unless it merely counts 1, 2, 3. Else the natural key that the ledger declares (`Sheet.identity`), within the owner.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from portal.core.access import scope
from portal.core.access.masked_input import findable, known_names
from portal.core.declaration.ledger import Ledger
from portal.core.records.forms.form import LedgerForm
from portal.core.records.known_values import none_has
from portal.core.spreadsheet.importer import alternate_keys
from portal.core.spreadsheet.reader.layout import plain
from portal.extensions import db
from portal.org.encrypted import Sealed

OFFICE = "office_no"
# The columns in which a record number may stand; elsewhere a text of its pattern is only a text.
NUMBERED = ("record_no", OFFICE)
CHUNK = 500
# 1, 02, 3., 4.0, (5), 第6号, 七: what only counts rows. A year and a serial number without a mark between have more
# digits; 2024-001 and 〔2024〕1号 have other characters.
COUNTING = re.compile(r"第?(\d{1,5}(\.0*)?|[一二三四五六七八九十百]{1,5})[号、.]?")


def counts(text: str) -> bool:
    """Is this number only a row count, which every sheet has?"""
    return bool(COUNTING.fullmatch(re.sub(r"[\s()\[\]]", "", unicodedata.normalize("NFKC", text))))


def number_of(ledger: Ledger, text: str) -> str | None:
    """The record number in a cell, possibly after the record's title."""
    found = re.fullmatch(rf"(?:.*\s)?({ledger.number.pattern})", unicodedata.normalize("NFKC", text).strip())
    return found[1] if found else None


@dataclass(frozen=True)
class Contradiction:
    """A field in which a row differs from the record that it names."""

    name: str
    there: str
    here: str


class Identity:
    """Finds the records of the rows of one ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        # Record numbers and offices' own numbers that were looked up for the whole sheet and that nothing has.
        self._unknown: set[str] = set()
        self._unused: set[str] = set()

    def number(self, cells: Mapping[str, str]) -> str | None:
        """The record number in a row."""
        if not self.ledger.number.prefix and self.ledger.number.field == "record_no":
            return None
        own = self.ledger.number.field
        names = NUMBERED if own == "record_no" else (own, *self.ledger.sheet.essential)
        found = (number_of(self.ledger, cells[name]) for name in names if cells.get(name))
        return next((number for number in found if number), None)

    def office_number(self, cells: Mapping[str, str]) -> str:
        """The office number from either column, unless it is a record number or a row count."""
        if self.ledger.number.field != "record_no":
            return ""
        texts = (cells.get(name, "") for name in reversed(NUMBERED))
        return next((text for text in texts if text and not number_of(self.ledger, text) and not counts(text)), "")

    def prefetch(self, rows: Iterable[Mapping[str, str]]) -> None:
        """Query the numbers of all rows at once, so that unused numbers are not queried row by row."""
        numbers = [(self.number(cells), self.office_number(cells)) for cells in rows]
        self._unknown |= self._missing(self.ledger.number.field, {own for own, _ in numbers if own})
        ways = {self._ways(office) for own, office in numbers if office and not own}
        unused = self._missing(OFFICE, {way for each in ways for way in each})
        self._unused |= {each[-1] for each in ways if unused.issuperset(each)}

    def _ways(self, number: str) -> tuple[str, ...]:
        """All stored spellings of an office number; the last is the canonical one."""
        return tuple(self.ledger.field(OFFICE).kind.ways_to_write(number))

    def _missing(self, name: str, numbers: set[str]) -> set[str]:
        missing, wanted = set(numbers), sorted(numbers)
        for at in range(0, len(wanted), CHUNK):
            column = getattr(self.ledger.model, name)
            missing -= {*db.session.scalars(select(column).where(column.in_(wanted[at : at + CHUNK])))}
        return missing

    def numbered(self, number: str) -> Any:
        """The record with this number, in any status; None if the user sees none."""
        if number in self._unknown:
            return None
        model = self.ledger.model
        return db.session.scalars(select(model).where(getattr(model, self.ledger.number.field) == number)).first()

    def of_office(self, number: str, form: LedgerForm) -> Any:
        """The record with this office number in the owning unit. Voided records keep theirs."""
        ways = self._ways(number)
        if ways[-1] in self._unused:  # the row may make it; the next one of this number asks
            self._unused.remove(ways[-1])
            return None
        units, model = self.owners(form), self.ledger.model
        query = select(model).where(model.office_no.in_(ways), model.amends_id.is_(None))
        if not number or not units:
            return None
        return db.session.scalars(
            query.where(model.owner_unit_id.in_(units)).order_by(model.status == "voided")
        ).first()

    def owners(self, form: LedgerForm) -> list[int]:
        """The units that can own the record of this form."""
        name = self.ledger.owner.unit or "owner_unit_id"
        said = form[name].data if name in form else None
        if said is not None:
            return self.ledger.field(name).kind.owners(said)
        own = scope.current().unit_id
        return [own] if own is not None else []

    def alike(self, form: LedgerForm, *, office: str, unnumbered: bool, voided: bool, parent: Any) -> list[Any]:
        """The records with the natural key of a row; blank key fields are not compared. `unnumbered`: the sheet has
        record numbers and this row has none, so records without a number are preferred. `voided`: the row has the
        status voided, so voided records are included."""
        if self._new(form):
            return []
        model, names = self.ledger.model, alternate_keys.key_fields(self.ledger, form)
        if self.ledger.sheet.other_identities:
            return alternate_keys.candidates(
                self.ledger, form, findable(self.ledger, names, select(model).order_by(model.id))
            )
        said = [name for name in names if form[name].data is not None]
        same = [self.ledger.field(name).kind.same(model, name, form[name].data) for name in said]
        conditions = [condition for condition in same if condition is not None]
        if self.ledger.under:
            conditions += self._empty(name for name in self.ledger.sheet.identity if name not in said)
        if not conditions:
            return []
        query = findable(self.ledger, said, select(model).where(*conditions).order_by(model.id))
        if self.ledger.under:
            query = query.where(getattr(model, self.ledger.under.relation) == parent)
        if not self.ledger.review.statuses:
            return list(db.session.scalars(query))
        if office:
            query = query.where(model.office_no.is_(None) | model.office_no.in_(self._ways(office)))
        found = self._standing(query, unnumbered=unnumbered)
        return found or (list(db.session.scalars(query.where(model.status == "voided"))) if voided else [])

    def _new(self, form: LedgerForm) -> bool:
        """Is it certain that no record has the natural key of this row?"""
        if self.ledger.under or self.ledger.sheet.other_identities:
            return False
        return none_has(self.ledger.model, **{name: form[name].data for name in self.ledger.sheet.identity})

    def _standing(self, query: Select[Any], *, unnumbered: bool) -> list[Any]:
        model = self.ledger.model
        query = query.where(model.status != "voided")
        if unnumbered:
            open_ = query.where(model.record_no.is_(None), model.status != "archived")
            if found := list(db.session.scalars(open_)):
                return found
        return list(db.session.scalars(query.where(model.amends_id.is_(None))))

    def _empty(self, names: Iterable[str]) -> list[ColumnElement[bool]]:
        return [getattr(self.ledger.model, name).is_(None) for name in names]

    def contradictions(self, form: LedgerForm, record: Any, *, loosely: bool) -> list[Contradiction]:
        """The key fields in which a row differs from the record that it names. `loosely`: titles, dates and codes of
        the key may be corrected, since a record number identifies the record."""
        found = []
        for name in self.ledger.sheet.identity:
            kind = self.ledger.field(name).kind
            if name not in form or form[name].data is None or (loosely and not kind.refers):
                continue
            there, here = kind.stored(record, name), form[name].data
            hidden = kind.named and not known_names(self.ledger.name).covers(record)
            if there is not None and (hidden or not self._equal(kind, there, here)):
                shown = kind.retell(kind.typed(here)) if here is not None else ""
                found.append(Contradiction(name, kind.show(kind.read(record, name)), shown))
        return found

    def misnamed(self, cells: Mapping[str, str], record: Any) -> list[Contradiction]:
        """A cell with a masked name and number (王* B-7K3Q2) that do not match the record."""
        if self.ledger.number.field == "record_no":
            return []
        for name in self.ledger.sheet.essential:
            number, kind = number_of(self.ledger, cells.get(name, "")), self.ledger.field(name).kind
            if number:
                own = getattr(record, self.ledger.number.field)
                there = f"{kind.show(kind.stored(record, name))} {own}"
                mask = cells[name].strip().removesuffix(number).strip()
                if number != own or mask not in ("", kind.show(kind.stored(record, name))):
                    return [Contradiction(name, there, cells[name])]
        return []

    @staticmethod
    def _equal(kind: Any, there: Any, here: Any) -> bool:
        if isinstance(there, Sealed) and isinstance(here, Sealed):
            return there.digest == here.digest
        if there is not None and kind.ways_to_write(there)[-1] == kind.ways_to_write(here)[-1]:
            return True
        # Of people, whom the roster may not know.
        one, other = getattr(there, "name", None), getattr(here, "name", None)
        return one is not None and other is not None and plain(one) == plain(other)


__all__ = ["NUMBERED", "OFFICE", "Contradiction", "Identity", "counts", "number_of"]
