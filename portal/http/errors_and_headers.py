"""What every page has: security headers, error pages in the user's language, template globals."""

from __future__ import annotations

import logging
from functools import cache
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.exceptions import DatabaseException
from flask_babel import get_locale, gettext
from flask_login import AnonymousUserMixin
from flask_wtf.csrf import CSRFError
from markupsafe import Markup
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException, InternalServerError, SecurityError

from portal import metrics, static_files
from portal.core import clock
from portal.core.access import scope
from portal.core.access.scope import OutOfScope
from portal.core.audit import audit_log
from portal.core.fields import long_date
from portal.core.punctuation import labelled
from portal.core.records import idempotency
from portal.core.storage import Away
from portal.core.views.workbooks.remarks import shared
from portal.database import READING, Trouble, let_go, log_fault, maybe_saved, trouble_of
from portal.http.request_log import request_id

log = logging.getLogger(__name__)
# Fields of forms that take passwords.
PASSWORDS = frozenset({"password", "old", "new", "again"})
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
    if not static_files.served(request.endpoint) or response.status_code >= HTTPStatus.BAD_REQUEST:
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
        409: gettext("This cannot be done as things are now"),
        413: gettext("This is too large"),
        415: gettext("This format is not taken here"),
        429: gettext("Too often; please wait a little"),
        500: gettext("Something went wrong on our side"),
        503: gettext("The database cannot be reached just now"),
        507: gettext("There is no room left where the portal keeps its data"),
    }


def error_page(code: int, detail: str = "", title: str = "", wait: int = 10) -> ResponseReturnValue:
    title = title or titles().get(code, titles()[400])
    headers = {"Retry-After": str(wait)} if code in (429, 503) else {}
    if for_programs():
        return {"message": detail or title}, code, headers
    again = posted() if code in (503, 507) else []
    told = {"code": code, "title": title, "detail": detail, "again": again, "request_id": request_id()}
    return render_template("error.html", **told), code, headers


def posted() -> list[tuple[str, str]]:
    """What was typed and can be sent again with a click, as long as nothing in it is a password."""
    if request.method != "POST" or not PASSWORDS.isdisjoint(request.form):
        return []
    return [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]


def on_http(fault: HTTPException) -> ResponseReturnValue:
    """Werkzeug's own English descriptions are not shown; ours are."""
    if fault.response is not None or (fault.code or 500) < 400:
        return fault
    if isinstance(fault, InternalServerError) and fault.original_exception:  # from what runs after a page was made
        return on_fault(fault.original_exception)
    if isinstance(fault, SecurityError):  # a host that is not ours: no page of ours can be addressed there
        return Response(titles()[400], 400, mimetype="text/plain")
    if fault.code == HTTPStatus.FORBIDDEN:
        refused()
    stock = type(fault).description
    detail = "" if fault.description == stock or isinstance(fault, CSRFError) else str(fault.description or "")
    if isinstance(fault, CSRFError):
        detail = gettext("The page was open too long or was opened elsewhere. Please go back, reload it and try again.")
    wait = getattr(fault, "retry_after", None)
    return error_page(fault.code or 500, detail, wait=wait if isinstance(wait, int) else 10)


def refused() -> None:
    """Whoever is signed in and tries what they may not is remembered."""
    if scope.current().user_id is not None:
        audit_log.log_and_commit("refused", title=f"{request.method} {request.path}"[:200])


def on_out_of_scope(fault: OutOfScope) -> ResponseReturnValue:
    log.warning("out of scope: %s", fault)
    refused()
    return error_page(404)


def on_fault(fault: BaseException) -> ResponseReturnValue:
    """The database or its disk is in trouble: say so. Anything else is our mistake."""
    if isinstance(fault, DatabaseException) and fault.__cause__ is not None:
        fault = fault.__cause__  # Flask-AppBuilder tells nothing but that there was one
    trouble = trouble_of(fault)
    if isinstance(fault, DBAPIError):
        log_fault(log, f"database {trouble.value}" if trouble else "database", fault)
    else:
        log.error("unforeseen", exc_info=fault)
    let_go()
    if trouble is None:
        return error_page(500)
    metrics.troubles.labels(trouble.value).inc()
    g._login_user = AnonymousUserMixin()  # else Flask-Login asks the database again for the error page
    return in_trouble(trouble)


def in_trouble(trouble: Trouble) -> ResponseReturnValue:
    unknown = if_saved() if maybe_saved(trouble) and request.method not in READING else ""
    if trouble is Trouble.FULL:
        return error_page(507, unknown or gettext("Nothing of this was saved. Please tell whoever runs the portal."))
    title = gettext("Too much is going on just now") if trouble is Trouble.BUSY else ""
    return error_page(503, unknown or gettext("Nothing of this was saved. Please try again in a moment."), title)


def if_saved() -> str:
    """What is said where the answer of the database was lost, and how one sees what became of it."""
    if idempotency.NAME in request.form or "Idempotency-Key" in request.headers:
        return gettext("The database broke off, so this may have been saved or not. Trying again stores it only once.")
    return gettext("The database broke off, so this may have been saved or not. Please look before you try again.")


def on_away(fault: Away) -> ResponseReturnValue:
    log.error("files: %s", fault)
    let_go()
    return error_page(
        503,
        gettext("Nothing of this was saved. Please try again in a moment."),
        gettext("The files cannot be reached just now"),
    )


@cache
def drawn(sprite: str, name: str) -> Markup:
    return Markup('<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>').format(
        sprite, name
    )


def icon(name: str) -> Markup:
    """One of the icons of `frontend/icons.txt`; pages have dozens, so this is no macro."""
    return drawn(sprite(request.script_root), name)


@cache
def sprite(_root: str) -> str:
    """The address of the icons, where the portal is served under this root."""
    return url_for("static", filename="vendor/icons.svg")


def context() -> dict[str, Any]:
    return {
        "principal": scope.current(),
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
    app.register_error_handler(Away, on_away)
    app.register_error_handler(Exception, on_fault)
