"""References to a record or a code: by foreign key, whatever its delete rule, or by a code stored as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Column, String, cast, inspect, or_, select
from sqlalchemy.orm.interfaces import MANYTOMANY

from portal.core.declaration.ledger import Ledger, mounted
from portal.core.fields import Kind
from portal.extensions import Model, db
from portal.org.codes import CodeList
from portal.org.encrypted import Sealed


def keys_to(ledger: Ledger) -> Iterator[Column[Any]]:
    """The foreign keys of other tables that reference records of a ledger, without those of child tables and link
    tables.

    For some of them, the database or SQLAlchemy would delete or clear the referencing rows with the record.
    """
    mapper = inspect(ledger.model)
    own = {r.mapper.local_table for r in mapper.relationships if r.cascade.delete}
    own |= {r.secondary for r in mapper.relationships if r.direction is MANYTOMANY and not r.viewonly}
    for table in Model.metadata.tables.values():
        for key in table.foreign_keys if table not in own else ():
            if key.column.table is mapper.local_table:
                yield key.parent


def referred(ledger: Ledger, ids: Sequence[int]) -> set[int]:
    """The ids, out of these, that other rows reference, including rows the user cannot see: it queries columns, not
    mapped classes, so row-level conditions do not apply."""
    found: set[int] = set()
    for column in keys_to(ledger):
        found |= {*db.session.scalars(select(column).where(column.in_(ids)).distinct())}
    return found


def coded(code_list: str) -> Iterator[tuple[Column[Any], Kind]]:
    """The columns of all ledgers that store codes of a list."""
    for ledger in mounted():
        models = [(ledger.model, {name: ledger.field(name) for name in ledger.shown})]
        models += [(ledger.rows_model(table), dict(ledger.rows_fields(table))) for table in ledger.form.tables]
        for model, fields in models:
            columns = inspect(model).columns
            for name, field in fields.items():
                if code_list in field.kind.code_lists() and name in columns:
                    yield columns[name], field.kind


def used_codes(code_list: str, codes: Sequence[str]) -> list[str]:
    """The codes, out of these, that any record has."""
    return [code for code in codes if any(holds(column, kind, code) for column, kind in coded(code_list))]


def holds(column: Column[Any], kind: Kind, code: str) -> bool:
    if kind.personal:  # sealed: nothing but reading them tells
        values = db.session.scalars(select(column).where(column.is_not(None)))
        return any(code in each.reveal().split(",") for each in values if isinstance(each, Sealed))
    text = cast(column, String)
    found = select(column).where(or_(text == code, text.like(f"%,{code},%"))).limit(1)
    return db.session.execute(found).first() is not None


def removed_codes(record: CodeList, kept: Iterable[int]) -> list[str]:
    """The codes of a list without the rows that are kept."""
    ids = {*kept}
    return [item.code for item in record.items if item.id not in ids]


__all__ = ["referred", "removed_codes", "used_codes"]
