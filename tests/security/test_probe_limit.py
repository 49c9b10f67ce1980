"""Hidden data of people is not found out by trying: numbers, names, and whom other units help."""

from __future__ import annotations

import pytest
from flask_babel import force_locale
from sqlalchemy import select

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.audit.probe_limit import MOST
from portal.core.spreadsheet.importer.importer import find_layout, take
from portal.core.spreadsheet.reader.workbook import read
from portal.extensions import db
from portal.ledgers.assistance import pairings
from portal.ledgers.assistance.model import Beneficiary
from portal.org.encrypted import Sealed
from portal.org.models import Area, Unit
from tests.core.api.conftest import rest  # noqa: F401 - a fixture
from tests.ledgers.test_assistance import PERSON, community
from tests.security.walk import first, unchanged, unit_id
from tests.security.walk import take as take_right

NUMBER = PERSON["phone_enc"]
KNOWN = "This person is already on the list"
TOO_MANY = "Too many numbers were tried"
TRIED = "SELECT count(*) FROM audit_event WHERE action = 'compared' AND username = 'filler01'"


@pytest.fixture
def known(visit, rows):
    """What filler01 knows of somebody on its list: all but the number."""
    sent = PERSON | {"community_id": community(rows)}
    assert visit("filler01").post("/beneficiaries/add", sent | {"_then": "submit"}).status == 302
    return sent


def test_a_form_that_is_wrong_anyway_says_nothing_of_a_number(visit, rest, rows, known):  # noqa: F811 - the fixture
    [(before,)] = rows(TRIED)
    with unchanged(rows):
        for number in (NUMBER, "15400000009"):
            for wrong in ({"info_source": "nothing"}, {"review_on": "never"}, {"hardship_types": ["nothing"]}):
                answer = visit("filler01").post("/beneficiaries/add", known | {"phone_enc": number} | wrong)
                assert [*answer.errors()] == [*wrong]
                assert KNOWN not in answer.words
        body = known | {"phone_enc": NUMBER, "info_source": "nothing"}
        assert [*rest("filler01").post("beneficiaries/", body)[1]["errors"]] == ["info_source"]
        assert visit("filler01").post("/beneficiaries/check", known).status == 200
    assert rows(TRIED) == [(before,)]


def test_each_number_that_was_tried_is_written_down_and_few_are_had(visit, rows, known):
    visitor = visit("filler01")
    with unchanged(rows):
        assert KNOWN in visitor.post("/beneficiaries/add", known).errors()["name_enc"]
    person = first(rows, "beneficiary", "substr(called, 1, 2) = '欧*'")
    [line] = rows(f"SELECT changes FROM audit_event WHERE action = 'compared' AND record_id = {person}")
    assert "phone_enc" in str(line)
    assert NUMBER not in str(line)
    assert "Compared what was typed" in visitor.look(f"/beneficiaries/{person}/history").words
    for n in range(MOST - 1):
        # The name is another way of writing the same.
        guess = known | {"name_enc": "欧阳 某·甲", "phone_enc": f"1540000{n:04}"}
        assert visitor.post("/beneficiaries/add", guess).status == 302
    with unchanged(rows):
        for number in (NUMBER, "15400000099"):
            errors = visitor.post("/beneficiaries/add", known | {"phone_enc": number}).errors()
            assert [*errors] == ["phone_enc"]
            assert TOO_MANY in errors["phone_enc"]
    assert rows(TRIED) == [(MOST,)]
    # Somebody of another name is in nobody's way, nor is whoever may see numbers.
    assert visitor.post("/beneficiaries/add", known | {"name_enc": "欧阳某乙"}).status == 302
    unit = str(unit_id(rows, 1))
    errors = visit("reviewer").post("/beneficiaries/add", known | {"owner_unit_id": unit}).errors()
    assert KNOWN in errors["name_enc"]


