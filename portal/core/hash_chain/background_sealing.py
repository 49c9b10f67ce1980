"""Seal the audit log in the background, soon after anything was written."""

from __future__ import annotations

import atexit
import threading

from flask import Flask, current_app
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.core.audit.audit_log import TOLD
from portal.core.hash_chain.chain import UNREADABLE, seal, unsealed
from portal.database import reading
from portal.extensions import db

SOON = 10  # seconds in which lines wait for others to be sealed with


class Sealer:
    """Seals beside the work, soon after anything was written: until then a cut-off end would not be missed."""

    def __init__(self, app: Flask) -> None:
        self.app, self.lock = app, threading.Lock()
        self.timer: threading.Timer | None = None
        atexit.register(self.close)

    def soon(self) -> None:
        with self.lock:
            if self.timer is None and not self.app.testing:
                self.timer = threading.Timer(SOON, self.run)
                self.timer.daemon = True
                self.timer.start()

    def close(self) -> None:
        """A command that ends, or a server that is stopped, leaves nothing unsealed."""
        if self.timer is not None:
            self.timer.cancel()
            self.sealed()

    def run(self) -> None:
        with self.lock:
            self.timer = None  # what is written from here on has the next one
        if not self.sealed():
            self.soon()

    def sealed(self) -> bool:
        try:
            with self.app.app_context():
                seal()
                with reading():
                    return unsealed() == 0
        except DBAPIError as fault:  # somebody writes for long, or the database is away
            self.app.logger.info("sealing the trail has to wait: %s", fault.orig)
            return False
        except UNREADABLE:  # `verify` tells where
            self.app.logger.warning("the trail cannot be sealed", exc_info=True)
        return True


def committed(session: Session) -> None:
    if session.info.pop(TOLD, False):
        current_app.extensions["portal.sealer"].soon()


def undone(session: Session) -> None:
    session.info.pop(TOLD, None)


def install(app: Flask) -> None:
    app.extensions["portal.sealer"] = Sealer(app)
    for name, listener in (("after_commit", committed), ("after_rollback", undone)):
        if not event.contains(db.session, name, listener):
            event.listen(db.session, name, listener)
