"""Restore an archive into an empty place, on either database: all of it or nothing.

The tables are made by the migrations of the archive's release, filled in one transaction, and compared with the archive
before anything counts. Then the directory is put in place, and its database last.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from filelock import FileLock, Timeout
from flask import Flask, current_app
from sqlalchemy import Connection, delete, inspect, make_url, update
from sqlalchemy.exc import DBAPIError

import config
from portal import setup
from portal.core import storage
from portal.core.access import scope
from portal.core.audit import audit_log
from portal.core.hash_chain import chain, verification
from portal.core.jobs.files import write
from portal.core.records import attachments
from portal.core.storage import Store, installation, key_files
from portal.core.storage.installation import Installation
from portal.extensions import db
from portal.operations import archive, dialects, migrating, tables
from portal.operations.archive import Head, Manifest, Taker
from portal.operations.archive_encryption import BadArchive
from portal.operations.backup import PART, Refused
from portal.operations.tables import Loading

STAGED = installation.STAGED
ASIDE = ".before-restore"
KEYS = (key_files.PERSONAL, key_files.AUDIT, key_files.SECRET)
# What may be in a directory that counts as empty: locks, and what a fresh file system has.
NOTHING = frozenset({setup.LOCK_FILE, "jobs", "locks", "backup.lock", "lost+found"})
RESTORED = "restored"
# Under this name the application knows what makes another one.
MAKER = "portal.create_app"


@dataclass(frozen=True)
class Place:
    """Where a portal is restored to. `file`: SQLite's database, None with PostgreSQL."""

    directory: Path
    url: str
    file: Path | None

    @property
    def staged(self) -> Path:
        return self.directory / STAGED

    @property
    def part(self) -> Path | None:
        """What SQLite's database is called until it is whole."""
        return self.file and self.file.with_name(f"{self.file.name}{PART}")


@dataclass(frozen=True)
class Restored:
    """`aside`: keys that were there. `fault`: what is wrong with the trail, as it was when the archive was made.
    `older`: the database is to be brought up to date."""

    place: Place
    head: Head
    manifest: Manifest
    aside: Sequence[Path]
    fault: str
    older: bool


def place_of(into: Path | None) -> Place:
    """With another directory than that of the settings, SQLite's file is in it."""
    directory = (into or current_app.config["DATA_DIR"]).resolve()
    url = current_app.config["SQLALCHEMY_DATABASE_URI"]
    if not url.startswith("sqlite"):
        return Place(directory, url, None)
    if into is not None:
        url = f"sqlite:///{directory / 'portal.db'}"
    return Place(directory, url, Path(make_url(url).database or ""))


def restore(source: Path, passphrase: str, into: Path | None) -> Restored:
    """Raises Refused, BadArchive, OSError and what the database says; nothing is there then that was not before."""
    place = place_of(into)
    with alone_in(place.directory):
        undo_killed(place)
        with made_for(place):
            require_empty(place)
            head, manifest = checked(source, passphrase)
            fill(place, source, passphrase, (head, manifest))
            aside = sorted(place.directory.glob(f"*{ASIDE}"))
            return Restored(place, head, manifest, aside, *settled(place, manifest))


def fill(place: Place, source: Path, passphrase: str, proved: tuple[Head, Manifest]) -> None:
    """Database and directory, both whole or neither."""
    with filled(place, source, passphrase, proved) as connection:
        if place.file is None:
            with in_place(place):
                connection.commit()
        else:  # a file counts when it has its name
            connection.commit()
            connection.close()
            with in_place(place):
                sync()


@contextmanager
def alone_in(directory: Path) -> Iterator[None]:
    """Nobody else restores into it or sets up a portal there: each would take for left over what the other is making.
    Raises Refused. A directory that was made for nothing goes."""
    path = directory / setup.LOCK_FILE
    there, locked = directory.exists(), path.exists()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        why = f"another command restores into {directory} or sets up a portal there: wait for it"
        raise Refused(why) from None
    try:
        yield
    except BaseException:
        if not locked:
            path.unlink(missing_ok=True)
        if not there:
            with suppress(OSError):
                directory.rmdir()
        raise
    finally:
        lock.release()


def look(source: Path, passphrase: str) -> tuple[Head, Manifest]:
    """Read an archive and make nothing. Raises BadArchive."""
    try:
        return checked(source, passphrase)
    finally:
        forget_made_keys()


def forget_made_keys(kept: Path | None = None) -> None:
    """The start of this command made keys where there were none; only the directory of a portal keeps them."""
    for path in current_app.extensions.get(key_files.MADE, ()):
        if path.parent != kept:
            path.unlink(missing_ok=True)


