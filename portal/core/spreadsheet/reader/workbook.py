"""Read office workbooks within limits: `.xlsx`, `.xls`, `.ods`, `.csv` in UTF-8 or GB18030."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore, Timer
from typing import Any

from flask_babel import gettext

from portal.core.spreadsheet.reader.workbook_xml import MOST_COLUMNS, MOST_ROWS

ENDINGS = (".xlsx", ".xls", ".xlsm", ".ods", ".et", ".csv", ".txt", ".tsv")
MOST_BYTES = 20 * 2**20
MOST_SHEETS = 500
MOST_CELLS, MOST_CHARACTERS = 1_500_000, 30_000_000
MOST_MERGED = 500_000  # rows that merged cells stand over
MOST_PARTS, MOST_UNPACKED = 20_000, 200 * 2**20  # of a zip
MEMORY = 400 * 2**20
SECONDS, LONGEST = 30, 45  # of the processor, and by the clock
READERS = BoundedSemaphore(2)  # at a time in this process
READER = Path(__file__).with_name("sandbox.py")


class Unreadable(Exception):
    """Raised if a file cannot be imported; the message is for the user."""


@dataclass(frozen=True)
class Sheet:
    """`rows` are texts, from row 1 of the sheet, without blanks at their ends; merged cells have their text in the
    upper left corner only. Hidden rows and columns, by index from 0, are included; callers decide about them."""

    name: str
    rows: list[list[str]]
    merged: list[tuple[int, int, int, int]]
    hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    # Do days that are kept as numbers count from 1904, as in old workbooks made on a Mac?
    date1904: bool = False
    # Of a table below another in one sheet: the sheet's name; `rows` are blank down to it.
    within: str = ""

    @property
    def page(self) -> str:
        """The name of the sheet in its workbook."""
        return self.within or self.name


def read(path: Path, name: str) -> list[Sheet]:
    """The sheets of a file uploaded as `name`. Raises Unreadable."""
    if not name.lower().endswith(ENDINGS):
        raise Unreadable(gettext("Please bring an Excel workbook or a CSV file (%(kinds)s).", kinds=" ".join(ENDINGS)))
    if path.stat().st_size > MOST_BYTES:
        raise Unreadable(gettext("The file is larger than %(most)d MB.", most=MOST_BYTES // 2**20))
    words = [str(path), name, json.dumps(limits())]
    with (
        READERS,
        subprocess.Popen(  # noqa: S603 - our own script, no shell
            [sys.executable, "-I", str(READER), *words],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process,
    ):
        timer = Timer(LONGEST, process.kill)
        timer.start()
        try:
            found = sheets(process.stdout or ())
            if found is None:  # the process ended before its answer did; a signal means that it took too much
                raise Unreadable(explained("unreadable" if process.wait() > 0 else "costly", ""))
            return found
        finally:
            timer.cancel()
            process.kill()


def environment() -> dict[str, str]:
    """The environment without our settings, some of which are secret. Backtraces are off, since a backtrace after
    running out of memory would hang. openpyxl writes different XML with lxml, which the portal does not need."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PORTAL_")}
    return kept | {"RUST_BACKTRACE": "0", "OPENPYXL_LXML": "False"}


def limits() -> dict[str, int]:
    return {
        "rows": MOST_ROWS,
        "columns": MOST_COLUMNS,
        "cells": MOST_CELLS,
        "characters": MOST_CHARACTERS,
        "sheets": MOST_SHEETS,
        "merged": MOST_MERGED,
        "parts": MOST_PARTS,
        "unpacked": MOST_UNPACKED,
        "memory": MEMORY,
        "seconds": SECONDS,
    }


def sheets(lines: Iterable[bytes]) -> list[Sheet] | None:
    """Parse the reader's output line by line, so that only the sheets are in memory. None if the output is
    incomplete."""
    found: list[Sheet] = []
    known: dict[str, str] = {}  # columns say the same in many rows; it is kept once
    for line in lines:
        answer: Any = json.loads(line)
        if isinstance(answer, list):
            found[-1].rows.append([known.setdefault(text, text) for text in answer])
        elif "fault" in answer:
            raise Unreadable(explained(answer["fault"], answer.get("where", "")))
        elif "end" in answer:
            return found
        else:
            found.append(sheet_of(answer))
    return None


def sheet_of(answer: dict[str, Any]) -> Sheet:
    return Sheet(
        answer["name"],
        [],
        [(top, left, bottom, right) for top, left, bottom, right in answer["merged"]],
        answer["hidden"],
        frozenset(answer["hidden_rows"]),
        frozenset(answer["hidden_columns"]),
        answer["date1904"],
    )


def too_large() -> str:
    return gettext(
        "The workbook is too large: at most %(rows)d rows in all, and %(columns)d columns a sheet.",
        rows=MOST_ROWS,
        columns=MOST_COLUMNS,
    )


def too_much() -> str:
    return gettext(
        "The workbook holds too much: at most %(cells)s cells, %(characters)s characters and %(sheets)d sheets in all."
        " Please bring it in parts.",
        cells=f"{MOST_CELLS:,}",
        characters=f"{MOST_CHARACTERS:,}",
        sheets=MOST_SHEETS,
    )


def costly() -> str:
    return gettext(
        "Reading this workbook takes too much time or memory. Please copy its table into a new workbook and bring that."
    )


def explained(code: str, where: str) -> str:
    said: dict[str, Callable[[], str]] = {
        "password": lambda: gettext("The workbook has a password; please save it without one."),
        "too large": too_large,
        "too much": too_much,
        "unpacks": lambda: gettext(
            "Unpacked, the workbook is larger than %(most)d MB. Please copy its table into a new one and bring that.",
            most=MOST_UNPACKED // 2**20,
        ),
        "costly": costly,
        "far cell": lambda: gettext(
            "Cell %(cell)s holds text, but only %(columns)d columns are read. Please remove it or bring fewer columns.",
            cell=where,
            columns=MOST_COLUMNS,
        ),
        "quotation mark": lambda: gettext(
            "The quotation mark in line %(line)s is not closed, or not doubled within the text.", line=where
        ),
        "old format": lambda: gettext(
            "This workbook cannot be read as a whole; please save it as .xlsx and bring that."
        ),
        "long cell": lambda: gettext("A cell in row %(row)s is longer than 32,767 characters.", row=where),
    }
    return said[code]() if code in said else gettext("This file cannot be read as a workbook.")
