"""Adding and editing: one form, judged before anything changes, shown again as typed when it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import abort, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext
from sqlalchemy import inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import BadRequest

from portal.core import amending, completeness, gaps, moving, once, saving, scope
from portal.core.fields import natural
from portal.core.fields.links import standing_under
from portal.core.form_rows import operate_on_rows, overlong
from portal.core.forms import LedgerForm, form_class
from portal.core.ledger import Ledger, Section
from portal.core.views import moves
from portal.core.views.conflict import Conflict, conflict, joined
from portal.core.workflow import IN_FORCE
from portal.extensions import db
from portal.org import codes


class Filling:
    """What `LedgerView` does with forms."""

    verbs = {"add": "add", "edit": "edit", "lists": "maintain", "check": "add"}

    @expose("/add", methods=["GET", "POST"])
    @has_access
    def add(self: Any) -> ResponseReturnValue:
        return fill_in(self, None, parent_or_abort(self))

    @expose("/edit/<int:pk>", methods=["GET", "POST"])
    @has_access
    def edit(self: Any, pk: int) -> ResponseReturnValue:
        record = self.record_or_404(pk)
        return fill_in(self, record, None, limited=editing(self, record))

    @expose("/check", methods=["POST"])
    @has_access
    def check(self: Any) -> ResponseReturnValue:
        """What is unusual about a form as it stands, as {"warnings": [text]}: told before saving, stopping nobody."""
        codes.load(self.ledger.all_code_lists)
        if overlong(self.ledger, request.form):
            abort(413)
        pk = natural(request.args.get("pk", ""))
        record = self.record_or_404(pk) if pk is not None else None
        form = self.form(request.form, record, parent_or_abort(self) if record is None else None)
        form.partial = completeness.may_be_half(self.ledger, record)
        with scope.doing("check"):
            form.validate()
        texts = [*form.warnings, *(doubt.text for doubt in form.doubts.open)]
        db.session.rollback()
        return {"warnings": list(dict.fromkeys(texts))}

    @expose("/<int:pk>/lists", methods=["GET", "POST"])
    @has_access
    def lists(self: Any, pk: int) -> ResponseReturnValue:
        """The tables that live on while the record is in force, for either party."""
        record = self.record_or_404(pk)
        self.require("maintain", record)
        if not may_maintain(self.ledger, record):
            abort(409, gettext("In this status it can no longer be edited."))
        with scope.doing("maintain"):
            return fill_in(self, record, None, limited=only_lists(self.ledger))


def may_edit_some(ledger: Ledger, record: Any) -> bool:
    """The whole record while it is a draft; later what the paper did not say."""
    return ledger.editable(record) or (record.status == IN_FORCE and bool(gap_fields(ledger, record)))


def editing(view: Any, record: Any) -> Ledger | None:
    """What of the record may be edited now: None for all of it; 403 or 409 for nothing."""
    view.require("edit", record)
    if not may_edit_some(view.ledger, record) or not view.open_under(record):
        abort(409, gettext("In this status it can no longer be edited."))
    if not view.ledger.editable(record):
        return only_gaps(view.ledger, record)
    return only_amended(view.ledger) if amends(record) else None


def may_maintain(ledger: Ledger, record: Any) -> bool:
    """Lists live on in force; before that the other party says its needs, the unit has its form."""
    if record.status == IN_FORCE:
        return any(table.in_force for table in ledger.rows)
    if amends(record):
        return False
    own = scope.current().covers("maintain", ledger.name, record.owner_unit_id)
    return ledger.editable(record) and not own


def gap_fields(ledger: Ledger, record: Any) -> tuple[str, ...]:
    return tuple(name for name in record.gaps or () if name in ledger.entered)


def only_gaps(ledger: Ledger, record: Any) -> Ledger:
    """The ledger as the form of a record in force sees it: what is still to be added."""
    return replace(ledger, sections=(Section(gettext("To be added"), gap_fields(ledger, record)),), rows=())


def amends(record: Any) -> bool:
    """Is it to take the place of a record in force?"""
    return getattr(record, "amends_id", None) is not None


def only_amended(ledger: Ledger) -> Ledger:
    """The lists of the record in force are kept there, and no amendment changes them."""
    return replace(ledger, rows=amending.amended_tables(ledger))


def only_lists(ledger: Ledger) -> Ledger:
    return replace(ledger, sections=(), rows=tuple(table for table in ledger.rows if table.in_force))


def fill_in(view: Any, record: Any, parent: Any, limited: Ledger | None = None) -> ResponseReturnValue:
    """The form of a new or existing record, or a `limited` one; saves it when it was sent and is right."""
    ledger = limited or view.ledger
    form_type = form_class(limited) if limited else view.form
    codes.load(view.ledger.all_code_lists)
    if overlong(ledger, request.form):
        abort(413)
    key, met = request.form.get(once.NAME, "") if record is None else "", None
    if unsent():
        form = form_type(None, record, parent, dict(request.args.lists()))
    elif operation := request.form.get("_rows"):
        form = form_type(operate_on_rows(request.form, operation), record, parent)
    elif (answer := sent_before(view, key)) is not None:
        return answer
    else:
        form = form_type(joined(ledger, request.form, record), record, parent)
        form.partial = completeness.may_be_half(ledger, record) and not request.form.get("_then")
        met = meanwhile(ledger, form, record, natural(request.form.get("version", "")))
        if met is None and form.validate() and not form.problems:
            saved = save(view, ledger, form, record, parent, key)
            if saved is not None:
                return handed_in(view, saved) if request.form.get("_then") else redirect(view.home_of(saved, show=True))
            if (answer := sent_before(view, key)) is not None:
                return answer
    with standing_under(form.parent):
        submits = (limited is None or amends(record)) and may_submit(view, record)
        shown = {"ledger": ledger, "form": form, "record": record, "parent": parent, "limited": limited, "met": met}
        waits = completeness.missing(ledger, record) if limited is None and unsent() and record is not None else []
        form.show_missing(waits)
        return view.page("form.html", submits=submits, key=once.fresh(key), missing=waits, **shown)


def unsent() -> bool:
    return request.method == "GET"


def sent_before(view: Any, key: str) -> ResponseReturnValue | None:
    """The record that this very form has made, when it was sent more than once."""
    known = once.made(view.ledger.name, key)
    return redirect(view.home_of(view.record_or_404(known), show=True)) if known is not None else None


def may_submit(view: Any, record: Any) -> bool:
    """Can whoever saves this form hand the record in with the same click?"""
    move = view.ledger.move("submit")
    if move is None or not scope.current().may("submit", view.ledger.name):
        return False
    return record is None or bool(view.reaches("submit", record) and moving.path_of(view.ledger, record, move))


def handed_in(view: Any, saved: Any) -> ResponseReturnValue:
    """The record is saved; now the move that was asked for with it."""
    record = view.record_or_404(id_of(saved))
    return moves.attempt(view, record, "submit")


def id_of(record: Any) -> int:
    """Without asking the database again, which a saved record's attributes would."""
    found: int = inspect(record).identity[0]
    return found


