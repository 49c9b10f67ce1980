"""What waits for the user: records to approve, and own ones that came back, ledger by ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import Select, func, literal, select, union_all

from portal.core.access import scope
from portal.core.declaration.ledger import mounted
from portal.extensions import db

# The transitions that somebody waits for, with the status out of which each is made.
AWAITED = (("approve", "pending_unit"), ("approve_committee", "pending_committee"), ("submit", "returned"))


def counts() -> dict[str, int]:
    """How many records wait for the user, by ledger; one statement for all."""
    queries, found = list(_queries()), Counter[str]()
    for name, count in db.session.execute(union_all(*queries)) if queries else ():
        found[name] += count
    return {name: count for name, count in found.items() if count}


def _queries() -> Iterator[Select[str, int]]:
    principal = scope.current()
    for ledger in mounted():
        for verb, status in AWAITED:
            if status in ledger.review.statuses and principal.may(verb, ledger.name):
                model, reach = ledger.model, principal.reach(verb, ledger.name)
                query = select(literal(ledger.name), func.count()).where(model.status == status, model.is_current())
                if status == "returned":  # to whoever filled it: its unit, or the committee on its behalf
                    query = query.where(
                        model.owner_unit_id == principal.unit_id if principal.unit_id else model.proxy_filled
                    )
                yield query if reach.everything else query.where(reach.condition(model))
