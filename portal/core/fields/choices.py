"""Fields with few choices: fixed choices, code lists (one or several codes), yes or no."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from flask import current_app
from flask_babel import force_locale, gettext
from sqlalchemy import Boolean, Dialect, String
from sqlalchemy.sql import ColumnElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from portal.core.fields.base import LONGEST_VALUE, BadValue, Kind, Label, Other, clean, refuse_long
from portal.core.fields.cell_checks import LIST, Entry, several_in_a_cell
from portal.core.fields.sheet_columns import SheetColumn, once_told
from portal.core.punctuation import PAPER, clauses, listed
from portal.core.search import fold, remembering
from portal.org.codes import codes
from portal.org.encrypted import Sealed

SEPARATORS = re.compile(r"([、,，;；/|\s]+)")
MOST_WORDS = 8  # of one label
MOST_NAMED = 12  # choices in a message
NEAR = 0.6  # of 1: how alike two words are of which one may be meant
DENIED = re.compile("[非不未无原曾已脱]")
# 1.生活照料 2.就医陪诊: what only counts the things that follow.
COUNTING = re.compile(r"(?:^|(?<=[;；,，。\s]))[(（]?\d{1,2}[.．、)）]+\s*(?=[^\W\d_])|[①-⑳]")
# Around a whole text these only decorate it; inside they may say the contrary.
AROUND = ("()", "[]", "【】", "〔〕", "「」", "“”", "《》", '""', "''")
IN_WORDS = re.compile(r"[\s\-‐‑‒–—―]+")


@remembering(4096)
def word(text: str) -> str:
    """Normal form of a text for comparing it with choices, without spaces, dashes, final punctuation and enclosing
    brackets."""
    found = IN_WORDS.sub("", fold(text)).rstrip(".。,;、:")
    while len(found) > 2 and found[0] + found[-1] in AROUND:
        found = found[1:-1].rstrip(".。,;、:")
    return found


def meaning(text: str, meanings: Mapping[str, str]) -> str | None:
    """The value whose label is the whole text. Labels inside a longer text do not count: they may be negated, or one of
    several."""
    if text in meanings:
        return meanings[text]
    sought = word(text)
    values = {value for label, value in meanings.items() if word(label) == sought}
    return values.pop() if len(values) == 1 else None


def not_a_choice(text: str, labels: Iterable[str], meanings: Mapping[str, str]) -> BadValue:
    """Error that lists the choices (shortened) and suggests the closest one, which is never chosen automatically."""
    known = [label for label in labels if label]
    shown = listed(known[:MOST_NAMED])
    if len(known) > MOST_NAMED:
        shown = gettext("%(choices)s, … (%(count)d in all)", choices=shown, count=len(known))
    said = gettext("This is not one of the choices: %(choices)s", choices=shown)
    near = near_to(text, known, meanings)
    meant = [gettext("Is “%(label)s” meant?", label=near)] if near else []
    return BadValue(clauses([said, *meant]), brief=clauses([gettext("Not among the choices"), *meant]))


def near_to(text: str, labels: Sequence[str], meanings: Mapping[str, str]) -> str:
    """The label most similar to an unknown text; "" if there is none. A negated text never matches a label without
    negation."""
    words = {word(label): label for label in labels}
    others = {word(label): meanings.get(label, "") for label in meanings if word(label) not in words}
    found = get_close_matches(word(text), [*words, *others], n=1, cutoff=NEAR)
    if not found or (DENIED.search(word(text)) and not DENIED.search(found[0])):
        return ""
    meant = others.get(found[0])
    return words.get(found[0]) or next((label for label in labels if meanings.get(label) == meant), "")


def one_of(texts: Sequence[str], other: Other | None) -> Entry:
    words = gettext("One of: %(choices)s", choices=listed(texts))
    return Entry(LIST, words, texts, strict=other is None)


def is_unsure(other: Other | None, record: Any, name: str, value: Any) -> bool:
    """Does a user have to check an imported "other" value, because the sheet used its own wording? A plain "other"
    needs no check."""
    if other is None or record.source != "import":
        return False
    if other.value not in (value if isinstance(value, tuple) else (value,)):
        return False
    kept = getattr(record, other.words)
    words = kept.reveal() if isinstance(kept, Sealed) else kept or ""
    return said_of(record.__mapper__.columns[name].info["field"].label) in words


def said_of(label: Label) -> str:
    """The prefix ("label：") before the sheet's own wording where it is stored."""
    with force_locale(PAPER):
        return f"{label}："


