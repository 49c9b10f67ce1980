"""Tables as text that is the same on SQLite and PostgreSQL, and back.

A row is a JSON list, a table its rows in the order of its key: two databases hold the same exactly when these texts are
the same. Tables are read as the database has them and not as today's classes do, so that a database of an older release
is backed up, too.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Date,
    DateTime,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    cast,
    insert,
    nulls_first,
    select,
)
from sqlalchemy.types import UserDefinedType

from portal.extensions import Model

BLOCK = 2**20  # bytes of text, about
BATCH = 500  # rows read or written together
VERSION = "alembic_version"


class JSONText(UserDefinedType[str]):
    """A column of JSON whose text is written as it is: read and written again, its spaces and order would change."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "JSON"


@dataclass(frozen=True)
class Layout:
    """The tables and columns of an archive. `left_out`: what is in the database and no part of the portal."""

    tables: Mapping[str, Sequence[str]]
    left_out: Sequence[str] = ()


def reflect(connection: Connection) -> MetaData:
    metadata = MetaData()
    metadata.reflect(bind=connection, resolve_fks=False)
    return metadata


def layout_of(metadata: MetaData, *, current: bool) -> Layout:
    """`current`: the database is of this release, so that what no class of the portal knows is somebody else's."""
    tables, left_out = {}, []
    for name, table in sorted(metadata.tables.items()):
        known = Model.metadata.tables.get(name)
        if name == VERSION:
            continue
        if current and known is None:
            left_out.append(name)
            continue
        columns = [column.name for column in table.columns if column.computed is None]
        tables[name] = [each for each in columns if known is None or not current or each in known.columns]
        left_out += [f"{name}.{each}" for each in columns if each not in tables[name]]
    return Layout(tables, left_out)


@dataclass
class Tally:
    """How many rows of a table went by, and the digest of their text."""

    rows: int = 0

    def __post_init__(self) -> None:
        self.digest = hashlib.sha256()

    def add(self, block: bytes) -> None:
        self.rows += block.count(b"\n")
        self.digest.update(block)

    def told(self) -> dict[str, Any]:
        return {"rows": self.rows, "sha256": self.digest.hexdigest()}


def blocks(connection: Connection, table: Table, names: Sequence[str]) -> Iterator[bytes]:
    """The rows as lines of JSON, in blocks of whole lines."""
    columns = [table.columns[name] for name in names]
    writers = [writer_of(column) for column in columns]
    query = select(*(cast(each, Text) if isinstance(each.type, JSON) else each for each in columns))
    lines, size = [], 0
    options = {"stream_results": True, "yield_per": BATCH}
    for row in connection.execute(query.order_by(*order_of(connection, table, columns)), execution_options=options):
        values = [value if value is None else write(value) for write, value in zip(writers, row, strict=True)]
        lines.append(json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))
        size += len(lines[-1])
        if size >= BLOCK:
            yield b"\n".join((*lines, b""))
            lines, size = [], 0
    if lines:
        yield b"\n".join((*lines, b""))


def order_of(connection: Connection, table: Table, columns: Sequence[Column[Any]]) -> list[Any]:
    """By the key, or by all columns of a table that has none; texts by their bytes, as SQLite sorts them anyway."""
    plain = connection.dialect.name != "postgresql"
    keys = list(table.primary_key.columns) or columns
    found = [each if plain or not isinstance(each.type, String) else each.collate("C") for each in keys]
    return found if table.primary_key.columns else [nulls_first(each) for each in found]


def write_number(value: Decimal) -> str:
    return format(value.normalize(), "f")


def write_moment(value: datetime) -> str:
    return value.isoformat(timespec="microseconds")


def write_bytes(value: bytes) -> str:
    return base64.b64encode(value).decode()


def plain(value: Any) -> Any:
    return value


Way = tuple[Callable[[Any], Any], Callable[[Any], Any]]
# How values of these types are written and read; others are what JSON has.
WAYS: Sequence[tuple[type[Any], Way]] = (
    (DateTime, (write_moment, datetime.fromisoformat)),
    (Date, (date.isoformat, date.fromisoformat)),
    (Numeric, (write_number, Decimal)),
    (LargeBinary, (write_bytes, base64.b64decode)),
)


def way_of(column: Column[Any]) -> Way:
    if isinstance(column.type, Numeric) and not column.type.asdecimal:
        return plain, plain
    return next((way for kind, way in WAYS if isinstance(column.type, kind)), (plain, plain))


def writer_of(column: Column[Any]) -> Callable[[Any], Any]:
    return way_of(column)[0]


class Loading:
    """Takes the blocks of one table into a database that has it, empty."""

    def __init__(self, connection: Connection, table: Table, names: Sequence[str]) -> None:
        self._connection, self._names = connection, names
        columns = [table.columns[name] for name in names]
        self._readers = [way_of(column)[1] for column in columns]
        types = [JSONText() if isinstance(each.type, JSON) else each.type for each in columns]
        bare = [Column(name, type_) for name, type_ in zip(names, types, strict=True)]
        self._insert = insert(Table(table.name, MetaData(), *bare))

    def take(self, block: bytes) -> None:
        lines = block.decode("utf-8", "surrogatepass").split("\n")[:-1]
        for begin in range(0, len(lines), BATCH):
            self._connection.execute(self._insert, [self._row(line) for line in lines[begin : begin + BATCH]])

    def _row(self, line: str) -> dict[str, Any]:
        values = zip(self._names, self._readers, json.loads(line), strict=True)
        return {name: value if value is None else read(value) for name, read, value in values}


def tally_of(connection: Connection, table: Table, names: Sequence[str]) -> dict[str, Any]:
    """What the database holds of the table, as an archive would say it."""
    found = Tally()
    for block in blocks(connection, table, names):
        found.add(block)
    return found.told()
