"""Actions on a selection: all through one scoped query, all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.actions import action as on_selection
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import BadRequest

from portal.core import scope
from portal.core.fields import natural
from portal.core.views.listing import MOST_PER_PAGE
from portal.extensions import db


class Bulk:
    """What `LedgerView` does with a selection. Each action has the verb it needs in `verbs`."""

    verbs: ClassVar = {
        "action": "read",
        "action_post": "read",
        "delete_selected": "delete",
        "publish_internal": "edit",
        "publish_organs": "edit",
        "publish_public": "edit",
    }
    actions_only: ClassVar = {"delete_selected", "publish_internal", "publish_organs", "publish_public"}

    @expose("/action/<string:name>/<int:pk>", methods=["POST"])
    @has_access
    def action(self: Any, name: str, pk: int) -> ResponseReturnValue:
        return act(self, name, [str(pk)])

    @expose("/action_post", methods=["POST"])
    @has_access
    def action_post(self: Any) -> ResponseReturnValue:
        return act(self, request.form.get("action", ""), request.form.getlist("rowid"))

    @on_selection("delete_selected", _("Delete"), _("Delete the selected drafts?"), "trash")
    def delete_selected(self: Any, records: list[Any]) -> None:
        if not all(self.ledger.deletable(record) for record in records):
            abort(409, gettext("Only drafts without a number can be deleted."))
        with deleting():
            self.datamodel.delete_all(records)

    @on_selection("publish_internal", _("Keep internal"), icon="eye-off")
    def publish_internal(self: Any, records: list[Any]) -> None:
        publish(self, records, "internal")

    @on_selection("publish_organs", _("Share within the organs"), icon="building")
    def publish_organs(self: Any, records: list[Any]) -> None:
        publish(self, records, "organs")

    @on_selection("publish_public", _("May be publicised"), icon="external-link")
    def publish_public(self: Any, records: list[Any]) -> None:
        publish(self, records, "public")

    def offered_actions(self: Any) -> list[Any]:
        """The actions of this ledger that the user may take on some record."""
        may, name = scope.current().may, self.ledger.name
        return [self.actions[each] for each in self.ledger.bulk if may(self.method_permission_name[each], name)]


@contextmanager
def deleting() -> Iterator[None]:
    """What other records name stays, and whoever tried is told so."""
    try:
        yield
    except Exception as fault:
        if not isinstance(fault.__cause__, IntegrityError):
            raise
        db.session.rollback()
        abort(409, gettext("Other records name this one, so it cannot be deleted."))


def publish(view: Any, records: list[Any], publish_scope: str) -> None:
    for record in records:
        record.publish_scope = publish_scope
    view.datamodel.edit(records[0])  # commits them all


def act(view: Any, name: str, ids: list[str]) -> ResponseReturnValue:
    """Take one action on all of these records, or on none: 403, 404 or 409 changes nothing."""
    if name not in view.ledger.bulk:
        abort(404)
    verb = view.method_permission_name[name]
    if not scope.current().may(verb, view.ledger.name):
        abort(403)
    records = chosen(view, ids)
    for record in records:
        view.require(verb, record)
    if records:
        view.actions[name].func(records)
        flash(ngettext("%(num)d record changed.", "%(num)d records changed.", len(records)), "success")
    else:
        flash(gettext("Nothing is selected."), "warning")
    return redirect(url_for(f"{view.endpoint}.list"))


def chosen(view: Any, ids: list[str]) -> list[Any]:
    wanted = {natural(text) for text in ids}
    if None in wanted:
        raise BadRequest(gettext("The address has a wrong parameter: %(name)s", name="rowid"))
    if len(wanted) > MOST_PER_PAGE:
        raise BadRequest(gettext("At most %(most)d records at once.", most=MOST_PER_PAGE))
    model = view.ledger.model
    records = list(db.session.scalars(select(model).where(model.id.in_(wanted)).order_by(model.id)))
    if len(records) < len(wanted):
        abort(404)
    return records
