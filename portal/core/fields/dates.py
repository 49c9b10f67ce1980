"""Days and months, in any of the ways people write them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from flask_babel import get_locale, gettext
from sqlalchemy import Date, and_
from sqlalchemy.sql import ColumnElement
from sqlalchemy.types import TypeEngine

from portal.core.clock import today
from portal.core.fields import periods
from portal.core.fields.base import BadValue, Kind, Reading, clean, refuse_long
from portal.core.fields.cell_checks import DATE, Entry
from portal.core.punctuation import clauses

DAY = re.compile(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})[日号]?", re.ASCII)
# Two digits of a year are one only where 年 says so; 24.3.1 may be three different days.
SHORT_DAY = re.compile(r"(\d{2})年(\d{1,2})月(\d{1,2})[日号]?", re.ASCII)
PACKED_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\.0)?", re.ASCII)
DAYS = re.compile(rf"{DAY.pattern}|{PACKED_DAY.pattern}", re.ASCII)
SERIAL = re.compile(r"\d{5}(\.\d+)?", re.ASCII)
LIKE_A_MONTH = re.compile(r"(?:19|20)\d{2}[1-9]", re.ASCII)  # 20243 is no day of 1955
MONTH = re.compile(r"(\d{4})[-./年]?(\d{1,2})(?:月份?)?", re.ASCII)
# What a spreadsheet makes of 2024.10 when it takes it for a number, and what 2024.1 is, too.
EITHER = re.compile(r"(?:19|20)\d{2}\.1", re.ASCII)
WRITTEN_OUT = re.compile(r"(?:19|20)\d{2}\.(?:0\d|\d0)", re.ASCII)
EXCEL_EPOCH = date(1899, 12, 30)
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2100, 12, 31)
FROM_1900_TO_1904 = 1462  # days
CENTURY, AHEAD = 100, 20  # a year of two digits is at most that many years ahead
PART = "(?:上午|下午|早上|早晨|晚上|晚间|晚|中午|傍晚|凌晨|全天|[AP]M)"
HOUR = r"\d{1,2}[:时点](?:\d{1,2}(?:[:分]\d{0,2}(?:\.\d+)?秒?)?|半|整)?\s*(?:[AP]M|\+08:?00)?"
HOURS = rf"{HOUR}(?:\s*[-‐-―~至到]\s*{HOUR})?"
# Spreadsheets keep a time of day with what people meant as a date, and people add the day of the week.
TIME = re.compile(
    rf"(?:(?:T|(?<=[\d日号])\s+|(?<=[日号)]))\s*{HOURS}|(?<=[\d日号)])\s*{PART}\s*(?:{HOURS})?)$",
    re.IGNORECASE,
)
WEEKDAY = re.compile(
    r"[(\[]?(?:星期|礼拜|周|週)[一二三四五六日天][)\]]?|\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b[.,]?",
    re.IGNORECASE,
)
MIDNIGHT = re.compile(r"(?<=\d)[T\s]+00?:00(?::00)?")  # what programs add to a day
DASHES = str.maketrans({**dict.fromkeys("‐‑‒–—―−－", "-"), **dict.fromkeys("、\\", "-"), "。": "."})
CHINESE_DIGITS = str.maketrans("〇零○O一二三四五六七八九", "0000123456789")
TENS = {"十": 1, "廿": 2, "卅": 3}
CHINESE_YEAR = re.compile("([〇零○O一二三四五六七八九]{4})年")
CHINESE_PART = re.compile("(?<=[年月])(廿|卅|[一二三]?十)?([一二三四五六七八九]?)(?=[月日号])")


def plainly(text: str) -> str:
    """A date with a single separator between its parts, without weekday, spaces and final punctuation."""
    found = " ".join(unicodedata.normalize("NFKC", text).split())
    found = WEEKDAY.sub(" ", in_digits(found)).strip().rstrip(".。,;；、").strip()
    found = re.sub(r"\s*([-./年月日号])\s*", r"\1", TIME.sub("", found).translate(DASHES))
    # 2024 3 1
    return re.sub(r"(?<=\d)\s+(?=\d)", "-", found.strip()).rstrip(".-")


def in_digits(text: str) -> str:
    """二〇二四年三月一日 as 2024年3月1日."""
    if not re.search(r"[〇零○O一二三四五六七八九\d]{4}年", text):
        return text
    years = CHINESE_YEAR.sub(lambda found: found[1].translate(CHINESE_DIGITS) + "年", text)
    return CHINESE_PART.sub(lambda found: str(tens(found[1]) + unit(found[2])) if found[0] else "", years)


def unit(sign: str) -> int:
    return int(sign.translate(CHINESE_DIGITS)) if sign else 0


def tens(word: str | None) -> int:
    """十, 二十, 廿 …"""
    if not word:
        return 0
    return 10 * (TENS.get(word) or unit(word[0]))


def year_of(text: str) -> int:
    year = int(text)
    if len(text) > 2:
        return year
    century = today().year // CENTURY * CENTURY
    return year + century if year + century <= today().year + AHEAD else year + century - CENTURY


def parse_day(text: str) -> date:
    """Parse 2026-06-30, 2026.6.30, 2026/6/30, 2026年6月30日, 26年6月30日, 二〇二六年六月三十日 or 20260630, with any
    dash, a line break inside, a weekday or a time after it; or a spreadsheet's serial number."""
    refuse_long(text)
    plain = plainly(text)
    found = DAY.fullmatch(plain) or SHORT_DAY.fullmatch(plain) or PACKED_DAY.fullmatch(plain)
    try:
        if found:
            day = date(year_of(found[1]), int(found[2]), int(found[3]))
        elif SERIAL.fullmatch(plain) and not LIKE_A_MONTH.fullmatch(plain):
            day = EXCEL_EPOCH + timedelta(days=int(float(plain)))
        else:
            raise ValueError(plain)
    except ValueError:
        raise BadValue(gettext("This is not a date; write it like 2026-06-30.")) from None
    if not 1900 <= day.year <= 2100:
        raise BadValue(gettext("The year must lie between 1900 and 2100."))
    return day


