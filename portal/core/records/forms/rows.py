"""The tables of a posted form: which rows were sent, and the row buttons of a page without scripts."""

from __future__ import annotations

import re
from typing import Any

from werkzeug.datastructures import MultiDict

from portal.core.declaration.ledger import Ledger
from portal.core.fields import natural


def indices(table: str, formdata: Any) -> list[int]:
    pattern = re.compile(rf"{re.escape(table)}-(\d{{1,4}})-")
    found = {int(match[1]) for key in formdata if (match := pattern.match(key))}
    return sorted(found)


def overlong(ledger: Ledger, formdata: Any) -> bool:
    """Are there far more rows than the table allows? Nobody typed those; a few too many are an error at the table."""
    return any(len(indices(table.name, formdata)) > 2 * table.most for table in ledger.form.tables)


def operate_on_rows(formdata: Any, operation: str) -> MultiDict[str, str]:
    """The form after a row button was pressed without JavaScript: `<table>:add`, `<table>:up|down|remove:<n>`.

    Nothing else that was typed changes. Unknown operations change nothing.
    """
    table, verb, number = (*operation.split(":"), "", "")[:3]
    rest = MultiDict([(key, value) for key, value in formdata.items(multi=True) if key != "_rows"])
    order: list[int] = indices(table, rest)
    for n in order:
        rest.setdefault(f"{table}-{n}-id", "")
        rest[f"{table}-{n}-id"] = rest[f"{table}-{n}-id"] or f"new-{n}"
    if verb == "add":
        fresh = _fresh_key(table, order, rest)
        n = max(order, default=-1) + 1
        rest[f"{table}-{n}-id"] = fresh
        order.append(n)
    elif (at := natural(number)) is not None and at in order:
        _move(order, order.index(at), verb)
    return _renumbered(rest, table, order)


def _fresh_key(table: str, order: list[int], formdata: Any) -> str:
    taken = {formdata.get(f"{table}-{n}-id") for n in order}
    return next(key for k in range(len(order), 10_000) if (key := f"new-{k}") not in taken)


def _move(order: list[int], at: int, verb: str) -> None:
    if verb == "remove":
        del order[at]
    elif verb == "up" and at > 0:
        order[at - 1], order[at] = order[at], order[at - 1]
    elif verb == "down" and at < len(order) - 1:
        order[at + 1], order[at] = order[at], order[at + 1]


def _renumbered(formdata: Any, table: str, order: list[int]) -> MultiDict[str, str]:
    pattern = re.compile(rf"{re.escape(table)}-(\d{{1,4}})-(.+)")
    place = {old: new for new, old in enumerate(order)}
    kept: list[tuple[str, str]] = []
    for key, value in formdata.items(multi=True):
        match = pattern.fullmatch(key)
        if match is None:
            kept.append((key, value))
        elif int(match[1]) in place:
            kept.append((f"{table}-{place[int(match[1])]}-{match[2]}", value))
    # A table emptied of its rows was still posted.
    kept.append((f"{table}-posted", "1"))
    return MultiDict(kept)
