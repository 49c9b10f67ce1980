"""Units that are renamed, moved and merged in the middle of a year (`domain.md` §3.1, acceptance test 19)."""

from __future__ import annotations

import io

import openpyxl
import pytest

from tests.holes.walk import first, unchanged, unit_id

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
    assert visit("admin").post(path, held | {"full_name": "区正名委员会"}).status == 302
    assert "区正名委员会" in named(visit, agreement(rows, f"< '{DAY}'"))
    assert rows("SELECT count(*) FROM unit WHERE former IS NOT NULL AND CAST(former AS TEXT) <> 'null'") == [(0,)]


def test_twice_renamed_has_three_names(visit, rows, unit, renamed):
    path, held = unit
    held = visit("admin").look(path).filled()
    assert visit("admin").post(path, held | {"full_name": "区再设委员会", "changed_on": "2026-05-01"}).status == 302
    [(former,)] = rows(f"SELECT former FROM unit WHERE id = {unit_id(rows, 1)}")
    assert str(former).count("until") == 2
    assert "区再设委员会" not in named(visit, agreement(rows, f"< '{DAY}'"))


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"changed_on": DAY}, "changed_on"),
        ({"changed_on": "soon", "full_name": "区新设委员会"}, "changed_on"),
        ({"merged_into_id": "2"}, "status"),
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
