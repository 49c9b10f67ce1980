"""Marks that tables carry, so that scope and search know them without importing them."""

from __future__ import annotations

from typing import Any, ClassVar


class Scoped:
    """A row that belongs to a unit.

    Has `owner_unit_id`, a column or an expression of the owning unit's id. `ledger_name` says whose verbs
    govern it; `part_of` names the relationship to the record that it is a row of (None: a record itself).
    """

    ledger_name: ClassVar[str]
    part_of: ClassVar[str | None] = None
    owner_unit_id: Any
    # The other party, where there is one, by its Party organisation or its area: a column or an expression.
    counter_org_id: Any = None
    counter_area_id: Any = None

    @classmethod
    def knows_counterpart(cls, name: str) -> bool:
        """Have these rows another party of that sort?"""
        return getattr(cls, name) is not None


class Searchable:
    """A row found by the text of some of its columns, folded into `search_text` (`core/search.py`)."""

    searched: ClassVar[tuple[str, ...]]
    search_text: Any
