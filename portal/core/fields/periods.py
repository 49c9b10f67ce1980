"""Periods that move on with the day: a list that is kept as a view shows the present quarter in every quarter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from flask_babel import lazy_gettext as _

from portal.core.clock import today
from portal.core.fields.base import Label


class Period(NamedTuple):
    label: Label
    bounds: Callable[[date], tuple[date, date]]


def quarter(day: date) -> tuple[date, date]:
    """The first and the last day of its quarter."""
    month = (day.month - 1) // 3 * 3 + 1
    after = date(day.year + month // 10, (month + 2) % 12 + 1, 1)
    return date(day.year, month, 1), after - timedelta(days=1)


def quarter_before(day: date) -> tuple[date, date]:
    return quarter(quarter(day)[0] - timedelta(days=1))


def year(number: int) -> tuple[date, date]:
    return date(number, 1, 1), date(number, 12, 31)


# What may stand in an address in the place of two days.
PERIODS: Mapping[str, Period] = {
    "this-quarter": Period(_("This quarter"), quarter),
    "last-quarter": Period(_("Last quarter"), quarter_before),
    "this-year": Period(_("This year"), lambda day: year(day.year)),
    "last-year": Period(_("Last year"), lambda day: year(day.year - 1)),
}


def named(word: str) -> tuple[date, date] | None:
    """The days of the period of this name; None if it is no period's."""
    return PERIODS[word].bounds(today()) if word in PERIODS else None


__all__ = ["PERIODS", "named", "quarter", "quarter_before", "year"]