class Choice(Kind):
    """One of a few values defined in code: (value, label) pairs."""

    widget = "select"
    filter_widget = "select"

    def __init__(
        self, *pairs: tuple[str, Label], also: Mapping[str, tuple[str, ...]] | None = None, other: Other | None = None
    ) -> None:
        """`also` are other words for a value that are used in sheets."""
        self.labels = dict(pairs)
        self.also = also or {}
        self.other = other

    @cached_property
    def meanings(self) -> dict[str, str]:
        """The value by label in every language, and by other words."""
        found = {word: value for value, words in self.also.items() for word in words}
        for language in current_app.config["LANGUAGES"]:
            with force_locale(language):
                found |= {str(label): value for value, label in self.labels.items()}
        return found

    def column_type(self) -> TypeEngine[Any]:
        return String(max(16, *(len(value) for value in self.labels)))

    def unsure(self, record: Any, name: str) -> bool:
        return is_unsure(self.other, record, name, getattr(record, name))

    def parse_text(self, text: str, before: object) -> str:
        if text in self.labels:
            return text
        found = meaning(text, self.meanings)
        if found is None:
            raise not_a_choice(text, map(str, self.labels.values()), self.meanings)
        return found

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.labels)}

    def show(self, value: Any) -> str:
        return str(self.labels.get(value, value)) if value is not None else ""

    def sheet_column(self, name: str) -> SheetColumn:
        return once_told(self, name)

    def shown_choices(self, values: Sequence[str]) -> list[tuple[str, str]]:
        return [(value, str(self.labels[value])) for value in values if value in self.labels]

    def options(self) -> Iterable[tuple[str, str]]:
        return [(value, str(label)) for value, label in self.labels.items()]

    def entry(self) -> Entry:
        return one_of([text for _, text in self.options()], self.other)


class Choices(Choice):
    """Several of a few values defined in code, at most `most`, kept in their order there."""

    widget = "multiple"
    multiple = True

    def __init__(self, *pairs: tuple[str, Label], most: int) -> None:
        super().__init__(*pairs)
        self.most = most

    def parse(self, typed: Sequence[str], before: object) -> tuple[str, ...] | None:
        texts = [text for raw in typed if (text := clean(raw))]
        for text in texts:
            refuse_long(text)
        chosen = {self.parse_text(text, before) for text in texts}
        if len(chosen) > self.most:
            raise BadValue(gettext("Please choose at most %(most)d.", most=self.most))
        return tuple(value for value in self.labels if value in chosen) or None

    def typed(self, value: Any) -> list[str]:
        return list(value or ())

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": super().schema(), "maxItems": self.most}

    def show(self, value: Any) -> str:
        return listed(str(self.labels.get(each, each)) for each in value or ())


class Code(Kind):
    """One code of a code list. A disabled code is kept in records, but cannot be selected again."""

    widget = "select"
    filter_widget = "select"
    telling = True

    def __init__(self, code_list: str, *, other: Other | None = None) -> None:
        self.code_list, self.other = code_list, other

    def column_type(self) -> TypeEngine[Any]:
        return String(8)

    def unsure(self, record: Any, name: str) -> bool:
        return is_unsure(self.other, record, name, getattr(record, name))

    def code_lists(self) -> tuple[str, ...]:
        return (self.code_list,)

    def parse_text(self, text: str, before: object) -> str:
        return one_code(self.code_list, text, {before} if isinstance(before, str) else set())

    def show(self, value: Any) -> str:
        return codes(self.code_list).labels.get(value, value) if value is not None else ""

    def sheet_column(self, name: str) -> SheetColumn:
        return once_told(self, name)

    def options(self) -> Iterable[tuple[str, str]]:
        known = codes(self.code_list)
        return [(code, known.labels[code]) for code in known.enabled]

    def entry(self) -> Entry:
        return one_of([text for _, text in self.options()], self.other)

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
    code = text if text in known.labels else meaning(text, known.meanings)
    if code is None or (code not in known.enabled and code not in kept):
        raise not_a_choice(text, [known.labels[each] for each in known.enabled], known.meanings)
    return code


