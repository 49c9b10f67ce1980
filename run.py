"""Serves the portal: `python run.py`. Brings the database up to date first; fills an empty one with the demo."""

from __future__ import annotations

import signal
import sys

from flask import Flask
from sqlalchemy.exc import DBAPIError

from config import BadSetting
from portal import create_app, demo, memory, serving, setup, worker
from portal.core.declaration.checks import BadLedger
from portal.database import in_a_line
from portal.operations import checks, monitor


def main() -> None:
    try:
        app = create_app()
        shown = prepare(app)
        server = serving.server_of(app)
    except (BadSetting, BadLedger) as fault:
        sys.exit(f"The portal cannot start: {fault}")
    except (DBAPIError, OSError) as fault:
        sys.exit(f"The portal cannot start: {in_a_line(fault)}")
    tell(app, shown)
    memory.keep_start()
    monitor.start(app)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with worker.beside(app):
        server.run()


def prepare(app: Flask) -> str:
    """Bring the database up to date and load the demo where it belongs; answers the password of its accounts."""
    with app.app_context():
        for remark in setup.bring_up_to_date():
            print(remark, file=sys.stderr)
        checks.require_safe()
        if app.config["DEMO"] == "none":
            return ""
        if setup.empty():
            demo.load(app.config["DEMO"])
        demo.renew_password()
        return demo.password()


def tell(app: Flask, shown: str) -> None:
    """Say where the portal is, once it listens there."""
    host, port = app.config["HOST"], app.config["PORT"]
    print(f"The portal is at http://{host}:{port}/")
    if shown:
        print("Accounts: admin, reviewer, leader, filler01, secretary01, auditor … (all listed on the sign-in page)")
        print(f"Password of all demo accounts: {shown}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
