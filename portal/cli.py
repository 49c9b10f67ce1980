"""The commands of the portal: `flask --app portal portal …`. Errors are one line on stderr."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy.exc import DBAPIError
from werkzeug.datastructures import MultiDict

from portal import memory, setup, worker
from portal.accounts import new_account, resets, roles, sign_in_rules
from portal.accounts.passwords import password_fault, profile_in_force
from portal.accounts.security import act_as
from portal.core import attachments, audit, installation, scope, sealing, staging, verifying
from portal.core.fields import BadValue
from portal.core.fields.text import refuse_personal
from portal.core.ledger import Ledger, mounted
from portal.core.spreadsheet import months, running
from portal.core.spreadsheet.importing import Options, Outcome, find_layout
from portal.core.spreadsheet.marked import marked, without_layout
from portal.core.spreadsheet.reading import Unreadable, read
from portal.core.store import Away
from portal.core.views import exporting
from portal.database import in_a_line
from portal.demo import PROFILES, load, password, renew_password
from portal.extensions import db
from portal.operations import backup as backups
from portal.operations import checks, moving_files, renewing_keys
from portal.operations import restore as restoring
from portal.operations.backup import Refused
from portal.operations.encryption import BadArchive
from portal.operations.passphrase import passphrase


class Commands(AppGroup):
    """Commands that tell in one line what the database or a disk refuses."""

    def command(self, *names: Any, unready: bool = False, **more: Any) -> Any:
        """`unready`: also for a database that is not set up, or is not that of this data directory."""
        decorate = super().command(*names, **more)
        return decorate if unready else lambda function: decorate(of_this_directory(function))

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (DBAPIError, OSError) as fault:
            raise click.ClickException(in_a_line(fault)) from fault
        except Away as fault:
            raise click.ClickException(f"the files: {fault}") from None


def of_this_directory(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def checked(*args: Any, **more: Any) -> Any:
        installation.require_match()
        return function(*args, **more)

    return checked


portal = Commands("portal", help="Set up and look after the portal.")
admin = Commands("admin", help="Accounts of administrators.")
portal.add_command(admin)
keys = Commands("keys", help="The keys of personal data.")
portal.add_command(keys)
trail = Commands("audit", help="The trail of what was done.")
portal.add_command(trail)
files = Commands("files", help="Where attachments lie.")
portal.add_command(files)
heads = Commands("heads", help="The copy of the trail's heads beside the database.")
portal.add_command(heads)


@portal.command(unready=True)
def init() -> None:
    """Bring the database up to date: schema, roles, code lists. Takes nothing back that was changed since."""
    for remark in setup.bring_up_to_date():
        click.echo(remark, err=True)
    click.echo("The database is up to date.")


@portal.command()
@click.option("--yes", is_flag=True, help="Remove them; else they are only counted.")
def sweep(*, yes: bool) -> None:
    """Files in the store that belong to no record: say how many there are, or remove them."""
    if why := sealing.older_than_directory():
        raise click.ClickException(why)
    with scope.unscoped("an operator at the machine looks after the files"):
        found = attachments.unnamed(staging.stored)
        if yes and not attachments.discard(each.name for each in found):
            raise click.ClickException("a backup is being made, or the store is away: try again later")
        if yes:
            audit.tell("files_swept", title=str(len(found)))
    size = sum(each.size for each in found)
    click.echo(f"{len(found)} files without a record, {size} bytes{': removed' if yes else ''}.")


@portal.command()
@click.option("--profile", type=click.Choice(list(PROFILES)), default="tiny", help="How much of it.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day that the demo pretends it is.")
def demo(profile: str, as_of: datetime | None) -> None:
    """Fill the database with the demo organisation, its accounts and records. Twice changes nothing."""
    if as_of:
        current_app.config["AS_OF"] = as_of.date()
    made = load(profile)
    renew_password()
    click.echo(f"Demo {profile}: {made} records added. One password for all accounts: {password()}")


@admin.command()
@click.argument("role", type=click.Choice([role.code for role in roles.ROLES]))
@click.argument("name")
@click.password_option(help="Asked for when not given.")
def create(role: str, name: str, password: str) -> None:
    """Make the account NAME with the role ROLE."""
    if fault := password_fault(password, name, profile_in_force()):
        raise click.ClickException(fault)
    with scope.unscoped("an operator at the machine makes the first accounts"):
        if not new_account.create(name, name, password, role):
            raise click.ClickException(f"there is an account {name!r} already")
    click.echo(f"Account {name} with role {role} was made.")


@admin.command()
def anywhere() -> None:
    """Let people sign in from every address again, when the rules for signing in shut everybody out."""
    with scope.unscoped("an operator at the machine opens the door"):
        rules = sign_in_rules.in_force()
        rules.networks = ""
        db.session.add(rules)
        db.session.commit()
    click.echo("People may sign in from every address.")


@admin.command()
@click.argument("name")
def reset(name: str) -> None:
    """Give the account NAME a one-time password and remove its second factor, when no two administrators are there."""
    with scope.unscoped("an operator at the machine lets somebody in again"):
        if not (password := resets.reset_alone(name)):
            raise click.ClickException(f"there is no account {name!r}")
        db.session.commit()
    click.echo(f"One-time password of {name}, to be changed at the first signing in: {password}")


@keys.command()
@click.option("--copied-at-once", "copied", is_flag=True, help="You bring the new key to the other machines.")
def rotate(*, copied: bool) -> None:
    """Make a new key and encrypt all personal data with it. The key before is kept until the next time."""
    with operating(), scope.unscoped("an operator at the machine looks after the keys"):
        count = renewing_keys.renew(lambda done: click.echo(f"{done} values …", err=True), copied=copied)
    click.echo(f"{count} values are encrypted with a new key. Keep a copy of personal.key apart from the database.")
    if copied:
        click.echo("Copy personal.key to the data directories of the other machines now.", err=True)


@trail.command("verify")
def verify() -> None:
    """Go through the whole trail, then seal what is new. Names the first line that is not as it was written."""
    found = verifying.verify(lambda done: click.echo(f"{done} lines …", err=True))
    if found.fault:
        click.echo(
            "Keep database and data directory as they are, and see “What to do when” in docs/operations.md.", err=True
        )
        raise click.ClickException(found.fault)
    if found.remark:
        click.echo(found.remark, err=True)
    click.echo(f"{found.lines} lines in {found.blocks} blocks are as they were written; {sealing.seal()} sealed now.")
    number, digest = sealing.head()
    click.echo(f"Head of the chain: {number} {digest}. Compare it with the copy of audit_heads.log elsewhere.")


@files.command("move")
@click.argument("target", metavar="PORTAL_FILES")
def move_files(target: str) -> None:
    """Copy all attachments to another store, named as PORTAL_FILES names it: `directory` or s3://…"""
    with operating(), scope.unscoped("an operator at the machine moves the files"):
        done = moving_files.move(target)
    click.echo(f"{done.files} files of {done.bytes} bytes were copied. Set PORTAL_FILES to {target} and restart.")
    click.echo("What is where they were is kept: remove it once all works and a backup is made.", err=True)
    if done.lost:
        raise click.ClickException(backups.damage(done.lost, "the files were moved"))


