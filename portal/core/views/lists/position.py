"""Where a record stands in the list that one came from: `?from=` has the query of that list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import request
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from portal.core.declaration.ledger import Ledger
from portal.core.declaration.workflow import Transition
from portal.core.review import transitions
from portal.core.views.lists import listing
from portal.core.views.lists.ordering import COUNTED, following_order, putting_in_order
from portal.extensions import db

FROM = "from"


@dataclass(frozen=True)
class Position:
    """The record's number in the list (0: it is no longer there), its neighbours as (id, query of their page), and the
    records after it on the page."""

    asked: listing.Listing
    number: int
    before: tuple[int, str] | None
    after: tuple[int, str] | None
    ahead: Sequence[int]

    @property
    def query(self) -> str:
        return query_of(self.asked)


def query_of(asked: listing.Listing, **changes: Any) -> str:
    return urlencode(asked.address(**changes), doseq=True)


def position(ledger: Ledger, pk: int) -> Position | None:
    """The position in the list that the address names, in one statement; None if it names none. Raises BadRequest if
    it is no query of this list."""
    text = request.args.get(FROM)
    if text is None:
        return None
    asked = listing.parse(ledger, MultiDict(parse_qsl(text, keep_blank_values=True)))
    start = max(asked.page * asked.page_size - 1, 0)
    ids = _window(asked, start)
    if pk not in ids:
        return Position(asked, 0, None, None, ids)
    n = ids.index(pk)

    def neighbour(at: int) -> tuple[int, str] | None:
        found = ids[at] if 0 <= at < len(ids) else None
        return (found, query_of(asked, page=(start + at) // asked.page_size)) if found is not None else None

    return Position(asked, start + n + 1, neighbour(n - 1), neighbour(n + 1), ids[n + 1 :])


def _window(asked: listing.Listing, start: int) -> Sequence[int]:
    """The ids of the list's page, with one before and one after. Few records are found first and then put in order, as
    the list does."""
    ledger, most = asked.ledger, asked.page_size + 2
    ids = select(ledger.model.id).where(*listing.conditions(asked))
    if asked.filtered:
        few = putting_in_order(ledger, asked.order, ids).add_columns(func.count().over())
        hits = db.session.execute(few.limit(most).offset(start)).all()
        if not hits or hits[0][1] <= COUNTED:
            return [id_ for id_, _ in hits]
    following = following_order(ledger, asked.order, ids, start + most)
    return db.session.scalars(following.limit(most).offset(start)).all()


def next_waiting(ledger: Ledger, transition: Transition, ahead: Sequence[int]) -> int | None:
    """The first of these records on which the user can make the same transition."""
    if not ahead:
        return None
    query = select(ledger.model).where(ledger.model.id.in_(ahead)).options(*listing.whole(ledger))
    found = {record.id: record for record in db.session.scalars(query)}
    waiting = (id_ for id_ in ahead if id_ in found and _waits(ledger, transition, found[id_]))
    return next(waiting, None)


def _waits(ledger: Ledger, transition: Transition, record: Any) -> bool:
    return any(each is transition for each, _ in transitions.offered(ledger, record))
