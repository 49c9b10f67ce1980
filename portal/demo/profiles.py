"""How much the demo holds: `article` as the article tells it, `tiny` about a fiftieth (`docs/domain` §6.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

# The first units own some of everything, in every status that people work with.
SHOWN = 5


@dataclass(frozen=True)
class Profile:
    """Numbers of accounts and of records in force, those of the first units included."""

    # Accounts: pairs of filler and reviewer, and liaisons of areas.
    units: int
    towns: int
    zones: int
    communities: int
    members: int
    # Agreements: one a unit, further ones, and the needs, offers and projects of all of these; then how many of the
    # main ones run out soon or follow an older one, and what has ended or run out beside them.
    main_agreements: int
    more_agreements: int
    needs: int
    offers: int
    coop_items: int
    expiring: int
    renewed: int
    terminated: int
    expired: int
    # Study groups, how many of them plan, and what they do.
    groups: int
    stopped_groups: int
    planning_groups: int
    group_size: int
    sessions: int
    outputs: int
    # Pairings, who helps and who is helped in them; visits to residents, whose households, and other visits.
    pairings: int
    helpers: int
    helped: int
    resident_visits: int
    households: int
    other_visits: int
    # Service projects by series (C26), and how they stand.
    projects: tuple[int, int, int]
    projects_done: int
    projects_overdue: int
    projects_resting: int


TINY = Profile(
    units=SHOWN,
    towns=3,
    zones=1,
    communities=6,
    members=160,
    main_agreements=11,
    more_agreements=5,
    needs=48,
    offers=32,
    coop_items=32,
    expiring=0,
    renewed=0,
    terminated=0,
    expired=3,
    groups=6,
    stopped_groups=1,
    planning_groups=6,
    group_size=8,
    sessions=48,
    outputs=18,
    pairings=15,
    helpers=15,
    helped=15,
    resident_visits=35,
    households=10,
    other_visits=10,
    projects=(8, 3, 4),
    projects_done=6,
    projects_overdue=3,
    projects_resting=1,
)
ARTICLE = Profile(
    units=63,
    towns=21,
    zones=5,
    communities=126,
    members=8000,
    main_agreements=186,
    more_agreements=24,
    needs=520,
    offers=610,
    coop_items=430,
    expiring=9,
    renewed=31,
    terminated=12,
    expired=5,
    groups=302,
    stopped_groups=6,
    planning_groups=63,
    group_size=8,
    sessions=2416,
    outputs=900,
    pairings=1012,
    helpers=1006,
    helped=934,
    resident_visits=1263,
    households=812,
    other_visits=140,
    projects=(27, 21, 16),
    projects_done=51,
    projects_overdue=3,
    projects_resting=1,
)
PROFILES = {"tiny": TINY, "article": ARTICLE}


def dealt(total: int, hands: int) -> Iterator[int]:
    """As evenly as whole things are dealt, the first hands getting one more."""
    each, more = divmod(total, hands)
    for n in range(hands):
        yield each + (n < more)
