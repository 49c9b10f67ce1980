"""Parsed values of a form, as defaults, rules and derivations read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from portal.core.fields.base import Label


@dataclass(frozen=True)
class Problem:
    """What a rule has against a value. `row` is the number of the row in `table`, from 0.

    `twin` is another record that may be the same thing: whoever fills in says whether it is, or really two.
    `missing` says that something is not filled in yet: a draft may wait for it, submitting demands it.
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
    """What a draft lacks before it can be submitted. `anchor` is the id of the input on the form."""

    anchor: str
    name: str
    label: str
    text: str


class Values:
    """The parsed fields of a record or a row by name; None where nothing or nothing valid was typed.

    Fields that the form does not take answer from the record. A table answers the list of its rows.
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
        """Ids that are this very record: its own, and that of the record in force which it amends."""
        return {self.id, self.amends_id} - {None}

    def fill(self, name: str, value: Any) -> None:
        """Give a field a value where it was left blank."""
        if self.fields.get(name) in (None, (), ""):
            self.fields[name] = value


def asked_of_people(rule: Callable[[Values], Iterable[Problem]]) -> Callable[[Values], Iterable[Problem]]:
    """A rule that only asks whether two records are one (`Problem.twin`) or warns. With a sheet nobody is there to
    answer, and a form that is filled from one drops both, so the rule is not run: it may look at many records."""

    @wraps(rule)
    def judged(values: Values) -> Iterable[Problem]:
        return () if values.from_paper else rule(values)

    return judged
