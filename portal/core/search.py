"""Text search in both scripts: what is stored and what is asked are folded to Simplified, narrow, lower case."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Any

from opencc import OpenCC
from sqlalchemy import event, inspect
from sqlalchemy.orm import Mapper
from sqlalchemy.sql import ColumnElement

from portal.org.markers import Searchable


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


def fold(text: str) -> str:
    """台賬 and 台账, ＡＢ and ab become one."""
    narrow = unicodedata.normalize("NFKC", text).casefold()
    folded: str = narrow if narrow.isascii() else _simplifier().convert(narrow)
    return folded.replace("台帐", "台账")


def contains(column: Any, text: str) -> ColumnElement[bool]:
    """Rows whose folded column holds the folded text, `%` and `_` taken literally."""
    found: ColumnElement[bool] = column.contains(fold(text.strip()), autoescape=True)
    return found


def keep(_mapper: Mapper[Any], _connection: object, row: Searchable) -> None:
    found = text_of(getattr(row, name) for name in row.searched)
    row.search_text = found[: inspect(type(row)).columns["search_text"].type.length]


def text_of(parts: Iterable[Any]) -> str:
    """What a row is found by, of the values of its searched columns."""
    return fold(" ".join(str(part) for part in parts if part))[:600]


def install() -> None:
    for name in ("before_insert", "before_update"):
        if not event.contains(Searchable, name, keep):
            event.listen(Searchable, name, keep, propagate=True)
