"""One lock a ledger, held until the transaction ends, for rules that compare records.

Rules compare a record with what is stored (unique values, overlapping terms, counts, one of a kind). On PostgreSQL two
transactions do not see each other's records, so both could be found right. An advisory lock of the ledger makes the
second one judge after the first was committed, and hear the same as if it had come later. There is one lock a ledger,
so whoever judges many records cannot wait in a circle with another. SQLite has one writer, which takes the lock of the
file before it reads.
"""

from __future__ import annotations

from zlib import crc32

from sqlalchemy import func, select

from portal.core.access import scope
from portal.core.transactions.deferred_inserts import innermost
from portal.core.transactions.dry_run import rehearsing
from portal.extensions import db

SPACE = 7_041_829  # used by no other advisory lock; the same in every process
SIGN = 2**31
# In a session's `info`: the innermost transaction, and what it holds. A savepoint that is undone loses its locks.
HELD = "held"
# Deeds that only ask: what they judge is not stored.
ASKING = frozenset({"check"})


def hold(name: str) -> None:
    """Wait for the lock of this name, and hold it until the transaction ends."""
    if rehearsing() or scope.current_verb() in ASKING:  # rolled back, so nobody has to wait for it
        return
    session = db.session()
    if session.get_bind().dialect.name != "postgresql":
        return
    inside = innermost(session)
    known = session.info.get(HELD)
    if known is None or known[0] is not inside:
        known = session.info[HELD] = (inside, set[str]())
    if name not in known[1]:
        session.connection().execute(select(func.pg_advisory_xact_lock(SPACE, crc32(name.encode()) - SIGN)))
        known[1].add(name)


__all__ = ["hold"]
