"""The committee's first day as a checklist: organisation, roster, accounts, existing ledgers, each with its template,
where it is brought in, how many there are and what is missing. No ledger is named here: the steps follow from what
ledgers declare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import abort, current_app, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_babel import gettext, lazy_gettext, ngettext
from sqlalchemy import exists, func, select

from portal.core import clock
from portal.core.access import scope
from portal.core.declaration.ledger import Ledger, mounted
from portal.core.fields import Label, Link
from portal.core.imports.runs import ImportRun
from portal.extensions import db
from portal.org.account_profiles import AccountProfile
from portal.org.models import Member, PartyOrg, Unit, unit_org
from portal.permissions import roles

DONE = "portal.first_day_done"
YES, PARTLY, NO = "yes", "partly", "no"


@dataclass(frozen=True)
class Item:
    """What one sheet brings in: how many there are, where its sheet goes, and what is missing."""

    name: str
    label: Label
    count: int
    list_url: str | None
    template_url: str | None
    import_url: str | None
    missing: tuple[str, ...] = ()
    last: str = ""


@dataclass(frozen=True)
class Step:
    title: Label
    hint: Label
    items: tuple[Item, ...]
    # Are its sheets there once records are? Those of a ledger can also be made by hand, so that they tell nothing of
    # what the office kept before.
    by_records: bool = True

    @property
    def brought(self) -> int:
        """How many of its sheets are there."""
        return sum(1 for item in self.items if (item.count if self.by_records else item.last))

    @property
    def done(self) -> str:
        if any(item.missing for item in self.items) or 0 < self.brought < len(self.items):
            return PARTLY
        return YES if self.brought else NO


class StartView(BaseView):
    route_base = "/start"
    default_view = "index"

    @expose("/")
    def index(self) -> ResponseReturnValue:
        if not may_start():
            abort(403)
        return render_template("start.html", steps=[step for step in steps() if step.items])


def organisation() -> list[Ledger]:
    """The master data that belongs to no unit; what others link to comes first."""
    open_ = [each for each in mounted() if each.sheet.words and not roles.business(each) and not each.scoped]
    ordered: list[Ledger] = []
    while open_:
        models = {each.model for each in open_}
        free = [each for each in open_ if not links_of(each) & (models - {each.model})] or open_[:1]
        ordered += free
        open_ = [each for each in open_ if each not in free]
    return ordered


def links_of(ledger: Ledger) -> set[Any]:
    kinds = (found.kind for found in ledger.entered.values())
    return {kind.model for kind in kinds if isinstance(kind, Link)}


def roster() -> list[Ledger]:
    return [each for each in mounted() if each.sheet.words and not roles.business(each) and each.scoped]


def existing() -> list[Ledger]:
    return [each for each in mounted() if each.sheet.words and roles.business(each) and not each.under]


def may_start() -> bool:
    """Whoever brings in a part of what the committee has, and not only what is their own unit's."""
    principal = scope.current()
    whole = (principal.reach("import", each.name).everything for each in mounted() if each.sheet.words)
    return principal.may("import", "accounts") or any(whole)


def steps() -> Iterator[Step]:
    yield Step(
        lazy_gettext("Organisation"),
        lazy_gettext("Areas first, then units, then Party organisations, since each names those before it."),
        tuple(item(each) for each in organisation() if scope.current().may("read", each.name)),
    )
    yield Step(
        lazy_gettext("Roster"),
        lazy_gettext("The people who are chosen in records. Each names its unit and Party organisation."),
        tuple(item(each) for each in roster() if scope.current().may("read", each.name)),
    )
    yield Step(
        lazy_gettext("Accounts"),
        lazy_gettext("One row for each account. New ones get slips with one-time passwords."),
        tuple(accounts()),
    )
    yield Step(
        lazy_gettext("Existing ledgers"),
        lazy_gettext("The ledgers as the office keeps them today, taken over with their statuses."),
        tuple(item(each) for each in existing() if scope.current().may("read", each.name)),
        by_records=False,
    )


def item(ledger: Ledger) -> Item:
    brings = scope.current().may("import", ledger.name)
    count = db.session.scalar(select(func.count()).select_from(ledger.model)) or 0
    return Item(
        ledger.name,
        ledger.label,
        count,
        url_for(f"{ledger.name}.list"),
        url_for(f"{ledger.name}.template") if brings else None,
        url_for(f"{ledger.name}.bring") if brings else None,
        tuple(missing(ledger, count)),
        last_run(ledger),
    )


def last_run(ledger: Ledger) -> str:
    """When the last sheet of this ledger was taken that was not taken back."""
    query = select(func.max(ImportRun.told_at)).where(ImportRun.ledger == ledger.name, ImportRun.undone_at.is_(None))
    found = db.session.scalar(query)
    return clock.to_the_minute(found) if found else ""


def missing(ledger: Ledger, count: int) -> Iterator[str]:
    """What an office would notice later: units that nobody on the roster or no Party organisation belongs to."""
    if not count:
        return
    active = Unit.status == "active"
    if ledger.model is PartyOrg and (n := units_without(active & ~exists().where(unit_org.c.unit_id == Unit.id))):
        yield ngettext("%(num)d unit without a Party organisation", "%(num)d units without a Party organisation", n)
    if ledger.model is Member and (n := units_without(active & ~exists().where(Member.unit_id == Unit.id))):
        yield ngettext("%(num)d unit without anybody", "%(num)d units without anybody", n)


def units_without(condition: Any) -> int:
    return db.session.scalar(select(func.count(Unit.id)).where(condition)) or 0


def accounts() -> Iterator[Item]:
    principal = scope.current()
    if not principal.may("read", "accounts"):
        return
    brings = principal.may("import", "accounts")
    profile = AccountProfile
    placed = profile.unit_id.is_not(None) | profile.area_id.is_not(None)
    count = db.session.scalar(select(func.count(profile.user_id)).where(placed)) or 0
    waiting = db.session.scalar(select(func.count(profile.user_id)).where(profile.waiting)) or 0
    without = units_without(
        (Unit.status == "active") & Unit.parent_id.is_(None) & ~exists().where(profile.unit_id == Unit.id)
    )
    found = []
    if waiting:
        found.append(ngettext("%(num)d waits to be authorised", "%(num)d wait to be authorised", waiting))
    if without:
        found.append(ngettext("%(num)d unit without an account", "%(num)d units without an account", without))
    yield Item(
        "accounts",
        gettext("Accounts"),
        count,
        url_for("AccountsView.list"),
        url_for("AccountSheetsView.template") if brings else None,
        url_for("AccountSheetsView.bring") if brings else None,
        tuple(found),
    )


def first_day() -> bool:
    """Is there still something to be set up, and may the user do it? Once there is not, nothing is asked any more."""
    return not current_app.extensions.get(DONE) and may_start() and not finished()


def finished() -> bool:
    models = [each.model for each in (*organisation(), *roster())]
    anything = [exists().select_from(model) for model in models]
    records = [exists().select_from(each.model) for each in existing()]
    placed = exists().where(AccountProfile.unit_id.is_not(None))
    with scope.unscoped("whether there is anything at all is told to everybody who sets the portal up"):
        held = db.session.execute(select(*anything, placed, *records)).one()
    done = all(held[: len(anything) + 1]) and any(held[len(anything) + 1 :])
    current_app.extensions[DONE] = done
    return done


def install(app: Any) -> None:
    app.jinja_env.globals.update(first_day=first_day)


__all__ = ["StartView", "first_day", "install"]