@heads.command()
def refound() -> None:
    """Begin the file audit_heads.log anew from the database, in this data directory. One that is there is kept."""
    found = verifying.verify(with_file=False)
    if found.fault:
        raise click.ClickException(found.fault)
    with scope.unscoped("an operator at the machine looks after the trail"):
        audit.tell("heads_refounded", title=f"{found.blocks}")
    kept = sealing.refound()
    number, digest = sealing.head()
    click.echo(f"audit_heads.log begins anew with {number} heads, the newest {digest}.")
    if kept:
        click.echo(f"What was there is {kept}.")


@portal.command()
@click.argument("out", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), help="A directory: the name has the date.")
@click.option("--keep", type=click.IntRange(1), help="Of the archives of this portal there, keep this many.")
def backup(out: Path | None, into: Path | None, keep: int | None) -> None:
    """Write database, attachments, keys and heads to the encrypted archive OUT, while the portal is used."""
    if (out is None) == (into is None) or (keep and out):
        raise click.UsageError("name either the file OUT, or --into DIRECTORY with --keep NUMBER or without")
    given = passphrase(new=True)
    with operating(), scope.unscoped("an operator at the machine backs all of it up"):
        made, gone = backups.make_next(into, keep, given) if into else (backups.make(out or Path(), given), [])
    for name in made.left_out:
        click.echo(f"{name} is no part of the portal and not in the archive", err=True)
    click.echo(f"{made.path}: {backups.told(made.head, made.manifest)}. It was read again and is whole.")
    for path in gone:
        click.echo(f"Removed {path}.")
    if made.manifest.damaged:
        raise click.ClickException(backups.damage(made.manifest.damaged))


