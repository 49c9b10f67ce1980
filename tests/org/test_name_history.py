"""Units that are renamed, moved and merged in the middle of a year (`docs/domain` §3.1, acceptance test 19)."""

from __future__ import annotations

import io
import json

import openpyxl
import pytest

from portal.accounts.security_manager import act_as
from portal.core import clock
from portal.core.access import scope
from portal.core.declaration.ledger import mounted
from portal.core.records import saving
from portal.core.records.forms.form import form_class
from portal.extensions import db
from tests.core.api.forms import as_json, fresh
from tests.security.walk import first, unchanged, unit_id

DAY = "2026-03-01"


@pytest.fixture
def unit(visit, rows):
    """(address, what its form holds) of the first unit."""
    path = f"/units/edit/{unit_id(rows, 1)}"
    return path, visit("admin").look(path).filled()


@pytest.fixture
def renamed(visit, unit):
    path, held = unit
    sent = held | {"full_name": "区新设委员会", "short_name": "区新设委", "changed_on": DAY}
    assert visit("admin").post(path, sent).status == 302


def agreement(rows, where):
    return first(
        rows, "agreement", f"owner_unit_id = {unit_id(rows, 1)} AND record_no IS NOT NULL AND signed_on {where}"
    )


def named(visit, id_):
    return visit("reviewer").look(f"/agreements/show/{id_}").words


def test_a_record_is_shown_and_exported_under_the_name_of_its_day(visit, rows, renamed, unit):
    """Acceptance test 19."""
    old, new = agreement(rows, f"< '{DAY}'"), agreement(rows, f">= '{DAY}'")
    was = unit[1]["full_name"]
    assert f"填报单位 {was}" in visit("reviewer").speak("zh_Hans").look(f"/agreements/show/{old}").words
    assert "填报单位 区新设委员会" in visit("reviewer").speak("zh_Hans").look(f"/agreements/show/{new}").words
    visit("reviewer").speak("en")
    with visit("reviewer").client.get("/agreements/export") as answer:
        sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    numbers = dict(rows(f"SELECT record_no, id FROM agreement WHERE id IN ({old}, {new})"))
    cells = {numbers[row[1]]: row for row in sheet.iter_rows(values_only=True) if row[1] in numbers}
    assert was in cells[old]
    assert "区新设委员会" in cells[new]


def test_a_list_asks_no_more_for_the_names_of_former_days(visit, rows, renamed, statements):
    visit("reviewer").look("/agreements/list/")
    with statements() as seen:
        page = visit("reviewer").look("/agreements/list/?page_size=100")
    assert page.status == 200
    assert len(seen) <= 6


def test_a_correction_changes_the_name_of_every_day(visit, rows, unit):
    path, held = unit
    corrected = held | {"full_name": "区正名委员会", "changed_on": "correction"}
    assert visit("admin").post(path, corrected).status == 302
    assert "区正名委员会" in named(visit, agreement(rows, f"< '{DAY}'"))
    assert rows("SELECT count(*) FROM unit WHERE former IS NOT NULL AND CAST(former AS TEXT) <> 'null'") == [(0,)]


def test_twice_renamed_has_three_names(visit, rows, unit, renamed):
    again(visit, unit[0])
    assert [was["until"] for was in former(rows)] == [DAY, "2026-05-01"]
    assert "区再设委员会" not in named(visit, agreement(rows, f"< '{DAY}'"))


def again(visit, path, day="2026-05-01"):
    held = visit("admin").look(path).filled()
    assert visit("admin").post(path, held | {"full_name": "区再设委员会", "changed_on": day}).status == 302


def former(rows):
    [(found,)] = rows(f"SELECT former FROM unit WHERE id = {unit_id(rows, 1)}")
    return json.loads(found) if isinstance(found, str) else found


