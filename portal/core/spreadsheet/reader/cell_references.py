"""Cells that refer to other cells (同上) or hold database ids."""

from __future__ import annotations

import re

from flask_babel import gettext

from portal.core.fields import Kind
from portal.core.spreadsheet.reader.headings import plain

# What means some other cell, nobody knows which.
ELSEWHERE = re.compile(r"[同如见](?:左|右|下|前述|下文|附件|附表|另表)|(?:以)?下同")
DITTO = frozenset(
    {
        *(
            "同上",
            "如上",
            "同以上",
            "与上同",
            "上同",
            "同前",
            "同上行",
            "同上一行",
            "同前行",
            "同前一行",
            "同上条",
            "同上列",
        ),
        *("ditto", "idem"),
    }
)
# Signs for the same, drawn in many ways, between dashes or not.
DITTO_SIGN = re.compile("[-—–·.\\s]*(?:[〃〞〟″ˮ\"“”＂]|['′‘’`´]{2}){1,2}[-—–·.\\s]*")


def is_ditto(text: str) -> bool:
    return len(text) <= 7 and (plain(text).rstrip("。.") in DITTO or bool(DITTO_SIGN.fullmatch(text)))


def unclear(kind: Kind | None, text: str) -> str:
    """The reason why a cell cannot be understood; "" if its field can parse it."""
    if ELSEWHERE.fullmatch(text):
        return gettext("Please write here what “%(text)s” means.", text=text)
    return number_of_nobody(kind, text) if kind else ""


def number_of_nobody(kind: Kind, text: str) -> str:
    """Message for a number in a cell of a link: forms post database ids, which sheets do not have. "" for other
    cells."""
    if not kind.refers or not any(part.strip().isdecimal() for part in kind.from_cell(text)):
        return ""
    return gettext("Please write the name; the number %(text)s does not say what is meant.", text=text)


__all__ = ["is_ditto", "number_of_nobody", "unclear"]
