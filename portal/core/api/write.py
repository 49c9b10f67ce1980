"""Save what was sent, through the ledger's form, as its page does."""

from __future__ import annotations

from typing import Any

from flask import abort, jsonify, make_response
from flask_babel import gettext

from portal.core.api import decode, encode
from portal.core.api.decode import Start
from portal.core.declaration.ledger import Ledger
from portal.core.records import completeness, idempotency
from portal.core.records.forms.form import LedgerForm, form_class
from portal.core.review import transitions
from portal.core.views import stale, transition_pages
from portal.core.views.forms.conflict import meanwhile
from portal.core.views.forms.edit import Keys, id_of, write
from portal.org import codes


def enter(
    view: Any,
    sent: dict[str, Any],
    record: Any,
    parent: Any = None,
    limited: Ledger | None = None,
    key: idempotency.Sent | None = None,
) -> tuple[int, list[str]]:
    """Save a record; returns its id and the warnings. Raises NotSaved; 409, 413 or 422."""
    ledger = limited or view.ledger
    codes.load(view.ledger.all_code_lists)
    opened = decode.Start.of(sent, record) if view.ledger.versioned and record is not None else None
    typed = decode.posted(ledger, sent, view.ledger.hidden(record) if record is not None else ())
    form = form_class(ledger)(typed, record, parent)
    form.partial = completeness.may_be_half(ledger, record)
    if opened is not None:
        unless_changed(ledger, form, record, opened)
    if not form.validate() or form.problems:
        decode.unprocessable(encode.faults(form), "\n".join(form.problems))
    saved = write(view, ledger, form, record, parent, Keys(key or idempotency.Sent()))
    return id_of(saved), [str(text) for text in form.warnings]


def unless_changed(ledger: Ledger, form: LedgerForm, record: Any, opened: Start) -> None:
    """Refuse a change that is based on an old version, and say who changed what since."""
    met = meanwhile(ledger, form, record, required(opened))
    if form.problems:
        abort(make_response(jsonify(message=form.problems[0], **encode.changed(met)), opened.code))


def required(opened: Start) -> int:
    if opened.version is None:
        decode.unprocessable({"version": [gettext("Please send the version that this change starts from.")]})
    return opened.version


def unless_newer(ledger: Ledger, record: Any, opened: Start) -> None:
    """Refuse a transition or deletion if the record has a newer version."""
    if opened.version is not None and (met := stale.newer(ledger, record, opened.version)):
        abort(make_response(jsonify(message=stale.sentence(met), **encode.newer(met)), opened.code))


def transition(view: Any, record: Any, name: str) -> int:
    """Make a transition with the data sent; returns the id of the resulting record. 403, 404, 409, 412 or 422."""
    sent = decode.body(needed=False)
    transition_pages.allowed(view, name)
    view.require(name, record)
    opened = decode.Start.of(sent, record)
    unless_newer(view.ledger, record, opened)
    made, path = transition_pages.opening(view, record, name)
    fields = transitions.asked(view.ledger, record, made, path)
    form = transitions.move_form(view.ledger, record, made, path, decode.answers(fields, sent))
    if not form.validate():
        decode.unprocessable(encode.faults(form))
    if path.other_eyes and transitions.own_work(record):
        abort(403, gettext("Whoever filled a record does not approve it."))
    required(opened)
    try:
        return transition_pages.made(view, record, made, form)[0]
    except transitions.Incomplete as fault:
        message = gettext("%(move)s: something is missing yet.", move=made.title)
        decode.unprocessable(encode.faults(fault.form), "\n".join([message, *fault.form.problems]))


def remove(view: Any, record: Any) -> None:
    """Delete a record if its version is the one that was sent. 403, 409, 412 or 422."""
    view.require("delete", record)
    if view.ledger.versioned:
        opened = decode.Start.of(decode.body(needed=False), record)
        unless_newer(view.ledger, record, opened)
        view.require_deletable(record)
        required(opened)
    view.remove(record)
