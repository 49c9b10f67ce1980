"""The WTForms fields of a form and its child tables, built from the declaration."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from flask_babel import gettext
from wtforms import Field as FormField
from wtforms import Form
from wtforms.validators import StopValidation

from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import ChildTable, Side
from portal.core.fields import Field, RowRefs
from portal.core.fields.base import BLANK
from portal.core.fields.links import above
from portal.core.records.forms import party_rows
from portal.core.records.forms.rows import indices
from portal.core.records.forms.totals import Total, totals

# Widgets that offer choices.
CHOOSING = frozenset({"select", "multiple", "link", "links", "person"})


class KindField(FormField):
    """WTForms field that delegates to its kind."""

    def __init__(self, declared: Field, **options: Any) -> None:
        super().__init__(label=declared.label, default=declared.default, **options)
        self.declared = declared
        self.before: Any = None
        # Not this user's to see or to fill in; the value stays as it is.
        self.withheld = False
        # Submitting would demand it.
        self.awaited = False
        # Taken over from an earlier record (`core/records/forms/carried.py`).
        self.carried = False
        # The other party's to change; it is shown and not taken.
        self.locked = False

    def process_data(self, value: Any) -> None:
        self.data = self.before = value

    def process_formdata(self, valuelist: list[str]) -> None:
        """Keep the value of a field that was not posted, so that a partial form never clears the others."""
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
        """Hide fields without a choice for the user, unless they have errors."""
        asked = self.declared.asked is None or self.declared.asked() or bool(self.errors) or self.awaited
        return asked and not self.withheld

    @property
    def texts(self) -> list[str]:
        """The text in the input: exactly as typed, or the value."""
        return list(self.raw_data) if self.raw_data else self.declared.kind.typed(self.data)

    @property
    def starred(self) -> bool:
        return self.declared.starred and not self.locked

    @property
    def described_by(self) -> str:
        """The ids of what the page says about the field."""
        said = (("error", self.errors), ("hint", self.declared.hint))
        return " ".join(f"{self.id}-{what}" for what, there in said if there)

    @property
    def text(self) -> str:
        return next((text for text in reversed(self.texts) if text), "")

    @property
    def drawn_by(self) -> tuple[Any, ...]:
        """Everything that the HTML depends on, except the rows of the form that can be chosen."""
        declared = self.declared
        texts = tuple(self.texts), bool(self.raw_data), tuple(map(str, self.errors))
        all_, options = self.choices() if declared.kind.widget in CHOOSING else (True, [])
        rules = declared.kind, str(declared.label), declared.starred, str(declared.hint or "")
        return *rules, self.locked, self.carried, self.id, self.name, *texts, all_, tuple(map(tuple, options))

    def choices(self) -> tuple[bool, list[tuple[str, str]]]:
        """(are these all?, choices): all choices with the stored one, or only the selected ones."""
        kind, chosen = self.declared.kind, [text for text in self.texts if text]
        options = kind.options()
        if options is None:
            return False, kind.shown_choices(chosen)
        offered = list(options)
        missing = [text for text in chosen if text not in dict(offered)]
        return True, offered + kind.shown_choices(missing)


class RowForm(Form):
    """One row of a child table, with the key by which sibling rows refer to it, and the number in its fields' names."""

    key: str
    number: int | str
    row: Any
    # As the form of the record (`LedgerForm.partial`).
    partial = False
    # Entered by the other party, which alone takes it out.
    theirs = False

    @property
    def blank(self) -> bool:
        return self.row is None and not any(
            text.strip() for field in self for text in field.raw_data or () if not _has_default(field)
        )


def _has_default(field: FormField) -> bool:
    """Is this a field with its default value? Such a field does not count as filled in."""
    declared = field.declared
    return declared.default is not None and field.data == declared.default()


