"""Bringing a database up to date: alone, twice, four at once; commands and what they say."""

from __future__ import annotations

import errno
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

import config
from config import BadSetting
from portal import create_app, setup
from portal.core import clock
from tests import commands
from tests.conftest import settings

ROUNDS = 2
pytestmark = pytest.mark.slow


def run(*words: str, home: Path, url: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    return commands.run(words, os.environ | settings(home, url or None) | more)


def command(*words: str, **options: str | Path) -> subprocess.CompletedProcess[str]:
    return run("-m", "flask", "--app", "portal", "portal", *words, **options)


def dump(url: str) -> dict[str, list[str]]:
    """Tables and columns, and every row of the tables that setting up fills, without their ids."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    found: dict[str, list[str]] = {}
    with engine.connect() as connection:
        inspector = inspect(connection)
        for table in sorted(inspector.get_table_names()):
            columns = [f"{each['name']} {each['type']}" for each in inspector.get_columns(table)]
            indexes = [f"{each['name']} {each['column_names']}" for each in inspector.get_indexes(table)]
            found[table] = sorted(columns + indexes)
        for name, query in QUERIES.items():
            found[name] = sorted(str(tuple(row)) for row in connection.exec_driver_sql(query))
    engine.dispose()
    return found


QUERIES = {
    "version": "SELECT version_num FROM alembic_version",
    "rights": "SELECT p.name, v.name FROM ab_permission_view pv JOIN ab_permission p ON p.id = pv.permission_id "
    "JOIN ab_view_menu v ON v.id = pv.view_menu_id",
    "grants": "SELECT r.name, p.name, v.name FROM ab_permission_view_role x JOIN ab_role r ON r.id = x.role_id "
    "JOIN ab_permission_view pv ON pv.id = x.permission_view_id JOIN ab_permission p ON p.id = pv.permission_id "
    "JOIN ab_view_menu v ON v.id = pv.view_menu_id",
    "roles": "SELECT name FROM ab_role",
    "permissions": "SELECT name FROM ab_permission",
    "views": "SELECT name FROM ab_view_menu",
    "scopes": "SELECT r.name, s.ledger, s.scope FROM role_scope s JOIN ab_role r ON r.id = s.role_id",
    "seeded": "SELECT role, ledger, verb FROM seeded_grant",
    "codes": "SELECT l.code, i.code, i.label, i.position FROM code_item i JOIN code_list l ON l.id = i.list_id",
}


def test_four_at_once_on_an_empty_sqlite_end_like_one(tmp_path):
    homes = [tmp_path / str(n) for n in range(ROUNDS)]
    done = run("-m", "tests.race", "4", *(f"{home}=" for home in homes), home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert command("init", home=tmp_path / "alone").returncode == 0
    alone = dump(f"sqlite:///{tmp_path}/alone/portal.db")
    for home in homes:
        assert dump(f"sqlite:///{home}/portal.db") == alone


def test_four_at_once_on_an_empty_postgresql_end_like_one(tmp_path, cluster):
    urls = [cluster.fresh(f"race_{n}") for n in range(ROUNDS)]
    places = [f"{tmp_path / str(n)}={url}" for n, url in enumerate(urls)]
    done = run("-m", "tests.race", "4", *places, home=tmp_path)
    assert done.returncode == 0, done.stderr
    alone = cluster.fresh("race_alone")
    assert command("init", home=tmp_path / "alone", url=alone).returncode == 0
    for url in urls:
        assert dump(url) == dump(alone)


def test_four_that_also_load_the_demo_end_with_one_demo(tmp_path):
    done = run("-m", "tests.race", "4", f"{tmp_path}/four=", f"{tmp_path}/one=", "--demo", home=tmp_path)
    assert done.returncode == 0, done.stderr
    engine = create_engine(f"sqlite:///{tmp_path}/four/portal.db")
    with engine.connect() as connection:
        counted = [
            connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()
            for table in ("unit", "area", "member", "ab_user", "agreement")
        ]
    engine.dispose()
    assert counted == [186, 152, 160, 30, 34]


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps rights otherwise")
def test_nobody_else_on_the_machine_reads_what_the_portal_keeps(prepared):
    assert prepared.stat().st_mode & 0o777 == 0o700
    files = [path for path in prepared.iterdir() if path.suffix in (".db", ".log", ".key")]
    kept = {path.name: path.stat().st_mode & 0o777 for path in files}
    assert kept == dict.fromkeys(("portal.db", "audit_heads.log", "audit.key", "personal.key", "secret.key"), 0o600)


def test_init_twice_changes_nothing(prepared):
    before = dump(f"sqlite:///{prepared}/portal.db")
    assert command("init", home=prepared).stdout == "The database is up to date.\n"
    assert dump(f"sqlite:///{prepared}/portal.db") == before


def test_migrations_go_down_to_nothing_and_up_again_on_postgresql(tmp_path, cluster):
    url = cluster.fresh("migrating")
    for words in (("upgrade",), ("downgrade", "base"), ("upgrade",), ("check",)):
        done = run("-m", "flask", "--app", "portal", "db", *words, home=tmp_path, url=url)
        assert done.returncode == 0, done.stderr


def test_records_live_through_migrations_of_their_tables_on_sqlite(prepared, tmp_path):
    shutil.copytree(prepared, tmp_path / "old")
    url = f"sqlite:///{tmp_path}/old/portal.db"
    before, given = counted(url), amounts(url)
    for words in (("downgrade", "eae897953729"), ("upgrade",)):
        done = run("-m", "flask", "--app", "portal", "db", *words, home=tmp_path / "old")
        assert done.returncode == 0, done.stderr
        if words[0] == "downgrade":
            assert {str(amount)[:3] for amount in amounts(url) if amount} <= {"300", "500", "800"}
    assert counted(url) == before
    assert amounts(url) == given
    assert {str(digest)[:2] for digest in given if digest} == {"1."}


def amounts(url):
    """What was given to people, by its digest where it is sealed."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT substr(amount, 1, 45) FROM aid_item ORDER BY id").scalars().all()
    engine.dispose()
    return found