@portal.command(unready=True)
@click.argument("source", metavar="IN", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), help="Instead of PORTAL_DATA_DIR.")
@click.option("--dry-run", is_flag=True, help="Only read the archive and say whether it is whole.")
def restore(source: Path, into: Path | None, *, dry_run: bool) -> None:
    """Bring back the portal of the archive IN, into an empty data directory and an empty database."""
    given = passphrase(new=False)
    with operating():
        if dry_run:
            head, manifest = restoring.look(source, given)
            click.echo(f"{source} is whole: {backups.told(head, manifest)}.")
            return
        done = restoring.restore(source, given, into)
    click.echo(f"Restored {done.place.directory}: {backups.told(done.head, done.manifest)}. All is as in the archive.")
    for path in done.aside:
        click.echo(f"A key that was there is kept as {path}.", err=True)
    if done.older:
        click.echo("It is of an older release: run `portal init`, then `portal audit verify`.", err=True)
    if done.fault:
        raise click.ClickException(f"the trail was not as it was written when the archive was made: {done.fault}")


@portal.command("worker")
@click.option("--threads", type=click.IntRange(1, 64), default=worker.THREADS, help="Jobs that are done at a time.")
def work(*, threads: int) -> None:
    """Do the jobs that people ask for and scheduled work, until it is stopped. `run.py` does so itself."""
    app: Any = current_app
    worker.serve(app._get_current_object(), threads)


@portal.command(unready=True)
@click.option("--deploy", is_flag=True, help="Also what matters where an office uses the portal.")
def check(*, deploy: bool) -> None:
    """Say what is unsafe, with the remedy of each. Run it with the settings that the portal is served with."""
    found = checks.check(deploy=deploy)
    for each in found:
        click.echo(f"{'unsafe' if each.exposes else 'to mend'}: {each.text}")
    if found:
        refused = sum(each.exposes for each in found)
        raise click.ClickException(f"to be mended: {len(found)}; production does not start with {refused} of them")
    click.echo("Nothing is to be mended.")


@contextmanager
def operating() -> Iterator[None]:
    """Faults of what is done with all of the portal, in one line."""
    try:
        yield
    except (Refused, BadArchive) as fault:
        raise click.ClickException(str(fault)) from None


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
@click.option("--month-days", type=click.Choice(months.RULES), help="The day meant where a sheet says a month only.")
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
            sheet = running.Sheet(found, layout, file.name, running.digest(file), how["adopt"], how["all_or_none"])
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


def _run(sheet: running.Sheet, dry: bool) -> running.Taken:
    memory.collect_rarely()
    with TemporaryDirectory(dir=current_app.config["DATA_DIR"]) as name:
        if dry:
            return running.Taken(running.rehearse(sheet, Path(name), lambda _done, _all: None), None)
        return running.run(sheet, Path(name), lambda _done, _all: None)


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
            exporting.tell(found, book, [], cover)
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
