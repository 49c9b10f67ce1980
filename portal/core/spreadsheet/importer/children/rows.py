"""Import rows of child sheets into the tables of their records.

A table without a sheet stays unchanged, and so does a row missing from its sheet: nothing is deleted by omission, and
the result reports this. All rows of one record are validated by one form, and all are imported or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import force_locale, gettext
from sqlalchemy import Select, select
from werkzeug.datastructures import MultiDict

from portal.core.access import scope
from portal.core.access.masked_input import differs
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import ChildTable
from portal.core.declaration.workflow import IN_FORCE
from portal.core.fields import BadValue, RowRefs, natural
from portal.core.imports import runs
from portal.core.punctuation import PAPER
from portal.core.records import saving
from portal.core.records.forms.form import LedgerForm, form_class
from portal.core.spreadsheet.columns.child_tables import ROW_ID, keys_of, table_of
from portal.core.spreadsheet.importer import alternate_keys
from portal.core.spreadsheet.importer.provenance import taking
from portal.core.spreadsheet.importer.savepoints import refusal, take_each
from portal.core.spreadsheet.importer.verdict import CHANGED, NEW, UNCHANGED, Rejected, number_or_name, shows
from portal.core.spreadsheet.reader.cell_references import number_of_nobody
from portal.core.spreadsheet.reader.flat_tables import FlatTable, parts_of
from portal.core.spreadsheet.reader.headings import plain
from portal.extensions import db


@dataclass
class TableRow:
    """One row of a child sheet. `key` is its key in the record's form."""

    table: ChildTable
    number: int
    cells: dict[str, str]
    key: str = ""
    index: int = 0


