"""Backups: made while others write, whole on their own, restored on either database, refused where they are not."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock
from sqlalchemy import func, inspect, select

from portal import cli, create_app, setup
from portal.core import clock
from portal.core.access import scope
from portal.core.hash_chain import chain, verification
from portal.core.records import attachments
from portal.core.records.attachments import Attachment
from portal.core.storage import encrypted_streams, installation
from portal.extensions import db
from portal.operations import archive, archive_encryption, backup, dialects, tables
from tests import commands
from tests.conftest import release, settings

PASSPHRASE = "correct horse battery staple"
WRITERS = 4
BESIDE = ("personal.key", "audit.key", "secret.key", "identity.json")


@pytest.fixture(scope="module", autouse=True)
def cheap_passphrases():
    """What makes guessing a passphrase dear would make these tests slow."""
    before, archive_encryption.MEMORY = archive_encryption.MEMORY, 2**23
    yield
    archive_encryption.MEMORY = before


@pytest.fixture(scope="module")
def passphrase_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("passphrase") / "passphrase"
    path.write_text(f"{PASSPHRASE}\n")
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def portal_at(passphrase_file):
    """`with portal_at(directory, url) as app:` – an application that takes its passphrase from a file."""

    @contextmanager
    def opened(home: Path, url: str | None = None, **more: str):
        environ = settings(home, url) | {"PORTAL_BACKUP_PASSPHRASE_FILE": str(passphrase_file)} | more
        app = create_app(environ=environ, TESTING=True)
        try:
            yield app
        finally:
            release(app)

    return opened


@pytest.fixture(scope="module")
def source(tmp_path_factory, portals, portal_at):
    """A portal with the demo, and an archive that was made while four threads attached and removed files."""
    home = tmp_path_factory.mktemp("source")
    portals.copy(home)
    with portal_at(home) as app:
        with app.app_context():
            chain.seal()
        with writing(app):
            command(app, "backup", str(home.parent / "first.backup"))
    return home, home.parent / "first.backup"


@contextmanager
def writing(app):
    """Four threads attach files, and take every other one away again."""
    stop, done = threading.Event(), []
    threads = [threading.Thread(target=attach, args=(app, stop, done)) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert len(done) == WRITERS


def attach(app, stop, done):
    with app.test_request_context(method="POST"), scope.unscoped("a test writes beside a backup"):
        while not stop.is_set():
            kept, gone = attached(), attached()
            db.session.commit()
            attachments.kept().open(kept.stored).close()
            stored = gone.stored
            db.session.delete(gone)
            db.session.commit()
            attachments.discard([stored])
        db.session.remove()
        done.append(True)


def attached():
    """A file of a record, as `attachments.add` keeps it, without the limits of a place."""
    content = b"%PDF-" + os.urandom(3000)
    values = {"ledger": "agreements", "record_id": 1, "place": "scan", "name": "a.pdf", "size": len(content)}
    values |= {"sha256": hashlib.sha256(content).hexdigest(), "stored": attachments.bring(content), "person": ""}
    found = Attachment(**values, added_at=clock.now())
    db.session.add(found)
    return found


def command(app, *words, code=0, given=None):
    result = app.test_cli_runner().invoke(cli.portal, list(words), input=given)
    assert result.exit_code == code, result.output
    if code:
        assert result.stderr.count("Error: ") == 1
        assert "Traceback" not in result.output
    return result


def proved(path):
    return archive.read(path, PASSPHRASE, archive.Taker())


def require_rows_of(manifest):
    for name, table in tables.reflect(db.session.connection()).tables.items():
        if name in manifest.tables:
            added = {"audit_event": 1}.get(name, 0)  # that it was restored
            more = db.session.scalar(select(func.count()).select_from(table)) - manifest.tables[name]["rows"]
            assert more == added or (name == "audit_seal" and more > 0), name  # more seals when it takes long


def require_as_in(app, archived):
    """What is restored is that portal: rows, files, keys, identity, and a trail that verifies."""
    head, manifest = proved(archived)
    home = app.config["DATA_DIR"]
    with app.app_context(), scope.unscoped("a test counts"):
        installation.require_match()
        assert installation.carried().installation == head.installation
        require_rows_of(manifest)
        for row in db.session.scalars(select(Attachment)):
            with attachments.kept().open(row.stored) as content:
                assert hashlib.sha256(content.read()).hexdigest() == row.sha256
        verdict = verification.verify()
        assert (verdict.fault, verdict.remark) == ("", "")
        db.session.remove()
        with dialects.snapshot() as connection:
            given = dialects.counters(connection)
            assert {"agreement", "attachment", "unit"} <= set(given)
            assert [name for name, last in manifest.counters.items() if given.get(name, last) < last] == []
            required_by_the_database(connection)
    assert {path.name for path in (home / "files").glob("??/*")} == set(manifest.files)
    for name, digest in manifest.beside.items():
        if name != "audit_heads.log":
            assert hashlib.sha256((home / name).read_bytes()).hexdigest() == digest
    left = [path for path in (home, *home.rglob("*")) if path.stat().st_mode & 0o077 and path.suffix != ".lock"]
    assert [path for path in left if path.name not in ("portal.db-wal", "portal.db-shm")] == []


def required_by_the_database(connection):
    """Foreign keys hold, ids go on, and on PostgreSQL the trail refuses changes."""
    if connection.dialect.name == "sqlite":
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        return
    foreign = connection.exec_driver_sql("SELECT count(*) FROM pg_constraint WHERE contype = 'f'").scalar()
    assert foreign > 50
    triggers = connection.exec_driver_sql("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'audit_%%'").scalar()
    assert triggers == 4


@pytest.fixture
def restored(portal_at):
    """`with restored(archive, directory, url) as app:` – what a process that starts then finds."""

    @contextmanager
    def opened(archived: Path, home: Path, url: str | None = None, **more: str):
        with portal_at(home, url, **more) as app:
            assert "All is as in the archive" in command(app, "restore", str(archived)).stdout
        with portal_at(home, url, **more) as app:
            require_as_in(app, archived)
            yield app

    return opened


def test_a_backup_made_while_others_write_is_restored_on_both_databases_and_back(
    source, portal_at, restored, cluster, tmp_path
):
    _, first = source
    second = tmp_path / "second.backup"
    with restored(first, tmp_path / "postgresql", cluster.fresh("restored"), PORTAL_ROW_SECURITY="on") as app:
        with writing(app):
            command(app, "backup", str(second))
        assert proved(second)[0].database == "postgresql"
    with restored(second, tmp_path / "again", cluster.fresh("restored_again")):
        pass
    with portal_at(tmp_path / "anywhere") as app:
        command(app, "restore", str(second), "--into", str(tmp_path / "back"))
    assert list((tmp_path / "anywhere").iterdir()) == [], "the start of the command made keys for nothing"
    with portal_at(tmp_path / "back") as app:
        require_as_in(app, second)
        with app.app_context():
            assert setup.bring_up_to_date() == [], "an archive of this release needs nothing else"


def test_an_archive_that_is_not_whole_or_not_opened_makes_nothing(source, portal_at, tmp_path, monkeypatch):
    _, first = source
    content = first.read_bytes()
    chunk = encrypted_streams.CHUNK + encrypted_streams.OVERHEAD
    start = len(content) - (len(content) // chunk) * chunk
    altered = {
        "nothing": b"",
        "no archive": b"PK\x03\x04" + content,
        "begun": content[:40],
        "beginning": flipped(content, 50),
        "middle": flipped(content, len(content) // 2),
        "end": flipped(content, len(content) - 1),
        "cut": content[: len(content) // 2],
        "cut between messages": content[: start + chunk],
        "last byte": content[:-1],
        "more": content + b"\0",
        "twice": content + content,
        "cost": content[:16] + b"\xff" * 8 + content[24:],
    }
    home = tmp_path / "home"
    with portal_at(home) as app:
        for name, bytes_ in altered.items():
            bad = tmp_path / "bad.backup"
            bad.write_bytes(bytes_)
            for words in (("restore", "--dry-run"), ("restore",)):
                said = command(app, *words, str(bad), code=1).stderr
                assert said.count("\n") == 1, name
        assert [path.name for path in home.iterdir()] == [], "nor keys"
        monkeypatch.setitem(app.config, "BACKUP_PASSPHRASE_FILE", "")
        assert "passphrase is not that" in command(app, "restore", str(first), code=1, given="another one!\n").stderr
        assert "a backup needs a passphrase" in command(app, "restore", str(first), code=1).stderr
        assert "is whole" in command(app, "restore", "--dry-run", str(first), given=f"{PASSPHRASE}\n").stdout
        command(app, "restore", str(first), given=f"{PASSPHRASE}\n")
    with portal_at(home) as app:
        require_as_in(app, first)


@pytest.mark.one_database
def test_keys_that_another_command_left_are_set_aside_and_an_archive_without_a_secret_gets_one(
    portal_at, source, tmp_path
):
    home, _ = source
    shutil.copytree(home, tmp_path / "home")
    (tmp_path / "home" / "secret.key").unlink()
    with portal_at(tmp_path / "home", PORTAL_SECRET_KEY="kX0v3yTq8LrZ-5mWbNf7_cJd2GhUeRpS") as app:
        with app.app_context(), db.engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE theirs (id integer)")
        said = command(app, "backup", str(tmp_path / "out.backup")).stderr
        assert "theirs is no part of the portal and not in the archive" in said
    new, other = tmp_path / "new", tmp_path / "other"
    with portal_at(new):
        pass  # any command
    before = {name: (new / name).read_bytes() for name in ("personal.key", "audit.key", "secret.key")}
    with portal_at(new) as app:
        command(app, "restore", "--dry-run", str(tmp_path / "out.backup"))
        command(app, "restore", str(tmp_path / "out.backup"))
        command(app, "restore", str(tmp_path / "out.backup"), "--into", str(other))
    for name in ("personal.key", "audit.key"):
        assert (new / f"{name}.before-restore").read_bytes() == before[name]
        assert (new / name).read_bytes() == (other / name).read_bytes() == (home / name).read_bytes()
    assert (new / "secret.key").read_bytes() == before["secret.key"]
    for each in (new, other):
        with portal_at(each) as app:
            require_as_in(app, tmp_path / "out.backup")


@pytest.mark.one_database
def test_of_two_restores_into_one_directory_the_second_leaves_the_first_alone(source, portal_at, tmp_path):
    _, first = source
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    begun = home / installation.STAGED
    begun.mkdir()
    with portal_at(tmp_path / "anywhere") as app:
        with FileLock(home / setup.LOCK_FILE):
            said = command(app, "restore", str(first), "--into", str(home), code=1).stderr
        assert "wait for it" in said
        assert begun.exists()
        command(app, "restore", str(first), "--into", str(home))
    with portal_at(home) as app:
        require_as_in(app, first)


def flipped(content, place):
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def test_a_portal_is_not_restored_over_anything(source, portal_at, cluster, tmp_path):
    home, first = source
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()}
    with portal_at(home) as app:
        assert "is not empty" in command(app, "restore", str(first), code=1).stderr
        full = tmp_path / "full"
        full.mkdir()
        (full / "note.txt").touch()
        assert "note.txt" in command(app, "restore", str(first), "--into", str(full), code=1).stderr
    after = {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()}
    assert {path for path in before if before[path] != after.get(path)} <= {home / "portal.db-shm"}
    url = cluster.fresh("somebody_elses")
    with portal_at(tmp_path / "other", url) as app:
        with app.app_context(), db.engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE theirs (id integer)")
        assert "the database is not empty" in command(app, "restore", str(first), code=1).stderr
        with app.app_context(), db.engine.connect() as connection:
            assert inspect(connection).get_table_names() == ["theirs"]
    assert list((tmp_path / "other").iterdir()) == []


@pytest.mark.one_database
def test_of_scheduled_backups_only_own_older_ones_go_and_only_after_a_whole_one(source, portal_at, tmp_path):
    home, _ = source
    folder = tmp_path / "backups"
    folder.mkdir()
    shutil.copytree(home, tmp_path / "home")
    with portal_at(tmp_path / "home") as app:
        with app.app_context():
            own = installation.carried().installation[:8]
        older = [folder / f"portal-{own}-2026010{day}T000000Z.backup" for day in (1, 2, 3)]
        others = [folder / "portal-00000000-20260101T000000Z.backup", folder / "letters.txt", folder / f"portal-{own}"]
        for path in (*older, *others):
            path.touch()
        command(app, "backup", "--into", str(folder))
        said = command(app, "backup", "--into", str(folder), "--keep", "3").stdout
        assert said.count("Removed") == 2
        assert [path.exists() for path in older] == [False, False, True]
        assert all(path.exists() for path in others)
        with app.app_context(), scope.unscoped("a test looks for a file"):
            path = attachments.kept().path_of(db.session.scalars(select(Attachment)).first().stored)
            db.session.remove()
        path.write_bytes(b"%PDF-rotten")
        said = command(app, "backup", "--into", str(folder), "--keep", "1", code=1).stderr
        assert path.name in said
        assert older[2].exists(), "it may have the file as it was"
        assert not list(folder.glob("*.part"))


@pytest.mark.one_database
def test_a_backup_that_cannot_be_written_or_read_again_leaves_nothing(source, portal_at, tmp_path, monkeypatch):
    home, _ = source
    shutil.copytree(home, tmp_path / "home")
    with portal_at(tmp_path / "home") as app:
        out = tmp_path / "out.backup"
        out.touch()
        assert "exists already" in command(app, "backup", str(out), code=1).stderr
        out.unlink()
        assert "backup.part" in command(app, "backup", str(tmp_path / "nowhere" / "x.backup"), code=1).stderr
        monkeypatch.setattr(backup, "pack_files", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
        assert "No space left" in command(app, "backup", str(out), code=1).stderr
        assert list(tmp_path.glob("*.backup*")) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from portal import cli, create_app
from portal.operations import archive_encryption, restore
archive_encryption.MEMORY = 2**23
left, real = int(sys.argv[2]), Path.replace
if left == -1:  # while the tables are filled
    restore.Loader.rows = lambda *_: os.kill(os.getpid(), signal.SIGKILL)

def replace(self, target):
    global left
    if "restore.part" in self.parts or self.name == "portal.db.part":
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return real(self, target)

Path.replace = replace
create_app().test_cli_runner().invoke(cli.portal, ["restore", sys.argv[1]])
"""


@pytest.mark.one_database
@pytest.mark.slow
def test_a_restore_that_was_killed_half_way_is_told_and_can_be_repeated(
    source, portal_at, restored, passphrase_file, tmp_path
):
    _, first = source
    for put in (-1, 0, 3):  # not even read; nothing put in place yet; the database and some of what is beside it
        home = tmp_path / str(put)
        environment = os.environ | settings(home) | {"PORTAL_BACKUP_PASSPHRASE_FILE": str(passphrase_file)}
        done = commands.run(("-c", KILLED, str(first), str(put)), environment)
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert (home / "portal.db").exists() is (put > 0)
        with portal_at(home) as app:
            assert "was ended half way: run `portal restore` again" in command(app, "init", code=1).stderr
            assert app.test_client().get("/login/").status_code == 503
        with restored(first, home):
            assert not (home / "restore.part").exists()
