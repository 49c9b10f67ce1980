"""Spot checks: records drawn at random, and the findings (`docs/domain` §5.3).

The lot can be drawn again by anybody: the records stand in the order of SHA-256 over `seed:id`, and the first ones are
taken. What was found is kept apart from the records, which it never changes.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from flask import request
from flask_babel import gettext, lazy_gettext
from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core import clock
from portal.core.access import scope
from portal.core.declaration.ledger import Ledger, mounted
from portal.core.declaration.workflow import IN_FORCE
from portal.core.fields import BadValue, Label, clean, natural, parse_day, unit_link
from portal.extensions import Model, db
from portal.org.models import Unit
from portal.permissions import roles
from portal.permissions.input_faults import personal_fault

MOST = 200
LONGEST_SEED, LONGEST_NOTE = 40, 200
RESULTS: dict[str, Label] = {
    "true": lazy_gettext("True"),
    "doubt": lazy_gettext("In doubt"),
    "untrue": lazy_gettext("Untrue"),
}
TONES = {"true": "ok", "doubt": "warn", "untrue": "bad"}
UNIT = unit_link()


class Sample(Model):
    """What was drawn from, how, and by whom."""

    __tablename__ = "sample"

    id: Mapped[int] = mapped_column(primary_key=True)
    ledger: Mapped[str] = mapped_column(String(60))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    # The first and the last day of the records.
    since: Mapped[date | None]
    until: Mapped[date | None]
    in_force: Mapped[bool]
    seed: Mapped[str] = mapped_column(String(LONGEST_SEED))
    size: Mapped[int]
    # How many records fitted, and a digest of their ids, so that a later change of them is noticed.
    population: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    drawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    drawn_at: Mapped[datetime]

    unit: Mapped[Unit | None] = relationship()
    drawn_by: Mapped[Any] = relationship("User")
    items: Mapped[list[SampleItem]] = relationship(
        order_by="SampleItem.position", cascade="all, delete-orphan", back_populates="sample"
    )


class SampleItem(Model):
    """One record that was drawn, and what was found."""

    __tablename__ = "sample_item"
    __table_args__ = (UniqueConstraint("sample_id", "record_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sample_id: Mapped[int] = mapped_column(ForeignKey("sample.id", ondelete="CASCADE"))
    record_id: Mapped[int]
    position: Mapped[int]
    result: Mapped[str | None] = mapped_column(String(10))
    note: Mapped[str | None] = mapped_column(String(LONGEST_NOTE))
    judged_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    judged_at: Mapped[datetime | None]

    sample: Mapped[Sample] = relationship(back_populates="items")
    judged_by: Mapped[Any] = relationship("User")


@dataclass
class Typed:
    """What to draw, as typed, and what is wrong with it by field."""

    ledger: str = ""
    unit_id: str = ""
    since: str = ""
    until: str = ""
    size: str = "10"
    seed: str = ""
    in_force: bool = True
    faults: dict[str, str] = field(default_factory=dict)

    @classmethod
    def posted(cls) -> Typed:
        found = cls(in_force=bool(request.form.get("in_force")))
        for name in ("ledger", "unit_id", "since", "until", "size", "seed"):
            setattr(found, name, clean((request.form.getlist(name) or [""])[-1]))
        return found

    def day(self, name: str) -> date | None:
        try:
            return parse_day(getattr(self, name)) if getattr(self, name) else None
        except BadValue as fault:
            self.faults[name] = str(fault)
            return None


def ledgers() -> list[Ledger]:
    """From which the user may draw."""
    return [each for each in mounted() if roles.business(each) and scope.current().may("read", each.name)]


def population(ledger: Ledger, sample: Sample) -> list[int]:
    """The ids of all records that fit, as far as the user sees them."""
    model = ledger.model
    query = select(model.id).order_by(model.id)
    if sample.unit_id is not None:
        query = query.where(model.owner_unit_id == sample.unit_id)
    if sample.in_force and ledger.review.statuses:
        query = query.where(model.status == IN_FORCE)
    day = model.dating()
    if sample.since:
        query = query.where(day >= sample.since)
    if sample.until:
        query = query.where(day <= sample.until)
    return list(db.session.scalars(query))


def lots(seed: str, ids: Sequence[int], size: int) -> list[int]:
    """The ids that are drawn, in order."""
    return sorted(ids, key=lambda id_: hashlib.sha256(f"{seed}:{id_}".encode()).hexdigest())[:size]


def digest_of(ids: Sequence[int]) -> str:
    return hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()


def draw(typed: Typed) -> Sample | None:
    """Draw what was typed, or fill `typed.faults`. Nothing is committed."""
    ledger = next((each for each in ledgers() if each.name == typed.ledger), None)
    size, since, until = natural(typed.size), typed.day("since"), typed.day("until")
    if ledger is None:
        typed.faults["ledger"] = gettext("Please choose a ledger.")
    if size is None or not 1 <= size <= MOST:
        typed.faults["size"] = gettext("A number from 1 to %(most)d, please.", most=MOST)
    if since and until and until < since:
        typed.faults["until"] = gettext("This day is over before it begins.")
    if len(typed.seed) > LONGEST_SEED:
        typed.faults["seed"] = gettext("At most %(most)d characters, please.", most=LONGEST_SEED)
    elif fault := personal_fault(typed.seed):
        typed.faults["seed"] = fault
    try:
        unit_id = UNIT.parse([typed.unit_id], None)
    except BadValue as fault:
        typed.faults["unit_id"] = str(fault)
    if typed.faults or ledger is None or size is None:
        return None
    sample = Sample(ledger=ledger.name, unit_id=unit_id, since=since, until=until, in_force=typed.in_force)
    return fill(sample, ledger, typed.seed or secrets.token_hex(8), size)


def fill(sample: Sample, ledger: Ledger, seed: str, size: int) -> Sample:
    ids = population(ledger, sample)
    sample.seed, sample.size = seed, size
    sample.population, sample.digest = len(ids), digest_of(ids)
    sample.drawn_by_id, sample.drawn_at = scope.current().user_id, clock.now()
    drawn = lots(sample.seed, ids, size)
    sample.items = [SampleItem(record_id=id_, position=n) for n, id_ in enumerate(drawn)]
    db.session.add(sample)
    return sample


def drawn_again(ledger: Ledger, sample: Sample) -> bool:
    """Would the same lot be drawn from what fits today?"""
    return digest_of(population(ledger, sample)) == sample.digest


def judge(sample: Sample, seen: Container[int]) -> dict[int, str]:
    """Take the results that were posted of the records that are `seen`, or say what is wrong by item. Nothing is
    committed."""
    faults: dict[int, str] = {}
    for item in sample.items:
        if item.record_id not in seen or f"result-{item.id}" not in request.form:
            continue
        result = request.form[f"result-{item.id}"]
        note = clean(request.form.get(f"note-{item.id}", ""))[:LONGEST_NOTE] or None
        wanted = result if result in RESULTS else None
        if (wanted, note) == (item.result, item.note):
            continue
        if (item.result or "") != request.form.get(f"was-{item.id}", ""):
            faults[item.id] = gettext("%(who)s has changed this meanwhile.", who=item.judged_by or gettext("Somebody"))
        elif wanted in ("doubt", "untrue") and not note:
            faults[item.id] = gettext("Please say what was found.")
        elif fault := personal_fault(note or ""):
            faults[item.id] = fault
        else:
            item.result, item.note = wanted, note
            item.judged_by_id, item.judged_at = scope.current().user_id, clock.now()
    return faults
