"""`make check`: everything that can be said about the code without running the portal's tests."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from flask_appbuilder import AppBuilder, ModelRestApi, ModelView
from flask_appbuilder.security.sqla.manager import SecurityManager

from portal.accounts.security_manager import PortalSecurityManager
from portal.builder import PortalBuilder
from portal.core.api.base import LedgerApi
from portal.core.views.base import LedgerView

HERE = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
STEPS = {
    "style": [["ruff", "check", "."], ["ruff", "format", "--check", "."]],
    "types": [["mypy"]],
    "imports": [["lint-imports", "--no-logo"]],
    "templates": [["djlint", "portal/templates", "--lint", "--quiet"]],
    "texts": [["python", "-m", "tools.texts", "--check"]],
    "migrations": [["python", "-m", "tools.migrations"]],
}


def run(step: str, commands: list[list[str]], environment: dict[str, str]) -> bool:
    for program, *words in commands:
        command = [str(PROGRAMS / program), *words]
        done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.stdout.write(f"{step}: {program} {' '.join(words)} failed\n{done.stdout}{done.stderr}\n")
            return False
    sys.stdout.write(f"{step}: fine\n")
    return True


def replaced() -> list[str]:
    """The methods of Flask-AppBuilder that the portal replaces: the fewer, the easier its next release."""
    pairs: tuple[tuple[type, type], ...] = (
        *((LedgerView, ModelView), (LedgerApi, ModelRestApi)),
        *((PortalSecurityManager, SecurityManager), (PortalBuilder, AppBuilder)),
    )
    found = []
    for ours, theirs in pairs:
        bases = [base for base in ours.__mro__ if base.__module__.startswith("portal.")]
        names = sorted({name for base in bases for name, value in vars(base).items() if callable(value)})
        found += [f"{ours.__name__}.{name}" for name in names if callable(getattr(theirs, name, None))]
    return [name for name in found if "__" not in name]


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PORTAL_DATA_DIR": folder, "PORTAL_ENV": "development"}
        fine = [run(step, commands, environment) for step, commands in STEPS.items()]
    methods = replaced()
    sys.stdout.write(f"methods of Flask-AppBuilder replaced: {len(methods)} ({', '.join(methods)})\n")
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
