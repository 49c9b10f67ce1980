"""Groups of a declaration: what the form, the list, the review, the workbook and privacy need to know of a ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.core.declaration.parts import Amended, ChildTable, Derived, Files, Section, Status
from portal.core.declaration.values import Problem, Values
from portal.core.declaration.workflow import FILLER, Transition
from portal.core.fields import Label

Rule = Callable[[Values], Iterable[Problem]]


@dataclass(frozen=True)
class Owner:
    """Ownership of records. `unit` is the field that determines the owning unit: the unit, or one of its organisations;
    `org` is the field with the Party organisation."""

    unit: str = ""
    org: str = ""


@dataclass(frozen=True)
class Number:
    """Record numbers: the prefix, the field that stores them, and their pattern. `dated_by` are more fields that
    determine the year, for records without a date."""

    prefix: str = ""
    field: str = "record_no"
    pattern: str = r"[A-Z]{2}\d{4}-\d{3}-\d{4,}"
    dated_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Form:
    """Contents of a record, and how the form fills in and validates it."""

    sections: tuple[Section, ...] = ()
    tables: tuple[ChildTable, ...] = ()
    files: tuple[Files, ...] = ()
    # Tables that the portal writes; the record's page shows them, no form takes them.
    read_only_tables: tuple[ChildTable, ...] = ()
    # Fills what was left blank, before anything is required.
    defaults: Callable[[Values], None] | None = None
    # The fields that this very record needs beyond those that all records need.
    also_required: Callable[[Values], Iterable[str]] | None = None
    rules: tuple[Rule, ...] = ()
    # Rules that compare with what the user may not see. They run when every other rule passed, so that their answer
    # cannot be had without saving.
    last_rules: tuple[Rule, ...] = ()
    # Fields that a new record begins with, as the unit's last record has them; those that it takes from the user's own
    # last record when the user asks for a copy.
    carried: tuple[str, ...] = ()
    copied: tuple[str, ...] = ()
    # What the form of a new record begins with; sheets and REST say it themselves.
    begins: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    # Sets what the portal computes itself, once the record is filled.
    derive: Callable[[Any], None] | None = None


@dataclass(frozen=True)
class List:
    """The list page."""

    columns: tuple[str, ...]
    filters: tuple[str, ...] = ()
    order: str = "-id"
    # The column that leads to a record's page, where it is none that the engine knows for a title.
    link_column: str = ""
    # Names of actions on a selection (`core/views/bulk.py`).
    bulk: tuple[str, ...] = ()
    # Entries that nobody looks for but under their record need no place in the menu.
    in_menu: bool = True
    # The relationship to the row above, for the tree page.
    tree: str = ""


@dataclass(frozen=True)
class Review:
    """Statuses, and the transitions between them."""

    transitions: tuple[Transition, ...] = ()
    statuses: Mapping[str, Status] = field(default_factory=dict)
    # Statuses that nobody sets: a stored one, told apart by dates.
    effective: Mapping[str, Derived] = field(default_factory=dict)
    # How many steps of review a record takes (`workflow.STEPS`); where records differ in that, what says it.
    tier: int = 1
    tier_of: Callable[[Any], int] | None = None
    # Whose forms these are by default (`workflow.FILLER`, `UNIT`, `COMMITTEE`).
    filled_by: tuple[str, ...] = (FILLER,)
    editable_in: tuple[str, ...] = ("draft", "returned")
    deletable_in: tuple[str, ...] = ("draft",)
    # What may be blank in a draft but not in a record in force.
    required_in_force: tuple[str, ...] = ()
    # What else happens when a record comes into force.
    on_activate: Callable[[Any], None] | None = None
    # Records what an amendment changed: (the record, what changed, why).
    on_amend: Callable[[Any, Iterable[Amended], str], None] | None = None


@dataclass(frozen=True)
class Sheet:
    """Workbooks of the ledger, out and in."""

    # Of the exported workbook: columns, headings above neighbouring ones, its name where that is not “… ledger”.
    export: tuple[str, ...] = ()
    headings: tuple[Section, ...] = ()
    title: Label = ""
    # What offices call a field's column, in order of importance; the words of one field of another ledger that the
    # sheet's rows also hold stand under `<name>.<field of that ledger>`.
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Columns that are known but not taken.
    ignored: tuple[str, ...] = ()
    # Columns that hold two dates at once, from and until, by the two fields.
    date_spans: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    # Columns with the town of a community, by the field of the community.
    towns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Fields without which a row is nothing.
    essential: tuple[str, ...] = ()
    # Columns that are filled in once for all rows that follow.
    fills_down: tuple[str, ...] = ()
    # What sheets call a status.
    status_words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # The value of a field where the sheet has no such column.
    assumed: Mapping[str, str] = field(default_factory=dict)
    # Fields whose defaults hold for sheets, too.
    preset: tuple[str, ...] = ()
    # The fields that identify a record where no number does; further keys, in order, for rows that leave these
    # blank; what tells apart namesakes under these.
    identity: tuple[str, ...] = ()
    other_identities: tuple[tuple[str, ...], ...] = ()
    tie_breakers: tuple[str, ...] = ()
    # What a record shows of its latest entry, by the column with it.
    echoes: Mapping[str, str] = field(default_factory=dict)
    # Other records that a row also holds: the name is the link to one that is made first, or the entries below; the
    # value is their ledger.
    related: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Privacy:
    """Fields that only some readers of a record see."""

    # The unit's own notes, which the other party of a record does not see.
    internal: tuple[str, ...] = ()
    # What is internal of people without being secret (`docs/domain` §3.5, class P2): in no list, and on a page for
    # those who have to do with it.
    sensitive: tuple[str, ...] = ()
