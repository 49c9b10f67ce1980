"""Text search in both scripts: stored and searched texts are folded to Simplified, narrow, lower case."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache, lru_cache, wraps
from typing import Any, TypeVar

from opencc import OpenCC
from sqlalchemy import and_, event, inspect, or_, true
from sqlalchemy.orm import Mapper
from sqlalchemy.sql import ColumnElement

from portal.org.mixins import Searchable

Answer = TypeVar("Answer")
KEPT = 200  # characters


def remembering(most: int) -> Callable[[Callable[[str], Answer]], Callable[[str], Answer]]:
    """Decorator that caches results for recent short texts. Long texts would fill the memory and rarely repeat."""

    def around(told: Callable[[str], Answer]) -> Callable[[str], Answer]:
        known = lru_cache(most)(told)

        @wraps(told)
        def answer(text: str) -> Answer:
            return known(text) if len(text) <= KEPT else told(text)

        return answer

    return around


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


MOST_WORDS = 8
# The dots that stand within names, and the one that names are kept with.
DOTS = str.maketrans(dict.fromkeys("•‧・․●∙⋅᛫･", "·"))
# Says how a character is drawn or where a line may break, and nothing that is searched for or compared.
UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]")


def fold(text: str) -> str:
    """台賬 and 台账, ＡＢ and ab become one."""
    narrow = UNSEEN.sub("", unicodedata.normalize("NFKC", text)).casefold()
    folded: str = narrow if narrow.isascii() else _simplifier().convert(narrow)
    return folded.replace("台帐", "台账")


def words(text: str) -> list[str]:
    """The distinct folded words of a search text."""
    return list(dict.fromkeys(fold(text).split()))


def contains(column: Any, text: str) -> ColumnElement[bool]:
    """Rows whose folded column contains every word of the text, in any order; `%` and `_` are literal.

    One condition per word, with the dot as typed or as in names. A text with more than `MOST_WORDS` is searched as a
    whole.
    """
    asked = words(text)
    if len(asked) > MOST_WORDS:
        asked = [" ".join(fold(text).split())]
    ways = (dict.fromkeys((word, word.translate(DOTS))) for word in asked)
    return and_(true(), *(or_(*(column.contains(way, autoescape=True) for way in each)) for each in ways))


def keep(_mapper: Mapper[Any], _connection: object, row: Searchable) -> None:
    found = text_of(getattr(row, name) for name in row.searched)
    row.search_text = found[: inspect(type(row)).columns["search_text"].type.length]


def text_of(parts: Iterable[Any]) -> str:
    """The search text of a row from the values of its searched columns."""
    return fold(" ".join(str(part) for part in parts if part))[:600]


def install() -> None:
    for name in ("before_insert", "before_update"):
        if not event.contains(Searchable, name, keep):
            event.listen(Searchable, name, keep, propagate=True)
