"""Filters over the registry: several values of one field, and nothing in an address that is ignored."""

from __future__ import annotations

import io
from datetime import date

import openpyxl
import pytest

from portal.core.fields import Text
from tests.security.walk import SIGHTS, first, mostly_on_sqlite
from tests.test_every_ledger import legal, readable


def held(rows, ledger, name, ids):
    """The different values that these records hold."""
    found = rows(f"SELECT {name} FROM {ledger.model.__tablename__} WHERE id IN ({', '.join(map(str, ids))})")
    return sorted({legal(value) for (value,) in found} - {""})


@pytest.mark.slow
@mostly_on_sqlite(SIGHTS, "filler01")
def test_several_values_of_a_field_find_what_either_finds(app, visit, rows, account):
    visitor, tried = visit(account), 0
    for ledger in readable(app, account):
        path, ids = f"/{ledger.name}/list/", visitor.look(f"/{ledger.name}/list/?page_size=100").ids()
        for name in ledger.list.filters if ids else ():
            if ledger.field(name).kind.filter_widget == "days" or name in ledger.privacy.internal:
                continue
            chosen = held(rows, ledger, name, ids)[:2]
            if len(chosen) < 2:
                continue
            query = {"page_size": 100, "order": "id"}
            either = set().union(*(ids_of_rest(visitor, ledger, {name: text, **query}) for text in chosen))
            page = visitor.look(path, **{name: chosen, **query})
            assert set(page.ids()) == either or len(page.ids()) == 100, f"{ledger.name} {name}={chosen}"
            shown = page.select(f'.filters [name="{name}"] option[selected]') or page.select(
                f'.filters [name="{name}"]'
            )
            assert {str(each["value"]) for each in shown} >= set(chosen), f"{ledger.name} {name}={chosen}"
            for link in page.select("thead a, .pager a, .actions a[href*='/export?']"):
                assert str(link["href"]).count(f"{name}=") == 2, f"{ledger.name} {name}"
            tried += 1
    assert tried or account not in ("reviewer", "filler01")


def ids_of_rest(visitor, ledger, query):
    return visitor.client.get(f"/api/v1/{ledger.name}/", query_string=query).json["ids"]


@pytest.mark.one_database
def test_programs_and_sheets_find_the_same(visit):
    visitor = visit("reviewer")
    query = "status=active&status=draft&status="
    ids = visitor.look(f"/agreements/list/?{query}&page_size=100").ids()
    assert visitor.client.get(f"/api/v1/agreements/?{query}&page_size=100").json["ids"] == ids
    with visitor.client.get(f"/agreements/export?{query}") as answer:
        sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sum(isinstance(row[0], int) for row in sheet.iter_rows(values_only=True)) == len(ids)


def impossible(ledger, name, kind):
    """What no filter of this kind can be, as a part of an address."""
    if kind.filter_widget == "days":
        yield from (f"{name}={texts}" for texts in ("0", "2026-13-01", f"2026-06-30&{name}=2026-01-01"))
        yield "&".join([f"{name}=2026-01-01"] * 3)
    elif kind.filter_widget == "link":
        yield from (f"{name}={text}" for text in ("999999", "9" * 40, "0", "-1", "1.5"))
    if kind.filter_widget != "text" and not isinstance(kind, Text):
        yield f"{name}=~unheard of~"


@pytest.mark.slow
@pytest.mark.one_database
def test_nothing_in_the_address_of_a_list_is_ignored(app, visit):
    """What a parameter cannot be is refused by its name, in every ledger, by page, program and sheet."""
    visitor = visit("reviewer")
    for ledger in readable(app, "reviewer"):
        label = {name: str(ledger.field(name).label) for name in ledger.list.filters}
        wrong = [("colour=red", "colour"), ("page=1&page=2", "page"), ("page_size=101", "page_size"), ("q=a&q=b", "q")]
        wrong += [("order=id&order=id", "order"), ("columns=id&columns=id", "columns"), ("figure=none", "figure")]
        wrong += [("page=-1", "page"), ("page=~", "page"), ("order=-none", "order"), ("columns=none", "columns")]
        for name in ledger.list.filters:
            wrong += [(query, label[name]) for query in impossible(ledger, name, ledger.field(name).kind)]
            if options := visitor.look(f"/{ledger.name}/list/").select(f'.filters select[name="{name}"] option[value]'):
                wrong += [(f"{name}={options[0]['value']}&{name}=~unheard of~", label[name])]
        for query, said in wrong:
            for path in (f"/{ledger.name}/list/", f"/api/v1/{ledger.name}/", f"/{ledger.name}/export"):
                answer = visitor.client.get(f"{path}?{query}", headers={"Accept": "text/html"})
                assert answer.status_code == 400, f"{path}?{query}"
                text = answer.json["message"] if answer.is_json else answer.text
                assert said in text, f"{path}?{query}"


