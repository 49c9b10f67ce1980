"""Personal data: encrypted at rest, masked wherever it is shown (`docs/domain` §3.5)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import g
from flask_babel import gettext, ngettext
from sqlalchemy.types import TypeEngine

from portal.core.access import scope
from portal.core.fields.base import BadValue, Kind, Other, Reading, composed
from portal.core.fields.cell_checks import Entry
from portal.core.fields.choices import Codes, is_unsure
from portal.core.fields.numbers import Money
from portal.core.fields.people.names import (
    BRACKETS,
    LANDLINE,
    MOBILE,
    name_key,
    of_no_phone,
    of_nobody,
    person_name,
    phone_number,
)
from portal.org.encrypted import Sealed, SealedOrPlain, SealedText

COUNT = re.compile(r"\d+\s*(items?|项|項)")  # how many codes are hidden, as `PersonalCodes.show` says it


def mask_phone(text: str) -> str:
    """154****0001."""
    return f"{text[:3]}****{text[-4:]}"


def mask_name(text: str) -> str:
    """王*."""
    return f"{text[:1]}*"


def mask_all(text: str) -> str:
    return "******"


def mask_amount(text: str) -> str:
    return "***"


class Personal(Kind):
    """A personal value. Forms show it masked; posting the mask keeps the stored value."""

    personal = True
    # By their digests, which are in no order, those of one name would still stand together.
    ordered = False

    def __init__(self, mask: Callable[[str], str] = mask_all, limit: int = 100) -> None:
        self.mask, self.limit = mask, limit

    def column_type(self) -> TypeEngine[Any]:
        return SealedText()

    def parse_text(self, text: str, before: object) -> Any:
        if before is not None and text == self.show(before):
            return before
        if len(text) > self.limit:
            raise BadValue(
                gettext("At most %(limit)d characters; there are %(count)d.", limit=self.limit, count=len(text))
            )
        if text == self.mask(text):
            raise BadValue(gettext("So hidden values are shown; please write the whole value."))
        plain = self.plain(text)
        return Sealed.of(plain, self.compared(plain))

    def plain(self, text: str) -> str:
        """The normal form of this value. Raises BadValue."""
        return " ".join(composed(text).split())

    def compared(self, plain: str) -> str:
        """The part of the value that is compared for equality."""
        return plain

    def entry(self) -> Entry:
        return Entry(words=gettext("At most %(limit)d characters", limit=self.limit))

    def typed(self, value: Any) -> list[str]:
        return [self.show(value)] if value else []

    def show(self, value: Any) -> str:
        return self.mask(value.reveal()) if isinstance(value, Sealed) else value or ""

    def masked(self, value: Any) -> bool:
        return isinstance(value, Sealed)

    def is_mask(self, text: str) -> bool:
        return "*" in unicodedata.normalize("NFKC", text)

    def in_full(self, value: Any) -> str:
        return value.reveal() if isinstance(value, Sealed) else self.show(value)


class Mobile(Personal):
    """A mobile number."""

    def __init__(self) -> None:
        super().__init__(mask_phone, 20)

    def reading(self, texts: Sequence[str], unit: str, others: Sequence[str]) -> Reading:
        return of_no_phone

    def plain(self, text: str) -> str:
        number = phone_number(text)
        if not MOBILE.fullmatch(number):
            raise BadValue(gettext("This is not a mobile number: 11 digits, please."))
        return number


@dataclass(frozen=True)
class Seen:
    """A name that this user may see unmasked without stating a purpose."""

    value: Sealed


class PersonName(Personal):
    """The name of a person who receives help. Users with the permission `names` on the record see it unmasked on pages
    without stating a purpose; this is logged once a day (`docs/domain` §3.5)."""

    named = True

    def __init__(self) -> None:
        super().__init__(mask_name, 50)

    def plain(self, text: str) -> str:
        name = person_name(text, digits=3)
        if BRACKETS.search(name):
            raise BadValue(gettext("Only the name, please; what stands in brackets belongs in the remarks."))
        return name

    def reading(self, texts: Sequence[str], unit: str, others: Sequence[str]) -> Reading:
        return of_nobody

    def compared(self, plain: str) -> str:
        return name_key(plain)

    def read(self, record: Any, name: str) -> Any:
        value, principal = super().read(record, name), scope.current()
        if not isinstance(value, Sealed) or principal.everything:
            return value
        if not principal.reach("names", record.ledger_name).owns(record):
            return value
        g.setdefault("names_seen", set()).add(record.ledger_name)
        return Seen(value)

    def show(self, value: Any) -> str:
        return value.value.reveal() if isinstance(value, Seen) else super().show(value)

    def cell(self, value: Any) -> Any:
        """Always masked in workbooks, because they are passed on."""
        return super().show(value.value if isinstance(value, Seen) else value)


class PersonalPhone(Personal):
    """A private number, mobile or landline; always encrypted."""

    compact = True

    def __init__(self) -> None:
        super().__init__(mask_phone, 30)

    def reading(self, texts: Sequence[str], unit: str, others: Sequence[str]) -> Reading:
        return of_no_phone

    def plain(self, text: str) -> str:
        number = phone_number(text)
        if not MOBILE.fullmatch(number) and not LANDLINE.fullmatch(number):
            raise BadValue(gettext("This is not a phone number; write it like 022-12345678."))
        return number


class PersonalMoney(Personal):
    """Yuan that a person received. Only sums of such amounts are shown."""

    widget = "number"
    compact = money = True
    yuan = Money()

    def __init__(self) -> None:
        super().__init__(mask_amount, 30)

    def plain(self, text: str) -> str:
        return str(self.yuan.parse_text(text, None))

    def entry(self) -> Entry:
        return self.yuan.entry()

    def in_full(self, value: Any) -> str:
        return self.yuan.show(self.amount(value)) if isinstance(value, Sealed) else ""

    def retell(self, typed: Sequence[str]) -> str:
        """Mask amounts in history entries that were written before these amounts were encrypted."""
        return self.mask("")

    @staticmethod
    def amount(value: Sealed | None) -> Decimal:
        return Decimal(value.reveal()) if value is not None else Decimal(0)


class PersonalCodes(Personal):
    """Several codes with sensitive information about a person: encrypted, shown only as a count.

    A form does not show the selected codes; selecting none keeps them.
    """

    widget = "multiple"
    multiple = True

    def __init__(self, code_list: str, *, other: Other | None = None) -> None:
        """`other` stores its wording in an encrypted field, too."""
        super().__init__()
        self.codes, self.other = Codes(code_list), other

    def unsure(self, record: Any, name: str) -> bool:
        value = getattr(record, name)
        return value is not None and is_unsure(self.other, record, name, tuple(value.reveal().split(",")))

    def code_lists(self) -> tuple[str, ...]:
        return self.codes.code_lists()

    def options(self) -> Iterable[tuple[str, str]]:
        return self.codes.options()

    def schema(self) -> dict[str, Any]:
        return self.codes.schema()

    def entry(self) -> Entry:
        return self.codes.entry()

    def from_cell(self, text: str) -> list[str]:
        return self.codes.from_cell(text)

    def parse(self, typed: Sequence[str], before: object) -> Any:
        chosen = self.codes.parse(typed, None)
        return Sealed.of(",".join(chosen)) if chosen else before

    def typed(self, value: Any) -> list[str]:
        return []

    def is_mask(self, text: str) -> bool:
        return super().is_mask(text) or bool(COUNT.fullmatch(text.strip()))

    def show(self, value: Any) -> str:
        count = len(value.reveal().split(",")) if isinstance(value, Sealed) else 0
        return ngettext("%(num)d item", "%(num)d items", count) if count else ""

    def in_full(self, value: Any) -> str:
        return self.codes.show(tuple(value.reveal().split(","))) if isinstance(value, Sealed) else ""


class Phone(Personal):
    """An office phone, shown in full; a mobile number typed instead is personal data and is encrypted."""

    compact = True

    def __init__(self) -> None:
        super().__init__(mask_phone, 30)

    def column_type(self) -> TypeEngine[Any]:
        return SealedOrPlain()

    def reading(self, texts: Sequence[str], unit: str, others: Sequence[str]) -> Reading:
        return of_no_phone

    def parse_text(self, text: str, before: object) -> Any:
        number = phone_number(text)
        if LANDLINE.fullmatch(number):
            return number
        return super().parse_text(text, before)

    def plain(self, text: str) -> str:
        number = phone_number(text)
        if not MOBILE.fullmatch(number):
            raise BadValue(gettext("This is not a phone number; write it like 022-12345678."))
        return number
