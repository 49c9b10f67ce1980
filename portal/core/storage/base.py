"""The interface of file stores, and their errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Protocol


class Missing(Exception):
    """Raised if there is no file of this name."""


class Away(Exception):
    """Raised if the store is unreachable or denies access; the message is for operators."""


@dataclass(frozen=True)
class Entry:
    """A file in the store."""

    name: str
    size: int


class Store(Protocol):
    """The files of one area. All methods except `discard` raise Away if the store is unreachable, and OSError if it is
    full."""

    def put(self, name: str, content: IO[bytes]) -> None:
        """Write a file; it is complete and durable when this returns. After an error, nothing is left."""

    def open(self, name: str) -> IO[bytes]:
        """Raises Missing."""

    def entries(self) -> Iterator[Entry]:
        """All files, including those being written."""

    def discard(self, names: Iterable[str]) -> None:
        """Delete files. Those that cannot be deleted now are left to the next sweep."""

    def where(self, name: str) -> str:
        """The location of a file, for operators."""

    def ask(self) -> None:
        """Check that the store responds; raises Away without a long wait."""

    def open_to_everybody(self, name: str) -> bool:
        """Can anonymous clients list the files, or read this one? Raises Away."""
