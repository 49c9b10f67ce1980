"""Enter records of the demo as people do: through the ledgers' forms and transitions, by their accounts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from flask import g
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.declaration.ledger import Ledger
from portal.core.records import saving
from portal.core.records.forms.form import form_class
from portal.core.review import transitions
from portal.demo.profiles import Profile
from portal.extensions import db
from portal.org.models import Unit

OFFICE = ("reviewer", "reviewer02")
Texts = Mapping[str, Any]


def principal(username: str) -> scope.Principal:
    """Who acts; read once. Units without accounts are filled for by the committee, and the portal reviews for them."""
    known: dict[str, scope.Principal] = g.setdefault("demo_principals", {})
    if username not in known:
        known[username] = act_as(username) if username else scope.SYSTEM
    return known[username]


def enter(username: str, ledger: Ledger, texts: Texts, parent: Any = None) -> Any:
    """A saved record; refusing what a page would refuse."""
    with scope.acting_as(principal(username)):
        form = form_class(ledger)(MultiDict(texts), parent=parent)
        if not form.validate():
            raise ValueError(f"the demo's {ledger.name} is refused: {form.errors} {form.problems}")
        record = saving.fill(ledger, form, None, parent)
        db.session.add(record)
        db.session.flush()
        form.doubts.remember(record)
        db.session.flush()
    return record


def make_transition(username: str, ledger: Ledger, record: Any, name: str, **answers: str) -> Any:
    with scope.acting_as(principal(username)):
        step = ledger.transition(name)
        path = step and transitions.path_of(ledger, record, step)
        form = step and path and transitions.move_form(ledger, record, step, path, answers)
        if not step or not form or not form.validate():
            raise ValueError(f"the demo's {name} of {ledger.name} is refused: {form and form.errors}")
        return transitions.make(ledger, record, step, form)


def bring(username: str, ledger: Ledger, record: Any, status: str, reason: Mapping[str, str] | None = None) -> None:
    """Make the transitions after which the record stands there."""
    if status == "draft":
        return
    secretary = secretary_of(username)
    make_transition(username, ledger, record, "submit")
    if status == "returned":
        make_transition(secretary, ledger, record, "return", **(reason or {}))
    while record.status != status and record.status.startswith("pending"):
        if record.status == "pending_unit":
            make_transition(secretary, ledger, record, "approve")
        else:
            make_transition(OFFICE[username in OFFICE], ledger, record, "approve_committee")


def secretary_of(username: str) -> str:
    """Who reviews what this account filled; the portal itself for units without accounts."""
    return username.replace("filler", "secretary") if username.startswith("filler") else ""


def row(table: str, n: int, **cells: str) -> dict[str, str]:
    return {f"{table}-{n}-id": f"new-{n}", **{f"{table}-{n}-{name}": text for name, text in cells.items()}}


def units(most: int | None = None) -> list[Unit]:
    """In official order; institutions last."""
    return list(db.session.scalars(select(Unit).order_by(Unit.sort_no).limit(most)))


def filler_of(n: int, profile: Profile) -> str:
    """Who fills in for the unit at this place, from 0."""
    return f"filler{n + 1:02}" if n < profile.units else OFFICE[0]


def day(first: date, days: int) -> str:
    """So many days after the first, as it is typed."""
    return (first + timedelta(days=days)).isoformat()
