"""The overlap rule (`docs/domain` §2.2.5): one agreement in force per pair of parties, type and time.

One service, used wherever an agreement is judged.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import bindparam, select

from portal.core.access import scope
from portal.core.records.known_values import known_of
from portal.extensions import db
from portal.ledgers.cobuilding.model import Agreement

# A renewed agreement holds until its own last day.
HOLDING = ("active", "renewed")
OPEN = ("draft", "pending_unit", "pending_committee", "returned", *HOLDING)
# Built once, since each row of a sheet asks.
SAME = (
    select(Agreement)
    .where(
        Agreement.party_a_org_id == bindparam("party_a"),
        Agreement.party_b_org_id == bindparam("party_b"),
        Agreement.agreement_type == bindparam("type"),
        Agreement.status.in_(OPEN),
        Agreement.effective_from <= bindparam("ends"),
        Agreement.effective_to >= bindparam("begins"),
        Agreement.id.not_in(bindparam("but", expanding=True)),
    )
    .order_by(Agreement.id)
)


def apart(one: tuple[date | None, date | None], other: tuple[date, date]) -> bool:
    """Do two terms share no day? One that is not known shares none."""
    begins, ends = one
    return begins is None or ends is None or begins > other[1] or ends < other[0]


def overlapping(
    parties: tuple[int | None, int | None],
    agreement_type: str | None,
    term: tuple[date | None, date | None],
    but: set[int | None],
) -> list[Agreement]:
    """Agreements of the same parties and type, in force or on their way, whose terms share a day with this one.

    Both ends of a term belong to it. `but` are the ids of the agreement that is being judged and of those that it
    amends or renews.
    """
    begins, ends = term
    if begins is None or ends is None or None in parties or agreement_type is None:
        return []
    same = {"party_a_org_id": parties[0], "party_b_org_id": parties[1], "agreement_type": agreement_type}
    known = known_of(Agreement, same, "effective_from", "effective_to")
    if known is not None and all(apart(each, (begins, ends)) for each in known):
        return []
    others = [id_ for id_ in but if id_ is not None]
    asked = {"party_a": parties[0], "party_b": parties[1], "type": agreement_type, "begins": begins, "ends": ends}
    with scope.unscoped("the rule holds also against agreements that the user does not see"):
        return list(db.session.scalars(SAME, asked | {"but": others}))
