"""Indexes that a declaration asks for, so that no list, search or figure reads a whole table that grows.

They belong to the tables of the models, so `flask db migrate` writes them into a migration.
`tests/core/declaration/test_plans.py` explains the statements of every ledger and fails where one reads a
whole table. Every index costs time when records are saved: declare none that no list and no figure needs.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Index, Table

from portal.core.declaration.ledger import Ledger
from portal.core.models.record import Record


def declare(ledger: Ledger) -> None:
    """Add to the ledger's table the indexes of its list and of its figures."""
    table = ledger.mapper.local_table
    if not isinstance(table, Table):
        raise TypeError(f"{ledger.name}: its model has no table of its own")
    if issubclass(ledger.model, Record):
        for_figures(ledger, table)
    for name in unordered(ledger, table):
        Index(f"ix_{table.name}_order_{name}", table.columns[name], table.columns["id"])
    # Entries that are not in the menu are read under their record.
    if ledger.list.in_menu and (scanned := tuple(unindexed(ledger, table))):
        add_scan(table, scanned)


def for_figures(ledger: Ledger, table: Table) -> None:
    """Covering indexes for figures, overall and per unit, so that counting reads no table rows. Incomplete records are
    few and have their own indexes."""
    read = dict.fromkeys(name for figure in ledger.figures for name in figure.reads)
    standing, units = ("status", *read, "amends_id"), ("owner_unit_id", "status", *read, "amends_id")
    if read:
        Index(f"ix_{table.name}_figures", *(table.columns[name] for name in standing))
    # SQLite has the id in every index; with it, the list of a unit is found without looking at its records.
    Index(f"ix_{table.name}_unit_figures", *(table.columns[name] for name in units), postgresql_include=["id"])
    if "gaps" in ledger.list.filters:
        add_gaps(table, "gaps", ("status", "owner_unit_id", "amends_id"))
        add_gaps(table, "unit_gaps", ("owner_unit_id", "status", "amends_id"))


def add_gaps(table: Table, name: str, columns: tuple[str, ...]) -> None:
    filled = table.columns["gaps"].is_not(None)
    found = [table.columns[each] for each in columns]
    Index(f"ix_{table.name}_{name}", *found, sqlite_where=filled, postgresql_where=filled)


def first_columns(table: Table) -> set[str]:
    """The columns that an index begins with."""
    found = {index.columns.values()[0].name for index in table.indexes}
    return found | {column.name for column in table.columns if column.unique or column.primary_key}


def unordered(ledger: Ledger, table: Table) -> Iterator[str]:
    """The columns by which its list can be ordered, without an index for that so far."""
    # The index of figures begins with it, too, and puts the records of a status into another order.
    if issubclass(ledger.model, Record):
        yield "status"
    known = {"status", *first_columns(table)}
    if ledger.list.in_menu:
        yield from (name for name in ledger.sortable if name not in known)


def unindexed(ledger: Ledger, table: Table) -> Iterator[str]:
    """What its list is searched and filtered by without an index: texts, and sets of codes."""
    if ledger.searchable:
        yield "search_text"
    known = {"gaps", *first_columns(table)}
    yield from (name for name in ledger.list.filters if name in table.columns and name not in known)


def add_scan(table: Table, scanned: tuple[str, ...]) -> None:
    """A narrow copy of the table in the order of its list. A condition that no index answers reads this instead of
    whole records; new rows only lengthen it."""
    standing = [name for name in ("amends_id", "status") if name in table.columns and name not in scanned]
    Index(f"ix_{table.name}_scan", *(table.columns[name] for name in ("id", *scanned, *standing)))
