"""The empty sheet that units fill offline: headings, drop-down lists, and how each column is to be filled."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import IO, Any

import xlsxwriter
from flask_babel import gettext

from portal.core.fields import Codes, Day, Field
from portal.core.ledger import Ledger
from portal.core.spreadsheet import guide
from portal.core.spreadsheet.child_tables import FurtherSheets, unwritten
from portal.core.spreadsheet.export import STYLES

ROWS = 500
HEADING = 1  # row of the headings, from 0


def template(ledger: Ledger) -> IO[bytes]:
    """The workbook, ready to be sent. What it asks for is what the import knows."""
    out = TemporaryFile()  # noqa: SIM115 - closed by the response that sends it
    book = xlsxwriter.Workbook(out, {"strings_to_formulas": False})
    styles = {name: book.add_format(style) for name, style in STYLES.items()}
    fields = guide.asked(ledger)
    sheet = book.add_worksheet(str(ledger.label)[:31])
    further = FurtherSheets(ledger)
    further.begin(book, styles["head"], unwritten)
    guide.add(book, ledger, styles)
    lists = book.add_worksheet(gettext("Choices"))
    sheet.merge_range(0, 0, 0, len(fields), str(ledger.label), styles["title"])
    sheet.write_string(HEADING, 0, gettext("No."), styles["head"])
    for column, declared in enumerate(fields.values(), start=1):
        sheet.write_string(HEADING, column, heading(declared), styles["head"])
        body = styles["date"] if isinstance(declared.kind, Day) else styles["text"]
        sheet.set_column(column, column, 18, body)
        offer(sheet, lists, column, declared)
    lists.hide()
    sheet.freeze_panes(HEADING + 1, 0)
    sheet.set_landscape()
    sheet.set_paper(9)
    book.close()
    out.seek(0)
    return out


def heading(declared: Field) -> str:
    return f"{declared.label}*" if declared.required else str(declared.label)


def offer(sheet: Any, lists: Any, column: int, declared: Field) -> None:
    """A drop-down list of the choices, where there are few and one is to be chosen."""
    if isinstance(declared.kind, Codes) or declared.kind.widget != "select":
        return
    texts = [text for _, text in declared.kind.options() or ()]
    lists.write_column(0, column, texts)
    source = xlsxwriter.utility.xl_range_abs(0, column, max(len(texts) - 1, 0), column)
    sheet.data_validation(
        HEADING + 1,
        column,
        HEADING + ROWS,
        column,
        {"validate": "list", "source": f"='{lists.get_name()}'!{source}", "error_type": "warning"},
    )
