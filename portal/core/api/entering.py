"""Saving what was sent: through the ledger's own form, as its page does."""

from __future__ import annotations

from typing import Any

from flask import abort, jsonify, make_response
from flask_babel import gettext

from portal.core import completeness, moving, once
from portal.core.api import asking, telling
from portal.core.api.asking import Start
from portal.core.forms import LedgerForm, form_class
from portal.core.ledger import Ledger
from portal.core.views import moves, seen
from portal.core.views.filling import Keys, id_of, meanwhile, write
from portal.org import codes


def enter(
    view: Any,
    sent: dict[str, Any],
    record: Any,
    parent: Any = None,
    limited: Ledger | None = None,
    key: once.Sent | None = None,
) -> tuple[int, list[str]]:
    """The id of the saved record, and what is unusual about it. Raises NotSaved; 409, 413 or 422."""
    ledger = limited or view.ledger
    codes.load(view.ledger.all_code_lists)
    opened = asking.Start.of(sent, record) if view.ledger.versioned and record is not None else None
    typed = asking.posted(ledger, sent, view.ledger.hidden(record) if record is not None else ())
    form = form_class(ledger)(typed, record, parent)
    form.partial = completeness.may_be_half(ledger, record)
    if opened is not None:
        unless_changed(ledger, form, record, opened)
    if not form.validate() or form.problems:
        asking.unprocessable(telling.faults(form), "\n".join(form.problems))
    saved = write(view, ledger, form, record, parent, Keys(key or once.Sent()))
    return id_of(saved), [str(text) for text in form.warnings]


def unless_changed(ledger: Ledger, form: LedgerForm, record: Any, opened: Start) -> None:
    """A change says which version it starts from; when that is no longer the last one, who changed what since."""
    met = meanwhile(ledger, form, record, required(opened))
    if form.problems:
        abort(make_response(jsonify(message=form.problems[0], **telling.changed(met)), opened.code))


def required(opened: Start) -> int:
    if opened.version is None:
        asking.unprocessable({"version": [gettext("Please send the version that this change starts from.")]})
    return opened.version


def unless_newer(ledger: Ledger, record: Any, opened: Start) -> None:
    """The same for what is done to the record as a whole."""
    if opened.version is not None and (met := seen.newer(ledger, record, opened.version)):
        abort(make_response(jsonify(message=seen.sentence(met), **telling.newer(met)), opened.code))


def move(view: Any, record: Any, name: str) -> int:
    """Make a move with what was sent; the id of the record to go on with. 403, 404, 409, 412 or 422."""
    sent = asking.body(needed=False)
    moves.allowed(view, name)
    view.require(name, record)
    opened = asking.Start.of(sent, record)
    unless_newer(view.ledger, record, opened)
    made, path = moves.opening(view, record, name)
    fields = moving.asked(view.ledger, record, made, path)
    form = moving.move_form(view.ledger, record, made, path, asking.answers(fields, sent))
    if not form.validate():
        asking.unprocessable(telling.faults(form))
    if path.other_eyes and moving.own_work(record):
        abort(403, gettext("Whoever filled a record does not approve it."))
    required(opened)
    try:
        return moves.made(view, record, made, form)[0]
    except moving.Incomplete as fault:
        message = gettext("%(move)s: something is missing yet.", move=made.title)
        asking.unprocessable(telling.faults(fault.form), "\n".join([message, *fault.form.problems]))


def remove(view: Any, record: Any) -> None:
    """Delete a record, as it was seen. 403, 409, 412 or 422."""
    view.require("delete", record)
    if view.ledger.versioned:
        opened = asking.Start.of(asking.body(needed=False), record)
        unless_newer(view.ledger, record, opened)
        view.require_deletable(record)
        required(opened)
    view.remove(record)
