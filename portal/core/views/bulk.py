"""Actions on a selection, after a preview: in one transaction, all changes are made or none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from flask import abort, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.actions import action as on_selection
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import BadRequest

from portal.core.access import scope
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.workflow import IN_FORCE
from portal.core.fields import Label, natural
from portal.core.records import attachments
from portal.core.transactions import ledger_lock
from portal.core.views import stale
from portal.core.views.lists.listing import MOST_PER_PAGE, whole
from portal.core.views.side_by_side import compare
from portal.extensions import db

SHOWN = 50


class Bulk:
    """Mixin of `LedgerView`: actions on a selection. `verbs` has the permission of each action."""

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

    @on_selection("delete_selected", _("Delete"), icon="trash")
    def delete_selected(self: Any, records: list[Any]) -> None:
        with deleting(self.ledger, records):
            self.datamodel.delete_all(records)
        flash(ngettext("%(num)d record deleted.", "%(num)d records deleted.", len(records)), "success")

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
        """The actions of this ledger for which the user has the permission."""
        may, name = scope.current().may, self.ledger.name
        return [self.actions[each] for each in self.ledger.list.bulk if may(self.method_permission_name[each], name)]


@contextmanager
def deleting(ledger: Ledger, records: Sequence[Any]) -> Iterator[None]:
    """Context for deleting records and committing. 409 if other records reference one of them."""
    files = attachments.let_go(ledger, records)
    try:
        yield
    except Exception as fault:
        if not isinstance(fault.__cause__, IntegrityError):
            raise
        db.session.rollback()
        abort(409, gettext("Other records name this one, so it cannot be deleted."))
    attachments.discard(files)


def publish(view: Any, records: list[Any], publish_scope: str) -> None:
    for record in records:
        record.publish_scope = publish_scope
    view.datamodel.edit(records[0])  # commits them all
    flash(ngettext("%(num)d record changed.", "%(num)d records changed.", len(records)), "success")


def act(view: Any, name: str, ids: list[str]) -> ResponseReturnValue:
    """Preview the changes of an action, or make them if confirmed. 403, 404 and 409 change nothing."""
    if name not in view.ledger.list.bulk:
        abort(404)
    verb = view.method_permission_name[name]
    if not scope.current().may(verb, view.ledger.name):
        abort(403)
    confirmed = bool(request.form.get("confirmed"))
    if confirmed:
        ledger_lock.hold(view.ledger.name)
    records = chosen(view, ids)
    for record in records:
        view.require(verb, record)
    changed = outdated(view.ledger, records)
    reasons = changed | {record: hindrance(view, name, record) for record in records if record not in changed}
    can = [record for record, why in reasons.items() if not why]
    action = view.actions[name]
    if records and (changed or not confirmed):
        cannot = [(record, why) for record, why in reasons.items() if why]
        there = url_for(f"{view.endpoint}.action_post")
        return preview(view, Action(action.text, action.icon, there, {"action": name}), can, cannot)
    if can:
        action.func(can)
    else:
        flash(gettext("None of these can be changed so.") if records else gettext("Nothing is selected."), "warning")
    return redirect(url_for(f"{view.endpoint}.list"))


def hindrance(view: Any, name: str, record: Any) -> str:
    """The reason why the action is not possible on this record; empty if it is."""
    if name == "delete_selected":
        free = view.ledger.deletable(record) and view.open_under(record)
        return "" if free else gettext("Only drafts without a number can be deleted.")
    if view.ledger.editable(record):
        return ""
    if record.status != IN_FORCE:
        return gettext("In this status this cannot be done.")
    if view.reaches("approve", record) or view.reaches("approve_committee", record):
        return ""
    return gettext("While a record is in force, only those who review it change its publication.")


@dataclass(frozen=True)
class Action:
    """An action to be confirmed in a preview: its title, URL, form values, and a form that holds for all records."""

    title: Label
    icon: str
    there: str
    sent: Mapping[str, str] = field(default_factory=dict)
    form: Any = None


def outdated(ledger: Ledger, records: Iterable[Any]) -> dict[Any, str]:
    """The records that changed after the list or preview was shown, each with a message."""
    shown = stale.posted_many()
    found = ((record, stale.newer(ledger, record, shown.get(record.id))) for record in records)
    return {record: stale.briefly(met) for record, met in found if met is not None}


def preview(
    view: Any, action: Action, can: list[Any], cannot: list[tuple[Any, str]], *, compared: bool = False
) -> ResponseReturnValue:
    """Preview which records will change and which not, `compared` with what is in them; 409 if the user confirmed an
    outdated preview."""
    changed = bool(request.form.get("confirmed")) and len(outdated(view.ledger, (record for record, _ in cannot)))
    if changed:
        stale.nothing_done(changed)
    content = compare(view.ledger, can[:SHOWN]) if compared and can else None
    page = view.page("moves.html", action=action, can=can, cannot=cannot, shown=SHOWN, compared=content)
    return make_response(page, 409 if changed else 200)


def chosen(view: Any, ids: list[str]) -> list[Any]:
    wanted = {natural(text) for text in ids}
    if None in wanted:
        raise BadRequest(gettext("The address has a wrong parameter: %(name)s", name="rowid"))
    if len(wanted) > MOST_PER_PAGE:
        raise BadRequest(gettext("At most %(most)d records at once.", most=MOST_PER_PAGE))
    model = view.ledger.model
    query = select(model).where(model.id.in_(wanted)).options(*whole(view.ledger)).order_by(model.id)
    records = list(db.session.scalars(query))
    if len(records) < len(wanted):
        abort(404)
    return records
