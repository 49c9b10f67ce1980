"""Serves the portal: `python run.py`. Brings the database up to date first; fills an empty one with the demo."""

from __future__ import annotations

import signal
import sys

from flask import Flask
from sqlalchemy.exc import DBAPIError

from config import BadSetting
from portal import create_app, demo, memory, serving, setup, worker
from portal.core.declarations import BadLedger
from portal.operations import checks, monitor


def main() -> None:
    try:
        app = create_app()
        prepare(app)
    except (BadSetting, BadLedger) as fault:
        sys.exit(f"The portal cannot start: {fault}")
    except DBAPIError as fault:
        sys.exit(f"The portal cannot start: {fault.orig}")
    memory.keep_start()
    monitor.start(app)
    server = serving.server_of(app)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with worker.beside(app):
        server.run()


def prepare(app: Flask) -> None:
    """Bring the database up to date, load the demo where it belongs, and say where the portal will be."""
    with app.app_context():
        for remark in setup.bring_up_to_date():
            print(remark, file=sys.stderr)
        checks.require_safe()
        shown = ""
        if app.config["DEMO"] != "none":
            if setup.empty():
                demo.load(app.config["DEMO"])
            demo.renew_password()
            shown = demo.password()
    host, port = app.config["HOST"], app.config["PORT"]
    print(f"The portal is at http://{host}:{port}/")
    if shown:
        print("Accounts: admin, reviewer, leader, filler01, secretary01, auditor … (all listed on the sign-in page)")
        print(f"Password of all demo accounts: {shown}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
