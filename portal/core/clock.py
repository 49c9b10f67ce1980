"""Date and time in the office's time zone."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import current_app

OFFICE = ZoneInfo("Asia/Shanghai")
SLACK = timedelta(minutes=5)  # by which the clocks of machines differ


_day: ContextVar[date | None] = ContextVar("day", default=None)


def today() -> date:
    """Today in Shanghai, or the fixed day of PORTAL_AS_OF."""
    chosen: date | None = _day.get() or current_app.config["AS_OF"]
    return chosen or datetime.now(OFFICE).date()


@contextmanager
def fixed(day: date) -> Iterator[None]:
    """Make this day today, for showing the past."""
    token = _day.set(day)
    try:
        yield
    finally:
        _day.reset(token)


def months_after(day: date, months: int) -> date:
    """That many months later on the same day, or on the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def months_ago(months: int) -> date:
    """That many months before today on the same day, or on the last day of a shorter month."""
    return months_after(today(), -months)


def quarter(day: date) -> str:
    """The quarter as records keep it: 2026Q2."""
    return f"{day.year}Q{(day.month + 2) // 3}"


def now() -> datetime:
    """The current time in UTC, without a time zone, as the database stores it."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def lately(period: timedelta) -> tuple[datetime, datetime]:
    """The first and last moment of this period until now. Times written while the clock was ahead are excluded: they
    would count until the clock reaches them, possibly for a year."""
    return now() - period, now() + SLACK


def within(moment: datetime, period: timedelta) -> bool:
    first, last = lately(period)
    return first < moment <= last


def local(moment: datetime) -> datetime:
    """A stored time in the office's time zone."""
    return moment.replace(tzinfo=UTC).astimezone(OFFICE)


def to_the_minute(moment: datetime) -> str:
    """A stored time as text."""
    return f"{local(moment):%Y-%m-%d %H:%M}"


def midnight(day: date) -> datetime:
    """The start of a day at the office, as the database stores times."""
    return datetime.combine(day, time(), OFFICE).astimezone(UTC).replace(tzinfo=None)
