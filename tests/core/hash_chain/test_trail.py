"""The trail: what it tells beside changes, that nobody changes it, and that whoever did is found."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import time

import openpyxl
import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from portal.core.audit.audit_log import AuditEvent
from portal.core.hash_chain import background_sealing, chain, verification
from portal.core.jobs import jobs
from portal.extensions import db
from tests.conftest import PASSWORD
from tests.security.walk import of
from tests.visitor import Visitor


def last(rows, columns="action, username, title, ledger"):
    return rows(f"SELECT {columns} FROM audit_event ORDER BY id DESC LIMIT 1")[0]


@pytest.fixture
def sealed(app):
    """The trail of the demo, sealed; `sealed()` verifies it and answers what was found."""
    with app.app_context():
        chain.heads_file().unlink(missing_ok=True)
        chain.BLOCK = 500
        chain.seal()
    yield lambda: found(app)
    with app.app_context():
        chain.heads_file().unlink(missing_ok=True)


def found(app):
    with app.test_request_context():
        return verification.verify()


@pytest.fixture
def tamper(built):
    """`tamper("UPDATE …")` as somebody with full rights on the database, who switches triggers off."""

    def execute(*statements):
        with built.past_the_portal.begin() as connection:
            tables = chain.TABLES if built.kind == "postgresql" else ()
            for table in tables:
                connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
            for statement in statements:
                connection.exec_driver_sql(statement)
            for table in tables:
                connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
        built.dirty = True

    return execute


def test_signing_in_and_out_and_failing_to_are_written_down(app, rows, visit):
    visitor = Visitor(app.test_client())
    visitor.look("/login/")
    visitor.post("/login/", username="filler01", password="wrong")
    assert last(rows) == ("sign_in_failed", "", "filler01", "")
    visitor.post("/login/", username="filler01", password=PASSWORD)
    visitor.look("/my_password/")
    assert last(rows) == ("sign_in", "filler01", "", "")
    visitor.post("/logout/")
    assert last(rows) == ("sign_out", "filler01", "", "")


def test_a_refusal_is_written_down_with_the_address_that_was_tried(rows, visit):
    visit("auditor").post(f"/agreements/delete/{of(rows, 1, 'draft')}")
    assert last(rows) == ("refused", "auditor", f"POST /agreements/delete/{of(rows, 1, 'draft')}", "")


def test_an_export_is_written_down_with_its_filters_and_its_hash(rows, visit):
    with visit("reviewer").client.get("/agreements/export?status=draft") as answer:
        digest = hashlib.sha256(answer.get_data()).hexdigest()
    action, username, ledger, changes = last(rows, "action, username, ledger, changes")
    assert (action, username, ledger) == ("export", "reviewer", "agreements")
    status, (name, _, [number]), sha256 = json.loads(changes) if isinstance(changes, str) else changes
    assert (status, sha256) == (["status", None, ["draft"]], ["sha256", None, [digest]])
    assert (name, len(number)) == ("watermark", 8)


def test_an_untouched_trail_is_right(sealed, rows):
    """Acceptance test 20."""
    verdict = sealed()
    assert (verdict.fault, verdict.lines) == ("", rows("SELECT count(*) FROM audit_event")[0][0])
    assert verdict.blocks > 2


def test_what_is_not_sealed_yet_is_verified_too(sealed, rows, visit, tamper):
    visit("auditor").post(f"/agreements/delete/{of(rows, 1, 'draft')}")
    assert sealed().fault == ""
    id_ = rows("SELECT max(id) FROM audit_event")[0][0]
    tamper(f"UPDATE audit_event SET username = 'disc' WHERE id = {id_}")
    assert str(id_) in sealed().fault


COLUMNS = (
    "user_id, username, person, address, action, ledger, record_id, root, root_id, unit_id, title, reason, changes"
)


@pytest.mark.parametrize(
    ("statements", "line"),
    [
        (["UPDATE audit_event SET title = 'x' WHERE id = 700"], 700),
        (["UPDATE audit_event SET at = '2026-01-01 00:00:00' WHERE id = 3"], 3),
        (["DELETE FROM audit_event WHERE id = 801"], 801),
        ([f"INSERT INTO audit_event (id, uid, mark, at, {COLUMNS}) "
          f"SELECT 900000, 'x', mark, at, {COLUMNS} FROM audit_event WHERE id = 5"], 900000),
        (["UPDATE audit_event SET id = -1 WHERE id = 20", "UPDATE audit_event SET id = 20 WHERE id = 21",
          "UPDATE audit_event SET id = 21 WHERE id = -1"], 20),
        (["DELETE FROM audit_event WHERE id > 600"], 601),
        (["DELETE FROM audit_event WHERE id > 500", "DELETE FROM audit_seal WHERE number > 1"], 500),
        (["DELETE FROM audit_event", "DELETE FROM audit_seal"], 0),
        (["UPDATE audit_seal SET digest = '00' WHERE number = 2"], 2),
        (["DELETE FROM audit_seal WHERE number = 1"], 1),
    ],
    ids=["changed", "moved in time", "removed", "put in", "swapped", "cut off", "cut off with its seals", "emptied",
         "seal changed", "seal removed"],
)  # fmt: skip
def test_whoever_tampers_with_the_database_is_found(sealed, tamper, statements, line):
    """Acceptance test 20."""
    tamper(*statements)
    assert str(line) in sealed().fault


def test_a_trail_that_was_removed_with_all_that_tells_of_it_is_found(app, sealed, tamper):
    """Setting up writes lines, so that there is no portal without any."""
    tamper("DELETE FROM audit_event", "DELETE FROM audit_seal", "DELETE FROM trail_witness")
    (app.config["DATA_DIR"] / "audit_heads.log").unlink()
    assert "审计记录为空" in sealed().fault


def test_an_older_database_put_back_is_found(app, sealed, tamper, rows, visit):
    """The head is also outside the database."""
    kept = rows("SELECT max(id) FROM audit_event")[0][0]
    visit("auditor").post(f"/agreements/delete/{of(rows, 1, 'draft')}")
    with app.app_context():
        assert chain.seal() == 1
    tamper(f"DELETE FROM audit_event WHERE id > {kept}", f"DELETE FROM audit_seal WHERE last_id > {kept}")
    assert str(kept) in sealed().fault


def test_what_was_just_written_is_sealed_soon_whatever_else_happens(app, sealed, rows, visit, tamper, monkeypatch):
    """Else the newest lines could be cut off until somebody comes and writes; an export is but a GET."""
    visitor = visit("reviewer")
    monkeypatch.setattr(background_sealing, "SOON", 0.1)
    monkeypatch.setitem(app.config, "TESTING", False)
    visitor.client.get("/agreements/export").close()
    newest = rows("SELECT max(id) FROM audit_event")[0][0]
    wait_until(lambda: rows("SELECT max(last_id) FROM audit_seal")[0][0] == newest)
    tamper(f"DELETE FROM audit_event WHERE id = {newest}")
    assert str(newest) in sealed().fault


def wait_until(holds, seconds=20):
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_the_portal_itself_never_changes_a_line(app):
    with app.test_request_context():
        line = db.session.scalars(select(AuditEvent).limit(1)).first()
        line.title = "x"
        with pytest.raises(TypeError):
            db.session.flush()
        db.session.rollback()
        db.session.delete(line)
        with pytest.raises(TypeError):
            db.session.flush()
        db.session.rollback()


@pytest.mark.parametrize("table", ["audit_event", "audit_seal"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = NULL", "DELETE FROM {}", "TRUNCATE {}"])
def test_postgresql_refuses_every_change(sealed, built, table, statement):
    if built.kind != "postgresql":
        return
    column = {"audit_event": "reason", "audit_seal": "digest"}[table]
    with pytest.raises(DBAPIError, match="never changed"), built.past_the_portal.begin() as connection:
        connection.exec_driver_sql(statement.format(table, column))


def test_without_the_trail_nothing_is_written(rows, visit, change):
    id_, visitor = of(rows, 1, "draft"), visit("filler01")
    typed = visitor.look(f"/agreements/edit/{id_}").filled() | {"content": "没有痕迹的修改"}
    change("ALTER TABLE audit_event RENAME TO audit_event_away")
    assert visitor.post(f"/agreements/edit/{id_}", typed).status == 500
    assert rows(f"SELECT content FROM agreement WHERE id = {id_}")[0][0] != "没有痕迹的修改"


@pytest.mark.one_database
@pytest.mark.parametrize("account", ["auditadmin", "auditor", "admin"])
def test_the_trail_is_read_filtered_and_verified_by_those_who_audit(rows, visit, sealed, account):
    visitor = visit(account)
    page = visitor.look("/audit_events/list/?username=filler01&action=add&page_size=5")
    assert len(page.ids()) == 5
    assert visitor.look(f"/audit_events/show/{page.ids()[0]}").status == 200
    assert visitor.look("/audit_events/list/?at=2001-01-01&at=2001-01-02").ids() == []
    assert visitor.look("/audit/").status == 200
    there = visitor.post("/audit/verify").response.location
    wait_until(lambda: visitor.look(there).select("[data-verdict]"))
    assert visitor.look(there).one("[data-verdict]")["data-verdict"] == "good"
    assert last(rows)[0] == "verify"


@pytest.mark.one_database
@pytest.mark.parametrize(
    "account", ["reviewer", "leader", "filler01", "sysadmin", "secadmin", "town01", "community001"]
)
def test_nobody_else_reads_the_trail(visit, account):
    visitor = visit(account)
    assert {visitor.look(path).status for path in ("/audit_events/list/", "/audit/")} == {403}
    assert visitor.post("/audit/verify").status == 403


def test_verifying_says_how_far_it_is_and_can_be_stopped(app, visit, sealed, monkeypatch):
    """On a trail that takes longer than anybody waits."""
    verify, go_on = verification.verify, threading.Event()

    def slowly(told):
        told(500)
        go_on.wait(20)
        return verify(told)

    monkeypatch.setattr(verification, "verify", slowly)
    monkeypatch.setattr(jobs, "PATIENCE", 0.2)
    monkeypatch.setattr(jobs, "TELLING", 0)
    visitor = visit("auditor")
    page = visitor.post("/audit/verify").response.location
    shown = visitor.look(page)
    assert shown.one("[data-running] progress")["value"] == "500"
    token = shown.one("input[name=job]")["value"]
    assert visit("auditadmin").look(page).status == 404
    visitor.post("/audit/stop", job=token)
    go_on.set()
    wait_for(app, f"job-{token}")
    assert "nothing can be said" in visitor.look(page).words


def wait_for(app, name):
    for thread in threading.enumerate():
        if thread.name == name:
            thread.join(20)


def test_rights_given_and_taken_are_told_in_plain_words(rows, visit):
    role = rows("SELECT id FROM ab_role WHERE name = 'unit_filler'")[0][0]
    typed = visit("secadmin").look(f"/roles/edit/{role}").filled("form[data-guard]")
    typed |= {"agreements-delete": None, "agreements-scope": "unit_sub"}
    visit("secadmin").post(f"/roles/edit/{role}", typed)
    [told] = rows("SELECT username, title, ledger, record_id FROM audit_event WHERE action = 'grant'")
    assert told == (*("secadmin", "单位填报员 · 共建协议：取消 删除草稿；范围 本单位 → 本单位及下级", "ab_role", role),)
    account = rows("SELECT id FROM ab_user WHERE username = 'town01'")[0][0]
    own, reader = (
        str(rows(f"SELECT id FROM ab_role WHERE name = '{code}'")[0][0]) for code in ("town_user", "community_user")
    )
    visit("secadmin").post(f"/accounts/grant/{account}", roles=[own, reader])
    assert last(rows, "title, action") == ("town01：授予 社区联络员；停止登录", "grant")
    visitor = visit("auditadmin").speak("zh_Hans")
    assert len(visitor.look("/audit_events/list/?action=grant").ids()) == 2


def test_a_password_that_was_set_is_told_by_the_accounts_name(rows, visit):
    account = rows("SELECT id FROM ab_user WHERE username = 'filler02'")[0][0]
    visit("admin").post(f"/accounts/edit/{account}", name="新人", password="Ganz-Neu-12345")
    title, action = last(rows, "title, action")
    assert action == "grant"
    assert title.startswith("filler02：")


def test_an_account_moved_to_another_unit_is_told(rows, visit):
    account = rows("SELECT id FROM ab_user WHERE username = 'filler02'")[0][0]
    visit("sysadmin").post(f"/accounts/edit/{account}", name="新人", unit_id="3", org_id="", area_id="")
    [told] = rows("SELECT title FROM audit_event WHERE action = 'grant'")
    assert "filler02：单位 区委办公室 → 区委组织部" in told[0]


def test_the_trail_is_filtered_by_who_when_what_and_where_and_exported(rows, visit):
    visitor = visit("auditor")
    unit, record, ledger, action = rows(
        "SELECT unit_id, record_id, ledger, action FROM audit_event WHERE unit_id IS NOT NULL ORDER BY id LIMIT 1"
    )[0]
    for name, value in (("unit_id", unit), ("record_id", record), ("ledger", ledger), ("action", action)):
        ids = visitor.look(f"/audit_events/list/?{name}={value}&page_size=100").ids()
        found = rows(f"SELECT DISTINCT {name} FROM audit_event WHERE id IN ({','.join(map(str, ids))})")
        assert [str(each) for (each,) in found] == [str(value)]
    answer = visitor.client.get(f"/audit_events/export?ledger={ledger}&action={action}")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    answer.close()
    count = rows(f"SELECT count(*) FROM audit_event WHERE ledger = '{ledger}' AND action = '{action}'")[0][0]
    numbers = [cell for cell in next(sheet.iter_cols(1, 1, values_only=True)) if str(cell or "").isdecimal()]
    assert len(numbers) == count


def test_what_is_one_thing_to_readers_is_one_choice_though_kept_in_several_tables(rows, visit):
    page = visit("auditor").look("/audit_events/list/?ledger=ab_role&page_size=100")
    labels = [option.get_text() for option in page.select('select[name="ledger"] option')]
    assert len(labels) == len(set(labels))
    assert "Roles and rights" in labels
    found = rows(f"SELECT DISTINCT ledger FROM audit_event WHERE id IN ({','.join(map(str, page.ids()))})")
    assert {"ab_role", "seeded_grant"} <= {name for (name,) in found}


@pytest.mark.parametrize("account", ["auditadmin", "auditor", "admin"])
def test_a_line_of_the_trail_has_no_history_and_offers_none(visit, account):
    visitor = visit(account)
    id_ = visitor.look("/audit_events/list/?page_size=1").ids()[0]
    assert "/history" not in str(visitor.look(f"/audit_events/show/{id_}"))
    assert {visitor.look(f"/audit_events/{id_}/{page}").status for page in ("history", "versions")} == {404}


@pytest.mark.parametrize("path", ["/units/show/1", "/members/show/1", "/code_lists/show/1", "/party_orgs/show/1"])
def test_what_is_kept_in_the_registry_has_a_history(visit, path):
    visitor = visit("admin")
    [history] = [str(link["href"]) for link in visitor.look(path).select('a[href$="/history"]')]
    assert visitor.look(history).status == 200
    assert visitor.look(history.replace("/history", "/versions")).status == 200


def test_a_line_without_a_subject_is_opened_by_its_time(visit):
    page = visit("auditadmin").look("/audit_events/list/?page_size=5")
    links = page.select("td.title-cell a")
    assert [link.find_parent("td")["data-field"] for link in links] == ["at"] * 5
    assert "—" not in {link.get_text(strip=True) for link in links}


def test_the_trail_is_searched_by_the_subject_and_the_number_of_a_record(rows, visit):
    """The subject by whoever may read such records, the number by all who read the trail."""
    id_, title, number = rows(
        "SELECT id, title, record_no FROM agreement WHERE record_no IS NOT NULL ORDER BY id LIMIT 1"
    )[0]
    for account, text in (("auditor", title[2:]), ("auditadmin", number), ("auditadmin", number.lower())):
        ids = visit(account).look("/audit_events/list/", title=text, page_size=100).ids()
        found = rows(f"SELECT root, root_id, title FROM audit_event WHERE id IN ({','.join(map(str, ids))})")
        assert ("agreements", id_) in {row[:2] for row in found}
        assert all((root, root_id) == ("agreements", id_) or title[2:] in told for root, root_id, told in found)
    visitor = visit("auditadmin")
    assert visitor.look("/audit_events/list/", title=title[2:]).ids() == []
    assert visitor.look("/audit_events/list/", title=number, action="sign_in").ids() == []
    assert visitor.look("/audit_events/list/", title="GJ1999-001-0001").ids() == []


def test_the_trail_is_searched_by_a_persons_name(rows, visit):
    person, count = rows(
        "SELECT person, count(*) FROM audit_event WHERE username = 'filler02' GROUP BY person ORDER BY 2 LIMIT 1"
    )[0]
    ids = visit("auditadmin").look("/audit_events/list/", person=person, page_size=100).ids()
    assert ids
    found = rows(f"SELECT DISTINCT person FROM audit_event WHERE id IN ({','.join(map(str, ids))})")
    assert all(person in each for (each,) in found)
    assert len(ids) >= min(count, 100)


def test_an_internal_number_filters_by_the_address_alone(visit):
    visitor = visit("auditadmin")
    page = visitor.look("/audit_events/list/")
    assert page.select('input[name="title"]')
    assert not page.select('input[name="record_id"]')
    assert visitor.look("/audit_events/list/?record_id=1").one('.filter-fields input[name="record_id"]')["value"] == "1"