@pytest.fixture
def paired(app, built, rows, tmp_path):
    """(number of somebody whom the first unit helps, what a preview by filler01 of pairings with given numbers says);
    a preview says what would change, and is rolled back."""
    found = first(rows, "beneficiary", f"owner_unit_id = {unit_id(rows, 1)} AND status = 'active'")
    with app.test_request_context(), scope.unscoped("a test knows whom it asks about"):
        query = select(Beneficiary, Area.name, Unit.full_name).join(Beneficiary.community).join(Beneficiary.owner_unit)
        person, area, unit = db.session.execute(query.where(Beneficiary.id == found)).one()
        name, number = person.name_enc.reveal(), person.phone_enc.reveal()

    def preview(numbers):
        lines = ["编号,帮扶人,所在单位,帮扶对象,所在社区,对象电话,结对日期,帮扶措施"]
        lines += [f"演{n}号,王演某,{unit},{name},{area},{each},2026-06-01,生活照料" for n, each in enumerate(numbers)]
        sheet = tmp_path / "sheet.csv"
        sheet.write_text("\n".join(lines), "utf-8")
        asked = app.test_request_context(method="POST")
        with asked, force_locale("en"), scope.acting_as(act_as("filler01")):
            outcome = take(pairings, find_layout(pairings, read(sheet, sheet.name)), sheet.name, False, lambda *_: None)
            db.session.rollback()
        built.dirty = True
        return outcome

    return found, number, preview


def test_a_number_is_tried_no_more_often_by_sheets(rows, change, paired):
    """Of somebody whose record a sheet may change."""
    found, number, preview = paired
    change(f"UPDATE beneficiary SET status = 'draft' WHERE id = {found}")
    numbers = [number, *(f"1540009{n:04}" for n in range(MOST + 3)), number]
    outcome = preview(numbers)
    why = {remark.row: remark.why for remark in outcome.rejected}
    assert TOO_MANY in why[len(numbers) + 1]
    assert [text for text in why.values() if TOO_MANY in text] == [why[len(numbers) + 1]] * 4
    assert rows(TRIED) == [(MOST,)]


def test_a_sheet_compares_numbers_on_the_list_as_far_as_their_masks_however_many(rows, paired):
    _, number, preview = paired
    alike = [f"{number[:3]}{n:04}{number[-4:]}" for n in range(1234, 1234 + MOST + 3)]
    outcome = preview([number, *alike, number])
    assert outcome.rejected == []
    assert {result for _, result, _, _ in outcome.rows} == {"new"}  # of the pairings
    assert outcome.changes == []
    assert outcome.questions == []
    assert rows(TRIED) == [(0,)]


def test_an_address_is_not_found_out_by_what_is_asked_about_namesakes(visit, rows, known):
    """Different addresses tell people apart a few times an hour, and not while the form is being filled in."""
    visitor, without = visit("filler01"), known | {"phone_enc": ""}
    with unchanged(rows):
        checked = [
            visitor.client.post(
                "/beneficiaries/check", data=without | {"address_enc": address, "csrf_token": visitor.token}
            ).json
            for address in (known["address_enc"], "海棠里九号楼")
        ]
    assert checked[0] == checked[1]
    assert "warnings" in checked[0]
    assert rows(TRIED) == [(0,)]
    for n in range(MOST):
        assert visitor.post("/beneficiaries/add", without | {"address_enc": f"海棠里{n}栋"}).status == 302
    with unchanged(rows):
        for address in (known["address_enc"], "海棠里九号楼"):
            answer = visitor.post("/beneficiaries/add", without | {"address_enc": address})
            assert answer.status == 200
            assert "Somebody of this name and community" in answer.words
    assert rows(TRIED) == [(MOST,)]


def test_a_draft_does_not_tell_whom_another_unit_helps(visit, rest, rows, known):  # noqa: F811 - the fixture
    """Its household is its own until it is on the list, and the number is shown nowhere."""
    visitor, numbers = visit("filler02"), "SELECT household_no FROM beneficiary WHERE substr(called, 1, 2) = '欧*'"
    assert visitor.post("/beneficiaries/add", known).status == 302
    person = first(rows, "beneficiary", f"substr(called, 1, 2) = '欧*' AND owner_unit_id = {unit_id(rows, 2)}")
    found = [number for (number,) in rows(numbers)]
    assert len({*found}) == 2
    assert visitor.post(f"/beneficiaries/{person}/move/submit").status == 302
    assert len({*rows(numbers)}) == 1
    found += [row[0] for row in rows(f"{numbers} UNION SELECT dedupe_hash FROM beneficiary WHERE id = {person}")]
    for account in ("filler02", "secretary02", "reviewer", "auditor"):
        pages = [str(visit(account).look(f"/beneficiaries/{page}")) for page in (f"show/{person}", f"{person}/history")]
        told = [*pages, str(rest(account).get(f"beneficiaries/{person}"))]
        assert not [number for number in found for page in told if number in page]
        assert visit(account).look("/beneficiaries/list/?columns=household_no").status == 400
    for (changes,) in rows("SELECT changes FROM audit_event WHERE ledger = 'beneficiaries'"):
        assert "household_no" not in str(changes)
        assert "dedupe_hash" not in str(changes)


