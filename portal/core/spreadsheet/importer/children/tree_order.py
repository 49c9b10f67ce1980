"""Sheets of trees: a row may name a parent that another row of the sheet creates.

Rows are taken parents first, whatever their order in the sheet. Rows that stand below each other in a circle are left
in their order; the first of them names a parent that is not there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from portal.core.declaration.ledger import Ledger
from portal.core.search import fold

SheetRow = tuple[int, dict[str, str]]


def parents_first(ledger: Ledger, rows: Sequence[SheetRow]) -> list[SheetRow]:
    """Sort the rows so that parents in the sheet come before their children."""
    if not ledger.list.tree:
        return list(rows)
    above = f"{ledger.list.tree}_id"
    named = by_name(ledger, rows)
    ordered: list[SheetRow] = []
    done: set[int] = set()
    for row in rows:
        chain = [row]
        while (parent := named.get(plain(chain[-1][1].get(above, "")))) and parent[0] not in done:
            if parent in chain:
                break
            chain.append(parent)
        for each in reversed(chain):
            if each[0] not in done:
                done.add(each[0])
                ordered.append(each)
    return ordered


def by_name(ledger: Ledger, rows: Sequence[SheetRow]) -> Mapping[str, SheetRow]:
    """The rows by name; a full name takes precedence over a short one."""
    found: dict[str, SheetRow] = {}
    for name in ("full_name", "name", "short_name"):
        for row in rows:
            if text := plain(row[1].get(name, "")):
                found.setdefault(text, row)
    return found


def plain(text: str) -> str:
    return "".join(fold(text).split())


__all__ = ["parents_first"]
