"""The portal's tables as an application of the peers would declare them."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Boolean, Column, Date, DateTime, ForeignKey, Integer, String
from sqlalchemy.orm import relationship

LISTED = ("record_no", "title", "party_a_org", "party_b_org", "signed_on", "effective_to", "status")
FILTERS = (
    *("status", "agreement_type", "owner_unit", "coop_modes", "party_a_org", "party_b_org", "signed_on"),
    "effective_to",
)
ENTERED = (
    *("agreement_type", "party_a_org", "party_b_org", "title", "signed_on", "effective_from", "effective_to"),
    *("renew_mode", "coop_modes", "content", "plan_activity_cnt", "a_contact", "a_phone", "b_contact", "b_phone"),
    *("office_no", "copies", "filing_no", "filed_on", "remark", "publish_scope"),
)
SHOWN = ("record_no", "status", *ENTERED, "created_at", "updated_at")
# Those of the portal's sheet that are columns of the table.
EXPORTED = (
    *("record_no", "office_no", "title", "agreement_type", "owner_unit", "party_a_org", "party_b_org", "signed_on"),
    *("effective_from", "effective_to", "coop_modes", "status", "a_contact", "a_phone", "b_contact", "b_phone"),
    "remark",
)


def define(base: Any) -> SimpleNamespace:
    """The models on this declarative base."""

    class Named:
        def __str__(self) -> str:
            return str(self.full_name)

        __repr__ = __str__

        def __admin_repr__(self, _request: Any) -> str:
            """What starlette-admin shows."""
            return str(self)

    class Unit(Named, base):
        __tablename__ = "unit"
        id = Column(Integer, primary_key=True)
        full_name = Column(String(100), nullable=False)

    class PartyOrg(Named, base):
        __tablename__ = "party_org"
        id = Column(Integer, primary_key=True)
        full_name = Column(String(100), nullable=False)

    class Agreement(base):
        __tablename__ = "agreement"
        id = Column(Integer, primary_key=True)
        record_no = Column(String(24), unique=True)
        title = Column(String(80))
        agreement_type = Column(String(8))
        party_a_org_id = Column(ForeignKey("party_org.id"), nullable=False)
        party_b_org_id = Column(ForeignKey("party_org.id"), nullable=False)
        owner_unit_id = Column(ForeignKey("unit.id"), nullable=False, default=1)
        signed_on = Column(Date)
        effective_from = Column(Date)
        effective_to = Column(Date)
        renew_mode = Column(String(16))
        coop_modes = Column(String(120))
        content = Column(String(500))
        plan_activity_cnt = Column(Integer)
        a_contact = Column(String(50))
        a_phone = Column(String(512))
        b_contact = Column(String(50))
        b_phone = Column(String(512))
        office_no = Column(String(40))
        copies = Column(Integer)
        filing_no = Column(String(40))
        filed_on = Column(Date)
        remark = Column(String(200))
        publish_scope = Column(String(16), nullable=False, default="internal")
        status = Column(String(20), nullable=False, default="draft")
        # What the portal says of every record, and nobody enters.
        proxy_filled = Column(Boolean, nullable=False, default=False)
        source = Column(String(16), nullable=False, default="online")
        version = Column(Integer, nullable=False, default=1)
        search_text = Column(String(600), nullable=False, default="")
        created_at = Column(DateTime, nullable=False, default=datetime.now)
        updated_at = Column(DateTime, nullable=False, default=datetime.now, onupdate=datetime.now)

        party_a_org = relationship(PartyOrg, foreign_keys=[party_a_org_id])
        party_b_org = relationship(PartyOrg, foreign_keys=[party_b_org_id])
        owner_unit = relationship(Unit)

        def __str__(self) -> str:
            return str(self.title)

    return SimpleNamespace(Unit=Unit, PartyOrg=PartyOrg, Agreement=Agreement)
