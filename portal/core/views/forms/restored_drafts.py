"""Restore an unsaved form with its files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import flash, request, url_for
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from portal.core import clock
from portal.core.declaration.ledger import Ledger, named
from portal.core.fields import natural
from portal.core.punctuation import labelled
from portal.core.records import attachments, idempotency
from portal.core.records.attachments import BadFile
from portal.core.records.forms import form_drafts, staged_files
from portal.core.records.forms.form_drafts import KEY, REVISION, Elsewhere, FormDraft, Place, TooMany
from portal.extensions import db

UNSTAGE = "_unstage"


@dataclass
class Draft:
    """The autosave of the form that is shown or was posted."""

    key: str = ""
    revision: int = 0
    # When what the form was opened with had been typed; empty when it starts from the record.
    typed_at: str = ""
    # Other half-filled forms of the same place.
    others: list[FormDraft] = field(default_factory=list)
    staged: list[Any] = field(default_factory=list)
    # What was wrong with files, by place.
    faults: dict[str, str] = field(default_factory=dict)


def place_of(ledger: Ledger, part: str, record: Any, parent: Any) -> Place:
    ids = (each.id if each is not None else None for each in (record, parent))
    return Place(ledger.name, "lists" if part == "lists" else "form", *ids)


def opening(place: Place) -> tuple[Draft, MultiDict[str, str] | None]:
    """The draft of a form that is opened, and its input if the user continues one (`?draft=<key>`)."""
    found = form_drafts.opened(place, request.args["draft"]) if request.args.get("draft") else None
    if found is None and request.args.get("draft"):
        flash(gettext("What you typed is no longer there: the form was saved or discarded."), "warning")
    if found is None:
        return Draft(idempotency.fresh(), others=list(form_drafts.of_form(place))), None
    texts = found.texts()
    return Draft(found.key, found.revision, moment(found), list(form_drafts.of_form(place, found.key))), texts


def posted(ledger: Ledger, record: Any) -> Draft:
    """The draft of a submitted form. Files of a new record's form are stored with it."""
    key = request.form.get(KEY) or request.form.get(idempotency.NAME, "")
    draft = Draft(idempotency.fresh(key), natural(request.form.get(REVISION, "")) or 0)
    if record is None and ledger.form.files:
        draft.faults = take_files(ledger, draft.key)
    return draft


def sent_now() -> idempotency.Sent:
    """The idempotency key with the user's input, without values added by scripts and buttons, which differ between
    clicks."""
    own = ("csrf_token", idempotency.NAME, "_draft", "_revision", "_user", "_then")
    typed = sorted((name, texts) for name, texts in request.form.lists() if name not in own)
    return idempotency.Sent.of(request.form.get(idempotency.NAME, ""), request.args.to_dict(), typed)


def take_files(ledger: Ledger, key: str) -> dict[str, str]:
    """Store uploaded files and delete those selected for removal; returns errors by place. Committed at once, so that
    the files are not lost if the form is refused."""
    faults: dict[str, str] = {}
    ids = {id_ for text in request.form.getlist(UNSTAGE) if (id_ := natural(text)) is not None}
    brought = [
        (place, file) for place in ledger.form.files for file in request.files.getlist(place.name) if file.filename
    ]
    if not ids and not brought:
        return faults
    gone = staged_files.remove(ledger, key, ids) if ids else []
    written: list[str] = []
    try:
        for place, file in brought:
            try:
                content = file.read(attachments.MOST_BYTES + 1)
                written.append(staged_files.add(ledger, key, place, str(file.filename), content))
            except BadFile as fault:
                faults[place.name] = labelled(file.filename, fault)
        db.session.commit()
    except Exception:
        db.session.rollback()
        attachments.discard(written)
        raise
    attachments.discard(gone)
    return faults


def remember(place: Place, draft: Draft) -> None:
    """Store a refused form with its files, even without JavaScript."""
    try:
        draft.revision = form_drafts.keep(place, draft.key, draft.revision, form_drafts.typed(request.form))
        db.session.commit()
    except (Elsewhere, TooMany):
        db.session.rollback()


def moment(draft: FormDraft) -> str:
    """When the draft was saved, in the office's time zone; with the date if it was not today."""
    at = clock.local(draft.saved_at)
    return f"{at:%H:%M}" if at.date() == clock.local(clock.now()).date() else f"{at:%Y-%m-%d %H:%M}"


def address_of(place: Place | FormDraft, **more: Any) -> str:
    """The URL of the form."""
    if place.record_id is not None:
        return url_for(f"{place.ledger}.{'lists' if place.part == 'lists' else 'edit'}", pk=place.record_id, **more)
    ledger = named(place.ledger)
    if ledger is not None and ledger.under and place.parent_id is not None:
        more[f"{ledger.under.relation}_id"] = place.parent_id
    return url_for(f"{place.ledger}.add", **more)
