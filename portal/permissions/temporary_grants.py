"""Temporary grants: extra permissions for one account until a date (`docs/domain` §4.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from flask import request
from flask_babel import force_locale, gettext, lazy_gettext
from sqlalchemy import select

from portal.core import clock
from portal.core.access import scope
from portal.core.audit import audit_log
from portal.core.declaration.ledger import FILLING, mounted
from portal.core.fields import BadValue, Label, clean, parse_day
from portal.core.punctuation import PAPER, labelled, listed
from portal.extensions import db
from portal.org.account_profiles import AccountGrant
from portal.org.models import Unit
from portal.permissions import roles, separation_of_duties
from portal.permissions.input_faults import reason_fault

EVERY = "*"
# What is ticked, and the verbs that it means.
DEEDS: dict[str, tuple[Label, tuple[str, ...]]] = {
    "read": (lazy_gettext("See"), ("read",)),
    "export": (lazy_gettext("Export"), ("export",)),
    "reveal": (lazy_gettext("See personal data in full"), ("reveal",)),
    "fill": (lazy_gettext("Fill in"), (*FILLING, "maintain", "import", "submit", "withdraw")),
}
LONGEST = timedelta(days=366)


@dataclass
class Typed:
    """What somebody wants to grant, as typed, and what is wrong with it by field."""

    ledger: str = EVERY
    deeds: set[str] = field(default_factory=lambda: {"read"})
    scope: str = "custom"
    units: set[str] = field(default_factory=set)
    since: str = ""
    until: str = ""
    reason: str = ""
    faults: dict[str, str] = field(default_factory=dict)

    @classmethod
    def posted(cls) -> Typed:
        form = request.form
        found = cls(deeds=set(form.getlist("deeds")) & DEEDS.keys(), units=set(form.getlist("units")))
        for name in ("ledger", "scope", "since", "until", "reason"):
            setattr(found, name, clean(form.get(name, "")))
        return found

    def day(self, name: str) -> date | None:
        text = getattr(self, name)
        if not text:
            return None
        try:
            return parse_day(text)
        except BadValue as fault:
            self.faults[name] = str(fault)
            return None


def ledgers() -> dict[str, Label]:
    """What can be granted beyond roles: ledgers of records, one or all."""
    return {EVERY: lazy_gettext("All ledgers of records")} | {
        each.name: each.label for each in mounted() if roles.business(each)
    }


def scopes() -> dict[str, Label]:
    return {name: label for name, label in roles.SCOPES.items() if name != "none"}


def unit_tree() -> list[tuple[int, str, int]]:
    """(id, name, depth) of every unit, those below one after it."""
    below: dict[int | None, list[Unit]] = {}
    for unit in db.session.scalars(select(Unit).order_by(Unit.sort_no)):
        below.setdefault(unit.parent_id, []).append(unit)

    def walk(parent: int | None, depth: int) -> list[tuple[int, str, int]]:
        found = []
        for unit in below.get(parent, []):
            found += [(unit.id, unit.full_name, depth), *walk(unit.id, depth + 1)]
        return found

    return walk(None, 0)


def chosen_units(texts: set[str]) -> list[int]:
    """The units ticked: these, and none above or below them."""
    ids = [int(text) for text in texts if text.isdecimal() and len(text) < 10]
    return list(db.session.scalars(select(Unit.id).where(Unit.id.in_(ids)).order_by(Unit.sort_no)))


def grants_of(user: Any) -> list[AccountGrant]:
    query = select(AccountGrant).where(AccountGrant.user_id == user.id)
    return list(db.session.scalars(query.order_by(AccountGrant.since.desc(), AccountGrant.id.desc())))


def grant(user: Any, typed: Typed) -> bool:
    """Grant what was typed, or fill `typed.faults` and change nothing. Nothing is committed."""
    since, until = typed.day("since") or clock.today(), typed.day("until")
    units = chosen_units(typed.units)
    check(user, typed, since, until, units)
    if typed.faults:
        return False
    made = AccountGrant(
        user_id=user.id,
        ledger=typed.ledger,
        verbs=",".join(verb for name in DEEDS if name in typed.deeds for verb in DEEDS[name][1]),
        scope=typed.scope,
        unit_ids=units if typed.scope == "custom" else None,
        since=since,
        until=until,
        reason=typed.reason,
        granted_by_id=scope.current().user_id,
        granted_at=clock.now(),
    )
    db.session.add(made)
    log_event(user, made)
    return True


def check(user: Any, typed: Typed, since: date, until: date | None, units: list[int]) -> None:
    faults = typed.faults
    if typed.ledger not in ledgers():
        faults["ledger"] = gettext("This cannot be chosen here.")
    if typed.scope not in scopes():
        faults["scope"] = gettext("This cannot be chosen here.")
    elif typed.scope == "custom" and not units:
        faults["units"] = gettext("Please choose at least one unit.")
    if not typed.deeds:
        faults["deeds"] = gettext("Please choose what the account may do.")
    elif barred := barred_deeds(user, typed):
        faults["deeds"] = gettext("The roles of this account rule this out: %(what)s", what=listed(barred))
    if fault := reason_fault(typed.reason):
        faults["reason"] = fault
    check_days(typed, since, until)


def check_days(typed: Typed, since: date, until: date | None) -> None:
    if "until" in typed.faults:
        return
    if until is None:
        typed.faults["until"] = gettext("Please fill this in.")
    elif until < max(since, clock.today()):
        typed.faults["until"] = gettext("This day is over before it begins.")
    elif until - since > LONGEST:
        typed.faults["until"] = gettext("At most a year, please.")


def barred_deeds(user: Any, typed: Typed) -> list[str]:
    """What the account's roles rule out for good: a grant of it would not count, or be a power that belongs apart."""
    codes = [role.name for role in user.roles]
    if separation_of_duties.bars_lending(user):
        return [str(label) for name, (label, _) in DEEDS.items() if name in typed.deeds]
    desks = [each for each in mounted() if roles.business(each) and typed.ledger in (EVERY, each.name)]
    barred = {verb for desk in desks for verb in roles.barred_from_grants(codes, desk)}
    return [str(label) for name, (label, verbs) in DEEDS.items() if name in typed.deeds and set(verbs) & barred]


