"""Whether a process answers, and whether the portal can be used: for what stands in front of it or watches it."""

from __future__ import annotations

import threading
from ipaddress import ip_address
from typing import Any

from flask import Flask, abort, current_app, request
from flask.typing import ResponseReturnValue

from portal.database import Trouble, ready

PATHS = ("/healthz", "/readyz")


class Asking:
    """Asks the database for all who want to know at the same moment: however many ask, one connection is opened."""

    def __init__(self) -> None:
        self.lock, self.answers = threading.Lock(), 0
        self.last: Trouble | None = None

    def __call__(self) -> Trouble | None:
        before = self.answers
        with self.lock:
            if self.answers == before:
                self.last = ready()
                self.answers += 1
            return self.last


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
    """The database answers, and there is room for what is brought."""
    require_allowed()
    trouble = current_app.extensions["portal.health"]()
    if trouble is Trouble.FULL:
        return {"status": "disk full"}, 503
    return ({"status": f"database {trouble.value}"}, 503) if trouble else {"status": "ok"}


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
