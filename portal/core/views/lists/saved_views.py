"""Saved views: the state of a list under a name, for oneself, or shared by the committee with all who read the ledger.

A view keeps no records and gives no rights: opening it is opening the address of the list.
"""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlencode

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext
from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, delete, func, insert, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.exceptions import BadRequest

from portal.core.access import scope
from portal.core.audit import audit_log
from portal.core.declaration.ledger import Ledger
from portal.core.fields import clean
from portal.core.views.lists.menus import list_asked_for
from portal.extensions import Model, db

MOST_VIEWS = 50  # of one user in one ledger
MOST_NAME, MOST_QUERY = 40, 2000  # characters


class SavedView(Model):
    """`query` is the query string of the list."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("user_id", "ledger", "name"), Index("ix_saved_view_shared", "shared", "ledger"))

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"))
    ledger: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(MOST_NAME))
    query: Mapped[str] = mapped_column(String(MOST_QUERY))
    shared: Mapped[bool]

    @property
    def mine(self) -> bool:
        return self.user_id == scope.current().user_id

    @property
    def there(self) -> str:
        path = url_for(f"{self.ledger}.list")
        return f"{path}?{self.query}" if self.query else path


def views_of(*ledgers: str) -> list[SavedView]:
    """Those of the user and those shared, by name."""
    seen = or_(SavedView.user_id == scope.current().user_id, SavedView.shared)
    query = select(SavedView).where(SavedView.ledger.in_(ledgers), seen)
    return list(db.session.scalars(query.order_by(SavedView.shared, SavedView.name, SavedView.id)))


def may_share(ledger: Ledger) -> bool:
    """The committee shares views: whoever is of no unit and no area, and changes records here."""
    principal = scope.current()
    of_committee = principal.unit_id is None and principal.area_id is None
    return of_committee and any(principal.may(verb, ledger.name) for verb in ("approve_committee", "edit"))


class Saving:
    """Mixin of `LedgerView`: the pages that keep and remove views."""

    verbs: ClassVar = {"views": "read", "drop_view": "read"}

    @expose("/views", methods=["GET", "POST"])
    @has_access
    def views(self: Any) -> ResponseReturnValue:
        """The views of the ledger, and a form that keeps the list that `query` asks for; one's own view of the name is
        replaced. Raises BadRequest: an address that no list has is no view."""
        state = list_asked_for(self.ledger).address(page=0)
        query, name = urlencode(state, doseq=True), clean(request.form.get("name", ""))
        fault = faulty(self.ledger, name, query) if request.method == "POST" else ""
        if request.method == "POST" and not fault:
            keep(self.ledger, name, query, shared="shared" in request.form)
            flash(gettext("View “%(name)s” saved.", name=name), "success")
            return redirect(url_for(f"{self.endpoint}.list", **state))
        shown = {"views": views_of(self.ledger.name), "may_share": may_share(self.ledger), "fault": fault}
        return self.page("lists/views.html", query=query, name=name, most=MOST_NAME, **shown)

    @expose("/views/<int:pk>/delete", methods=["POST"])
    @has_access
    def drop_view(self: Any, pk: int) -> ResponseReturnValue:
        """Remove one's own view; a shared one also by whoever may share."""
        view = next((each for each in views_of(self.ledger.name) if each.id == pk), None)
        if view is None:
            abort(404)
        if not view.mine and not may_share(self.ledger):
            abort(403)
        log_sharing(self.ledger, view.name, view.shared, False)
        flash(gettext("View “%(name)s” removed.", name=view.name), "success")
        db.session.execute(delete(SavedView).where(SavedView.id == pk))
        db.session.commit()
        return redirect(url_for(f"{self.endpoint}.list"))


def keep(ledger: Ledger, name: str, query: str, *, shared: bool) -> None:
    """Statements of their own: views are no records, and only sharing them is logged. Raises BadRequest."""
    if shared and not may_share(ledger):
        raise BadRequest(gettext("Only the committee shares views."))
    same = {"user_id": scope.current().user_id, "ledger": ledger.name, "name": name}
    was_shared = db.session.scalar(select(SavedView.shared).filter_by(**same))
    if was_shared is None:
        db.session.execute(insert(SavedView).values(**same, query=query, shared=shared))
    else:
        db.session.execute(update(SavedView).filter_by(**same).values(query=query, shared=shared))
    log_sharing(ledger, name, bool(was_shared), shared)
    db.session.commit()


def faulty(ledger: Ledger, name: str, query: str) -> str:
    """Why the view cannot be kept; "" if it can."""
    if not 1 <= len(name) <= MOST_NAME:
        return gettext("Please name the view, in at most %(most)d characters.", most=MOST_NAME)
    if len(query) > MOST_QUERY:
        return gettext("This list has more filters than a view can keep.")
    count = select(func.count(SavedView.id)).where(SavedView.user_id == scope.current().user_id)
    if (db.session.scalar(count.where(SavedView.ledger == ledger.name)) or 0) >= MOST_VIEWS:
        return gettext("You have %(most)d views here; please remove one first.", most=MOST_VIEWS)
    return ""


def log_sharing(ledger: Ledger, name: str, before: bool, after: bool) -> None:
    """Sharing changes what others see, so it is written to the audit log."""
    if before != after:
        audit_log.log("view_shared" if after else "view_unshared", ledger.name, title=name)


__all__ = ["SavedView", "Saving", "may_share", "views_of"]
