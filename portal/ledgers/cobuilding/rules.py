"""What must hold for an agreement beyond its single fields (`docs/domain` §2.2.1, §2.5.6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import select

from portal.core import clock
from portal.core.access.cached_lookups import remembered
from portal.core.declaration.values import Problem, Values
from portal.extensions import db
from portal.ledgers.cobuilding.overlap import HOLDING, overlapping
from portal.org.models import PartyOrg, Unit

ALLIANCE = "3"
UNIT_COMMUNITY = "1"
DEFAULT_YEARS, LONG_YEARS, MOST_YEARS = 3, 3, 5


def last_day(begins: date, years: int) -> date:
    """The last day of a term of so many years."""
    return clock.months_after(begins, 12 * years) - timedelta(days=1)


def longer_than(years: int, begins: date, ends: date) -> bool:
    """Offices write a term of five years from 2026-01-01 until 2030-12-31 or 2031-01-01 (`docs/domain` §2.2.1)."""
    return ends > clock.months_after(begins, 12 * years)


def is_alliance(values: Values) -> bool:
    return bool(values.agreement_type == ALLIANCE)


def defaults(values: Values) -> None:
    values.fill("effective_from", values.signed_on)
    if values.effective_from and not values.from_paper:
        values.fill("effective_to", last_day(values.effective_from, DEFAULT_YEARS))


def term(values: Values) -> Iterator[Problem]:
    begins, ends = values.effective_from, values.effective_to
    if begins is None or ends is None:
        return
    if ends <= begins:
        yield Problem("effective_to", gettext("The end must lie after the beginning."))
    elif longer_than(MOST_YEARS, begins, ends):
        yield Problem("effective_to", gettext("A term of at most five years, please."))
    elif longer_than(LONG_YEARS, begins, ends):
        yield Problem("effective_to", gettext("The term is longer than three years."), warning=True)
    if values.signed_on and begins < values.signed_on:
        text = gettext("The agreement begins before it was signed: signed afterwards.")
        yield Problem("effective_from", text, warning=True)


def one_in_force(values: Values) -> Iterator[Problem]:
    """An error against an agreement in force, a warning among drafts; either names the other."""
    found = overlapping(
        (values.party_a_org_id, values.party_b_org_id),
        values.agreement_type,
        (values.effective_from, values.effective_to),
        {values.id, values.amends_id, values.previous_id},
    )
    for other in found:
        name = other.record_no or other.office_no or f"{other.title} ({other.effective_from} – {other.effective_to})"
        if other.status in HOLDING:
            text = gettext("The term overlaps with agreement %(number)s of the same parties.", number=name)
            yield Problem("effective_to", text)
        else:
            text = gettext("A draft of the same parties overlaps with this one: %(number)s", number=name)
            yield Problem("effective_to", text, warning=True)


def parties(values: Values) -> Iterator[Problem]:
    if values.party_a_org_id is not None and values.party_a_org_id == values.party_b_org_id:
        yield Problem("party_b_org_id", gettext("Party A and Party B must be different."))
    if values.agreement_type != UNIT_COMMUNITY or None in (values.party_a_org_id, values.party_b_org_id):
        return
    if not office_community(values.party_a_org_id, values.party_b_org_id):
        text = gettext("The community is not the one that the unit's office lies in.")
        yield Problem("party_b_org_id", text, warning=True)


def office_community(party_a_org_id: int | None, party_b_org_id: int | None) -> bool:
    """Is Party B the community where a unit of Party A has its office?"""
    community = remembered(("community", party_b_org_id), lambda: community_of(party_b_org_id))
    return community in remembered(("office communities", party_a_org_id), lambda: office_communities(party_a_org_id))


def community_of(org_id: int | None) -> int | None:
    return db.session.scalar(select(PartyOrg.community_id).where(PartyOrg.id == org_id))


def office_communities(org_id: int | None) -> set[int]:
    """Where the units that an organisation stands for have their offices."""
    query = select(Unit.office_community_id).join(PartyOrg.units).where(PartyOrg.id == org_id)
    return {*db.session.scalars(query.where(Unit.office_community_id.is_not(None)))}


def rows(values: Values) -> Iterator[Problem]:
    for n, need in enumerate(values.demand_items):
        if need.status == "not_possible" and not need.reason:
            text = gettext("Please say why it is not possible for now.")
            yield Problem("reason", text, table="demand_items", row=n, missing=True)
    for n, item in enumerate(values.coop_items):
        if item.status == "done" and not item.done_on:
            text = gettext("Please say when it was done.")
            yield Problem("done_on", text, table="coop_items", row=n, missing=True)


def alliance(values: Values) -> Iterator[Problem]:
    """An alliance names its members, each once, one of them in the lead."""
    if not is_alliance(values):
        return
    members = [row.org_id for row in values.agreement_parties]
    if not members:
        yield Problem("agreement_type", gettext("Please list the members of the alliance below."), missing=True)
    for n, org_id in enumerate(members):
        if org_id is not None and org_id in members[:n]:
            text = gettext("This organisation is already listed.")
            yield Problem("org_id", text, table="agreement_parties", row=n)
    if sum(row.role == "lead" for row in values.agreement_parties) > 1:
        n = next(n for n, row in enumerate(values.agreement_parties) if row.role == "lead")
        text = gettext("Only one member can be in the lead.")
        yield Problem("role", text, table="agreement_parties", row=n)


RULES = (term, parties, one_in_force, rows, alliance)


def short_name(org_id: int | None) -> str:
    def ask() -> str | None:
        return db.session.scalar(select(PartyOrg.short_name).where(PartyOrg.id == org_id))

    return remembered(("short name", org_id), ask) or ""


def derive(agreement: Any) -> None:
    """The title from the parties where none was typed; whether Party B is the office-location community."""
    if not agreement.title:
        names = [short_name(id_) for id_ in (agreement.party_a_org_id, agreement.party_b_org_id)]
        # The agreement's own name, in the language of the paper whatever the page's language is. Of a draft that does
        # not name both parties yet it would be half a name, and stay.
        if all(names):
            agreement.title = f"{names[0]}与{names[1]}党建共建协议书"[:80]
    agreement.is_office_community = office_community(agreement.party_a_org_id, agreement.party_b_org_id)
