"""Group remarks about rows: one line for what many rows share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from flask_babel import gettext

from portal.core.punctuation import labelled, listed

MOST_RUNS = 30  # runs of rows that a line names


@dataclass
class Shared:
    """A remark with its sheet and rows."""

    text: str
    sheet: str
    rows: list[int] = field(default_factory=list)

    @property
    def where(self) -> str:
        """2–5, 9; an ellipsis after the runs that a line has room for."""
        edges = [0, *(at for at, (one, other) in enumerate(pairwise(self.rows), 1) if other > one + 1), len(self.rows)]
        runs = [(self.rows[first], self.rows[last - 1]) for first, last in pairwise(edges)]
        texts = [str(first) if first == last else f"{first}–{last}" for first, last in runs[:MOST_RUNS]]
        return gettext("rows %(rows)s", rows=listed([*texts, "…"] if len(runs) > MOST_RUNS else texts))


def shared(remarks: Iterable[Mapping[str, Any]]) -> list[Shared]:
    """Group the remarks by text, in the order of their first rows."""
    found: dict[tuple[str, str], Shared] = {}
    for remark in remarks:
        text, sheet = labelled(remark["column"], remark["why"]), remark.get("sheet", "")
        found.setdefault((text, sheet), Shared(text, sheet)).rows.append(remark["row"])
    for each in found.values():
        each.rows = sorted(set(each.rows))
    return list(found.values())