def counted(url):
    """How many rows there are in each table of the portal's records, and how many links lead to none."""
    tables = (
        "unit",
        "member",
        "ab_user",
        "agreement",
        "demand_item",
        "pairing",
        "visit",
        "study_group",
        "service_project",
    )
    engine = create_engine(url)
    with engine.connect() as connection:
        found = [connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar() for name in tables]
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    engine.dispose()
    assert not broken
    return found


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    home = tmp_path_factory.mktemp("prepared") / "made" / "home"
    assert command("init", home=home).returncode == 0
    assert command("demo", "--profile", "tiny", home=home).returncode == 0
    return home


def test_the_demo_twice_adds_nothing(prepared):
    assert command("demo", home=prepared).stdout.startswith("Demo tiny: 0 records added.")


def test_an_account_is_made_and_only_once(prepared):
    words = ("admin", "create", "gw_reviewer", "zhang", "--password", "Richtig-Lang-1")
    assert "zhang" in command(*words, home=prepared).stdout
    again = command(*words, home=prepared)
    assert again.returncode == 1
    assert again.stderr == "Error: there is an account 'zhang' already\n"


def test_a_weak_password_is_refused_in_one_line(prepared):
    done = command("admin", "create", "auditor_ro", "li", "--password", "short", home=prepared)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("export", "nothing", "x.xlsx"), "Error: there is no ledger 'nothing'; there are agreements, "),
        (("export", "agreements", "x.xlsx", "--as", "ghost"), "Error: there is no account 'ghost'\n"),
        (("export", "agreements", "x.xlsx", "--as", "town01"), "Error: town01 may not export agreements\n"),
        (("export", "agreements", "nowhere/x.xlsx"), "Error: nowhere/x.xlsx: No such file or directory\n"),
    ],
)
def test_a_wrong_export_says_why_in_one_line(prepared, words, line):
    done = command(*words, home=prepared)
    assert done.returncode == 1
    assert done.stderr.startswith(line)