class CodeSet(TypeDecorator[tuple[str, ...]]):
    """Several codes in one column, as `,1,3,`: portable, and one of them is found by a plain LIKE."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return f",{','.join(value)}," if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[str, ...]:
        return tuple(value.strip(",").split(",")) if value else ()


def labels_in(text: str, meanings: Mapping[str, str]) -> list[str]:
    """Split a text into labels. Labels can contain separators (Shopping and errands), so the longest match is taken
    first. Unknown words that are separated by spaces only stay together."""
    if len(text) > 4 * LONGEST_VALUE:  # more than all labels of a list: one text that is none
        return [text]
    parts = SEPARATORS.split(text.strip("、,，;；/| \n"))
    words, marks = parts[::2], ["", *parts[1::2]]
    found: list[str] = []
    at, loose = 0, False
    while at < len(words):
        ends = range(min(len(words), at + MOST_WORDS), at, -1)
        joined = {end: "".join(parts[2 * at : 2 * end - 1]) for end in ends}
        end = next((end for end, label in joined.items() if meaning(label, meanings) is not None), 0)
        if not end and loose and not marks[at].strip():
            found[-1] += marks[at] + words[at]
        else:
            found.append(joined[end or at + 1])
        at, loose = end or at + 1, not end
    return [each for each in found if each]


class Codes(Code):
    """Several codes of a code list, kept in official order."""

    widget = "multiple"
    multiple = True

    def column_type(self) -> TypeEngine[Any]:
        return CodeSet(120)

    def entry(self) -> Entry:
        """The drop-down list of a cell offers single codes; several are written with separators."""
        texts = [text for _, text in self.options()]
        words = gettext("One or several of: %(choices)s", choices=listed(texts))
        return Entry(LIST, clauses([words, several_in_a_cell()]), texts)

    def from_cell(self, text: str) -> list[str]:
        """The labels in the cell, in any language, and unknown text as it is written."""
        return labels_in(COUNTING.sub(" ", text).strip(), codes(self.code_list).meanings)

    def parse(self, typed: Sequence[str], before: object) -> tuple[str, ...] | None:
        kept = set(before) if isinstance(before, tuple) else set()
        texts = [text for raw in typed if (text := clean(raw))]
        for text in texts:
            refuse_long(text)
        chosen = {one_code(self.code_list, text, kept) for text in texts}
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
    yes = {*("1", "on", "true", "yes", "y"), *("是", "是的", "有", "对", "√", "✓", "✔", "☑")}
    no = {*("", "0", "off", "false", "no", "n"), *("否", "不是", "无", "没有", "×", "✗", "✘", "☐")}

    def column_type(self) -> TypeEngine[Any]:
        return Boolean()

    def parse(self, typed: Sequence[str], before: object) -> bool:
        text = clean(typed[-1]) if typed else ""
        refuse_long(text)
        text = word(text)
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

    def sheet_column(self, name: str) -> SheetColumn:
        return once_told(self, name)

    def retell(self, typed: Sequence[str]) -> str:
        return self.show(list(typed) != ["0"])

    def options(self) -> Iterable[tuple[str, str]]:
        return [("1", gettext("Yes")), ("0", gettext("No"))]

    def entry(self) -> Entry:
        return one_of([text for _, text in self.options()], None)

    def filter(self, column: Any, typed: Sequence[str]) -> ColumnElement[bool] | None:
        if not typed or not typed[-1]:
            return None
        asked: ColumnElement[bool] = column.is_(self.parse(typed, None))
        return asked
