"""The day to use where a sheet gives only a month: one rule for each sheet."""

from __future__ import annotations

import calendar
import re
import unicodedata
from datetime import date

from portal.core.fields.dates import EITHER

MONTH = re.compile(r"((?:19|20)\d{2})(?:年|[-./])(\d{1,2})(?:月份?)?")
FIRST, LAST = "first", "last"
RULES = (FIRST, LAST)


def month_of(text: str, *, written: bool = False) -> tuple[int, int] | None:
    """The year and month if the text has nothing else. 2024.1 can be October, unless months in its column are `written`
    in full, like 2024.10 or 2024.01."""
    narrow = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    found = MONTH.fullmatch(narrow)
    if found is None or (EITHER.fullmatch(narrow) and not written):
        return None
    return (int(found[1]), int(found[2])) if 1 <= int(found[2]) <= 12 else None


def day_of(month: tuple[int, int], rule: str) -> str:
    year, number = month
    day = 1 if rule == FIRST else calendar.monthrange(year, number)[1]
    return date(year, number, day).isoformat()
