"""Every ledger of the portal, in menu order. A new ledger adds one line here."""

from portal.ledgers.cobuilding import agreements, coop_activities

ALL = (
    agreements,
    coop_activities,
)
