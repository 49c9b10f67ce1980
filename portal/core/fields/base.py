"""Fields, and the interface of all kinds of fields."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from flask_babel import LazyString, gettext
from sqlalchemy import ForeignKey
from sqlalchemy.orm import mapped_column
from sqlalchemy.sql import ColumnElement
from sqlalchemy.types import TypeEngine

from portal.core.access import scope
from portal.core.fields.cell_checks import Entry
from portal.core.fields.sheet_columns import SheetColumn, each_told
from portal.core.punctuation import listed

Label: TypeAlias = LazyString | str


# From the text of a cell to the text that is meant, and to what is said where that is not the same.
Reading: TypeAlias = Callable[[str], tuple[str, str]]
LARGEST = 2**31 - 1
# Characters of what is no text: a number, a day, a name of somebody or something that is chosen.
LONGEST_VALUE = 500
BRINGING = ("import", "adopt")  # what a sheet does with rows
LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
OTHER_SPACE = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
# Private use, and halves of a character.
UNKEEPABLE = re.compile("[\ud800-\udfff\ue000-\uf8ff\U000f0000-\U0010ffff]")
OTHER_THAN_COMPATIBILITY = re.compile("[^\uf900-\ufaff\U0002f800-\U0002fa1f]+")
# What spreadsheets show instead of a value (Excel, LibreOffice); rows of # are numbers wider than their column.
ERROR = re.compile(
    r"#(?:REF!|N/A|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|UNKNOWN!|BUSY!"
    r"|GETTING_DATA|UNCOMPUTED!)|Err:\d{3}|#{3,}"
)
# A long number as a spreadsheet shows it: its last digits are lost.
SHORTENED = re.compile(r"[+-]?\d(?:[.,]\d+)?[eE]\+\d{2,}", re.ASCII)
# What the reader says of a formula that nobody has computed (`core/spreadsheet/reader/workbook_xml.py`).
UNCOMPUTED = "#UNCOMPUTED!"
# What counts as not filled in.
BLANK: tuple[object, ...] = (None, "", (), [])


class BadValue(ValueError):
    """Raised if the text is not a valid value of the field; the message is for the user. `brief` is a shorter message
    for fields that already show the choices."""

    def __init__(self, message: str = "", brief: str = "") -> None:
        super().__init__(message)
        self.brief = brief or message


@dataclass(frozen=True)
class Other:
    """The "other" choice, and the field of the same record that stores the wording. `only`: the wordings accepted for
    it, if any other wording is a mistake."""

    value: str
    words: str
    only: frozenset[str] | None = None


class Kind:
    """One kind of field: how it is stored, read from a form or a sheet, shown, exported and filtered."""

    widget = "text"
    multiple = False
    # Does the value name somebody or something else, so that another value is about another one?
    refers = False
    # Do records differ in it, and does its text alone say the value? Then it finds the few that a row may be.
    selective = False
    # Numbers and dates: do not break, align and compare.
    compact = False
    # Can a list be put in the order of this column?
    ordered = True

    def column_type(self) -> TypeEngine[Any]:
        raise TypeError(f"{type(self).__name__} has no column of its own")

    def parse(self, typed: Sequence[str], before: object) -> Any:
        """Parse form input; None if it is empty. `before` is the stored value. Raises BadValue."""
        # Without scripts a select posts beside a text field, which stays blank unless something else is meant.
        text = next((text for raw in reversed(typed) if (text := clean(raw))), "")
        refuse_long(text)
        refuse_unkeepable(text)
        return self.parse_text(text, before) if text else None

    def parse_text(self, text: str, before: object) -> Any:
        return text

    def typed(self, value: Any) -> list[str]:
        """The form texts of a value: `parse(typed(value), value)` returns the value."""
        return [] if value is None else [str(value)]

    def json(self, value: Any) -> Any:
        """The value as JSON for REST, masked where `typed` is; when sent back it gives the same value."""
        texts = self.typed(value)
        return texts if self.multiple else next(iter(texts), None)

    def schema(self) -> dict[str, Any]:
        """JSON Schema of the value in REST."""
        return {"type": "string"}

    def read(self, record: Any, name: str) -> Any:
        """The value to show; links return the linked record."""
        return getattr(record, name)

    def linked(self, record: Any, name: str) -> Any:
        """The row itself that a record links to by this field."""
        return None

    def loading(self, model: type[Any], name: str) -> Any:
        """Loader option that fetches what `read` returns together with the record; None if the column is enough."""
        return None

    def columns(self, name: str) -> tuple[str, ...]:
        """The columns that hold the value."""
        return (name,)

    def from_cell(self, text: str) -> list[str]:
        """Convert the text of a worksheet cell to form input."""
        return [text]

    # The units in which a column of numbers may be counted; none: units mean nothing to this kind.
    counted_in: tuple[str, ...] = ()

    def reading(self, texts: Sequence[str], unit: str, others: Sequence[str]) -> Reading | None:
        """Returns a function that reads the cells of one worksheet column, if their meaning depends on the whole
        column: on all `texts`, the `unit` in its heading, and `others`, the units that the sheet gives for all columns.
        None: each cell is read by itself.

        The function returns the text and a remark for the user ("" for none). It may raise BadValue.
        """
        return None

    # Sheets that are adopted may say something else than the choices, where this is declared.
    other: Other | None = None

    def no_choice(self, typed: Sequence[str]) -> list[str]:
        """The texts that match none of the choices, without spreadsheet errors such as #REF!."""
        only = self.other.only if self.other else None
        texts = (text for raw in typed if (text := clean(raw)) and not ERROR.fullmatch(text))
        return [text for text in texts if (only is None or text in only) and not self._takes(text)]

    def _takes(self, text: str) -> bool:
        try:
            self.parse([text], None)
        except BadValue:
            return False
        return True

    # Does history tell what changed in this column? People are told by the column with their names.
    told = True

    # Can a column of a sheet be told by cells that parse as this kind? Nearly everything parses as text.
    telling = False

    def stored(self, record: Any, name: str) -> Any:
        """The value as a form edits it."""
        return getattr(record, name)

    def store(self, record: Any, name: str, value: Any) -> None:
        setattr(record, name, value)

    def owners(self, id_: int) -> list[int]:
        """The units that can own a record which links to this row, in official order."""
        return []

    def after_owner_known(self, record: Any, name: str) -> None:
        """Hook: set what depends on the owning unit."""

    def lacks(self, record: Any, name: str) -> bool:
        """Is the value still missing?"""
        return self.stored(record, name) in BLANK

    def unsure(self, record: Any, name: str) -> bool:
        """Does a user have to check the value again?"""
        return False

    def show(self, value: Any) -> str:
        """The text for every output (page, workbook, message), masked where necessary. There is no other way out."""
        return "" if value is None else str(value)

    # Does the sum of a column mean anything?
    adds_up = False
    # Yuan, which forms show with thousands separators?
    money = False
    # In what the numbers are, where a sheet has to say so.
    unit = ""

    # Is what this kind holds personal, so that it is shown masked and in full only for a purpose?
    personal = False
    # Is it a name that those who look after somebody see without a step?
    named = False

    def masked(self, value: Any) -> bool:
        """Does `show` hide a part of this value?"""
        return False

    def is_mask(self, text: str) -> bool:
        """Is this cell text a mask as `show` returns it, and not a value?"""
        return False

    def in_full(self, value: Any) -> str:
        """The unmasked value, only for the page that has asked for the purpose."""
        return self.show(value)

    def brief(self, value: Any) -> str:
        """The short text for a list."""
        return self.show(value)

    def retell(self, typed: Sequence[str]) -> str:
        """Readable text of a value that `typed` returned earlier, since history stores texts."""
        return listed(dict(self.shown_choices(typed)).get(text, text) for text in typed)

    def entry(self) -> Entry:
        """The values that a cell of a template accepts."""
        return Entry()

    def cell(self, value: Any) -> Any:
        """The value of a worksheet cell: a number, a date or text."""
        return self.show(value)

    def sheet_column(self, name: str) -> SheetColumn:
        """What tells the cells of a column of this kind, for one sheet: it may keep what it has learnt."""
        return each_told(self, name)

    def sheet_loading(self, model: type[Any], name: str) -> Any:
        """The loader option that fetches with records what `sheet_column` reads; None when the columns are enough."""
        return self.loading(model, name)

    def options(self) -> Iterable[tuple[str, str]] | None:
        """(value, text) of all choices if they are fixed."""
        return None

    def shown_choices(self, values: Sequence[str]) -> list[tuple[str, str]]:
        """(value, text) of the selected choices, for remote selects."""
        return []

    def code_lists(self) -> tuple[str, ...]:
        """The code lists that this field uses."""
        return ()

    def filter(self, column: Any, typed: Sequence[str]) -> ColumnElement[bool] | None:
        """The SQL condition of `<field>=value` in a list; None if no value is given. Raises BadValue."""
        value = self.parse(typed, None)
        return None if value is None else column == value

    filter_widget: str | None = None  # None: lists cannot be filtered by this kind

    def same(self, model: type[Any], name: str, value: Any) -> ColumnElement[bool] | None:
        """The SQL condition that a record has this value; None without a value."""
        if value is None:
            return None
        column, ways = getattr(model, name), self.ways_to_write(value)
        found: ColumnElement[bool] = column.in_(ways) if len(ways) > 1 else column == value
        return found

    def ways_to_write(self, value: Any) -> Sequence[Any]:
        """All stored spellings of a value; the last is the canonical one."""
        return (value,)

    def faults(self, name: str, column: Any) -> Iterable[str]:
        """Errors in the declaration of a field of this kind, as text."""
        return ()


