"""Transitions as pages: buttons of one record, and many records at once after a preview."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext, ngettext
from sqlalchemy import select
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from portal.core.access import scope
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.workflow import STEPS, Edge, Transition
from portal.core.fields import natural
from portal.core.punctuation import clauses
from portal.core.records import completeness
from portal.core.review import transitions
from portal.core.transactions import ledger_lock
from portal.core.views import stale
from portal.core.views.bulk import Action, outdated, preview
from portal.core.views.lists import listing
from portal.core.views.lists.position import FROM, Position, next_waiting, position
from portal.extensions import db
from portal.org import codes

MOST_AT_ONCE = 1000


@dataclass(frozen=True)
class Offer:
    """A button on a record page with its form (None if it has no fields)."""

    transition: Transition
    form: Any
    open: bool


class TransitionPages:
    """Mixin of `LedgerView`: transitions."""

    verbs: ClassVar = {"move": "read", "move_many": "read"}

    @expose("/<int:pk>/move/<string:name>", methods=["POST"])
    @has_access
    def move(self: Any, pk: int, name: str) -> ResponseReturnValue:
        ledger_lock.hold(self.ledger.name)
        codes.load(self.ledger.all_code_lists)
        record = self.record_or_404(pk)
        transition = allowed(self, name)
        self.require(name, record)
        if met := stale.newer(self.ledger, record, stale.posted()):
            return stale.shown_instead(self, record, met, typed(self.ledger, record, transition))
        return attempt(self, record, name)

    @expose("/moves/<string:name>", methods=["POST"])
    @has_access
    def move_many(self: Any, name: str) -> ResponseReturnValue:
        """Make a transition on the selected records (`rowid`), or on all that match the list's filters (`all=1`)."""
        transition = allowed(self, name)
        if not transition.batch:
            abort(404)
        confirmed = bool(request.form.get("confirmed"))
        if confirmed:
            ledger_lock.hold(self.ledger.name)
        codes.load(self.ledger.all_code_lists)
        records = wanted(self)
        changed = outdated(self.ledger, records)
        can, cannot = sorted_out(self.ledger, transition, [record for record in records if record not in changed])
        why = transitions.reason_form(self.ledger, transition, request.form if confirmed else None)
        listed: dict[str, Any] = request.args.to_dict(flat=False)
        if confirmed and not changed and (why is None or why.validate()):
            make_all(self, transition, can)
            return redirect(url_for(f"{self.endpoint}.list", **listed))
        there = url_for(f"{self.endpoint}.move_many", name=name, **listed)
        action = Action(transition.title, transition.icon, there, form=why)
        return preview(self, action, can, [*changed.items(), *cannot], compared=True)


def attempt(view: Any, record: Any, name: str) -> ResponseReturnValue:
    """Make the transition with the posted form, or show the record page with the form's errors."""
    transition, path = opening(view, record, name)
    form = transitions.move_form(view.ledger, record, transition, path, request.form)
    if not form.validate():
        page: ResponseReturnValue = view.record_page(record, {name: form})
        return page
    return done(view, record, transition, form)


def typed(ledger: Ledger, record: Any, transition: Transition) -> dict[str, Any]:
    """The form of the transition with its input, if it is still available for the current record."""
    path = transitions.path_of(ledger, record, transition)
    form = transitions.move_form(ledger, record, transition, path, request.form) if path is not None else None
    return {transition.name: form} if form is not None and form._fields else {}


def opening(view: Any, record: Any, name: str) -> tuple[Transition, Edge]:
    """The transition and its edge from the current status; 404, 403 or 409 if there is none."""
    transition = allowed(view, name)
    view.require(name, record)
    path = transitions.path_of(view.ledger, record, transition)
    return (transition, path) if path is not None else abort(409, gettext("In this status this cannot be done."))


def allowed(view: Any, name: str) -> Transition:
    """The transition if the ledger has it and the user has its permission."""
    transition: Transition | None = view.ledger.transition(name)
    if transition is None:
        abort(404)
    if not view.appbuilder.sm.has_access(f"can_{name}", view.ledger.name):
        abort(403)
    return transition


def batches(ledger: Ledger, records: Sequence[Any]) -> list[Transition]:
    """The transitions that the user may make on several records at once, of which at least one of these records allows
    it. Reads only what a list loads (`listing.BATCHED`); whether each record is within reach is judged before it is
    made."""
    may = scope.current().may

    def allowed_by(record: Any, transition: Transition) -> bool:
        ways = [edge for edge in transition.edges if edge.source == record.status]
        fits = bool(ways) and (transition.when is None or transition.when(record))
        return fits and any(
            (edge.when is None or edge.when(record)) and (not edge.needs or may(edge.needs, ledger.name))
            for edge in ways
        )

    return [each for each in batched(ledger) if any(allowed_by(record, each) for record in records)]


def batched(ledger: Ledger) -> list[Transition]:
    """The transitions that the user may make on several records at once, whatever these are."""
    may = scope.current().may
    return [each for each in ledger.review.transitions if each.batch and may(each.name, ledger.name)]


def offers(ledger: Ledger, record: Any, tried: dict[str, Any]) -> list[Offer]:
    found = []
    for transition, path in transitions.offered(ledger, record):
        form = tried.get(transition.name) or transitions.move_form(ledger, record, transition, path)
        for field in form:
            field.id = f"{transition.name}-{field.name}"  # two transitions on one page may ask for the same
        found.append(Offer(transition, form if form._fields else None, transition.name in tried))
    return found


