"""Autosave of forms every few seconds, and of files as soon as they are chosen."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext

from portal.core import clock
from portal.core.access import scope
from portal.core.fields import natural
from portal.core.records import attachments, idempotency
from portal.core.records.forms import form_drafts, staged_files
from portal.core.records.forms.form_drafts import KEY, REVISION, USER, Elsewhere, Place, TooMany
from portal.core.records.forms.unchanged import untouched
from portal.core.views.forms.edit import parent_or_abort
from portal.core.views.forms.editable import editing, maintaining
from portal.core.views.forms.restored_drafts import place_of, take_files
from portal.core.views.query_args import local
from portal.extensions import db

# Whoever has one of these rights fills in forms.
FILLING = ("add", "edit", "maintain")
# How often one account's forms are kept within so many seconds, by one process.
MOST_OFTEN, WINDOW = 60, 60.0
_kept: dict[int, list[float]] = {}


class Autosaving:
    """Mixin of `LedgerView`: unsaved forms."""

    # Each asks for the right that the form itself needs.
    verbs: ClassVar = {"autosave": "read", "discard": "read", "stage": "read"}

    @expose("/autosave", methods=["POST"])
    @has_access
    def autosave(self: Any) -> ResponseReturnValue:
        """Store the input of a form: {"revision", "at"}, or {"message"} with the reason why not. `at` is empty if there
        is nothing to store."""
        record, parent = form_or_abort(self)
        place = place_of(self.ledger, request.args.get("part", "form"), record, parent)
        if request.form.get(USER) != scope.current().username:
            return refusal(gettext("Somebody else has signed in with this browser meanwhile."), 409)
        key = key_or_400()
        text = form_drafts.typed(request.form)
        if len(text.encode()) > form_drafts.MOST_BYTES:
            return refusal(gettext("This is too large to be kept; please save it."), 413)
        if too_often():
            return refusal(gettext("Too often; please wait a little"), 429)
        blank = untouched(self.ledger, request.form, parent, record) and not staged_files.of(self.ledger, key)
        db.session.rollback()  # what was read so far holds nothing; the one statement below is a transaction of its own
        seen = natural(request.form.get(REVISION, "")) or 0
        try:
            revision = form_drafts.drop(key, seen) if blank else form_drafts.keep(place, key, seen, text)
            db.session.commit()
        except Elsewhere:
            db.session.rollback()
            return refusal(gettext("This form was saved, discarded or typed on in another window."), 409)
        except TooMany:
            db.session.rollback()
            return refusal(gettext("You have too many half-filled forms; please save or discard some."), 409)
        return {"revision": revision, "at": "" if blank else f"{clock.local(clock.now()):%H:%M}"}

    @expose("/discard", methods=["POST"])
    @has_access
    def discard(self: Any) -> ResponseReturnValue:
        """Delete one's own draft with its files, and return to the previous page."""
        if not any(scope.current().may(verb, self.ledger.name) for verb in FILLING):
            abort(403)
        key = key_or_400()
        gone = staged_files.remove(self.ledger, key, {file.id for file in staged_files.of(self.ledger, key)})
        form_drafts.forget(self.ledger.name, [key])
        db.session.commit()
        attachments.discard(gone)
        flash(gettext("Discarded."), "success")
        back, home = local(request.args.get("back")), f"{request.script_root}/{self.ledger.name}/"
        return redirect(back if back.startswith(home) else url_for("WorkspaceView.index"))

    @expose("/stage/<string:name>", methods=["POST"])
    @has_access
    def stage(self: Any, name: str) -> ResponseReturnValue:
        """Upload files of a new record before its form is submitted: {"files": [{"id", "name", "size"}]} or
        {"message"}."""
        place, key = place_or_abort(self), key_or_400()
        if place.record_id is not None or not any(each.name == name for each in self.ledger.form.files):
            abort(404)
        faults = take_files(self.ledger, key)
        if faults:
            return refusal(faults[name], 422)
        found = [file for file in staged_files.of(self.ledger, key) if file.place == name]
        return {"files": [{"id": file.id, "name": file.name, "size": file.size} for file in found]}


def refusal(text: str, code: int) -> ResponseReturnValue:
    return {"message": text}, code


def key_or_400() -> str:
    key = request.form.get(KEY, "")
    return key if idempotency.KEY.fullmatch(key) else abort(400)


def too_often() -> bool:
    """Does the user autosave too often? Counted in each process, which is enough as a brake."""
    now, user_id = time.monotonic(), scope.current().user_id or 0
    times = [each for each in _kept.get(user_id, ()) if now - each < WINDOW]
    if len(_kept) > 10_000:
        _kept.clear()
    _kept[user_id] = [*times, now] if len(times) < MOST_OFTEN else times
    return len(times) >= MOST_OFTEN


def form_or_abort(view: Any) -> tuple[Any, Any]:
    """The record of the form in the query string, and the parent record of a new entry.

    403, 404 or 409 if the user may not fill in that form now.
    """
    pk, lists = natural(request.args.get("pk", "")), request.args.get("part") == "lists"
    if pk is None:
        if not scope.current().may("add", view.ledger.name):
            abort(403)
        return None, parent_or_abort(view)
    record = view.record_or_404(pk)
    maintaining(view, record) if lists else editing(view, record)
    return record, None


def place_or_abort(view: Any) -> Place:
    return place_of(view.ledger, request.args.get("part", "form"), *form_or_abort(view))
