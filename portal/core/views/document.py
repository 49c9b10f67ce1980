"""The fields of a record page: labels cached by language, and a text for each field."""

from __future__ import annotations

from collections.abc import Container
from functools import lru_cache
from typing import Any, NamedTuple

from flask_babel import get_locale

from portal.core.declaration.ledger import Ledger
from portal.core.fields import Kind

NOTHING = "—"


class Labelled(NamedTuple):
    """A field of a section with its translated label."""

    name: str
    label: str
    kind: Kind


class Shown(NamedTuple):
    """A field with its text."""

    name: str
    label: str
    text: str


def sections(ledger: Ledger, record: Any, hidden: Container[str]) -> list[tuple[str, list[Shown]]]:
    """The sections of a record page, each with its title and its fields, without `hidden` ones."""
    return [
        (
            title,
            [
                Shown(name, label, kind.show(kind.read(record, name)) or NOTHING)
                for name, label, kind in fields
                if name not in hidden
            ],
        )
        for title, fields in _labelled(ledger, str(get_locale()))
    ]


@lru_cache(256)
def _labelled(ledger: Ledger, _language: str) -> list[tuple[str, list[Labelled]]]:
    """The titles and labels, cached by ledger and language."""
    return [
        (str(section.title), [Labelled(n, str(ledger.field(n).label), ledger.field(n).kind) for n in section.fields])
        for section in ledger.form.sections
    ]