def done(view: Any, record: Any, transition: Transition, form: Any) -> ResponseReturnValue:
    """Make the transition and redirect, or show the reason why not and change nothing."""
    number, pk = record.record_no or str(record), record.id
    place, waited = position(view.ledger, pk), record.status in STEPS[3]
    try:
        after, begun = made(view, record, transition, form)
    except transitions.Incomplete as fault:
        return incomplete(view, pk, transition, fault)
    flash(gettext("%(number)s: %(move)s – done.", number=number, move=transition.title), "success")
    if place is not None and not begun:
        return going_on(view, after, place, transition if waited else None)
    return redirect(url_for(f"{view.endpoint}.{'edit' if begun else 'show'}", pk=after))


def going_on(view: Any, pk: int, place: Position, transition: Transition | None) -> ResponseReturnValue:
    """To the next record of the list that waits for the same, if this one did; else back to this one or, if no more
    wait, to the list."""
    coming: dict[str, Any] = {FROM: place.query}
    if transition is None:
        return redirect(url_for(f"{view.endpoint}.show", pk=pk, **coming))
    waiting = next_waiting(view.ledger, transition, place.ahead)
    if waiting is None:
        flash(gettext("Nothing after it in this list waits for that."), "info")
        return redirect(url_for(f"{view.endpoint}.list", **place.asked.address()))
    flash(gettext("This is the next one that waits."), "info")
    return redirect(url_for(f"{view.endpoint}.show", pk=waiting, **coming))


def made(view: Any, record: Any, transition: Transition, form: Any) -> tuple[int, bool]:
    """Make the transition; returns the id of the resulting record, and whether it is a new draft.

    Raises transitions.Incomplete; 403 or 409. Then nothing is changed.
    """
    try:
        after = transitions.make(view.ledger, record, transition, form)
        found = after.id, after is not record and after.status == "draft"
        view.datamodel.edit(after)
    except transitions.Incomplete:
        db.session.rollback()
        raise
    except (transitions.Refused, transitions.OwnWork) as fault:
        db.session.rollback()
        abort(409 if isinstance(fault, transitions.Refused) else 403, str(fault))
    except StaleDataError:
        db.session.rollback()
        abort(409, gettext("Somebody else changed this record meanwhile. Please look at it again."))
    return found


def incomplete(view: Any, pk: int, transition: Transition, fault: transitions.Incomplete) -> ResponseReturnValue:
    """Show the form with its errors to users who may edit; tell reviewers what is missing."""
    record = view.record_or_404(pk)
    flash(gettext("%(move)s: something is missing yet.", move=transition.title), "error")
    if view.may("edit", record):
        with scope.doing(transition.name):
            page: ResponseReturnValue = view.refused_form(record, lambda form: form.validate())
        return page
    for text in fault.texts:
        flash(text, "error")
    return redirect(url_for(f"{view.endpoint}.show", pk=pk))


def wanted(view: Any) -> list[Any]:
    """The selected records that the user may read; at most 1,000."""
    model = view.ledger.model
    query = select(model).options(*listing.whole(view.ledger)).order_by(model.id)
    if request.form.get("all"):
        asked = listing.parse_whole(view.ledger, MultiDict(request.args))
        query = query.where(*listing.conditions(asked))
    else:
        ids = {natural(text) for text in request.form.getlist("rowid")}
        if None in ids:
            raise BadRequest(gettext("The address has a wrong parameter: %(name)s", name="rowid"))
        query = query.where(model.id.in_(ids))
    records = list(db.session.scalars(query.limit(MOST_AT_ONCE + 1)))
    if len(records) > MOST_AT_ONCE:
        raise BadRequest(gettext("At most %(most)d records at once.", most=MOST_AT_ONCE))
    return records


def sorted_out(ledger: Ledger, transition: Transition, records: list[Any]) -> tuple[list[Any], list[tuple[Any, str]]]:
    """The records on which the transition is possible, and the others with the reason."""
    can, cannot = [], []
    for record in records:
        reason = hindrance(ledger, transition, record)
        if reason:
            cannot.append((record, reason))
        else:
            can.append(record)
    return can, cannot


def hindrance(ledger: Ledger, transition: Transition, record: Any) -> str:
    path = (
        transitions.path_of(ledger, record, transition)
        if transitions.reaches(ledger, transition.name, record)
        else None
    )
    if path is None:
        return gettext("In this status this cannot be done.")
    if path.other_eyes and transitions.own_work(record):
        return gettext("Whoever filled a record does not approve it.")
    form = transitions.move_form(ledger, record, transition, path)
    common = transitions.reasons(ledger, transition)  # asked once for all of them
    faulty = [] if form.validate() else [field for field in form if field.errors and field.name not in common]
    labels = [str(field.label.text) for field in faulty]
    labels += completeness.blank(ledger, record) if transition.name == "submit" else []
    return gettext("Please fill in first: %(fields)s", fields=", ".join(labels)) if labels else ""


def make_all(view: Any, transition: Transition, records: list[Any]) -> None:
    """Make the transition on all records in one transaction; if one is refused, none is changed."""
    try:
        for record in records:
            path = transitions.path_of(view.ledger, record, transition)
            if path is None:
                raise transitions.Refused(gettext("In this status this cannot be done."))
            answers = request.form if transition.reason else None
            form = transitions.move_form(view.ledger, record, transition, path, answers)
            transitions.make(view.ledger, record, transition, form)
        if records:
            view.datamodel.edit(records[0])  # commits them all
    except (transitions.Refused, transitions.OwnWork, transitions.Incomplete, StaleDataError) as fault:
        db.session.rollback()
        texts = fault.texts if isinstance(fault, transitions.Incomplete) else [str(fault)]
        flash(gettext("Nothing was changed: %(why)s", why=clauses(texts)), "error")
        return
    flash(ngettext("%(num)d record changed.", "%(num)d records changed.", len(records)), "success")
