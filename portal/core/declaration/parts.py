"""Parts of a declaration: sections, child tables, files, statuses, parents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy.sql import ColumnElement

from portal.core.declaration.values import Values
from portal.core.fields import Field, Label


@dataclass(frozen=True)
class Section:
    """A heading of the form and the page of a record, with its fields."""

    title: Label
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Status:
    """A status: its label, and its style (`css/base.css`: draft wait ok warn end bad). `step` is what is done in it, if
    it is a step of review; the label says that it is still to be done."""

    label: Label
    tone: str
    step: Label = ""


DRAFT = Status(_("Draft"), "draft", step=_("Filling in"))
PENDING_UNIT = Status(_("Pending unit review"), "wait", step=_("Review by the unit"))
PENDING_COMMITTEE = Status(_("Pending committee review"), "wait", step=_("Review by the committee"))
RETURNED = Status(_("Returned for revision"), "warn")
ARCHIVED = Status(_("Archived"), "end")
VOIDED = Status(_("Voided"), "bad")


@dataclass(frozen=True)
class Derived:
    """A derived status: a stored status plus a condition (usually on dates). Never stored. `base` are its possible
    stored statuses.

    Without `holds` it is only a filter and no record shows it. `needs` are the columns that `holds` reads.
    """

    shown: Status
    base: tuple[str, ...]
    where: Callable[[], ColumnElement[bool]]
    holds: Callable[[Any], bool] | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Side:
    """What one party may do in a shared table. It changes its own rows, and the `shared` cells of the other party's
    rows (None: all, and deletes them). `never` are cells that only the other party changes. `adds`: may it add rows?"""

    shared: tuple[str, ...] | None = ()
    never: tuple[str, ...] = ()
    adds: bool = True


@dataclass(frozen=True, eq=False)
class ChildTable:
    """A table that is part of the record: edited in its form, saved and locked with it.

    `name` is the relationship of the model and the prefix of the posted fields. `when` determines whether a record has
    this table.
    """

    name: str
    label: Label
    one: Label
    fields: tuple[str, ...]
    when: Callable[[Values], bool] | None = None
    most: int = 200
    # Kinds and labels of columns that do not carry them, as in `Ledger.fields`.
    declared: Mapping[str, Field] = field(default_factory=dict)
    # Rows are switched off, never removed.
    keep: bool = False
    # May either party change these rows while the record is in force?
    in_force: bool = False
    # What the unit and the other party do with it; None: everything. The cell by which the other one confirms a row.
    owner: Side | None = None
    counterpart: Side | None = None
    confirmed: str = ""
    # Cells that are internal of people, as `Privacy.sensitive` has fields.
    sensitive: tuple[str, ...] = ()
    # The rows that an entry has because of the record it is under, as values by field; people only fill their other
    # cells. The first field says which row it is.
    given: Callable[[Any], Iterable[Mapping[str, Any]]] | None = None


@dataclass(frozen=True)
class Files:
    """A place for files of a record. `asked`: a record in force without one has a gap."""

    name: str
    label: Label
    most: int = 9
    kinds: tuple[str, ...] = ("pdf", "jpg", "jpeg", "png", "docx", "xlsx", "ofd", "wps")
    asked: bool = False


@dataclass(frozen=True)
class Under:
    """Makes a ledger one of entries: small records below a parent record, which accepts them in some statuses."""

    relation: str
    ledger: str
    statuses: tuple[str, ...]


@dataclass(frozen=True)
class Amended:
    """A field changed by an amendment, as text in the language of printed pages."""

    name: str
    old: str
    new: str