@dataclass(frozen=True)
class Field:
    """A field of a record: its kind, its label, and whether it must be filled."""

    kind: Kind
    label: Label
    required: bool = False
    hint: Label | None = None
    default: Callable[[], Any] | None = None
    # False: made by the portal, shown but never taken from a form.
    entered: bool = True
    # Once saved it stays: other rows know this one by it.
    fixed: bool = False
    # Whether the current user has anything to choose here; the others' default is not shown to them.
    asked: Callable[[], bool] | None = None
    # Made from other fields of the form when it is left empty (`Form.defaults`).
    derived: bool = False

    @property
    def starred(self) -> bool:
        """Is a form that leaves this empty refused?"""
        return self.required and not self.derived


def field(
    kind: Kind, label: Label, *, nullable: bool = True, index: bool = False, unique: bool = False, **rules: Any
) -> Any:
    """A mapped column that carries its kind, label and rules, so that each is declared once.

    Columns are nullable even if the form requires them, because records imported from paper have gaps.
    """
    declared = Field(kind, label, **rules)
    return mapped_column(kind.column_type(), nullable=nullable, index=index, unique=unique, info={"field": declared})


def link(kind: Kind, label: Label, target: str, *, index: bool = True, **rules: Any) -> Any:
    """A column that links to another table, `target` as in `unit.id`."""
    return mapped_column(ForeignKey(target), nullable=True, index=index, info={"field": Field(kind, label, **rules)})