@dataclass
class TableOutcome:
    """The result of one child sheet."""

    sheet: str
    table: str
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((NEW, CHANGED, UNCHANGED), 0))
    # (row of the sheet, column as written, why)
    rejected: list[tuple[int, str, str]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    # What becomes of rows that are there: {row, sheet, record_no, name, column, old, new}, cell by cell.
    changes: list[dict[str, Any]] = field(default_factory=list)
    # Rows that records have and the sheet does not.
    kept: int = 0

    def remember(self) -> Callable[[], None]:
        """Returns a function that discards everything noted from now on."""
        counts, rejected, changes, kept = self.counts.copy(), len(self.rejected), len(self.changes), self.kept

        def forget() -> None:
            self.counts, self.kept = counts, kept
            del self.rejected[rejected:], self.changes[changes:]

        return forget

    def as_json(self) -> dict[str, Any]:
        rejected = [{"row": row, "column": column, "why": why} for row, column, why in self.rejected]
        rows = sum(self.counts.values()) + len(rejected)
        told = {"name": self.sheet, "table": self.table, "rows": rows, **self.counts, "rejected": rejected}
        return told | {"left_out": self.left_out, "kept": self.kept}


# A record and the rows that name it.
Group = tuple[Any, list[TableRow]]


class FurtherRows:
    """The child sheets of a workbook."""

    def __init__(self, ledger: Ledger, found: Sequence[FlatTable], source: str, *, adopt: bool) -> None:
        """`source` is the name of the workbook in the audit log."""
        self.ledger, self.source, self.adopt = ledger, source, adopt
        self.outcomes: dict[str, TableOutcome] = {}
        self.rows: list[TableRow] = []
        self.found: list[tuple[TableRow, Any]] = []  # rows with the records that they name
        for flat in found:
            table = table_of(ledger, flat.sheet)
            if table is not None and table.name not in self.outcomes:
                outcome = TableOutcome(flat.sheet.name, table.name, left_out=flat.left_out())
                rows = [TableRow(table, n, texts) for n, texts in flat.rows()]
                if rows or outcome.left_out:
                    self.outcomes[table.name] = outcome
                    self.rows += rows

    def take(self) -> list[TableOutcome]:
        """Import the rows, record by record. Nothing is committed."""
        take_each(self.rows, self.look_up, self.refuse_row, self.remember)
        groups: dict[int, Group] = {}
        for row, record in self.found:
            groups.setdefault(record.id, (record, []))[1].append(row)
        take_each([*groups.values()], self.take_group, self.refuse_group, self.remember)
        return list(self.outcomes.values())

    def look_up(self, row: TableRow) -> bool:
        """Find the record of a row; returns False, because no record changes."""
        try:
            self.found.append((row, self.record_of(row)))
        except Rejected as fault:
            self.reject(row, fault)
        return False

    def take_group(self, group: Group) -> bool:
        """Import the rows of one record; returns whether it changed."""
        record, rows = group
        first = rows[0]
        with force_locale(PAPER):  # and not by what the sheet is called, which can be somebody's name
            place = f"{self.source}, {first.table.label}"
        try:
            with taking(place, first.number, adopt=self.adopt):
                return self.take_record(record, rows)
        except Rejected as fault:
            for row in rows:
                self.reject(row, fault)
            return False

    def refuse_group(self, group: Group) -> None:
        """Reject rows that the database does not accept."""
        for row in group[1]:
            self.refuse_row(row)

    def refuse_row(self, row: TableRow) -> None:
        self.reject(row, Rejected(str(self.ledger.one), refusal()))

    def remember(self, _rows: Sequence[object]) -> Callable[[], None]:
        length = len(self.found)
        back = [runs.remember(), *(outcome.remember() for outcome in self.outcomes.values())]

        def forget() -> None:
            del self.found[length:]
            for each in back:
                each()

        return forget

    def reject(self, row: TableRow, fault: Rejected) -> None:
        self.outcomes[row.table.name].rejected.append((row.number, fault.name, fault.why))

    def record_of(self, row: TableRow) -> Any:
        """The record of a row, by its number or its name. Raises Rejected."""
        ledger, keys = self.ledger, keys_of(self.ledger)
        label = str(ledger.field(keys[0]).label)
        number = row.cells.get("record_no", "")
        if number:
            found = db.session.scalars(select(ledger.model).where(ledger.model.record_no == number)).all()
        elif names := [name for name in keys if name != "record_no"]:
            found = self.named(row, names)
        else:
            found = self.holding(row)
        if not found:
            raise Rejected(label, gettext("There is no record of this number or name."))
        if len(found) > 1:
            raise Rejected(label, gettext("Several records fit this row; please add what tells them apart."))
        return found[0]

    def holding(self, row: TableRow) -> Sequence[Any]:
        """The draft that contains this row, if a row identifies its record only by the row number."""
        return self.with_row(row, select(self.ledger.model))

    def with_row(self, row: TableRow, query: Select[Any]) -> Sequence[Any]:
        model, key = self.ledger.rows_model(row.table), natural(row.cells.get(ROW_ID, ""))
        held = getattr(self.ledger.model, row.table.name).any(model.id == key)
        return db.session.scalars(query.where(held)).all() if key else ()

    def named(self, row: TableRow, names: Sequence[str]) -> Sequence[Any]:
        ledger = self.ledger
        texts = {name: text for name in names if (text := row.cells.get(name, ""))}
        if names[0] not in texts:
            return []
        if not ledger.number.prefix:
            typed = MultiDict({name: ledger.field(name).kind.from_cell(text)[0] for name, text in texts.items()})
            return alternate_keys.candidates(ledger, form_class(ledger)(typed), select(ledger.model))
        query = select(ledger.model).where(*(self.says(name, text) for name, text in texts.items()))
        if ledger.review.statuses:
            query = query.where(ledger.model.status != "voided")
            # An amendment is called as the record in force is, and has no number either.
            if found := self.with_row(row, query):
                return found
            query = query.where(ledger.model.amends_id.is_(None))
        return db.session.scalars(query.limit(2)).all()

    def says(self, name: str, text: str) -> Any:
        """SQL condition that a key field, or the number of the parent record, has this value."""
        ledger = self.ledger
        if ledger.under and name == f"{ledger.under.relation}_no":
            return getattr(ledger.model, ledger.under.relation).has(record_no=text)
        kind = ledger.field(name).kind
        try:
            return ledger.column(name) == kind.parse(kind.from_cell(text), None)
        except BadValue as fault:
            raise Rejected(str(ledger.field(name).label), str(fault)) from None

    def take_record(self, record: Any, rows: Sequence[TableRow]) -> bool:
        """Import all rows of one record with one form; returns whether they change it. Raises Rejected if they are
        invalid together."""
        ledger = self.ledger
        typed = self.typed(record, rows)
        form: LedgerForm = form_class(ledger)(typed, record)
        form.lenient = True
        fine = form.validate()
        results = {id(row): self.result(form, row) for row in rows}
        if all(result == UNCHANGED for result in results.values()):
            self.count(results.values(), rows)
            return False
        if not fine:
            raise_fault(ledger, form, rows)
        self.require_editable(record, {row.table.name for row in rows if results[id(row)] != UNCHANGED})
        changed = [row for row in rows if results[id(row)] == CHANGED]
        changes = [(row.table.name, [*self.changes(form, row, record)]) for row in changed]
        saving.fill(ledger, form, record)
        db.session.flush()
        for table, cells in changes:
            self.outcomes[table].changes += cells
        self.count(results.values(), rows)
        return True

    def count(self, results: Any, rows: Sequence[TableRow]) -> None:
        for row, result in zip(rows, results, strict=True):
            self.outcomes[row.table.name].counts[result] += 1

    def typed(self, record: Any, rows: Sequence[TableRow]) -> MultiDict[str, str]:
        """Form data: the existing rows by their key only, which keeps them, and the values of the sheets."""
        typed: MultiDict[str, str] = MultiDict()
        for table in {row.table.name: row.table for row in rows}.values():
            mine = [row for row in rows if row.table is table]
            existing = list(getattr(record, table.name))
            self.match(table, existing, mine)
            self.outcomes[table.name].kept += len({str(row.id) for row in existing} - {row.key for row in mine})
            for n, key in enumerate([*(str(row.id) for row in existing), *(r.key for r in mine if is_new(r))]):
                typed[f"{table.name}-{n}-id"] = key
                for row in mine:
                    row.index = n if row.key == key else row.index
        for row in rows:
            held = next((each for each in getattr(record, row.table.name) if str(each.id) == row.key), None)
            self.type_row(typed, row, held, rows, record)
        return typed

    def match(self, table: ChildTable, existing: Sequence[Any], rows: Sequence[TableRow]) -> None:
        """Match rows of the sheet to rows of the record, by number or first field."""
        first = table.fields[0]
        kind, taken = self.ledger.rows_fields(table)[first].kind, set[str]()
        for n, row in enumerate(rows):
            row.key = f"new-{n}"
            number, name = row.cells.get(ROW_ID, ""), plain(row.cells.get(f"{table.name}.{first}", ""))
            same = [each for each in existing if str(each.id) == number] if number else []
            if number and not same:
                raise Rejected(gettext("Row number"), gettext("Its record has no row of this number."))
            same = same or [each for each in existing if name and plain(kind.show(kind.read(each, first))) == name]
            if len(same) > 1:
                raise Rejected(str(table.label), gettext("Several rows are called so; please give the row number."))
            if same:
                row.key = str(same[0].id)
            if row.key in taken:
                raise Rejected(str(table.label), gettext("Two rows of this sheet are the same row of the record."))
            taken.add(row.key)

    def type_row(self, typed: Any, row: TableRow, held: Any, rows: Sequence[TableRow], record: Any) -> None:
        for name, declared in self.ledger.rows_fields(row.table).items():
            text, kind = row.cells.get(f"{row.table.name}.{name}", ""), declared.kind
            if not text or kind.is_mask(text) or (held is not None and shows(kind, held, name, text)):
                continue
            if why := number_of_nobody(kind, text):
                raise Rejected(str(declared.label), why)
            texts = self.refs(kind, text, rows, record) if isinstance(kind, RowRefs) else kind.from_cell(text)
            typed.setlist(f"{row.table.name}-{row.index}-{name}", texts)

    def refs(self, kind: RowRefs, text: str, rows: Sequence[TableRow], record: Any) -> list[str]:
        """The keys of the sibling rows named in a cell."""
        known = {plain(getattr(each, kind.label) or ""): str(each.id) for each in getattr(record, kind.table)}
        known |= {plain(row.cells.get(f"{kind.table}.{kind.label}", "")): row.key for row in rows if is_of(row, kind)}
        parts = [text] if plain(text) in known else parts_of(text)
        missing = [part for part in parts if plain(part) not in known]
        if missing:
            raise Rejected(kind.table, gettext("This record has no row of this name: %(name)s", name=missing[0][:60]))
        return [known[plain(part)] for part in parts]

    def result(self, form: LedgerForm, row: TableRow) -> str:
        if is_new(row):
            return NEW
        fields = form[row.table.name].rows[row.index]
        return CHANGED if any(differs(each, closed=False) for each in fields if each.raw_data) else UNCHANGED

    def changes(self, form: LedgerForm, row: TableRow, record: Any) -> Iterator[dict[str, Any]]:
        """The old and new text of each changed cell, masked as on pages."""
        entry = form[row.table.name].rows[row.index]
        for each in entry:
            if not each.raw_data or not differs(each, closed=False):
                continue
            name, kind = each.short_name, each.declared.kind
            text = row.cells.get(f"{row.table.name}.{name}", "")
            yield {
                "row": row.number,
                "sheet": self.outcomes[row.table.name].sheet,
                "record_no": number_or_name(record),
                "name": f"{row.table.name}.{name}",
                "column": str(each.declared.label),
                "old": kind.show(each.before if kind.personal else kind.read(entry.row, name)),
                "new": kind.show(each.data) if kind.personal else text,
            }

    def require_editable(self, record: Any, changed: set[str]) -> None:
        ledger, principal = self.ledger, scope.current()
        owner = getattr(record, "owner_unit_id", None)
        if ledger.scoped and not principal.covers(scope.current_verb() or "import", ledger.name, owner):
            raise Rejected(str(ledger.one), gettext("This belongs to another unit."))
        if ledger.editable(record) or (self.adopt and getattr(record, "source", "") == "import"):
            return
        living = {table.name for table in ledger.form.tables if table.in_force} if record.status == IN_FORCE else set()
        if not changed <= living or not principal.covers("maintain", ledger.name, owner):
            raise Rejected(str(ledger.one), gettext("In this status it can no longer be edited."))


def is_new(row: TableRow) -> bool:
    return row.key.startswith("new-")


def is_of(row: TableRow, kind: RowRefs) -> bool:
    return row.table.name == kind.table


def raise_fault(ledger: Ledger, form: LedgerForm, rows: Sequence[TableRow]) -> None:
    for row in rows:
        for each in form[row.table.name].rows[row.index]:
            if each.errors:
                text = gettext("row %(row)d: %(why)s", row=row.number, why=each.errors[0])
                raise Rejected(str(each.declared.label), text)
    for table in {row.table.name: row.table for row in rows}.values():
        if form[table.name].errors:
            raise Rejected(str(table.label), str(form[table.name].errors[0]))
    faults = [str(each.errors[0]) for each in form if each.errors and isinstance(each.errors[0], str)]
    why = next(iter([*form.problems, *faults]), gettext("This row cannot be taken."))
    raise Rejected(str(ledger.one), why)


def take_further(ledger: Ledger, found: Sequence[FlatTable], source: str, *, adopt: bool) -> list[TableOutcome]:
    """Import the child sheets of a workbook after its records; returns their results. Nothing is committed."""
    return FurtherRows(ledger, found, source, adopt=adopt).take()


__all__ = ["FurtherRows", "TableOutcome", "take_further"]
