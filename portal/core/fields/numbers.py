"""Whole numbers, money and percentages."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Any

from flask_babel import format_decimal, gettext
from sqlalchemy import Integer, Numeric
from sqlalchemy.types import TypeEngine

from portal.core.fields.base import BadValue, Kind
from portal.core.fields.entries import DECIMAL, WHOLE, Entry

COUNTED = re.compile(r"(\d[\d,.]*) *(?:人次|人|名|位|次|场|个|户|家|件|条|篇|份|期)")
# Groups of three digits, or of four as Chinese counts them; anything else between digits may be a decimal comma.
GROUPED = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:[, ]\d{3})+|\d{1,4}(?:[, ]\d{4})+)(?:\.\d+)?|[+-]?\.\d+", re.ASCII)
DIGITS = 15  # as many as a spreadsheet keeps; what follows in a computed number is noise
COMPUTED = 10  # digits that nobody types: the sheet has computed the number and shows less of it
TEN_THOUSAND = 10_000


def number(text: str) -> Decimal:
    """A number as people write it: full-width digits, digits in groups, a minus of any width."""
    narrow = re.sub(r"^([+-]) +", r"\1", unicodedata.normalize("NFKC", text).replace("\u2212", "-").strip())
    if not GROUPED.fullmatch(narrow):
        raise BadValue(gettext("This is not a number."))
    value = Decimal(re.sub("[, ]", "", narrow))
    exact = value == value.to_integral_value() or len(value.as_tuple().digits) <= DIGITS
    return value if exact else Decimal(f"{value:.{DIGITS}g}")


class Whole(Kind):
    """A whole number from `least` to `most`; `counts`: is it how many there are, not a year or rank?"""

    widget = "number"
    filter_widget = "text"
    compact = True

    def __init__(self, least: int = 0, most: int = 1_000_000, *, counts: bool = True) -> None:
        self.least, self.most, self.adds_up = least, most, counts

    def column_type(self) -> TypeEngine[Any]:
        return Integer()

    def parse_text(self, text: str, before: object) -> int:
        value = number(text)
        if value != value.to_integral_value():
            raise BadValue(gettext("This must be a whole number."))
        if not self.least <= value <= self.most:
            raise BadValue(gettext("From %(least)d to %(most)d, please.", least=self.least, most=self.most))
        return int(value)

    def json(self, value: Any) -> Any:
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}

    def entry(self) -> Entry:
        words = gettext("A whole number from %(least)d to %(most)d", least=self.least, most=self.most)
        return Entry(WHOLE, words, least=self.least, most=self.most)

    def from_cell(self, text: str) -> list[str]:
        """Sheets say what was counted: 8人."""
        found = COUNTED.fullmatch(unicodedata.normalize("NFKC", text).strip())
        return [found[1] if found else text]

    def cell(self, value: Any) -> Any:
        return value


def yuan(text: str) -> Decimal:
    narrow = re.sub(
        r"^(?:人民币|RMB|CNY|¥|￥)\s*", "", unicodedata.normalize("NFKC", text).strip(), flags=re.IGNORECASE
    )
    plain = re.sub(r"\s*(?:元整|元人民币|元|圆)$", "", narrow)
    tens = plain.removesuffix("万")
    return number(tens) * (TEN_THOUSAND if tens != plain else 1)


class Money(Kind):
    """Yuan with two decimals; never negative. What is said in tens of thousands (3.5万元) is reckoned in yuan."""

    adds_up = True
    widget = "number"
    compact = True
    most = Decimal("9999999999.99")

    def column_type(self) -> TypeEngine[Any]:
        return Numeric(12, 2)

    def parse_text(self, text: str, before: object) -> Decimal:
        value = yuan(text)
        if value != round(value, 2):
            raise BadValue(gettext("At most two decimals."))
        if not 0 <= value <= self.most:
            raise BadValue(gettext("An amount from 0 to %(most)s, please.", most=format_decimal(self.most)))
        return value.quantize(Decimal("0.01"))

    def entry(self) -> Entry:
        return Entry(DECIMAL, gettext("An amount in yuan with up to two decimals"), least=0, most=self.most)

    def show(self, value: Any) -> str:
        return "" if value is None else format_decimal(value, format="#,##0.00")

    def cell(self, value: Any) -> Any:
        return value


class Percent(Kind):
    """0 to 100 with up to two decimals; `80%` and `80` are the same."""

    unit = "%"
    widget = "number"
    compact = True

    def column_type(self) -> TypeEngine[Any]:
        return Numeric(5, 2)

    def parse_text(self, text: str, before: object) -> Decimal:
        value = number(unicodedata.normalize("NFKC", text).removesuffix("%"))
        if not 0 <= value <= 100:
            raise BadValue(gettext("A percentage from 0 to 100, please."))
        if value != round(value, 2):
            raise BadValue(gettext("At most two decimals."))
        return value.quantize(Decimal("0.01"))

    def entry(self) -> Entry:
        return Entry(DECIMAL, gettext("A percentage from %(least)d to %(most)d", least=0, most=100), least=0, most=100)

    def from_cell(self, text: str) -> list[str]:
        """A sheet keeps 80 % as the number 0.8 (`contracts.md`: a number up to 1 is a ratio), and what it has computed
        with more digits than anybody sees."""
        signed = unicodedata.normalize("NFKC", text).strip()
        try:
            value = number(signed.removesuffix("%"))
        except BadValue:
            return [text]
        ratio = not signed.endswith("%") and 0 < value <= 1
        percents = value * 100 if ratio else value
        return [f"{round(percents, 2) if len(value.as_tuple().digits) >= COMPUTED else percents:f}"]

    def show(self, value: Any) -> str:
        return "" if value is None else f"{value.normalize():f}%"

    def cell(self, value: Any) -> Any:
        return value
