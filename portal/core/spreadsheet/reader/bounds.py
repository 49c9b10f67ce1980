"""Limits of a workbook's size, checked before anything of it reaches the portal.

Part of the reader's process, without the portal (`sandbox.py`). A small file can stand for anything: parts that unpack
to gigabytes, one part that is a thousand sheets, cells that are repeated or merged a million times.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile, ZipFile

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

Area = tuple[int, int, int, int]


class TooMuch(Exception):
    """Raised with the code of the limit that a workbook exceeds."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Limits:
    """`rows`, `cells`, `characters` and `merged` (rows covered by merged cells) count all sheets together; `parts` and
    `unpacked` bytes are of the zip; `memory` is in bytes, and `seconds` are CPU time."""

    rows: int
    columns: int
    cells: int
    characters: int
    sheets: int
    merged: int
    parts: int
    unpacked: int
    memory: int
    seconds: int


def limit_process(memory: int, seconds: int) -> None:
    """Limit memory and CPU time. On systems without such limits, only the parent's timeout applies."""
    if resource is None:
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def check_zip(path: Path, limits: Limits) -> None:
    """Check the sizes in the zip directory. A wrong size is detected when the part is read, or by the memory limit."""
    try:
        with ZipFile(path) as parts:
            listed = parts.infolist()
    except BadZipFile:
        return  # no zip, or a broken one: whoever reads it says so
    if len(listed) > limits.parts or sum(part.file_size for part in listed) > limits.unpacked:
        raise TooMuch("unpacks")


class Room:
    """The remaining limits for all sheets together, since many sheets can be the same part of a small file."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.rows, self.cells, self.characters = limits.rows, limits.cells, limits.characters
        self.sheets, self.merged = limits.sheets, limits.merged

    def take_sheet(self, name: str) -> None:
        self.sheets -= 1
        self.characters -= len(name)
        if self.sheets < 0 or self.characters < 0:
            raise TooMuch("too much")

    def take_row(self, row: list[str]) -> None:
        self.rows -= 1
        if self.rows < 0 or len(row) > self.limits.columns:
            raise TooMuch("too large")
        self.cells -= len(row)
        self.characters -= sum(map(len, row))
        if self.cells < 0 or self.characters < 0:
            raise TooMuch("too much")

    def take_merged(self, areas: list[Area]) -> list[Area]:
        """The merged areas, cut off at the limits for rows and columns."""
        last_row, last_column = self.limits.rows - 1, self.limits.columns - 1
        found = [
            (top, left, min(bottom, last_row), min(right, last_column))
            for top, left, bottom, right in areas
            if top <= last_row and left <= last_column
        ]
        self.merged -= sum(max(bottom - top, 0) + 1 for top, _, bottom, _ in found)
        if self.merged < 0:
            raise TooMuch("too much")
        return found

    def within(self, rows: set[int], columns: set[int]) -> tuple[list[int], list[int]]:
        """The rows and columns within the limits."""
        return sorted(n for n in rows if n < self.limits.rows), sorted(n for n in columns if n < self.limits.columns)


__all__ = ["Limits", "Room", "TooMuch", "check_zip", "limit_process"]
