"""A keyed hash (HMAC) of each line of the audit log.

The key lies in the data directory, outside the database.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, current_app

SHORTEST = 32  # characters of a key
# What a mark stands for, in this order.
MARKED = (
    *("uid", "at", "user_id", "username", "person", "address", "action", "ledger", "record_id", "root", "root_id"),
    *("unit_id", "title", "reason", "changes"),
)


def install(app: Flask, path: Path) -> None:
    """Raises ValueError when the file holds no key."""
    key = path.read_text().strip()
    if len(key) < SHORTEST:
        raise ValueError
    app.extensions["portal.audit_key"] = key.encode()


def keyed(content: bytes) -> bytes:
    """HMAC-SHA-256 with the trail's key: 32 bytes."""
    key: bytes = current_app.extensions["portal.audit_key"]
    return hmac.digest(key, content, hashlib.sha256)


def mark(line: Mapping[str, Any]) -> str:
    """The HMAC of an entry's content, as 64 hexadecimal digits."""
    content = [line["at"].isoformat() if name == "at" else line[name] for name in MARKED]
    return keyed(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hex()
