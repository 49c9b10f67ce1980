"""Personal data in full in a sheet: asked for by one person, decided by another (`docs/domain` §3.5)."""

from __future__ import annotations

import hashlib
import io
from datetime import timedelta

import openpyxl
import pytest

from portal.core import clock
from portal.org.encrypted import Sealed
from portal.oversight import unmasked_exports
from tests.security.walk import first

ASK = "/exports/ask?ledger=members&unit_id={}"
REASON = {"purpose": "visit", "reason": "节日慰问前电话联系"}


@pytest.fixture
def unit(rows):
    return first(rows, "unit", "sort_no = 1")


@pytest.fixture
def asked(visit, rows, unit):
    """The id of a request of the unit's reviewer for the unit's members."""
    assert visit("secretary01").post(ASK.format(unit), REASON).status == 302
    return rows("SELECT max(id) FROM unmasked_export")[0][0]


@pytest.fixture
def numbers(app, rows, unit):
    """The mobile numbers of the unit in full."""
    with app.app_context():
        tokens = rows(f"SELECT mobile FROM member WHERE unit_id = {unit} AND mobile IS NOT NULL")
        return {Sealed(token).reveal() for (token,) in tokens}


def cells(answer):
    book = openpyxl.load_workbook(io.BytesIO(answer.get_data()))
    answer.close()
    return book.active, [str(cell) for row in book.active.iter_rows(values_only=True) for cell in row if cell]


def trail(rows):
    return [
        action
        for (action,) in rows("SELECT action FROM audit_event WHERE substr(action, 1, 7) = 'export_' ORDER BY id")
    ]


def test_a_second_person_approves_and_the_sheet_holds_everything_in_full(visit, rows, asked, numbers):
    reviewer = visit("secretary01")
    assert reviewer.post(f"/exports/take/{asked}").status == 409
    assert visit("secadmin").post(f"/exports/decide/{asked}", decision="approve").status == 302
    answer = reviewer.client.post(f"/exports/take/{asked}", data={"csrf_token": reviewer.token})
    content = answer.get_data()
    sheet, texts = cells(answer)
    assert numbers
    assert numbers <= set(texts)
    assert f"Request {asked}" in texts[1]
    assert "secretary01" in texts[1]
    assert f"Request {asked}" in sheet.oddHeader.center.text
    assert trail(rows) == ["export_asked", "export_approved", "export_taken"]
    told = rows("SELECT changes, reason FROM audit_event WHERE action = 'export_taken'")[0]
    assert hashlib.sha256(content).hexdigest() in str(told[0])
    assert REASON["reason"] in told[1]
    assert not any(number in str(rows("SELECT * FROM audit_event")) for number in numbers)


@pytest.mark.parametrize("ledger", ["members", "beneficiaries", "agreements", "visits", "service_projects"])
def test_every_ledger_with_personal_data_can_be_taken_gaps_included(app, visit, rows, ledger):
    if not next(each for each in app.extensions["portal.ledgers"] if each.name == ledger).personal:
        return
    visitor = visit("reviewer")
    assert visitor.post(f"/exports/ask?ledger={ledger}", REASON).status == 302
    visit("secadmin").post("/exports/decide/1", decision="approve")
    answer = visitor.client.post("/exports/take/1", data={"csrf_token": visitor.token})
    assert answer.status_code == 200
    assert "***" not in " ".join(cells(answer)[1])


def test_nobody_decides_on_their_own_request(visit, rows, asked, change):
    role = first(rows, "ab_role", "name = 'sec_admin'")
    user = first(rows, "ab_user", "username = 'secretary01'")
    change(f"INSERT INTO ab_user_role (id, user_id, role_id) VALUES (99999, {user}, {role})")
    visitor = visit("secretary01")
    assert not visitor.look("/exports/").select("form.decision")
    visitor.post(f"/exports/decide/{asked}", decision="approve")
    assert rows(f"SELECT approved FROM unmasked_export WHERE id = {asked}") == [(None,)]


