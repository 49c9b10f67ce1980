"""Starts several processes at once on each of the databases named, all doing what `portal init` does.

    python -m tests.race PROCESSES DATA_DIR=URL …      an empty URL means SQLite in that directory

Forks before anything is started, so that the processes really meet.
"""

from __future__ import annotations

import os
import sys

from portal import create_app, demo, setup


def child(home: str, url: str, with_demo: bool) -> None:
    environment = {"PORTAL_DATA_DIR": home, "PORTAL_DEMO_PASSWORD": "Demo-12345678", "PORTAL_AS_OF": "2026-06-30"}
    app = create_app(environ=environment | ({"PORTAL_DATABASE_URL": url} if url else {}))
    with app.app_context():
        setup.bring_up_to_date()
        if with_demo:
            demo.load()


def race(processes: int, home: str, url: str, with_demo: bool) -> bool:
    children = []
    for _ in range(processes):
        pid = os.fork()
        if pid == 0:
            try:
                child(home, url, with_demo)
            except BaseException as fault:  # noqa: BLE001 - the child must not run on into the parent's code
                sys.stderr.write(f"{type(fault).__name__}: {fault}\n")
                os._exit(1)
            os._exit(0)
        children.append(pid)
    return all(os.waitpid(pid, 0)[1] == 0 for pid in children)


if __name__ == "__main__":
    count, *places = sys.argv[1:]
    demo_too = "--demo" in places
    pairs = [place.split("=", 1) for place in places if place != "--demo"]
    sys.exit(sum(not race(int(count), home, url, demo_too) for home, url in pairs))
