"""Names and office telephones stored as text in normal form (`docs/domain` §2.0)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flask_babel import gettext

from portal.core.fields.base import BadValue, Reading
from portal.core.fields.people.names import BRACKETS, LANDLINE, of_no_phone, one_name, person_name, phone_number
from portal.core.fields.text import Text

BESIDE = re.compile(r"(\s*[、,，;；/|]\s*)")


class Names(Text):
    """One or more people, with or without positions, not chosen from the roster."""

    def __init__(self, limit: int = 50, *, least: int = 0) -> None:
        super().__init__(limit, least=least)

    def parse_text(self, text: str, before: object) -> str:
        return super().parse_text("".join(map(self._part, BESIDE.split(" ".join(text.split())))), before)

    @staticmethod
    def _part(text: str) -> str:
        """Remove spaces inside a single name (张 三); keep them between a position and a name."""
        try:
            return one_name(text)
        except BadValue:
            return text


class OneName(Text):
    """The name of one person."""

    def __init__(self, limit: int = 50) -> None:
        super().__init__(limit)

    def parse_text(self, text: str, before: object) -> str:
        if text == before:
            return text
        name = super().parse_text(person_name(text), before)
        if BRACKETS.search(name):
            raise BadValue(gettext("Only the name, please; what stands in brackets belongs in the remarks."))
        return name


class Landline(Text):
    """An office telephone."""

    def __init__(self) -> None:
        super().__init__(30, free=False)

    def reading(self, texts: Sequence[str], unit: str, others: Sequence[str]) -> Reading:
        return of_no_phone

    def parse_text(self, text: str, before: object) -> str:
        number = phone_number(text)
        if not LANDLINE.fullmatch(number):
            raise BadValue(gettext("This is not an office phone; write it like 022-12345678."))
        return number
