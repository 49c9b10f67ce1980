"""Cells of an `.xlsx` far from its table, found before calamine allocates everything up to them.

Part of the reader's process, without the portal (`sandbox.py`). One blank at XFD1048576 would else make a sheet of
thousands of millions of cells.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import partial
from xml.etree import ElementTree
from zipfile import ZIP_STORED, ZipFile

SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
STRINGS = "xl/sharedstrings.xml"
# Columns of three letters and those from IW on lie beyond the 256th; rows of six digits beyond all that are read.
WIDE = rb"(?:[A-Z]{3}|I[W-Z]|[J-Z][A-Z])\d+"
FAR = re.compile(rb'<c r="(' + WIDE + rb'|[A-Z]+\d{6,})"([^>]*?)(?:/>|>(.*?)</c>)', re.DOTALL)
VALUE = re.compile(rb"<(?:v|t)(?:\s[^>]*)?>([^<]*)</(?:v|t)>")
SPACE = re.compile(r"&#(?:x0*(?:20|A0|9|A|D|3000)|0*(?:32|160|9|10|13|12288));|\s|_x000D_", re.IGNORECASE)


class FarCell(Exception):
    """Raised with the address of a cell beyond all columns that are read, if it is not blank."""


def without_far_blanks(content: bytes) -> bytes:
    """The workbook without distant blank cells; unchanged if there are none. Raises FarCell for a distant column with a
    value."""
    changed: dict[str, bytes] = {}
    shared: set[int] | None = None  # the numbers of shared texts that are blank
    with ZipFile(io.BytesIO(content)) as parts:
        for name in filter(SHEET.fullmatch, parts.namelist()):
            part = parts.read(name)
            if not FAR.search(part):
                continue
            shared = set(blank_texts(parts)) if shared is None else shared
            changed[name] = FAR.sub(partial(kept, shared), part)
        return rewritten(parts, changed) if changed else content


def kept(shared: set[int], found: re.Match[bytes]) -> bytes:
    """Empty for a blank cell, else the cell unchanged."""
    about, inside = found[2], found[3] or b""
    values = VALUE.findall(inside)
    if b't="s"' in about:
        blank = all(int(value) in shared for value in values)
    else:
        blank = not any(SPACE.sub("", value.decode("utf-8", "replace")) for value in values)
    if blank:
        return b""
    if re.fullmatch(WIDE, found[1]):
        raise FarCell(found[1].decode())
    return found[0]  # far below: how many rows there are is judged with the rows


def blank_texts(parts: ZipFile) -> Iterator[int]:
    name = next((each for each in parts.namelist() if each.lower() == STRINGS), "")
    if not name:
        return
    number = -1
    with parts.open(name) as opened:
        for _, element in ElementTree.iterparse(opened):  # noqa: S314 - entities are refused by the caller
            if element.tag.rpartition("}")[2] == "si":
                number += 1
                if not "".join(element.itertext()).strip():
                    yield number
                element.clear()


def rewritten(parts: ZipFile, changed: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_STORED) as book:
        for name in parts.namelist():
            book.writestr(name, changed.get(name) or parts.read(name))
    return out.getvalue()
