"""The empty sheets that units fill offline: headings, checks of cells, drop-down lists, and how to fill in each column.

The import takes more ways of writing than a spreadsheet can check, so a check warns; it refuses only where nothing but
a choice can be meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from tempfile import TemporaryFile
from typing import IO, Any

import xlsxwriter
from flask_babel import gettext
from xlsxwriter.utility import xl_range_abs

from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import ChildTable
from portal.core.fields import Field
from portal.core.fields.cell_checks import ANY, DATE, DECIMAL, LIST, WHOLE, Entry
from portal.core.punctuation import labelled
from portal.core.spreadsheet import cell_sizes, page_setup
from portal.core.spreadsheet.columns import guide, template_version
from portal.core.spreadsheet.columns.child_tables import ROW_ID, columns_of, fields_of, sheet_name, tables_of
from portal.core.spreadsheet.page_setup import STYLES

ROWS = 1000  # that are checked; LibreOffice keeps no more of them
HEADS = 2  # row of the headings, from 0, below the title and the version
MOST_TITLE, MOST_TEXT = 32, 255  # characters of a message at a cell, in Excel
NARROW, WIDE = 12, 30
FORMATS = {DATE: "date", WHOLE: "number", DECIMAL: "number"}


@dataclass
class Lists:
    """The drop-down lists of a workbook, each once, on a sheet that nobody sees."""

    lists: dict[tuple[str, ...], str] = field(default_factory=dict)

    def named(self, choices: Sequence[str]) -> str:
        """The name by which cells refer to this list."""
        return self.lists.setdefault(tuple(choices), f"choices_{len(self.lists) + 1}")

    def add(self, book: xlsxwriter.Workbook, mark: str) -> None:
        """The sheet carries the version, too: a line above a table is easily deleted."""
        title = gettext("Choices")
        while book.get_worksheet_by_name(title):
            title += "_"
        sheet = book.add_worksheet(title)
        sheet.write_string(0, 0, mark)
        for column, (choices, name) in enumerate(self.lists.items()):
            sheet.write_column(1, column, choices)
            book.define_name(name, f"='{title}'!{xl_range_abs(1, column, len(choices), column)}")
        sheet.very_hidden()


def template(ledger: Ledger) -> IO[bytes]:
    """The workbook, ready to be sent. What it asks for is what the import knows."""
    out = TemporaryFile()  # noqa: SIM115 - closed by the response that sends it
    with xlsxwriter.Workbook(out, {"strings_to_formulas": False}) as book:
        styles = {name: book.add_format(style) for name, style in STYLES.items()}
        lists, mark = Lists(), template_version.mark(ledger)
        fields = {gettext("No."): None} | {heading(each): each for each in guide.asked(ledger).values()}
        sheet = book.add_worksheet(str(ledger.label)[:31])
        fill_sheet(sheet, str(ledger.label), fields, styles, lists, mark)
        for table in tables_of(ledger):
            sheet = book.add_worksheet(sheet_name(table))
            title = labelled(ledger.label, table.label)
            fill_sheet(sheet, title, table_fields(ledger, table), styles, lists, mark)
        guide.add(book, ledger, styles)
        lists.add(book, mark)
    out.seek(0)
    return out


def table_template(title: str, fields: Sequence[Field], mark: str) -> IO[bytes]:
    """The same of a table that is no ledger."""
    out = TemporaryFile()  # noqa: SIM115 - closed by the response that sends it
    with xlsxwriter.Workbook(out, {"strings_to_formulas": False}) as book:
        styles, lists = {name: book.add_format(style) for name, style in STYLES.items()}, Lists()
        fill_sheet(book.add_worksheet(title[:31]), title, {heading(each): each for each in fields}, styles, lists, mark)
        lists.add(book, mark)
    out.seek(0)
    return out


def table_fields(ledger: Ledger, table: ChildTable) -> dict[str, Field | None]:
    """The columns of a further sheet by their headings; what only names the record has no check."""
    known = fields_of(ledger, table)
    return {
        heading(known[name]) if name in known else str(label): known.get(name)
        for name, label in columns_of(ledger, table).items()
        if name != ROW_ID
    }


def heading(declared: Field) -> str:
    return f"{declared.label}*" if declared.required else str(declared.label)


def fill_sheet(
    sheet: Any,
    title: str,
    fields: Mapping[str, Field | None],
    styles: dict[str, Any],
    lists: Lists,
    mark: str,
) -> None:
    page_setup.put_title(sheet, title, len(fields), styles)
    text = gettext("Fill in from row %(row)d on; columns with * must be filled in.", row=HEADS + 2)
    sheet.merge_range(1, 0, 1, max(len(fields) - 1, 1), f"{text} {mark}", styles["small"])
    wide = [min(max(cell_sizes.width(head) + cell_sizes.BESIDE, NARROW), WIDE) for head in fields]
    page_setup.put_heads(sheet, HEADS, list(fields), (), wide, styles)
    page_setup.lay_out(sheet, wide, (HEADS, HEADS))
    for column, declared in enumerate(fields.values()):
        entry = declared.kind.entry() if declared else Entry()
        sheet.set_column(column, column, wide[column], styles[FORMATS.get(entry.kind, "text")])
        if declared:
            sheet.data_validation(HEADS + 1, column, HEADS + ROWS, column, check(declared, entry, lists))


def check(declared: Field, entry: Entry, lists: Lists) -> dict[str, Any]:
    """What a spreadsheet checks in a cell, and what it says to whoever stands there."""
    said = {
        "input_title": str(declared.label)[:MOST_TITLE],
        "input_message": shortened(guide.rule(declared)),
        "error_title": str(declared.label)[:MOST_TITLE],
        "error_message": shortened(entry.words),
        "error_type": "stop" if entry.strict else "warning",
    }
    return {**rule_of(entry, lists), **{name: text for name, text in said.items() if text}}


def rule_of(entry: Entry, lists: Lists) -> dict[str, Any]:
    if entry.kind == LIST:
        return {"validate": LIST, "source": f"={lists.named(entry.choices)}"}
    if entry.kind == ANY:
        return {"validate": ANY}
    most = "=TODAY()" if entry.most is None else limit(entry.most)
    return {"validate": entry.kind, "criteria": "between", "minimum": limit(entry.least), "maximum": most}


def limit(value: Any) -> Any:
    return value if isinstance(value, date) else float(value)


def shortened(text: str) -> str:
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"


__all__ = ["table_template", "template"]