class RowsField(FormField):
    """A child table of the form. Rows are posted as `<table>-<n>-<field>`, with the row's key in `<table>-<n>-id`."""

    def __init__(self, ledger: Ledger, table: ChildTable, **options: Any) -> None:
        super().__init__(label=table.label, **options)
        self.ledger, self.table = ledger, table
        self.row_form = row_form_class(ledger, table)
        self.rows: list[Any] = []
        self.posted = False
        # What the user's party does with it; None: everything (`core/records/forms/party_rows.py`).
        self.side: Side | None = None

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        self.process_errors: list[str] = []
        self.stored = [*(data or ())]
        existing = {str(row.id): row for row in self.stored}
        self.existing = set(existing)
        self.posted = formdata is not None and any(key.startswith(f"{self.name}-") for key in formdata)
        if self.posted:
            self.rows = list(self._typed(formdata, existing))
        else:
            self.rows = [self._row(n, key, row) for n, (key, row) in enumerate(existing.items())]
            if formdata is None or data is None:  # what is not sent stays as it is
                self.rows += self._given(len(self.rows))

    @property
    def totals(self) -> list[Total]:
        return list(totals(self.ledger.rows_fields(self.table), self.rows))

    @property
    def closed(self) -> bool:
        """Is the whole table read-only for the user's party?"""
        return self.side is not None and not self.side.adds and self.side.shared == ()

    def _given(self, first: int) -> list[RowForm]:
        """Preset rows that the record does not have yet."""
        if self.table.given is None:
            return []
        name = self.table.fields[0]
        known = {row[name].data for row in self.rows}
        fresh = [given for given in self.table.given(above()) if given[name] not in known]
        return [self._row(n, f"new-{n}", None, data=given) for n, given in enumerate(fresh, start=first)]

    def _typed(self, formdata: Any, existing: dict[str, Any]) -> Iterable[RowForm]:
        seen: set[str] = set()
        for n in indices(self.name, formdata):
            key = formdata.get(f"{self.name}-{n}-id") or f"new-{n}"
            if key in seen:  # else one of the two would be stored and the other lost
                self.process_errors.append(gettext("Row %(number)d is the same as one above it.", number=n + 1))
            seen.add(key)
            if key.isdecimal() and key not in existing:
                self.process_errors.append(gettext("Row %(number)d is no longer there.", number=n + 1))
            yield self._row(n, key, existing.get(key), formdata)

    def _row(self, n: int, key: str, row: Any, formdata: Any = None, data: Any = None) -> RowForm:
        data = stored(row, self.ledger.rows_fields(self.table)) if row is not None else data or {}
        form: RowForm = self.row_form(formdata, prefix=f"{self.name}-{n}-", data=data)
        form.key, form.row, form.number = key, row, n
        return form

    def blank_row(self, index: str) -> RowForm:
        """An empty row as a template for the page."""
        form: RowForm = self.row_form(prefix=f"{self.name}-{index}-")
        form.key, form.row, form.number = f"new-{index}", None, index
        return form

    def blank_drawn_by(self, blank: RowForm, form: Any) -> tuple[Any, ...]:
        """Everything that the HTML of an empty row depends on."""
        refs = [field.declared.kind for field in blank if isinstance(field.declared.kind, RowRefs)]
        siblings = tuple((row.key, row[kind.label].text) for kind in refs for row in form[kind.table].rows)
        fields = tuple(field.drawn_by for field in blank)
        return self.name, self.closed, bool(self.table.given), self.table.keep, siblings, fields

    def drop_blank(self) -> None:
        """Remove rows that were added and left empty."""
        self.rows = [row for row in self.rows if not row.blank]

    def validate(self, form: Any, extra_validators: Any = ()) -> bool:
        self.errors = list(self.process_errors)
        if self.table.keep and self.existing - {row.key for row in self.rows}:
            self.errors.append(gettext("These rows can be switched off, but not removed."))
        if len(self.rows) > self.table.most:
            self.errors.append(gettext("At most %(most)d rows.", most=self.table.most))
        self.errors += party_rows.faults(self)
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


def stored(record: Any, fields: dict[str, Field]) -> dict[str, Any]:
    """The initial values of a record's form."""
    return {name: found.kind.stored(record, name) for name, found in fields.items()}


def form_of(fields: dict[str, Field], base: type[Form]) -> type[Any]:
    return type(f"{base.__name__}Of", (base,), {name: KindField(found) for name, found in fields.items()})


@lru_cache(maxsize=512)
def row_form_class(ledger: Ledger, table: ChildTable) -> type[RowForm]:
    return form_of(ledger.rows_fields(table), RowForm)
