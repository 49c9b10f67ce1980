"""Rows of a sheet become records through the ledger's own form (`contracts.md`, import rules).

Everything is one transaction of the caller's: a preview is an import that is rolled back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from portal.core.ledger import Ledger
from portal.core.lookups import remembering
from portal.core.spreadsheet import child_tables, trees, version
from portal.core.spreadsheet.accounts import Account, Outcome, Remark, described
from portal.core.spreadsheet.child_rows import further_tables, take_further
from portal.core.spreadsheet.entries import take_row
from portal.core.spreadsheet.identity import Identity
from portal.core.spreadsheet.layout import Tables
from portal.core.spreadsheet.mapping import Options, tables
from portal.core.spreadsheet.provenance import taking
from portal.core.spreadsheet.reading import Sheet
from portal.core.spreadsheet.row import Row
from portal.core.spreadsheet.status import Standings
from portal.core.spreadsheet.verdict import Rejected
from portal.database import reading
from portal.org import codes

Progress = Callable[[int, int], None]


def find_layout(ledger: Ledger, sheets: Sequence[Sheet], options: Options | None = None) -> Tables:
    """The tables of a workbook, as far as they are taken, with their rows. Raises Unreadable."""
    with reading():  # which takes seconds for a large sheet
        codes.load(ledger.all_code_lists)
        version.refuse_others(ledger, sheets)
        brought = [sheet for sheet in sheets if not version.own_lists(sheet)]
        found = tables(ledger, child_tables.main_sheets(ledger, brought), options or Options())
        found.further = further_tables(ledger, brought)
        found.template = version.told(ledger, sheets, found)
        found.read_rows()
        return found


def take(
    ledger: Ledger,
    found: Tables,
    source: str,
    adopt: bool,
    progress: Progress,
    same: Collection[tuple[str, int]] = (),
) -> Outcome:
    """Take the rows of a workbook. `source` is the file's name; `adopt` takes them over as records in force; `same` are
    the rows, by sheet where several are taken, that were said to be about the record which they name and contradict.

    Nothing is committed. Raises what `progress(done, all)` raises.
    """
    with remembering():
        codes.load(ledger.all_code_lists)
        outcome, seen = described(ledger, found), dict[Any, str]()
        standings, identity = Standings(ledger) if adopt else None, Identity(ledger)
        done, total = 0, found.count
        for table in found.taken:
            account = Account(ledger, table, table.sheet.name if found.several else "", outcome)
            rows = trees.parents_first(ledger, table.read.rows)
            identity.prefetch(cells for _, cells in rows)
            for number, cells in rows:
                progress(done, total)
                done += 1
                row = Row(ledger, table, cells, standings, identity, (account.sheet, number) in same)
                try:
                    if faults := [(fault.name, fault.why) for fault in table.read.faults.get(number, ())]:
                        raise Rejected(*faults[0], also=faults[1:])
                    with taking(source, number, adopt=adopt):
                        result, record = take_row(row, seen)
                except Rejected as wrong:
                    account.rejected(number, row.with_all_faults(wrong))
                    continue
                seen[record.id] = account.place(number)
                account.accepted(number, row, result, record)
        outcome.add_tables(take_further(ledger, found.further, source, adopt=adopt))
        progress(total, total)
        return outcome


__all__ = ["Options", "Outcome", "Remark", "find_layout", "take"]
