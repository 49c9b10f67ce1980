"""Figures as declarations: what is counted, and of how many; one statement for all figures of a ledger.

Every figure is counted within the viewer's scope, since it selects through the ORM (`core/access/scope.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from functools import reduce
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, Select, and_, func, select, true
from sqlalchemy.orm.interfaces import CriteriaOption

from portal.core.access import scope
from portal.core.declaration.workflow import IN_FORCE
from portal.core.fields import Label, PersonalMoney
from portal.core.models.record import Record
from portal.extensions import db

Conditions = Callable[[], Sequence[ColumnElement[bool]]]
TENTH = Decimal("0.1")
# In an address: the list of those records of a rate's whole that are counted.
PART = ".counted"
# Ends the name of the column with the number of the whole.
WHOLE = ".whole"


@dataclass(frozen=True)
class Figure:
    """A count, or a rate of those among a whole for which something more holds.

    What a rate counts is always a part of its whole, since it is asked of the same statement.
    """

    name: str
    label: Label
    definition: Label
    # What holds for the records of the ledger that are counted, or over which something is counted; of a rate, those
    # of its whole. The figure leads to the list of them.
    rows: Conditions
    # The statement that counts something else than these records, made from their conditions.
    count: Callable[..., Select[Any]] | None = None
    # Makes it a rate: what more holds for what is counted, or the sum that is set against that of the whole.
    part: Conditions | None = None
    part_sum: Callable[[], Any] | None = None
    # A rate of fewer is no rate yet: the two counts are shown (`docs/domain` §2.6).
    least: int = 0
    # Does `count` select amounts of money that are sealed one by one? They are opened and added up.
    sealed: bool = False
    # The list address of the rows, where filters say it as well.
    behind: Mapping[str, str] = field(default_factory=dict)
    # The columns beside the status that its conditions read, those that are compared first: they are indexed
    # (`indexes.py`).
    reads: tuple[str, ...] = ()
    # Does the page of what is overdue or missing list it, unit by unit?
    overdue: bool = False
    # Of a rate that counts something else than the ledger's records: (id, name) of its whole, and whose records these
    # are.
    named: Callable[[], Select[int, str]] | None = None
    named_ledger: str = ""

    @property
    def is_rate(self) -> bool:
        return self.part is not None or self.part_sum is not None

    @property
    def leads(self) -> bool:
        """Is the number that of the rows that it leads to? Households, people and needs are not the rows."""
        return not self.is_rate and self.count is None

    @property
    def address(self) -> dict[str, str]:
        """The list address of the rows."""
        return dict(self.behind) or {"figure": self.name}

    @property
    def part_address(self) -> dict[str, str] | None:
        """The list address of those that a rate counts; None where these are no records of the ledger."""
        return {"figure": self.name + PART} if self.part and self.count is None else None

    def whole(self, model: Any) -> Select[Any]:
        conditions = self.rows()
        return self.count(*conditions) if self.count else select(func.count()).select_from(model).where(*conditions)

    def counted(self, model: Any) -> Select[Any]:
        query = self.whole(model)
        if self.part_sum is not None:
            return query.with_only_columns(self.part_sum())
        return query.where(*self.part()) if self.part is not None else query

    def of_whole(self, whole: Any) -> Any:
        """What is counted, as a column beside the number of the whole."""
        if self.part_sum is not None:
            return self.part_sum()
        return whole.filter(*self.part()) if self.part is not None else whole

    def statements(self, model: Any) -> list[Select[Any]]:
        """What is counted, then of how many."""
        return [self.counted(model), self.whole(model)] if self.is_rate else [self.whole(model)]


def chosen(figures: Sequence[Figure], text: str) -> tuple[Figure, Sequence[ColumnElement[bool]]] | None:
    """The figure that an address names, with what holds for its rows."""
    name = text.removesuffix(PART)
    figure = next((each for each in figures if each.name == name), None)
    if figure is None or (name != text and figure.part_address is None):
        return None
    return figure, [*figure.rows(), *(figure.part() if name != text and figure.part else ())]


def incomplete(model: Any) -> Figure:
    """How many records in force lack something."""
    return Figure(
        "gaps",
        _("To be added"),
        _("Records in force that lack something"),
        lambda: [model.gaps.is_not(None), model.status == IN_FORCE],
        behind={"gaps": "1", "status": IN_FORCE},
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
        if self.total is None:
            return str(self.count)
        return rate_of_enough(int(self.count), self.total, self.figure.least)

    @property
    def share(self) -> float:
        """From 0 to 1, for the bar."""
        return int(self.count) / self.total if self.total else 0.0


def rate(count: int, total: int) -> str:
    """Cut to one decimal, so that only all of them are 100 % (`docs/domain` §0.4); "—" of nothing."""
    found = share(count, total)
    return "—" if found is None else f"{found.normalize():f}%"


def rate_of_enough(count: int, total: int, least: int) -> str:
    """The two counts where they are too few for a rate (`docs/domain` §2.6)."""
    return f"{count} / {total}" if 0 < total < least else rate(count, total)


def values(model: Any, figures: Sequence[Figure]) -> list[Value]:
    """All of them, in one statement; those of sealed amounts in one each. Former versions are not counted."""
    plain = [each for each in figures if not each.sealed]
    row = db.session.execute(together(model, plain).options(current_only())).one()._mapping if plain else {}
    found = []
    for figure in figures:
        count = added_up(figure.whole(model)) if figure.sealed else row[figure.name] or 0
        found.append(Value(figure, count, (row[figure.name + WHOLE] or 0) if figure.is_rate else None))
    return found


def together(model: Any, figures: Sequence[Figure]) -> Select[Any]:
    """One row with the columns of all these figures. Those over the same whole look it up once, which is most of the
    work."""
    over: dict[Any, list[Figure]] = {}
    for each in figures:
        over.setdefault((each.rows, each.count), []).append(each)
    tables: list[Any] = [over_one_whole(model, each).subquery() for each in over.values()]
    joined = reduce(lambda left, right: left.join(right, true()), tables)
    return select(*(column for table in tables for column in table.c)).select_from(joined)


def over_one_whole(model: Any, figures: Sequence[Figure]) -> Select[Any]:
    query = figures[0].whole(model)
    (whole,) = query.selected_columns
    found = [whole.label(each.name + WHOLE) for each in figures if each.is_rate]
    return query.with_only_columns(*found, *(each.of_whole(whole).label(each.name) for each in figures))


def added_up(query: Select[Any]) -> Decimal:
    amounts = db.session.scalars(query.options(current_only()).execution_options(yield_per=500))
    return sum(map(PersonalMoney.amount, amounts), Decimal("0.00"))


def current_only() -> CriteriaOption:
    """Superseded versions of amended records are no records of their own, in whatever statement."""
    models = (each for each in scope.scoped_models() if issubclass(each, Record))
    return scope.narrowing_to(tuple((model, model.is_current()) for model in models))


def by_key(query: Select[*tuple[Any, ...]]) -> dict[Any, Any]:
    """Returns {key: value}: the last column is the value, the others are the key. For computed workbook columns,
    counted like figures."""
    rows = db.session.execute(query.options(current_only()))
    return {(key[0] if len(key) == 1 else tuple(key)): value for *key, value in rows}


def share(count: int, total: int) -> Decimal | None:
    """The number of `rate`; nothing of nothing."""
    return (Decimal(100 * count) / total).quantize(TENTH, rounding=ROUND_DOWN) if total else None


def named(figure: Figure, which: str) -> Sequence[Any]:
    """(id, name) of what a rate counts, of what it lacks, or of its whole."""
    if figure.named is None or figure.part is None:
        return ()
    query, part = figure.named(), and_(*figure.part())
    chosen = {"counted": [part], "lacking": [~part], "whole": []}[which]
    return db.session.execute(query.where(*chosen).options(current_only())).all()
