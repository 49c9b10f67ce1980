"""Rows of a sheet become records through the ledger's own form (`contracts.md`, import rules).

Everything is one transaction of the caller's: a preview is an import that is rolled back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from flask_babel import force_locale, gettext

from portal.core import audit, scope
from portal.core.amending import PAPER
from portal.core.ledger import Ledger
from portal.core.lookups import remembering
from portal.core.spreadsheet import trees
from portal.core.spreadsheet.identity import Identity
from portal.core.spreadsheet.layout import Layout
from portal.core.spreadsheet.mapping import layout
from portal.core.spreadsheet.reading import Sheet
from portal.core.spreadsheet.row import Row
from portal.core.spreadsheet.status import Standings
from portal.core.spreadsheet.verdict import CHANGED, NEW, REJECTED, UNCHANGED, Question, Rejected
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
    # Old and new of every field of a record that a row changes, as the user may see it.
    changes: list[dict[str, Any]] = field(default_factory=list)
    # Rows that name a record and contradict it, with both sides: rejected until somebody says that it is the same.
    questions: list[dict[str, Any]] = field(default_factory=list)

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
            "changes": self.changes,
            "questions": self.questions,
        }


def find_layout(ledger: Ledger, sheets: Sequence[Sheet], chosen: Mapping[int, str] | None = None) -> Layout:
    """`chosen` are fields that were named by hand, by their column's index. Raises Unreadable."""
    codes.load(ledger.all_code_lists)
    return layout(ledger, sheets, chosen or {})


def take(
    ledger: Ledger, found: Layout, source: str, adopt: bool, progress: Progress, same: Collection[int] = ()
) -> Outcome:
    """Take the rows of a sheet. `source` is the file's name; `adopt` takes them over as records in force; `same` are
    the rows of which somebody said that they are about the record that they name, whatever else they say of it.

    Nothing is committed. Raises what `progress(done, all)` raises.
    """
    with remembering():
        codes.load(ledger.all_code_lists)
        rows = trees.parents_first(ledger, list(found.rows()))
        outcome, seen = Outcome(), dict[Any, int]()
        standings, identity = Standings(ledger) if adopt else None, Identity(ledger)
        identity.prefetch(given for _, cells in rows if (given := identity.number(cells)))
        for n, (number, cells) in enumerate(rows):
            progress(n, len(rows))
            row = Row(ledger, found, cells, standings, identity, number in same)
            try:
                with doing("adopt" if adopt else "import", source, number):
                    result, record = row.take(seen)
            except Rejected as fault:
                reject(outcome, number, fault, partial(row_column, ledger, found))
                continue
            trees.made(ledger)
            seen[record.id] = number
            outcome.counts[result] += 1
            outcome.rows.append((number, result, str(record)))
            flag(outcome, number, row, record)
        progress(len(rows), len(rows))
        return outcome


def reject(outcome: Outcome, number: int, fault: Rejected, column: Callable[[str], str]) -> None:
    outcome.rejected.append(Remark(number, column(fault.name), fault.why))
    outcome.rows.append((number, REJECTED, fault.why))
    if isinstance(fault, Question):
        sides = [{"name": n, "column": column(n), "there": there, "here": here} for n, there, here in fault.sides]
        outcome.questions.append({"row": number, "record_no": fault.record_no, "sides": sides})


def flag(outcome: Outcome, number: int, row: Row, record: Any) -> None:
    """What is said of a row that was taken: gaps, what was not compared, what does not count, what changes."""
    told, column = row.told, partial(row_column, row.ledger, row.layout)
    hidden = gettext("Not compared, as it is hidden from you; it stays as it is")
    whys = {
        gettext("To be added"): (*(getattr(record, "gaps", None) or ()), *told.lacking),
        hidden: told.left,
        gettext("Not compared, as the sheet shows it masked only"): told.masked,
    }
    for why, names in whys.items():
        outcome.flagged += [Remark(number, column(name), why) for name in dict.fromkeys(names)]
    if told.kept_status:
        shown = row.ledger.statuses[told.kept_status].label
        text = gettext("The record keeps its status: %(status)s", status=shown)
        outcome.flagged.append(Remark(number, column("status"), text))
    counting = {(remark.column, remark.why) for remark in outcome.flagged}
    why = gettext("These numbers only count the rows; they are not taken as the office's own")
    outcome.flagged += [
        Remark(number, column(name), why) for name in told.counting if (column(name), why) not in counting
    ]
    for record_no, name, old, new in told.changes:
        change = {"row": number, "record_no": record_no, "name": name, "column": column(name), "old": old, "new": new}
        outcome.changes.append(change)


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
