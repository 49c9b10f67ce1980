"""A ledger that is no longer declared leaves nothing that a later one of its name could inherit; records go only when
their table is named."""

from __future__ import annotations

import pytest

from portal import setup
from portal.core.audit import audit_log
from portal.extensions import db
from portal.permissions import removed_ledgers
from tests.security.walk import first

NAME = "study_outputs"
OF_LEDGER = (
    "SELECT count(*) FROM ab_permission_view_role JOIN ab_permission_view v ON v.id = permission_view_id "
    f"JOIN ab_view_menu ON ab_view_menu.id = v.view_menu_id WHERE ab_view_menu.name = '{NAME}'"
)


@pytest.fixture
def update(app):
    """`update()` is what `portal init` does."""

    def run(**how):
        with app.app_context():
            found = setup.bring_up_to_date(**how)
            db.session.remove()
        return found

    return run


@pytest.fixture
def without(app, monkeypatch):
    """`without(name)`: a release that does not have this ledger; `without("")` has them all again."""
    declared = app.extensions["portal.ledgers"]

    def release(name):
        monkeypatch.setitem(app.extensions, "portal.ledgers", tuple(each for each in declared if each.name != name))

    return release


@pytest.fixture
def named(rows):
    """How many rows name the ledger, by their table."""
    tables = [model.__tablename__ for model in removed_ledgers.naming_ledgers()]

    def count():
        counts = {table: rows(f"SELECT count(*) FROM {table} WHERE ledger = '{NAME}'")[0][0] for table in tables}
        return {table: n for table, n in counts.items() if n}

    return count


def test_everything_that_names_a_removed_ledger_goes_but_its_lines_in_the_audit_log(
    rows, change, update, without, named
):
    user = first(rows, "ab_user", "username = 'town01'")
    change(f"INSERT INTO review_tier (ledger, tier) VALUES ('{NAME}', 3)")
    change(
        "INSERT INTO account_grant (id, user_id, ledger, verbs, scope, since, reason, granted_at) VALUES "
        f"(99, {user}, '{NAME}', 'read', 'all', '2026-01-01', 'x', '2026-01-01 00:00:00')"
    )
    change(
        "INSERT INTO attachment (id, ledger, record_id, place, name, size, sha256, stored, person, added_at) VALUES "
        f"(99, '{NAME}', 1, 'attachments', 'a.pdf', 1, 'x', 'gone', 'x', '2026-01-01 00:00:00')"
    )
    assert {"review_tier", "account_grant", "attachment", "role_scope", "seeded_grant"} <= named().keys()
    lines = rows(f"SELECT count(*) FROM audit_event WHERE ledger = '{NAME}'")[0][0]
    without(NAME)
    [told] = update()
    assert NAME in told
    assert "1 files" in told
    assert named() == {}
    assert rows(OF_LEDGER) == [(0,)]
    assert rows(f"SELECT count(*) FROM audit_event WHERE ledger = '{NAME}'")[0][0] == lines + 1
    assert update() == []


def test_a_later_ledger_of_the_same_name_gets_default_rights_and_no_others(rows, change, update, without, named):
    before = rows(OF_LEDGER)
    change(f"UPDATE role_scope SET scope = 'all' WHERE ledger = '{NAME}'")
    without(NAME)
    update()
    without("")
    assert update() == []
    assert rows(OF_LEDGER) == before
    assert named().keys() == {"role_scope", "seeded_grant"}
    assert rows(f"SELECT 1 FROM role_scope WHERE ledger = '{NAME}' AND scope = 'unit'")


def test_its_records_do_not_get_ids_under_which_the_audit_log_has_a_history(app, visit, rows, change, update, without):
    without(NAME)
    update()
    change("DELETE FROM study_output")
    with app.app_context():
        audit_log.log_and_commit("reveal", NAME, record_id=700, title="一份成果")
    without("")
    update()
    group = first(rows, "study_group", "status = 'active' AND owner_unit_id = (SELECT id FROM unit WHERE sort_no = 1)")
    form = {"output_type": "Reflections", "title": "一份成果", "finished_on": "2026-06-01"}
    saved = visit("filler01").post(f"/{NAME}/add?group_id={group}", form)
    assert saved.status == 302, saved.errors()
    assert rows("SELECT id FROM study_output") == [(701,)]


def test_records_of_a_removed_ledger_are_dropped_only_when_their_table_is_named(rows, change, update):
    columns = ", ".join(f"{name} VARCHAR(20)" for name in removed_ledgers.OF_RECORDS)
    change(f"CREATE TABLE letter (id INTEGER PRIMARY KEY, {columns})")
    change("INSERT INTO letter (id, record_no) VALUES (1, 'LX2026-001-0001')")
    change("INSERT INTO seeded_grant (role, ledger, verb) VALUES ('admin', 'letters', 'read')")
    for discard in ((), ("another",)):
        with pytest.raises(removed_ledgers.RecordsLeft, match=r"1 records in the table letter.*--discard letter"):
            update(discard=discard)
    assert rows("SELECT count(*) FROM seeded_grant WHERE ledger = 'letters'") == [(1,)]
    [told] = update(discard=("letter",))
    assert "letters" in told
    assert rows("SELECT count(*) FROM seeded_grant WHERE ledger = 'letters'") == [(0,)]


def test_titles_of_a_removed_ledger_stay_with_those_who_read_all_records(visit, rows, update, without):
    [[id_, title]] = rows(
        f"SELECT record_id, title FROM audit_event WHERE ledger = '{NAME}' AND record_id > 0 ORDER BY id LIMIT 1"
    )
    without(NAME)
    update()
    path = f"/audit_events/list/?page_size=100&record_id={id_}"
    assert title in visit("auditor").look(path).words
    assert title not in visit("auditadmin").look(path).words
    assert visit("auditadmin").look("/audit_events/list/", title=title).ids() == []
    assert visit("auditor").look("/audit_events/list/", title=title).ids() != []
