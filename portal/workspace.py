"""The first page: what the user may do, and their own drafts."""

from __future__ import annotations

from typing import Any

from flask import g, render_template
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from sqlalchemy import func, select

from portal import waiting
from portal.core.access import scope
from portal.core.declaration.ledger import Ledger, mounted, named
from portal.core.records.forms import form_drafts
from portal.core.views.forms.restored_drafts import address_of, moment
from portal.core.views.lists.saved_views import views_of
from portal.extensions import db
from portal.oversight import alerts
from portal.permissions.roles import label_of

MOST_UNSAVED = 20


class WorkspaceView(BaseView):
    route_base = ""
    default_view = "index"

    @expose("/")
    def index(self) -> ResponseReturnValue:
        principal = scope.current()
        readable = [ledger for ledger in mounted() if principal.may("read", ledger.name)]
        views = views_of(*(ledger.name for ledger in readable))
        return render_template(
            "workspace.html",
            cards=[card(ledger) for ledger in readable if ledger.review.statuses],
            profile=g.get("profile"),
            watch=alerts.watch(),
            unsaved=unsaved(),
            views=[(view, named(view.ledger)) for view in views],
            roles=[label_of(code) for code in sorted(principal.roles)],
        )

    @expose("/waiting")
    def waiting(self) -> ResponseReturnValue:
        """How many records wait for the user, by ledger, for the navigation: {"ledgers": {name: count}}."""
        return {"ledgers": waiting.counts()}


def unsaved() -> list[dict[str, Any]]:
    """The user's half-filled forms, as far as the records that they are of are still there for the user."""
    found = []
    for draft in form_drafts.every(MOST_UNSAVED):
        ledger = named(draft.ledger)
        title = title_of(ledger, draft) if ledger is not None else None
        if ledger is not None and title is not None:
            there = address_of(draft, draft=draft.key)
            title = title or draft.begun_with
            found.append({"ledger": ledger, "title": title, "there": there, "at": moment(draft), "key": draft.key})
    return found


def title_of(ledger: Ledger, draft: form_drafts.FormDraft) -> str | None:
    """What a half-filled form is of: a record, or something new under one; None when the user may not fill it."""
    if draft.record_id is None and not scope.current().may("add", ledger.name):
        return None
    model, id_ = ledger.model, draft.record_id
    if draft.record_id is None and ledger.under:
        model, id_ = ledger.mapper.relationships[ledger.under.relation].mapper.class_, draft.parent_id
    if id_ is None:
        return ""
    record = db.session.scalars(select(model).where(model.id == id_)).first()
    return None if record is None else str(record)


def card(ledger: Ledger) -> dict[str, Any]:
    """A ledger with how many of its records, in the user's scope, stand in each status."""
    status = ledger.column("status")
    query = select(status, func.count()).select_from(ledger.model).group_by(status)
    counts = dict(db.session.execute(query).all())
    known = [(name, shown, counts[name]) for name, shown in ledger.review.statuses.items() if counts.get(name)]
    return {"ledger": ledger, "total": sum(counts.values()), "counts": known}
