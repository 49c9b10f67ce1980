"""The rejected rows in the user's own workbook: faulty cells are red with the reason as a comment, imported rows are
removed, and everything else is kept. The user can correct it and upload it again."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from tempfile import TemporaryFile
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

from flask_babel import gettext

from portal.core.spreadsheet.exporter.exporter import rejected_rows
from portal.core.spreadsheet.importer.report import Remark
from portal.core.spreadsheet.reader.cell_references import is_ditto
from portal.core.spreadsheet.reader.flat_tables import FlatTable
from portal.core.spreadsheet.reader.layout import Layout, Tables, cell
from portal.core.spreadsheet.reader.workbook import Sheet, environment

log = logging.getLogger(__name__)
SCRIPT = Path(__file__).with_name("marking.py")
MEMORY = 640 * 2**20  # twice what 20,000 rows of 40 columns take
SECONDS = 60  # of the processor
LONGEST = 100  # seconds by the clock of a job


@dataclass(frozen=True)
class Marked:
    """`kept`: is it the uploaded workbook, and not only its rows?"""

    book: IO[bytes]
    name: str
    kept: bool = True


def marked(
    path: Path,
    name: str,
    sheets: Sequence[Sheet],
    found: Tables,
    remarks: Sequence[Remark],
    *,
    stored: bool = True,
) -> Marked:
    """Create the workbook of the rejected rows. `sheets` were read from the file at `path`, uploaded as `name`; `found`
    are their tables. If nothing was `stored`, because some rows were rejected, all rows stay."""
    further = {table.sheet.name for table in found.further}
    mine = [remark for remark in remarks if remark.sheet not in further]
    tables = joined(planned(table, mine, several=found.several) for table in found.taken)
    tables += [planned_further(table, remarks) for table in found.further]
    plan = {
        "sheets": [table if stored else table | {"removed": []} for table in tables],
        "names": [sheet.name for sheet in sheets],
        "built": None if is_xlsx(path) else [told(sheet) for sheet in sheets],
        "about": about(path, name),
    }
    called = gettext("%(name)s - to be mended", name=PurePath(name).stem) + ".xlsx"
    book = written(path, plan)
    return Marked(book, called) if book else Marked(rejected_rows(found, remarks), called, kept=False)


def without_layout() -> str:
    return gettext("The workbook could not be kept as it is; its rejected rows come as a plain sheet.")


def written(path: Path, plan: dict[str, Any]) -> IO[bytes] | None:
    """Run the script; None if it cannot open the workbook within the limits."""
    out = TemporaryFile()  # noqa: SIM115 - closed by whoever asked for it
    try:
        done = subprocess.run(  # noqa: S603 - our own script, no shell
            [sys.executable, "-I", str(SCRIPT), str(path), str(MEMORY), str(SECONDS)],
            env=environment(),
            input=json.dumps(plan).encode(),
            stdout=out,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.returncode:
        log.warning("marking a workbook ended with %s", done.returncode if done else "no answer in time")
        out.close()
        return None
    out.seek(0)
    return out


def is_xlsx(path: Path) -> bool:
    """Is this an xlsx file by its content, whatever its name?"""
    try:
        with ZipFile(path) as parts:
            return "xl/workbook.xml" in parts.namelist()
    except BadZipFile:
        return False


def about(path: Path, name: str) -> str:
    """The description in the workbook, for those to whom it is passed on."""
    text = gettext(
        "Rows of “%(name)s” that were not taken: what is wrong is red, with the reason as a comment. Once mended, the"
        " file can be brought again.",
        name=name,
    )
    if is_xlsx(path):
        with ZipFile(path) as parts:
            if any(part.startswith(("xl/media/", "xl/charts/")) for part in parts.namelist()):
                text += "\n" + gettext("Pictures and charts are not in it.")
    return text


def told(sheet: Sheet) -> dict[str, Any]:
    hidden = {"hidden_rows": sorted(sheet.hidden_rows), "hidden_columns": sorted(sheet.hidden_columns)}
    last = max(len(sheet.rows) - 1, 0)  # an area may reach down to where nothing is
    merged = [(top, left, min(bottom, last), right) for top, left, bottom, right in sheet.merged if top <= last]
    return (
        {field: getattr(sheet, field) for field in ("name", "rows", "hidden", "date1904")} | hidden | {"merged": merged}
    )


def joined(plans: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One plan a sheet, also where several tables stand in it."""
    found: dict[str, dict[str, Any]] = {}
    for plan in plans:
        first = found.setdefault(plan["name"], plan)
        if first is not plan:
            found[plan["name"]] = first | {part: first[part] + plan[part] for part in ("removed", "carried", "marks")}
    return list(found.values())


def planned(table: Layout, remarks: Sequence[Remark], *, several: bool) -> dict[str, Any]:
    """The changes of one sheet: rows from 1, columns from 0."""
    mine = [remark for remark in remarks if not several or remark.sheet == table.sheet.name]
    left = {remark.row for remark in mine}
    return {
        "name": table.sheet.page,
        "heading": [table.top + 1, min((column.index for column in table.columns), default=0)],
        "removed": [row for row, _ in table.read.rows if row not in left],
        "carried": [each for each in carried(table) if each[0] in left],
        "marks": [
            [remark.row, place(table, each["column"]), each["why"]]
            for remark in mine
            for each in ({"column": remark.column, "why": remark.why}, *remark.also)
        ],
    }


def planned_further(table: FlatTable, remarks: Sequence[Remark]) -> dict[str, Any]:
    """The changes of a child sheet."""
    mine = [remark for remark in remarks if remark.sheet == table.sheet.name]
    left = {remark.row for remark in mine}
    return {
        "name": table.sheet.name,
        "heading": None,
        "removed": [row for row, _ in table.rows() if row not in left],
        "carried": [],
        "marks": [[remark.row, table.place(remark.column), remark.why] for remark in mine],
    }


def place(table: Layout, column: str) -> int:
    """The column that a remark names; without one in the sheet, the first."""
    for one in sorted(table.columns, key=lambda each: not each.taken):
        if column and column in (one.header, one.letters):
            return one.index
    return 0


def carried(table: Layout) -> Iterator[list[Any]]:
    """Cells that mean what stands above them, as "ditto" does: row, column, the row that says it, the text."""
    source: dict[str, int] = {}
    for row, texts in table.read.rows:
        cells = table.sheet.rows[row - 1]
        for name, column in table.taken.items():
            text, meant = cell(cells, column.index), texts.get(name, "")
            if text and not is_ditto(text):
                source[name] = row
            elif meant and (text or name in table.fills_down):
                above = source.get(name, 0)
                same = above and cell(table.sheet.rows[above - 1], column.index) == meant
                yield [row, column.index, above if text or same else 0, meant]


__all__ = ["Marked", "marked", "without_layout"]
