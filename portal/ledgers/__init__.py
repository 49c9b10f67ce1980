"""Every ledger of the portal, in menu order. A new ledger adds one line here."""

from portal.ledgers.cobuilding import agreements, coop_activities
from portal.ledgers.study import study_groups, study_outputs, study_plans, study_sessions

ALL = (
    agreements,
    coop_activities,
    study_groups,
    study_plans,
    study_sessions,
    study_outputs,
)
