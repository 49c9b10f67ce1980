"""A ledger's form: the one validator for pages, REST, sheets and the demo."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from flask_babel import gettext
from wtforms import Form

from portal.core.access.masked_input import keep_apart
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import ChildTable
from portal.core.declaration.values import Missing, Problem, Values
from portal.core.fields import BadValue, Field, RowRefs
from portal.core.fields.base import BLANK
from portal.core.fields.links import standing_under
from portal.core.fields.own_words import with_others
from portal.core.punctuation import labelled
from portal.core.records.duplicates import Doubts
from portal.core.records.forms import party_rows
from portal.core.records.forms.fields import KindField, RowForm, RowsField, form_of, stored
from portal.core.records.unique_values import taken
from portal.core.transactions import ledger_lock


class LedgerForm(Form):
    """The form of one record: input, errors, and saving into the record."""

    ledger: Ledger
    problems: list[str]
    warnings: list[str]
    # What a draft still lacks; filled by `validate` when the form is `partial`.
    missing: list[Missing]
    # A ledger taken over from paper may have gaps.
    lenient = False
    # A draft may be half: what is not filled in yet is listed in `missing` and demanded when it is submitted.
    partial = False

    def __init__(
        self, formdata: Any = None, record: Any = None, parent: Any = None, begun: Mapping[str, list[str]] | None = None
    ) -> None:
        """`parent` is the parent record of a new entry; `begun` are initial texts of a new record."""
        self.record, self.problems, self.warnings, self.missing = record, [], [], []
        self.doubts = Doubts(self.ledger.name, record, formdata or {})
        self.parent = parent if record is None else self.ledger.above(record)
        self.formdata = formdata
        names = self.ledger.entered
        data = stored(record, names) if record is not None else parsed(names, begun or {}, self.warnings)
        formdata = with_others(self.ledger.entered, formdata)
        with standing_under(self.parent):
            data |= {table.name: getattr(record, table.name, None) for table in self.ledger.form.tables}
            super().__init__(formdata, data=data)
        for name in self.ledger.hidden(record) & names.keys():
            field = self[name]
            field.withheld, field.data, field.raw_data, field.process_errors = True, field.before, [], []
        keep_apart(self)
        for table in self.ledger.form.tables:
            party_rows.lock(self[table.name])

    @property
    def tables(self) -> list[RowsField]:
        """The tables that the record has, and tables with rows that it no longer has."""
        owned = {table.name for table in self.ledger.tables_for(self.values())}
        return [self[table.name] for table in self.ledger.form.tables if table.name in owned or self[table.name].rows]

    def values(self) -> Values:
        data = {name: self[name].data for name in self.ledger.entered}
        for table in self.ledger.form.tables:
            data[table.name] = [Values(row.row, row.data) for row in self[table.name].rows]
        return Values(self.record, data, self.parent, from_paper=self.lenient)

    def validate(self, extra_validators: Any = None) -> bool:
        """Fill in defaults, then validate every field, every row, and the whole. Changes only this form. Locks the
        ledger until the transaction ends, so that unique values are still free when they are stored."""
        ledger_lock.hold(self.ledger.name)
        values = self.completed()
        with standing_under(self.parent):
            fine: bool = super().validate(extra_validators)
            fine = self._no_rows_are_lost(values) and fine
            self.missing = list(self._lacking()) if self.partial else []
            for rule in (self._unique, self._needed, *self.ledger.form.rules, *self.ledger.form.last_rules):
                for problem in rule(values) if fine or rule not in self.ledger.form.last_rules else ():
                    fine = self._note(problem) and fine
        return fine

    def _no_rows_are_lost(self, values: Values) -> bool:
        """Refuse rows in tables that such a record does not have; the user has to remove them."""
        owned = self.ledger.tables_for(values)
        left = [self[table.name] for table in self.ledger.form.tables if table not in owned and self[table.name].rows]
        for table in left:
            text = gettext(
                "A record like this has no such rows. Please remove them here, or change what you chose above."
            )
            table.errors = [*table.errors, text]
        return not left

    def list_missing(self) -> list[Missing]:
        """The values that the record needs before it can be submitted.

        Rules that compare with hidden records (`last_rules`) are skipped, since only a save may reveal their result.
        """
        self.partial, values = True, self.completed()
        with standing_under(self.parent):
            self.missing = list(self._lacking())
            for rule in (self._needed, *self.ledger.form.rules):
                for problem in rule(values):
                    if problem.missing and (not problem.table or problem.table in self):
                        self._wait_for(problem)
        return self.missing

    def show_missing(self, missing: Iterable[Missing]) -> None:
        """Show the fields with missing values, including those that are normally filled in automatically."""
        for each in missing:
            if each.name in self:
                self[each.name].awaited = True

    def _lacking(self) -> Iterator[Missing]:
        """The required fields and cells that are blank."""
        for name in self.ledger.entered:
            if self[name].lacks and not self[name].withheld:
                yield self._missing(self[name])
        for table in self.tables:
            for row in table.rows:
                yield from (self._missing(cell, table) for cell in row if cell.lacks)

    def _missing(self, field: KindField, table: RowsField | None = None, text: str = "") -> Missing:
        label = str(field.declared.label)
        if table is not None:
            label = f"{table.label.text} – {label}"
        return Missing(field.id, field.name, label, text or gettext("Please fill this in."))

    def _wait_for(self, problem: Problem) -> None:
        table = self[problem.table] if problem.table else None
        place = table.rows[problem.row] if table is not None else self
        if problem.field in place and all(each.name != place[problem.field].name for each in self.missing):
            self.missing.append(self._missing(place[problem.field], table, str(problem.text)))

    def fields_fine(self) -> bool:
        """Validate fields and rows one by one, before the whole is known."""
        self.completed()
        with standing_under(self.parent):
            return bool(super().validate())

    def completed(self) -> Values:
        """The input with defaults filled in."""
        for table in self.ledger.form.tables:
            self[table.name].drop_blank()
        values = self.values()
        if self.ledger.form.defaults:
            self.ledger.form.defaults(values)
            self._take(values)
        return values

    def _take(self, values: Values) -> None:
        """Copy the values of defaults into the form."""
        for name in self.ledger.entered:
            self[name].data = values.fields[name]
        for table in self.ledger.form.tables:
            for form, row in zip(self[table.name].rows, values.fields[table.name], strict=True):
                for cell in form:
                    cell.data = row.fields[cell.short_name]

    def _needed(self, values: Values) -> Iterator[Problem]:
        """Fields that this record requires, unless it is imported from paper."""
        if self.ledger.form.also_required and not self.lenient:
            for name in self.ledger.form.also_required(values):
                if values.fields.get(name) in BLANK:
                    yield Problem(name, gettext("Please fill this in."), missing=True)

    def _unique(self, values: Values) -> Iterator[Problem]:
        return taken(self.ledger, values)

    def _note(self, problem: Problem) -> bool:
        if problem.twin is not None:
            return self.lenient or self.doubts.answered(problem.twin, str(problem.text))
        if problem.warning:
            self.warnings.append(str(problem.text))
        if problem.warning or (problem.table and problem.table not in self):  # a table that this form leaves as it is
            return True
        if problem.missing and self.partial:
            self._wait_for(problem)
            return True
        place = self[problem.table].rows[problem.row] if problem.table else self
        if problem.field in place:
            field = place[problem.field]
            field.errors = [*field.errors, str(problem.text)]
        else:
            self.problems.append(str(problem.text))
        return False

    def save_into(self, record: Any) -> None:
        """Copy the validated values into the record and its rows."""
        for name, declared in self.ledger.entered.items():
            declared.kind.store(record, name, self[name].data)
        made: dict[tuple[str, str], Any] = {}
        tables = {table.name for table in self.ledger.tables_for(self.values())}
        for table in self.ledger.form.tables:
            rows = self[table.name].rows if table.name in tables else []
            setattr(record, table.name, [self._row(table, n, row, made) for n, row in enumerate(rows)])
        self._connect(made)

    def _row(self, table: ChildTable, position: int, form: RowForm, made: dict[tuple[str, str], Any]) -> Any:
        row = form.row if form.row is not None else self.ledger.rows_model(table)()
        row.position = position
        for name, declared in self.ledger.rows_fields(table).items():
            if not isinstance(declared.kind, RowRefs):
                declared.kind.store(row, name, form[name].data)
        self.warnings += party_rows.sign(self[table.name], form, row)
        made[table.name, form.key] = row
        return row

    def _connect(self, made: dict[tuple[str, str], Any]) -> None:
        """Link rows to sibling rows, after all of them exist."""
        for table in self.ledger.form.tables:
            for form in self[table.name].rows:
                for field in form:
                    kind = field.declared.kind
                    if isinstance(kind, RowRefs) and (table.name, form.key) in made:
                        keys = [str(getattr(ref, "id", ref)) for ref in field.data or ()]
                        chosen = [made[kind.table, key] for key in keys if (kind.table, key) in made]
                        setattr(made[table.name, form.key], kind.relation, chosen)


def parsed(fields: Mapping[str, Field], texts: Mapping[str, list[str]], warnings: list[str]) -> dict[str, Any]:
    """Initial values of a new record; invalid ones are left out with a warning."""
    found = {}
    for name in fields.keys() & texts.keys():
        try:
            found[name] = fields[name].kind.parse(texts[name], None)
        except BadValue as fault:
            warnings.append(labelled(fields[name].label, fault))
    return found


@lru_cache(maxsize=128)
def form_class(ledger: Ledger) -> type[LedgerForm]:
    """The form class of a ledger, cached; those of partial ledgers only while they are in use."""
    fields = form_of(ledger.entered, LedgerForm)
    tables = {table.name: RowsField(ledger, table) for table in ledger.form.tables}
    return type(f"{ledger.name}_form", (fields,), {"ledger": ledger, **tables})


__all__ = ["KindField", "LedgerForm", "RowsField", "form_class", "form_of", "stored"]
