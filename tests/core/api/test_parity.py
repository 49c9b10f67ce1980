"""What REST saves is what the page saves, to the last column, in every ledger."""

from __future__ import annotations

import re

import pytest

from portal.core.fields.people.contacts import Landline
from tests.core.api.forms import address, as_json, edited, fresh, keeper, ledgers
from tests.security.walk import dump, first, of, unchanged, unit_id

pytestmark = pytest.mark.one_database

# What differs each time: moments, what is encrypted, the words and numbers that stand for a person or a household.
CHANCE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?|gAAAA[\w=-]+|\b[Bb]-\w{5}\b|\bH\d{10}\b")


def change_made(rows, deed):
    """(rows gone, rows there since) of every table, by what was done; what `deed` answers."""
    before = dump(rows)
    answer = deed()
    after = dump(rows)
    changed = [name for name in before if before[name] != after[name]]
    gone = {name: sorted(map(plain, set(before[name]) - set(after[name]))) for name in changed}
    made = {name: sorted(map(plain, set(after[name]) - set(before[name]))) for name in changed}
    return gone, made, answer


def plain(text):
    return CHANCE.sub("…", text)


def same_change(built, rows, page, rest):
    """Do both on the same database, one after the other."""
    *by_page, answer = change_made(rows, page)
    assert answer.status == 302, (answer.errors(), answer.notices("error"), answer.words[:500])
    built.restore()
    *by_rest, (status, told) = change_made(rows, rest)
    assert status in (200, 201), told
    assert by_rest == by_page
    assert by_page != [{}, {}]


def test_adding(app, built, visit, rest, rows):
    for ledger in ledgers(app, "add"):
        query, typed = fresh(visit, rows, ledger)
        page, program = visit(keeper(ledger)), rest(keeper(ledger))
        same_change(
            built,
            rows,
            lambda: page.post(address(f"/{ledger.name}/add", query), typed),  # noqa: B023
            lambda: program.post(address(f"{ledger.name}/", query), as_json(ledger, typed)),  # noqa: B023
        )
        built.restore()


def test_editing(app, built, visit, rest, rows):
    """All of the form as it stands, with one text changed."""
    for ledger in ledgers(app, "edit"):
        id_, typed = edited(visit, rows, ledger)
        texts = [name for name, each in ledger.entered.items() if each.kind.widget in ("text", "lines")]
        texts = [name for name in texts if not ledger.field(name).fixed and ledger.field(name).kind.filter_widget]
        texts = [name for name in texts if getattr(ledger.field(name).kind, "pattern", None) is None]
        texts = [name for name in texts if not isinstance(ledger.field(name).kind, Landline)]
        typed[texts[-1]] = "改过的文字"
        account = "filler01" if ledger.name == "agreements" else keeper(ledger)
        page, program = visit(account), rest(account)
        same_change(
            built,
            rows,
            lambda: page.post(f"/{ledger.name}/edit/{id_}", typed),  # noqa: B023
            lambda: program.put(f"{ledger.name}/{id_}", as_json(ledger, typed)),  # noqa: B023
        )
        built.restore()


def test_deleting(built, visit, rest, rows):
    id_, page, program = of(rows, 1, "draft"), visit("filler01"), rest("filler01")
    same_change(
        built,
        rows,
        lambda: page.post(f"/agreements/delete/{id_}"),
        lambda: program.delete(f"agreements/{id_}", json=program.seen(f"agreements/{id_}")),
    )


def test_moves(built, visit, rest, rows):
    """Handing in, and returning with the reasons that it asks for."""
    id_, page, program = of(rows, 1, "draft"), visit("filler01"), rest("filler01")
    same_change(
        built,
        rows,
        lambda: page.post(f"/agreements/{id_}/move/submit"),
        lambda: program.post(f"agreements/{id_}/submit", program.seen(f"agreements/{id_}")),
    )
    built.restore()
    why = {"field": ["title", "demand_items"], "reason": "名称写得不对，请改。"}
    waiting, reviewer, program = of(rows, 1, "pending_unit"), visit("secretary01"), rest("secretary01")
    same_change(
        built,
        rows,
        lambda: reviewer.post(f"/agreements/{waiting}/move/return", why),
        lambda: program.post(f"agreements/{waiting}/return", why | program.seen(f"agreements/{waiting}")),
    )


def test_an_amendment_answers_the_draft_that_it_begins(rest, rows):
    id_ = of(rows, 1, "active")
    program = rest("filler01")
    sent = {"reason": "乙方联络员换人了。", **program.seen(f"agreements/{id_}")}
    status, told = program.post(f"agreements/{id_}/amend", sent)
    assert status == 200, told
    assert told["id"] != id_
    assert told["result"]["status"] == "draft"


def test_the_trail_tells_of_rest_as_of_pages(visit, rest, rows, agreement, app):
    ledger = next(each for each in ledgers(app, "add") if each.name == "agreements")
    program = rest("filler01")
    _, told = program.post("agreements/", as_json(ledger, agreement))
    program.put(f"agreements/{told['id']}", {"remark": "改过", "version": 1})
    query = (
        f"SELECT action, username, changes FROM audit_event WHERE ledger = 'agreements' AND record_id = {told['id']}"
    )
    events = rows(f"{query} ORDER BY id")
    assert [event[:2] for event in events] == [("add", "filler01"), ("edit", "filler01")]
    assert "remark" in str(events[1][2])
    assert "改过" in visit("filler01").look(f"/agreements/{told['id']}/history").words


def test_saving_leaves_no_message_for_the_next_page(visit, rest, rows):
    id_ = of(rows, 1, "draft")
    program = rest("filler01")
    assert program.put(f"agreements/{id_}", {"remark": "改过", "version": 1})[0] == 200
    page = program.visitor.look("/agreements/list/")
    assert page.notices("success") == []


def test_what_is_asked_before_a_page_saves_is_asked_here(app, visit, rest, rows):
    """The same, or really two?"""
    ledger = next(each for each in ledgers(app, "add") if each.name == "visits")
    query, typed = fresh(visit, rows, ledger)
    reasons = {name: typed.pop(name) for name in list(typed) if name.startswith("_distinct-")}
    program, path = rest("reviewer"), address("visits/", query)
    with unchanged(rows):
        status, told = program.post(path, as_json(ledger, typed))
        assert (status, list(told["errors"])) == (422, list(reasons))
    assert program.post(path, as_json(ledger, typed | reasons))[0] == 201


def test_in_force_only_what_is_still_to_be_added_can_be_set(rest, rows, change):
    id_ = of(rows, 1, "active")
    change(f"UPDATE agreement SET gaps = ',b_contact,', b_contact = NULL WHERE id = {id_}")
    program = rest("filler01")
    version = program.get(f"agreements/{id_}")[1]["result"]["version"]
    with unchanged(rows):
        status, told = program.put(f"agreements/{id_}", {"b_contact": "李示宁", "title": "改", "version": version})
        assert (status, list(told["errors"])) == (422, ["title"])
    assert program.put(f"agreements/{id_}", {"b_contact": "李示宁", "version": version})[0] == 200
    assert rows(f"SELECT b_contact FROM agreement WHERE id = {id_}") == [("李示宁",)]
    whole = first(rows, "agreement", f"gaps IS NULL AND status = 'active' AND owner_unit_id = {unit_id(rows, 1)}")
    assert program.put(f"agreements/{whole}", {"version": 1})[0] == 409
