"""Verify the audit log: all entries, blocks and the file of heads (`chain.py`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from sqlalchemy import Connection, func, select, type_coerce
from sqlalchemy.exc import OperationalError
from sqlalchemy.types import NullType

from portal.core.audit.audit_log import AuditEvent
from portal.core.audit.signatures import MARKED, mark
from portal.core.hash_chain.chain import (
    UNREADABLE,
    AuditSeal,
    digest_of,
    heads,
    heads_file,
    kept_of,
    unpacked,
    witnesses,
)
from portal.core.storage.installation import directory
from portal.extensions import db

# What somebody put there may be nothing that the column's type could read.
SEAL = (AuditSeal.number, AuditSeal.last_id, type_coerce(AuditSeal.lines, NullType()).label("lines"), AuditSeal.digest)


@dataclass(frozen=True)
class Verdict:
    """Result of a verification: `fault` is empty if everything is valid, else it names the first bad entry. `remark`
    says what could not be checked on this machine."""

    lines: int
    blocks: int
    fault: str = ""
    remark: str = ""


class Bad(Exception):
    """Raised when the audit log is not as it was written."""


def verify(told: Callable[[int], None] = lambda _lines: None, *, with_file: bool = True) -> Verdict:
    """Verify the whole audit log; `told` is called with the number of entries done. Changes nothing."""
    remark = elsewhere() if with_file else ""
    with_file = with_file and not remark
    known, lines, blocks, last_id, before = heads() if with_file else {}, 0, 0, 0, ""
    with db.engine.connect().execution_options(reading=True) as connection:  # nobody waits for it
        try:
            for seal in seals_of(connection):
                before = sound(seal, blocks + 1, before, known)
                lines += compare(connection, last_id, seal.last_id, unpacked(seal.lines))
                blocks, last_id = seal.number, seal.last_id
                told(lines)
            if max((*known, *witnesses(connection).values()), default=0) > blocks:
                raise Bad(gettext("The trail was cut off after line %(line)d.", line=last_id))
            lines += compare(connection, last_id, None, {})
            if not lines:  # setting up writes some
                raise Bad(gettext("The trail is empty: all of its lines were removed."))
            if with_file:
                look_at_file(blocks, witnesses(connection).get(directory(), blocks))
        except Bad as fault:
            return Verdict(lines, blocks, str(fault), remark)
    return Verdict(lines, blocks, "", remark)


def elsewhere() -> str:
    """A sentence for the operator where other data directories have the heads; empty where they are to be here."""
    if heads_file().exists():
        return ""
    with db.engine.connect().execution_options(reading=True) as connection:
        kept = witnesses(connection)
    if not kept or directory() in kept:
        return ""
    return gettext(
        "The heads of the trail are kept in another data directory (%(directory)s): verify there, too, or begin them "
        "anew here by “portal heads refound”.",
        directory=", ".join(sorted(kept)),
    )


def seals_of(connection: Connection) -> Iterator[Any]:
    def bad(last: int | None) -> Bad:
        return Bad(gettext("Seal %(number)d was changed, removed or replaced.", number=(last or 0) + 1))

    return one_by_one(connection, select(*SEAL).order_by(AuditSeal.number), bad)


def sound(seal: Any, number: int, before: str, known: dict[int, str]) -> str:
    """Returns the digest of a valid block. Raises Bad if the block or its line in the file of heads is invalid."""
    right = digest_of(number, before, seal.lines) if isinstance(seal.lines, bytes) else ""
    as_written = (seal.number, seal.digest, known.get(number, right)) == (number, right, right)
    if not right or not as_written or seal.last_id != max(unpacked(seal.lines)):
        raise Bad(gettext("Seal %(number)d was changed, removed or replaced.", number=number))
    return right


def look_at_file(blocks: int, noted: int) -> None:
    """Are the heads of the blocks that it had in it, but for the newest, since a copy of it is a little older? Raises
    Bad."""
    known = heads()
    lacking = next((number for number in range(1, noted) if number not in known), None)
    if blocks and not heads_file().exists():
        lacking = 1
    if lacking:
        raise Bad(
            gettext(
                "The file audit_heads.log beside the database is missing or shorter than the trail: seal %(number)d is "
                "not in it. Put it back from its copy; if there is none, begin it anew by “portal heads refound”.",
                number=lacking,
            )
        )


def compare(connection: Connection, after: int, until: int | None, sealed: dict[int, bytes]) -> int:
    """Compare the entries of a block with what it stores; without `until`, the entries after the last block. Returns
    their number. Raises Bad."""
    count = 0
    for line in lines_of(connection, after, until):
        first = next(iter(sealed), line.id)  # of those that are still to come, in order
        if first < line.id:
            raise Bad(gettext("Line %(line)d is missing.", line=first))
        if line.id <= 0 or (until is not None and line.id not in sealed):
            raise Bad(gettext("Line %(line)d was put in.", line=line.id))
        right = mark_of(line)
        if line.mark != right or sealed.pop(line.id, kept_of(right)) != kept_of(right):
            raise Bad(gettext("Line %(line)d was changed or put in.", line=line.id))
        count += 1
    if sealed:
        raise Bad(gettext("Line %(line)d is missing.", line=min(sealed)))
    return count


def mark_of(line: Any) -> str:
    try:
        return mark(line._mapping)
    except UNREADABLE:  # nothing that the portal would have written
        raise Bad(gettext("Line %(line)d was changed or put in.", line=line.id)) from None


def lines_of(connection: Connection, after: int, until: int | None) -> Iterator[Any]:
    # The first block begins with whatever is there: the portal writes no line before 1.
    within = [AuditEvent.id > after] if after else []
    within += [AuditEvent.id <= until] if until is not None else []

    def bad(last: int | None) -> Bad:
        rest = select(func.min(AuditEvent.id)).where(*within, *([AuditEvent.id > last] if last is not None else []))
        return Bad(gettext("Line %(line)d was changed or put in.", line=connection.scalar(rest)))

    columns = (getattr(AuditEvent, name) for name in ("id", "mark", *MARKED))
    return one_by_one(connection, select(*columns).where(*within).order_by(AuditEvent.id), bad)


def one_by_one(connection: Connection, query: Any, bad: Callable[[int | None], Bad]) -> Iterator[Any]:
    """Yield rows. If a row cannot be decoded, raise `bad`, which gets the id of the row before."""
    last: int | None = None
    try:
        for row in connection.execute(query):
            yield row
            last = row[0]
    except UNREADABLE:
        raise bad(last) from None
    except OperationalError as fault:
        if "decode" not in str(fault.orig).lower():
            raise  # the database is away
        raise bad(last) from None
