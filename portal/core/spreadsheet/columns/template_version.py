"""The template that a workbook was made from: its ledger and columns, as a digest in a cell.

The mark is plain text in a cell, since not all programs keep the properties of a workbook when they convert it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flask import current_app
from flask_babel import force_locale, get_locale, gettext, lazy_gettext

from portal.core.declaration.ledger import Ledger, named
from portal.core.fields import Label
from portal.core.punctuation import listed
from portal.core.spreadsheet.columns import guide
from portal.core.spreadsheet.columns.child_tables import ROW_ID, columns_of, table_of, tables_of
from portal.core.spreadsheet.reader.flat_tables import FlatTable
from portal.core.spreadsheet.reader.headings import LOOKED_AT, plain, words_of
from portal.core.spreadsheet.reader.layout import Tables
from portal.core.spreadsheet.reader.workbook import Sheet, Unreadable

MARK = re.compile(r"template:([a-z_]+):([0-9a-f]{8})")
OLDER = lazy_gettext("The workbook was made from an older template; it is taken all the same.")
# Of a workbook that was exported: which ledger's.
EXPORTED = re.compile(r"export:([a-z_]+)")


def columns(ledger: Ledger) -> Iterator[str]:
    """The columns of the template in the current language, including child sheets."""
    for name in ledger.sheet.words:
        if ledger.takes(name):
            yield f"{name}={ledger.imported(name).label}"
    for table in tables_of(ledger):
        yield from (f"{table.name}/{name}={label}" for name, label in columns_of(ledger, table).items())


def digest(ledger: Ledger, language: str) -> str:
    with force_locale(language):
        return digest_of(columns(ledger))


def digest_of(found: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()[:8]


def mark(ledger: Ledger) -> str:
    return mark_of(ledger.name, digest(ledger, str(get_locale())))


def mark_of(name: str, version: str) -> str:
    return f"template:{name}:{version}"


def export_mark(ledger: Ledger) -> str:
    return f"export:{ledger.name}"


def marks_in(sheets: Sequence[Sheet]) -> list[tuple[str, str]]:
    """(ledger, digest) of the templates of these sheets."""
    texts = (text for text in first_cells(sheets) if "template:" in text)
    return list(dict.fromkeys((found[1], found[2]) for text in texts if (found := MARK.search(text))))


def first_cells(sheets: Sequence[Sheet]) -> Iterator[str]:
    return (text for sheet in sheets for cells in sheet.rows[:LOOKED_AT] for text in cells)


def exported_here(ledger: Ledger, sheets: Sequence[Sheet]) -> bool:
    """Is this a workbook exported by the portal? Its mark shows that; without it, as in a text file, the record number
    and all computed columns in one sheet and language do."""
    marks = (EXPORTED.fullmatch(text.strip()) for text in first_cells(sheets))
    if any(found and found[1] == ledger.name for found in marks):
        return True
    if marks_in(sheets) or not ledger.computed:
        return False
    told = [{word for text in first_cells([sheet]) for word in words_of(text, ())} for sheet in sheets]
    return any(own_headings(ledger, each) <= words for each in current_app.config["LANGUAGES"] for words in told)


def own_headings(ledger: Ledger, language: str) -> set[str]:
    with force_locale(language):
        return {plain(str(ledger.label_of(name))) for name in (ledger.number.field, *ledger.computed)}


def own_lists(sheet: Sheet) -> bool:
    """Is this the hidden sheet with the drop-down lists of a template?"""
    return sheet.hidden and bool(sheet.rows and sheet.rows[0] and MARK.fullmatch(sheet.rows[0][0].strip()))


def refuse_others(name: str, label: Label, sheets: Sequence[Sheet]) -> None:
    """Raises Unreadable for the template of another ledger, whose columns may have the same words."""
    found = [each for each, _ in marks_in(sheets)]
    if found and name not in found:
        other = named(found[0])
        raise Unreadable(
            gettext(
                "This is the template of “%(other)s”, not of “%(ledger)s”.",
                other=other.label if other else found[0],
                ledger=label,
            )
        )


def told(ledger: Ledger, sheets: Sequence[Sheet], found: Tables) -> dict[str, Any]:
    """Information about the template of a workbook; empty if it has none. `new` are columns of the current template
    that the sheets lack, `gone` are columns that no longer exist."""
    digests = [each for name, each in marks_in(sheets) if name == ledger.name]
    if not digests:
        return {}
    current = {digest(ledger, language) for language in current_app.config["LANGUAGES"]}
    old = [each for each in digests if each not in current]
    about: dict[str, Any] = {"ledger": ledger.name, "version": (old or digests)[0], "old": bool(old)}
    if not old:
        return about
    new, gone = differences(ledger, found)
    return about | {"new": new, "gone": gone, "why": said(new, gone)}


def differences(ledger: Ledger, found: Tables) -> tuple[list[str], list[str]]:
    new: list[str] = []
    gone: list[str] = []
    for table in found.taken:
        here = {column.name or column.guess for column in table.columns}
        fields = guide.asked(ledger).items()
        here |= {name for name, _ in fields if guide.is_of_adoption(ledger, name)}
        new += [str(declared.label) for name, declared in fields if name not in here]
        gone += [column.header for column in table.columns if column.header and not (column.name or column.guess)]
    for further in found.further:
        missing, unknown = further_differences(ledger, further)
        new += [f"{further.sheet.name}: {label}" for label in missing]
        gone += [f"{further.sheet.name}: {label}" for label in unknown]
    return list(dict.fromkeys(new)), list(dict.fromkeys(gone))


def further_differences(ledger: Ledger, found: FlatTable) -> tuple[list[str], list[str]]:
    table = table_of(ledger, found.sheet)
    labels = columns_of(ledger, table) if table is not None else {}
    missing = [str(label) for name, label in labels.items() if name not in found.columns and name != ROW_ID]
    return missing, [head for head, name in zip(found.heads, found.columns, strict=True) if head and not name]


def said(new: Sequence[str], gone: Sequence[str]) -> str:
    parts = [str(OLDER)]
    if new:
        parts.append(gettext("New columns, which stay empty: %(labels)s.", labels=listed(new)))
    if gone:
        parts.append(gettext("Columns that are none any more: %(labels)s.", labels=listed(gone)))
    return " ".join(parts)


__all__ = [
    "OLDER",
    "digest_of",
    "export_mark",
    "exported_here",
    "mark",
    "mark_of",
    "marks_in",
    "own_lists",
    "refuse_others",
    "told",
]