@pytest.mark.parametrize("typed", [{"full_name": "区正名委员会"}, {"short_name": "区正名委"}, {"parent_id": "2"}])
def test_a_new_name_or_place_asks_from_which_day_it_holds(visit, rows, unit, typed):
    path, held = unit
    with unchanged(rows):
        page = visit("admin").post(path, held | typed)
        assert "give the day from which that holds, or tick" in page.errors()["changed_on"]
    assert page.select('input[type=checkbox][name="changed_on"][value="correction"]')
    names = list(page.filled())
    assert names.index("changed_on") == names.index("parent_id") + 1


def test_an_organisation_asks_so_too(visit, rows):
    path = f"/party_orgs/edit/{first(rows, 'party_org', 'community_id IS NULL')}"
    held = visit("admin").look(path).filled() | {"full_name": "中共演示委员会"}
    assert "changed_on" in visit("admin").post(path, held).errors()
    assert visit("admin").post(path, held | {"changed_on": DAY}).status == 302


def test_a_day_and_a_correction_at_once_are_refused(visit, rows, unit):
    path, held = unit
    with unchanged(rows):
        sent = held | {"full_name": "区正名委员会", "changed_on": [DAY, "correction"]}
        assert "Either the day of a change, or the correction" in visit("admin").post(path, sent).words


def test_the_day_of_one_change_is_not_taken_for_that_of_the_next(visit, rows, unit, renamed):
    path, _ = unit
    held = visit("admin").look(path).filled() | {"full_name": "区再设委员会"}
    assert held["changed_on"] == ""
    with unchanged(rows):
        for day in ("", DAY):
            assert "changed_on" in visit("admin").post(path, held | {"changed_on": day}).errors()


def test_the_day_alone_corrects_that_of_the_last_change(visit, rows, unit, renamed):
    path, _ = unit
    again(visit, path)
    names = [was["full_name"] for was in former(rows)]
    held = visit("admin").look(path).filled()
    with unchanged(rows):
        assert "must be later" in visit("admin").post(path, held | {"changed_on": DAY}).errors()["changed_on"]
    assert visit("admin").post(path, held | {"changed_on": "2026-04-01"}).status == 302
    assert [was["until"] for was in former(rows)] == [DAY, "2026-04-01"]
    assert [was["full_name"] for was in former(rows)] == names
    assert str(rows(f"SELECT changed_on FROM unit WHERE id = {unit_id(rows, 1)}")[0][0]) == "2026-04-01"


def test_a_program_answers_as_a_page_does(visit, rows):
    address, visitor = f"/api/v1/units/{unit_id(rows, 1)}", visit("admin")
    visitor.look("/")
    answers = [
        visitor.client.put(address, json=sent, headers={"X-CSRFToken": visitor.token})
        for sent in ({"full_name": "区正名委员会"}, {"full_name": "区正名委员会", "changed_on": "correction"})
    ]
    assert [each.status_code for each in answers] == [422, 200]
    assert [*answers[0].json["errors"]] == ["changed_on"]


@pytest.mark.parametrize("path", ["/units/list/", "/units/options/merged_into_id"])
def test_a_unit_is_found_by_its_former_names(visit, rows, unit, renamed, path):
    was = unit[1]["full_name"]
    answer = visit("admin").client.get(path, query_string={"q": was})
    assert "区新设委员会" in answer.get_data(as_text=True) + str(answer.json if answer.is_json else "")


def test_its_history_tells_the_names_and_nothing_else(visit, rows, renamed):
    page = visit("admin").look(f"/units/{unit_id(rows, 1)}/history")
    assert "区新设委员会" in page.words
    assert "former" not in page.words
    assert "until" not in page.words


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"changed_on": DAY}, "changed_on"),
        ({"changed_on": "soon", "full_name": "区新设委员会"}, "changed_on"),
        ({"full_name": "区新设委员会", "changed_on": ""}, "changed_on"),
        ({"merged_into_id": "1", "status": "dissolved"}, "merged_into_id"),
    ],
)
def test_a_change_that_makes_no_sense_is_said_at_its_field(visit, rows, unit, typed, field):
    path, held = unit
    typed = {name: str(unit_id(rows, int(text))) if name == "merged_into_id" else text for name, text in typed.items()}
    with unchanged(rows):
        assert field in visit("admin").post(path, held | typed).errors()


