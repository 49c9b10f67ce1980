"""A list as it was at the end of a day: told backwards, asked as always, and gone with the answer."""

from __future__ import annotations

import datetime as moments
import io

import openpyxl
import pytest
from sqlalchemy import inspect, select

from portal.core import clock
from portal.core.access import scope
from portal.core.audit import as_of, diff
from portal.core.declaration.ledger import mounted
from portal.extensions import db
from tests.security.walk import first, of, unit_id

LATER = moments.timedelta(days=20)
FILLED = "/agreements/list/?owner_unit_id={unit}&page_size=100&order=id"


class Later(moments.datetime):
    """The clock some days on."""

    @classmethod
    def now(cls, tz=None):
        return moments.datetime.now(tz) + LATER


@pytest.fixture
def before():
    """A day after the demo was made and before anything that a test does."""
    return (moments.datetime.now(clock.OFFICE) + LATER / 2).date()


@pytest.fixture(autouse=True)
def later(app, monkeypatch):
    monkeypatch.setattr(clock, "datetime", Later)
    monkeypatch.setitem(app.config, "AS_OF", None)


def cells(page):
    return [row.get_text("|", strip=True) for row in page.select("tr[data-id]")]


@pytest.fixture
def worked_on(visit, rows, before):
    """What the list told before a draft was filled in and submitted, another one deleted and a third one added."""
    known = cells(visit("auditor").look(f"/agreements/list/?page_size=100&as_of={before}"))
    id_, gone = of(rows, 1, "draft"), of(rows, 2, "draft")
    typed = visit("filler01").look(f"/agreements/edit/{id_}").filled()
    renamed = typed | {"title": "改过的协议", "plan_activity_cnt": "9", "signed_on": "2026-02-03"}
    assert visit("filler01").post(f"/agreements/edit/{id_}", renamed).status == 302
    assert visit("filler01").post(f"/agreements/{id_}/move/submit").status == 302
    assert visit("filler02").post(f"/agreements/delete/{gone}").status == 302
    early = {"signed_on": "2010-01-01", "effective_from": "2010-01-01", "effective_to": "2010-12-31"}
    again = {name: text for name, text in typed.items() if "_items" not in name and name != "version"}
    blank = visit("filler01").look("/agreements/add").filled()
    added = visit("filler01").post("/agreements/add", blank | again | {"title": "新写的协议", **early})
    assert added.status == 302, added.errors()
    return id_, gone, known


def test_every_column_is_told_back_as_it_was(app):
    """What the trail keeps of a value is the value."""
    with app.test_request_context(), scope.unscoped("all rows of all ledgers"):
        for ledger in (each for each in mounted() if each.remembered):
            for record in db.session.scalars(select(ledger.model)):
                declared = diff.declared_of(record)
                for name in diff.columns_told(record):
                    held = getattr(record, name)
                    told = diff.texts(declared.get(name), name, held)
                    if told != [diff.HIDDEN]:
                        found = as_of.value(ledger, inspect(ledger.model).column_attrs[name], told)
                        assert (found or None) == (held or None), f"{ledger.name}.{name}: {told}"


def test_the_list_of_a_former_day_is_that_of_then(visit, before, worked_on):
    _id, gone, known = worked_on
    page = visit("auditor").look(f"/agreements/list/?page_size=100&as_of={before}")
    missing = set(known) - set(cells(page))
    assert [line.split("|")[0] for line in missing] == [line.split("|")[0] for line in known if line in missing]
    assert len(missing) == 1
    assert gone not in page.ids()
    assert set(cells(page)) < set(known)
    assert page.select(f'[data-past="{before}"]')
    now = visit("auditor").look("/agreements/list/?page_size=100")
    assert "改过的协议" in now.words
    assert "新写的协议" in now.words
    assert now.ids()[0] not in page.ids()


@pytest.mark.parametrize(
    ("asked", "found"), [("status=draft", True), ("status=pending_unit", False), ("q=改过的协议", False)]
)
def test_filters_and_search_ask_of_then(visit, before, worked_on, asked, found):
    page = visit("auditor").look(f"/agreements/list/?page_size=100&{asked}&as_of={before}")
    assert (worked_on[0] in page.ids()) is found
    today = visit("auditor").look(f"/agreements/list/?page_size=100&{asked}")
    assert (worked_on[0] in today.ids()) is not found


def test_before_the_portal_there_was_nothing(visit):
    page = visit("auditor").look("/agreements/list/?as_of=2020-01-01")
    assert page.ids() == []


def test_nobody_sees_more_of_the_past_than_of_today(visit, rows, before, worked_on):
    mine = visit("filler02").look("/agreements/list/?page_size=100").ids()
    assert mine
    assert set(visit("filler02").look(f"/agreements/list/?page_size=100&as_of={before}").ids()) <= set(mine)
    other = first(rows, "agreement", "owner_unit_id = 1")
    assert other not in visit("filler02").look(f"/agreements/list/?page_size=100&as_of={before}").ids()