@pytest.mark.one_database
@pytest.mark.parametrize("account", ["reviewer", "leader", "auditor", "sysadmin", "auditadmin", "filler01", "town01"])
def test_nobody_else_decides(visit, rows, asked, account):
    assert visit(account).post(f"/exports/decide/{asked}", decision="approve").status == 403
    assert rows(f"SELECT approved FROM unmasked_export WHERE id = {asked}") == [(None,)]


def test_refusing_needs_a_note_and_then_nothing_can_be_taken(visit, rows, asked):
    decider = visit("secadmin")
    decider.post(f"/exports/decide/{asked}", decision="refuse", note=" ")
    assert rows(f"SELECT approved FROM unmasked_export WHERE id = {asked}") == [(None,)]
    decider.post(f"/exports/decide/{asked}", decision="refuse", note="范围过大")
    assert visit("secretary01").post(f"/exports/take/{asked}").status == 409
    assert "范围过大" in visit("secretary01").look("/exports/").words
    decider.post(f"/exports/decide/{asked}", decision="approve")
    assert visit("secretary01").post(f"/exports/take/{asked}").status == 409


def test_after_a_week_nothing_can_be_taken(visit, asked, monkeypatch):
    visit("secadmin").post(f"/exports/decide/{asked}", decision="approve")
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=8))
    assert visit("secretary01").post(f"/exports/take/{asked}").status == 409


def test_strangers_neither_see_nor_take_it(visit, asked):
    visit("secadmin").post(f"/exports/decide/{asked}", decision="approve")
    for stranger in ("secretary02", "reviewer", "secadmin"):
        assert visit(stranger).post(f"/exports/take/{asked}").status == 404
    assert not visit("secretary02").look("/exports/").select("tr[data-id]")
    assert visit("filler01").look("/exports/").status == 403


def test_who_decides_sees_no_record_and_no_personal_data(visit, asked, numbers, rows, unit):
    page = visit("secadmin").look("/exports/")
    assert rows(f"SELECT count(*) FROM member WHERE unit_id = {unit}")[0][0] == int(
        page.one(f'tr[data-id="{asked}"] td:nth-child(4)').get_text()
    )
    assert not any(number in page.words for number in numbers)
    assert visit("secadmin").look("/members/list/").status == 403


def test_only_what_may_still_be_exported_is_in_it(visit, rows, asked, change):
    """Rights are looked at when the sheet is taken."""
    visit("secadmin").post(f"/exports/decide/{asked}", decision="approve")
    other = first(rows, "unit", "sort_no = 2")
    user = first(rows, "ab_user", "username = 'secretary01'")
    change(f"UPDATE account_profile SET unit_id = {other} WHERE user_id = {user}")
    visitor = visit("secretary01")
    answer = visitor.client.post(f"/exports/take/{asked}", data={"csrf_token": visitor.token})
    _, texts = cells(answer)
    names = {
        name for (name,) in rows("SELECT name FROM member WHERE unit_id IN (SELECT id FROM unit WHERE sort_no = 1)")
    }
    assert not names & set(texts)


def taken(visit, account, pk):
    visit("secadmin").post(f"/exports/decide/{pk}", decision="approve")
    visitor = visit(account)
    return cells(visitor.client.post(f"/exports/take/{pk}", data={"csrf_token": visitor.token}))[1]


def test_only_the_records_that_were_found_when_it_was_asked_are_in_it(visit, rows, asked, unit, change):
    """Not who came to fit the filters afterwards."""
    others = f"SELECT id FROM member WHERE unit_id <> {unit} ORDER BY id LIMIT 1"
    [(late,)] = rows(others)
    change(f"UPDATE member SET unit_id = {unit}, name = '晚来者', person_no = 'ZZ-LATE' WHERE id = {late}")
    [[count]] = rows(f"SELECT count FROM unmasked_export WHERE id = {asked}")
    assert rows(f"SELECT count(*) FROM member WHERE unit_id = {unit}") == [(count + 1,)]
    texts = taken(visit, "secretary01", asked)
    assert "晚来者" not in texts
    assert set(texts) & {name for (name,) in rows(f"SELECT name FROM member WHERE unit_id = {unit}")}


