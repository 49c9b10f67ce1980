"""Personal data in full: for a purpose, for five minutes, by few, and written down (`docs/domain` §3.5)."""

from __future__ import annotations

import io
import time

import openpyxl
import pytest
from sqlalchemy import select

from portal.core.access import scope
from portal.extensions import db
from portal.ledgers.assistance.model import Beneficiary
from portal.org.encrypted import Sealed
from tests.security.walk import first, unit_id

FIELDS = ("name_enc", "phone_enc", "address_enc")
# Who looks after somebody sees the name without a step.
MASKED = ("phone_enc", "address_enc")


@pytest.fixture
def person(app, rows):
    """A beneficiary of the first unit: its id and what is masked, by field."""
    id_ = first(rows, "beneficiary", f"status = 'active' AND owner_unit_id = {unit_id(rows, 1)}")
    with app.app_context(), scope.unscoped("a test knows what is masked"):
        found = db.session.scalars(select(Beneficiary).where(Beneficiary.id == id_)).one()
        values = {name: getattr(found, name).reveal() for name in FIELDS}
        db.session.remove()
    return id_, values


@pytest.mark.parametrize("account", ["secretary01", "reviewer"])
def test_a_value_is_shown_for_a_purpose_and_for_five_minutes(visit, rows, person, account, monkeypatch):
    id_, values = person
    visitor = visit(account)
    page = visitor.look(f"/beneficiaries/show/{id_}")
    assert not [name for name in MASKED if values[name] in page.words]
    assert visitor.post(f"/beneficiaries/{id_}/reveal/phone_enc", purpose="visit").status == 302
    page = visitor.look(f"/beneficiaries/show/{id_}")
    shown = page.one("[data-field=phone_enc] [data-revealed]")
    assert shown.text == values["phone_enc"]
    assert 290 <= int(shown["data-until"]) <= 300
    assert shown["data-masked"] not in ("", values["phone_enc"])
    assert "Shown until" in page.one("[data-field=phone_enc]").get_text()
    assert values["address_enc"] not in page.words
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 301)
    assert values["phone_enc"] not in visitor.look(f"/beneficiaries/show/{id_}").words


def test_every_look_is_written_down_with_its_purpose_and_without_the_value(visit, rows, person):
    """Acceptance test 11."""
    id_, values = person
    visit("secretary01").post(f"/beneficiaries/{id_}/reveal/phone_enc", purpose="emergency")
    line = rows("SELECT * FROM audit_event WHERE action = 'reveal' ORDER BY id DESC LIMIT 1")[0]
    assert {"secretary01", "紧急情况", id_} <= set(line[:-3])
    assert values["phone_enc"] not in str(line)
    page = visit("secretary01").speak("zh_Hans").look(f"/beneficiaries/{id_}/history")
    assert "紧急情况" in page.words
    assert values["phone_enc"] not in page.words


def test_without_a_purpose_nothing_is_shown(visit, rows, person):
    """Acceptance test 11."""
    id_, values = person
    visitor = visit("secretary01")
    for purpose in ("", "curiosity"):
        visitor.post(f"/beneficiaries/{id_}/reveal/phone_enc", purpose=purpose)
        page = visitor.look(f"/beneficiaries/show/{id_}")
        assert page.notices("error")
        assert values["phone_enc"] not in page.words


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("account", "status"),
    [("filler01", 403), ("auditor", 403), ("leader", 403), ("admin", 403), ("sysadmin", 403), ("secretary02", 404),
     ("community001", 403), ("town01", 403)],
)  # fmt: skip
def test_nobody_else_sees_a_value_in_full(visit, person, account, status):
    id_, values = person
    visitor = visit(account)
    assert visitor.post(f"/beneficiaries/{id_}/reveal/phone_enc", purpose="visit").status == status
    page = visitor.look(f"/beneficiaries/show/{id_}")
    assert not page.select(".reveal")
    seen = [name for name in FIELDS if values[name] in page.words]
    assert seen == (["name_enc"] if account == "filler01" else [])


def test_only_masked_fields_can_be_asked_for(visit, person):
    for name in ("remark", "called", "dedupe_hash", "nothing"):
        assert visit("secretary01").post(f"/beneficiaries/{person[0]}/reveal/{name}", purpose="visit").status == 404


def test_what_was_revealed_to_one_session_stays_masked_in_the_list_the_sheet_and_for_others(visit, person):
    id_, values = person
    visitor = visit("secretary01")
    visitor.post(f"/beneficiaries/{id_}/reveal/phone_enc", purpose="visit")
    assert values["phone_enc"] in visitor.look(f"/beneficiaries/show/{id_}").words
    listed = visitor.look("/beneficiaries/list/?columns=name_enc,phone_enc&page_size=100").words
    assert values["phone_enc"] not in listed
    assert values["phone_enc"] not in visit("reviewer").look(f"/beneficiaries/show/{id_}").words


