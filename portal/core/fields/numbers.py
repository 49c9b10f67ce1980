"""Whole numbers, money and percentages."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import format_decimal, gettext
from sqlalchemy import Integer, Numeric
from sqlalchemy.types import TypeEngine

from portal.core.fields.base import BadValue, Kind

COUNTED = re.compile(r"(\d[\d,.]*) *(?:人|名|位|次|场|个|户|家|件|条|篇|份|期)")


def number(text: str) -> Decimal:
    """A number as people write it: full-width digits, thousands commas, spaces."""
    narrow = unicodedata.normalize("NFKC", text).replace(",", "").replace(" ", "")
    try:
        value = Decimal(narrow)
    except InvalidOperation:
        raise BadValue(gettext("This is not a number.")) from None
    if not value.is_finite():
        raise BadValue(gettext("This is not a number."))
    return value


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

    def from_cell(self, text: str) -> list[str]:
        """Sheets say what was counted: 8人."""
        found = COUNTED.fullmatch(unicodedata.normalize("NFKC", text).strip())
        return [found[1] if found else text]

    def cell(self, value: Any) -> Any:
        return value


class Money(Kind):
    """Yuan with two decimals; never negative."""

    adds_up = True
    widget = "number"
    compact = True
    most = Decimal("9999999999.99")

    def column_type(self) -> TypeEngine[Any]:
        return Numeric(12, 2)

    def parse_text(self, text: str, before: object) -> Decimal:
        value = number(text.removesuffix("元").removeprefix("¥"))
        if value != round(value, 2):
            raise BadValue(gettext("At most two decimals."))
        if not 0 <= value <= self.most:
            raise BadValue(gettext("An amount from 0 to %(most)s, please.", most=format_decimal(self.most)))
        return value.quantize(Decimal("0.01"))

    def show(self, value: Any) -> str:
        return "" if value is None else format_decimal(value, format="#,##0.00")

    def cell(self, value: Any) -> Any:
        return value


class Percent(Kind):
    """0 to 100 with up to two decimals; `80%` and `80` are the same."""

    widget = "number"
    compact = True

    def column_type(self) -> TypeEngine[Any]:
        return Numeric(5, 2)

    def parse_text(self, text: str, before: object) -> Decimal:
        value = number(unicodedata.normalize("NFKC", text).removesuffix("%"))
        if not 0 <= value <= 100 or value != round(value, 2):
            raise BadValue(gettext("A percentage from 0 to 100, please."))
        return value.quantize(Decimal("0.01"))

    def from_cell(self, text: str) -> list[str]:
        """A sheet keeps 80 % as the number 0.8 (`contracts.md`: a number up to 1 is a ratio)."""
        try:
            value = number(text)
        except BadValue:
            return [text]
        return [f"{round(value * 100, 2):f}"] if 0 < value <= 1 else [text]

    def show(self, value: Any) -> str:
        return "" if value is None else f"{value.normalize():f}%"

    def cell(self, value: Any) -> Any:
        return value
