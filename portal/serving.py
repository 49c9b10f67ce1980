"""The web server of `run.py`: waitress, configured for an office.

A browser keeps six connections open, so 20 of them would use up the 100 that waitress allows by default, and whoever
came next would wait for somebody to leave. Health checks have threads of their own: they answer while all others wait.
"""

from __future__ import annotations

from typing import Any

from flask import Flask
from waitress.server import create_server
from waitress.task import ThreadedTaskDispatcher

from config import BadSetting

THREADS = 8
CONNECTIONS = 800  # kept open at once; systems allow a process 1,024 open files
IDLE = 60  # seconds until a connection that nobody uses is closed
HEALTH = ("/healthz", "/readyz")


class Dispatcher(ThreadedTaskDispatcher):
    """Hands requests to threads: those of `HEALTH` to one each that has nothing else to do."""

    def __init__(self) -> None:
        super().__init__()
        self.set_thread_count(THREADS)
        self.apart = {path: ThreadedTaskDispatcher() for path in HEALTH}
        for each in self.apart.values():
            each.set_thread_count(1)

    def add_task(self, task: Any) -> None:
        """`task` is a channel of waitress, with the requests that came through it."""
        # What cannot be parsed has no path: waitress answers it itself.
        apart = self.apart.get(getattr(task.requests[0], "path", "")) if task.requests else None
        if apart is not None:
            apart.add_task(task)
        else:
            super().add_task(task)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        for each in self.apart.values():
            each.shutdown(cancel_pending, timeout)
        return bool(super().shutdown(cancel_pending, timeout))


def server_of(app: Flask, **more: Any) -> Any:
    """The server, listening; `run()` serves until it is stopped. Raises BadSetting."""
    host, port = app.config["HOST"], app.config["PORT"]
    try:
        return create_server(
            app,
            host=host,
            port=port,
            ident=None,
            connection_limit=CONNECTIONS,
            channel_timeout=IDLE,
            asyncore_use_poll=True,
            _dispatcher=Dispatcher(),
            **more,
        )
    except OSError as fault:
        raise BadSetting(
            f"it cannot listen at {host}:{port} ({fault.strerror}): end what listens there, or set PORTAL_HOST and "
            "PORTAL_PORT to an address of this machine that is free"
        ) from None


__all__ = ["server_of"]
