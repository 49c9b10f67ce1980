"""`portal check`: what is unsafe is told with its remedy, and production does not start with what exposes data."""

from __future__ import annotations

import os
import re
import shutil
from datetime import timedelta
from types import SimpleNamespace

import pytest

import config
from config import BadSetting
from portal import cli, create_app, setup
from portal.accounts.sign_in import ldap
from portal.core import clock
from portal.core.access import scope
from portal.core.audit import audit_log
from portal.extensions import db
from portal.operations import checks
from tests.conftest import release, settings

KEY = "kX0v3yTq8LrZ-5mWbNf7_cJd2GhUeRpS"
SERVED = {"PORTAL_ENV": "production", "PORTAL_PROXIES": "1", "PORTAL_SECRET_KEY": KEY, "PORTAL_DEMO": "none"}
ACCOUNT = ("admin", "create", "sys_admin", "verwalter", "--password", "Lang-genug-2026!")


def served(home, url=None, **more):
    environ = {name: value for name, value in settings(home, url).items() if name != "PORTAL_AS_OF"}
    return create_app(environ=environ | SERVED | more, TESTING=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory, portals):
    home = tmp_path_factory.mktemp("made") / "home"
    portals.copy(home, demo=False)
    (home / "secret.key").unlink()  # where one is set, none is made
    app = served(home)
    with app.app_context():
        setup.bring_up_to_date()
    assert app.test_cli_runner().invoke(cli.portal, ACCOUNT).exit_code == 0
    release(app)
    return home


@pytest.fixture
def home(made, tmp_path):
    shutil.copytree(made, tmp_path / "home")
    return tmp_path / "home"


def told(app, *words):
    """Its lines and its exit code."""
    done = app.test_cli_runner().invoke(cli.portal, ["check", *words])
    assert "Traceback" not in done.output
    return done.stdout.splitlines(), done.exit_code


def backed_up(app, ago=timedelta(0)):
    with app.app_context(), scope.unscoped("a test"):
        before, clock.now = clock.now, lambda: before() - ago
        try:
            audit_log.log_and_commit(checks.MADE)
        finally:
            clock.now = before
        db.session.remove()


def first_page(app):
    return app.test_client().get("/login/", base_url="https://localhost").status_code


@pytest.mark.one_database
def test_a_portal_in_order_passes_and_serves(home):
    app = served(home)
    backed_up(app)
    assert told(app, "--deploy") == (["Nothing is to be mended."], 0)
    assert told(app) == (["Nothing is to be mended."], 0)
    assert first_page(app) == 200
    release(app)


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("PORTAL_SECRET_KEY", "a" * 40, "set PORTAL_SECRET_KEY"),
        ("PORTAL_SECRET_KEY", "0123456789abcdef" * 3, "set PORTAL_SECRET_KEY"),
        ("PORTAL_SECRET_KEY", "Please-Change-Me-" + KEY, "set PORTAL_SECRET_KEY"),
        ("PORTAL_DEMO", "tiny", "set it to none"),
        ("FLASK_DEBUG", "1", "unset FLASK_DEBUG"),
        ("PORTAL_HOST", "0.0.0.0", "put one there"),
    ],
)
def test_production_does_not_start_with_settings_that_expose_data(home, monkeypatch, setting, value, words):
    monkeypatch.setenv(setting, value)
    more = {setting: value} | ({"PORTAL_PROXIES": "0"} if setting == "PORTAL_HOST" else {})
    with pytest.raises(BadSetting, match=words):
        served(home, **more)
    release(served(home, **more, PORTAL_ENV="development"))


@pytest.mark.one_database
def test_a_directory_that_gets_passwords_in_the_clear_or_is_away_is_told(home, monkeypatch):
    monkeypatch.setattr(ldap, "LIBRARY", "json")
    monkeypatch.setattr(ldap, "answered", lambda _asked: {"away": "SERVER_DOWN"})
    given = {"PORTAL_LDAP_BASE": "dc=office", "PORTAL_LDAP_STARTTLS": "off", "PORTAL_ENV": "development"}
    for url, plain in (("ldap://ldap.example", 1), ("ldap://127.0.0.1", 0), ("ldaps://ldap.example", 0)):
        app = served(home, PORTAL_LDAP_URL=url, **given)
        lines, _ = told(app, "--deploy")
        assert sum("in the clear" in line for line in lines) == plain
        assert sum("SERVER_DOWN" in line for line in lines) == 1
        assert not any("SERVER_DOWN" in line for line in told(app)[0])
        release(app)


