"""Whole numbers, money and percentages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import format_decimal, gettext
from sqlalchemy import Integer, Numeric
from sqlalchemy.types import TypeEngine

from portal.core.fields import measures
from portal.core.fields.base import BadValue, Kind, Reading
from portal.core.fields.cell_checks import DECIMAL, WHOLE, Entry

# Groups of three digits, or of four as Chinese counts them; anything else between digits may be a decimal comma.
GROUPED = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:[, ]\d{3})+|\d{1,4}(?:[, ]\d{4})+)(?:\.\d+)?|[+-]?\.\d+", re.ASCII)
DIGITS = 15  # as many as a spreadsheet keeps; what follows in a computed number is noise
MAGNITUDE = 20  # powers of ten; decimals cannot be rounded where there are many more
COMPUTED = 10  # digits that nobody types: the sheet has computed the number and shows less of it
NONE = frozenset({"无", "没有", "無", "沒有"})
CURRENCY = re.compile(r"^(?:人民币|rmb|cny|¥)\s*")


def number(text: str) -> Decimal:
    """Parse a number: full-width digits, grouped digits, any minus sign."""
    narrow = re.sub(r"^([+-]) +", r"\1", unicodedata.normalize("NFKC", text).replace("\u2212", "-").strip())
    if not GROUPED.fullmatch(narrow):
        raise BadValue(gettext("This is not a number."))
    value = Decimal(re.sub("[, ]", "", narrow))
    if value.adjusted() > MAGNITUDE:
        raise BadValue(gettext("This is not a number."))
    exact = value == value.to_integral_value() or len(value.as_tuple().digits) <= DIGITS
    return value if exact else Decimal(f"{value:.{DIGITS}g}")


def in_ones(text: str, nouns: Sequence[str]) -> Decimal:
    """Parse a number with an optional scale and unit: 3万元, 8人."""
    found = measures.measured(text)
    if found is None:
        return number(text)
    digits, scale, noun = found
    if noun and noun not in nouns:
        raise BadValue(gettext("This is not counted in “%(unit)s” here.", unit=noun))
    return number(digits) * scale


def bare(text: str) -> bool:
    """Is this a number without any unit?"""
    return bool(GROUPED.fullmatch(CURRENCY.sub("", measures.narrow(text))))


def unit_of(nouns: Sequence[str], own: str, others: Sequence[str]) -> str:
    """The unit of a column: from its own heading, else the matching one that the sheet gives for all columns."""
    return own or next((unit for unit in others if (measures.parts(unit) or (1, ""))[1] in nouns), "")


def in_unit(unit: str, nouns: Sequence[str]) -> Reading:
    """Reads numbers without a unit in the column's unit; a unit in the cell takes precedence."""
    scale, noun = measures.parts(unit) or (1, "")
    plain = scale == 1 and (not noun or noun in nouns)

    def read(text: str) -> tuple[str, str]:
        if text in NONE:
            return "0", gettext("Taken as %(number)s", number=0)
        if plain or not bare(text):
            return text, ""
        if noun and noun not in nouns:
            raise BadValue(gettext("This is not counted in “%(unit)s” here.", unit=noun))
        return f"{text.strip()}{unit}", ""

    return read


class Whole(Kind):
    """A whole number from `least` to `most`. `counts`: is it a count, and not a year or rank? `of`: the units in which
    it may be counted."""

    widget = "number"
    filter_widget = "text"
    compact = True

    def __init__(
        self, least: int = 0, most: int = 1_000_000, *, counts: bool = True, of: tuple[str, ...] = measures.COUNTED
    ) -> None:
        self.least, self.most, self.adds_up = least, most, counts
        self.counted_in = of if counts else ()

    def column_type(self) -> TypeEngine[Any]:
        return Integer()

    def parse_text(self, text: str, before: object) -> int:
        value = in_ones(text, self.counted_in) if self.counted_in else number(text)
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

    def reading(self, texts: Sequence[str], unit: str, others: Sequence[str]) -> Reading | None:
        return in_unit(unit_of(self.counted_in, unit, others), self.counted_in) if self.counted_in else None

    def cell(self, value: Any) -> Any:
        return value


def yuan(text: str) -> Decimal:
    return in_ones(CURRENCY.sub("", measures.narrow(text)), measures.YUAN)


class Money(Kind):
    """Yuan with two decimals; never negative. Amounts in tens of thousands (3.5万元) are converted to yuan."""

    adds_up = money = True
    widget = "number"
    compact = True
    most = Decimal("9999999999.99")
    counted_in = measures.YUAN

    def column_type(self) -> TypeEngine[Any]:
        return Numeric(12, 2)

    def parse_text(self, text: str, before: object) -> Decimal:
        value = yuan(text)
        if not 0 <= value <= self.most:  # first: with its unit it may have more digits than can be rounded
            raise BadValue(gettext("An amount from 0 to %(most)s, please.", most=format_decimal(self.most)))
        if value != round(value, 2):
            raise BadValue(gettext("At most two decimals."))
        return value.quantize(Decimal("0.01"))

    def entry(self) -> Entry:
        return Entry(DECIMAL, gettext("An amount in yuan with up to two decimals"), least=0, most=self.most)

    def reading(self, texts: Sequence[str], unit: str, others: Sequence[str]) -> Reading | None:
        return in_unit(unit_of((*measures.YUAN, *measures.FOREIGN), unit, others), self.counted_in)

    def show(self, value: Any) -> str:
        return "" if value is None else format_decimal(value, format="#,##0.00")

    def cell(self, value: Any) -> Any:
        return value


@dataclass(frozen=True)
class Percents:
    """The percentage in a worksheet cell."""

    value: Decimal
    rounded: Decimal
    signed: bool
    ratio: bool


def percents(text: str) -> Percents | None:
    plain = unicodedata.normalize("NFKC", text).strip()
    try:
        value = number(plain.removesuffix("%"))
    except BadValue:
        return None
    signed = plain.endswith("%")
    ratio = not signed and 0 < value <= 1
    found = value * 100 if ratio else value
    computed = len(value.as_tuple().digits) >= COMPUTED
    return Percents(found, round(found, 2) if computed else found, signed, ratio)


class Percent(Kind):
    """0 to 100 with up to two decimals; `80%` and `80` are the same."""

    unit = "%"
    widget = "number"
    compact = True
    counted_in = measures.SHARES

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
        """Sheets store 80 % as 0.8 (`docs/domain/workbooks.md`: a number up to 1 is a ratio), and computed values with
        more digits than are shown."""
        found = percents(text)
        return [text] if found is None else [f"{found.rounded:f}"]

    def reading(self, texts: Sequence[str], unit: str, others: Sequence[str]) -> Reading | None:
        """A remark says if a number was rounded, or read as a ratio in a column that also has percentages."""
        found = [each for text in texts if (each := percents(text)) is not None]
        mixed = unit == "%" or any(not each.ratio and not each.signed and each.value > 1 for each in found)

        def read(text: str) -> tuple[str, str]:
            if unit == "‰" and bare(text):
                raise BadValue(gettext("This is not counted in “%(unit)s” here.", unit=unit))
            each = percents(text)
            if each is None or not (each.rounded != each.value or (mixed and each.ratio)):
                return text, ""
            return text, gettext("Taken as %(number)s", number=self.show(each.rounded))

        return read

    def show(self, value: Any) -> str:
        return "" if value is None else f"{value.normalize():f}%"

    def cell(self, value: Any) -> Any:
        return value
