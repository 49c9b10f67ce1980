"""The page of a record: one document, its review as steps, and the paper that it prints as; over the registry."""

from __future__ import annotations

import pytest

from portal.core.declaration.workflow import STEPS
from tests.ledgers.test_transitions import ANSWERS
from tests.security.walk import of, unit_id

pytestmark = pytest.mark.one_database


def pages(app, visit, account="filler01"):
    """(ledger, page) of a record in every status that the demo has, of each ledger with review."""
    visitor = visit(account)
    for ledger in app.extensions["portal.ledgers"]:
        if not ledger.review.statuses:
            continue
        seen = set()
        for id_ in visitor.look(f"/{ledger.name}/list/?page_size=100").ids():
            page = visitor.look(f"/{ledger.name}/show/{id_}")
            status = page.one("h1 .status").get_text().strip()
            if status not in seen:
                seen.add(status)
                yield ledger, page


def test_what_is_not_filled_in_takes_one_line_a_section(app, visit):
    """On paper it is an empty cell; on screen the field is only named, once."""
    for ledger, page in pages(app, visit):
        for section in page.select(".record > section"):
            blank = [each.dt.get_text() for each in section.select("dl > .blank")]
            lines = [each.get_text() for each in section.select(".unfilled")]
            if section.dl is not None:
                assert len(lines) == bool(blank), ledger.name
                assert all(label in lines[0] for label in blank), ledger.name
            assert not [each for each in section.select("dl > :not(.blank) dd") if each.get_text() == "—"]


def test_the_steps_say_whose_turn_it_is_and_what_comes_next(app, visit):
    """One step is now, unless the record is through; before it all is done, after it nothing is."""
    for ledger, page in pages(app, visit):
        states = [each["data-state"] for each in page.select(".review-path li")]
        assert states == sorted(states, key=("done", "now", "ahead").index), ledger.name
        assert states.count("now") <= 1, ledger.name
        assert ("now" in states) == ("ahead" in states), ledger.name
        assert all(each.get_text().strip() for each in page.select(".review-path [data-state=now] span")), ledger.name


def steps(page):
    return {each["data-step"]: (each["data-state"], " ".join(each.get_text(" ").split())) for each in page.select(
        ".review-path li"
    )}  # fmt: skip


def test_a_record_on_its_way_names_who_has_done_what(visit, rows):
    id_ = of(rows, 1, "pending_unit")
    path = f"/agreements/show/{id_}"
    before = steps(visit("filler01").look(path))
    assert list(before) == ["draft", *STEPS[3], "active"]
    assert [state for state, _ in before.values()] == ["done", "now", "ahead", "ahead"]
    visit("secretary01").post(f"/agreements/{id_}/move/approve")
    after = steps(visit("filler01").look(path))
    assert [state for state, _ in after.values()] == ["done", "done", "now", "ahead"]
    [(person,)] = rows("SELECT first_name FROM ab_user WHERE username = 'secretary01'")
    assert person in after["pending_unit"][1]
    assert "the committee since" in after["pending_committee"][1]
    visit("reviewer").post(f"/agreements/{id_}/move/return", ANSWERS)
    returned = steps(visit("filler01").look(path))
    assert [state for state, _ in returned.values()] == ["now", "ahead", "ahead", "ahead"]
    [(filler,)] = rows("SELECT first_name FROM ab_user WHERE username = 'filler01'")
    assert filler in returned["returned"][1]


def test_a_record_that_never_was_in_force_does_not_say_that_it_was(visit, rows, change):
    id_ = of(rows, 1, "returned")
    change(f"UPDATE agreement SET period = '2026Q2' WHERE id = {id_}")
    assert visit("reviewer").post(f"/agreements/{id_}/move/void", ANSWERS).status == 302
    assert list(steps(visit("filler01").look(f"/agreements/show/{id_}")))[-1] == "voided"
    assert "active" not in steps(visit("filler01").look(f"/agreements/show/{id_}"))


def test_the_other_party_is_told_of_no_reviewer(visit, rows):
    """Names of the unit's people beyond the one whom the page names are the unit's own."""
    id_ = visit("community001").look("/agreements/list/?status=active").ids()[0]
    [(person,)] = rows(
        f"SELECT first_name FROM ab_user JOIN agreement ON unit_reviewer_id = ab_user.id WHERE agreement.id = {id_}"
    )
    page = visit("community001").look(f"/agreements/show/{id_}")
    assert page.select(".review-path")
    assert person not in page.text


def test_the_steps_take_one_statement(visit, rows, statements):
    id_ = rows(f"SELECT id FROM visit WHERE status = 'active' AND owner_unit_id = {unit_id(rows, 1)} LIMIT 1")[0][0]
    visitor = visit("filler01")
    visitor.look(f"/visits/show/{id_}")
    with statements() as seen:
        visitor.look(f"/visits/show/{id_}")
    assert len([each for each in seen if "audit_event" in each]) == 1