@pytest.mark.one_database
def test_keys_made_at_random_are_not_weak():
    for make in (lambda: os.urandom(16).hex(), lambda: os.urandom(32).hex()):
        assert not any(checks.weak(make()) for _ in range(200))


@pytest.mark.one_database
@pytest.mark.skipif(os.name != "posix", reason="Windows keeps rights otherwise")
def test_data_that_everybody_can_read_are_told_and_not_served(home, monkeypatch):
    app = served(home)
    backed_up(app)
    for path in (home, *home.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert told(app)[1] == 0, "nobody else comes through the directories above"
    for path in (home.parent, *home.parent.parents):
        monkeypatch.setattr(checks, "exposed", lambda path: bool(path.stat().st_mode & 0o5))
    lines, code = told(app)
    assert (code, len(lines)) == (1, 1)
    assert f"chmod -R o-rwx {home}" in lines[0]
    assert first_page(app) == 503
    with pytest.raises(BadSetting, match="chmod"):
        served(home)
    release(app)


@pytest.mark.one_database
@pytest.mark.skipif(os.name != "posix", reason="Windows keeps rights otherwise")
def test_a_directory_that_was_made_for_everybody_is_kept_private_when_a_portal_is_set_up(tmp_path):
    (tmp_path / "home").mkdir(mode=0o755)
    app = served(tmp_path / "home")
    with app.app_context():
        setup.keep_private()
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o750
    release(app)


@pytest.mark.one_database
def test_backups_that_are_missing_or_old_disks_that_are_full_and_clocks_are_told(home, monkeypatch):
    app = served(home)
    assert "there is no backup" in told(app, "--deploy")[0][0]
    backed_up(app, timedelta(days=3))
    assert "the last backup is of" in told(app, "--deploy")[0][0]
    backed_up(app)
    assert told(app, "--deploy")[1] == 0
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda _: SimpleNamespace(total=2**40, free=2**20))
    assert "1 MB are free" in told(app)[0][0]
    assert first_page(app) == 200, "it is only told"
    monkeypatch.undo()
    before = clock.now()
    monkeypatch.setattr(clock, "now", lambda: before - timedelta(days=365))
    lines, code = told(app)
    assert (code, "The clock of this machine" in lines[0]) == (1, True)
    release(app)


@pytest.mark.one_database
def test_demo_accounts_are_not_served_in_production_until_they_are_switched_off(home):
    app = served(home)
    backed_up(app)
    with app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ab_user SET email = 'x@demo.invalid'")
    lines, code = told(app, "--deploy")
    assert (code, "1 demo accounts" in lines[0]) == (1, True)
    assert first_page(app) == 503
    assert app.test_client().get("/healthz").status_code == 200
    with app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ab_user SET active = false")
    assert told(app, "--deploy")[1] == 0
    assert first_page(app) == 200
    release(app)


def test_a_superuser_does_not_serve_and_an_owner_is_told(tmp_path, cluster):
    cluster.role("checked_owner")
    cluster.role("checked_serving")
    url = cluster.fresh("checked", "checked_owner")
    urls = {role: url.replace("checked_owner@", f"{role}@") for role in ("portal", "checked_owner", "checked_serving")}
    more = {"PORTAL_SERVING_ROLE": "checked_serving"}
    app = served(tmp_path, urls["checked_owner"], **more)
    with app.app_context():
        setup.bring_up_to_date()
    backed_up(app)
    lines, code = told(app, "--deploy")
    assert (code, len(lines), "by the owner" in lines[0]) == (1, 1, True)
    assert first_page(app) == 200
    release(app)
    app = served(tmp_path, urls["portal"], **more)
    assert "superuser" in told(app, "--deploy")[0][0]
    assert first_page(app) == 503
    release(app)
    app = served(tmp_path, urls["checked_serving"], **more)
    assert told(app, "--deploy") == (["Nothing is to be mended."], 0)
    release(app)


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("PORTAL_PROXY", "PORTAL_PROXIES"),
        ("PORTAL_DATABASE_URI", "PORTAL_DATABASE_URL"),
        ("PORTAL_SECRETKEY", "PORTAL_SECRET_KEY"),
        ("PORTAL_XYZ", "PORTAL_"),
    ],
)
def test_a_name_that_is_no_setting_stops_the_start_and_names_the_nearest(tmp_path, name, nearest):
    with pytest.raises(BadSetting, match=rf"{name} is no setting.*{re.escape(nearest)}"):
        config.settings({"PORTAL_DATA_DIR": str(tmp_path), name: "x"})
    assert not list(tmp_path.iterdir())
