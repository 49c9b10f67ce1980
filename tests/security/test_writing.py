"""Whose records one changes: forms, actions, deletes, moves between units, and the last line under the ORM."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, insert, select, update

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.access.scope import OutOfScope
from portal.extensions import db
from portal.ledgers.cobuilding.model import Agreement, CoopActivity, DemandItem
from portal.org.models import Member
from tests.security.walk import HUGE, NO_SUCH_ID, first, of, take, unchanged, unit_id
from tests.visitor import Page

ACTIONS = ("delete_selected", "publish_internal", "publish_organs", "publish_public")


def member(rows, unit):
    return first(rows, "member", f"unit_id = {unit_id(rows, unit)}")


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_on_another_units_record_is_refused_whole(visit, rows, action):
    """H1, H2, H3, fact 2: one foreign id among own ones, and nothing is done to any."""
    mine, theirs, visitor = of(rows, 1, "draft"), of(rows, 2, "draft"), visit("filler01")
    with unchanged(rows):
        assert visitor.post(f"/agreements/action/{action}/{theirs}").status == 404
        sent = {"action": action, "rowid": [str(mine), str(theirs)]}
        assert visitor.post("/agreements/action_post", sent).status == 404


@pytest.mark.one_database
@pytest.mark.parametrize("ids", [[str(NO_SUCH_ID)], ["x"], ["-1"], ["1.5"], [HUGE], [""], ["١"], ["0"]])
def test_an_action_on_ids_that_are_none_changes_nothing(visit, rows, ids):
    """H14: no such record, no number at all."""
    sent = {"action": "publish_public", "rowid": [str(of(rows, 1, "draft")), *ids]}
    visitor = visit("filler01")
    with unchanged(rows):
        assert visitor.post("/agreements/action_post", sent).status in (400, 404)


@pytest.mark.one_database
@pytest.mark.parametrize("action", ["", "approve", "delete", "edit", "action_post", "__class__", "页"])
def test_an_unknown_action_is_not_there(visit, rows, action):
    """H14: and is no error of ours."""
    id_, visitor = of(rows, 1, "draft"), visit("filler01")
    with unchanged(rows):
        assert visitor.post("/agreements/action_post", {"action": action, "rowid": [str(id_)]}).status == 404
        assert visitor.post(f"/agreements/action/{action or 'x'}/{id_}").status == 404


@pytest.mark.one_database
def test_a_preview_of_an_action_changes_nothing_and_confirming_opens_no_other_units_record(visit, rows):
    """H1, H2: what a preview left out is looked at again when it is confirmed."""
    mine, active, theirs = of(rows, 1, "draft"), of(rows, 1, "active"), of(rows, 2, "draft")
    visitor = visit("filler01")
    with unchanged(rows):
        for action in ACTIONS:
            sent = {"action": action, "rowid": [str(mine), str(active)]}
            assert visitor.post("/agreements/action_post", sent).status == 200
            assert visitor.post(f"/agreements/action/{action}/{mine}").status == 200
            forced = {"action": action, "rowid": [str(active), str(theirs)], "confirmed": "1"}
            assert visitor.post("/agreements/action_post", forced).status == 404
            assert visitor.post(f"/agreements/action/{action}/{active}", confirmed="1").status == 302


def test_a_selection_of_thousands_is_refused(visit, rows):
    sent = {"action": "publish_public", "rowid": [str(n) for n in range(1, 102)]}
    assert visit("reviewer").post("/agreements/action_post", sent).status == 400


def test_a_record_cannot_be_made_for_another_unit(visit, rows, agreement, org):
    """H4: neither through its organisation nor through a field that the form does not have."""
    visitor = visit("filler01")
    with unchanged(rows):
        answer = visitor.post("/agreements/add", agreement | {"party_a_org_id": org("区委宣传部")})
        assert list(answer.errors()) == ["party_a_org_id"]
    smuggled = {"owner_unit_id": "2", "unit_id": "2", "owner_org_id": "9", "filler_id": "1", "status": "active"}
    assert visitor.post("/agreements/add", agreement | smuggled | {"id": "77", "version": "9"}).status == 302
    made = rows("SELECT owner_unit_id, status, filler_id FROM agreement ORDER BY id DESC LIMIT 1")
    filler = first(rows, "ab_user", "username = 'filler01'")
    assert made == [(unit_id(rows, 1), "draft", filler)]


def test_a_member_is_neither_made_for_nor_moved_to_another_unit(visit, rows):
    """H4, H6, fact 3: the unit that is posted is checked."""
    visitor, id_, there = visit("filler01"), member(rows, 1), unit_id(rows, 2)
    there_org = rows(f"SELECT party_org_id FROM unit_org WHERE unit_id = {there}")[0][0]
    moved = {"unit_id": str(there), "org_id": str(there_org)}
    with unchanged(rows):
        assert "unit_id" in visitor.post(f"/members/edit/{id_}", moved).errors()
        fresh = {"name": "王新人", "gender": "1", "member_type": "1", **moved}
        assert list(visitor.post("/members/add", fresh).errors()) == ["unit_id"]


@pytest.mark.parametrize("query", ["_flt_0_unit=2", "_flt_0_owner_unit=2", "owner_unit_id=2", "unit_id=2", "page=x"])
def test_an_edit_is_not_steered_by_its_address(visit, rows, query):
    """H6: values of an address are no values of a form."""
    id_ = of(rows, 1, "draft")
    answer = visit("filler01").post(f"/agreements/edit/{id_}?{query}", remark="改")
    assert answer.status == 302
    assert rows(f"SELECT owner_unit_id, remark FROM agreement WHERE id = {id_}") == [(unit_id(rows, 1), "改")]


def test_a_record_is_not_moved_away_through_its_organisation(visit, rows, org):
    """H6."""
    id_, visitor = of(rows, 1, "draft"), visit("filler01")
    with unchanged(rows):
        answer = visitor.post(f"/agreements/edit/{id_}", party_a_org_id=org("区委宣传部"))
        assert list(answer.errors()) == ["party_a_org_id"]


def test_a_record_of_a_joint_branch_stays_with_its_unit(visit, rows, change):
    """H6: the office edits a remark; the branch also stands for a unit that comes before."""
    id_ = of(rows, 2, "draft")
    branch = rows(f"SELECT party_a_org_id FROM agreement WHERE id = {id_}")[0][0]
    change(f"INSERT INTO unit_org (unit_id, party_org_id) VALUES ({unit_id(rows, 1)}, {branch})")
    assert visit("reviewer").post(f"/agreements/edit/{id_}", remark="改").status == 302
    assert rows(f"SELECT owner_unit_id, remark FROM agreement WHERE id = {id_}") == [(unit_id(rows, 2), "改")]


def test_an_entry_is_not_moved_under_another_record(visit, rows):
    """H6, fact 3."""
    id_ = first(rows, "coop_activity", f"agreement_id = {of(rows, 1, 'active')}")
    theirs, visitor = of(rows, 2, "active"), visit("filler01")
    before = rows("SELECT agreement_id FROM coop_activity ORDER BY id")
    assert visitor.post(f"/coop_activities/edit/{id_}?agreement_id={theirs}", agreement_id=str(theirs)).status == 302
    assert rows("SELECT agreement_id FROM coop_activity ORDER BY id") == before


def test_an_entry_is_not_made_under_another_units_record(visit, rows):
    """H4, H11, fact 3: by address or by form."""
    typed = {"held_on": "2026-06-20", "activity_type": "3", "theme": "楼院清洁"}
    theirs, visitor = of(rows, 2, "active"), visit("filler01")
    with unchanged(rows):
        assert visitor.post(f"/coop_activities/add?agreement_id={theirs}", typed).status == 404
        assert visitor.post("/coop_activities/add", typed | {"agreement_id": str(theirs)}).status == 404


def test_deleting_needs_no_right_to_edit(visit, rows, change):
    """Rights are what the role page says: without editing, a draft with its rows can still be deleted."""
    take(change, "unit_filler", "agreements", "edit")
    id_ = of(rows, 1, "draft")
    assert visit("filler01").post(f"/agreements/delete/{id_}").status == 302
    assert rows(f"SELECT id FROM agreement WHERE id = {id_}") == []


def test_a_form_left_open_is_of_no_use_once_the_right_is_gone(visit, rows, change, agreement):
    """H17: rights are asked at the request that writes, at every address."""
    visitor = visit("filler01")
    assert visitor.look("/agreements/add").status == 200
    take(change, "unit_filler", "agreements", "add")
    with unchanged(rows):
        assert visitor.post("/agreements/add", agreement).status == 403
        assert visitor.post("/agreements/list/", agreement).status == 405
        assert visitor.post(f"/agreements/show/{of(rows, 1, 'draft')}", agreement).status == 405


KEYS = (str(NO_SUCH_ID), HUGE, "0", "-1", "1e3", "0x1", "1;2", "没有", "１２３４５６")


@pytest.mark.one_database
def test_a_posted_key_of_another_table_is_checked_everywhere(app, visit, rows):
    """Fact 3: every link of every form and of every row in it; the fault is said at the field, in words."""
    for ledger in app.extensions["portal.ledgers"]:
        if "edit" in ledger.verbs:
            visitor, path = editor(visit, rows, ledger)
            typed = visitor.look(path).filled()
            for name in links(ledger, typed):
                for text in KEYS if ledger.name == "agreements" else KEYS[1:2]:
                    answer = visitor.post(path, typed | {name: text})
                    assert (answer.status, name in errors(answer)) == (200, True), f"{path} {name} {text[:20]}"
                    assert "int_max_str" not in answer.text, "Python's own words"


def errors(answer: Page) -> set[str]:
    """Selects of several are marked by a hidden field before them, too."""
    return {name.removesuffix("-error") for name in answer.errors()}


def links(ledger, typed):
    """The posted names of the fields that link, rows included."""
    names = [name for name, field in ledger.entered.items() if field.kind.widget in ("link", "links")]
    for table in ledger.form.tables:
        fields = ledger.rows_fields(table)
        inner = [name for name, field in fields.items() if field.kind.widget in ("link", "links", "rows")]
        names += [f"{table.name}-0-{name}" for name in inner if f"{table.name}-0-id" in typed]
    return names


def editor(visit, rows, ledger):
    """Somebody who may edit a record of this ledger, and where."""
    if ledger.name == "agreements":
        return visit("filler01"), f"/agreements/edit/{of(rows, 1, 'draft')}"
    account = "reviewer" if ledger.review.statuses or ledger.under or ledger.name == "members" else "admin"
    visitor = visit(account)
    where = "status = 'draft'" if ledger.review.statuses else "1 = 1"
    ids = rows(f"SELECT id FROM {ledger.model.__tablename__} WHERE {where} ORDER BY id DESC LIMIT 20")
    paths = (f"/{ledger.name}/edit/{id_}" for (id_,) in ids)
    return visitor, next(path for path in paths if visitor.look(path).status == 200)


@pytest.mark.one_database
def test_a_refused_edit_keeps_all_that_was_typed_and_changes_nothing(app, visit, rows):
    """8.3 of the measurements: in every ledger, with one field too long and all others changed."""
    for ledger in app.extensions["portal.ledgers"]:
        if "edit" not in ledger.verbs:
            continue
        visitor, path = editor(visit, rows, ledger)
        typed = visitor.look(path).filled()
        del typed["csrf_token"]
        texts = [
            name for name, field in ledger.entered.items() if field.kind.widget in ("text", "lines") and not field.fixed
        ]
        typed |= {name: f"改{n}" for n, name in enumerate(texts)} | {texts[0]: "长" * 900}
        with unchanged(rows):
            answer = visitor.post(path, typed)
            assert answer.status == 200
            assert texts[0] in answer.errors()
            assert {name: text for name, text in answer.filled().items() if name != "csrf_token"} == typed


# What a filler's code might do to rows it got hold of; the last line refuses it whatever the page said.
DEEDS = {
    "away": lambda mine, theirs, unit: setattr(mine, "owner_unit_id", unit),
    "here": lambda mine, theirs, unit: setattr(theirs, "owner_unit_id", mine.owner_unit_id),
    "remark": lambda mine, theirs, unit: setattr(theirs, "remark", "x"),
    "their row": lambda mine, theirs, unit: setattr(theirs.demand_items[0], "name", "x"),
    "row taken": lambda mine, theirs, unit: mine.demand_items.append(theirs.demand_items[0]),
    "row given": lambda mine, theirs, unit: setattr(mine.demand_items[0], "agreement", theirs),
    "delete": lambda mine, theirs, unit: db.session.delete(theirs),
    "delete row": lambda mine, theirs, unit: db.session.delete(theirs.demand_items[0]),
    "add": lambda mine, theirs, unit: db.session.add(Agreement(owner_unit_id=unit)),
    "add row": lambda mine, theirs, unit: theirs.demand_items.append(DemandItem(name="x")),
    "add without unit": lambda mine, theirs, unit: db.session.add(DemandItem(name="x")),
    "add member": lambda mine, theirs, unit: db.session.add(Member(unit_id=unit, name="x")),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_the_last_line_refuses_what_no_page_should_have_let_through(app, rows, deed):
    """Moving to and from another unit, rows included, by objects already in hand."""
    ids = of(rows, 1, "draft"), of(rows, 2, "draft")
    with app.test_request_context(), unchanged(rows):
        with scope.unscoped("the test takes what a filler could never get"):
            found = db.session.scalars(select(Agreement).where(Agreement.id.in_(ids)).order_by(Agreement.id)).all()
            mine, theirs = sorted(found, key=lambda each: ids.index(each.id))
            assert mine.demand_items
            assert theirs.demand_items
            principal = act_as("filler01")
        with scope.acting_as(principal):
            unit = theirs.owner_unit_id
            with db.session.no_autoflush:
                DEEDS[deed](mine, theirs, unit)
            with pytest.raises(OutOfScope):
                db.session.commit()
        db.session.rollback()


HERE = {
    "agreement": "owner_unit_id = {unit}",
    "demand_item": "agreement_id IN (SELECT id FROM agreement WHERE owner_unit_id = {unit})",
    "coop_activity": "agreement_id IN (SELECT id FROM agreement WHERE owner_unit_id = {unit})",
}


@pytest.mark.parametrize(
    "statement",
    [update(Agreement).values(remark="x"), update(DemandItem).values(reason="x"), delete(CoopActivity)],
)
def test_changing_many_at_once_changes_own_rows_only(app, rows, statement):
    """H3: statements without objects are narrowed as well."""
    table = statement.table.name
    here = HERE[table].format(unit=unit_id(rows, 1))
    others = rows(f"SELECT * FROM {table} WHERE NOT ({here}) ORDER BY id")
    own = len(rows(f"SELECT id FROM {table} WHERE {here}"))
    with app.test_request_context(), scope.acting_as(act_as("filler01")):
        assert db.session.execute(statement).rowcount == own
        db.session.commit()
    assert rows(f"SELECT * FROM {table} WHERE NOT ({here}) ORDER BY id") == others


def test_a_statement_without_objects_puts_no_row_into_another_unit(app, rows):
    """H4, H6: many at once can neither be made for nor be moved to another unit."""
    there = unit_id(rows, 2)
    fresh = insert(Agreement).values(owner_unit_id=there, status="draft", version=1, search_text="")
    for statement in (fresh, update(Agreement).values(owner_unit_id=there)):
        with app.test_request_context(), unchanged(rows), scope.acting_as(act_as("filler01")):
            with pytest.raises(OutOfScope):
                db.session.execute(statement)
            db.session.rollback()


def test_nobody_writes_nothing(app, rows):
    """Outside of any account the scope is closed for writing too."""
    with app.app_context(), unchanged(rows):
        db.session.add(Agreement(owner_unit_id=1))
        with pytest.raises(OutOfScope):
            db.session.flush()
        db.session.rollback()
        assert db.session.execute(update(Agreement).values(remark="x")).rowcount == 0
        assert db.session.execute(delete(Member)).rowcount == 0
        db.session.rollback()
