"""Versions of a record, computed backwards from the audit log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, select

from portal.core.audit.audit_log import AuditEvent
from portal.core.audit.diff import PLACE, Texts, altered, columns_told, declared_of, links_told, named, texts
from portal.core.declaration.ledger import Ledger
from portal.extensions import db

MOST = 500
# Lines of a record that made no version of it: looks at it and the like.
OTHERS = 50
FILE = "attachment"
Row = dict[str, Texts]


@dataclass
class Version:
    """The fields of a record by name, and of each of its tables the rows in order."""

    fields: Row
    tables: dict[str, list[Row]] = field(default_factory=dict)

    def paths(self) -> dict[str, Texts]:
        """All values by path, in the format of the audit log."""
        found = dict(self.fields)
        for table, rows in self.tables.items():
            found |= {f"{table}/{n}/{name}": value for n, row in enumerate(rows) for name, value in row.items()}
        return found


def lines_of(ledger: Ledger, record_id: int, *more: ColumnElement[bool], most: int = MOST) -> Sequence[AuditEvent]:
    """The audit log entries that changed this record, newest first."""
    mine = (AuditEvent.ledger == ledger.name, AuditEvent.record_id == record_id)
    query = select(AuditEvent).where(*mine, *more).order_by(AuditEvent.id.desc()).limit(most)
    return [line for line in db.session.scalars(query) if altered(line.changes)]


def lines_since(ledger: Ledger, record_id: int, versions: int) -> list[AuditEvent]:
    """The lines that made the last so many versions of a record, newest first. A file is a version, too, and told by a
    line of its own; the gap that it fills is told beside it."""
    own = (AuditEvent.ledger == ledger.name) & (AuditEvent.record_id == record_id)
    files = (AuditEvent.ledger == FILE) & (AuditEvent.root == ledger.name) & (AuditEvent.root_id == record_id)
    query = select(AuditEvent).where(own | files).order_by(AuditEvent.id.desc()).limit(versions + OTHERS)
    found: list[AuditEvent] = []
    for line in db.session.scalars(query):
        if versions <= 0:
            break
        changes = altered(line.changes)
        if changes:
            found += [line] if line.ledger == ledger.name else []
            versions -= any(path != "gaps" for path, *_ in changes)
    return found


def present(ledger: Ledger, record: Any) -> Version:
    """The current version of a record."""
    found = Version(row_of(record))
    for table in (*ledger.form.tables, *ledger.form.read_only_tables):
        rows = sorted(getattr(record, table.name), key=lambda row: (row.position or 0, row.id))
        found.tables[ledger.rows_model(table).__tablename__] = [row_of(row) for row in rows]
    return found


def row_of(row: Any) -> Row:
    declared = declared_of(row)
    found = {name: texts(declared.get(name), name, getattr(row, name)) for name in columns_told(row)}
    found |= {name: named(declared.get(name), list(getattr(row, key))) for key, name in links_told(row)}
    return {name: value for name, value in found.items() if value is not None}


def undo(version: Version, line: AuditEvent) -> None:
    """Change a version to the one before that audit log entry."""
    tables: dict[str, list[tuple[str, str, Texts, Texts]]] = {}
    for path, old, new in altered(line.changes):
        table, slash, rest = path.partition("/")
        if slash:
            place, _, name = rest.partition("/")
            tables.setdefault(table, []).append((place, name, old, new))
        else:
            put_back(version.fields, path, old)
    for table, changes in tables.items():
        version.tables[table] = undone(version.tables.get(table, []), changes)


def undone(rows: list[Row], changes: Sequence[tuple[str, str, Texts, Texts]]) -> list[Row]:
    """The rows of a table before the changes."""
    rows = [dict(row) for row in rows]
    came = {int(place[1:]) for place, *_ in changes if place.startswith("+")}
    left: dict[int, Row] = {}
    moved: dict[int, int] = {}
    for place, name, old, _new in changes:
        if place.startswith("-"):
            left.setdefault(int(place[1:]), {})[name] = old
        elif name == PLACE and old:
            moved[int(place)] = int(old[0]) - 1
        elif not place.startswith("+") and int(place) < len(rows):
            put_back(rows[int(place)], name, old)
    stayed = [(n, row) for n, row in enumerate(rows) if n not in came]
    if moved:  # each is told, or has the number that it had
        before = {**left, **{moved.get(n, n): row for n, row in stayed}}
        return [row for _, row in sorted(before.items(), key=itemgetter(0))]
    found = [row for _, row in stayed]
    for n in sorted(left):
        found.insert(n, left[n])
    return found


def put_back(row: Row, name: str, old: Texts) -> None:
    if old is None:
        row.pop(name, None)
    else:
        row[name] = old


def versions(ledger: Ledger, record: Any) -> Iterator[tuple[AuditEvent, Version]]:
    """Each audit log entry that changed the record, with the version after it, newest first."""
    version = present(ledger, record)
    for line in lines_of(ledger, record.id):
        yield line, Version(dict(version.fields), {table: list(rows) for table, rows in version.tables.items()})
        undo(version, line)


__all__ = ["Version", "versions"]