def test_who_lives_with_somebody_counts_with_them_however_they_came_onto_the_list(visit, rows, known):
    visitor, numbers = visit("filler02"), "SELECT household_no FROM beneficiary WHERE substr(called, 1, 2) = '欧*'"
    assert visitor.post("/beneficiaries/add", known).status == 302
    person = first(rows, "beneficiary", f"substr(called, 1, 2) = '欧*' AND owner_unit_id = {unit_id(rows, 2)}")
    other = known | {"name_enc": "欧阳某乙", "same_household_id": str(person)}
    assert visitor.post("/beneficiaries/add", other | {"_then": "submit"}).status == 302
    assert visitor.post(f"/beneficiaries/{person}/move/submit").status == 302
    assert len(rows(numbers)) == 3
    assert len({*rows(numbers)}) == 1


@pytest.fixture
def somebody(app, built, rows):
    """Somebody whom the first unit helps and visits: (id, the whole name)."""
    found = first(rows, "beneficiary", f"status = 'active' AND owner_unit_id = {unit_id(rows, 1)}")
    with app.test_request_context(), scope.unscoped("the test writes what it looks for"):
        person = db.session.scalars(select(Beneficiary).where(Beneficiary.id == found)).one()
        person.name_enc = Sealed.of("欧阳某丙")
        db.session.commit()
    built.dirty = True
    return found, "欧阳某丙"


@pytest.mark.parametrize("account", ["auditor", "leader", "disc", "admin"])
def test_a_whole_name_finds_nobody_for_those_who_see_masks(visit, somebody, account):
    _, name = somebody
    visitor = visit(account)
    for ledger in ("visits", "pairings"):
        answer = visitor.client.get(f"/{ledger}/options/beneficiary_id?q={name}")
        assert answer.json["results"] == []
        assert visitor.look(f"/{ledger}/list/?beneficiary_id={name}").status == 400


@pytest.mark.parametrize("account", ["filler01", "secretary01", "reviewer"])
def test_a_whole_name_finds_somebody_for_those_who_know_it(visit, somebody, account):
    id_, name = somebody
    found = visit(account).client.get(f"/visits/options/beneficiary_id?q={name}").json["results"]
    assert [each["id"] for each in found] == [id_]
    assert visit(account).look(f"/visits/list/?beneficiary_id={name}").ids()


def test_no_list_is_put_in_the_order_of_what_is_masked(visit, rest):  # noqa: F811 - the fixture
    for account in ("filler01", "auditor"):
        assert visit(account).look("/beneficiaries/list/?order=name_enc").status == 400
        assert "name_enc" not in rest(account).get("beneficiaries/_info")[1]["order"]


def without_names(change):
    """Fillers who bring sheets, and may neither see nor enter names."""
    for verb in ("names", "reveal", "add"):
        take_right(change, "unit_filler", "beneficiaries", verb)


@pytest.mark.parametrize("sheet", ["beneficiaries", "pairings"])
def test_a_sheet_does_not_tell_whose_names_are_known(app, built, rows, change, somebody, tmp_path, sheet):
    """A role that brings sheets needs no right to names; then a list of names says nothing of them."""
    id_, name = somebody
    [(area,)] = rows(f"SELECT name FROM area WHERE id = (SELECT community_id FROM beneficiary WHERE id = {id_})")
    [(unit,)] = rows(f"SELECT full_name FROM unit WHERE id = {unit_id(rows, 1)}")
    without_names(change)
    ledger = next(each for each in app.extensions["portal.ledgers"] if each.name == sheet)
    file = tmp_path / "sheet.csv"
    file.write_text(
        "\n".join([HEADS[sheet], *(f"{unit},{each},{area}{REST[sheet]}" for each in (name, "某不知"))]), "utf-8"
    )
    with app.test_request_context(method="POST"), force_locale("en"), scope.acting_as(act_as("filler01")):
        outcome = take(ledger, find_layout(ledger, read(file, file.name)), file.name, False, lambda *_: None)
        db.session.rollback()
    built.dirty = True
    known, unknown = outcome.rejected
    assert (known.column, known.why) == (unknown.column, unknown.why)
    assert "neither see nor enter names" in known.why
    assert outcome.questions == []


HEADS = {"beneficiaries": "填报单位,姓名,所在社区", "pairings": "所在单位,帮扶对象,所在社区,帮扶人,结对日期,帮扶措施"}
REST = {"beneficiaries": "", "pairings": ",王演某,2026-06-01,生活照料"}
