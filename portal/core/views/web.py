"""What every page has: headers, errors in the user's language, health, and what templates may ask."""

from __future__ import annotations

import logging
from functools import cache
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from flask_login import AnonymousUserMixin
from flask_wtf.csrf import CSRFError
from markupsafe import Markup
from sqlalchemy import literal, select
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException, SecurityError

from portal.core import audit, clock, scope
from portal.core.fields import long_date
from portal.core.ledger import mounted
from portal.core.phrases import labelled
from portal.core.scope import OutOfScope
from portal.core.views.remarks import shared
from portal.database import log_fault
from portal.extensions import db

log = logging.getLogger(__name__)
CSP = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def safe_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"  # `send_file` says something weaker
    return response


def for_programs() -> bool:
    """Is this an address of REST, whose answers are JSON and never lead to a page?"""
    return request.path.startswith("/api/")


def titles() -> dict[int, str]:
    return {
        400: gettext("This request cannot be understood"),
        401: gettext("Please sign in first"),
        403: gettext("You may not do this"),
        404: gettext("There is nothing here"),
        405: gettext("This address does not work this way"),
        409: gettext("The record's status forbids this"),
        413: gettext("This is too large"),
        415: gettext("This format is not taken here"),
        429: gettext("Too often; please wait a little"),
        500: gettext("Something went wrong on our side"),
        503: gettext("The database cannot be reached just now"),
    }


def error_page(code: int, detail: str = "") -> ResponseReturnValue:
    title = titles().get(code, titles()[400])
    headers = {"Retry-After": "10"} if code == 503 else {}
    if for_programs():
        return {"message": detail or title}, code, headers
    return render_template("error.html", code=code, title=title, detail=detail), code, headers


def on_http(fault: HTTPException) -> ResponseReturnValue:
    """Werkzeug's own English descriptions are not shown; ours are."""
    if fault.response is not None or (fault.code or 500) < 400:
        return fault
    if isinstance(fault, SecurityError):  # a host that is not ours: no page of ours can be addressed there
        return Response(titles()[400], 400, mimetype="text/plain")
    if fault.code == HTTPStatus.FORBIDDEN:
        refused()
    stock = type(fault).description
    detail = "" if fault.description == stock or isinstance(fault, CSRFError) else str(fault.description or "")
    if isinstance(fault, CSRFError):
        detail = gettext("The page was open too long or was opened elsewhere. Please go back, reload it and try again.")
    return error_page(fault.code or 500, detail)


def refused() -> None:
    """Whoever is signed in and tries what they may not is remembered."""
    if scope.current().user_id is not None:
        audit.tell("refused", title=f"{request.method} {request.path}"[:200])


def on_out_of_scope(fault: OutOfScope) -> ResponseReturnValue:
    log.warning("out of scope: %s", fault)
    refused()
    return error_page(404)


def on_database(fault: DBAPIError) -> ResponseReturnValue:
    """The database is away: say so. Anything else that the database says is our mistake."""
    log_fault(log, "database", fault)
    db.session.rollback()
    g._login_user = AnonymousUserMixin()  # else Flask-Login asks the database again for the error page
    away = fault.connection_invalidated or "connect" in str(fault.orig).lower() or "locked" in str(fault.orig).lower()
    return error_page(503 if away else 500)


def on_fault(_fault: Exception) -> ResponseReturnValue:
    log.exception("unforeseen")
    db.session.rollback()
    return error_page(500)


def healthz() -> ResponseReturnValue:
    """The process answers."""
    return {"status": "ok"}


def readyz() -> ResponseReturnValue:
    """The database answers."""
    try:
        db.session.execute(select(literal(1)))
    except DBAPIError as fault:
        log_fault(log, "not ready", fault)
        return {"status": "database away"}, 503
    return {"status": "ok"}


@cache
def drawn(sprite: str, name: str) -> Markup:
    return Markup('<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>').format(
        sprite, name
    )


def icon(name: str) -> Markup:
    """One of the icons of `frontend/icons.txt`; pages have dozens, so this is no macro."""
    return drawn(f"{request.script_root}{current_app.static_url_path}/vendor/icons.svg", name)


def navigation() -> list[tuple[str, list[Any]]]:
    """The ledgers that the user may read, by group."""
    groups: dict[str, list[Any]] = {}
    for ledger in mounted():
        if ledger.in_menu and scope.current().may("read", ledger.name):
            groups.setdefault(str(ledger.group), []).append(ledger)
    return list(groups.items())


def context() -> dict[str, Any]:
    return {
        "principal": scope.current(),
        "navigation": navigation,
        "language": str(get_locale()),
        "html_lang": str(get_locale()).replace("_", "-"),
        "today": clock.today(),
        "long_date": long_date,
        "profile": g.get("profile"),
    }


def install(app: Flask) -> None:
    app.context_processor(context)
    app.jinja_env.globals.update(icon=icon, labelled=labelled, shared=shared)
    app.after_request(safe_headers)
    app.register_error_handler(HTTPException, on_http)
    app.register_error_handler(OutOfScope, on_out_of_scope)
    app.register_error_handler(DBAPIError, on_database)
    app.register_error_handler(Exception, on_fault)
    app.add_url_rule("/healthz", "healthz", healthz)
    app.add_url_rule("/readyz", "readyz", readyz)