def test_a_name_is_seen_by_those_who_look_after_somebody_and_told_once_a_day(app, visit, rows, person):
    id_, values = person
    app.extensions["portal.names_seen"].told.clear()
    seen = "SELECT count(*) FROM audit_event WHERE action = 'names' AND username = 'filler01'"
    [(before,)] = rows(seen)
    for path in (f"/beneficiaries/show/{id_}", "/beneficiaries/list/?page_size=100", f"/beneficiaries/show/{id_}"):
        assert values["name_enc"] in visit("filler01").look(path).words
        for account in ("reviewer", "auditor", "leader"):
            assert values["name_enc"] not in visit(account).look(path).words
    app.extensions["portal.names_seen"].told.clear()  # another process does not remember
    visit("filler01").look(f"/beneficiaries/show/{id_}")
    assert rows(seen) == [(max(before, 1),)]
    assert rows("SELECT count(*) FROM audit_event WHERE action = 'names' AND username = 'auditor'") == [(0,)]


def test_no_sheet_carries_a_name_in_full(visit, person):
    _, values = person
    with visit("filler01").client.get("/beneficiaries/export?columns=name_enc") as answer:
        book = openpyxl.load_workbook(io.BytesIO(answer.data))
    cells = [str(cell) for row in book.active.iter_rows(values_only=True) for cell in row]
    assert not [cell for cell in cells if values["name_enc"] in cell]


@pytest.fixture
def brought(rows):
    """A visit of the first unit on which money was given: its id and that of the row."""
    unit = unit_id(rows, 1)
    return rows(
        "SELECT visit.id, aid_item.id FROM visit JOIN aid_item ON aid_item.visit_id = visit.id "
        f"WHERE amount IS NOT NULL AND owner_unit_id = {unit} AND status = 'active' ORDER BY visit.id LIMIT 1"
    )[0]


@pytest.fixture
def amount(app, rows, brought):
    with app.app_context():
        return f"{Sealed(rows(f'SELECT amount FROM aid_item WHERE id = {brought[1]}')[0][0]).reveal()}"


@pytest.mark.parametrize("account", ["secretary01", "reviewer"])
def test_amounts_given_to_people_are_opened_as_one_table(visit, rows, brought, amount, account, monkeypatch):
    id_, row = brought
    visitor, cell = visit(account), f'[data-table=aid_items] tr[data-id="{row}"] [data-field=amount]'
    page = visitor.look(f"/visits/show/{id_}")
    assert page.one(cell).get_text(strip=True) == "***"
    assert page.one("#aid_items.reveal")
    visitor.post(f"/visits/{id_}/reveal/aid_items")
    assert visitor.look(f"/visits/show/{id_}").one(cell).get_text(strip=True) == "***"
    assert visitor.post(f"/visits/{id_}/reveal/aid_items", purpose="check").status == 302
    page = visitor.look(f"/visits/show/{id_}")
    assert page.one(f"{cell} [data-revealed]").text == amount
    assert not page.select("#aid_items.reveal")
    [(action, changes)] = rows("SELECT action, changes FROM audit_event ORDER BY id DESC LIMIT 1")
    assert action == "reveal"
    assert "aid_items" in str(changes)
    assert amount not in str(changes)
    assert "Aid given" in visitor.look(f"/visits/{id_}/history").words
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 301)
    assert visitor.look(f"/visits/show/{id_}").one(cell).get_text(strip=True) == "***"


@pytest.mark.parametrize(
    ("account", "status"), [("filler01", 403), ("auditor", 403), ("admin", 403), ("secretary02", 404)]
)
def test_nobody_else_opens_the_amounts(visit, brought, amount, account, status):
    visitor = visit(account)
    assert visitor.post(f"/visits/{brought[0]}/reveal/aid_items", purpose="visit").status == status
    page = visitor.look(f"/visits/show/{brought[0]}")
    assert not page.select(".reveal")
    assert amount not in page.words


def test_a_table_without_personal_cells_cannot_be_asked_for(visit, rows, brought):
    for name in ("visit_needs", "amount", "nothing"):
        assert visit("secretary01").post(f"/visits/{brought[0]}/reveal/{name}", purpose="visit").status == 404


def test_an_amount_stays_as_it_is_when_its_mask_is_sent_back(visit, rows, amount, brought):
    """A draft of the visit, changed once; no line of the trail tells the amount."""
    sent = {
        "visited_on": "2026-06-29",
        "visit_type": "1",
        "target_name": "演示工地",
        "findings": "情况平稳。",
        "participant_ids": [str(rows("SELECT min(id) FROM member WHERE unit_id = " + str(unit_id(rows, 1)))[0][0])],
        "aid_items-0-id": "new-0",
        "aid_items-0-category": "money",
        "aid_items-0-amount": "7391.37",
    }
    visitor = visit("filler01")
    assert "aid_items-0-signed_by" in visitor.post("/visits/add", sent | {"_then": "submit"}).errors()
    assert visitor.post("/visits/add", sent | {"aid_items-0-amount": "0"}).status == 302
    assert visitor.post("/visits/add", sent | {"aid_items-0-signed_by": "self", "findings": "送去。"}).status == 302
    id_ = first(rows, "visit", "findings = '送去。'")
    stored = rows(f"SELECT amount FROM aid_item WHERE visit_id = {id_}")
    assert "7391" not in str(stored)
    typed = visitor.look(f"/visits/edit/{id_}").filled()
    assert typed["aid_items-0-amount"] == "***"
    del typed["csrf_token"]
    assert visitor.post(f"/visits/edit/{id_}", typed | {"findings": "送去了。"}).status == 302
    assert rows(f"SELECT amount FROM aid_item WHERE visit_id = {id_}") == stored
    assert "7391" not in str(rows("SELECT changes FROM audit_event"))
