"""What a record in force still lacks (待补): kept with the record, so that lists find it, and never in anyone's way."""

from __future__ import annotations

from typing import Any

from portal.core.ledger import Ledger

BLANK: tuple[object, ...] = (None, "", (), [])


def lacking(ledger: Ledger, record: Any) -> tuple[str, ...]:
    """The fields that the form requires or that a record in force needs, and that are blank."""
    wanted = [name for name, declared in ledger.entered.items() if declared.required or name in ledger.to_activate]
    return tuple(name for name in wanted if ledger.field(name).kind.stored(record, name) in BLANK)


def recount(ledger: Ledger, record: Any) -> None:
    record.gaps = lacking(ledger, record) or None
