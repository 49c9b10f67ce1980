"""What a store of files can do, and what can go wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Protocol


class Missing(Exception):
    """There is no file of this name."""


class Away(Exception):
    """The store cannot be reached, or does not let the portal in; the message is for operators."""


@dataclass(frozen=True)
class Entry:
    """A file that the store has."""

    name: str
    size: int


class Store(Protocol):
    """The files of one area. All but `discard` raise Away when the store cannot be reached, and OSError when it is
    full."""

    def put(self, name: str, content: IO[bytes]) -> None:
        """Write a file; when this returns it is safe and whole. A fault leaves nothing."""

    def open(self, name: str) -> IO[bytes]:
        """Raises Missing."""

    def entries(self) -> Iterator[Entry]:
        """What there is, also what is being written just now."""

    def discard(self, names: Iterable[str]) -> None:
        """Remove files. What cannot be removed now stays for the next sweep."""

    def where(self, name: str) -> str:
        """Where a file lies, for operators."""

    def ask(self) -> None:
        """Does it answer? Raises Away soon."""

    def open_to_everybody(self, name: str) -> bool:
        """Can anybody who asks the store list its files, or read this one? Raises Away."""
