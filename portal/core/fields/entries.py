"""What a cell of an empty sheet takes: for the rules and the drop-down lists of templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

ANY, LIST, DATE, WHOLE, DECIMAL = "any", "list", "date", "whole", "decimal"


@dataclass(frozen=True)
class Entry:
    """`kind` is what spreadsheets call the check of a cell: a number or day from `least` to `most` (None: today), or a
    text of `choices`. `strict`: nothing else can be meant, so that a program may refuse it. `words` say it to people.
    """

    kind: str = ANY
    words: str = ""
    choices: Sequence[str] = ()
    least: int | Decimal | date = 0
    most: int | Decimal | date | None = 0
    strict: bool = False


__all__ = ["ANY", "DATE", "DECIMAL", "LIST", "WHOLE", "Entry"]
