"""Units, areas, Party organisations and members (`docs/domain` §3): two trees and the map between them."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Column, ForeignKey, Integer, String, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship, synonym

from portal.extensions import Model
from portal.org.encrypted import Sealed, SealedText
from portal.org.mixins import Scoped, Searchable
from portal.org.name_history import Renamed


class Area(Searchable, Model):
    """A town, development zone, community or village; the counterpart of the units."""

    __tablename__ = "area"
    searched = ("name",)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    kind: Mapped[str] = mapped_column(String(12), default="community", index=True)
    area_code: Mapped[str | None] = mapped_column(String(12))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    sort_no: Mapped[int] = mapped_column(default=0, index=True)
    status: Mapped[str] = mapped_column(String(16), default="active")
    search_text: Mapped[str] = mapped_column(String(200), default="")

    parent: Mapped[Area | None] = relationship(remote_side=[id])

    def __str__(self) -> str:
        return self.name


class Unit(Searchable, Renamed, Model):
    """A unit of the district, or an institution below one."""

    __tablename__ = "unit"
    searched = ("full_name", "short_name", "former_names")

    id: Mapped[int] = mapped_column(primary_key=True)
    full_name: Mapped[str] = mapped_column(String(100), unique=True)
    short_name: Mapped[str] = mapped_column(String(50))
    unit_nature: Mapped[str | None] = mapped_column(String(8))
    credit_code: Mapped[str | None] = mapped_column(String(18))
    is_legal_entity: Mapped[bool] = mapped_column(default=False)
    office_address: Mapped[str | None] = mapped_column(String(200))
    office_community_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    leader: Mapped[str | None] = mapped_column(String(50))
    contact: Mapped[str | None] = mapped_column(String(50))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    sort_no: Mapped[int] = mapped_column(unique=True)
    status: Mapped[str] = mapped_column(String(16), default="active")
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    # The unit that took over all that was this one's.
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    search_text: Mapped[str] = mapped_column(String(300), default="")

    parent: Mapped[Unit | None] = relationship(remote_side=[id], foreign_keys=[parent_id])
    merged_into: Mapped[Unit | None] = relationship(remote_side=[id], foreign_keys=[merged_into_id])
    office_community: Mapped[Area | None] = relationship()

    def __str__(self) -> str:
        return self.full_name


# Which units a Party organisation stands for: a unit may have several, a joint branch covers several units.
unit_org = Table(
    "unit_org",
    Model.metadata,
    Column("unit_id", Integer, ForeignKey("unit.id"), primary_key=True),
    Column("party_org_id", Integer, ForeignKey("party_org.id"), primary_key=True, index=True),
)


class PartyOrg(Searchable, Renamed, Model):
    """A Party organisation. Those of communities carry `community_id` and are counterparts only."""

    __tablename__ = "party_org"
    searched = ("full_name", "short_name", "former_names")

    id: Mapped[int] = mapped_column(primary_key=True)
    org_code: Mapped[str] = mapped_column(String(40), unique=True)
    full_name: Mapped[str] = mapped_column(String(100), unique=True)
    short_name: Mapped[str] = mapped_column(String(60))
    org_type: Mapped[str] = mapped_column(String(8))
    unit_nature: Mapped[str | None] = mapped_column(String(8))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("party_org.id"), index=True)
    unit_situation: Mapped[str] = mapped_column(String(12), default="legal_entity")
    community_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    secretary: Mapped[str | None] = mapped_column(String(50))
    contact: Mapped[str | None] = mapped_column(String(50))
    founded_on: Mapped[date | None]
    doc_no: Mapped[str | None] = mapped_column(String(60))
    term_from: Mapped[date | None]
    term_to: Mapped[date | None]
    report_mode: Mapped[str] = mapped_column(String(12), default="record")
    sort_no: Mapped[int] = mapped_column(default=0, index=True)
    status: Mapped[str] = mapped_column(String(16), default="active")
    search_text: Mapped[str] = mapped_column(String(300), default="")

    parent: Mapped[PartyOrg | None] = relationship(remote_side=[id])
    community: Mapped[Area | None] = relationship()
    units: Mapped[list[Unit]] = relationship(secondary=unit_org, order_by=Unit.sort_no)

    def __str__(self) -> str:
        return self.full_name


class Member(Searchable, Scoped, Model):
    """A person on the minimal roster (`docs/domain` §3.4); belongs to a unit, whose people alone see it."""

    __tablename__ = "member"
    ledger_name = "members"
    searched = ("name", "person_no")

    id: Mapped[int] = mapped_column(primary_key=True)
    person_no: Mapped[str | None] = mapped_column(String(12), unique=True)
    name: Mapped[str] = mapped_column(String(50))
    gender: Mapped[str] = mapped_column(String(1), default="0")
    member_type: Mapped[str] = mapped_column(String(8))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("party_org.id"), index=True)
    post: Mapped[str | None] = mapped_column(String(60))
    is_leader: Mapped[bool] = mapped_column(default=False)
    work_status: Mapped[str] = mapped_column(String(12), default="serving")
    birth_ym: Mapped[date | None]
    joined_ym: Mapped[date | None]
    office_phone: Mapped[str | None] = mapped_column(String(30))
    mobile: Mapped[Sealed | None] = mapped_column(SealedText())
    search_text: Mapped[str] = mapped_column(String(200), default="")

    owner_unit_id: Mapped[int] = synonym("unit_id")
    owner_org_id: Mapped[int] = synonym("org_id")
    unit: Mapped[Unit] = relationship()
    org: Mapped[PartyOrg] = relationship()

    def __str__(self) -> str:
        return self.name
