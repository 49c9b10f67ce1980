"""The files of a job: what somebody brought for it, and what they are to take.

They are plain text, so nobody else on the machine reads them, and they do not lie about: they go when they have been of
use, or after an hour (`core/jobs.py`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from flask import current_app


def write(path: Path) -> IO[bytes]:
    """Open a file that is nobody else's."""
    return open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600))


def home() -> Path:
    found: Path = current_app.config["DATA_DIR"] / "jobs"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def folder(token: str) -> Path:
    """Also where the job keeps what it needs while it works."""
    found = home() / token
    found.mkdir(mode=0o700, exist_ok=True)
    return found


def keep(token: str, name: str, content: IO[bytes]) -> None:
    with write(folder(token) / name) as file:
        shutil.copyfileobj(content, file)


def exists(token: str, name: str) -> bool:
    return (home() / token / name).exists()


@contextmanager
def local(token: str, name: str) -> Iterator[Path]:
    """The file where other programs can read it. Raises FileNotFoundError."""
    path = home() / token / name
    if not path.exists():
        raise FileNotFoundError(path)
    yield path


def drop(token: str, *names: str) -> None:
    """These files; without names, all of them."""
    place = home() / token
    if not names:
        shutil.rmtree(place, ignore_errors=True)
    for name in names:
        with suppress(OSError):  # somebody may be reading it, on Windows; it is swept later
            (place / name).unlink(missing_ok=True)


def kept() -> set[str]:
    """The tokens of the jobs that have files."""
    return {each.name for each in home().iterdir()}


__all__ = ["drop", "exists", "folder", "home", "keep", "kept", "local", "write"]
