"""The sheet that says how each column is filled in (填表说明)."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext

from portal.core.fields import Codes, Day, Field
from portal.core.ledger import Ledger
from portal.core.phrases import clauses, listed
from portal.core.spreadsheet import sizes

WIDE = (24, 90)


def asked(ledger: Ledger) -> dict[str, Field]:
    """The columns that sheets of this ledger fill."""
    return {name: ledger.imported(name) for name in ledger.imports if ledger.takes(name)}


def add(book: Any, ledger: Ledger, styles: dict[str, Any]) -> None:
    fields = asked(ledger)
    if not fields:
        return
    sheet = book.add_worksheet(gettext("How to fill in"))
    for column, wide in enumerate(WIDE):
        sheet.set_column(column, column, wide)
    for row, (name, declared) in enumerate(fields.items()):
        words = [str(declared.label), rule(ledger, name, declared)]
        sheet.set_row(row, sizes.height(words, WIDE))
        sheet.write_row(row, 0, words, styles["text"])
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def rule(ledger: Ledger, name: str, declared: Field) -> str:
    parts = [gettext("Required")] if declared.required or name in ledger.essential else []
    if isinstance(declared.kind, Day):
        parts.append(gettext("A date like 2026-06-30"))
    if limit := getattr(declared.kind, "limit", None):
        parts.append(gettext("At most %(limit)d characters", limit=limit))
    if isinstance(declared.kind, Codes):
        texts = listed(text for _, text in declared.kind.options() or ())
        parts.append(gettext("One or several of: %(choices)s", choices=texts))
    if declared.hint:
        parts.append(str(declared.hint))
    return clauses(parts)
