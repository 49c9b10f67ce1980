"""Adding and editing: one form, validated before anything changes, and shown again with the input if it is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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

from portal.core.access import scope
from portal.core.access.cached_lookups import remembering
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.values import Missing
from portal.core.fields import natural
from portal.core.fields.links import standing_under
from portal.core.records import completeness, gaps, idempotency, saving
from portal.core.records.forms import carried, form_drafts, outline, staged_files
from portal.core.records.forms.form import LedgerForm, form_class
from portal.core.records.forms.rows import operate_on_rows, overlong
from portal.core.records.forms.unchanged import untouched
from portal.core.review import transitions
from portal.core.views import transition_pages
from portal.core.views.forms.conflict import Conflict, changed_meanwhile, joined, meanwhile
from portal.core.views.forms.editable import amends, editing, maintaining, only_lists
from portal.core.views.forms.restored_drafts import (
    Draft,
    address_of,
    moment,
    opening,
    place_of,
    posted,
    remember,
    sent_now,
)
from portal.extensions import db
from portal.org import codes


class Filling:
    """Mixin of `LedgerView`: forms."""

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
        """The warnings of a form as it is, {"warnings": [text]}: shown before saving, without preventing it."""
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
        """Edit the tables that stay open while the record is in force, for either party."""
        record = self.record_or_404(pk)
        maintaining(self, record)
        with scope.doing("maintain"):
            return fill_in(self, record, None, limited=only_lists(self.ledger))

    def refused_form(self: Any, record: Any, judge: Callable[[LedgerForm], Any]) -> ResponseReturnValue:
        """The form of a record that a transition refused, with the errors at its fields."""
        page = FormPage(self, record, None, editing(self, record))
        page.open()
        page.missing = []  # each is said at its field
        judge(page.form)
        return page.show()


def fill_in(view: Any, record: Any, parent: Any, limited: Ledger | None = None) -> ResponseReturnValue:
    """Show the form of a new or existing record, or a `limited` one; save it if it was submitted and is valid."""
    codes.load(view.ledger.all_code_lists)
    if overlong(limited or view.ledger, request.form):
        abort(413)
    page = FormPage(view, record, parent, limited)
    if request.method != "POST":
        page.open()
        return page.show()
    answer = page.receive()
    return page.show() if answer is None else answer


class FormPage:
    """The page of a form, from the input to the response."""

    form: LedgerForm
    draft: Draft

    def __init__(self, view: Any, record: Any, parent: Any, limited: Ledger | None) -> None:
        self.view, self.record, self.parent, self.limited = view, record, parent, limited
        self.ledger = limited or view.ledger
        part = "lists" if limited is not None and not limited.form.sections else "form"
        self.place = place_of(view.ledger, part, record, parent)
        self.met: Conflict | None = None
        self.taken_over = carried.TakenOver()
        self.missing: list[Missing] = []
        self.version = getattr(record, "version", None)

    def make(self, typed: Any, begun: Mapping[str, list[str]] | None = None) -> None:
        form_type = form_class(self.limited) if self.limited else self.view.form
        self.form = form_type(typed, self.record, self.parent, begun)

    def open(self) -> None:
        """Fill the form from the record, or from the draft that the user continues."""
        self.draft, texts = opening(self.place)
        if self.record is None and texts is None:
            self.begin()
            return
        self.make(texts)
        if texts is not None:
            self.version = natural(texts.get("version", "")) or self.version
        elif self.limited is None and self.record is not None:
            self.missing = completeness.missing(self.ledger, self.record)
            self.form.show_missing(self.missing)

    def begin(self) -> None:
        """A new record, with what the address says and what is taken over from an earlier record."""
        said = dict(request.args.lists())
        self.taken_over = carried.begin(self.view.ledger, self.parent, copying=bool(said.get("copy")))
        texts = {name: each for name, each in self.taken_over.texts.items() if name not in said}
        self.make(None, {**said, **texts})
        for name in texts:
            self.form[name].carried = name not in self.view.ledger.form.begins

    def receive(self) -> ResponseReturnValue | None:
        """The response to a submitted form; None to show it again."""
        operation = request.form.get("_rows")
        if operation:
            self.draft = posted(self.view.ledger, self.record)
            self.make(operate_on_rows(request.form, operation))
            return None
        sent = sent_now() if self.record is None else idempotency.Sent()
        try:
            answer = sent_before(self.view, sent)
            if answer is None:
                self.draft = posted(self.view.ledger, self.record)
                with remembering():  # rules and what derives values ask the same of the organisation
                    answer = self.judge_and_save(sent)
        except idempotency.Reused as fault:
            self.begin_another(fault.record_id)
            return None
        return answer

    def begin_another(self, record_id: int | None) -> None:
        """Keep the input of a form that has already created a record, as a form for another record."""
        self.draft = Draft(idempotency.fresh())
        self.make(request.form)
        known = self.view.record_or_404(record_id) if record_id is not None else None
        self.form.problems.append(
            gettext(
                "This form has made a record already: %(record)s. If you mean another one, save again; to change that "
                "one, please edit it.",
                record=known or "—",
            )
        )

    def judge_and_save(self, sent: idempotency.Sent) -> ResponseReturnValue | None:
        record, form_data = self.record, joined(self.ledger, request.form, self.record)
        self.make(form_data)
        form, then = self.form, request.form.get("_then")
        form.partial = completeness.may_be_half(self.ledger, record) and not then
        self.met = meanwhile(self.ledger, form, record, natural(request.form.get("version", "")))
        if self.met is not None or not form.validate() or form.problems or self.draft.faults:
            return None
        saved = save(self.view, self.ledger, form, record, self.parent, Keys(sent, self.draft.key))
        if saved is None:
            return sent_before(self.view, sent)
        return handed_in(self.view, saved) if then else redirect(self.view.home_of(saved, show=True))

    def copy_of(self) -> Any:
        """The record that the user may take as a pattern for this new one; None if there is none."""
        fresh = self.record is None and request.method == "GET" and not self.draft.typed_at
        return carried.own_last(self.view.ledger, self.parent) if fresh else None

    def parts(self) -> list[outline.Part]:
        bringing = self.record is None and bool(self.ledger.form.files)
        return outline.parts(self.ledger, self.form, self.draft.faults, files=bringing)

    def show(self) -> ResponseReturnValue:
        self.draft.staged = list(staged_files.of(self.view.ledger, self.draft.key)) if self.record is None else []
        if request.method == "POST" and self.draft.staged:
            remember(self.place, self.draft)
        with standing_under(self.form.parent):
            whole = self.limited is None or amends(self.record)
            return self.view.page(
                "form.html",
                ledger=self.ledger,
                form=self.form,
                record=self.record,
                parent=self.parent,
                limited=self.limited,
                parts=self.parts(),
                met=self.met,
                missing=self.missing,
                unattached=completeness.unattached(self.ledger, self.record) if self.record is not None else (),
                version=self.version,
                draft=self.draft,
                place=self.place,
                taken_over=self.taken_over,
                copy_of=self.copy_of(),
                action=address_of(self.place),
                address_of=address_of,
                moment=moment,
                submits=whole and may_submit(self.view, self.record),
            )


def sent_before(view: Any, sent: idempotency.Sent) -> ResponseReturnValue | None:
    """Redirect to the record that this same form created, if it was sent twice. Raises idempotency.Reused."""
    known = idempotency.repeated(view.ledger.name, sent)
    return redirect(view.home_of(view.record_or_404(known), show=True)) if known is not None else None


def may_submit(view: Any, record: Any) -> bool:
    """May the user submit the record for review when saving the form?"""
    transition = view.ledger.transition("submit")
    if transition is None or not scope.current().may("submit", view.ledger.name):
        return False
    return record is None or bool(
        view.reaches("submit", record) and transitions.path_of(view.ledger, record, transition)
    )


def handed_in(view: Any, saved: Any) -> ResponseReturnValue:
    """Submit the saved record for review."""
    record = view.record_or_404(id_of(saved))
    return transition_pages.attempt(view, record, "submit")


def id_of(record: Any) -> int:
    """The id of a saved record without another query, which its expired attributes would cause."""
    found: int = inspect(record).identity[0]
    return found


class NotSaved(Exception):
    """Raised if saving failed for a reason outside the form; the message is for the user."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Keys:
    """The idempotency key of a form with its content, and the key of its draft."""

    once: idempotency.Sent = field(default_factory=idempotency.Sent)
    draft: str = ""


