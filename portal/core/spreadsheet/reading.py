"""Workbooks as offices keep them, read within bounds: `.xlsx`, `.xls`, `.ods`, `.csv` in UTF-8 or GB18030."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from flask_babel import gettext

ENDINGS = (".xlsx", ".xls", ".xlsm", ".ods", ".et", ".csv", ".txt", ".tsv")
MOST_BYTES = 20 * 2**20
MOST_UNPACKED = 300 * 2**20
MOST_ROWS, MOST_COLUMNS = 20_000, 256
MEMORY = 1536 * 2**20
SECONDS = 60
READER = Path(__file__).with_name("reader.py")


class Unreadable(Exception):
    """A file that cannot be taken; the message is for whoever brought it."""


@dataclass(frozen=True)
class Sheet:
    """`rows` are texts, row 1 of the sheet first; merged cells stand in their upper left corner only."""

    name: str
    rows: list[list[str]]
    merged: list[tuple[int, int, int, int]]


def read(path: Path, name: str) -> list[Sheet]:
    """The sheets of a file that somebody called `name`. Raises Unreadable."""
    if not name.lower().endswith(ENDINGS):
        raise Unreadable(gettext("Please bring an Excel workbook or a CSV file (%(kinds)s).", kinds=" ".join(ENDINGS)))
    if path.stat().st_size > MOST_BYTES:
        raise Unreadable(gettext("The file is larger than %(most)d MB.", most=MOST_BYTES // 2**20))
    if unpacked(path) > MOST_UNPACKED:
        raise Unreadable(too_large())
    words = [str(path), name, str(MOST_ROWS), str(MOST_COLUMNS), str(MEMORY)]
    try:
        done = subprocess.run(  # noqa: S603 - our own script, no shell
            [sys.executable, "-I", str(READER), *words], capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise Unreadable(too_large()) from None
    answer: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 and done.stdout else {"fault": "too large"}
    if "fault" in answer:
        raise Unreadable(explained(answer["fault"]))
    return [Sheet(each["name"], each["rows"], [tuple(area) for area in each["merged"]]) for each in answer["sheets"]]


def unpacked(path: Path) -> int:
    """What a zipped workbook says it holds."""
    try:
        with ZipFile(path) as parts:
            return sum(part.file_size for part in parts.infolist())
    except BadZipFile:
        return 0


def too_large() -> str:
    return gettext(
        "The workbook is too large: at most %(rows)d rows in all, and %(columns)d columns a sheet.",
        rows=MOST_ROWS,
        columns=MOST_COLUMNS,
    )


def explained(code: str) -> str:
    if code == "password":
        return gettext("The workbook has a password; please save it without one.")
    if code == "too large":
        return too_large()
    return gettext("This file cannot be read as a workbook.")
