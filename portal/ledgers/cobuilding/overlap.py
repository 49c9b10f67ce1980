"""The overlap rule (`domain.md` §2.2.5): one agreement in force per pair of parties, type and time.

One service, used wherever an agreement is judged.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from portal.core import scope
from portal.extensions import db
from portal.ledgers.cobuilding.model import Agreement

# A renewed agreement holds until its own last day.
HOLDING = ("active", "renewed")
OPEN = ("draft", "pending_unit", "pending_committee", "returned", *HOLDING)


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
    query = (
        select(Agreement)
        .where(
            Agreement.party_a_org_id == parties[0],
            Agreement.party_b_org_id == parties[1],
            Agreement.agreement_type == agreement_type,
            Agreement.status.in_(OPEN),
            Agreement.effective_from <= ends,
            Agreement.effective_to >= begins,
            Agreement.id.not_in({id_ for id_ in but if id_ is not None}),
        )
        .order_by(Agreement.id)
    )
    with scope.unscoped("the rule holds also against agreements that the user does not see"):
        return list(db.session.scalars(query))