def written_out(texts: Iterable[str]) -> bool:
    """Are the months of a column text, and not numbers that lost their final zero?"""
    return any(WRITTEN_OUT.fullmatch(text.strip()) for text in texts)


def since_1904(text: str) -> str:
    """Convert a serial date of a workbook with the 1904 date system to the 1900 date system."""
    return str(int(float(text)) + FROM_1900_TO_1904) if SERIAL.fullmatch(text) else text


def without_times(text: str) -> str:
    """A text with days, without spaces, weekdays and the midnight times that programs add."""
    narrow = MIDNIGHT.sub("", in_digits(unicodedata.normalize("NFKC", text)))
    return WEEKDAY.sub("", re.sub(r"\s", "", narrow))


def days_in(text: str) -> list[str]:
    """The days in a text, as in 2024.1.1—2026年12月31日."""
    return [found[0] for found in DAYS.finditer(without_times(text))]


def besides_days(text: str) -> str:
    """The rest of a text without its days."""
    return DAYS.sub("", without_times(text))


def from_and_to(days: Sequence[date | None]) -> tuple[date | None, date | None]:
    """The two ends of a filter, either of which may be left out. Raises BadValue."""
    if len(days) > 2:
        raise BadValue(gettext("A day, or from and to."))
    first, last = [*days, None, None][:2]
    if first and last and first > last:
        raise BadValue(gettext("The first day is after the last one, so nothing lies between them."))
    return first, last


def long_date(day: date) -> str:
    return day.isoformat() if str(get_locale()) == "en" else f"{day.year}年{day.month}月{day.day}日"


class Day(Kind):
    """A date; `past` refuses future days."""

    widget = "day"
    filter_widget = "days"
    compact = True
    telling = True
    selective = True

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

    def entry(self) -> Entry:
        words = gettext("A date like 2026-06-30")
        if self.past:
            return Entry(DATE, clauses([words, gettext("Not later than today")]), least=FIRST_DAY, most=None)
        return Entry(DATE, words, least=FIRST_DAY, most=LAST_DAY)

    def cell(self, value: Any) -> Any:
        return value

    def filter(self, column: Any, typed: Sequence[str]) -> ColumnElement[bool] | None:
        """One value: that day, or a period (`periods.py`). Two: from and to, either of which may be left out."""
        if len(typed) == 1 and (period := periods.named(clean(typed[0]))):
            return and_(column >= period[0], column <= period[1])
        days = [parse_day(text) if (text := clean(raw)) else None for raw in typed]
        if len(days) == 1:
            return column == days[0] if days[0] else None
        first, last = from_and_to(days)
        bounds = [column >= first] if first else []
        bounds += [column <= last] if last else []
        return and_(*bounds) if bounds else None


class Month(Kind):
    """A year and month without a day, kept as the month's first."""

    compact = True

    def column_type(self) -> TypeEngine[Any]:
        return Date()

    def parse_text(self, text: str, before: object) -> date:
        found = MONTH.fullmatch(plainly(text))
        try:
            month = date(int(found[1]), int(found[2]), 1) if found else None
        except ValueError:
            month = None
        if month is None or not 1900 <= month.year <= 2100:
            raise BadValue(gettext("This is not a month; write it like 1995.03."))
        return month

    def entry(self) -> Entry:
        return Entry(words=gettext("A month like 1995.03"))

    def from_cell(self, text: str) -> list[str]:
        """Accept whole days, which sheets often have, and keep the month."""
        try:
            return [self.show(parse_day(text))]
        except BadValue:
            return [text]

    def reading(self, texts: Sequence[str], unit: str, others: Sequence[str]) -> Reading:
        """Spreadsheets store a month as its first day. For other days, a remark says that only the month is kept."""
        written = written_out(texts)

        def read(text: str) -> tuple[str, str]:
            if EITHER.fullmatch(unicodedata.normalize("NFKC", text)) and not written:
                raise BadValue(gettext("Is this January or October? Please write two digits, like 1995.01."))
            try:
                day = parse_day(text)
            except BadValue:
                return text, ""
            return text, gettext("Only the month is kept: %(month)s", month=self.show(day)) if day.day > 1 else ""

        return read

    def typed(self, value: Any) -> list[str]:
        return [self.show(value)] if value else []

    def show(self, value: Any) -> str:
        return f"{value.year}.{value.month:02}" if value else ""
