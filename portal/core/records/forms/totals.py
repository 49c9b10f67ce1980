"""Sums of numeric columns under a table of a form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import format_decimal

from portal.core.fields import BadValue, Field, Label
from portal.core.fields.numbers import number


@dataclass(frozen=True)
class Total:
    """`text` is empty while a cell is no plain number, masked ones included."""

    name: str
    label: Label
    digits: int
    text: str


def totals(fields: Mapping[str, Field], rows: Iterable[Any]) -> Iterator[Total]:
    for name, declared in fields.items():
        kind = declared.kind
        if kind.money or (kind.widget == "number" and kind.adds_up):
            digits = 2 if kind.money else 0
            yield Total(name, declared.label, digits, summed([row[name].text for row in rows], digits))


def summed(texts: Iterable[str], digits: int) -> str:
    try:
        numbers = [number(text) for text in texts if text.strip()]
    except BadValue:
        return ""
    shape = "#,##0.00" if digits else "#,##0"
    return format_decimal(sum(numbers, Decimal(0)), format=shape) if numbers else ""
