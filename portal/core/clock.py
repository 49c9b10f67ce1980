"""Date and time where the office is."""

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
    """Today is that day, for what is told of the past."""
    token = _day.set(day)
    try:
        yield
    finally:
        _day.reset(token)


def months_after(day: date, months: int) -> date:
    """The same day so many months later; the last of the month where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def months_ago(months: int) -> date:
    """The same day so many months before today; the last of the month where it is shorter."""
    return months_after(today(), -months)


def quarter(day: date) -> str:
    """The quarter as records keep it: 2026Q2."""
    return f"{day.year}Q{(day.month + 2) // 3}"


def now() -> datetime:
    """This moment in UTC, without a zone: what the database keeps."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def lately(period: timedelta) -> tuple[datetime, datetime]:
    """The first and the last moment that are within this period until now. What was written while the clock was ahead
    is not: else it would count until the clock comes to it, which may be a year."""
    return now() - period, now() + SLACK


def within(moment: datetime, period: timedelta) -> bool:
    first, last = lately(period)
    return first < moment <= last


def local(moment: datetime) -> datetime:
    """A stored moment on the office's clock."""
    return moment.replace(tzinfo=UTC).astimezone(OFFICE)


def to_the_minute(moment: datetime) -> str:
    """A stored moment as pages and messages write it."""
    return f"{local(moment):%Y-%m-%d %H:%M}"


def midnight(day: date) -> datetime:
    """When a day begins at the office, as the database keeps moments."""
    return datetime.combine(day, time(), OFFICE).astimezone(UTC).replace(tzinfo=None)
