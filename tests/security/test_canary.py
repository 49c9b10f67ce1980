"""A value that nobody may see without a step, looked for in everything that anybody is answered."""

from __future__ import annotations

import io
import logging

import openpyxl
import pytest
from sqlalchemy import select

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.extensions import db
from portal.ledgers.assistance.model import AidItem, Beneficiary, Visit
from portal.org.encrypted import Sealed
from tests.security.walk import ACCOUNTS, addresses, first, unit_id

NAME, ADDRESS, PHONE = "欧阳金丝雀", "金丝雀路九号八门", "13900008888"
# Of the money that was brought; with and without what parts thousands.
AMOUNTS = ("7391.37", "7,391.37")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

pytestmark = pytest.mark.one_database


@pytest.fixture
def bird(app, built, rows):
    """The id of somebody whom the second unit helps."""
    unit = unit_id(rows, 2)
    found = first(rows, "beneficiary", f"owner_unit_id = {unit} AND status = 'active'")
    with app.test_request_context(), scope.unscoped("the test writes what it looks for"):
        person = db.session.scalars(select(Beneficiary).where(Beneficiary.id == found)).one()
        person.name_enc, person.address_enc = Sealed.of(NAME), Sealed.of(ADDRESS)
        person.phone_enc = Sealed.of(PHONE)
        brought = select(AidItem).join(AidItem.visit).where(Visit.beneficiary_id == found).order_by(Visit.id)
        db.session.scalars(brought).first().amount = Sealed.of(AMOUNTS[0])
        db.session.commit()
    built.dirty = True
    return found


def words(answer):
    """All that an answer says, a sheet's cells included."""
    if answer.mimetype != XLSX:
        return answer.get_data(as_text=True)
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    return "\n".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)


def told(visitor, paths):
    for path in paths:
        with visitor.client.get(path) as answer:
            text = words(answer)
        yield path, text.encode().decode("unicode_escape", "ignore") if path.startswith("/api/") else text


def names_to(app, account, id_):
    with app.test_request_context():
        principal = act_as(account)
        with scope.acting_as(principal):
            person = db.session.scalars(select(Beneficiary).where(Beneficiary.id == id_)).first()
            return person is not None and principal.covers_row("names", "beneficiaries", person)


@pytest.mark.parametrize("account", [*ACCOUNTS, "filler02", "secretary02"])
def test_it_is_in_no_page_sheet_answer_history_message_or_log(app, visit, rows, bird, account, caplog):
    visitor = visit(account)
    visit_, pairing = (first(rows, table, f"beneficiary_id = {bird}") for table in ("visit", "pairing"))
    asked = {"/beneficiaries": bird, "/visits": visit_, "/pairings": pairing, "/members": 1, "/audit": 1, "/overdue": 1}
    paths = [path for under, pk in asked.items() for path in addresses(app, "GET", pk, under, account=account)]
    paths += [f"/api/v1{under}/{pk}" for under, pk in asked.items()]
    paths += [f"/beneficiaries/list/?q={text}" for text in ("欧阳", "HB", "金丝雀")]
    paths += ["/", "/workspace/", "/beneficiaries/export", "/visits/export", "/pairings/export", "/audit_events/export"]
    sought = {ADDRESS, PHONE, *AMOUNTS} | (set() if names_to(app, account, bird) else {NAME})
    with caplog.at_level(logging.DEBUG):
        found = [(path, each) for path, text in told(visitor, dict.fromkeys(paths)) for each in sought if each in text]
    asked_for = [(path, each) for path, each in found if "q=" not in path]  # what was typed comes back in its field
    assert asked_for == []
    assert not any(each in caplog.text for each in (ADDRESS, PHONE, NAME, *AMOUNTS))


def test_what_is_asked_about_somebody_alike_names_nobody(visit, rows, bird):
    """A household that is there already is told by its number, also to the unit that may not see it."""
    visitor = visit("filler01")
    typed = visitor.look("/beneficiaries/add").filled()
    twin = {"target_type": "1", "name_enc": NAME, "address_enc": ADDRESS, "phone_enc": PHONE}
    community = rows(f"SELECT community_id FROM beneficiary WHERE id = {bird}")[0][0]
    page = visitor.post("/beneficiaries/add", typed | twin | {"community_id": str(community), "_then": "submit"})
    told_of = page.select(".notice") + page.select(".field-error")
    assert page.status == 200
    assert not [each for each in told_of if NAME in each.get_text() or PHONE in each.get_text()]


def test_its_own_unit_does_see_the_name(visit, bird):
    """What is looked for can be found."""
    assert NAME in visit("filler02").look(f"/beneficiaries/show/{bird}").words