def test_a_change_before_the_last_one_is_refused(visit, rows, unit, renamed):
    path, _ = unit
    held = visit("admin").look(path).filled()
    assert (
        "changed_on" in visit("admin").post(path, held | {"full_name": "区旧委", "changed_on": "2026-01-01"}).errors()
    )


def test_what_went_over_into_another_unit_is_kept_by_it(visit, rows, unit):
    path, held = unit
    two = unit_id(rows, 2)
    sent = held | {"status": "dissolved", "merged_into_id": str(two), "valid_to": DAY}
    assert visit("admin").post(path, sent).status == 302
    theirs = {id_ for (id_,) in rows(f"SELECT id FROM agreement WHERE owner_unit_id = {unit_id(rows, 1)}")}
    assert theirs <= set(visit("filler02").look("/agreements/list/?page_size=100").ids())
    draft = first(rows, "agreement", f"owner_unit_id = {unit_id(rows, 1)} AND status = 'draft'")
    assert visit("filler02").look(f"/agreements/edit/{draft}").status == 200


@pytest.fixture
def merged(visit, rows, unit):
    """The first unit went over into the second one; the page that says so."""
    (path, held), visitor = unit, visit("admin")
    answer = visitor.post(path, held | {"merged_into_id": str(unit_id(rows, 2))})
    assert answer.status == 302
    return visitor.look(answer.response.location)


def test_what_goes_over_into_another_unit_is_dissolved_today(app, rows, merged):
    with app.app_context():
        today = clock.today().isoformat()
    [(status, day)] = rows(f"SELECT status, valid_to FROM unit WHERE id = {unit_id(rows, 1)}")
    assert (status, str(day)) == ("dissolved", today)


def test_a_merged_unit_does_not_come_back_unless_it_is_told_so(visit, rows, unit, merged):
    path, _ = unit
    held = visit("admin").look(path).filled() | {"status": "active"}
    assert "status" in visit("admin").post(path, held).errors()
    assert visit("admin").post(path, held | {"merged_into_id": ""}).status == 302


def test_it_is_said_how_many_accounts_a_dissolved_unit_still_has(rows, merged):
    where = f"unit_id = {unit_id(rows, 1)} AND user_id IN (SELECT id FROM ab_user WHERE active)"
    count = rows(f"SELECT count(*) FROM account_profile WHERE {where}")[0][0]
    assert [text for text in merged.notices("warning") if f"{count} accounts still belong to this unit" in text]


def test_nothing_new_is_entered_for_a_dissolved_unit_in_any_ledger(app, rows, merged):
    short = rows(f"SELECT short_name FROM unit WHERE id = {unit_id(rows, 2)}")[0][0]
    tried = []
    with app.test_request_context(), scope.acting_as(act_as("filler01")):
        for ledger in mounted():
            if ledger.review.statuses and not ledger.under and scope.current().may("add", ledger.name):
                with pytest.raises(saving.Dissolved, match=short):
                    saving.fill(ledger, form_class(ledger)())
                tried.append(ledger.name)
        db.session.rollback()
    assert len(tried) > 3


def test_who_belongs_to_a_dissolved_unit_is_told_so_by_page_and_by_program(visit, rows, app, merged):
    ledger = next(each for each in app.extensions["portal.ledgers"] if each.name == "beneficiaries")
    visitor = visit("filler01")
    _, typed = fresh(visit, rows, ledger)
    typed = {name: text for name, text in typed.items() if name != "owner_unit_id" and "-id" not in name}
    with unchanged(rows):
        assert "nothing new is entered for it" in visitor.post("/beneficiaries/add", typed).words
        sent = as_json(ledger, typed)
        headers = {"X-CSRFToken": visitor.token}
        answer = visitor.client.post("/api/v1/beneficiaries/", json=sent, headers=headers)
    assert answer.status_code == 422
    assert "nothing new is entered for it" in answer.json["message"]
