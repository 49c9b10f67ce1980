"""Every ledger of the portal, in menu order. A new ledger adds one line here."""

from portal.core.declaration import indexes
from portal.ledgers.assistance import beneficiaries, pairings, visits
from portal.ledgers.cobuilding import agreements, coop_activities
from portal.ledgers.service import ENTRIES, service_projects
from portal.ledgers.study import study_groups, study_outputs, study_plans, study_sessions

ALL = (
    agreements,
    coop_activities,
    beneficiaries,
    pairings,
    visits,
    study_groups,
    study_plans,
    study_sessions,
    study_outputs,
    service_projects,
    *ENTRIES,
)
for _ledger in ALL:
    indexes.declare(_ledger)