def checked(source: Path, passphrase: str) -> tuple[Head, Manifest]:
    """Read an archive to its end. Raises BadArchive."""
    found = archive.read(source, passphrase, Taker())
    migrating.require_known(found[0].revision)
    return found


@contextmanager
def made_for(place: Place) -> Iterator[None]:
    """What is not finished leaves nothing, nor do the keys that the start of this command made."""
    kept: Path | None = place.directory
    try:
        yield
    except BaseException:
        kept = None
        raise
    finally:
        shutil.rmtree(place.staged, ignore_errors=True)
        forget_made_keys(kept)


def undo_killed(place: Place) -> None:
    """A restore that was killed is none: what it had made goes, so that it can be repeated. `PLACING` names what it was
    putting in place, and there is no identity before all of that is there."""
    if not place.staged.exists() or (place.directory / installation.FILE).exists():
        return
    for target in put_in_place(place):
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
    for path in place.directory.glob(f"*{ASIDE}"):
        path.rename(path.with_suffix(""))
    shutil.rmtree(place.staged)
    if place.file is not None and place.part is not None:
        for path in place.part.parent.glob(f"{place.part.name}*"):
            path.unlink()
        if place.file.exists() and not place.file.stat().st_size:  # any command makes it
            place.file.unlink()


def put_in_place(place: Place) -> list[Path]:
    """What a killed restore had put in place: of what it meant to, that which waits no more."""
    journal = place.staged / installation.PLACING
    targets = [Path(name) for name in json.loads(journal.read_text("utf-8"))] if journal.exists() else []
    waiting = {target: place.part if target == place.file else place.staged / target.name for target in targets}
    return [target for target, where in waiting.items() if where is not None and not where.exists()]


def require_empty(place: Place) -> None:
    """Raises Refused where there is a portal, or anything that may be part of one. Keys alone are none: any command
    makes them where there are none."""
    kept = sorted(path.name for path in place.directory.iterdir() if path.name not in {*NOTHING, *KEYS, STAGED})
    if kept:
        raise Refused(
            f"{place.directory} is not empty ({', '.join(kept[:3])}{', …' if len(kept) > 3 else ''}): a portal is "
            "restored into an empty directory only; move what is there away, or name another one by --into"
        )
    if place.file is not None and place.file.exists():
        raise Refused(f"{place.file} exists already: set PORTAL_DATABASE_URL to a file that does not")


@contextmanager
def filled(place: Place, source: Path, passphrase: str, proved: tuple[Head, Manifest]) -> Iterator[Connection]:
    """The database with everything that the archive has, in a transaction that is still open."""
    head, manifest = proved
    shutil.rmtree(place.staged, ignore_errors=True)  # of one that was killed
    place.staged.mkdir(mode=0o700)
    engine = dialects.engine(place.url, place.part)
    try:
        with engine.connect() as connection:
            dialects.prepare(connection)
            if names := inspect(connection).get_table_names():
                raise Refused(
                    f"the database is not empty (it has {len(names)} tables): a portal is restored into an empty one "
                    "only; set PORTAL_DATABASE_URL to that"
                )
            migrating.make_tables(connection, head.revision)
            with bucket_for(head, manifest) as bucket:
                with dialects.without_foreign_keys(connection):
                    if archive.read(source, passphrase, Loader(connection, place.staged, bucket)) != proved:
                        raise BadArchive("the archive was changed while it was read")
                dialects.set_counters(connection, manifest.counters)
                require_same(connection, head, manifest)
                say_where_files_are(connection, head)
                yield connection
    finally:
        engine.dispose()
        if place.part is not None:
            for path in place.part.parent.glob(f"{place.part.name}*"):
                path.unlink()


def say_where_files_are(connection: Connection, head: Head) -> None:
    if "files_in" in head.tables.get(Installation.__tablename__, ()):
        here = {"files_in": installation.files_place(), "files_stay_until": None}
        connection.execute(update(Installation).values(here))


@contextmanager
def bucket_for(head: Head, manifest: Manifest) -> Iterator[Store | None]:
    """Where the files go unless into the directory; those that were not there before go again on a fault. Raises
    Refused where there are files of another portal."""
    setting = current_app.config["FILES"]
    if setting == storage.DIRECTORY:
        yield None
        return
    theirs = installation.store_identity(setting)
    if theirs not in (None, head.installation):
        raise Refused(
            f"{installation.files_place()} has the files of another portal ({theirs}): set PORTAL_FILES to a bucket, "
            "or a beginning of names, of its own"
        )
    bucket = storage.area(attachments.AREA)
    had = {each.name for each in bucket.entries()}
    try:
        yield bucket
    except BaseException:
        bucket.discard(manifest.files.keys() - had)
        raise


