"""The statistical period of a workbook (`docs/domain` §2.7: 统计期间)."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from flask_babel import gettext

from portal.core import clock
from portal.core.fields import long_date


def until(day: date) -> str:
    return gettext("as of %(day)s", day=long_date(day))


def span(first: date | None, last: date | None) -> str:
    """The name of a year, half-year, quarter or month; otherwise from and to; without either, until today."""
    if first and last:
        return named(first, last) or gettext("%(first)s to %(last)s", first=long_date(first), last=long_date(last))
    if first:
        return gettext("from %(day)s", day=long_date(first))
    return until(last or clock.today())


def days_of(first: date | None, last: date | None) -> str:
    """The dates, even if `span` has a name for the period."""
    if first and last:
        return gettext("%(first)s to %(last)s", first=long_date(first), last=long_date(last))
    return span(first, last)


def named(first: date, last: date) -> str:
    if first.day != 1 or first.year != last.year or last.day != monthrange(last.year, last.month)[1]:
        return ""
    year, months = first.year, last.month - first.month + 1
    if months == 12:
        return gettext("year %(year)d", year=year)
    if months == 6 and first.month in (1, 7):
        half = gettext("first half of %(year)d", year=year)
        return half if first.month == 1 else gettext("second half of %(year)d", year=year)
    if months == 3 and first.month % 3 == 1:
        return gettext("quarter %(n)d of %(year)d", n=(first.month + 2) // 3, year=year)
    return gettext("month %(month)d of %(year)d", month=first.month, year=year) if months == 1 else ""