@pytest.mark.one_database
def test_what_one_may_not_see_is_refused_as_what_is_not_there(app, visit, rows):
    """Else a filter would tell which numbers others have."""
    theirs = rows("SELECT min(id) FROM beneficiary WHERE owner_unit_id <> (SELECT id FROM unit WHERE sort_no = 1)")[0][
        0
    ]
    hidden, nothing = (visit("filler01").look("/pairings/list/", beneficiary_id=id_) for id_ in (theirs, 999_999))
    assert (hidden.status, nothing.status) == (400, 400)
    assert hidden.errors() == nothing.errors() != {}


@pytest.mark.one_database
def test_a_filter_that_is_not_ones_own_is_said_not_to_hold(visit):
    """The other party of a record has no filter by the unit's own notes."""
    visitor = visit("community001")
    page = visitor.look("/agreements/list/?gaps=1")
    assert "Not filtered by “To be added”" in page.notices("warning")[0]
    assert not page.select('.filters [name="gaps"]')
    assert visitor.client.get("/api/v1/agreements/?gaps=1").json["ignored"] == ["gaps"]


@pytest.mark.one_database
def test_days_stay_one_day_or_from_and_to(visit, rows):
    days = sorted(str(day) for (day,) in rows("SELECT DISTINCT signed_on FROM agreement WHERE signed_on IS NOT NULL"))
    first, last = days[0], days[-1]
    page = visit("reviewer").look("/agreements/list/", signed_on=[first, last], page_size=100)
    assert len(page.ids()) == rows("SELECT count(*) FROM agreement WHERE signed_on IS NOT NULL AND "
                                   "(amends_id IS NULL OR status <> 'archived')")[0][0]  # fmt: skip
    assert date.fromisoformat(first) < date.fromisoformat(last)


@pytest.mark.slow
@pytest.mark.one_database
def test_no_page_ignores_what_stands_in_its_address(app, visit, rows):
    """Every page of every ledger that its reader may open, and those that are no ledger's."""
    visitor, pages = visit("reviewer"), ["/overdue/", "/reviews/list/", "/samples/", "/exports/", "/"]
    for ledger in readable(app, "reviewer"):
        base, ids = f"/{ledger.name}", visitor.look(f"/{ledger.name}/list/").ids()
        pages += [f"{base}/list/", f"/api/v1{base}/", f"/api/v1{base}/_info"]
        pages += [f"{base}/show/{ids[0]}", f"{base}/{ids[0]}/history", f"{base}/{ids[0]}/versions"] if ids else []
        pages += [f"{base}/figures"] if ledger.figures else []
        pages += [f"{base}/add"] if not ledger.under else []
        pages += [f"{base}/import"] if ledger.sheet.words else []
    for page in pages:
        plain = visitor.client.get(page).status_code
        if plain != 200:
            continue
        answer = visitor.client.get(f"{page}?colour=red")
        assert answer.status_code == 400, page
        assert "colour" in (answer.json["message"] if answer.is_json else answer.text), page
    visitor = visit("admin")
    user, role = first(rows, "ab_user", "username = 'filler01'"), first(rows, "ab_role", "name = 'unit_filler'")
    own = ("list/", "add", f"edit/{user}", f"grant/{user}", f"lend/{user}", "import", "template.xlsx", "waiting")
    others = ("/roles/list/", f"/roles/edit/{role}", "/start/", "/my_password/")
    for page in (*(f"/accounts/{each}" for each in own), *others):
        with visitor.client.get(page) as answer:
            assert answer.status_code == 200, page
        assert visitor.look(f"{page}?colour=red").status == 400, page
    page = visit("reviewer").look("/agreements/add?party_b_org_id=999999&coop_modes=1&coop_modes=2&draft=none")
    assert page.status == 200
    assert [text.partition(":")[0] for text in page.notices("warning")] == [
        *("What you typed is no longer there", "Party B organisation")
    ]
