"""The toolbar of lists: chips, periods, columns to choose, totals; over the registry."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from portal.core import clock
from portal.core.fields import periods
from portal.core.fields.periods import PERIODS
from tests.test_every_ledger import readable

DAYS = [
    date(2026, 1, 1),
    date(2026, 3, 31),
    date(2026, 4, 1),
    date(2026, 11, 30),
    date(2026, 12, 31),
    date(2024, 2, 29),
]


@pytest.mark.parametrize("day", DAYS)
def test_quarters_hold_their_day_and_follow_each_other(day):
    first, last = periods.quarter(day)
    assert first <= day <= last
    assert (last - first).days in (89, 90, 91)
    assert (first.month - 1) % 3 == 0
    assert periods.quarter_before(day)[1].toordinal() + 1 == first.toordinal()


def dated(app, account="reviewer"):
    for ledger in readable(app, account):
        name = next((each for each in ledger.list.filters if ledger.field(each).kind.filter_widget == "days"), None)
        if name:
            yield ledger, name


def test_a_period_finds_what_its_days_find_and_says_its_name(app, visit):
    visitor, tried = visit("reviewer"), 0
    for ledger, name in dated(app):
        for word, period in PERIODS.items():
            page = visitor.look(f"/{ledger.name}/list/", **{name: word, "page_size": 100})
            with app.app_context():
                first, last = period.bounds(clock.today())
            same = visitor.look(
                f"/{ledger.name}/list/", **{name: [first.isoformat(), last.isoformat()], "page_size": 100}
            )
            assert page.ids() == same.ids(), f"{ledger.name} {name}={word}"
            assert page.select(".chip span")[0].get_text() == f"{ledger.label_of(name)}: {period.label}"
            fields = [each["value"] for each in page.select(f'.filter-fields [name="{name}"]')]
            assert fields == [first.isoformat(), last.isoformat()]
            tried += 1
    assert tried > 20


def test_one_day_in_an_address_stays_one_day_when_the_filters_are_sent_again(app, visit):
    visitor = visit("reviewer")
    for ledger, name in dated(app):
        page = visitor.look(f"/{ledger.name}/list/", **{name: "2026-05-04"})
        assert [each["value"] for each in page.select(f'.filter-fields [name="{name}"]')] == ["2026-05-04"] * 2


def test_each_chip_removes_its_filter_alone(app, visit):
    visitor = visit("reviewer")
    for ledger in readable(app, "reviewer"):
        chosen = {}
        for name in ledger.list.filters:
            options = visitor.look(f"/{ledger.name}/list/").select(f'.filters select[name="{name}"] option[value]')
            values = [each["value"] for each in options if each["value"]]
            if values and len(chosen) < 2:
                chosen[name] = values[0]
        if len(chosen) < 2:
            continue
        page = visitor.look(f"/{ledger.name}/list/", **chosen, order="-id" if "id" in ledger.sortable else "")
        kept = [set(parse_qs(urlsplit(chip["href"]).query)) & set(chosen) for chip in page.select(".chip")]
        assert kept == [set(chosen) - {name} for name in chosen], ledger.name


def test_every_list_leads_to_its_menus_and_they_lead_back_to_its_state(app, visit):
    visitor, tried = visit("reviewer"), set()
    for ledger in readable(app, "reviewer"):
        state = {"page_size": "50", "order": f"-{ledger.sortable[-1]}"}
        page = visitor.look(f"/{ledger.name}/list/", **state)
        for link in page.select(".toolbar a[data-drop]"):
            menu = visitor.look(link["href"])
            name = urlsplit(link["href"]).path.rsplit("/", 1)[1]
            if name == "periods":
                for there in menu.select("main .drop-panel a.drop-item"):
                    kept = parse_qs(urlsplit(there["href"]).query)
                    assert all(kept[each] == [text] for each, text in state.items()), there
            if name == "columns":
                fields = {each["name"]: each["value"] for each in menu.select("[data-columns] [type=hidden]")}
                assert state.items() <= fields.items(), ledger.name
            tried.add(name)
    assert tried == {"periods", "columns", "views"}


def test_columns_are_shown_as_they_were_ticked_and_searching_keeps_them(app, visit):
    visitor = visit("reviewer")
    for ledger in readable(app, "reviewer"):
        menu = visitor.look(f"/{ledger.name}/columns")
        offered = [box["value"] for box in menu.select("[data-columns] [name=columns]")]
        ticked = [box["value"] for box in menu.select("[data-columns] [name=columns][checked]")]
        assert ticked == list(ledger.list.columns)
        assert not set(offered) & set(ledger.privacy.sensitive)
        wanted = [*reversed(ticked[:2]), *(name for name in offered if name not in ticked)][:3]
        page = visitor.look(f"/{ledger.name}/list/", columns=wanted)
        row = page.select("tbody tr[data-id]")
        if row:
            assert [cell["data-field"] for cell in row[0].select("td[data-field]")] == wanted, ledger.name
        assert page.one('.filters input[type=hidden][name="columns"]')["value"] == ",".join(wanted)
    assert visitor.look("/agreements/list/", columns=["title", "search_text"]).status == 400


@pytest.mark.parametrize("account", ["reviewer", "filler01", "town01"])
def test_totals_are_the_sums_of_all_records_of_the_list(app, visit, account):
    visitor, tried = visit(account), 0
    for ledger in readable(app, account):
        own = [name for name in ledger.list.columns if ledger.field(name).kind.adds_up]
        page = visitor.look(f"/{ledger.name}/list/", page_size=2)
        totals = {cell["data-total"]: cell.get_text(strip=True) for cell in page.select("tfoot .amount")}
        whole = visitor.look(f"/{ledger.name}/list/", page_size=100)
        if not page.ids() or len(whole.ids()) == 100:
            continue
        for name, text in totals.items():
            cells = [cell.get_text(strip=True) for cell in whole.select(f'tbody td[data-field="{name}"]')]
            found = sum(Decimal(cell.replace(",", "")) for cell in cells if cell != "—")
            assert Decimal(text.replace(",", "")) == found, f"{ledger.name} {name}"
            tried += 1
        assert set(totals) <= set(own)
    assert tried or account == "town01"


def test_a_link_to_a_record_says_what_it_leads_to(app, visit):
    visitor = visit("reviewer")
    for ledger in readable(app, "reviewer"):
        links = visitor.look(f"/{ledger.name}/list/", page_size=100).select("tbody td a")
        assert all(link.get_text(strip=True) not in ("", "—") for link in links), ledger.name


def test_a_list_counts_the_records_that_it_shows(app, visit):
    visitor = visit("reviewer")
    for ledger in readable(app, "reviewer"):
        told = visitor.look(f"/{ledger.name}/list/").select(".pager span")[0].get_text()
        count = int("".join(filter(str.isdigit, told)))
        pages = range(count // 100 + 1)
        ids = [id_ for n in pages for id_ in visitor.look(f"/{ledger.name}/list/", page_size=100, page=n).ids()]
        assert len(ids) == len(set(ids)) == count, ledger.name
