"""How gunicorn serves the portal: `gunicorn --config deploy/gunicorn_conf.py "portal:create_app()"`.

Of the portal's code it loads nothing but what writes log lines, so that `systemctl reload` serves a newer release.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import logs

bind = f"{os.environ.get('PORTAL_HOST') or '127.0.0.1'}:{os.environ.get('PORTAL_PORT') or '8000'}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = 8
timeout = 120
graceful_timeout = 60
control_socket_disable = True
# Each thread may have a visitor who keeps the connection; these wait without one.
keepalive = 5

_format = os.environ.get("PORTAL_LOG_FORMAT") or ("json" if os.environ.get("PORTAL_ENV") == "production" else "text")
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": logs.FORMATS.get(_format, logs.JsonLines)}},
    "handlers": {"lines": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "lines"}},
    "root": {"handlers": [], "level": "WARNING"},
    "loggers": {
        "gunicorn.error": {"handlers": ["lines"], "level": "INFO", "propagate": False},
        "gunicorn.access": {"handlers": [], "level": "WARNING", "propagate": False},
    },
}

if os.environ.get("PORTAL_METRICS_PORT"):
    # Where the workers count together; new with each start.
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="portal-metrics-"))


def post_worker_init(worker: Any) -> None:
    """Metrics and health checks beside the requests, on a port of their own; garbage collection as with `run.py`."""
    from portal import memory  # noqa: PLC0415 - in the worker, see above
    from portal.operations import monitor  # noqa: PLC0415

    monitor.start(worker.wsgi)
    memory.keep_start()


def on_exit(_server: Any) -> None:
    if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        for path in Path(folder).glob("*.db"):
            path.unlink(missing_ok=True)
        Path(folder).rmdir()