class Loader(Taker):
    """Puts rows into the tables and files into a directory that is not the portal's yet, or into a bucket."""

    def __init__(self, connection: Connection, staged: Path, bucket: Store | None) -> None:
        self._connection, self._staged, self._bucket = connection, staged, bucket
        self._loading: dict[str, Loading] = {}

    def begin(self, head: Head) -> None:
        made = tables.reflect(self._connection)
        for name, columns in head.tables.items():
            if name not in made.tables or not set(columns) <= set(made.tables[name].columns.keys()):
                raise BadArchive(f"this release has no table or not all columns of {name} of the archive")
            self._connection.execute(delete(made.tables[name]))  # what a migration put in
            self._loading[name] = Loading(self._connection, made.tables[name], columns)

    def rows(self, table: str, block: bytes) -> None:
        self._loading[table].take(block)

    def beside(self, name: str, content: bytes) -> None:
        with write(self._staged / name) as file:
            file.write(content)

    def file(self, stored: str, pieces: Iterator[bytes]) -> None:
        if self._bucket is not None:
            self._bucket.put(stored, BytesIO(b"".join(pieces)))
            return
        path = self._staged / "files" / stored[:2] / stored
        for folder in (path.parent.parent, path.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        with write(path) as file:
            for piece in pieces:
                file.write(piece)


def require_same(connection: Connection, head: Head, manifest: Manifest) -> None:
    """Raises BadArchive unless the database, asked again, holds what the archive says."""
    made = tables.reflect(connection)
    for name, columns in head.tables.items():
        found = tables.tally_of(connection, made.tables[name], columns)
        if found != manifest.tables[name]:
            raise BadArchive(
                f"table {name} did not come back as it was ({found['rows']} of {manifest.tables[name]['rows']} rows)"
            )


@contextmanager
def in_place(place: Place) -> Iterator[None]:
    """Everything has its name, the identity last: what was killed before that is no portal. On a fault all goes, and
    keys that were there come back."""
    if not any((each / key_files.SECRET).exists() for each in (place.staged, place.directory)):
        config.kept(place.staged / key_files.SECRET, key_files.new_secret)  # it was in the settings
    entries = sorted(place.staged.iterdir(), key=lambda path: path.name == installation.FILE)
    targets = [(path, place.directory / path.name) for path in entries]
    if place.file is not None and place.part is not None:
        targets.insert(0, (place.part, place.file))
    (place.staged / installation.PLACING).write_text(json.dumps([str(target) for _, target in targets]), "utf-8")
    sync()
    done, made = [], current_app.extensions.get(key_files.MADE, ())
    try:
        for path, target in targets:
            if target.exists() and target not in made:
                target.rename(target.with_name(f"{target.name}{ASIDE}"))
            path.replace(target)
            done.append(target)
        config.keep_folder(place.directory)
        yield
    except BaseException:
        for path in done:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in place.directory.glob(f"*{ASIDE}"):
            path.rename(path.with_suffix(""))
        raise


def sync() -> None:
    """What was written survives a power cut. Once for all files: there may be many."""
    if os.name == "posix":
        os.sync()


def settled(place: Place, manifest: Manifest) -> tuple[str, bool]:
    """What `portal init` would see to and an archive cannot hold: row-level security and the serving role, a file of
    heads where there was none, a line of the trail. Answers what is wrong with the trail, and whether the database is
    of an older release."""
    environ = {"PORTAL_DATA_DIR": str(place.directory), "PORTAL_DATABASE_URL": place.url}
    environ["PORTAL_FILES"] = current_app.config["FILES"]
    app: Flask = current_app.extensions[MAKER](environ=environ, TESTING=current_app.testing)
    with app.app_context(), scope.unscoped("an operator at the machine restores all of it"):
        try:
            installation.require_match()
            installation.require_store(make=True)
            with dialects.snapshot() as connection:
                current = migrating.current(connection)
            if not current:
                with suppress(DBAPIError):  # where its trail was another one
                    audit_log.log_and_commit(RESTORED, title=str(manifest.trail[0]))
                return "", True
            setup.settle_rights()
            setup.analyze()
            if manifest.trail[0] and not chain.heads_file().exists():
                chain.refound()
            fault = verification.verify().fault
            audit_log.log_and_commit(RESTORED, title=str(manifest.trail[0]))
            if not fault:
                chain.seal()
            return fault, False
        finally:
            db.session.remove()
            db.engine.dispose()
