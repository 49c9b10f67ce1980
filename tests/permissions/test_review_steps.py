"""No account puts a record in force alone: whoever lowers steps of review or exempts a unit needs a second person."""

from __future__ import annotations

import pytest

from tests.ledgers.test_transitions import ANSWERS
from tests.security.walk import first, give, of, unit_id

pytestmark = pytest.mark.one_database


def status(rows, id_):
    return rows(f"SELECT status FROM agreement WHERE id = {id_}")[0][0]


def user(rows, name):
    return first(rows, "ab_user", f"username = '{name}'")


def test_lowered_steps_do_not_hold_for_whoever_lowered_them(visit, rows, change):
    id_ = of(rows, 1, "draft")
    change(f"UPDATE agreement SET proxy_filled = TRUE, filler_id = {user(rows, 'reviewer')} WHERE id = {id_}")
    office = visit("reviewer")
    for steps in ("2", "1"):  # in one go or in several
        assert office.post("/reviews/edit", agreements=steps).status == 302
    assert office.post(f"/agreements/{id_}/move/submit").status == 302
    assert status(rows, id_) == "pending_unit"
    change(f"UPDATE agreement SET status = 'draft' WHERE id = {id_}")
    assert visit("filler01").post(f"/agreements/{id_}/move/submit").status == 302
    assert status(rows, id_) == "pending_unit", "filled by whoever lowered them"
    others = of(rows, 2, "draft")
    assert visit("filler02").post(f"/agreements/{others}/move/submit").status == 302
    assert status(rows, others) == "active"


def test_nobody_exempts_themselves(visit, rows, change):
    """Somebody who fills and reviews in a unit and may exempt it does so for others only."""
    id_, one = of(rows, 1, "pending_unit"), user(rows, "secretary01")
    change(f"UPDATE agreement SET filler_id = {one} WHERE id = {id_}")
    for verb in ("read", "edit"):
        give(change, rows, "unit_reviewer", "reviews", verb)
    own, unit = visit("secretary01"), str(unit_id(rows, 1))
    assert own.post("/reviews/exempt", unit_id=unit, reason="单位仅一名党务干部").status == 302
    assert own.post(f"/agreements/{id_}/move/approve").status == 403
    assert visit("reviewer").post("/reviews/exempt", unit_id=unit, reason="情况属实，同意").status == 302
    assert own.post(f"/agreements/{id_}/move/approve").status == 302


def test_an_exemption_is_for_the_people_of_the_unit(visit, rows, change):
    """The committee's office, which fills in for it, is somebody else all the same."""
    id_ = of(rows, 1, "pending_unit")
    assert visit("reviewer02").post("/reviews/exempt", unit_id=str(unit_id(rows, 1)), reason="仅一名干部").status == 302
    filler = user(rows, "reviewer")
    change(f"UPDATE agreement SET status = 'pending_committee', filler_id = {filler} WHERE id = {id_}")
    assert visit("reviewer").post(f"/agreements/{id_}/move/approve_committee", ANSWERS).status == 403
    assert visit("reviewer02").post(f"/agreements/{id_}/move/approve_committee", ANSWERS).status == 302


def test_a_refused_project_comes_back_to_be_approved_and_not_in_force(visit, rows, change):
    id_ = first(rows, "service_project", f"owner_unit_id = {unit_id(rows, 1)}")
    change(
        "UPDATE service_project SET status = 'pending_committee', approved_on = NULL, prior_status = NULL, "
        f"filler_id = {user(rows, 'reviewer')} WHERE id = {id_}"
    )
    office, path = visit("reviewer"), f"/service_projects/{id_}/move"
    assert office.post(f"{path}/terminate", reason="不予立项，条件不足").status == 302
    assert office.post(f"{path}/restore", reason="条件具备，恢复办理").status == 302
    assert rows(f"SELECT status FROM service_project WHERE id = {id_}") == [("pending_committee",)]
    assert office.post(f"{path}/approve_committee", approved_on="2026-06-01").status == 403


def asked(page):
    """What the first button of what waits sends."""
    return {name: value for name, value in page.filled("[data-to-confirm] form").items() if name != "csrf_token"}


def confirm(visitor, page):
    return visitor.post("/reviews/confirm", asked(page))


def test_lowered_steps_hold_for_all_once_somebody_else_has_confirmed_them(visit, rows, change):
    id_ = of(rows, 1, "draft")
    change(f"UPDATE agreement SET proxy_filled = TRUE, filler_id = {user(rows, 'reviewer')} WHERE id = {id_}")
    office, other = visit("reviewer"), visit("reviewer02")
    assert office.post("/reviews/edit", agreements="2").status == 302
    own = office.look("/reviews/list/")
    assert "reviewer" in own.one("[data-to-confirm]").get_text()
    assert not own.select("[data-to-confirm] button"), "nobody confirms what they chose themselves"
    sent = asked(other.look("/reviews/list/"))
    assert office.post("/reviews/confirm", sent).status == 403
    assert visit("leader").post("/reviews/confirm", sent).status == 403
    assert office.post("/reviews/edit", agreements="1").status == 302
    assert other.post("/reviews/confirm", sent).status == 409, "another choice than the one that was shown"
    assert rows("SELECT count(*) FROM review_tier WHERE confirmed_by_id IS NOT NULL") == [(0,)]
    assert confirm(other, other.look("/reviews/list/")).status == 302
    assert not other.look("/reviews/list/").select("[data-to-confirm]")
    assert "工委" in rows("SELECT title FROM audit_event WHERE action = 'grant' ORDER BY id DESC LIMIT 1")[0][0]
    assert office.post(f"/agreements/{id_}/move/submit").status == 302
    assert status(rows, id_) == "active"


def test_what_is_lowered_after_that_waits_again(visit, rows):
    office, other = visit("reviewer"), visit("reviewer02")
    office.post("/reviews/edit", agreements="2")
    confirm(other, other.look("/reviews/list/"))
    office.post("/reviews/edit", agreements="1")
    assert rows("SELECT before, tier, confirmed_by_id FROM review_tier WHERE ledger = 'agreements'") == [(2, 1, None)]
    office.post("/reviews/edit", agreements="3")
    assert not other.look("/reviews/list/").select("[data-to-confirm]"), "raising needs nobody"


def test_an_exemption_holds_for_whoever_granted_it_once_somebody_else_has_confirmed_it(visit, rows, change):
    id_, one = of(rows, 1, "pending_unit"), user(rows, "secretary01")
    change(f"UPDATE agreement SET filler_id = {one} WHERE id = {id_}")
    for verb in ("read", "edit"):
        give(change, rows, "unit_reviewer", "reviews", verb)
    own, unit = visit("secretary01"), str(unit_id(rows, 1))
    own.post("/reviews/exempt", unit_id=unit, reason="单位仅一名党务干部")
    assert not own.look("/reviews/list/").select("[data-to-confirm] button")
    assert own.post(f"/agreements/{id_}/move/approve").status == 403
    office = visit("reviewer")
    assert confirm(office, office.look("/reviews/list/")).status == 302
    own.post("/reviews/exempt", unit_id=unit, reason="另一个理由，重新登记")
    assert own.post(f"/agreements/{id_}/move/approve").status == 403, "granted anew, confirmed by nobody"
    assert confirm(office, office.look("/reviews/list/")).status == 302
    assert own.post(f"/agreements/{id_}/move/approve").status == 302
