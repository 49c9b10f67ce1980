"""Choosing from few: fixed choices, code lists (one or several), yes or no."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from flask import current_app
from flask_babel import force_locale, gettext
from sqlalchemy import Boolean, Dialect, String
from sqlalchemy.sql import ColumnElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from portal.core.fields.base import BadValue, Kind, Label, clean
from portal.core.phrases import listed
from portal.org.codes import codes

SEPARATORS = re.compile(r"[、,，;；/|\s]+")


class Choice(Kind):
    """One of a few values that the portal itself knows: (value, label) pairs."""

    widget = "select"
    filter_widget = "select"

    def __init__(self, *pairs: tuple[str, Label], also: Mapping[str, tuple[str, ...]] | None = None) -> None:
        """`also` are other words for a value, as sheets have them."""
        self.labels = dict(pairs)
        self.also = also or {}

    @cached_property
    def meanings(self) -> dict[str, str]:
        """The value by its label in any language, and by the other words for it."""
        found = {word: value for value, words in self.also.items() for word in words}
        for language in current_app.config["LANGUAGES"]:
            with force_locale(language):
                found |= {str(label): value for value, label in self.labels.items()}
        return found

    def column_type(self) -> TypeEngine[Any]:
        return String(max(16, *(len(value) for value in self.labels)))

    def parse_text(self, text: str, before: object) -> str:
        if text in self.labels:
            return text
        if text in self.meanings:
            return self.meanings[text]
        raise BadValue(gettext("This is not one of the choices."))

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.labels)}

    def show(self, value: Any) -> str:
        return str(self.labels.get(value, value)) if value is not None else ""

    def shown_choices(self, values: Sequence[str]) -> list[tuple[str, str]]:
        return [(value, str(self.labels[value])) for value in values if value in self.labels]

    def options(self) -> Iterable[tuple[str, str]]:
        return [(value, str(label)) for value, label in self.labels.items()]


class Code(Kind):
    """One code of a code list. A disabled code stays where it is, but cannot be chosen anew."""

    widget = "select"
    filter_widget = "select"
    telling = True

    def __init__(self, code_list: str) -> None:
        self.code_list = code_list

    def column_type(self) -> TypeEngine[Any]:
        return String(8)

    def code_lists(self) -> tuple[str, ...]:
        return (self.code_list,)

    def parse_text(self, text: str, before: object) -> str:
        return one_code(self.code_list, text, {before} if isinstance(before, str) else set())

    def from_cell(self, text: str) -> list[str]:
        """Sheets write more or less than the label; what holds only one label, or lies in only one, means it."""
        known = codes(self.code_list)
        if text in known.meanings:
            return [text]
        near = {code for label, code in known.meanings.items() if len(label) > 1 and (label in text or text in label)}
        return [near.pop()] if len(near) == 1 and len(text) > 1 else [text]

    def show(self, value: Any) -> str:
        return codes(self.code_list).labels.get(value, value) if value is not None else ""

    def options(self) -> Iterable[tuple[str, str]]:
        known = codes(self.code_list)
        return [(code, known.labels[code]) for code in known.enabled]

    def shown_choices(self, values: Sequence[str]) -> list[tuple[str, str]]:
        labels = codes(self.code_list).labels
        return [(value, labels[value]) for value in values if value in labels]

    def filter(self, column: Any, typed: Sequence[str]) -> ColumnElement[bool] | None:
        text = clean(typed[-1]) if typed else ""
        if text and text not in codes(self.code_list).labels:
            raise BadValue(gettext("This is not one of the choices."))
        return column == text if text else None


def one_code(code_list: str, text: str, kept: set[str]) -> str:
    """The code meant by a code or a label in any language. Raises BadValue."""
    known = codes(code_list)
    code = text if text in known.labels else known.meanings.get(text)
    if code is None or (code not in known.enabled and code not in kept):
        raise BadValue(gettext("This is not one of the choices."))
    return code


class CodeSet(TypeDecorator[tuple[str, ...]]):
    """Several codes in one column, as `,1,3,`: portable, and one of them is found by a plain LIKE."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return f",{','.join(value)}," if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[str, ...]:
        return tuple(value.strip(",").split(",")) if value else ()


class Codes(Code):
    """Several codes of a code list, kept in official order."""

    widget = "multiple"
    multiple = True

    def column_type(self) -> TypeEngine[Any]:
        return CodeSet(120)

    def from_cell(self, text: str) -> list[str]:
        return [part for part in SEPARATORS.split(text) if part]

    def parse(self, typed: Sequence[str], before: object) -> tuple[str, ...] | None:
        kept = set(before) if isinstance(before, tuple) else set()
        chosen = {one_code(self.code_list, text, kept) for raw in typed if (text := clean(raw))}
        return tuple(code for code in codes(self.code_list).labels if code in chosen) or None

    def typed(self, value: Any) -> list[str]:
        return list(value or ())

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "string"}}

    def show(self, value: Any) -> str:
        labels = codes(self.code_list).labels
        return listed(labels.get(code, code) for code in value or ())

    def filter(self, column: Any, typed: Sequence[str]) -> ColumnElement[bool] | None:
        text = clean(typed[-1]) if typed else ""
        if not text:
            return None
        if text not in codes(self.code_list).labels:
            raise BadValue(gettext("This is not one of the choices."))
        # Compared as the text it is stored as, not as a set.
        found: ColumnElement[bool] = column.cast(String).like(f"%,{text},%")
        return found


class YesNo(Kind):
    """A tick."""

    widget = "tick"
    filter_widget = "select"
    yes = {"1", "on", "true", "yes", "是", "y", "√"}
    no = {"", "0", "off", "false", "no", "否", "n"}

    def column_type(self) -> TypeEngine[Any]:
        return Boolean()

    def parse(self, typed: Sequence[str], before: object) -> bool:
        text = clean(typed[-1]).casefold() if typed else ""
        if text not in self.yes | self.no:
            raise BadValue(gettext("Yes or no, please."))
        return text in self.yes

    def typed(self, value: Any) -> list[str]:
        return ["1"] if value else []

    def json(self, value: Any) -> Any:
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}

    def show(self, value: Any) -> str:
        return "" if value is None else gettext("Yes") if value else gettext("No")

    def retell(self, typed: Sequence[str]) -> str:
        return self.show(list(typed) != ["0"])

    def options(self) -> Iterable[tuple[str, str]]:
        return [("1", gettext("Yes")), ("0", gettext("No"))]

    def filter(self, column: Any, typed: Sequence[str]) -> ColumnElement[bool] | None:
        if not typed or not typed[-1]:
            return None
        asked: ColumnElement[bool] = column.is_(self.parse(typed, None))
        return asked
