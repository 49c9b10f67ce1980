"""The status in a sheet, when existing ledgers are adopted (`docs/domain` §2.1, `docs/domain/workbooks.md`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flask import current_app
from flask_babel import force_locale, gettext

from portal.core.declaration.ledger import Ledger
from portal.core.declaration.workflow import IN_FORCE
from portal.core.models.record import Record
from portal.core.records import gaps
from portal.core.review import transitions
from portal.core.spreadsheet.importer.verdict import Rejected
from portal.core.spreadsheet.reader.layout import plain

DRAFT = "draft"
ENDED = ("voided", "archived")
# What every office calls the statuses that most ledgers have; a ledger's own words go before them.
COMMON = {
    "draft": ("草稿", "拟稿", "未提交"),
    "pending_unit": ("待审核", "审核中", "待单位审核"),
    "returned": ("退回", "已退回", "退回修改"),
    "terminated": ("终止", "已终止"),
    "archived": ("归档", "已归档", "存档", "已存档"),
    "voided": ("作废", "已作废", "废止", "已废止"),
}


class Standings:
    """The statuses of a ledger by the words in sheets. Only whole words match: 未终止 is not 终止."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.words: dict[str, str] = {}
        for status, word in self._words():
            self.words.setdefault(plain(word), status)

    def _words(self) -> Iterator[tuple[str, str]]:
        """The ledger's own words, its labels in every language, those of derived statuses, and common words."""
        for status, words in self.ledger.sheet.status_words.items():
            yield from ((status, word) for word in words)
        derived = {name: (each.shown, each.base[0]) for name, each in self.ledger.review.effective.items()}
        shown = {**{name: (each, name) for name, each in self.ledger.review.statuses.items()}, **derived}
        for language in current_app.config["LANGUAGES"]:
            with force_locale(language):
                yield from ((status, str(each.label)) for each, status in shown.values())
        for status, words in COMMON.items():
            if status in self.ledger.review.statuses:
                yield from ((status, word) for word in words)

    def said(self, cells: Mapping[str, str]) -> str:
        """The status in a row; in force if it is blank. Raises Rejected for an unknown word."""
        text = cells.get("status", "")
        if not text.strip():
            return IN_FORCE
        if (found := self.words.get(plain(text))) is None:
            raise Rejected("status", gettext("This status is not known here: %(text)s", text=text))
        return found


def adopts(record: Record, status: str) -> bool:
    """Does adopting the record change its status?"""
    return getattr(record, "status", "") == DRAFT != status


def take_over(ledger: Ledger, record: Record, status: str) -> None:
    """Give the record the status from its sheet; "" keeps its own."""
    if status and adopts(record, status):
        record.record_no = record.record_no or transitions.number(ledger, record)
        record.prior_status = IN_FORCE if status in ENDED else None
        record.status = status
    gaps.recount(ledger, record)
