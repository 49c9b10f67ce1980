"""Records of ledgers that the demo has none of, so that tests over all ledgers hold for a new one from its first day.

They are entered through its form, with any value that each field takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask import current_app
from sqlalchemy import select

from portal.core.access import scope
from portal.core.declaration.ledger import Ledger, mounted
from portal.core.declaration.workflow import FILLER
from portal.core.fields import BadValue, Field, Link
from portal.demo.entering import bring, enter, principal
from portal.extensions import db

# What a ledger's own rules need instead, by ledger: field to what is typed.
OWN: Mapping[str, Mapping[str, str]] = {}
# One of them is what a field takes that has no choices.
TYPED = ("样例文字{}", "1", "2026-06-{:02}", "2026-06", "022-1234567{}", "1380000000{}")
# Who enters, and whether the record is brought into force: two of one unit, as many of another.
ENTERED = (("filler01", False), ("filler01", True), ("filler02", False), ("filler02", True))


def fill_empty_ledgers() -> None:
    with scope.unscoped("records of no office, for tests"):
        for ledger in mounted():
            if (ledger.review.statuses or ledger.under) and not db.session.scalar(select(ledger.model.id).limit(1)):
                fill(ledger)
        db.session.commit()


def fill(ledger: Ledger) -> None:
    for n, (filler, in_force) in enumerate(ENTERED, start=1):
        username = filler if FILLER in ledger.review.filled_by else "reviewer"
        with scope.acting_as(principal(username)):
            parent = parent_of(ledger)
            texts = typed(ledger, n) | OWN.get(ledger.name, {})
        try:
            record = enter(username, ledger, texts, parent)
        except ValueError as fault:
            raise ValueError(f"{fault}: say in tests/sample_records.py (OWN) what {ledger.name} takes") from None
        if in_force and ledger.transition("submit"):
            bring(username, ledger, record, "active")


def parent_of(ledger: Ledger) -> Any:
    """A record of one's own that an entry may be added to."""
    if not ledger.under:
        return None
    above = next(each for each in current_app.extensions["portal.ledgers"] if each.name == ledger.under.ledger)
    own = (above.model.status.in_(ledger.under.statuses), above.model.owner_unit_id == scope.current().unit_id)
    return db.session.scalars(select(above.model).where(*own).limit(1)).one()


def typed(ledger: Ledger, n: int) -> dict[str, str]:
    """A form with every field filled in, and a row in every table."""
    found = dict(values(ledger.entered, n))
    for table in ledger.form.tables:
        cells = {name: each for name, each in ledger.rows_fields(table).items() if each.entered}
        found |= {f"{table.name}-0-{name}": text for name, text in values(cells, n)}
        found[f"{table.name}-0-id"] = "new-0"
    return found


def values(fields: Mapping[str, Field], n: int) -> Iterator[tuple[str, str]]:
    for name, each in fields.items():
        if (each.asked is None or each.asked()) and (text := taken(each, n)):
            yield name, text


def taken(field: Field, n: int) -> str | None:
    return next((text for text in candidates(field, n) if takes(field, text)), None)


def candidates(field: Field, n: int) -> Iterable[str]:
    kind = field.kind
    yield from (value for value, _ in kind.options() or ())
    if isinstance(kind, Link):
        yield from (str(id_) for id_, _ in kind.search(""))
    yield from (text.format(n) for text in TYPED)


def takes(field: Field, text: str) -> bool:
    try:
        return field.kind.parse([text], None) is not None
    except BadValue:
        return False
