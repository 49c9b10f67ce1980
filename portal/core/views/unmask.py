"""Full personal values: for a purpose, for five minutes, logged (`docs/domain` §3.5)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from flask import Flask, Response, abort, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import force_locale, gettext, lazy_gettext

from portal.core import clock, rate_limits
from portal.core.access import scope
from portal.core.audit import audit_log
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import ChildTable
from portal.core.fields import Choice
from portal.core.punctuation import PAPER

PURPOSES = Choice(
    ("visit", lazy_gettext("To visit or call")),
    ("check", lazy_gettext("To check the record")),
    ("request", lazy_gettext("To answer a request or complaint")),
    ("emergency", lazy_gettext("In an emergency")),
    ("handover", lazy_gettext("To hand the work over")),
)
LASTS = 5 * 60  # seconds
# What the session keeps: until when which value is shown. Never the value.
KEY = "revealed"


@dataclass(frozen=True)
class Opened:
    """An unmasked value: remaining seconds, and the time when it is masked again."""

    text: str
    left: int
    until: str


class Revealing:
    """Mixin of `LedgerView`: unmasking personal data."""

    verbs: ClassVar = {"reveal": "reveal"}

    @expose("/<int:pk>/reveal/<string:name>", methods=["POST"])
    @has_access
    def reveal(self: Any, pk: int, name: str) -> ResponseReturnValue:
        record = self.record_or_404(pk)
        self.require("reveal", record)
        rate_limits.require(rate_limits.REVEALS)
        if name not in closed(self.ledger, record):
            abort(404)
        home = url_for(f"{self.endpoint}.show", pk=pk)
        purpose = request.form.get("purpose", "")
        if purpose not in PURPOSES.labels:
            flash(gettext("Please choose what it is needed for."), "error")
            return redirect(home)
        write_down(self.ledger, record, name, purpose)
        now = time.time()
        kept = {key: until for key, until in session.get(KEY, {}).items() if 0 < until - now <= LASTS}
        session[KEY] = {**kept, place(self.ledger, pk, name): now + LASTS}
        return redirect(f"{home}#{name}")


def write_down(ledger: Ledger, record: Any, name: str, purpose: str) -> None:
    with force_locale(PAPER):
        reason = str(PURPOSES.labels[purpose])
    what = {"record_id": record.id, "root_id": record.id, "title": str(record)[:200]}
    unit_id = record.owner_unit_id if ledger.scoped else None
    audit_log.log_and_commit(
        "reveal", ledger.name, **what, unit_id=unit_id, reason=reason, changes=[[name, None, None]]
    )


def place(ledger: Ledger, pk: int, name: str) -> str:
    return f"{ledger.name}/{pk}/{name}"


def closed(ledger: Ledger, record: Any) -> list[str]:
    """The masked fields of a record, and the tables with masked cells, each of which is unmasked as a whole."""
    hidden = ledger.hidden(record)
    kinds = {name: ledger.field(name).kind for name in ledger.personal if name not in hidden}
    fields = [name for name, kind in kinds.items() if kind.masked(kind.read(record, name))]
    return fields + [table.name for table in ledger.personal_tables if any(cells(ledger, record, table).values())]


def cells(ledger: Ledger, record: Any, table: ChildTable) -> dict[int, dict[str, str]]:
    """The full values of masked cells in a table, by row id and field name."""
    fields = {name: each.kind for name, each in ledger.rows_fields(table).items() if each.kind.personal}
    return {
        row.id: {name: kind.in_full(value) for name, kind in fields.items() if kind.masked(value := getattr(row, name))}
        for row in getattr(record, table.name)
    }


def revealing(ledger: Ledger, record: Any) -> dict[str, Any]:
    """Variables of the record page: `opened` and `opened_rows` are the values unmasked in this session, `closed` the
    fields and tables that can be unmasked."""
    now, shown = time.time(), session.get(KEY, {})
    masked = closed(ledger, record)
    known = {name: shown.get(place(ledger, record.id, name), 0) for name in masked}
    ends = {name: until for name, until in known.items() if 0 < until - now <= LASTS}
    tables = {table.name: cells(ledger, record, table) for table in ledger.personal_tables if table.name in ends}

    def opened(name: str, text: str) -> Opened:
        until = clock.local(datetime.fromtimestamp(ends[name], UTC))
        return Opened(text, round(ends[name] - now), until.strftime("%H:%M"))

    return {
        "opened": {
            name: opened(name, ledger.field(name).kind.in_full(getattr(record, name)))
            for name in ends
            if name not in tables
        },
        "opened_rows": {
            table: {id_: {name: opened(table, text) for name, text in row.items()} for id_, row in rows.items()}
            for table, rows in tables.items()
        },
        "closed": [name for name in masked if name not in ends],
        "purposes": PURPOSES.options(),
    }


class NamesSeen:
    """Logs once a day for each account and ledger that names were shown unmasked without a purpose."""

    def __init__(self, app: Flask) -> None:
        self.told: set[tuple[date, int | None, str]] = set()
        app.extensions["portal.names_seen"] = self
        app.after_request(self.after)

    def after(self, response: Response) -> Response:
        day, user_id = clock.today(), scope.current().user_id
        for ledger in sorted(g.pop("names_seen", ())):
            if (day, user_id, ledger) in self.told:
                continue
            self.told = {known for known in self.told if known[0] == day} | {(day, user_id, ledger)}
            if not audit_log.logged_since(clock.midnight(day), "names", ledger):
                audit_log.log_and_commit("names", ledger)
        return response


def install(app: Flask) -> None:
    NamesSeen(app)


__all__ = ["Revealing", "install", "revealing"]
