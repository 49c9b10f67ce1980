"""Text, with its limits and with what may not stand in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import gettext
from sqlalchemy import String
from sqlalchemy.sql import ColumnElement
from sqlalchemy.types import TypeEngine

from portal.core.fields.base import BadValue, Kind, clean

ID_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx](?![\dXx])")
MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
SECRECY = re.compile(r"(秘密|机密|絕密|绝密|機密)\s*[★☆]")
ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def is_id_number(text: str) -> bool:
    """18 characters with the right check digit (GB 11643), so that a credit code passes for what it is."""
    total = sum(int(digit) * weight for digit, weight in zip(text, ID_WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == text[17].upper()


def refuse_personal(text: str) -> None:
    """Free text carries no ID number, no mobile number and no secrecy mark (`domain.md` §2.0)."""
    narrow = unicodedata.normalize("NFKC", text)
    if any(is_id_number(found) for found in ID_NUMBER.findall(narrow)):
        raise BadValue(gettext("Please do not write ID numbers in text."))
    if MOBILE.search(narrow):
        raise BadValue(gettext("Please do not write mobile numbers in text."))
    if SECRECY.search(narrow):
        raise BadValue(gettext("This portal must not hold secrets: text with a secrecy mark is refused."))


class Text(Kind):
    """Up to `limit` characters; `lines` for several lines, `least` for a minimum, `pattern` for its form.

    `free` text is searched for personal data; numbers and codes are not.
    """

    filter_widget = "text"

    def __init__(
        self, limit: int, *, lines: bool = False, least: int = 0, pattern: str = "", free: bool = True
    ) -> None:
        self.limit, self.lines, self.least, self.free = limit, lines, least, free
        self.pattern = re.compile(pattern) if pattern else None
        self.widget = "lines" if lines else "text"
        self.compact = not free

    def column_type(self) -> TypeEngine[Any]:
        return String(self.limit)

    def parse(self, typed: Sequence[str], before: object) -> str | None:
        text = clean(typed[-1].replace("\r\n", "\n").replace("\r", "\n")) if typed else ""
        return self.parse_text(text, before) if text else None

    def parse_text(self, text: str, before: object) -> str:
        text = unicodedata.normalize("NFC", text)
        if not self.lines:
            text = " ".join(text.split())
        if len(text) > self.limit:
            raise BadValue(
                gettext("At most %(limit)d characters; there are %(count)d.", limit=self.limit, count=len(text))
            )
        if len(text) < self.least:
            raise BadValue(gettext("At least %(least)d characters.", least=self.least))
        if self.pattern and not self.pattern.fullmatch(text):
            raise BadValue(gettext("This does not have the expected form."))
        if self.free:
            refuse_personal(text)
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.limit}

    def filter(self, column: Any, typed: Sequence[str]) -> ColumnElement[bool] | None:
        text = clean(typed[-1]) if typed else ""
        found: ColumnElement[bool] = column.icontains(text, autoescape=True)
        return found if text else None

    def faults(self, name: str, column: Any) -> Iterable[str]:
        length = getattr(column.type, "length", None)
        if length is not None and length < self.limit:
            yield f"{name} takes {self.limit} characters, its column only {length}"