def meanwhile(ledger: Ledger, form: LedgerForm, record: Any, opened: int | None) -> Conflict | None:
    """What was changed since this form was opened, by the version of then. Nothing is saved, and the form says so;
    what the form has nothing of does not matter to it."""
    now = getattr(record, "version", None)
    if now is None or opened is None or opened == now:
        return None
    met = conflict(ledger, form, record, now - opened) if opened < now else None
    if met is not None or opened > now:
        form.problems.append(changed_meanwhile())
    return met


def changed_meanwhile() -> str:
    return gettext(
        "Somebody else saved this record meanwhile. Nothing of yours is lost: look at the differences, then save again."
    )


class NotSaved(Exception):
    """What a form alone cannot know stood against it; the message is for whoever saved."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


def save(view: Any, ledger: Ledger, form: LedgerForm, record: Any, parent: Any, key: str = "") -> Any:
    """The saved record; None when it was refused, with the reason in the form and nothing changed."""
    try:
        saved = write(view, ledger, form, record, parent, key)
    except NotSaved as fault:
        form.problems.append(str(fault))
        return None
    flash(gettext("Saved."), "success")
    for warning in form.warnings:
        flash(warning, "warning")
    return saved


def write(view: Any, ledger: Ledger, form: LedgerForm, record: Any, parent: Any, key: str = "") -> Any:
    """The saved record. Raises NotSaved, and nothing is changed then."""
    try:
        saved = saving.fill(ledger, form, record, parent)
        if record is not None and getattr(saved, "gaps", None):
            gaps.recount(view.ledger, saved)
        if form.doubts.reasons or key:
            db.session.add(saved)
            db.session.flush()
            form.doubts.remember(saved)
            once.use(ledger.name, key, saved.id)
        if record is None:
            view.datamodel.add(saved)
        else:
            view.datamodel.edit(saved)
    except saving.NoOwner as fault:
        db.session.rollback()
        raise NotSaved(gettext("No unit is named here, so the record would belong to nobody."), 422) from fault
    except saving.Dissolved as fault:
        db.session.rollback()
        raise NotSaved(str(fault), 422) from fault
    except Exception as fault:
        text = refusal(fault)  # Flask-AppBuilder wraps database errors; unforeseen ones are raised again
        db.session.rollback()
        raise NotSaved(text, 409) from fault
    return saved


def refusal(fault: Exception) -> str:
    """What the user is told when the database refuses."""
    faults = (fault, fault.__cause__)
    if any(isinstance(each, StaleDataError) for each in faults):
        return changed_meanwhile()
    if any(isinstance(each, IntegrityError) for each in faults):
        return gettext("Somebody saved the same just now.")
    raise fault


def parent_or_abort(view: Any, typed: Mapping[str, Any] | None = None) -> Any:
    """The record that a new entry goes under, by the address or what was typed: 404 when it is not there, 409 when it
    is closed to entries."""
    under = view.ledger.under
    if under is None:
        return None
    name = f"{under.relation}_id"
    id_ = natural(request.args.get(name) or (request.form if typed is None else typed).get(name, ""))
    if id_ is None:
        raise BadRequest(gettext("The address has a wrong parameter: %(name)s", name=name))
    model = view.ledger.mapper.relationships[under.relation].mapper.class_
    parent = db.session.scalars(select(model).where(model.id == id_)).first()
    if parent is None:
        abort(404)
    view.require("add", parent)
    if parent.status not in under.statuses:
        abort(409, gettext("In this status nothing can be added here."))
    return parent