def clean(text: str) -> str:
    """The input without surrounding spaces and without control characters.

    Nothing else is removed, whether this version of Python knows the character or not: joiners and variation selectors
    belong to their neighbours. Invisible characters, and those that only change the writing direction, count as control
    characters. Other kinds of space become ordinary ones, and other line endings a line break.
    """
    return OTHER_SPACE.sub(" ", CONTROL.sub("", LINE_END.sub("\n", text))).strip()


def refuse_long(text: str, most: int = LONGEST_VALUE) -> None:
    """Refuse long text before any regular expression runs on it, which could take minutes. Raises BadValue."""
    if len(text) > most:
        raise BadValue(gettext("At most %(limit)d characters; there are %(count)d.", limit=most, count=len(text)))


def refuse_unkeepable(text: str) -> None:
    """Refuse private-use characters and unpaired surrogates; in imports also values that a spreadsheet has damaged.
    Raises BadValue."""
    if found := UNKEEPABLE.search(text):
        code = f"U+{ord(found[0]):04X}"
        raise BadValue(gettext("The character %(code)s cannot be kept: it means something else elsewhere.", code=code))
    # Somebody may well write about such an error in a form.
    if scope.current_verb() not in BRINGING:
        return
    if text == UNCOMPUTED:
        raise BadValue(
            gettext("This formula has no result yet; please save the sheet in a spreadsheet program, then bring it.")
        )
    if ERROR.fullmatch(text):
        raise BadValue(gettext("There is an error in the sheet: %(error)s", error=text))
    if SHORTENED.fullmatch(unicodedata.normalize("NFKC", text)):
        raise BadValue(gettext("The sheet has shortened this number and lost its last digits; please write them all."))


def composed(text: str) -> str:
    """NFC, but CJK compatibility ideographs, which NFC would replace, are kept."""
    return OTHER_THAN_COMPATIBILITY.sub(lambda found: unicodedata.normalize("NFC", found[0]), text)


def natural(text: str) -> int | None:
    """The integer written in plain digits, if it can be a database id or version; else None."""
    plain = text.isascii() and text.isdecimal() and len(text) <= 10
    return found if plain and (found := int(text)) <= LARGEST else None
