"""From the last release to this one and back, with records."""

from __future__ import annotations

import hashlib
import os

import pytest
from sqlalchemy import create_engine, select

from portal.operations import tables
from tests import commands
from tests.conftest import release, settings

LAST_RELEASE = "5d3c8f0a9e14"  # its newest migration
# What `portal init` adds to with every release, and the version itself.
GROWING = ("alembic_version", "ab_permission", "ab_permission_view", "ab_permission_view_role", "ab_view_menu")
GROWING += ("seeded_grant", "code_item", "code_list", "ab_role", "role_scope", "sqlite_sequence")
pytestmark = pytest.mark.slow


def contents(url):
    """Of each table its columns, how many rows it has and a digest of them."""
    engine, found = create_engine(url), {}
    with engine.connect() as connection:
        for table in tables.reflect(connection).sorted_tables:
            if table.name not in GROWING:
                rows = sorted(repr(tuple(row)) for row in connection.execute(select(table)))
                digest = hashlib.sha256("\n".join(rows).encode()).hexdigest()
                found[table.name] = (sorted(table.columns.keys()), len(rows), digest)
    engine.dispose()
    return found


@pytest.fixture
def command(built):
    url = built.app.config["SQLALCHEMY_DATABASE_URI"]
    environment = os.environ | settings(built.home, url if built.kind == "postgresql" else None)

    def run(*words):
        release(built.app)
        built.dirty = True
        done = commands.run(("-m", "flask", "--app", "portal", *words), environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_a_database_of_the_last_release_is_brought_up_to_date_used_and_taken_back(built, command, visit, rows):
    url = built.app.config["SQLALCHEMY_DATABASE_URI"]
    command("db", "downgrade", LAST_RELEASE)
    before = contents(url)
    assert before["agreement"][1] > 0
    command("portal", "init")
    command("portal", "audit", "verify")
    visitor = visit("filler01")
    number = visitor.look("/agreements/list/").ids()[0]
    assert visitor.look(f"/agreements/show/{number}").status == 200
    assert visitor.look(f"/agreements/{number}/history").status == 200
    release(built.app)
    up = {name: told for name, told in contents(url).items() if name in before}
    # Signing in and verifying are told; who signed in when is kept, and which directory has the trail's heads.
    told = ("audit_event", "audit_seal", "trail_witness", "installation")
    told += ("ab_user", "account_profile", "account_session", "ended_session")
    assert {name: up[name][1] for name in before if name not in told} == {
        name: found[1] for name, found in before.items() if name not in told
    }
    command("db", "downgrade", LAST_RELEASE)
    after = contents(url)
    assert {name: after[name] for name in before if name not in told} == {
        name: found for name, found in before.items() if name not in told
    }
    command("portal", "init")
    assert visit("filler01").look(f"/agreements/show/{number}").status == 200
