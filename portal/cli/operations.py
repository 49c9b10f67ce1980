"""Setting up and looking after a portal: its database, files, keys, audit log, backups and jobs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from flask import current_app

from portal import setup, worker
from portal.cli.groups import files, heads, keys, portal, trail
from portal.core.access import scope
from portal.core.audit import audit_log
from portal.core.hash_chain import chain, verification
from portal.core.records import attachments
from portal.core.records.forms import staged_files
from portal.demo import PROFILES, load, password, renew_password
from portal.operations import backup as backups
from portal.operations import checks, key_rotation, moving_files
from portal.operations import restore as restoring
from portal.operations.archive_encryption import BadArchive
from portal.operations.backup import Refused
from portal.operations.passphrase import passphrase


@portal.command(unready=True)
@click.option("--discard", multiple=True, metavar="TABLE", help="Of a removed ledger: drop its records, too.")
def init(discard: tuple[str, ...]) -> None:
    """Bring the database up to date: schema, roles, code lists. Takes nothing back that was changed since."""
    for remark in setup.bring_up_to_date(discard):
        click.echo(remark, err=True)
    click.echo("The database is up to date.")


@portal.command()
@click.option("--yes", is_flag=True, help="Remove them; else they are only counted.")
def sweep(*, yes: bool) -> None:
    """Files in the store that belong to no record: say how many there are, or remove them."""
    if why := chain.older_than_directory():
        raise click.ClickException(why)
    with scope.unscoped("an operator at the machine looks after the files"):
        found = attachments.unnamed(staged_files.stored)
        if yes and not attachments.discard(each.name for each in found):
            raise click.ClickException("a backup is being made, or the store is away: try again later")
        if yes:
            audit_log.log_and_commit("files_swept", title=str(len(found)))
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


@keys.command()
@click.option("--copied-at-once", "copied", is_flag=True, help="You bring the new key to the other machines.")
def rotate(*, copied: bool) -> None:
    """Make a new key and encrypt all personal data with it. The key before is kept until the next time."""
    with operating(), scope.unscoped("an operator at the machine looks after the keys"):
        count = key_rotation.renew(lambda done: click.echo(f"{done} values …", err=True), copied=copied)
    click.echo(f"{count} values are encrypted with a new key. Keep a copy of personal.key apart from the database.")
    if copied:
        click.echo("Copy personal.key to the data directories of the other machines now.", err=True)


@trail.command("verify")
def verify() -> None:
    """Go through the whole trail, then seal what is new. Names the first line that is not as it was written."""
    found = verification.verify(lambda done: click.echo(f"{done} lines …", err=True))
    if found.fault:
        click.echo(
            "Keep database and data directory as they are, and see “What to do when” in docs/operations.md.", err=True
        )
        raise click.ClickException(found.fault)
    if found.remark:
        click.echo(found.remark, err=True)
    click.echo(f"{found.lines} lines in {found.blocks} blocks are as they were written; {chain.seal()} sealed now.")
    number, digest = chain.head()
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
    found = verification.verify(with_file=False)
    if found.fault:
        raise click.ClickException(found.fault)
    with scope.unscoped("an operator at the machine looks after the trail"):
        audit_log.log_and_commit("heads_refounded", title=f"{found.blocks}")
    kept = chain.refound()
    number, digest = chain.head()
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
