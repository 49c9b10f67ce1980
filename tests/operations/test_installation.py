"""Files and keys belong to their database: what an operator gets wrong is told in one sentence, and nothing is lost."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine

from config import BadSetting
from portal import cli, create_app, setup
from portal.core.hash_chain import chain
from portal.core.records import attachments
from portal.core.records.forms import staged_files
from portal.core.storage import installation
from portal.extensions import db
from portal.org import reencryption
from tests.conftest import settings

KEYS = ("personal.key", "audit.key", "secret.key")


@pytest.fixture(scope="module")
def first(tmp_path_factory, portals):
    """A portal with a few attachments and a line in its trail."""
    home = tmp_path_factory.mktemp("first")
    portals.copy(home, demo=False)
    app = set_up(home)
    assert cli_of(app, "admin", "create", "sys_admin", "verwalter", "--password", "Lang-genug-2026!").exit_code == 0
    with app.app_context():
        chain.seal()
    files(home)
    release(app)
    return home


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    """Another portal, with an identity and keys of its own."""
    home = tmp_path_factory.mktemp("second")
    release(set_up(home))
    return home


@pytest.fixture
def other(second, tmp_path):
    return shutil.copytree(second, tmp_path / "other")


@pytest.fixture
def home(first, tmp_path):
    shutil.copytree(first, tmp_path / "home")
    return tmp_path / "home"


def files(home: Path, count: int = 20) -> list[Path]:
    made = [home / "files" / "ab" / f"ab{n:030x}" for n in range(count)]
    for path in made:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%PDF-")
    return made


def set_up(home: Path, url: str | None = None, **more: str):
    app = create_app(environ=settings(home, url) | more, TESTING=True)
    try:
        with app.app_context():
            app.remarks = setup.bring_up_to_date()
    except BadSetting:
        release(app)
        raise
    return app


@contextmanager
def changing(home: Path) -> Iterator[Connection]:
    engine = create_engine(f"sqlite:///{home}/portal.db")
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def release(app):
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def cli_of(app, *words):
    return app.test_cli_runner().invoke(cli.portal, list(words))


def refused(home: Path, url: str | None = None) -> str:
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file() and "portal.db" not in path.name}
    with pytest.raises(BadSetting) as fault:
        set_up(home, url)
    after = {path: path.read_bytes() for path in home.rglob("*") if path.is_file() and "portal.db" not in path.name}
    assert before.items() <= after.items()
    assert len(fault.value.message.splitlines()) == 1
    return str(fault.value.message)


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("state", ["missing", "empty", "a folder", "garbage", "cut off"])
def test_a_portal_whose_key_is_lost_does_not_start_and_makes_none(home, name, state):
    path = home / name
    kept = path.read_bytes()
    path.unlink()
    if state == "a folder":
        path.mkdir()
    elif state != "missing":
        path.write_bytes({"empty": b"", "garbage": b"\xff\x00{}", "cut off": kept[:20]}[state])
    why = refused(home)
    assert str(path) in why
    assert path.exists() == (state != "missing")
    if path.is_dir():
        path.rmdir()
    path.write_bytes(kept)
    release(set_up(home))


@pytest.mark.parametrize("name", KEYS[:2])
def test_a_key_of_another_portal_is_not_taken(home, tmp_path, name):
    release(create_app(environ=settings(tmp_path / "other")))
    shutil.copy(tmp_path / "other" / name, home / name)
    assert f"{home / name} is not the key" in refused(home)


@pytest.mark.parametrize("name", KEYS[:2])
def test_nor_is_it_beside_a_database_that_does_not_say_which_it_was_written_with(home, tmp_path, name):
    release(create_app(environ=settings(tmp_path / "other")))
    app = create_app(environ=settings(home))
    with app.app_context():
        sealed = app.extensions["portal.vault"].seal("王小明")
    release(app)
    with changing(home) as connection:
        connection.exec_driver_sql("DROP TABLE installation")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '5d1c0e7a94b2'")
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        columns = [row[1] for row in connection.exec_driver_sql("PRAGMA table_info(member)") if row[3]]
        values = ", ".join("1" if column != "name" else "'王小明'" for column in columns)
        connection.exec_driver_sql(f"INSERT INTO member ({', '.join(columns)}, mobile) VALUES ({values}, '{sealed}')")
    shutil.copy(tmp_path / "other" / name, home / name)
    assert f"{home / name} is not the key" in refused(home)


def test_an_empty_database_beside_files_of_another_is_refused_and_no_file_goes(home, tmp_path):
    why = refused(home, f"sqlite:///{tmp_path}/new.db")
    assert "the database is empty" in why
    assert len(list((home / "files").glob("??/*"))) == 20


def test_a_database_that_was_deleted_is_not_made_anew_beside_its_files(home):
    (home / "portal.db").unlink()
    assert "the database is empty" in refused(home)


def test_another_database_is_refused_and_no_file_goes(home, other):
    why = refused(home, f"sqlite:///{other}/portal.db")
    assert "belongs to another database" in why
    assert len(list((home / "files").glob("??/*"))) == 20


def test_an_empty_data_directory_beside_a_used_database_makes_no_keys(home, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "personal.key is missing" in refused(empty, f"sqlite:///{home}/portal.db")
    assert list(empty.iterdir()) == []


def test_the_same_on_postgresql(tmp_path, portals, cluster):
    url = portals.copy_to(cluster, "belonging", tmp_path / "one", demo=False)
    release(set_up(tmp_path / "one", url))
    assert "personal.key is missing" in refused(tmp_path / "two", url)
    release(set_up(tmp_path / "three", cluster.fresh("belonging_other")))
    assert "belongs to another database" in refused(tmp_path / "three", url)
    assert "the database is empty" in refused(tmp_path / "one", cluster.fresh("belonging_new"))


def test_a_second_machine_with_the_keys_takes_part_and_heads_elsewhere_are_no_alarm(home, tmp_path):
    second = tmp_path / "second"
    second.mkdir()
    for name in KEYS:
        shutil.copy(home / name, second / name)
    app = set_up(second, f"sqlite:///{home}/portal.db")
    here, there = (json.loads((each / installation.FILE).read_text()) for each in (second, home))
    assert here["installation"] == there["installation"]
    assert here["directory"] != there["directory"]
    told = cli_of(app, "audit", "verify")
    assert (told.exit_code, there["directory"] in told.stderr) == (0, True)
    release(app)


def test_heads_that_are_lost_are_begun_anew_by_a_command_that_the_trail_tells(home):
    (home / "audit_heads.log").write_text("")
    app = set_up(home)
    assert cli_of(app, "audit", "verify").exit_code == 1
    assert cli_of(app, "heads", "refound").exit_code == 0
    assert cli_of(app, "audit", "verify").exit_code == 0
    with app.app_context():
        actions = db.session.connection().exec_driver_sql("SELECT action FROM audit_event").scalars().all()
        assert "heads_refounded" in actions
        db.session.rollback()
        assert chain.seal() == 0, "verifying sealed it"
    assert cli_of(app, "audit", "verify").exit_code == 0
    release(app)


def test_heads_are_not_begun_anew_over_a_trail_that_was_changed(home):
    app = set_up(home)
    release(app)
    with changing(home) as connection:
        names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
        for name in names:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql("UPDATE audit_event SET username = 'niemand' WHERE id = 1")
    before = (home / "audit_heads.log").read_bytes()
    told = cli_of(app, "heads", "refound")
    assert (told.exit_code, "1" in told.stderr) == (1, True)
    assert (home / "audit_heads.log").read_bytes() == before
    release(app)


def test_after_an_older_backup_was_put_back_no_file_goes(home, tmp_path):
    shutil.copy(home / "portal.db", tmp_path / "backup.db")
    app = set_up(home)
    assert cli_of(app, "admin", "create", "sys_admin", "zweiter", "--password", "Lang-genug-2026!").exit_code == 0
    with app.app_context():
        chain.seal()
    release(app)
    for left in home.glob("portal.db*"):
        left.unlink()
    shutil.copy(tmp_path / "backup.db", home / "portal.db")
    shutil.rmtree(home / "files" / "ab")
    [newer] = files(home, 1)
    app = set_up(home)
    assert "older than audit_heads.log" in " ".join(app.remarks)
    assert newer.exists()
    assert cli_of(app, "sweep", "--yes").exit_code == 1
    release(app)


def test_more_files_than_a_killed_process_leaves_are_only_told(home):
    app = set_up(home)
    [remark] = app.remarks
    assert "20 files" in remark
    assert len(list((home / "files").glob("??/*"))) == 20
    assert "20 files" in cli_of(app, "sweep").stdout
    assert len(list((home / "files").glob("??/*"))) == 20
    assert cli_of(app, "sweep", "--yes").exit_code == 0
    assert list((home / "files").glob("??/*")) == []
    with app.app_context():
        assert attachments.sweep(staged_files.stored) == 0
    release(app)


def test_commands_and_pages_refuse_a_database_that_is_not_theirs(home, other):
    app = create_app(environ=settings(home, f"sqlite:///{other}/portal.db"))
    told = cli_of(app, "audit", "verify")
    assert (told.exit_code, "belongs to another database" in told.stderr) == (1, True)
    client = app.test_client()
    assert client.get("/login/").status_code == 503
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
    release(app)


def test_a_database_that_is_not_set_up_says_so(tmp_path):
    app = create_app(environ=settings(tmp_path))
    told = cli_of(app, "audit", "verify")
    assert (told.exit_code, "portal init" in told.stderr) == (1, True)
    release(app)


def test_rotating_keys_that_was_ended_half_way_loses_none(home, monkeypatch):
    app = set_up(home)
    with app.app_context():
        sealed = app.extensions["portal.vault"].seal("13800000000")
        for _ in range(2):
            reencryption.renew(home / "personal.key")  # and the rest never came
            installation.require_match()
        assert app.extensions["portal.vault"].open(sealed) == "13800000000"
    assert cli_of(app, "keys", "rotate").exit_code == 0
    assert len(json.loads((home / "personal.key").read_text())["encrypt"]) == 2
    release(app)
    release(set_up(home))


def ask_again(app):
    """As after half a minute."""
    for each in app.before_request_funcs[None]:
        if isinstance(each, installation.Guard):
            each.passed_at = -math.inf


def test_a_new_key_is_made_beside_other_machines_only_if_they_get_it(home, tmp_path):
    """Until its copy is there the other one stops, since it could neither read nor be read."""
    other = tmp_path / "other"
    other.mkdir()
    for name in KEYS:
        shutil.copy(home / name, other / name)
    one, two = set_up(home), set_up(other, f"sqlite:///{home}/portal.db")
    asking = two.test_client()
    assert asking.get("/login/").status_code == 200
    assert cli_of(two, "heads", "refound").exit_code == 0
    kept = (home / "personal.key").read_bytes()
    told = cli_of(one, "keys", "rotate")
    assert (told.exit_code, "--copied-at-once" in told.stderr) == (1, True)
    assert (home / "personal.key").read_bytes() == kept
    assert cli_of(one, "keys", "rotate", "--copied-at-once").exit_code == 0
    ask_again(two)
    assert asking.get("/login/").status_code == 503
    with two.app_context():
        assert not installation.has_newest_keys()
        shutil.copy(home / "personal.key", other / "personal.key")
        assert installation.has_newest_keys()
    assert asking.get("/login/").status_code == 200
    release(one)
    release(two)
