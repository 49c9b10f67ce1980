"""A new key for personal data: every sealed value is encrypted anew, its text and its digest stay."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import Connection, Table, select, update

from portal.extensions import Model, db
from portal.org.sealed import Sealed, SealedText, vault

BATCH = 500


def renew(path: Path) -> None:
    """Put a new key first. The one before stays until the next time, for what is being written at this moment."""
    keys = json.loads(path.read_text())
    keys["encrypt"] = [Fernet.generate_key().decode(), *keys["encrypt"][:1]]
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(keys))
    with draft.open() as file:
        os.fsync(file.fileno())
    draft.replace(path)


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
