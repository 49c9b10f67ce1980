"""Prometheus counters of a serving process. No label holds user input, and each has few values.

Where several processes serve, `PROMETHEUS_MULTIPROC_DIR` names the directory in which they count together
(`deploy/gunicorn_conf.py`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Histogram

METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
requests = Counter("portal_requests", "Requests that were answered.", ["endpoint", "method", "status"])
durations = Histogram("portal_request_duration_seconds", "Time until an answer.", ["endpoint"], buckets=SECONDS)
waits = Histogram(
    "portal_database_wait_seconds",
    "Waiting for a connection of the pool, or for SQLite's lock for writing.",
    ["what"],
    buckets=(0.001, 0.01, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0),
)
troubles = Counter("portal_database_troubles", "Requests for which the database was away, busy or full.", ["kind"])
events = Counter("portal_audit_events", "Deeds in the trail: sign_in_failed, refused, export, reveal, …", ["action"])
jobs = Counter("portal_jobs_ended", "Jobs that ended: done, failed or cancelled.", ["state"])


def answered(endpoint: str | None, method: str, status: int, seconds: float) -> None:
    name = endpoint or "none"
    requests.labels(name, method if method in METHODS else "other", status).inc()
    durations.labels(name).observe(seconds)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    begun = time.perf_counter()
    try:
        yield
    finally:
        waits.labels(what).observe(time.perf_counter() - begun)
