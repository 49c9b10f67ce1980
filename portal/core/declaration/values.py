"""Parsed form values, as defaults, rules and derivations read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from portal.core.fields.base import Label


@dataclass(frozen=True)
class Problem:
    """A rule violation. `row` is the index of the row in `table`.

    `twin` is a possible duplicate: the user decides whether it is one. `missing`: a value is not filled in; drafts may
    be saved without it, but not submitted.
    """

    field: str
    text: Label
    warning: bool = False
    table: str = ""
    row: int = 0
    twin: Any = None
    missing: bool = False


@dataclass(frozen=True)
class Missing:
    """A value that a draft needs before it can be submitted. `anchor` is the id of the input on the form."""

    anchor: str
    name: str
    label: str
    text: str


class Values:
    """The parsed fields of a record or row by name; None if blank or invalid.

    Fields that are not in the form are read from the record. A table is a list of its rows.
    """

    def __init__(self, record: Any, fields: dict[str, Any], parent: Any = None, *, from_paper: bool = False) -> None:
        self.record = record
        self.fields = fields
        # The record that this one is an entry of.
        self.parent = parent
        # Taken over from paper, whose gaps nobody fills by guessing.
        self.from_paper = from_paper

    def __getattr__(self, name: str) -> Any:
        if name in self.fields:
            return self.fields[name]
        return getattr(self.record, name, None) if self.record is not None else None

    @property
    def itself(self) -> set[int]:
        """The ids of this record: its own, and that of the record that it amends."""
        return {self.id, self.amends_id} - {None}

    def fill(self, name: str, value: Any) -> None:
        """Set a field if it is blank."""
        if self.fields.get(name) in (None, (), ""):
            self.fields[name] = value


def asked_of_people(rule: Callable[[Values], Iterable[Problem]]) -> Callable[[Values], Iterable[Problem]]:
    """Decorator for rules that only ask about duplicates (`Problem.twin`) or warn. Imports ignore both, so the rule is
    not run there: it may read many records."""

    @wraps(rule)
    def judged(values: Values) -> Iterable[Problem]:
        return () if values.from_paper else rule(values)

    return judged