def end(user: Any, pk: int) -> bool:
    """End a grant today; answers whether there was one that still held. Nothing is committed."""
    found = db.session.scalars(
        select(AccountGrant).where(AccountGrant.id == pk, AccountGrant.user_id == user.id)
    ).first()
    yesterday = clock.today() - timedelta(days=1)
    if found is None or (found.until is not None and found.until <= yesterday):
        return False
    found.until = yesterday
    log_event(user, found, ended=True)
    return True


def log_event(user: Any, row: AccountGrant, *, ended: bool = False) -> None:
    with force_locale(PAPER):
        what = gettext("ended: %(what)s", what=told(row)) if ended else told(row)
    title = labelled(user.username, what)[:200]
    audit_log.log("grant", "ab_user", record_id=user.id, root_id=user.id, title=title, reason=row.reason)


def told(row: AccountGrant) -> str:
    """A grant in plain words, without its days and its reason."""
    held = set(row.verbs.split(","))
    deeds = listed(label for label, verbs in DEEDS.values() if held >= set(verbs))
    whose = str(roles.SCOPES.get(row.scope, row.scope))
    if row.unit_ids:
        names = db.session.scalars(select(Unit.short_name).where(Unit.id.in_(row.unit_ids)).order_by(Unit.sort_no))
        whose = listed(names)
    return labelled(ledgers().get(row.ledger, row.ledger), gettext("%(deeds)s (%(whose)s)", deeds=deeds, whose=whose))
