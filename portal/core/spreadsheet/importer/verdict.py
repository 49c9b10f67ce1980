"""The outcome of a row: new, changed, unchanged or rejected, with remarks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import current_app
from flask_babel import force_locale, gettext

from portal.core.declaration.ledger import Ledger
from portal.core.fields import BadValue, Kind, days_in, parse_day
from portal.core.fields.dates import besides_days
from portal.core.records.forms.form import LedgerForm
from portal.core.spreadsheet.importer.identity import OFFICE, Contradiction
from portal.core.spreadsheet.reader.layout import SPAN

NEW, CHANGED, UNCHANGED, REJECTED = "new", "changed", "unchanged", "rejected"
UNTIL = re.compile(r"(?:有效期?)?(?:截?至|到|截止|截止[至到])?[:：]?(?:止|截止|为止|前|到期)?[.。]?")
# (record, name of the column, old, new)
Change = tuple[str, str, str, str]


class Rejected(Exception):
    """Raised for a rejected row: the field, the reason, and further errors."""

    def __init__(self, name: str, why: str, also: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(why)
        self.name, self.why, self.also = name, why, also


class Question(Rejected):
    """Raised if a row contradicts the record that it names; rejected until the user confirms it."""

    def __init__(self, record: Any, found: Sequence[Contradiction], ledger: Ledger, prefix: str = "") -> None:
        first = found[0]
        text = gettext(
            "This row names %(record)s, but %(field)s differs: there %(there)s, here %(here)s.",
            record=number_or_name(record),
            field=ledger.label_of(first.name),
            there=first.there or "—",
            here=first.here or "—",
        )
        super().__init__(prefix + first.name, text)
        self.record_no = number_or_name(record)
        self.sides = [(prefix + each.name, each.there, each.here) for each in found]


def number_or_name(record: Any) -> str:
    return str(getattr(record, "record_no", None) or getattr(record, OFFICE, None) or record)


@dataclass
class Told:
    """Remarks about a row in addition to its result; names are those of columns."""

    # What the other records that it tells of still lack.
    lacking: list[str] = field(default_factory=list)
    # What it brings but nobody compares: hidden values of records that can no longer be edited.
    left: list[str] = field(default_factory=list)
    # Our own masks, which are no values.
    masked: list[str] = field(default_factory=list)
    # Columns that tell of an end, of a record that is not taken over as ended.
    unended: list[str] = field(default_factory=list)
    # Columns whose number only counts.
    counting: list[str] = field(default_factory=list)
    # (record, name, old, new) of what changes, as the user may see it.
    changes: list[Change] = field(default_factory=list)
    # The status that the record keeps although the sheet says another one.
    kept_status: str = ""


def same_day(one: str, other: str) -> bool:
    """Are both texts the same day? True if either is invalid; the field reports that."""
    try:
        return parse_day(one) == parse_day(other)
    except BadValue:
        return True


def both_days(name: str, text: str) -> dict[str, str]:
    """Start and end date of a column with both. A single date is the end date, if the text says "until" and nothing
    else."""
    days = days_in(text)
    if not 1 <= len(days) <= 2 or (len(days) == 1 and not UNTIL.fullmatch(besides_days(text))):
        raise Rejected(name, gettext("Two days, please: from and until."))
    return dict(zip(name.split(SPAN)[-len(days) :], days, strict=True))


def changes_of(form: LedgerForm, names: Iterable[str], record: Any, parent: Any, prefix: str) -> Iterator[Change]:
    """The old and new texts of a form's changes, masked as on pages; all values of a new entry."""
    for name in names:
        kind, asked = form.ledger.field(name).kind, form[name]
        old = kind.show(asked.before) if kind.personal else kind.show(kind.read(record, name)) if record else ""
        new = kind.retell(kind.typed(asked.data)) if kind.refers and not kind.personal else kind.show(asked.data)
        yield number_or_name(record or parent), prefix + name, old, new


def shows(kind: Kind, record: Any, name: str, text: str) -> bool:
    """Is this the text that our own workbooks and pages show for the record, in any language? Personal values are never
    compared, since the result would reveal them."""
    if kind.personal:
        return False
    value = kind.read(record, name)
    if text in (kind.show(value), str(kind.cell(value))):
        return True
    for language in current_app.config["LANGUAGES"] if value is not None else ():
        with force_locale(language):
            if text == kind.show(value):
                return True
    return False
