"""Figures over the registry: each leads to exactly the records it counts, today and as of a former day."""

from __future__ import annotations

import io
from dataclasses import replace

import openpyxl
import pytest

from portal.core.declaration import checks, figures
from portal.extensions import Model
from tests.security.walk import SIGHTS, first, mostly_on_sqlite, unit_id
from tests.test_every_ledger import readable

FORMER = "2026-03-31"


def listed(visitor, address):
    """The ids of all pages of a list."""
    found, page = [], 0
    while True:
        answer = visitor.look(f"{address}&page_size=100&page={page}")
        assert answer.status == 200, address
        found += answer.ids()
        if not answer.select('a[rel="next"]'):
            return found
        page += 1


def cards(visitor, ledger, when=""):
    page = visitor.look(f"/{ledger.name}/figures?part=1{when}")
    assert page.status == 200, ledger.name
    return {card["data-figure"]: card for card in page.select("[data-figure]")}


def gaps_of_every_status(change, ledger):
    """Records of every status that lack something: drafts and voided ones do, too."""
    if ledger.has("gaps"):
        change(f"UPDATE {ledger.model.__tablename__} SET gaps = ',remark,'")


def agrees(visitor, figure, card):
    """Is each number of a figure that of the list which it leads to? Answers how many lists were looked at."""
    lists = 0
    if figure.leads:
        rows = listed(visitor, card.select_one("a")["href"])
        assert str(len(rows)) == card.select_one("[data-value]").text, figure.name
        lists += 1
    if figure.part_address:
        part, whole = (listed(visitor, card.select_one(f"[{each}]")["href"]) for each in ("data-counted", "data-whole"))
        assert set(part) <= set(whole)
        assert card.select_one(".hint").text == f"{len(part)} / {len(whole)}", figure.name
        lists += 1
    return lists


@pytest.mark.slow
@mostly_on_sqlite([*SIGHTS, "auditor"], "reviewer", "filler01")
def test_every_number_is_that_of_the_list_that_it_leads_to(app, visit, change, account):
    """Counts, and of rates what is counted and its whole, of which it is a part; today and as of a former day."""
    visitor, seen = visit(account), 0
    for ledger in (each for each in readable(app, account) if each.figures):
        gaps_of_every_status(change, ledger)
        for when in ("", f"&as_of={FORMER}") if ledger.remembered else ("",):
            for name, card in cards(visitor, ledger, when).items():
                seen += agrees(visitor, next(each for each in ledger.figures if each.name == name), card)
    assert seen > 20 or account not in ("reviewer", "filler01", "auditor")


def test_a_rate_that_says_twice_what_it_counts_stops_the_start(app):
    with app.app_context():
        ledger = next(each for each in app.extensions["portal.ledgers"] if each.name == "service_projects")
        [figure] = [each for each in ledger.figures if each.name == "completion"]
        twice = replace(figure, part_sum=lambda: 1)
        found = list(checks.faults(replace(ledger, figures=(twice,))))
    assert found == ["service_projects.figures: figure 'completion' says twice what it counts"]


def superseded(rows, change, table):
    """Former versions of some records, each with the record that took its place."""
    change(f"DELETE FROM {table} WHERE amends_id IS NOT NULL")
    columns = [column.name for column in Model.metadata.tables[table].columns]
    kept = [name for name in columns if name not in ("id", "record_no", "office_no", "amends_id", "status")]
    kept = [name for name in kept if not Model.metadata.tables[table].columns[name].unique]
    change(
        f"INSERT INTO {table} ({', '.join(kept)}, amends_id, status) SELECT {', '.join(kept)}, id, 'archived' "
        f"FROM {table} WHERE status IN ('active', 'done')"
    )
    return rows(f"SELECT id, amends_id FROM {table} WHERE amends_id IS NOT NULL")


@pytest.mark.slow
def test_a_former_version_is_in_no_list_figure_or_sheet_but_in_the_history(app, visit, rows, change):
    visitor = visit("reviewer")
    amended = [each for each in readable(app, "reviewer") if each.transition("amend")]
    assert len(amended) > 3
    for ledger in amended:
        before = {name: card.select_one("[data-value]").text for name, card in cards(visitor, ledger).items()}
        ids = listed(visitor, f"/{ledger.name}/list/?q=")
        old = superseded(rows, change, ledger.model.__tablename__)
        after = {name: card.select_one("[data-value]").text for name, card in cards(visitor, ledger).items()}
        assert (after, listed(visitor, f"/{ledger.name}/list/?q=")) == (before, ids), ledger.name
        assert not {id_ for id_, _ in old} & set(listed(visitor, f"/{ledger.name}/list/?status=archived"))
        told = visitor.client.get(f"/api/v1/{ledger.name}/?page_size=100&order=-id").json
        assert not {id_ for id_, _ in old} & set(told["ids"])
        with visitor.client.get(f"/{ledger.name}/export?drafts=1") as answer:
            sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
        assert sum(isinstance(row[0], int) for row in sheet.iter_rows(values_only=True)) == len(ids), ledger.name
        version, record = old[0]
        history = visitor.look(f"/{ledger.name}/{record}/history")
        assert history.select(f'[data-versions] a[href="/{ledger.name}/show/{version}"]'), ledger.name
        assert "This is an old version." in visitor.look(f"/{ledger.name}/show/{version}").words


@pytest.mark.one_database
def test_few_ratings_are_shown_as_counts(visit, rows, change):
    """`docs/domain` §8.24."""
    change("DELETE FROM project_satisfaction")
    project = first(rows, "service_project", f"status = 'active' AND owner_unit_id = {unit_id(rows, 1)}")
    text = {}
    for asked in (0, 4, 5):
        if asked:
            change(
                "INSERT INTO project_satisfaction (project_id, judged_on, judge, method, sample_cnt, satisfied_cnt) "
                f"VALUES ({project}, '2026-06-01', 'target', 'phone', {asked}, {asked - 1})"
            )
        page = visit("reviewer").look("/service_projects/figures?part=1")
        text[asked] = page.one('[data-figure="satisfaction"] [data-value]').get_text(strip=True)
        change("DELETE FROM project_satisfaction")
    assert text == {0: "—", 4: "3 / 4", 5: "80%"}


def test_all_of_them_alone_are_all():
    """`docs/domain` §0.4."""
    assert [figures.rate(*each) for each in ((996, 1000), (1999, 2000), (26, 45), (3, 3), (0, 0))] == [
        *("99.6%", "99.9%", "57.7%", "100%", "—")
    ]


@pytest.mark.one_database
def test_every_list_with_figures_leads_to_what_they_count(app, visit):
    visitor = visit("auditor")
    found = [each for each in readable(app, "auditor") if each.figures]
    assert found
    for ledger in found:
        page = visitor.look(f"/{ledger.name}/list/")
        assert page.select(f'.actions a[href="/{ledger.name}/figures"]'), ledger.name
        shown = visitor.look(f"/{ledger.name}/figures").words
        assert all(str(figure.definition) in shown for figure in ledger.figures), ledger.name
