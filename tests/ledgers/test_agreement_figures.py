"""Figures of agreements against a count of one's own (`docs/domain` §1.2 I15, §2.6); statuses told by dates."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from portal.core.declaration.figures import rate
from tests.core.spreadsheet import sheets
from tests.core.spreadsheet.test_import import bring  # noqa: F401 - a fixture
from tests.security.walk import first

TODAY = date(2026, 6, 30)


def figures(visitor, ledger="agreements"):
    page = visitor.look(f"/{ledger}/figures?part=1")
    assert page.status == 200
    return {card["data-figure"]: card for card in page.select("[data-figure]")}


def as_date(value):
    return value if isinstance(value, date) or value is None else date.fromisoformat(str(value))


def brute(rows, unit=None):
    """The same figures, counted by hand from the tables."""
    found = rows(
        "SELECT id, owner_unit_id, agreement_type, status, effective_from, effective_to, party_a_org_id, gaps "
        "FROM agreement"
    )
    mine = [row for row in found if unit is None or row[1] == unit]
    active = [(row, as_date(row[5])) for row in mine if row[3] == "active"]
    units = dict(rows("SELECT party_org_id, unit_id FROM unit_org"))
    all_units = {id_ for (id_,) in rows("SELECT id FROM unit")} if unit is None else {unit}
    covered = {
        units[row[6]]
        for row in mine
        if row[2] == "1"
        and row[3] in ("active", "renewed")
        and (as_date(row[4]) or TODAY) <= TODAY <= (as_date(row[5]) or TODAY)
    }
    return {
        "coverage": rate(len(covered & all_units), len(all_units)),
        "in_force": str(sum(last is None or last >= TODAY for _, last in active)),
        "expiring": str(sum(last is not None and TODAY <= last <= TODAY + timedelta(60) for _, last in active)),
        "expired": str(sum(last is not None and last < TODAY for _, last in active)),
        "waiting": str(sum(row[3].startswith("pending") for row in mine)),
        "gaps": str(sum(row[7] is not None and row[3] == "active" for row in mine)),
    }


@pytest.fixture
def shuffled(rows, change):
    """Agreements whose terms begin and end on all kinds of days, in all statuses."""
    chance = random.Random(5)
    for (id_,) in rows("SELECT id FROM agreement ORDER BY id"):
        begins = TODAY + timedelta(days=chance.randint(-1200, 40))
        ends = TODAY + timedelta(days=chance.choice([-1, 0, 1, 59, 60, 61, 400, -300]))
        status = chance.choice(["draft", "pending_unit", "pending_committee", *["active"] * 4, "renewed", "voided"])
        change(
            f"UPDATE agreement SET effective_from = '{begins}', effective_to = '{ends}', status = '{status}' "
            f"WHERE id = {id_}"
        )


def test_figures_are_what_a_count_by_hand_gives(visit, rows, shuffled):
    visitor = visit("reviewer")
    found = {name: card.select_one("[data-value]").text for name, card in figures(visitor).items()}
    assert found.items() >= brute(rows).items()


def test_a_units_people_see_the_figures_of_their_unit(visit, rows, shuffled):
    unit = first(rows, "unit", "sort_no = 1")
    found = {name: card.select_one("[data-value]").text for name, card in figures(visit("filler01")).items()}
    assert found.items() >= brute(rows, unit).items()


def test_a_figure_leads_to_the_rows_behind_it(visit, rows, shuffled):
    visitor = visit("reviewer")
    for name, card in figures(visitor).items():
        link = card.select_one("a[href*='/list/']")
        if link and name != "coverage":
            rows_behind = visitor.look(f"{link['href']}&page_size=100").ids()
            assert str(len(rows_behind)) == card.select_one("[data-value]").text, name


def test_what_coverage_lacks_is_listed_in_official_order(visit, rows):
    visitor = visit("reviewer")
    card = figures(visitor)["coverage"]
    count, total = (int(part) for part in card.select_one(".hint").text.split("/"))
    page = visitor.look("/agreements/figures/coverage")
    ids = [int(each["data-id"]) for each in page.select("[data-lacking] li")]
    assert len(ids) == total - count > 0
    assert ids == [id_ for (id_,) in rows("SELECT id FROM unit ORDER BY sort_no") if id_ in set(ids)]


def test_coverage_is_cut_and_all_of_them_alone_are_all():
    """`docs/domain` §8.2: 185 of 186 are 99.4 %."""
    assert [rate(185, 186), rate(186, 186), rate(1999, 2000), rate(0, 5), rate(0, 0)] == [
        *("99.4%", "100%", "99.9%", "0%", "—")
    ]


def test_an_adopted_ledger_counts_at_once(visit, rows, bring):  # noqa: F811 - the fixture
    before = brute(rows)
    bring(sheets.LEDGER, adopt=True)
    visitor = visit("reviewer")
    found = {name: card.select_one("[data-value]").text for name, card in figures(visitor).items()}
    assert found.items() >= brute(rows).items()
    assert int(found["in_force"]) > int(before["in_force"])
    assert found["coverage"] != before["coverage"]


def test_expired_and_expiring_are_shown_filtered_and_never_stored(visit, rows, change):
    id_ = first(rows, "agreement", "status = 'active'")
    for ends, status in (("2026-06-29", "expired"), ("2026-06-30", "expiring"), ("2026-08-29", "expiring")):
        change(f"UPDATE agreement SET effective_to = '{ends}' WHERE id = {id_}")
        visitor = visit("reviewer")
        assert id_ in visitor.look(f"/agreements/list/?status={status}&page_size=100").ids()
        label = {"expired": "Expired", "expiring": "Expiring soon"}[status]
        assert label in visitor.look(f"/agreements/show/{id_}").one("h1 .status").text
    assert rows(f"SELECT status FROM agreement WHERE id = {id_}") == [("active",)]


def test_figures_are_few_statements(visit, statements):
    visitor = visit("reviewer")
    with statements() as seen:
        visitor.client.get("/agreements/list/")
    with statements() as more:
        visitor.client.get("/agreements/figures?part=1")
    assert len(seen) <= 6
    assert len(more) <= 3
