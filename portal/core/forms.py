"""A ledger's form: one validator for pages, sheets and demo, made from the declaration with WTForms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from flask_babel import gettext
from wtforms import Field as FormField
from wtforms import Form
from wtforms.validators import StopValidation

from portal.core import exclusion
from portal.core.doubts import Doubts
from portal.core.fields import BadValue, Field, RowRefs
from portal.core.fields.base import BLANK
from portal.core.fields.links import above, standing_under
from portal.core.fields.others import with_others
from portal.core.form_rows import indices
from portal.core.ledger import Ledger, Rows
from portal.core.phrases import labelled
from portal.core.unique import taken
from portal.core.unseen import keep_apart
from portal.core.values import Missing, Problem, Values


class KindField(FormField):
    """A WTForms field that asks its kind."""

    def __init__(self, declared: Field, **options: Any) -> None:
        super().__init__(label=declared.label, default=declared.default, **options)
        self.declared = declared
        self.before: Any = None
        # Not this user's to see or to fill in; the value stays as it is.
        self.withheld = False
        # Submitting would demand it.
        self.awaited = False

    def process_data(self, value: Any) -> None:
        self.data = self.before = value

    def process_formdata(self, valuelist: list[str]) -> None:
        """A field that was not posted stays as it is, so that part of a form never blanks the rest."""
        if valuelist:
            self.data = None
            self.data = self.declared.kind.parse(valuelist, self.before)

    def pre_validate(self, form: Any) -> None:
        if self.process_errors:
            raise StopValidation()
        if self.lacks and not (getattr(form, "lenient", False) or getattr(form, "partial", False)):
            raise StopValidation(gettext("Please fill this in."))
        if self.declared.fixed and self.before not in BLANK and self.data != self.before:
            raise StopValidation(gettext("This can no longer be changed."))

    @property
    def lacks(self) -> bool:
        return self.declared.required and self.data in BLANK

    @property
    def on_page(self) -> bool:
        """Fields that leave the user nothing to choose are not shown, unless something is wrong with them."""
        asked = self.declared.asked is None or self.declared.asked() or bool(self.errors) or self.awaited
        return asked and not self.withheld

    @property
    def texts(self) -> list[str]:
        """What stands in the field: exactly what was typed, else the value."""
        return list(self.raw_data) if self.raw_data else self.declared.kind.typed(self.data)

    @property
    def text(self) -> str:
        return next((text for text in reversed(self.texts) if text), "")

    def choices(self) -> tuple[bool, list[tuple[str, str]]]:
        """(are these all?, what to offer): all choices with the kept one, or only the chosen ones."""
        kind, chosen = self.declared.kind, [text for text in self.texts if text]
        options = kind.options()
        if options is None:
            return False, kind.shown_choices(chosen)
        offered = list(options)
        missing = [text for text in chosen if text not in dict(offered)]
        return True, offered + kind.shown_choices(missing)


class RowForm(Form):
    """One row of a table, with the key that sibling rows know it by."""

    key: str
    row: Any
    # As the form of the record (`LedgerForm.partial`).
    partial = False

    @property
    def blank(self) -> bool:
        return self.row is None and not any(
            text.strip() for field in self for text in field.raw_data or () if not _has_default(field)
        )


def _has_default(field: FormField) -> bool:
    """A select that opens on its default does not make a row filled."""
    declared = field.declared
    return declared.default is not None and field.data == declared.default()


class RowsField(FormField):
    """A table of the form. Rows post as `<table>-<n>-<field>` with the row's key in `<table>-<n>-id`."""

    def __init__(self, ledger: Ledger, table: Rows, **options: Any) -> None:
        super().__init__(label=table.label, **options)
        self.ledger, self.table = ledger, table
        self.row_form = row_form_class(ledger, table)
        self.rows: list[Any] = []
        self.posted = False

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        self.process_errors: list[str] = []
        existing = {str(row.id): row for row in data or ()}
        self.existing = set(existing)
        self.posted = formdata is not None and any(key.startswith(f"{self.name}-") for key in formdata)
        if self.posted:
            self.rows = list(self._typed(formdata, existing))
        else:
            self.rows = [self._row(n, key, row) for n, (key, row) in enumerate(existing.items())]
            self.rows += self._given(len(self.rows))

    def _given(self, first: int) -> list[RowForm]:
        """The rows that are there without anybody adding them, as far as the record lacks them."""
        if self.table.given is None:
            return []
        name = self.table.fields[0]
        known = {row[name].data for row in self.rows}
        fresh = [given for given in self.table.given(above()) if given[name] not in known]
        return [self._row(n, f"new-{n}", None, data=given) for n, given in enumerate(fresh, start=first)]

    def _typed(self, formdata: Any, existing: dict[str, Any]) -> Iterable[RowForm]:
        for n in indices(self.name, formdata):
            key = formdata.get(f"{self.name}-{n}-id") or f"new-{n}"
            if key.isdecimal() and key not in existing:
                self.process_errors.append(gettext("Row %(number)d is no longer there.", number=n + 1))
            yield self._row(n, key, existing.get(key), formdata)

    def _row(self, n: int, key: str, row: Any, formdata: Any = None, data: Any = None) -> RowForm:
        data = stored(row, self.ledger.rows_fields(self.table)) if row is not None else data or {}
        form: RowForm = self.row_form(formdata, prefix=f"{self.name}-{n}-", data=data)
        form.key, form.row = key, row
        return form

    def blank_row(self, index: str) -> RowForm:
        """An empty row, for the page to copy."""
        form: RowForm = self.row_form(prefix=f"{self.name}-{index}-")
        form.key, form.row = f"new-{index}", None
        return form

    def drop_blank(self) -> None:
        """Rows that were opened and left empty are not meant."""
        self.rows = [row for row in self.rows if not row.blank]

    def validate(self, form: Any, extra_validators: Any = ()) -> bool:
        self.errors = list(self.process_errors)
        if self.table.keep and self.existing - {row.key for row in self.rows}:
            self.errors.append(gettext("These rows can be switched off, but not removed."))
        if len(self.rows) > self.table.most:
            self.errors.append(gettext("At most %(most)d rows.", most=self.table.most))
        for row in self.rows:
            row.partial = form.partial
        fine = [row.validate() for row in self.rows] + [self._refs_fine(form, row) for row in self.rows]
        return not self.errors and all(fine)

    def _refs_fine(self, form: Any, row: RowForm) -> bool:
        fine = True
        for field in row:
            kind = field.declared.kind
            if isinstance(kind, RowRefs) and field.data:
                keys = {sibling.key for sibling in form[kind.table].rows}
                chosen = {str(getattr(ref, "id", ref)) for ref in field.data}
                if not chosen <= keys:
                    field.errors = [*field.errors, gettext("This row is no longer there.")]
                    fine = False
        return fine