def test_the_sheet_of_a_former_day_is_that_of_then_and_the_trail_says_so(visit, rows, before, worked_on):
    with visit("reviewer").client.get(f"/agreements/export?as_of={before}") as answer:
        sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    texts = {str(cell) for row in sheet.iter_rows(values_only=True) for cell in row}
    assert not {"改过的协议", "新写的协议"} & texts
    assert rows("SELECT changes FROM audit_event WHERE action = 'export' ORDER BY id DESC LIMIT 1") != []
    (told,) = rows("SELECT CAST(changes AS VARCHAR(500)) FROM audit_event ORDER BY id DESC LIMIT 1")
    assert f'["as_of", null, ["{before}"]]' in told[0]


def test_the_past_is_only_looked_at(visit, before):
    page = visit("filler01").look(f"/agreements/list/?as_of={before}")
    assert not page.select("input[name=rowid]")
    assert not page.select("[data-figures]")
    assert not [link for link in page.select("a.btn-primary") if "/add" in str(link["href"])]
    sheet = page.select('a[href*="/export"]')
    assert all(f"as_of={before}" in str(link["href"]) for link in sheet)


def test_the_past_is_gone_with_the_answer(app, visit, before, worked_on):
    for _ in range(3):
        visit("auditor").look(f"/agreements/list/?as_of={before}")
        assert worked_on[0] in visit("auditor").look("/agreements/list/?status=pending_unit&page_size=100").ids()


def test_it_costs_a_fixed_number_of_statements(visit, before, worked_on, statements):
    visit("auditor").look("/agreements/list/")
    with statements() as plain:
        visit("auditor").look("/agreements/list/")
    with statements() as seen:
        visit("auditor").look(f"/agreements/list/?as_of={before}")
    assert len(seen) <= len(plain) + 4


@pytest.mark.parametrize(
    ("text", "message"),
    [("gestern", "This is not a date"), ("2099-01-01", "This day is still to come."), ("1066-10-14", "The year must")],
)
def test_a_day_that_cannot_be_is_said_so(visit, text, message):
    page = visit("auditor").look(f"/agreements/list/?as_of={text}")
    assert page.status == 400
    assert message in page.words


@pytest.mark.parametrize("path", ["/units/list/", "/members/list/", "/audit_events/list/"])
def test_what_does_not_know_when_it_was_made_has_no_past(visit, path):
    assert visit("admin").look(f"{path}?as_of=2026-01-01").status in (400, 403)


def test_moves_over_a_whole_list_know_no_former_day(visit, before):
    assert visit("filler01").post(f"/agreements/moves/submit?as_of={before}", all="1").status in (400, 404)


def test_too_much_that_has_changed_is_said_so(visit, before, worked_on, monkeypatch):
    monkeypatch.setattr(as_of, "MOST_CHANGES", 1)
    page = visit("auditor").look(f"/agreements/list/?as_of={before}")
    assert page.status == 400
    assert "Too much has changed since then" in page.words


def told_then(visitor, ledger, before):
    """The figures of that day, each with the ids of the rows that it leads to then."""
    page = visitor.look(f"/{ledger.name}/figures?part=1&as_of={before}")
    assert page.status == 200, ledger.name
    found = {}
    for card in page.select("[data-figure]"):
        link = card.select_one("a[href*='/list/']")
        rows = visitor.look(f"{link['href']}&page_size=100").ids() if link else None
        found[card["data-figure"]] = card.select_one("[data-value]").text, rows
    return found


@pytest.mark.slow
@pytest.mark.one_database
def test_figures_of_a_former_day_are_those_of_then_with_their_rows(app, visit, rows, before):
    """Whatever was done since, in the ledger or in one that its figures look into."""
    visitor = visit("reviewer")
    asked = [each for each in app.extensions["portal.ledgers"] if each.figures and each.remembered]
    known = {each.name: told_then(visitor, each, before) for each in asked}
    for (id_,) in rows("SELECT id FROM agreement WHERE status = 'active'"):
        assert visitor.post(f"/agreements/{id_}/move/void", reason="录入重复有误").status == 302
    pairs = f"status = 'active' AND start_on < '2026-06-01' AND owner_unit_id = {unit_id(rows, 1)}"
    for person, helper in rows(f"SELECT beneficiary_id, helper_member_id FROM pairing WHERE {pairs}"):
        typed = {"beneficiary_id": person, "participant_ids": helper, "visit_type": "1", "findings": "情况平稳。"}
        sent = typed | {"visited_on": before.isoformat(), "_then": "submit"}
        assert visit("filler01").post("/visits/add", sent).status == 302
    done = {each.name: told_then(visitor, each, before) for each in asked}
    assert done == known
    for figures in known.values():
        for name, (text, ids) in figures.items():
            assert ids is None or text.isdecimal() is False or int(text) == len(ids), name
    now = visitor.look("/agreements/figures?part=1").one('[data-figure="in_force"] [data-value]').text
    assert now == "0" != known["agreements"]["in_force"][0]
    now = visitor.look("/pairings/figures?part=1").one('[data-figure="compliance"] [data-value]').text
    assert now != known["pairings"]["compliance"][0]
    assert visitor.look(f"/study_outputs/figures?as_of={before}").status == 400


def test_a_list_of_then_leads_to_the_figures_of_then(visit, before):
    page = visit("filler01").look(f"/agreements/list/?as_of={before}")
    [link] = page.select("[data-past] a")
    assert f"as_of={before}" in str(link["href"])
    assert visit("filler01").look(str(link["href"])).status == 200
