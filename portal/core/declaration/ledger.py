"""The declaration of a ledger, which the engine reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _
from sqlalchemy import inspect
from sqlalchemy.orm import Mapper

from portal.core.access import scope
from portal.core.access.row_scope import OWNER
from portal.core.declaration.effective_status import EffectiveStatus
from portal.core.declaration.figures import Figure
from portal.core.declaration.groups import Form, List, Number, Owner, Privacy, Review, Sheet
from portal.core.declaration.parts import ChildTable, Status, Under
from portal.core.declaration.values import Values
from portal.core.declaration.workflow import TRANSITIONS, Transition
from portal.core.fields import Computed, Field, Label
from portal.org.mixins import Scoped, Searchable

READING = ("read", "export")
FILLING = ("add", "edit", "delete")
VERBS: Mapping[str, Label] = {
    "read": _("View"),
    "add": _("New"),
    "edit": _("Edit"),
    "delete": _("Delete drafts"),
    "export": _("Export"),
    "import": _("Import"),
    "reveal": _("Show personal data in full"),
    "names": _("See names in full"),
    "details": _("See internal details of people"),
    "maintain": _("Keep lists"),
    **TRANSITIONS,
}


@dataclass(frozen=True, eq=False)
class Ledger:
    """One ledger: everything that lists, forms, pages, sheets, rights and checks need to know of it."""

    name: str
    label: Label
    one: Label
    group: Label
    icon: str
    model: type[Any]
    form: Form
    list: List
    # What belongs here, in a sentence or two, for whoever fills it in.
    about: Label = ""
    can: tuple[str, ...] = (*READING, *FILLING)
    # Makes it a ledger of entries: small records of their own under a record of another ledger.
    under: Under | None = None
    owner: Owner = field(default_factory=Owner)
    number: Number = field(default_factory=Number)
    # Kinds and labels of columns that do not carry them: the organisation's models know no engine.
    fields: Mapping[str, Field] = field(default_factory=dict)
    review: Review = field(default_factory=Review)
    sheet: Sheet = field(default_factory=Sheet)
    privacy: Privacy = field(default_factory=Privacy)
    figures: tuple[Figure, ...] = ()
    # Other ledgers in which a record often begins another, with what that one takes over: field there by field here.
    leads_to: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @cached_property
    def mapper(self) -> Mapper[Any]:
        found: Mapper[Any] = inspect(self.model)
        return found

    @cached_property
    def verbs(self) -> tuple[str, ...]:
        """All permissions of this ledger."""
        keeping = ("maintain",) if any(table.in_force for table in self.form.tables) else ()
        taking = ("import",) if self.sheet.words else ()
        revealing = ("reveal",) if self.personal or self.personal_tables else ()
        naming = ("names",) if any(self.field(name).kind.named for name in self.personal) else ()
        detailing = ("details",) if self.detailing else ()
        return (
            *self.can,
            *taking,
            *keeping,
            *revealing,
            *naming,
            *detailing,
            *(each.name for each in self.review.transitions),
        )

    @cached_property
    def personal(self) -> tuple[str, ...]:
        """The fields that are shown masked."""
        return tuple(name for name in self.shown if self.field(name).kind.personal)

    @cached_property
    def personal_tables(self) -> tuple[ChildTable, ...]:
        """The tables with cells that are shown masked."""
        return tuple(
            table for table in self.form.tables if any(f.kind.personal for f in self.rows_fields(table).values())
        )

    def transition(self, name: str) -> Transition | None:
        return next((each for each in self.review.transitions if each.name == name), None)

    @property
    def scoped(self) -> bool:
        return issubclass(self.model, Scoped)

    @property
    def event(self) -> str:
        """The field with the date of a record; empty if that is the date of creation."""
        return getattr(self.model, "dated_by", "")

    @property
    def searchable(self) -> bool:
        return issubclass(self.model, Searchable)

    @property
    def versioned(self) -> bool:
        return "version" in self.mapper.columns

    @property
    def remembered(self) -> bool:
        """Can the ledger be shown as of an earlier day? True if its records have `created_at`."""
        return "created_at" in self.mapper.columns

    @property
    def changing(self) -> bool:
        """Do its records have a history? Audit log entries, which never change, have none."""
        return set(self.can) != set(READING)

    @property
    def title_column(self) -> str:
        """The list column that links to the record page: title or name if the list has one."""
        named = ("title", "name", "full_name", "theme")
        return self.list.link_column or next(
            (name for name in self.list.columns if name in named), self.list.columns[0]
        )

    @cached_property
    def computed(self) -> dict[str, Computed]:
        """The computed columns of its workbook."""
        kinds = {name: self.field(name).kind for name in self.sheet.export if self.has(name)}
        return {name: kind for name, kind in kinds.items() if isinstance(kind, Computed)}

    @property
    def shown(self) -> tuple[str, ...]:
        """Every field of the sections, in order."""
        return tuple(name for section in self.form.sections for name in section.fields)

    @cached_property
    def entered(self) -> dict[str, Field]:
        """The fields that a form takes."""
        return {name: found for name in self.shown if (found := self.field(name)).entered}

    def field(self, name: str) -> Field:
        return self.fields_by_name[name]

    def has(self, name: str) -> bool:
        return name in self.fields_by_name

    def other(self, name: str) -> Ledger:
        """The ledger of a related record in the sheet."""
        return next(each for each in mounted() if each.name == self.sheet.related[name])

    def imported(self, name: str) -> Field:
        """The field of a sheet column."""
        prefix, dot, inner = name.partition(".")
        return self.other(prefix).field(inner) if dot else self.field(name)

    def takes(self, name: str) -> bool:
        """Does the import fill this field, or is it only exported?"""
        prefix, dot, inner = name.partition(".")
        if not dot and self.under and name in (f"{self.under.relation}_no", f"{self.under.relation}_id"):
            return True
        return inner in self.other(prefix).entered if dot else name in self.entered

    def label_of(self, name: str) -> Label:
        """The label of a field, file place or table; the name itself if there is none."""
        if name.partition(".")[0] in self.sheet.related:
            return self.imported(name).label
        if name in self.fields_by_name:
            return self.fields_by_name[name].label
        named: tuple[Any, ...] = (*self.form.files, *self.form.tables, *self.form.read_only_tables)
        return next((each.label for each in named if each.name == name), name)

    @cached_property
    def fields_by_name(self) -> dict[str, Field]:
        found = {**fields_of(self.model), **self.fields}
        if self.review.statuses and "status" in self.mapper.columns:
            found["status"] = Field(EffectiveStatus(self), _("Status"), entered=False)
        return found

    @property
    def entries(self) -> tuple[Ledger, ...]:
        """The ledgers of entries below its records."""
        return tuple(each for each in mounted() if each.under and each.under.ledger == self.name)

    def above(self, record: Any) -> Any:
        """The parent record of an entry; None for other records."""
        return getattr(record, self.under.relation) if self.under else None

    def rows_model(self, table: ChildTable) -> type[Any]:
        found: type[Any] = self.mapper.relationships[table.name].mapper.class_
        return found

    def rows_fields(self, table: ChildTable) -> dict[str, Field]:
        declared = {**fields_of(self.rows_model(table)), **table.declared}
        return {name: declared[name] for name in table.fields}

    def tables_for(self, values: Values) -> tuple[ChildTable, ...]:
        """The tables that this record has."""
        return tuple(table for table in self.form.tables if table.when is None or table.when(values))

    def column(self, name: str) -> Any:
        return getattr(self.model, name)

    @property
    def sortable(self) -> tuple[str, ...]:
        own = set(self.mapper.columns.keys())
        return ("id", *(name for name in self.list.columns if name in own and self.field(name).kind.ordered))

    @cached_property
    def code_lists(self) -> frozenset[str]:
        """The code lists that its list page needs."""
        names = {*self.list.columns, *self.list.filters}
        return frozenset(code for name in names for code in self.field(name).kind.code_lists())

    @cached_property
    def all_code_lists(self) -> frozenset[str]:
        """The code lists that its forms, pages and workbook need, those of its rows included."""
        asked = (name for each in self.review.transitions for name in each.asks)
        fields = [self.field(name) for name in (*self.shown, *self.computed, *asked)]
        fields += [found for table in self.form.tables for found in self.rows_fields(table).values()]
        return frozenset(code for found in fields for code in found.kind.code_lists()) | self.code_lists

    def hidden(self, record: Any) -> frozenset[str]:
        """The fields of a record, or of a new one (None), that the user may not see: the unit's internal notes for its
        other party, and internal details of people without the permission."""
        notes = self.privacy.internal if self.foreign(record) else ()
        return frozenset((*notes, *(() if self.detailed(record) else self.privacy.sensitive)))

    def told(self) -> tuple[Figure, ...]:
        """The figures that the user may see: the other party sees none about the unit's internal notes."""
        own = not self.scoped or bool(scope.current().reach("read", self.name).side(OWNER))
        return tuple(each for each in self.figures if own or not set(each.behind) & set(self.privacy.internal))

    def foreign(self, record: Any) -> bool:
        """Is the user the other party of a record, or of a new one (None), that has internal notes of the unit?"""
        if not self.privacy.internal:
            return False
        if record is None:
            return not scope.current().reach("add", self.name).side(OWNER)
        return not scope.current().reach("read", self.name).owns(record)

    def detailed(self, record: Any = None) -> bool:
        """May the user see the internal details of people, in this record or (None) in any?"""
        principal = scope.current()
        if not self.detailing or record is None:
            return not self.detailing or principal.may("details", self.name)
        return principal.covers_row("details", self.name, record)

    @cached_property
    def detailing(self) -> bool:
        """Does the ledger have internal details of people?"""
        return bool(self.privacy.sensitive) or any(table.sensitive for table in self.form.tables)

    def is_sensitive(self, path: str) -> bool:
        """Is this path of the audit log an internal detail of people?"""
        table, _, rest = path.partition("/")
        name = rest.rpartition("/")[2]
        in_rows = any(
            name in each.sensitive and self.rows_model(each).__tablename__ == table for each in self.form.tables
        )
        return path in self.privacy.sensitive or in_rows

    def cells(self, table: ChildTable, record: Any) -> dict[str, Field]:
        """The fields of child rows that the user may see."""
        hidden = () if self.detailed(record) else table.sensitive
        return {name: each for name, each in self.rows_fields(table).items() if name not in hidden}

    def status_named(self, name: str) -> Status:
        return self.review.statuses.get(name) or self.review.effective[name].shown

    def effective_status(self, record: Any) -> str:
        """The record's status today."""
        for name, derived in self.review.effective.items():
            if record.status in derived.base and derived.holds is not None and derived.holds(record):
                return name
        found: str = record.status
        return found

    @cached_property
    def effective_status_needs(self) -> frozenset[str]:
        """The columns that determine the current status."""
        return frozenset(name for derived in self.review.effective.values() for name in derived.needs)

    def editable(self, record: Any) -> bool:
        return not self.review.statuses or record.status in self.review.editable_in

    def deletable(self, record: Any) -> bool:
        return not self.review.statuses or (record.status in self.review.deletable_in and not record.record_no)


def mounted() -> tuple[Ledger, ...]:
    """Every ledger of the running portal, in menu order."""
    found: tuple[Ledger, ...] = current_app.extensions["portal.ledgers"]
    return found


def named(name: str | None) -> Ledger | None:
    """The ledger of this name, or None."""
    return next((ledger for ledger in mounted() if ledger.name == name), None)


def fields_of(model: type[Any]) -> dict[str, Field]:
    """The declared fields of a model's columns and relationships, under the names that forms post."""
    mapper = inspect(model)
    found = {name: column.info["field"] for name, column in mapper.columns.items() if "field" in column.info}
    for relation in mapper.relationships:
        if "field" in relation.info:
            found[relation.info["name"]] = relation.info["field"]
    return found
