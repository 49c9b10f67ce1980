"""Files of a job: what was uploaded for it, and its results.

They lie in the store (`core/storage`), so that another machine has them, too, encrypted with a key made of that of
personal data: a sheet may show in full what the database keeps sealed. They do not lie about: they go when they have
been of use, or after an hour (`core/jobs/jobs.py`). So a new key encrypts none of them anew: the one before opens them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

from flask import current_app

from portal.core import storage
from portal.core.storage import Away, Missing, Store
from portal.core.storage.encrypted_streams import Damaged, Decrypting, Encrypting, WrongKey
from portal.org.encrypted import vault

AREA, AT_WORK = "jobs", "at_work"
PURPOSE = b"files of jobs"


def write(path: Path) -> IO[bytes]:
    """Open a file for writing that only its owner can read."""
    return open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600))


def area() -> Store:
    return storage.area(AREA)


def named(token: str, name: str) -> str:
    return f"{token}.{name}"


def home() -> Path:
    """The directory for temporary files of running jobs, on this machine only."""
    found: Path = current_app.config["DATA_DIR"] / AREA
    for place in (found, found / AT_WORK):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found / AT_WORK


def folder(token: str) -> Path:
    found = home() / token
    found.mkdir(mode=0o700, exist_ok=True)
    return found


def keep(token: str, name: str, content: IO[bytes]) -> None:
    with TemporaryFile(dir=home()) as sealed:  # which nobody else on the machine reads
        stream = Encrypting(sealed, vault().keys_of(PURPOSE)[0])
        shutil.copyfileobj(content, stream)
        stream.close()
        sealed.seek(0)
        area().put(named(token, name), sealed)


def exists(token: str, name: str) -> bool:
    try:
        with opened(token, name):
            return True
    except FileNotFoundError:
        return False


@contextmanager
def opened(token: str, name: str) -> Iterator[Decrypting]:
    """Open a file for reading. Raises FileNotFoundError, also if no available key decrypts it or it is truncated."""
    try:
        with area().open(named(token, name)) as sealed:
            yield Decrypting(sealed, *vault().keys_of(PURPOSE))
    except (Missing, WrongKey, Damaged) as fault:
        raise FileNotFoundError(named(token, name)) from fault


@contextmanager
def local(token: str, name: str) -> Iterator[Path]:
    """A decrypted copy that other programs can read; it is deleted with the job at the latest. Raises
    FileNotFoundError."""
    with TemporaryDirectory(dir=folder(token), ignore_cleanup_errors=True) as place:
        path = Path(place) / name
        with opened(token, name) as content, write(path) as copy:
            shutil.copyfileobj(content, copy)
        yield path


def drop(token: str, *names: str) -> None:
    """Delete these files; without names, all of them. If the store is unavailable, the next sweep deletes them."""
    if not names:
        shutil.rmtree(home() / token, ignore_errors=True)
        with suppress(Away):
            names = tuple(name for owner, name in there() if owner == token)
    area().discard(named(token, name) for name in names)


def kept() -> set[str]:
    """The tokens of the jobs that have files; if the store is unavailable, only those known on this machine."""
    found = {each.name for each in home().iterdir()}
    with suppress(Away):
        found |= {token for token, _ in there()}
    return found


def there() -> Iterator[tuple[str, str]]:
    for each in area().entries():
        token, _, name = each.name.partition(".")
        yield token, name


__all__ = ["drop", "exists", "folder", "keep", "kept", "local", "write"]
