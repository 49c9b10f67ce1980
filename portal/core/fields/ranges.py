"""Choices that are ranges of numbers, such as age bands: the number may be written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from flask_babel import gettext

from portal.core.fields.base import Reading
from portal.core.fields.choices import Choice
from portal.core.fields.dates import tens, unit

DIGITS = re.compile(r"(\d{1,3})(?:\.0+)?", re.ASCII)
IN_WORDS = re.compile("([一二三四五六七八九]?十)?([一二三四五六七八九]?)")


class Bands(Choice):
    """The code of a band is its lowest number. Numbers over `most` are mistakes; `counted_in` are the units accepted
    after a number."""

    most = 130

    def __init__(self, *pairs: tuple[str, str], also: dict[str, tuple[str, ...]], counted_in: Sequence[str]) -> None:
        super().__init__(*pairs, also=also)
        self.units = re.compile(f"(?:{'|'.join(map(re.escape, counted_in))})$")

    def parse_text(self, text: str, before: object) -> str:
        return self.band(text) or super().parse_text(text, before)

    def band(self, text: str) -> str:
        """The band that contains a number; "" if the text is no number."""
        number = self.number(text)
        if number is None or number > self.most:
            return ""
        return max((code for code in self.labels if int(code) <= number), key=int)

    def number(self, text: str) -> int | None:
        bare = self.units.sub("", "".join(unicodedata.normalize("NFKC", text).split()))
        if found := DIGITS.fullmatch(bare):
            return int(found[1])
        found = IN_WORDS.fullmatch(bare) if bare else None
        return tens(found[1]) + unit(found[2]) if found else None

    def reading(self, texts: Sequence[str], unit: str, others: Sequence[str]) -> Reading:
        """A remark says that only the band of a number is kept."""

        def read(text: str) -> tuple[str, str]:
            band = self.band(text)
            return text, gettext("Only the band is kept: %(band)s", band=self.show(band)) if band else ""

        return read


__all__ = ["Bands"]
