"""Import rows of a sheet as records, through the ledger's own form (`docs/domain/workbooks.md`).

Everything runs in the caller's transaction: a preview is an import that is rolled back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from portal.core.access.cached_lookups import remembering
from portal.core.declaration.ledger import Ledger
from portal.core.imports import runs
from portal.core.records.known_values import KnownValues, looking_up
from portal.core.spreadsheet.columns import child_tables, template_version
from portal.core.spreadsheet.columns.child_sheets import further_tables, passed_over
from portal.core.spreadsheet.columns.mapping import Options, tables
from portal.core.spreadsheet.importer.children import tree_order
from portal.core.spreadsheet.importer.children.parents import take_row
from portal.core.spreadsheet.importer.children.rows import take_further
from portal.core.spreadsheet.importer.identity import Identity
from portal.core.spreadsheet.importer.provenance import taking
from portal.core.spreadsheet.importer.report import Account, Outcome, Remark, described
from portal.core.spreadsheet.importer.row import Row
from portal.core.spreadsheet.importer.savepoints import refusal, take_each
from portal.core.spreadsheet.importer.status import Standings
from portal.core.spreadsheet.importer.verdict import CHANGED, Rejected
from portal.core.spreadsheet.reader.layout import Tables
from portal.core.spreadsheet.reader.workbook import Sheet
from portal.core.transactions import deferred_flush
from portal.database import reading
from portal.org import codes

Progress = Callable[[int, int], None]


def find_layout(ledger: Ledger, sheets: Sequence[Sheet], options: Options | None = None) -> Tables:
    """The tables to import from a workbook, with their rows. Raises Unreadable."""
    with reading():  # which takes seconds for a large sheet
        codes.load(ledger.all_code_lists)
        template_version.refuse_others(ledger.name, ledger.label, sheets)
        brought = [sheet for sheet in sheets if not template_version.own_lists(sheet)]
        found = tables(ledger, child_tables.main_sheets(ledger, brought), options or Options())
        found.further = further_tables(ledger, brought)
        found.offers += passed_over(ledger, brought, found)
        found.template = template_version.told(ledger, sheets, found)
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
    """Import the rows of a workbook. `source` is its name in the audit log; `adopt` imports records in force; `same`
    are the rows, by sheet if there are several, that the user confirmed to match their record despite a contradiction.

    Nothing is committed. Raises what `progress(done, all)` raises.
    """
    with remembering(), looking_up(ledger) as known:
        codes.load(ledger.all_code_lists)
        outcome, seen = described(ledger, found), dict[Any, str]()
        standings, identity = Standings(ledger) if adopt else None, Identity(ledger)
        done, total = 0, found.count
        for table in found.taken:
            account = Account(ledger, table, table.sheet.name if found.several else "", outcome)
            how = How(source, adopt, standings, identity, known, same)
            rows = TableRows(account, how, seen)
            done += rows.take_all(partial(tell_from, progress, done, total))
            seen = rows.seen
        outcome.add_tables(take_further(ledger, found.further, source, adopt=adopt))
        progress(total, total)
        return outcome


def tell_from(progress: Progress, before: int, total: int, at: int) -> None:
    progress(before + at, total)


@dataclass(frozen=True)
class How:
    """Options for importing the rows of a workbook."""

    source: str
    adopt: bool
    standings: Standings | None
    identity: Identity
    known: KnownValues
    same: Collection[tuple[str, int]]


@dataclass
class TableRows:
    """Imports the rows of one table. `seen` are the records of earlier rows, with their places."""

    account: Account
    how: How
    seen: dict[Any, str]

    def take_all(self, progress: Callable[[int], None]) -> int:
        """Import all rows; returns their number."""
        table = self.account.table
        rows = tree_order.parents_first(self.account.ledger, table.read.rows)
        self.how.identity.prefetch(cells for _, cells in rows)
        take_each(rows, self.take, self.refuse, self.remember, progress)
        return len(rows)

    def row(self, numbered: tree_order.SheetRow) -> Row:
        number, cells = numbered
        how, account = self.how, self.account
        agreed = (account.sheet, number) in how.same
        return Row(account.ledger, account.table, cells, how.standings, how.identity, agreed)

    def take(self, numbered: tree_order.SheetRow) -> bool:
        """Import a row; returns whether it changed an existing record."""
        number, account = numbered[0], self.account
        row = self.row(numbered)
        try:
            if faults := [(fault.name, fault.why) for fault in account.table.read.faults.get(number, ())]:
                raise Rejected(*faults[0], also=faults[1:])
            with taking(self.how.source, number, adopt=self.how.adopt):
                result, record = take_row(row, self.seen)
        except Rejected as wrong:
            with taking(self.how.source, number, adopt=self.how.adopt):
                rejection = row.with_all_faults(wrong)
            deferred_flush.when_stored(partial(account.rejected, number, rejection))
            return False
        deferred_flush.when_stored(partial(self.taken, number, row, result, record))
        return result == CHANGED

    def taken(self, number: int, row: Row, result: str, record: Any) -> None:
        self.seen[record.id] = self.account.place(number)
        self.account.accepted(number, row, result, record)

    def refuse(self, numbered: tree_order.SheetRow) -> None:
        """Reject a row that the database does not accept."""
        self.account.rejected(numbered[0], Rejected(self.row(numbered).named(), refusal()))

    def remember(self, rows: Sequence[tree_order.SheetRow]) -> Callable[[], None]:
        self.how.known.expect([cells for _, cells in rows])
        seen, back = self.seen.copy(), (self.account.remember(), runs.remember())

        def forget() -> None:
            self.seen = seen
            for each in back:
                each()

        return forget


__all__ = ["Options", "Outcome", "Remark", "find_layout", "take"]
