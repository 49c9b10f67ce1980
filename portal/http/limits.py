"""Limits of one request: texts in an address, and bodies that are no files.

Werkzeug bounds what a form with files holds beside them; the other kinds of body it reads whole.
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, abort, current_app, request
from flask_babel import gettext
from werkzeug.exceptions import BadRequest

MOST_ADDRESS = 8 * 1024  # bytes of a path, and of what follows it
MOST_TEXT = 2_000  # characters of one parameter: as many as a link can say of a field of a new record


def judge_address() -> None:
    if max(len(request.query_string), len(request.path)) > MOST_ADDRESS:
        raise BadRequest(gettext("The address is too long."))
    for name, texts in request.args.lists():
        if max(map(len, (name, *texts))) > MOST_TEXT:
            raise BadRequest(gettext("A text in the address is too long: %(name)s", name=name[:100]))


def judge_body() -> None:
    """Before anything parses it. Raises 413."""
    if request.mimetype == "multipart/form-data":
        return
    request.max_content_length = current_app.config["MAX_FORM_MEMORY_SIZE"]
    fields = request.get_data().count(b"&") + 1
    if request.mimetype == "application/x-www-form-urlencoded" and fields > current_app.config["MAX_FORM_PARTS"]:
        abort(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def judge() -> None:
    judge_address()
    judge_body()


def install(app: Flask) -> None:
    app.before_request(judge)
