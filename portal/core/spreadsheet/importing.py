"""Rows of a sheet become records through the ledger's own form (`contracts.md`, import rules).

Everything is one transaction of the caller's: a preview is an import that is rolled back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask_babel import force_locale, gettext

from portal.core import audit, scope
from portal.core.amending import PAPER
from portal.core.forms import form_class
from portal.core.ledger import Ledger
from portal.core.lookups import remembering
from portal.core.spreadsheet import child_tables, trees
from portal.core.spreadsheet.child_rows import take_further
from portal.core.spreadsheet.entries import take_row
from portal.core.spreadsheet.layout import Layout
from portal.core.spreadsheet.mapping import layout
from portal.core.spreadsheet.reading import Sheet
from portal.core.spreadsheet.row import CHANGED, NEW, REJECTED, UNCHANGED, Rejected, Row, status_words
from portal.extensions import db
from portal.org import codes

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Remark:
    """What is said about a row: its number in the sheet, the column as written, the text."""

    row: int
    column: str
    why: str


@dataclass
class Outcome:
    """What became of the rows."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((NEW, CHANGED, UNCHANGED), 0))
    rejected: list[Remark] = field(default_factory=list)
    flagged: list[Remark] = field(default_factory=list)
    # (row, what became of it, what the record is called)
    rows: list[tuple[int, str, str]] = field(default_factory=list)
    # What became of the further sheets, which hold tables of the records.
    tables: list[dict[str, Any]] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        return sum(self.counts.values())

    def as_json(self) -> dict[str, Any]:
        remarks = {"rejected": self.rejected, "flagged": self.flagged}
        return {
            "rows": self.accepted + len(self.rejected),
            "accepted": self.accepted,
            **self.counts,
            **{name: [vars(remark) for remark in found] for name, found in remarks.items()},
            "tables": self.tables,
        }


def find_layout(ledger: Ledger, sheets: Sequence[Sheet], chosen: Mapping[int, str] | None = None) -> Layout:
    """`chosen` are fields that were named by hand, by their column's index. Raises Unreadable."""
    codes.load(ledger.all_code_lists)
    found = layout(ledger, child_tables.main_sheets(ledger, sheets), chosen or {})
    found.further = child_tables.further_sheets(ledger, sheets)
    return found


def take(ledger: Ledger, found: Layout, source: str, adopt: bool, progress: Progress) -> Outcome:
    """Take the rows of a sheet. `source` is the file's name; `adopt` takes them over as records in force.

    Nothing is committed. Raises what `progress(done, all)` raises.
    """
    with remembering():
        codes.load(ledger.all_code_lists)
        rows = trees.parents_first(ledger, list(found.rows()))
        outcome, seen = Outcome(), dict[Any, int]()
        form = form_class(ledger)
        words = status_words(ledger) if adopt else {}
        for n, (number, cells) in enumerate(rows):
            progress(n, len(rows))
            try:
                with doing("adopt" if adopt else "import", source, number):
                    row = Row(ledger, found, cells, adopt, words)
                    key, result, record = take_row(row, form, seen)
            except Rejected as fault:
                outcome.rejected.append(Remark(number, row_column(ledger, found, fault.name), fault.why))
                outcome.rows.append((number, REJECTED, fault.why))
                continue
            seen[key] = number
            outcome.counts[result] += 1
            outcome.rows.append((number, result, str(record)))
            for name in (*(getattr(record, "gaps", None) or ()), *row.lacking):
                outcome.flagged.append(Remark(number, row_column(ledger, found, name), gettext("To be added")))
            for name in row.left:
                why = gettext("Not compared, as it is hidden from you; it stays as it is")
                outcome.flagged.append(Remark(number, row_column(ledger, found, name), why))
        outcome.tables = take_further(ledger, found.further, source, adopt=adopt)
        progress(len(rows), len(rows))
        return outcome


@contextmanager
def doing(verb: str, source: str, number: int) -> Iterator[None]:
    with force_locale(PAPER):
        reason = gettext("Taken from %(file)s, row %(row)d", file=source, row=number)
    with scope.doing(verb), audit.because(reason[:400]), db.session.no_autoflush:
        yield


def row_column(ledger: Ledger, found: Layout, name: str) -> str:
    """The heading as written; the field's own name where the sheet has no such column."""
    column = found.taken.get(name)
    return column.header if column else str(ledger.label_of(name))


__all__ = ["Outcome", "Remark", "find_layout", "take"]