def test_an_export_is_written_with_the_rights_of_its_user(prepared, tmp_path):
    out = tmp_path / "out.xlsx"
    assert command("export", "agreements", str(out), "--as", "filler01", home=prepared).returncode == 0
    assert out.read_bytes()[:2] == b"PK"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORTAL_PORT", "high", "PORTAL_PORT is a number from 1 to 65535"),
        ("PORTAL_ENV", "test", "PORTAL_ENV is one of development, production"),
        ("PORTAL_DATABASE_URL", "mysql://x", "PORTAL_DATABASE_URL starts with sqlite:/// or postgresql://"),
        ("PORTAL_AS_OF", "today", "PORTAL_AS_OF is a date like 2026-06-30"),
        ("PORTAL_SECRET_KEY", "short", "PORTAL_SECRET_KEY needs at least 32 characters"),
        ("PORTAL_DEMO", "huge", "PORTAL_DEMO is one of none, tiny, article"),
        ("PORTAL_SERVING_ROLE", "Portal'; DROP", "PORTAL_SERVING_ROLE is small letters, digits and underscores"),
        ("PORTAL_PROXIES", "all", "PORTAL_PROXIES is a number from 0 to 5"),
        ("PORTAL_THREE_ADMINS", "yes", "PORTAL_THREE_ADMINS is one of on, off"),
    ],
)
def test_a_wrong_setting_is_told_with_the_right_ones(tmp_path, name, value, words):
    with pytest.raises(BadSetting, match=re.escape(words)):
        config.settings({"PORTAL_DATA_DIR": str(tmp_path), name: value})


def test_a_wrong_setting_stops_the_start_in_one_line(tmp_path):
    done = run("run.py", home=tmp_path, PORTAL_PORT="high")
    assert done.returncode == 1
    assert "PORTAL_PORT is a number from 1 to 65535" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_stops_the_start_in_one_line_and_is_not_announced(prepared):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("run.py", home=prepared, PORTAL_PORT=str(taken.getsockname()[1]), PORTAL_DEMO="none")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("The portal cannot start: it cannot listen at 127.0.0.1:")
    assert done.stderr.count("\n") == 1


def test_a_key_that_finds_no_room_leaves_nothing_and_says_so(tmp_path, monkeypatch):
    def no_room(_file):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    home = tmp_path / "home"
    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(BadSetting, match=r"cannot be made \(No space left on device\)"):
        create_app(environ=settings(home))
    assert [*home.iterdir()] == []


def test_commands_tell_a_wrong_setting_in_one_line(tmp_path):
    done = command("init", home=tmp_path, PORTAL_PORT="high")
    assert done.stderr == "Error: PORTAL_PORT is a number from 1 to 65535, not 'high'\n"


def test_a_database_that_is_away_is_told_in_one_line(tmp_path):
    done = command("init", home=tmp_path, url="postgresql://portal@127.0.0.1:1/portal")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: the database: ")
    assert done.stderr.count("\n") == 1


def test_production_needs_a_secret_key(tmp_path):
    done = run("run.py", home=tmp_path, PORTAL_ENV="production")
    assert "PORTAL_SECRET_KEY is required in production" in done.stderr


@pytest.mark.one_database
def test_a_clock_that_is_behind_the_trail_is_told(app, monkeypatch):
    now = clock.now()
    with app.app_context():
        assert setup.clock_behind() == []
        monkeypatch.setattr(clock, "now", lambda: now.replace(year=now.year - 1))
        [told] = setup.clock_behind()
    assert str(now.year - 1) in told


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"PORTAL_OIDC_ISSUER": "https://sso.example"}, "needs PORTAL_OIDC_CLIENT_ID and PORTAL_OIDC_CLIENT_SECRET"),
        ({"PORTAL_OIDC_ISSUER": "http://sso.example"}, "PORTAL_OIDC_ISSUER starts with https://"),
        ({"PORTAL_OIDC_CREATE": "yes"}, "PORTAL_OIDC_CREATE is one of on, off"),
        ({"PORTAL_OIDC_SCOPES": "profile"}, "PORTAL_OIDC_SCOPES has openid"),
    ],
)
def test_signing_in_by_another_system_is_set_as_a_whole(given, told):
    whole = {"PORTAL_OIDC_CLIENT_ID": "portal", "PORTAL_OIDC_CLIENT_SECRET": "x"}
    with pytest.raises(config.BadSetting, match=re.escape(told)):
        config.settings(given if "needs" in told else whole | {"PORTAL_OIDC_ISSUER": "https://sso.example"} | given)
