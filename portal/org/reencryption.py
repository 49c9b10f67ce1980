"""Re-encrypt every personal value with a new key."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Connection, Table, inspect, select, update

import config
from portal.extensions import Model, db
from portal.org.encrypted import Sealed, SealedText, vault

BATCH = 500


def renew(path: Path) -> None:
    """Put a new key first. All before it stay until everything is encrypted with it: a run that was ended may have left
    values with any of them."""
    keys = json.loads(path.read_text())
    keys["encrypt"] = [Fernet.generate_key().decode(), *keys["encrypt"]]
    write(path, keys)


def forget_older(path: Path) -> None:
    """Once everything is encrypted with the newest key: the one before stays, for what is being written at this moment
    and for the backup of yesterday."""
    keys = json.loads(path.read_text())
    keys["encrypt"] = keys["encrypt"][:2]
    write(path, keys)


def write(path: Path, keys: dict[str, Any]) -> None:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(keys))
    with draft.open() as file:
        os.fsync(file.fileno())
    draft.replace(path)
    config.keep_folder(path.parent)


def opens(connection: Connection, tables: set[str]) -> bool:
    """Can the keys at hand open what is in the database? Asks one value, of the `tables` and columns that it has."""
    for table in Model.metadata.sorted_tables:
        names = {column.name for column in table.columns if isinstance(column.type, SealedText)}
        there = (
            {each["name"] for each in inspect(connection).get_columns(table.name)} if table.name in tables else set()
        )
        for name in sorted(names & there):
            column = table.columns[name]
            found = connection.scalar(select(column).where(column.is_not(None)).limit(1))
            if isinstance(found, Sealed):
                try:
                    found.reveal()
                except (InvalidToken, LookupError):
                    return False
                return True
    return True


def reseal(told: Callable[[int], None] = lambda _count: None) -> int:
    """Encrypt every sealed value with the newest key; answers how many. One transaction a table."""
    count = 0
    for table in Model.metadata.sorted_tables:
        names = [column.name for column in table.columns if isinstance(column.type, SealedText)]
        if names:
            with db.engine.begin() as connection:
                count += reseal_table(connection, table, names)
            told(count)
    return count


def reseal_table(connection: Connection, table: Table, names: list[str]) -> int:
    count, last = 0, 0
    key = table.columns["id"]
    while True:
        query = select(key, *(table.columns[name] for name in names)).where(key > last).order_by(key).limit(BATCH)
        rows = connection.execute(query).mappings().all()
        if not rows:
            return count
        for row in rows:
            values: dict[str, Any] = {name: row[name] for name in names if isinstance(row[name], Sealed)}
            if values:
                fresh = {name: Sealed(vault().renew(value.stored)) for name, value in values.items()}
                connection.execute(update(table).where(key == row["id"]).values(fresh))
                count += len(values)
        last = rows[-1]["id"]
