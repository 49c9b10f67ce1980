"""What is counted of assistance (`docs/domain` §1.2 I18, I22, §2.6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext
from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.sql import ColumnElement

from portal.core import clock
from portal.core.declaration.figures import Figure, incomplete
from portal.core.declaration.workflow import IN_FORCE
from portal.ledgers.assistance.model import AidItem, Beneficiary, Pairing, Visit
from portal.ledgers.assistance.rules import BY_PHONE, RESIDENT

# Days within which a pairing's next visit is due; holidays come at least once in half a year.
DAYS = {"month": 31, "quarter": 92, "half": 183, "holiday": 183}
EXPIRING_DAYS = 30


def on_list() -> list[ColumnElement[bool]]:
    return [Beneficiary.status == IN_FORCE]


def review_due() -> ColumnElement[bool]:
    found: ColumnElement[bool] = Beneficiary.review_on < clock.today()
    return found


def is_review_due(person: Beneficiary) -> bool:
    return person.review_on is not None and person.review_on < clock.today()


def unexpired() -> ColumnElement[bool]:
    return Pairing.end_on.is_(None) | (Pairing.end_on >= clock.today())


def expired() -> ColumnElement[bool]:
    found: ColumnElement[bool] = Pairing.end_on < clock.today()
    return found


def is_expired(pairing: Pairing) -> bool:
    return pairing.end_on is not None and pairing.end_on < clock.today()


def expiring() -> ColumnElement[bool]:
    today = clock.today()
    return Pairing.end_on.between(today, today + timedelta(days=EXPIRING_DAYS))


def paid() -> list[ColumnElement[bool]]:
    """Visits that count; calls are none."""
    return [Visit.status == IN_FORCE, Visit.visit_type != BY_PHONE]


def visited() -> ColumnElement[bool]:
    """Was the beneficiary visited by the pairing's unit within the days that its frequency gives?"""
    today = clock.today()
    since = or_(
        *(
            and_(Pairing.visit_freq == freq, Visit.visited_on > today - timedelta(days=days))
            for freq, days in DAYS.items()
        )
    )
    visit = select(Visit.id).where(
        Visit.beneficiary_id == Pairing.beneficiary_id,
        Visit.owner_unit_id == Pairing.owner_unit_id,
        *paid(),
        Visit.visited_on <= today,
        since,
    )
    return visit.exists()


def due() -> ColumnElement[bool]:
    """Pairings that have run for as long as their frequency gives, here or on paper."""
    today = clock.today()
    return or_(
        *(
            and_(Pairing.visit_freq == freq, Pairing.start_on <= today - timedelta(days=days))
            for freq, days in DAYS.items()
        )
    )


def unvisited() -> ColumnElement[bool]:
    return unexpired() & due() & ~visited()


def running() -> list[ColumnElement[bool]]:
    return [Pairing.status == IN_FORCE, unexpired()]


def with_helper() -> list[ColumnElement[bool]]:
    return [*running(), Pairing.helper_name.is_not(None)]


def helpers(*where: Any) -> Select[Any]:
    """Each once a unit and name."""
    people = select(Pairing.owner_unit_id, Pairing.helper_member_id, Pairing.helper_name).where(*where)
    return select(func.count()).select_from(people.distinct().subquery())


def recent() -> list[ColumnElement[bool]]:
    """Visits of the last two years; calls are none."""
    return [*paid(), Visit.visited_on > clock.months_ago(24)]


def to_residents() -> list[ColumnElement[bool]]:
    return [*recent(), Visit.beneficiary.has(Beneficiary.target_type == RESIDENT)]


def households(*where: Any) -> Select[Any]:
    """Each once, however often it was visited."""
    query = select(func.count(Beneficiary.household_no.distinct())).select_from(Visit).join(Visit.beneficiary)
    return query.where(*where)


def amounts(*where: Any) -> Select[Any]:
    return select(AidItem.amount).where(AidItem.visit_id.in_(select(Visit.id).where(*where)))


BENEFICIARY_FIGURES = (
    Figure(
        "listed",
        lazy_pgettext("beneficiaries", "On the list"),
        _("Beneficiaries on the list today"),
        on_list,
        behind={"status": IN_FORCE},
    ),
    Figure(
        "households_listed",
        _("Households"),
        _("Households of the beneficiaries on the list, each counted once"),
        on_list,
        lambda *where: select(func.count(Beneficiary.household_no.distinct())).where(*where),
        behind={"status": IN_FORCE},
    ),
    Figure(
        "review_due",
        lazy_pgettext("beneficiaries", "To be looked at again"),
        _("Beneficiaries on the list whose day for looking again has passed"),
        lambda: [*on_list(), review_due()],
        reads=("review_on", "household_no"),
        behind={"status": "review_due"},
        overdue=True,
    ),
    incomplete(Beneficiary),
)
PAIRING_FIGURES = (
    Figure(
        "running",
        _("Pairings in force"),
        _("Pairings that are approved, not ended and not run out today"),
        running,
        reads=("end_on", "start_on", "visit_freq", "beneficiary_id"),
        behind={"status": "running"},
    ),
    Figure(
        "helpers",
        _("Members who help"),
        _("People named as helpers in pairings in force, each counted once a unit and name"),
        with_helper,
        helpers,
    ),
    Figure(
        "helped",
        _("Beneficiaries helped"),
        _("Beneficiaries of pairings in force, each counted once"),
        running,
        lambda *where: select(func.count(Pairing.beneficiary_id.distinct())).where(*where),
        behind={"status": "running"},
    ),
    Figure(
        "compliance",
        _("Visit-frequency compliance rate"),
        _(
            "Pairings whose beneficiary the unit visited within the time of their visit frequency, of the pairings in "
            "force that have run for that long; calls are no visits"
        ),
        lambda: [*running(), due()],
        part=lambda: [visited()],
    ),
    Figure(
        "unvisited",
        lazy_pgettext("pairings", "Visit overdue"),
        _("Pairings in force whose beneficiary was not visited within the time of their visit frequency"),
        lambda: [*running(), due(), ~visited()],
        behind={"status": "unvisited"},
        overdue=True,
    ),
    Figure(
        "expired",
        _("Run out, not ended"),
        _("Pairings whose last day has passed and that nobody ended"),
        lambda: [Pairing.status == IN_FORCE, expired()],
        behind={"status": "expired"},
        overdue=True,
    ),
    incomplete(Pairing),
)
VISIT_FIGURES = (
    Figure(
        "households",
        _("Households visited"),
        _(
            "Households of residents in difficulty visited in the last two years, each counted once; "
            "calls are no visits"
        ),
        to_residents,
        households,
    ),
    Figure(
        "visits",
        _("Visits"),
        _("Visits of the last two years; calls are no visits"),
        recent,
        reads=("visited_on", "visit_type", "beneficiary_id"),
    ),
    Figure(
        "aid",
        _("Aid in yuan"),
        _("Money given on the visits of the last two years"),
        lambda: [*recent(), Visit.aid_items.any(AidItem.amount.is_not(None))],
        amounts,
        sealed=True,
    ),
)
