"""Text fields, their limits, and content that is not allowed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import gettext
from sqlalchemy import String
from sqlalchemy.sql import ColumnElement
from sqlalchemy.types import TypeEngine

from portal.core.fields.base import LONGEST_VALUE, BadValue, Kind, clean, composed, refuse_long, refuse_unkeepable
from portal.core.fields.cell_checks import Entry

# What people put between the digits of a number; one sign, or none, and perhaps spaces around it.
BETWEEN = r"[ \t]*(?:[-.·_][ \t]*)?"
# 18 characters with a day of birth in them, found wherever they begin.
DIGIT = "[0-9]"
ID_SIGNS = (*[DIGIT] * 6, "[12]", "[089]", DIGIT, DIGIT, "[01]", DIGIT, "[0-3]", *[DIGIT] * 4, "[0-9Xx]")
ID_NUMBER = re.compile(rf"(?<!\d)(?=({BETWEEN.join(ID_SIGNS)})(?![0-9Xx]))")
# 11 digits, in one run or in groups of 3, 4 and 4 with one sign; with or without what is dialled before them. A run
# that is longer, or the tail of another number (GJ2025-138-0003), is none.
MOBILE = re.compile(r"(?<!\d)(?:(?:\+|00)?86[-. ]?|0)?1[3-9]\d{9}(?!\d)")
GROUPED = re.compile(
    r"(?<!\d)(?<!\d[-._])(?:(?:\+|00)?86[-. ]?|0)?1[3-9]\d( ?[-.·_] ?|[ \t]+)\d{4}\1\d{4}(?!\d)(?![-._]\d)"
)
STARS = "[★☆⭐⭑⭒✩✪✫✬✭✮✯✰⋆✦✧🌟]"
LEVEL = r"(?:[秘祕]\s*密|[机機]\s*密|[绝絕]\s*密)"
# A plain asterisk before the word is how people begin the lines of a list.
SECRECY = re.compile(rf"{LEVEL}[\s(\[【〔]*(?:{STARS}|[*∗])|{STARS}[\s)\]】〕]*{LEVEL}")
DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))
ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def is_id_number(text: str) -> bool:
    """Do these 18 characters have the check digit of an ID number (GB 11643)? This tells it from a unified social
    credit code."""
    total = sum(int(digit) * weight for digit, weight in zip(text, ID_WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == text[17].upper()


def plainly(text: str) -> str:
    """Normal form of a text for searching: one width, one dash, no invisible formatting characters."""
    narrow = unicodedata.normalize("NFKC", text).translate(DASHES)
    return "".join(ch for ch in narrow if unicodedata.category(ch) != "Cf" and not "\ufe00" <= ch <= "\ufe0f")


def refuse_personal(text: str) -> None:
    """Refuse ID numbers, mobile numbers and secrecy marks in free text (`docs/domain` §2.0)."""
    plain = plainly(text)
    if any(is_id_number(re.sub(r"[^0-9Xx]", "", found)) for found in ID_NUMBER.findall(plain)):
        raise BadValue(gettext("Please do not write ID numbers in text."))
    if MOBILE.search(plain) or GROUPED.search(plain):
        raise BadValue(gettext("Please do not write mobile numbers in text."))
    if SECRECY.search(plain):
        raise BadValue(gettext("This portal must not hold secrets: text with a secrecy mark is refused."))


# Of the signs that keyboards for Chinese give, those that stand in names.
NARROW = {code + 0xFEE0: code for code in range(0x21, 0x7F) if chr(code).isalnum() or chr(code) in "()-:/"}
WIDE_BRACKETS = str.maketrans("()", "（）")


class Text(Kind):
    """Up to `limit` characters; `lines` for several lines, `least` for a minimum, `pattern` for its form.

    `free` text is searched for personal data; numbers and codes are not.
    """

    filter_widget = "text"
    selective = True

    def __init__(
        self, limit: int, *, lines: bool = False, least: int = 0, pattern: str = "", free: bool = True
    ) -> None:
        self.limit, self.lines, self.least, self.free = limit, lines, least, free
        self.pattern = re.compile(pattern) if pattern else None
        self.widget = "lines" if lines else "text"
        self.compact = not free

    def ways_to_write(self, value: Any) -> Sequence[Any]:
        """Offices type the same name with full-width or half-width characters."""
        narrow = value.translate(NARROW)
        others = dict.fromkeys((value, narrow.translate(WIDE_BRACKETS)))
        return (*(each for each in others if each != narrow), narrow)

    def column_type(self) -> TypeEngine[Any]:
        return String(self.limit)

    def parse(self, typed: Sequence[str], before: object) -> str | None:
        text = clean(typed[-1]) if typed else ""
        if len(text) > max(LONGEST_VALUE, 2 * self.limit):  # whatever of it are spaces that would go
            refuse_long(text, self.limit)
        refuse_unkeepable(text)
        return self.parse_text(text, before) if text else None

    def parse_text(self, text: str, before: object) -> str:
        text = composed(text)
        if not self.lines:
            text = " ".join(text.split())
        refuse_long(text, self.limit)
        if len(text) < self.least:
            raise BadValue(gettext("At least %(least)d characters.", least=self.least))
        if self.pattern and not self.pattern.fullmatch(text):
            raise BadValue(gettext("This does not have the expected form."))
        if self.free:
            refuse_personal(text)
        return text

    def entry(self) -> Entry:
        return Entry(words=gettext("At most %(limit)d characters", limit=self.limit))

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.limit}

    def filter(self, column: Any, typed: Sequence[str]) -> ColumnElement[bool] | None:
        text = clean(typed[-1]) if typed else ""
        found: ColumnElement[bool] = column.icontains(text, autoescape=True)
        return found if text else None

    def faults(self, name: str, column: Any) -> Iterable[str]:
        length = getattr(column.type, "length", None)
        if length is not None and length < self.limit:
            yield f"{name} takes {self.limit} characters, its column only {length}"