class LedgerForm(Form):
    """The form of one record: what was typed, what is wrong with it, and the way into the record."""

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
        """`parent` is the record that a new entry goes under; `begun` are texts that a new record starts with."""
        self.record, self.problems, self.warnings, self.missing = record, [], [], []
        self.doubts = Doubts(self.ledger.name, record, formdata or {})
        self.parent = parent if record is None else self.ledger.above(record)
        self.formdata = formdata
        names = self.ledger.entered
        data = stored(record, names) if record is not None else parsed(names, begun or {}, self.warnings)
        formdata = with_others(self.ledger.entered, formdata)
        with standing_under(self.parent):
            data |= {table.name: getattr(record, table.name, None) for table in self.ledger.rows}
            super().__init__(formdata, data=data)
        for name in self.ledger.hidden(record) & names.keys():
            field = self[name]
            field.withheld, field.data, field.raw_data, field.process_errors = True, field.before, [], []
        keep_apart(self)

    @property
    def tables(self) -> list[RowsField]:
        return [self[table.name] for table in self.ledger.tables(self.values())]

    def values(self) -> Values:
        data = {name: self[name].data for name in self.ledger.entered}
        for table in self.ledger.rows:
            data[table.name] = [Values(row.row, row.data) for row in self[table.name].rows]
        return Values(self.record, data, self.parent, from_paper=self.lenient)

    def validate(self, extra_validators: Any = None) -> bool:
        """Fill defaults, then judge every field, every row, and the whole. Changes nothing but this form, and keeps
        the ledger until the transaction ends, so that what was found free is still free when it is stored."""
        exclusion.hold(self.ledger.name)
        values = self.completed()
        with standing_under(self.parent):
            fine: bool = super().validate(extra_validators)
            self.missing = list(self._lacking()) if self.partial else []
            for rule in (self._unique, self._needed, *self.ledger.rules, *self.ledger.last_rules):
                for problem in rule(values) if fine or rule not in self.ledger.last_rules else ():
                    fine = self._note(problem) and fine
        return fine

    def list_missing(self) -> list[Missing]:
        """What submitting would demand of the record as it stands.

        Rules that compare with hidden records (`last_rules`) are not asked: only a save may hear their answer.
        """
        self.partial, values = True, self.completed()
        with standing_under(self.parent):
            self.missing = list(self._lacking())
            for rule in (self._needed, *self.ledger.rules):
                for problem in rule(values):
                    if problem.missing and (not problem.table or problem.table in self):
                        self._wait_for(problem)
        return self.missing

    def show_missing(self, missing: Iterable[Missing]) -> None:
        """Show the fields that the list of what is missing leads to, also those that the portal fills in itself."""
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
        """Every field and row by itself, while what the whole is to be is not known yet."""
        self.completed()
        with standing_under(self.parent):
            return bool(super().validate())

    def completed(self) -> Values:
        """What was typed with what defaults fill."""
        for table in self.ledger.rows:
            self[table.name].drop_blank()
        values = self.values()
        if self.ledger.defaults:
            self.ledger.defaults(values)
            self._take(values)
        return values

    def _take(self, values: Values) -> None:
        """What defaults filled."""
        for name in self.ledger.entered:
            self[name].data = values.fields[name]
        for table in self.ledger.rows:
            for form, row in zip(self[table.name].rows, values.fields[table.name], strict=True):
                for cell in form:
                    cell.data = row.fields[cell.short_name]

    def _needed(self, values: Values) -> Iterator[Problem]:
        """What this very record needs, unless it is taken over from paper."""
        if self.ledger.needed and not self.lenient:
            for name in self.ledger.needed(values):
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
        """Put the judged values into the record and its rows."""
        for name, declared in self.ledger.entered.items():
            declared.kind.store(record, name, self[name].data)
        made: dict[tuple[str, str], Any] = {}
        tables = {table.name for table in self.ledger.tables(self.values())}
        for table in self.ledger.rows:
            rows = self[table.name].rows if table.name in tables else []
            setattr(record, table.name, [self._row(table, n, row, made) for n, row in enumerate(rows)])
        self._connect(made)

    def _row(self, table: Rows, position: int, form: RowForm, made: dict[tuple[str, str], Any]) -> Any:
        row = form.row if form.row is not None else self.ledger.rows_model(table)()
        row.position = position
        for name, declared in self.ledger.rows_fields(table).items():
            if not isinstance(declared.kind, RowRefs):
                declared.kind.store(row, name, form[name].data)
        made[table.name, form.key] = row
        return row

    def _connect(self, made: dict[tuple[str, str], Any]) -> None:
        """Rows that name sibling rows, once all of them are there."""
        for table in self.ledger.rows:
            for form in self[table.name].rows:
                for field in form:
                    kind = field.declared.kind
                    if isinstance(kind, RowRefs) and (table.name, form.key) in made:
                        keys = [str(getattr(ref, "id", ref)) for ref in field.data or ()]
                        chosen = [made[kind.table, key] for key in keys if (kind.table, key) in made]
                        setattr(made[table.name, form.key], kind.relation, chosen)


