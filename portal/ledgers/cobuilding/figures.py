"""What is counted of agreements (`docs/domain` §1.2 I15, §2.6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext
from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement

from portal.core import clock
from portal.core.access import scope
from portal.core.declaration.figures import Figure, incomplete
from portal.ledgers.cobuilding.model import Agreement, DemandItem
from portal.org.models import PartyOrg, Unit

EXPIRING_DAYS = 60
UNIT_COMMUNITY = "1"
NOT_WITHDRAWN = ("open", "matched", "met", "not_possible")


def unexpired() -> ColumnElement[bool]:
    return Agreement.effective_to.is_(None) | (Agreement.effective_to >= clock.today())


def expired() -> ColumnElement[bool]:
    found: ColumnElement[bool] = Agreement.effective_to < clock.today()
    return found


def expiring() -> ColumnElement[bool]:
    today = clock.today()
    return Agreement.effective_to.between(today, today + timedelta(days=EXPIRING_DAYS))


def in_force() -> ColumnElement[bool]:
    """Filed and not run out; a renewed one holds until its own last day."""
    begun = Agreement.effective_from.is_(None) | (Agreement.effective_from <= clock.today())
    return Agreement.status.in_(("active", "renewed")) & unexpired() & begun


def legal_units() -> list[ColumnElement[bool]]:
    """Units that are legal persons and have a Party organisation, as far as the viewer's agreements reach."""
    reach = scope.current().reach("read", Agreement.ledger_name)
    where = [Unit.is_legal_entity.is_(True), Unit.status == "active", units_with(PartyOrg.status == "active")]
    return where if reach.everything else [*where, Unit.id.in_(reach.units)]


def units_with(*where: Any) -> ColumnElement[bool]:
    """Units for which an organisation stands that this holds for."""
    unit = aliased(Unit)
    org = select(PartyOrg.id).join(PartyOrg.units.of_type(unit)).where(unit.id == Unit.id)
    return org.where(PartyOrg.community_id.is_(None), *where).exists()


def covered() -> ColumnElement[bool]:
    """Has one of the unit's organisations an agreement of its own with a community in force?"""
    own = Agreement.party_a_org_id == PartyOrg.id
    agreement = select(Agreement.id).where(own, Agreement.agreement_type == UNIT_COMMUNITY, in_force())
    return units_with(agreement.exists())


def units(*_agreements: Any) -> Select[int]:
    return select(func.count(Unit.id)).where(*legal_units())


def names_of_units() -> Select[int, str]:
    return select(Unit.id, Unit.full_name).where(*legal_units()).order_by(Unit.sort_no)


def with_needs() -> list[ColumnElement[bool]]:
    """Agreements in force with needs that were not withdrawn."""
    return [in_force(), Agreement.demand_items.any(DemandItem.status.in_(NOT_WITHDRAWN))]


def needs(*_agreements: Any) -> Select[int]:
    """Of agreements in force: these are looked up first, since most needs are of former ones."""
    of_agreements = DemandItem.agreement_id.in_(select(Agreement.id).where(in_force()))
    return select(func.count(DemandItem.id)).where(DemandItem.status.in_(NOT_WITHDRAWN), of_agreements)


FIGURES = (
    Figure(
        "coverage",
        _("Agreement coverage"),
        _(
            "Units that are legal persons and have an agreement between unit and community in force today, "
            "of all legal-person units with a Party organisation"
        ),
        lambda: [Agreement.agreement_type == UNIT_COMMUNITY, in_force()],
        units,
        part=lambda: [covered()],
        named=names_of_units,
        named_ledger="units",
    ),
    Figure(
        "in_force",
        lazy_pgettext("agreements", "In force"),
        _("Agreements that are filed and have not run out today"),
        lambda: [Agreement.status == "active", unexpired()],
        reads=("effective_to", "effective_from"),
        behind={"status": "running"},
    ),
    Figure(
        "expiring",
        lazy_pgettext("agreements", "Expiring soon"),
        _("In force, with at most 60 days to go"),
        lambda: [Agreement.status == "active", expiring()],
        behind={"status": "expiring"},
    ),
    Figure(
        "expired",
        _("Expired, not renewed"),
        _("Filed agreements whose last day has passed and that nothing follows"),
        lambda: [Agreement.status == "active", expired()],
        behind={"status": "expired"},
        overdue=True,
    ),
    Figure(
        "waiting",
        lazy_pgettext("agreements", "Under review"),
        _("Agreements that wait for the unit's reviewer or for the committee"),
        lambda: [Agreement.status.in_(("pending_unit", "pending_committee"))],
        behind={"status": "waiting"},
    ),
    incomplete(Agreement),
    Figure(
        "matched",
        _("Share of needs matched"),
        _("Needs of agreements in force that are matched or met, of all that were not withdrawn"),
        with_needs,
        needs,
        part=lambda: [DemandItem.status.in_(("matched", "met"))],
    ),
    Figure(
        "met",
        _("Share of needs met"),
        _("Needs of agreements in force that are met, of all that were not withdrawn"),
        with_needs,
        needs,
        part=lambda: [DemandItem.status == "met"],
    ),
)
