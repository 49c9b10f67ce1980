"""A ledger as of the end of a day, computed backwards from the audit log.

Inside `as_of` the ledger's table is hidden behind a temporary one of the same name with the rows of that day. So lists,
filters, orders, counts and sheets are asked as always, and the scope narrows them as always.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from flask_babel import gettext
from sqlalchemy import ClauseElement, ColumnElement, Table, select
from sqlalchemy.orm import ColumnProperty
from sqlalchemy.schema import CreateTableAs
from sqlalchemy.sql import visitors
from werkzeug.exceptions import BadRequest

from portal.core import clock, search
from portal.core.access import scope
from portal.core.audit.audit_log import AuditEvent
from portal.core.audit.diff import HIDDEN, Change, Texts, altered
from portal.core.declaration.ledger import Ledger, mounted
from portal.core.fields.choices import CodeSet
from portal.extensions import db

# What is put back by hand is held in memory.
MOST_CHANGES = 50_000
Rows = dict[int, dict[str, Any]]


@contextmanager
def as_of(ledger: Ledger, day: date, asked: Callable[[], Iterable[ClauseElement]] = tuple) -> Iterator[None]:
    """Queries of this ledger inside see its rows as of the end of that day, limited to records that the user may read
    today. The same applies to the other ledgers that the statements or conditions `asked` use.

    Only for reading, and only for ledgers whose records have `created_at`. Personal fields and values in other tables
    are the current ones; drafts deleted since are missing. Raises BadRequest if too much has changed since.
    """
    moment = clock.midnight(day + timedelta(days=1))
    try:
        with clock.fixed(day):
            others = looked_into(asked()) - {ledger}
        for each in (ledger, *sorted(others, key=lambda other: other.name)):
            shadow(each, moment)
        with clock.fixed(day):
            yield
    finally:
        db.session().invalidate()  # nothing of the copy may outlive this


def looked_into(asked: Iterable[ClauseElement]) -> set[Ledger]:
    """The ledgers whose tables these statements use and whose records have `created_at`."""
    parts = (part for each in asked for part in visitors.iterate(each))
    tables = {getattr(part, "table", part) for part in parts}
    names = {each.name for each in tables if isinstance(each, Table)}
    return {each for each in mounted() if each.remembered and each.model.__tablename__ in names}


def shadow(ledger: Ledger, moment: datetime) -> None:
    """Create a temporary table of the same name with the rows as of that moment. It hides the ledger's table for the
    rest of the connection."""
    model: Any = ledger.model
    table: Any = ledger.mapper.local_table
    changed = select(AuditEvent.record_id).where(*since(ledger, moment), AuditEvent.record_id.is_not(None))
    rows = put_back(ledger, moment, select(table).where(*there(ledger, moment), model.id.in_(changed)))
    same = select(table).where(*there(ledger, moment), model.id.not_in(changed))
    connection = db.session.connection()
    connection.execute(CreateTableAs(same, table.name, temporary=True))
    if rows:
        connection.execute(table.insert(), list(rows.values()))


def since(ledger: Ledger, moment: datetime) -> tuple[ColumnElement[bool], ...]:
    return AuditEvent.ledger == ledger.name, AuditEvent.at >= moment


def there(ledger: Ledger, moment: datetime) -> Iterator[ColumnElement[bool]]:
    """Conditions: readable records that existed at that moment. The copy is no ORM statement, so row-level conditions
    must be added here."""
    yield ledger.model.created_at < moment
    reach = scope.current().reach("read", ledger.name)
    if ledger.scoped and not reach.everything:
        yield reach.condition(ledger.model)


def put_back(ledger: Ledger, moment: datetime, query: Any) -> Rows:
    """The rows of the query as they were: values by column, by id."""
    lines = select(AuditEvent.record_id, AuditEvent.changes).where(*since(ledger, moment))
    told = db.session.execute(lines.order_by(AuditEvent.id.desc()).limit(MOST_CHANGES + 1)).all()
    if len(told) > MOST_CHANGES:
        raise BadRequest(gettext("Too much has changed since then; please choose a later day."))
    rows = {row.id: dict(row._mapping) for row in db.session.connection().execute(query)}
    searched = getattr(ledger.model, "searched", ())
    for id_, changes in ((id_, altered(changes)) for id_, changes in told if id_ in rows):
        if born(ledger, changes):  # in the second in which the day ended
            del rows[id_]
            continue
        undo(ledger, rows[id_], changes)
        if {*searched} & {path for path, *_ in changes}:
            rows[id_]["search_text"] = search.text_of(rows[id_][name] for name in searched)
    return rows


def born(ledger: Ledger, changes: Iterable[Change]) -> bool:
    """Is this the change that created the record? True if a NOT NULL column had no old value."""
    columns = ledger.mapper.columns
    return any(old is None and path in columns and not columns[path].nullable for path, old, _new in changes)


def undo(ledger: Ledger, row: dict[str, Any], changes: Iterable[Change]) -> None:
    columns = ledger.mapper.column_attrs
    for path, old, _new in changes:
        if path in columns and old != [HIDDEN]:
            row[columns[path].columns[0].name] = value(ledger, columns[path], old)


def value(ledger: Ledger, attribute: ColumnProperty[Any], texts: Texts) -> Any:
    """Convert texts of the audit log to the value of a column; the inverse of `diff.texts`."""
    column = attribute.columns[0]
    if texts is None:
        return None
    if isinstance(column.type, CodeSet):
        return tuple(texts)
    plain: dict[type, Any] = {
        bool: lambda text: text == "1",
        int: int,
        Decimal: Decimal,
        datetime: datetime.fromisoformat,
    }
    kind = column.type.python_type
    if kind is date:
        return ledger.field(attribute.key).kind.parse(texts, None)
    return plain.get(kind, str)(texts[0])


__all__ = ["as_of"]
