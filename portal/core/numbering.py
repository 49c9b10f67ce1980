"""Record numbers: `{prefix}{year}-{unit}-{serial}`, given once, never reused (`domain.md` §2.0)."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import String
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.ledger import Ledger
from portal.extensions import Model, db
from portal.org.models import Unit


class NumberCounter(Model):
    """The last serial given under one beginning of a number, e.g. `GJ2026-015`."""

    __tablename__ = "number_counter"

    beginning: Mapped[str] = mapped_column(String(20), primary_key=True)
    last: Mapped[int]


def day_of(ledger: Ledger, record: Any) -> date | None:
    """The day that a record is of, else another one that tells its year (`Ledger.dated_else`)."""
    names = (ledger.event, *ledger.dated_else)
    return next((day for name in names if name and (day := getattr(record, name, None))), None)


def next_number(prefix: str, day: date, unit: Unit) -> str:
    """The next free number, e.g. GJ2026-015-0007; the counter's row stays locked until the transaction ends."""
    beginning = f"{prefix}{day.year}-{unit.sort_no:03}"
    dialect = postgresql if db.session.get_bind().dialect.name == "postgresql" else sqlite
    insert = dialect.insert(NumberCounter).values(beginning=beginning, last=1)
    counted = insert.on_conflict_do_update(
        index_elements=["beginning"], set_={"last": NumberCounter.last + 1}
    ).returning(NumberCounter.last)
    serial = db.session.execute(counted).scalar_one()
    return f"{beginning}-{serial:04}"