def save(view: Any, ledger: Ledger, form: LedgerForm, record: Any, parent: Any, keys: Keys) -> Any:
    """Save the record; returns None if it was refused, with the reason in the form and nothing changed."""
    try:
        saved = write(view, ledger, form, record, parent, keys)
    except NotSaved as fault:
        form.problems.append(str(fault))
        return None
    flash(gettext("Saved."), "success")
    for warning in form.warnings:
        flash(warning, "warning")
    return saved


def write(view: Any, ledger: Ledger, form: LedgerForm, record: Any, parent: Any, keys: Keys) -> Any:
    """Save the record. Raises NotSaved, and then nothing is changed."""
    if record is None and form.partial and nothing_in(view.ledger, form, keys):
        raise NotSaved(gettext("Nothing was filled in, so there is nothing to save yet."), 422)
    try:
        saved = saving.fill(ledger, form, record, parent)
        if record is not None and getattr(saved, "gaps", None):
            gaps.recount(view.ledger, saved)
        settle_keys(view.ledger, form, saved, keys)
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


def nothing_in(ledger: Ledger, form: LedgerForm, keys: Keys) -> bool:
    """Would the draft be empty: no input and no files?"""
    return untouched(ledger, form.formdata, form.parent) and not staged_files.of(ledger, keys.draft)


def settle_keys(ledger: Ledger, form: LedgerForm, saved: Any, keys: Keys) -> None:
    """Store the answers, keys and staged files in the transaction of the save."""
    if form.doubts.reasons or keys.once.key or keys.draft:
        db.session.add(saved)
        db.session.flush()
        form.doubts.remember(saved)
        idempotency.use(ledger.name, keys.once, saved.id)
    if keys.draft:
        form_drafts.forget(ledger.name, [keys.draft])
        staged_files.claim(ledger, keys.draft, saved)


def refusal(fault: Exception) -> str:
    """The message if the database refuses to save."""
    faults = (fault, fault.__cause__)
    if any(isinstance(each, StaleDataError) for each in faults):
        return changed_meanwhile()
    if any(isinstance(each, IntegrityError) for each in faults):
        return gettext("Somebody saved the same just now.")
    raise fault


def parent_or_abort(view: Any, typed: Mapping[str, Any] | None = None) -> Any:
    """The parent record of a new entry, from the query string or the input: 404 if it does not exist, 409 if it accepts
    no entries."""
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
