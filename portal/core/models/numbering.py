"""Record numbers: `{prefix}{year}-{unit}-{serial}`, given once, never reused (`docs/domain` §2.0)."""

from __future__ import annotations

import secrets
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import String
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.transactions.dry_run import rehearsing
from portal.extensions import Model, db


class NumberCounter(Model):
    """The last serial number used for a prefix, e.g. `GJ2026-015`."""

    __tablename__ = "number_counter"

    beginning: Mapped[str] = mapped_column(String(20), primary_key=True)
    last: Mapped[int]


@lru_cache
def counting(dialect: str) -> Any:
    """The statement that increments the counter and returns it; built once, because imports create thousands of
    records."""
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(NumberCounter)
    counted = insert.on_conflict_do_update(index_elements=["beginning"], set_={"last": NumberCounter.last + 1})
    return counted.returning(NumberCounter.last)


def next_number(prefix: str, day: date, unit_no: int) -> str:
    """The next number, e.g. GJ2026-015-0007; the counter's row stays locked until the transaction ends."""
    beginning = f"{prefix}{day.year}-{unit_no:03}"
    # What is rolled back in minutes takes a number that no record has: nobody waits for the counter's row, nor for the
    # number, which the database keeps unique.
    if rehearsing() and db.engine.dialect.name == "postgresql":
        return secrets.token_hex(12)
    counted = counting(db.session.get_bind().dialect.name)
    serial = db.session.connection().execute(counted, {"beginning": beginning, "last": 1}).scalar_one()
    return f"{beginning}-{serial:04}"
