"""Workbooks: `portal import` and `portal export`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from flask import current_app
from werkzeug.datastructures import MultiDict

from portal import memory
from portal.accounts.security_manager import act_as
from portal.cli.groups import portal
from portal.core.access import scope
from portal.core.declaration.ledger import Ledger, mounted
from portal.core.fields import BadValue
from portal.core.fields.text import refuse_personal
from portal.core.spreadsheet.importer import runner
from portal.core.spreadsheet.importer.importer import Options, Outcome, find_layout
from portal.core.spreadsheet.reader import month_rule
from portal.core.spreadsheet.reader.workbook import Unreadable, read
from portal.core.spreadsheet.rejected.workbook import marked, without_layout
from portal.core.views.workbooks import exporting


@portal.command("import")
@click.argument("ledger")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing.")
@click.option("--adopt", is_flag=True, help="Take the rows over as records in force.")
@click.option("--all-or-none", is_flag=True, help="Store nothing when any row is rejected.")
@click.option("--as", "username", default="reviewer", help="Whose rights hold.")
@click.option(
    "--errors",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="The workbook as .xlsx with the rejected rows only, marked.",
)
@click.option("--sheet", "sheets", multiple=True, help="Take this sheet; again for further ones.")
@click.option("--hidden", is_flag=True, help="Take hidden sheets, rows and columns, too.")
@click.option("--accept-guesses", "guesses", is_flag=True, help="Take columns that are only guessed.")
@click.option(
    "--month-days", type=click.Choice(month_rule.RULES), help="The day meant where a sheet says a month only."
)
@click.option("--json", "as_json", is_flag=True, help="End with one line of JSON.")
def import_(ledger: str, file: Path, username: str, errors: Path | None, **how: Any) -> None:
    """Take the rows of the workbook FILE into LEDGER."""
    found, principal = _ledger(ledger), _principal(username)
    verb = "adopt" if how["adopt"] else "import"
    if not principal.may(verb, ledger):
        raise click.ClickException(f"{username} may not {verb} in {ledger}")
    rule = {"": how["month_days"]} if how["month_days"] else {}
    options = Options(guesses=how["guesses"], sheets=how["sheets"], hidden=how["hidden"], month_days=rule)
    with scope.acting_as(principal), current_app.test_request_context(method="POST"):
        try:
            refuse_personal(file.name)
            sheets = read(file, file.name)
            layout = find_layout(found, sheets, options)
            sheet = runner.Sheet(found, layout, file.name, runner.digest(file), how["adopt"], how["all_or_none"])
            taken = _run(sheet, how["dry_run"])
        except (BadValue, Unreadable) as fault:
            raise click.ClickException(str(fault)) from None
        if errors:
            given = marked(file, file.name, sheets, layout, taken.outcome.rejected, stored=taken.kept)
            with given.book as book:
                errors.write_bytes(book.read())
            if not given.kept:
                click.echo(without_layout(), err=True)
    _tell(taken.outcome, how["as_json"])
    if not taken.kept:
        raise click.ClickException("rows are rejected, so nothing was stored")


def _run(sheet: runner.Sheet, dry: bool) -> runner.Taken:
    memory.collect_rarely()
    with TemporaryDirectory(dir=current_app.config["DATA_DIR"]) as name:
        if dry:
            click.echo("A dry run: nothing is stored.", err=True)
            return runner.Taken(runner.rehearse(sheet, Path(name), lambda _done, _all: None), None)
        return runner.run(sheet, Path(name), lambda _done, _all: None)


def _tell_file(told: dict[str, Any]) -> None:
    """What is said of the template, the sheets and the columns."""
    if why := told.get("template", {}).get("why"):
        click.echo(why, err=True)
    for sheet in told["sheets"]:
        if not sheet["taken"] and sheet["rows"]:
            click.echo(f"sheet {sheet['name']} with {sheet['rows']} rows is not taken: {sheet['why']}", err=True)
    for column in told["columns"]:
        if not column["taken"] and column["cells"]:
            guess = f", a guess: {column['field']}" if column["field"] else ""
            click.echo(f"column {column['header'] or column['column']} is left out{guess}", err=True)
    for table in told["tables"]:
        for head in table["left_out"]:
            click.echo(f"column {head} of sheet {table['name']} is left out", err=True)


def _tell(outcome: Outcome, as_json: bool) -> None:
    told = outcome.as_json()
    _tell_file(told)
    for remark in (*outcome.rejected, *outcome.skipped):
        place = f"{remark.sheet} row {remark.row}" if remark.sheet else f"row {remark.row}"
        click.echo(f"{place}, {remark.column or 'skipped'}: {remark.why}", err=True)
        for each in remark.also:
            click.echo(f"{place}, {each['column']}: {each['why']}", err=True)
    click.echo(", ".join(f"{told[name]} {name}" for name in ("rows", "new", "changed", "unchanged")))
    click.echo(f"{len(outcome.rejected)} rejected, {len(outcome.skipped)} skipped")
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    if not outcome.accepted:
        raise click.ClickException("no row was accepted")


@portal.command()
@click.argument("ledger")
@click.argument("out", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.option("--as", "username", default="reviewer", help="Whose rights hold.")
@click.option("--drafts", is_flag=True, help="With drafts.")
def export(ledger: str, out: Path, username: str, *, drafts: bool) -> None:
    """Write the records of LEDGER that the user may see to OUT.xlsx."""
    found, principal = _ledger(ledger), _principal(username)
    if not principal.may("export", ledger):
        raise click.ClickException(f"{username} may not export {ledger}")
    with scope.acting_as(principal), current_app.test_request_context():
        asked = exporting.asked_of(found, MultiDict({exporting.DRAFTS: "1"} if drafts else {}))
        cover = exporting.cover_of(asked)
        with exporting.sheet(found, asked, cover) as book, out.open("wb") as target:
            exporting.log_export(found, book, [], cover)
            shutil.copyfileobj(book, target)
    click.echo(f"Written to {out}.")


def _principal(username: str) -> scope.Principal:
    try:
        return act_as(username)
    except LookupError:
        raise click.ClickException(f"there is no account {username!r}") from None


def _ledger(name: str) -> Ledger:
    names = {ledger.name: ledger for ledger in mounted()}
    if name not in names:
        raise click.ClickException(f"there is no ledger {name!r}; there are {', '.join(names)}")
    return names[name]
