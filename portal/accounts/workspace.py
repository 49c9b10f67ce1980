"""The first page: what the user may do here, and what waits in their own drafts."""

from __future__ import annotations

from typing import Any

from flask import g, render_template
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from sqlalchemy import func, select

from portal.accounts import watching
from portal.accounts.roles import label_of
from portal.core import scope
from portal.core.ledger import Ledger, mounted
from portal.extensions import db


class WorkspaceView(BaseView):
    route_base = ""
    default_view = "index"

    @expose("/")
    def index(self) -> ResponseReturnValue:
        principal = scope.current()
        cards = [card(ledger) for ledger in mounted() if ledger.statuses and principal.may("read", ledger.name)]
        return render_template(
            "workspace.html",
            cards=cards,
            profile=g.get("profile"),
            watch=watching.watch(),
            roles=[label_of(code) for code in sorted(principal.roles)],
        )


def card(ledger: Ledger) -> dict[str, Any]:
    """A ledger with how many of its records, in the user's scope, stand in each status."""
    status = ledger.column("status")
    query = select(status, func.count()).select_from(ledger.model).group_by(status)
    counts = dict(db.session.execute(query).all())
    known = [(name, shown, counts[name]) for name, shown in ledger.statuses.items() if counts.get(name)]
    return {"ledger": ledger, "total": sum(counts.values()), "counts": known}
