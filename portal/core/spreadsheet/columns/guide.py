"""The sheet that explains each column (填表说明), with its codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from flask import current_app
from flask_babel import force_locale, gettext

from portal.core.access import scope
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.workflow import IN_FORCE
from portal.core.fields import Choice, Field
from portal.core.punctuation import clauses, labelled
from portal.core.spreadsheet import page_setup
from portal.core.spreadsheet.columns.child_tables import fields_of, tables_of
from portal.core.spreadsheet.reader.headings import LOOKED_AT, plain
from portal.core.spreadsheet.reader.workbook import Sheet

WIDE = (18, 26, 96)
STATUS = "status"


@lru_cache(maxsize=128)
def asked_at(ledger: Ledger) -> Mapping[str, frozenset[str]]:
    """The sheet columns that only a transition fills in, each with the statuses of records ended by it."""
    found = {}
    for name in (each for each in ledger.sheet.words if "." not in each and not ledger.takes(each)):
        transitions = [transition for transition in ledger.review.transitions if name in transition.asks]
        if transitions:
            found[name] = frozenset(path.target for transition in transitions for path in transition.edges) - {IN_FORCE}
    return found


def asked(ledger: Ledger) -> dict[str, Field]:
    """The columns that imports of this ledger fill in; the status only for users who may adopt existing ledgers."""
    found = {name: ledger.imported(name) for name in ledger.sheet.words if ledger.takes(name)}
    adopts = ledger.transition("adopt") is not None and scope.current().may("adopt", ledger.name)
    if not adopts or STATUS not in ledger.sheet.words:
        return found
    return {**found, STATUS: status_of(ledger), **{name: end_of(ledger, name) for name in asked_at(ledger)}}


def end_of(ledger: Ledger, name: str) -> Field:
    """The column of an end date or reason, with a label that is unambiguous in this ledger's sheets."""
    declared = ledger.imported(name)
    others = {plain(word) for other, words in ledger.sheet.words.items() if other != name for word in words}
    label = ledger.sheet.words[name][0] if plain(str(declared.label)) in others else declared.label
    return replace(declared, label=label, required=False, hint=gettext("Only for what has ended"))


def is_of_adoption(ledger: Ledger, name: str) -> bool:
    """Is this column only for users who may adopt existing ledgers?"""
    return name == STATUS or name in asked_at(ledger)


def status_of(ledger: Ledger) -> Field:
    kind = Choice(*((name, status.label) for name, status in ledger.review.statuses.items()))
    return Field(kind, ledger.label_of(STATUS), hint=gettext("Only for records that are taken over as they are"))


def add(
    book: Any, ledger: Ledger, styles: dict[str, Any], foot: Callable[[Any], None] | None = None, mark: str = ""
) -> None:
    """Add the guide to a workbook. `mark` identifies the workbook's template."""
    fields = asked(ledger)
    if not fields:
        return
    sheet = book.add_worksheet(gettext("How to fill in"))
    heads = headings()
    page_setup.put_title(sheet, labelled(ledger.label, gettext("How to fill in")), len(heads), styles)
    top = 1
    if mark:
        sheet.merge_range(top, 0, top, len(heads) - 1, mark, styles["small"])
        top += 1
    row = page_setup.put_heads(sheet, top, heads, (), WIDE, styles)
    for words in lines(ledger, fields):
        page_setup.put_row(sheet, row, words, WIDE, styles)
        row += 1
    page_setup.lay_out(sheet, WIDE, (top, top))
    if foot:
        foot(sheet)


def headings() -> list[str]:
    return [gettext("Sheet"), gettext("Column"), gettext("How to fill in")]


def is_guide(sheet: Sheet) -> bool:
    """Is this a guide? Its cells are full of headings, so it must not be taken for a table."""
    rows = [[text for text in map(str.strip, cells) if text] for cells in sheet.rows[:LOOKED_AT]]
    for language in current_app.config["LANGUAGES"]:
        with force_locale(language):
            if headings() in rows:
                return True
    return False


def lines(ledger: Ledger, fields: dict[str, Field]) -> list[list[str]]:
    """(sheet, column, rule) of every column of every sheet."""
    found = [
        [str(ledger.label), str(declared.label), rule(declared, essential=name in ledger.sheet.essential)]
        for name, declared in fields.items()
    ]
    for table in tables_of(ledger):
        rows = fields_of(ledger, table).values()
        found += [[str(table.label), str(declared.label), rule(declared)] for declared in rows]
    return found


def rule(declared: Field, *, essential: bool = False) -> str:
    parts = [gettext("Required")] if declared.required or essential else []
    parts += [text for text in (declared.kind.entry().words, str(declared.hint or "")) if text]
    return clauses(parts)


__all__ = ["add", "asked", "is_guide", "is_of_adoption", "rule"]
