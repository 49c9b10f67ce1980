"""Days and months, written in any of the ways people write them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flask_babel import get_locale, gettext
from sqlalchemy import Date, and_
from sqlalchemy.sql import ColumnElement
from sqlalchemy.types import TypeEngine

from portal.core.clock import today
from portal.core.fields.base import BadValue, Kind, clean

# A time of day may follow: spreadsheets keep one with what people meant as a date.
DAY = re.compile(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})[日号]?(?:T?\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?")
PACKED_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})")
SERIAL = re.compile(r"\d{5}(\.\d+)?")
MONTH = re.compile(r"(\d{4})[-./年]?(\d{1,2})月?")
EXCEL_EPOCH = date(1899, 12, 30)


def parse_day(text: str) -> date:
    """2026-06-30, 2026.6.30, 2026/6/30, 2026年6月30日 or 20260630, also with a time, or a spreadsheet's serial."""
    narrow = unicodedata.normalize("NFKC", text).replace(" ", "")
    found = DAY.fullmatch(narrow) or PACKED_DAY.fullmatch(narrow)
    try:
        if found:
            day = date(*(int(part) for part in found.groups()))
        elif SERIAL.fullmatch(narrow):
            day = EXCEL_EPOCH + timedelta(days=int(float(narrow)))
        else:
            raise ValueError(narrow)
    except ValueError:
        raise BadValue(gettext("This is not a date; write it like 2026-06-30.")) from None
    if not 1900 <= day.year <= 2100:
        raise BadValue(gettext("The year must lie between 1900 and 2100."))
    return day


def days_in(text: str) -> list[str]:
    """The days that are written in a text, as in 2024.1.1—2026年12月31日."""
    narrow = unicodedata.normalize("NFKC", text).replace(" ", "")
    return [found[0] for found in re.finditer(rf"{DAY.pattern}|{PACKED_DAY.pattern}", narrow)]


def long_date(day: date) -> str:
    return day.isoformat() if str(get_locale()) == "en" else f"{day.year}年{day.month}月{day.day}日"


class Day(Kind):
    """A date; `past` refuses days that are still to come."""

    widget = "day"
    filter_widget = "days"
    compact = True
    telling = True

    def __init__(self, *, past: bool = False) -> None:
        self.past = past

    def column_type(self) -> TypeEngine[Any]:
        return Date()

    def parse_text(self, text: str, before: object) -> date:
        day = parse_day(text)
        if self.past and day > today():
            raise BadValue(gettext("This day is still to come."))
        return day

    def typed(self, value: Any) -> list[str]:
        return [] if value is None else [value.isoformat()]

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date"}

    def show(self, value: Any) -> str:
        return "" if value is None else long_date(value)

    def cell(self, value: Any) -> Any:
        return value

    def filter(self, column: Any, typed: Sequence[str]) -> ColumnElement[bool] | None:
        """One value: that day. Two: from and to, either of which may be left out."""
        days = [parse_day(text) if (text := clean(raw)) else None for raw in typed]
        if len(days) > 2:
            raise BadValue(gettext("A day, or from and to."))
        if len(days) == 1:
            return column == days[0] if days[0] else None
        first, last = [*days, None, None][:2]
        bounds = [column >= first] if first else []
        bounds += [column <= last] if last else []
        return and_(*bounds) if bounds else None


class Month(Kind):
    """A year and month without a day, kept as the month's first."""

    compact = True

    def column_type(self) -> TypeEngine[Any]:
        return Date()

    def parse_text(self, text: str, before: object) -> date:
        found = MONTH.fullmatch(unicodedata.normalize("NFKC", text).replace(" ", ""))
        try:
            month = date(int(found[1]), int(found[2]), 1) if found else None
        except ValueError:
            month = None
        if month is None or not 1900 <= month.year <= 2100:
            raise BadValue(gettext("This is not a month; write it like 1995.03."))
        return month

    def typed(self, value: Any) -> list[str]:
        return [self.show(value)] if value else []

    def show(self, value: Any) -> str:
        return f"{value.year}.{value.month:02}" if value else ""
