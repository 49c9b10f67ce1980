"""What is typed over a hidden value tells nothing of it: neither versions nor previews answer "is it this one?"."""

from __future__ import annotations

import pytest
from flask_babel import force_locale

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.spreadsheet.importer.importer import find_layout, take
from portal.core.spreadsheet.reader.workbook import read
from portal.extensions import db
from portal.ledgers.cobuilding import agreements
from tests.core.api.conftest import rest  # noqa: F401 - a fixture
from tests.ledgers.test_assistance import PERSON, community
from tests.security.walk import first, of, unit_id

RIGHT, ALIKE, OTHER = "13812345678", "13887655678", "13812340000"
MASK = "138****5678"


def hidden(rest, rows, status):  # noqa: F811 - the fixture
    """An agreement of the first unit's with a mobile that filler01 does not see."""
    id_, filler = of(rows, 1, "draft"), rest("filler01")
    assert filler.put(f"agreements/{id_}", {"b_phone": RIGHT, "version": version(rest, id_)})[0] == 200
    if status == "active":
        for account, transition in (("filler01", "submit"), ("secretary01", "approve")):
            assert rest(account).post(f"agreements/{id_}/{transition}", {"version": version(rest, id_)})[0] == 200, (
                transition
            )
        seen = {"version": version(rest, id_)}
        assert rest("reviewer").post(f"agreements/{id_}/approve_committee", seen)[0] == 200
    return id_


def version(rest, id_):  # noqa: F811 - the fixture
    return rest("filler01").get(f"agreements/{id_}")[1]["result"]["version"]


def test_a_retyped_number_is_another_version_whether_it_is_right_or_not(rest, rows):  # noqa: F811 - the fixture
    id_, filler = hidden(rest, rows, "draft"), rest("filler01")
    for typed, more in ((RIGHT, 1), (ALIKE, 1), (ALIKE, 1), (MASK, 0)):
        before = version(rest, id_)
        _, answer = filler.put(f"agreements/{id_}", {"b_phone": typed, "version": before})
        assert answer["result"]["version"] == before + more, typed
    assert rest("reviewer").get(f"agreements/{id_}")[1]["texts"]["b_phone"] == MASK


def test_whoever_may_see_a_number_changes_nothing_by_typing_it_again(rest, rows):  # noqa: F811 - the fixture
    id_, reviewer = hidden(rest, rows, "draft"), rest("reviewer")
    assert reviewer.put(f"agreements/{id_}", {"remark": "工委核对", "version": version(rest, id_)})[0] == 200
    before = version(rest, id_)
    assert reviewer.put(f"agreements/{id_}", {"b_phone": RIGHT, "version": before})[0] == 200
    assert version(rest, id_) == before


@pytest.fixture
def previewed(app, built, rows, tmp_path):
    """What the preview says of a number that filler01 brings for an agreement in a sheet."""

    def preview(id_, phone):
        [(number, a, b)] = rows(
            "SELECT COALESCE(record_no, office_no), a.full_name, b.full_name FROM agreement "
            "JOIN party_org a ON a.id = party_a_org_id "
            f"JOIN party_org b ON b.id = party_b_org_id WHERE agreement.id = {id_}"
        )
        lines = ["编号,甲方党组织,乙方社区党组织,乙方电话", f"{number},{a},{b},{phone}"]
        sheet = tmp_path / "sheet.csv"
        sheet.write_text("\n".join(lines), "utf-8")
        asked = app.test_request_context(method="POST")
        with asked, force_locale("en"), scope.acting_as(act_as("filler01")):
            found = find_layout(agreements, read(sheet, sheet.name))
            outcome = take(agreements, found, sheet.name, False, lambda *_: None)
            db.session.rollback()
        built.dirty = True
        return outcome.as_json()

    return preview


def test_a_preview_compares_hidden_values_as_far_as_their_masks(rest, rows, previewed):  # noqa: F811 - the fixture
    id_ = hidden(rest, rows, "active")
    found = [previewed(id_, number) for number in (RIGHT, ALIKE, OTHER)]
    told = [(each["unchanged"], each["changed"], len(each["rejected"])) for each in found]
    assert told == [(1, 0, 0), (1, 0, 0), (0, 0, 1)]
    assert found[0] == found[1]


def test_a_preview_says_the_same_change_of_right_and_wrong_numbers(rest, rows, change, previewed):  # noqa: F811 - the fixture
    """Old and new are masks; what is typed over a hidden value always counts as changed."""
    id_ = hidden(rest, rows, "draft")
    change(f"UPDATE agreement SET office_no = '演〔2026〕9号' WHERE id = {id_}")
    right, alike, other = (previewed(id_, number) for number in (RIGHT, ALIKE, OTHER))
    assert right == alike
    assert right["changed"] == 1, right["rejected"]
    assert [(each["old"], each["new"]) for each in right["changes"]] == [(MASK, MASK)]
    assert [(each["old"], each["new"]) for each in other["changes"]] == [(MASK, "138****0000")]
    for said in (right, alike, other):
        assert said["questions"] == []
        assert not any(number in str(said) for number in (RIGHT, ALIKE, OTHER))


def test_no_question_of_a_sheet_shows_what_some_may_not_see(app):
    """Contradictions are shown of the fields of an identity."""
    for ledger in app.extensions["portal.ledgers"]:
        keys = {*ledger.sheet.identity, *(name for names in ledger.sheet.other_identities for name in names)}
        assert not keys & {*ledger.privacy.sensitive, *ledger.privacy.internal}, ledger.name


def test_a_household_that_is_found_leaves_no_trace_on_those_who_live_there(visit, rest, rows):  # noqa: F811 - the fixture
    known = PERSON | {"community_id": community(rows)}
    assert visit("filler01").post("/beneficiaries/add", known | {"_then": "submit"}).status == 302
    where = f"owner_unit_id = {unit_id(rows, 2)} AND substr(called, 1, 2) = '%s*'"
    told = []
    for other, number in (("司某乙", PERSON["phone_enc"]), ("司某丙", "15400000009")):
        visitor = visit("filler02")
        assert visitor.post("/beneficiaries/add", known | {"phone_enc": number}).status == 302
        person = max(id_ for (id_,) in rows(f"SELECT id FROM beneficiary WHERE {where % '欧'}"))
        together = known | {"name_enc": other, "phone_enc": "", "same_household_id": str(person)}
        assert visitor.post("/beneficiaries/add", together).status == 302
        lives = max(id_ for (id_,) in rows(f"SELECT id FROM beneficiary WHERE {where % '司'}"))
        state = f"SELECT version, updated_at FROM beneficiary WHERE id = {lives}"
        before = rows(state)
        assert visitor.post(f"/beneficiaries/{person}/move/submit").status == 302
        assert rows(state) == before
        households = f"SELECT DISTINCT household_no FROM beneficiary WHERE id IN ({person}, {lives})"
        told.append(rows(households))
    assert [len(each) for each in told] == [1, 1]
    listed = first(rows, "beneficiary", f"owner_unit_id = {unit_id(rows, 1)} AND substr(called, 1, 2) = '欧*'")
    assert rows(f"SELECT household_no FROM beneficiary WHERE id = {listed}") == told[0] != told[1]