def stored(record: Any, fields: dict[str, Field]) -> dict[str, Any]:
    """The values of a record as its form starts with them."""
    return {name: found.kind.stored(record, name) for name, found in fields.items()}


def parsed(fields: Mapping[str, Field], texts: Mapping[str, list[str]], warnings: list[str]) -> dict[str, Any]:
    """What a new record starts with; what its field cannot be is left out and said."""
    found = {}
    for name in fields.keys() & texts.keys():
        try:
            found[name] = fields[name].kind.parse(texts[name], None)
        except BadValue as fault:
            warnings.append(labelled(fields[name].label, fault))
    return found


def form_of(fields: dict[str, Field], base: type[Form]) -> type[Any]:
    return type(f"{base.__name__}Of", (base,), {name: KindField(found) for name, found in fields.items()})


@lru_cache(maxsize=512)
def row_form_class(ledger: Ledger, table: Rows) -> type[RowForm]:
    return form_of(ledger.rows_fields(table), RowForm)


@lru_cache(maxsize=128)
def form_class(ledger: Ledger) -> type[LedgerForm]:
    """The form of a ledger, made once; those of parts of a ledger live as long as they are asked for."""
    fields = form_of(ledger.entered, LedgerForm)
    tables = {table.name: RowsField(ledger, table) for table in ledger.rows}
    return type(f"{ledger.name}_form", (fields,), {"ledger": ledger, **tables})


__all__ = ["KindField", "LedgerForm", "form_class"]
