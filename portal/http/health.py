"""Health checks: does a process answer, and is the portal usable?"""

from __future__ import annotations

import logging
import threading
from ipaddress import ip_address
from typing import Any

from flask import Flask, abort, current_app, request
from flask.typing import ResponseReturnValue

from portal.core import storage
from portal.database import Trouble, ready

log = logging.getLogger(__name__)
PATHS = ("/healthz", "/readyz")


class Asking:
    """Asks the database and the files for all who want to know at the same moment: however many ask, one connection is
    opened. Answers what is wrong, "" for nothing."""

    def __init__(self) -> None:
        self.lock, self.answers = threading.Lock(), 0
        self.last = ""

    def __call__(self) -> str:
        before = self.answers
        with self.lock:
            if self.answers == before:
                self.last = what_is_wrong()
                self.answers += 1
            return self.last


def what_is_wrong() -> str:
    trouble = ready()
    if trouble is not None:
        return "disk full" if trouble is Trouble.FULL else f"database {trouble.value}"
    try:
        storage.area("").ask()
    except storage.Away as fault:
        log.error("files: %s", fault)
        return "files away"
    return ""


def require_allowed() -> None:
    """Everybody may ask unless a setting names who; this machine always may."""
    allowed = current_app.config["HEALTH_FROM"]
    if not allowed:
        return
    try:
        asking = ip_address(request.remote_addr or "")
    except ValueError:  # a socket, which has no address
        return
    if not asking.is_loopback and not any(asking in each for each in allowed):
        abort(403)


def healthz() -> ResponseReturnValue:
    """The process answers."""
    require_allowed()
    return {"status": "ok"}


def readyz() -> ResponseReturnValue:
    """The database and the files answer, and there is room for what is brought."""
    require_allowed()
    wrong = current_app.extensions["portal.health"]()
    return ({"status": wrong}, 503) if wrong else {"status": "ok"}


class AnyHost:
    """Whoever checks health calls the portal by its address, which is none of its names."""

    def __init__(self, wsgi: Any, name: str) -> None:
        self.wsgi, self.name = wsgi, name

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if environ.get("PATH_INFO") in PATHS:
            environ["HTTP_HOST"] = self.name
        return self.wsgi(environ, start_response)


def install(app: Flask) -> None:
    app.extensions["portal.health"] = Asking()
    app.wsgi_app = AnyHost(app.wsgi_app, app.config["TRUSTED_HOSTS"][0])  # type: ignore[method-assign]
    app.add_url_rule("/healthz", "healthz", healthz)
    app.add_url_rule("/readyz", "readyz", readyz)


__all__ = ["install"]
