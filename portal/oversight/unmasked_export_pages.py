"""Pages of unmasked exports: ask, decide, download."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.datastructures import MultiDict

from portal.core import clock
from portal.core.access import scope
from portal.core.declaration.ledger import Ledger, mounted, named
from portal.core.fields import clean
from portal.core.transactions import ledger_lock
from portal.core.views.downloads import download
from portal.core.views.lists import listing
from portal.core.views.unmask import PURPOSES
from portal.extensions import db
from portal.org import codes
from portal.oversight import unmasked_exports
from portal.oversight.unmasked_exports import UnmaskedExport

SHOWN = 200
DESK = "exports"


class ExportsView(BaseView):
    """Whoever may reveal and export asks; who decides holds the right of this page. Both see what concerns them."""

    route_base = "/exports"
    class_permission_name = DESK
    method_permission_name = {"decide": "approve"}
    base_permissions = ["can_read", "can_approve"]
    default_view = "index"

    @expose("/")
    def index(self) -> ResponseReturnValue:
        """One's own requests; everybody's for those who decide."""
        query = select(UnmaskedExport).options(
            joinedload(UnmaskedExport.asked_by), joinedload(UnmaskedExport.decided_by)
        )
        if not scope.current().may("read", DESK):
            if not any(unmasked_exports.may_ask(ledger) for ledger in mounted()):
                abort(403)
            query = query.where(UnmaskedExport.asked_by_id == scope.current().user_id)
        requests = db.session.scalars(query.order_by(UnmaskedExport.id.desc()).limit(SHOWN)).all()
        return render_template(
            "exports/list.html",
            requests=[(each, named(each.ledger), unmasked_exports.words(each)) for each in requests],
            states=unmasked_exports.STATES,
            purposes=PURPOSES.labels,
            local=clock.local,
            may_decide=scope.current().may("approve", DESK),
        )

    @expose("/ask", methods=["GET", "POST"])
    def ask(self) -> ResponseReturnValue:
        """`?ledger=` and the arguments of its list."""
        ledger = ledger_or_403(request.args.get("ledger", ""))
        codes.load(ledger.all_code_lists)
        rest = MultiDict((name, text) for name, text in request.args.items(multi=True) if name != "ledger")
        asked = listing.parse_whole(ledger, rest)
        typed = {"purpose": request.form.get("purpose", ""), "reason": clean(request.form.get("reason", ""))}
        faults = {}
        if request.method == "POST":
            faults = unmasked_exports.ask(asked, **typed)
            if not faults:
                db.session.commit()
                flash(gettext("Asked. You can take the sheet here once a second person has approved it."), "success")
                return redirect(url_for("ExportsView.index"))
        return render_template(
            "exports/ask.html",
            ledger=ledger,
            count=listing.length(asked),
            filters=unmasked_exports.words(UnmaskedExport(ledger=ledger.name, asked_for=unmasked_exports.kept(asked))),
            purposes=PURPOSES.options(),
            typed=typed,
            faults=faults,
        )

    @expose("/decide/<int:pk>", methods=["POST"])
    @has_access
    def decide(self, pk: int) -> ResponseReturnValue:
        wanted = request.form.get("decision", "")
        if wanted not in ("approve", "refuse"):
            abort(400)
        ledger_lock.hold(DESK)  # decided once, however many decide at the same time
        found = unmasked_exports.request_of(pk) or abort(404)
        fault = unmasked_exports.decide(found, wanted == "approve", request.form.get("note", ""))
        if fault:
            flash(fault, "error")
        else:
            db.session.commit()
            flash(gettext("Saved."), "success")
        return redirect(url_for("ExportsView.index"))

    @expose("/take/<int:pk>", methods=["POST"])
    def take(self, pk: int) -> ResponseReturnValue:
        found = unmasked_exports.request_of(pk)
        if found is None or found.asked_by_id != scope.current().user_id:
            abort(404)
        if found.state != "approved":
            abort(409, unmasked_exports.STATES[found.state])
        ledger = ledger_or_403(found.ledger)
        codes.load(ledger.all_code_lists)
        book, name = unmasked_exports.take(found, ledger, partial(opened, ledger))
        db.session.commit()
        return download(book, name)


def ledger_or_403(name: str) -> Ledger:
    """A ledger that the user may ask for."""
    found = named(name)
    return found if found is not None and unmasked_exports.may_ask(found) else abort(403)


def opened(ledger: Ledger, record: Any) -> bool:
    """May the user see the personal data of this record in full?"""
    principal = scope.current()
    return not ledger.scoped or principal.covers_row("reveal", ledger.name, record)
