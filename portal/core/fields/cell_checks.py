"""The values that a template cell accepts, for its validation and its drop-down list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from flask_babel import gettext

from portal.core.punctuation import clauses

MOST_LISTED = 2000  # names in the list of a cell; nobody looks through more
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


def several_in_a_cell() -> str:
    return gettext("Several are separated by “、”")


def entry_of_names(found: Sequence[str], *, several: bool) -> Entry:
    names = [] if len(found) > MOST_LISTED else list(dict.fromkeys(found))
    words = gettext("The name as it stands in the list") if names else gettext("The whole name")
    return Entry(LIST if names else ANY, clauses([words, several_in_a_cell()]) if several else words, names)


__all__ = ["ANY", "DATE", "DECIMAL", "LIST", "MOST_LISTED", "WHOLE", "Entry", "entry_of_names", "several_in_a_cell"]
