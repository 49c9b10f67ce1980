"""Workers that run jobs: threads beside the server of `run.py`, or a process of its own (`portal worker`).

Of several, on one machine or more, each job is done by one (`core/jobs/jobs.py`), and so is scheduled work
(`operations/scheduled.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from huey.consumer import Consumer
from sqlalchemy.exc import DBAPIError

import logs
from portal import memory
from portal.core.jobs import jobs
from portal.core.jobs.queue import AWAY as UNREACHED
from portal.core.jobs.queue import Queue
from portal.database import in_a_line, trouble_of

THREADS = 4  # jobs at a time; they wait for the database as much as they work
LOOKING = 0.3  # seconds at most between two looks into a queue that nobody is woken by
AWAY = 5.0  # seconds at most between two tries of a queue that is away
ENDING = 20.0  # seconds in which jobs come to their next word and stop


class Beside(Consumer):
    """Works in a process that has another purpose, whose signals are its own."""

    def _set_signal_handlers(self) -> None:
        pass


def options(app: Flask, threads: int) -> dict[str, object]:
    queue: Queue = app.extensions["portal.queue"]
    delay = AWAY if queue.waits else LOOKING
    # A whole minute between two beats: nothing else is put off in this queue.
    more = {"scheduler_interval": 30, "shutdown_timeout": ENDING, "max_delay": delay}
    return {"workers": threads, "initial_delay": 0.05, "backoff": 1.3, **more}


@contextmanager
def beside(app: Flask, threads: int = THREADS) -> Iterator[None]:
    """Works while what is inside goes on."""
    quiet()
    jobs.stopping.clear()
    consumer = Beside(app.extensions["portal.queue"].huey, **options(app, threads))
    consumer.start()
    try:
        yield
    finally:
        jobs.stopping.set()
        consumer.stop(graceful=True)


class Worker(Consumer):
    """A process of its own: it stops in good order when it is told to, as services are."""

    def stop(self, graceful: bool = False) -> None:
        jobs.stopping.set()
        super().stop(graceful)


def serve(app: Flask, threads: int) -> None:
    logs.configure(app.config["LOG_FORMAT"], messages=not app.config["PRODUCTION"])  # as what serves pages
    quiet()
    memory.keep_start()
    jobs.stopping.clear()
    Worker(app.extensions["portal.queue"].huey, graceful_signal="TERM", **options(app, threads)).run()


class Brief(logging.Filter):
    """A queue or a database that is away, busy or full is told in a line at each try, not by the place in a library
    that asked: the next beat tries again."""

    def filter(self, record: logging.LogRecord) -> bool:
        fault = record.exc_info[1] if record.exc_info and record.name.startswith("huey") else None
        if isinstance(fault, UNREACHED):
            record.msg, record.args = "the queue is away, trying again: %s", (type(fault).__name__,)
            record.exc_info = record.exc_text = None
        elif isinstance(fault, DBAPIError | OSError) and trouble_of(fault):
            record.msg, record.args = "trying again later: %s", (in_a_line(fault),)
            record.exc_info = record.exc_text = None
        return True


def quiet() -> None:
    """A beat a minute and each job are no news; what fails is told by the jobs themselves."""
    logging.getLogger("huey").setLevel(logging.WARNING)
    # At handlers, since filters of a logger do not hear the loggers below it, of which each of huey's threads has one.
    for each in logging.getLogger().handlers:
        if not any(isinstance(found, Brief) for found in each.filters):
            each.addFilter(Brief())


__all__ = ["THREADS", "beside", "serve"]