def test_every_record_has_lines_to_sign_for_whoever_prepared_and_reviewed_it(app, visit):
    for ledger, page in pages(app, visit):
        reviewing = [each for each in page.select(".review-path li") if each["data-step"] in STEPS[3]]
        heads = [each.get_text() for each in page.select(".signatures tr > th:first-child")]
        assert heads == ["Prepared by", *["Reviewed by"] * max(1, len(reviewing))], ledger.name


def way(page, n):
    """The link of the n-th record of a list."""
    return str(page.select("td.title-cell a")[n]["href"])


def test_a_record_leads_to_its_neighbours_as_its_list_has_them(visit, rows):
    """Whatever the list's order, filter and page; at either end of the list there is none."""
    visitor = visit("reviewer")
    for query in ("", "?status=active&order=title", "?page_size=5&page=1&order=-signed_on", "?q=社区&page_size=7"):
        page = visitor.look(f"/agreements/list/{query}")
        ids = page.ids()
        for n in range(len(ids) - 1):
            shown = visitor.look(way(page, n))
            following = str(shown.one('a[rel="next"]')["href"])
            assert following.startswith(f"/agreements/show/{ids[n + 1]}?"), (query, n)
            back = str(visitor.look(following).one('a[rel="prev"]')["href"])
            assert back.startswith(f"/agreements/show/{ids[n]}?"), (query, n)
    first = visitor.look("/agreements/list/?page_size=3")
    assert not visitor.look(way(first, 0)).select('a[rel="prev"]')
    beyond = visitor.look(str(visitor.look(way(first, 2)).one('a[rel="next"]')["href"]))
    assert beyond.select('a[rel="next"]'), "the next page of the list goes on"


def test_the_position_is_asked_for_only_with_the_list_and_in_one_statement(visit, rows, statements):
    visitor = visit("reviewer")
    for query in ("", "?status=active"):
        path = way(visitor.look(f"/agreements/list/{query}"), 0)
        counts = []
        for each in (path, path.partition("?")[0]):
            visitor.look(each)
            with statements() as seen:
                visitor.look(each)
            counts.append(len(seen))
        assert counts[0] == counts[1] + 1, query


def test_what_is_no_query_of_the_list_is_refused(visit, rows):
    path = f"/agreements/show/{of(rows, 1, 'active')}"
    assert [visit("reviewer").look(f"{path}?from={bad}").status for bad in ("nothing%3D1", "page%3Dx")] == [400, 400]


def test_after_a_transition_the_next_one_that_waits_is_shown(visit, rows, change):
    change("UPDATE agreement SET status = 'pending_committee' WHERE status = 'pending_unit'")
    visitor = visit("reviewer").speak("en")
    page = visitor.look("/agreements/list/?status=pending_committee")
    ids, path = page.ids(), way(page, 0)
    for n in range(len(ids)):
        shown = visitor.look(path)
        action = str(shown.one('form:has([data-move="approve_committee"])')["action"])
        answer = visitor.post(action, shown.filled(f'form[action="{action}"]') | {"signed_on": "2026-06-01"})
        assert answer.status == 302, answer.errors()
        path = answer.response.location
        if n + 1 < len(ids):
            assert path.startswith(f"/agreements/show/{ids[n + 1]}?from="), (n, path)
            assert "This is the next one that waits." in visitor.look(path).notices("info")
    assert path == "/agreements/list/?status=pending_committee"
    assert "Nothing after it in this list waits for that." in visitor.look(path).notices("info")


def test_a_list_offers_for_several_only_what_one_of_its_records_allows(app, visit):
    """By the preview itself: each button that is offered finds a record that it can change, no other would."""
    for account in ("filler01", "secretary01", "reviewer"):
        visitor = visit(account)
        for ledger in app.extensions["portal.ledgers"]:
            batches = {each.name for each in ledger.review.transitions if each.batch}
            for status in ledger.review.statuses if batches else ():
                page = visitor.look(f"/{ledger.name}/list/?status={status}&page_size=100")
                if page.status != 200 or not page.ids():
                    continue
                buttons = page.select(".bulk-all button[formaction]")
                offered = {str(each["formaction"]).partition("?")[0].rpartition("/")[2] for each in buttons}
                for name in batches:
                    answer = visitor.post(f"/{ledger.name}/moves/{name}", {"rowid": page.ids()})
                    works = answer.status == 200 and bool(answer.select("[data-can] [data-id]"))
                    held = [each for each in answer.select("[data-cannot] li") if "status" not in each.get_text()]
                    assert works <= (name in offered) <= (works or bool(held)), (account, ledger.name, status, name)


def test_a_record_in_force_leads_to_its_open_amendment(visit, rows):
    id_, filler = of(rows, 1, "active"), visit("filler01")
    path = f"/agreements/show/{id_}"
    assert not filler.look(path).select("[data-amendment]")
    draft = filler.post(f"/agreements/{id_}/move/amend", reason="乙方联络员换人了。").response.location
    assert str(filler.look(path).one("[data-amendment] a")["href"]) == draft.replace("/edit/", "/show/")
    assert not filler.look(draft.replace("/edit/", "/show/")).select("[data-amendment]")
