"""What serving processes see to beside the work: files that killed processes left are swept at the start and hourly.

Several processes and machines may do so at once; nothing is removed that a row names or somebody is writing
(`core/attachments.py`), and nothing at all where database and data directory do not belong together.
"""

from __future__ import annotations

import logging
import threading

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from config import BadSetting
from portal import setup
from portal.core import installation, jobs, scope
from portal.database import trouble_of
from portal.extensions import db

log = logging.getLogger(__name__)
EVERY = 3600.0  # seconds


def sweep(app: Flask) -> None:
    """Once. What an operator should know is in the log."""
    with app.app_context(), scope.unscoped("sweeping belongs to no user"):
        try:
            installation.require_match()
            jobs.sweep()
            for remark in setup.sweep_files():
                log.warning("%s", remark)
        except BadSetting as fault:
            log.warning("nothing is swept: %s", fault.message)
        except (SQLAlchemyError, OSError) as fault:  # away, busy or full: the next time
            log.warning("sweeping has to wait: %s", trouble_of(fault) or type(fault).__name__)
        finally:
            db.session.remove()


def run(app: Flask, stopped: threading.Event) -> None:
    while True:
        sweep(app)
        if stopped.wait(EVERY):
            return


def start(app: Flask) -> threading.Event:
    """In each process that serves; setting what it answers ends it."""
    stopped = threading.Event()
    threading.Thread(target=run, args=(app, stopped), name="upkeep", daemon=True).start()
    return stopped


__all__ = ["start", "sweep"]