def test_requests_from_before_are_for_their_filters(visit, rows, asked, unit, change):
    change("UPDATE unmasked_export SET record_ids = NULL")
    names = {name for (name,) in rows(f"SELECT name FROM member WHERE unit_id = {unit}")}
    assert names <= set(taken(visit, "secretary01", asked))


def test_nothing_is_asked_for_when_nothing_or_too_much_fits(visit, rows, monkeypatch):
    visitor = visit("secretary01")
    assert list(visitor.post("/exports/ask?ledger=members&q=没有此人", REASON).errors()) == ["records"]
    monkeypatch.setattr(unmasked_exports, "MOST_RECORDS", 1)
    assert list(visitor.post("/exports/ask?ledger=members", REASON).errors()) == ["records"]
    assert rows("SELECT count(*) FROM unmasked_export") == [(0,)]


def test_what_somebody_was_searched_by_is_kept_nowhere(visit, rows, unit):
    [[name]] = rows(f"SELECT name FROM member WHERE unit_id = {unit} ORDER BY id LIMIT 1")
    visitor = visit("secretary01")
    assert visitor.post(f"/exports/ask?ledger=members&q={name}&unit_id={unit}", REASON).status == 302
    assert "by some text" in visit("secadmin").look("/exports/").words
    kept = str(rows("SELECT asked_for FROM unmasked_export"))
    kept += str(rows("SELECT title, reason, changes FROM audit_event WHERE ledger = 'unmasked_export'"))
    assert name not in kept + visit("secadmin").look("/exports/").words.replace(REASON["reason"], "")
    assert name in taken(visit, "secretary01", rows("SELECT max(id) FROM unmasked_export")[0][0])


def test_a_link_that_was_filtered_by_name_is_kept_by_its_id(visit, rows):
    [(pk, name)] = rows("SELECT id, full_name FROM unit ORDER BY sort_no LIMIT 1")
    assert visit("reviewer").post(f"/exports/ask?ledger=members&unit_id={name}", REASON).status == 302
    [(kept,)] = rows("SELECT asked_for FROM unmasked_export")
    assert str(pk) in str(kept)
    assert name in visit("secadmin").look("/exports/").words


def test_numbers_of_people_stand_in_no_reason_and_no_note(visit, rows, unit, asked):
    answer = visit("secretary01").post(ASK.format(unit), REASON | {"reason": "请联系13812345678"})
    assert list(answer.errors()) == ["reason"]
    visit("secadmin").post(f"/exports/decide/{asked}", decision="refuse", note="请联系13812345678")
    assert rows(f"SELECT approved, note FROM unmasked_export WHERE id = {asked}") == [(None, None)]


def test_who_may_not_reveal_cannot_ask(visit, unit):
    assert visit("filler01").look(ASK.format(unit)).status == 403
    assert visit("auditor").look(ASK.format(unit)).status == 403
    assert not visit("filler01").look("/members/list/").select('a[href^="/exports/ask"]')
    assert visit("secretary01").look("/members/list/").select('a[href^="/exports/ask"]')


def test_mistakes_are_said_at_their_fields_and_nothing_is_lost(visit, rows, unit):
    page = visit("secretary01").post(ASK.format(unit), {"purpose": "x", "reason": "短"})
    assert set(page.errors()) == {"purpose", "reason"}
    assert page.one("#reason")["value"] == "短"
    assert visit("secretary01").look("/exports/ask?ledger=members&nonsense=1").status == 400
    assert rows("SELECT count(*) FROM unmasked_export") == [(0,)]
