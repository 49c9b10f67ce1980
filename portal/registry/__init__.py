"""The master data as ledgers on the same engine, in menu order."""

from portal.registry.areas import areas
from portal.registry.audit_trail import audit_events
from portal.registry.code_lists import code_lists
from portal.registry.members import members
from portal.registry.party_orgs import party_orgs
from portal.registry.units import units

ALL = (units, party_orgs, areas, members, code_lists, audit_events)
