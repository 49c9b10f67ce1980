"""Figures as declarations: a ledger says what is counted and of how many; all of its figures are one statement.

Every figure is counted within the viewer's scope, since it selects through the ORM (`core/scope.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import Select, func, select

from portal.core.fields import Label, PersonalMoney
from portal.extensions import db

Counted = Callable[[], Select[Any]]
TENTH = Decimal("0.1")


@dataclass(frozen=True)
class Figure:
    """A count, or a rate when it says `of` how many. `behind` is the list address of the rows that are counted.

    `lacking` selects (id, name) of what the rate lacks, `lacking_ledger` says whose records those are.
    """

    name: str
    label: Label
    definition: Label
    count: Counted
    of: Counted | None = None
    # Does `count` select amounts of money that are sealed one by one? They are opened and added up.
    sealed: bool = False
    behind: Mapping[str, str] = field(default_factory=dict)
    # Does the page of what is overdue or missing list it, unit by unit?
    overdue: bool = False
    lacking: Callable[[], Select[int, str]] | None = None
    lacking_ledger: str = ""


def incomplete(model: Any) -> Figure:
    """How many records in force lack something."""
    return Figure(
        "gaps",
        _("To be added"),
        _("Records in force that lack something"),
        lambda: select(func.count(model.id)).where(model.gaps.is_not(None)),
        behind={"gaps": "1"},
        overdue=True,
    )


@dataclass(frozen=True)
class Value:
    """A figure as it is now. `total` is None for counts."""

    figure: Figure
    count: int | Decimal
    total: int | None

    @property
    def text(self) -> str:
        return str(self.count) if self.total is None else rate(int(self.count), self.total)

    @property
    def share(self) -> float:
        """From 0 to 1, for the bar."""
        return int(self.count) / self.total if self.total else 0.0


def rate(count: int, total: int) -> str:
    """Cut to one decimal, so that only all of them are 100 % (`domain.md` §0.4); "—" of nothing."""
    if not total:
        return "—"
    if count >= total:
        return "100%"
    cut = (Decimal(100 * count) / total).quantize(TENTH, rounding=ROUND_DOWN)
    return f"{cut.normalize():f}%"


def values(figures: Sequence[Figure]) -> list[Value]:
    """All of them, in one statement; those of sealed amounts in one each."""
    parts: list[Any] = []
    for figure in (each for each in figures if not each.sealed):
        parts += [query().scalar_subquery() for query in (figure.count, figure.of) if query is not None]
    row = list(db.session.execute(select(*parts)).one()) if parts else []
    found = []
    for figure in figures:
        count = added_up(figure.count()) if figure.sealed else row.pop(0) or 0
        found.append(Value(figure, count, (row.pop(0) or 0) if figure.of else None))
    return found


def added_up(query: Select[Any]) -> Decimal:
    amounts = db.session.scalars(query.execution_options(yield_per=500))
    return sum(map(PersonalMoney.amount, amounts), Decimal("0.00"))


def lacking(figure: Figure) -> Sequence[Any]:
    """(id, name) of what is missing to the whole."""
    return db.session.execute(figure.lacking()).all() if figure.lacking else ()
