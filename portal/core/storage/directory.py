"""Files in a directory: `<directory>/<first two characters of the name>/<name>`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import config
from portal.core.storage.base import Entry, Missing

# What a file is called until it is whole.
PART = ".part"


class Directory:
    def __init__(self, home: Path) -> None:
        self.home = home

    def path_of(self, name: str) -> Path:
        return self.home / name[:2] / name

    def put(self, name: str, content: IO[bytes]) -> None:
        write_durably(self.path_of(name), content)

    def open(self, name: str) -> IO[bytes]:
        try:
            return self.path_of(name).open("rb")
        except FileNotFoundError:
            raise Missing(name) from None

    def entries(self) -> Iterator[Entry]:
        for path in self.home.glob("??/*"):
            with suppress(FileNotFoundError):  # removed meanwhile
                yield Entry(path.name, path.stat().st_size)

    def discard(self, names: Iterable[str]) -> None:
        for name in names:
            with suppress(OSError):
                self.path_of(name).unlink()

    def where(self, name: str) -> str:
        return str(self.path_of(name) if name else self.home)

    def ask(self) -> None:
        """Does nothing: the directory is local, and `database.ready` checks free space."""

    def open_to_everybody(self, name: str) -> bool:
        return False  # `operations/checks.py` looks at the whole data directory


def own(name: str, flags: int) -> int:
    """Open a file that other users of the machine cannot read."""
    return os.open(name, flags, 0o600)


def write_durably(path: Path, content: IO[bytes]) -> None:
    """Temporary file, fsync, rename, fsync of the folder: the complete file survives a power failure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}{PART}")
    try:
        with open(draft, "wb", opener=own) as file:
            shutil.copyfileobj(content, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:  # the disk is full, and stays so if half a file stays
        draft.unlink(missing_ok=True)
        raise
    config.keep_folder(path.parent)
