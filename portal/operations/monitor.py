"""Metrics and health checks on a port of their own, answered by threads that serve nothing else.

Of several processes of a machine one has the port; the others wait for it, so that it is there as long as any of them
serves. It tells nothing personal, and is bound to this machine unless a setting says otherwise.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from flask import Flask
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

from portal.core import clock
from portal.core.audit.audit_log import AuditEvent
from portal.core.hash_chain import chain
from portal.database import probe, trouble_of
from portal.http.health import PATHS
from portal.operations.backup import MADE

log = logging.getLogger(__name__)
AGAIN = 1.0  # seconds until a port that another process has is tried again
PATIENCE = 10  # seconds for whoever asks slowly


class State(Collector):
    """What is found out when somebody asks: readiness, the age of the last backup, what waits to be sealed."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        # Lines of the trail up to here were looked at, and the last backup among them.
        self.seen = 0
        self.backup: datetime | None = None

    def collect(self) -> Iterator[Metric]:
        ready = health(self.app, "/readyz")[0] == HTTPStatus.OK
        yield gauge("portal_ready", "1 while the database answers and the disk has room.", ready)
        if not ready:
            return
        try:
            with self.app.app_context(), probe() as connection:
                self.look_for_backups(connection)
                waiting, oldest = chain.waiting(connection)
        except DBAPIError as fault:  # it went away just now
            log.info("the database did not answer: %s", trouble_of(fault))
            return
        if self.backup is not None:
            yield gauge("portal_last_backup_age_seconds", "Since the last backup, if there is one.", age(self.backup))
        yield gauge("portal_trail_unsealed_events", "Lines of the trail that are not sealed yet.", waiting)
        yield gauge("portal_trail_seal_lag_seconds", "Age of the oldest of them.", age(oldest) if oldest else 0)

    def look_for_backups(self, connection: Connection) -> None:
        """Only in what was written since the last time: the trail is long."""
        newest = connection.scalar(select(func.max(AuditEvent.id))) or 0
        new = (AuditEvent.action == MADE, AuditEvent.id > self.seen, AuditEvent.id <= newest)
        self.backup = connection.scalar(select(func.max(AuditEvent.at)).where(*new)) or self.backup
        self.seen = newest


def age(moment: datetime) -> float:
    return max((clock.now() - moment).total_seconds(), 0.0)


def health(app: Flask, path: str) -> tuple[int, bytes]:
    """What the portal itself answers, with all that keeps it from serving pages."""
    answer = app.test_client().get(path)
    return answer.status_code, answer.get_data()


def gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=value)


def exposition(state: State) -> bytes:
    """Of all processes that count together, else of this one."""
    registry = CollectorRegistry()
    registry.register(state)
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY) + generate_latest(registry)
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


class Handler(BaseHTTPRequestHandler):
    """`/metrics`, `/healthz`, `/readyz`."""

    state: ClassVar[State]
    timeout = PATIENCE
    server_version, sys_version = "portal", ""

    def do_GET(self) -> None:
        kind, code, body = "application/json", HTTPStatus.NOT_FOUND.value, b'{"message": "not found"}'
        if self.path == "/metrics":
            kind, code, body = CONTENT_TYPE_LATEST, HTTPStatus.OK.value, exposition(self.state)
        elif self.path in PATHS:
            code, body = health(self.state.app, self.path)
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - the names are the library's

    def log_message(self, format: str, *args: object) -> None:
        """Asked every few seconds: no line each."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = os.name == "posix"  # on Windows it would let two have the port

    def handle_error(self, request: object, client_address: object) -> None:
        log.warning("a metrics or health request failed", exc_info=True)


def listen(app: Flask) -> Server:
    """Raises OSError while another process has the port."""
    handler = type("PortalHandler", (Handler,), {"state": State(app)})
    return Server((app.config["METRICS_HOST"], app.config["METRICS_PORT"]), handler)


def serve(app: Flask) -> None:
    while True:
        try:
            server = listen(app)
        except OSError:
            time.sleep(AGAIN)
        else:
            log.info("metrics and health checks on port %s", server.server_port)
            server.serve_forever()


def start(app: Flask) -> None:
    """In each process that serves, once it does."""
    if app.config["METRICS_PORT"]:
        threading.Thread(target=serve, args=(app,), name="monitor", daemon=True).start()


__all__ = ["start"]
