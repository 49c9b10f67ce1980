"""Request ids and the request log.

The line has no address of a page and nothing that was typed: the name of what was asked for, the number of the record,
who asked and from where, how it was answered and how long that took.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from http import HTTPStatus
from typing import Any

import click
from flask import Flask, Response, current_app, g, has_request_context, request

import logs
from portal import metrics, static_files
from portal.core.access import scope

HEADER = "X-Request-Id"
VALID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{7,63}")
# Asked every few seconds by what watches the portal, and by browsers: worth a line only when something is wrong.
HEALTH = ("healthz", "readyz")
log = logging.getLogger("portal.request")


def begin() -> None:
    """The id is that of the web server in front, where there is one and what it says is an id."""
    given = request.headers.get(HEADER, "") if current_app.config["PROXIES"] else ""
    g.request_id = given if VALID.fullmatch(given) else secrets.token_hex(16)
    g.begun = time.perf_counter()


def request_id() -> str:
    return str(g.get("request_id", ""))


def context() -> dict[str, Any]:
    """Whose request a line is of."""
    if not has_request_context():
        return {}
    user = scope.current().username
    return {"request_id": request_id(), "user": user, "address": request.remote_addr, "endpoint": request.endpoint}


def quiet() -> bool:
    return static_files.served(request.endpoint) or request.endpoint in HEALTH


def end(answer: Response) -> Response:
    answer.headers[HEADER] = request_id()
    took = time.perf_counter() - g.begun
    metrics.answered(request.endpoint, request.method, answer.status_code, took)
    failed = answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
    if failed or not quiet():
        numbers = {name: value for name, value in (request.view_args or {}).items() if isinstance(value, int)}
        fields = {
            "method": request.method,
            "status": answer.status_code,
            "duration_ms": round(took * 1000, 1),
            **numbers,
        }
        log.log(logging.ERROR if failed else logging.INFO, "request", extra={"fields": fields})
    return answer


def install(app: Flask) -> None:
    """First of all, so that the id is there whatever goes wrong. Commands and tests have logs of their own."""
    app.before_request(begin)
    app.after_request(end)
    if click.get_current_context(silent=True) is None and not app.testing:
        logs.configure(app.config["LOG_FORMAT"], context, messages=not app.config["PRODUCTION"])


__all__ = ["HEADER", "install", "request_id"]
