"""The community: it sees and fills what concerns it, and no more (`docs/domain` §0.7, §4.2 PARTY, §2.2.1)."""

from __future__ import annotations

import pytest

from tests.ledgers.conftest import row
from tests.security.walk import dump, of, unchanged

pytestmark = pytest.mark.one_database


@pytest.fixture
def theirs(rows, change):
    """An agreement in force of the first unit with the community of community001, and the ids of all of its own."""
    area = rows(
        "SELECT area_id FROM account_profile JOIN ab_user ON ab_user.id = user_id WHERE username = 'community001'"
    )[0][0]
    org = rows(f"SELECT id FROM party_org WHERE community_id = {area}")[0][0]
    id_ = of(rows, 1, "active")
    change(f"UPDATE agreement SET party_b_org_id = {org}, remark = '内部说明' WHERE id = {id_}")
    every = {found for (found,) in rows(f"SELECT id FROM agreement WHERE party_b_org_id = {org}")}
    return id_, every


def test_a_community_sees_the_agreements_it_is_party_to(visit, rows, theirs):
    id_, every = theirs
    visitor = visit("community001")
    assert set(visitor.look("/agreements/list/?page_size=100").ids()) == every
    for (other,) in rows("SELECT id FROM agreement"):
        assert visitor.look(f"/agreements/show/{other}").status == (200 if other in every else 404)
    activities = {
        found for (found,) in rows(f"SELECT id FROM coop_activity WHERE agreement_id IN ({', '.join(map(str, every))})")
    }
    assert set(visitor.look("/coop_activities/list/?page_size=100").ids()) == activities
    assert "agreements" in str(visitor.look("/").select(".work-cards a"))
    assert id_ in every


def test_a_community_does_not_see_the_units_notes(visit, theirs):
    id_, _ = theirs
    visitor = visit("community001")
    assert "内部说明" in visit("filler01").look(f"/agreements/show/{id_}").words
    for path in (f"/agreements/show/{id_}", "/agreements/list/?columns=remark,title"):
        assert "内部说明" not in visitor.look(path).words
    assert visitor.look(f"/agreements/{id_}/history").status == 403
    assert id_ in visitor.look("/agreements/list/?gaps=1").ids()


def test_a_community_changes_nothing_but_lists_and_its_own_activities(visit, rows, theirs):
    id_, every = theirs
    visitor = visit("community001")
    activity = rows(f"SELECT id FROM coop_activity WHERE agreement_id = {id_}")
    before = dump(rows)
    for path in (f"/agreements/edit/{id_}", f"/agreements/delete/{id_}", "/agreements/add"):
        assert visitor.post(path, title="x").status == 403
    for transition in ("submit", "amend", "renew", "terminate", "void", "approve"):
        assert visitor.post(f"/agreements/{id_}/move/{transition}", reason="试一试不行的。").status == 403
    for (found,) in activity:
        assert visitor.post(f"/coop_activities/edit/{found}", theme="改").status == 403
    other = next(found for (found,) in rows("SELECT id FROM agreement WHERE status = 'active'") if found not in every)
    assert visitor.look(f"/agreements/{other}/lists").status == 404
    assert visitor.post(f"/coop_activities/add?agreement_id={other}", theme="x").status == 404
    assert dump(rows) == before


ACTIVITY = {"held_on": "2026-06-20", "activity_type": "3", "theme": "社区清洁日", "place": "党群服务中心"}


def test_a_community_adds_an_activity_and_may_change_it(visit, rows, theirs):
    id_, _ = theirs
    visitor = visit("community001")
    path = f"/coop_activities/add?agreement_id={id_}"
    assert list(visitor.post(path, ACTIVITY | {"theme": ""}).errors()) == ["theme"]
    assert visitor.post(path, ACTIVITY).status == 302
    found = rows(f"SELECT id, by_counterpart FROM coop_activity WHERE agreement_id = {id_} ORDER BY id DESC LIMIT 1")
    assert found[0][1] in (True, 1)
    assert visitor.post(f"/coop_activities/edit/{found[0][0]}", ACTIVITY | {"theme": "社区清洁周"}).status == 302
    assert "社区清洁周" in visit("filler01").look(f"/agreements/show/{id_}").words


@pytest.mark.parametrize("account", ["community001", "filler01"])
def test_either_party_keeps_the_lists_while_the_agreement_is_in_force(visit, rows, theirs, account):
    id_, _ = theirs
    visitor = visit(account)
    typed = visitor.look(f"/agreements/{id_}/lists").filled()
    needs = rows(f"SELECT count(*) FROM demand_item WHERE agreement_id = {id_}")[0][0]
    new = row("demand_items", needs, name="楼道照明", category="08", status="open")
    wrong = visitor.post(f"/agreements/{id_}/lists", typed | new | {f"demand_items-{needs}-name": ""})
    assert list(wrong.errors()) == [f"demand_items-{needs}-name"]
    assert visitor.post(f"/agreements/{id_}/lists", typed | new | {"status": "draft", "title": "改了"}).status == 302
    assert rows(f"SELECT count(*) FROM demand_item WHERE agreement_id = {id_}") == [(needs + 1,)]
    assert rows(f"SELECT status FROM agreement WHERE id = {id_} AND title <> '改了'") == [("active",)]
    event = rows(f"SELECT action, username FROM audit_event WHERE root_id = {id_} ORDER BY id DESC LIMIT 1")
    assert event == [("maintain", account)]


def test_lists_of_an_ended_agreement_are_closed(visit, rows, theirs, change):
    id_, _ = theirs
    change(f"UPDATE agreement SET status = 'terminated' WHERE id = {id_}")
    for account in ("community001", "filler01"):
        visitor = visit(account)
        with unchanged(rows):
            assert visitor.post(f"/agreements/{id_}/lists").status == 409
            assert visitor.post(f"/coop_activities/add?agreement_id={id_}", ACTIVITY).status == 409


def test_a_unit_enters_for_a_community_that_confirms_on_paper(visit, rows, theirs):
    id_, _ = theirs
    sent = ACTIVITY | {"receipt_no": "回执2026-07"}
    assert visit("filler01").post(f"/coop_activities/add?agreement_id={id_}", sent).status == 302
    assert "回执2026-07" in visit("community001").look("/coop_activities/list/?columns=theme,receipt_no").words


def test_gaps_of_a_record_in_force_can_be_filled_and_nothing_else(visit, rows, theirs, change):
    id_, _ = theirs
    change(f"UPDATE agreement SET gaps = ',b_contact,a_contact,', a_contact = NULL WHERE id = {id_}")
    visitor = visit("filler01")
    typed = visitor.look(f"/agreements/edit/{id_}").filled()
    fields = {name for name in typed if not name.startswith("_")}  # the others are the page's own
    assert {"a_contact", "b_contact"} == fields - {"csrf_token", "version"}
    smuggled = {"title": "改了", "effective_to": "2099-01-01"}
    assert visitor.post(f"/agreements/edit/{id_}", typed | {"a_contact": "王演晨"} | smuggled).status == 302
    found = rows(f"SELECT a_contact, gaps FROM agreement WHERE id = {id_} AND title <> '改了'")
    assert found == [("王演晨", None)]
    assert visitor.look(f"/agreements/edit/{id_}").status == 409


def test_what_the_community_entered_nobody_else_changes(visit, rows, theirs):
    id_, _ = theirs
    visit("community001").post(f"/coop_activities/add?agreement_id={id_}", ACTIVITY)
    [(entry,)] = rows(f"SELECT max(id) FROM coop_activity WHERE agreement_id = {id_}")
    for account in ("filler01", "reviewer"):
        visitor = visit(account)
        with unchanged(rows):
            assert visitor.post(f"/coop_activities/edit/{entry}", ACTIVITY | {"theme": "改了"}).status == 403
            assert visitor.post(f"/coop_activities/delete/{entry}").status == 403
        assert not visitor.look(f"/coop_activities/show/{entry}").select(f'a[href="/coop_activities/edit/{entry}"]')


def amended(visit, id_, **changes):
    """An amendment of the unit's takes effect; answers its draft's id."""
    answer = visit("filler01").post(f"/agreements/{id_}/move/amend", reason="双方商定调整内容。")
    draft = int(answer.response.location.rpartition("/")[2])
    typed = visit("filler01").look(f"/agreements/edit/{draft}").filled()
    assert visit("filler01").post(f"/agreements/edit/{draft}", typed | changes).status == 302
    return draft


def approved(visit, draft):
    for account, transition in (("filler01", "submit"), ("secretary01", "approve"), ("reviewer", "approve_committee")):
        asked = {"filing_no": "", "filed_on": ""} if transition == "approve_committee" else {}
        assert visit(account).post(f"/agreements/{draft}/move/{transition}", asked).status == 302


def test_lists_kept_while_an_amendment_is_under_review_stay(visit, rows, theirs):
    id_, _ = theirs
    visitor = visit("community001")
    draft = amended(visit, id_, content="每月会商一次。")
    assert visitor.post(f"/agreements/{draft}/lists").status in (404, 409)
    typed = visitor.look(f"/agreements/{id_}/lists").filled()
    needs = rows(f"SELECT count(*) FROM demand_item WHERE agreement_id = {id_}")[0][0]
    new = row("demand_items", needs, name="楼道照明", category="08", status="open")
    assert visitor.post(f"/agreements/{id_}/lists", typed | new).status == 302
    approved(visit, draft)
    assert rows(f"SELECT count(*) FROM demand_item WHERE agreement_id = {id_} AND name = '楼道照明'") == [(1,)]


def test_a_page_of_lists_left_open_over_an_amendment_is_saved_and_tells_nothing(visit, rows, theirs):
    id_, _ = theirs
    visitor = visit("community001")
    typed = visitor.look(f"/agreements/{id_}/lists").filled()
    draft = amended(visit, id_, content="每月会商一次。", remark="不给社区看的说明")
    approved(visit, draft)
    needs = rows(f"SELECT count(*) FROM demand_item WHERE agreement_id = {id_}")[0][0]
    new = row("demand_items", needs, name="楼道照明", category="08", status="open")
    answer = visitor.post(f"/agreements/{id_}/lists", typed | new | {"version": "999"})
    assert answer.status == 200
    assert "不给社区看的说明" not in answer.words
    assert visitor.post(f"/agreements/{id_}/lists", typed | new).status == 302
    assert "不给社区看的说明" not in visitor.look(f"/agreements/show/{id_}").words


def test_who_saved_the_same_list_meanwhile_is_told_without_the_units_notes(visit, rows, theirs):
    id_, _ = theirs
    visitor = visit("community001")
    typed = visitor.look(f"/agreements/{id_}/lists").filled()
    draft = amended(visit, id_, remark="不给社区看的说明")
    approved(visit, draft)
    theirs_now = visit("filler01").look(f"/agreements/{id_}/lists").filled()
    visit("filler01").post(f"/agreements/{id_}/lists", theirs_now | {"demand_items-0-name": "单位改的名称"})
    answer = visitor.post(f"/agreements/{id_}/lists", typed | {"demand_items-0-name": "社区改的名称"})
    assert answer.status == 200
    assert "单位改的名称" in answer.one("[data-conflict]").text
    assert "不给社区看的说明" not in answer.words


def test_a_community_is_told_neither_gaps_nor_reasons_of_review(visit, rows, theirs, change):
    id_, _ = theirs
    change(f"UPDATE agreement SET gaps = ',signed_file,' WHERE id = {id_}")
    visitor = visit("community001").speak("en")
    assert "To be added" not in visitor.look("/agreements/figures").words
    assert "To be added" not in visitor.look(f"/agreements/show/{id_}").words
    assert "To be added" in visit("filler01").speak("en").look(f"/agreements/show/{id_}").words
    reasons = "return_reason = '内部退回意见', return_fields = ',remark,', amend_reason = '内部变更理由'"
    change(f"UPDATE agreement SET status = 'returned', amends_id = {id_}, {reasons} WHERE id = {id_}")
    assert "内部" not in visitor.look(f"/agreements/show/{id_}").words.replace("内部说明", "")
    assert "内部退回意见" in visit("filler01").look(f"/agreements/show/{id_}").words


def lists(visitor, id_):
    return visitor.look(f"/agreements/{id_}/lists")


def tables(rows, id_):
    names = ("demand_item", "resource_item", "coop_item")
    return {name: rows(f"SELECT * FROM {name} WHERE agreement_id = {id_} ORDER BY id") for name in names}


def test_a_community_neither_empties_nor_renames_what_the_unit_offers(visit, rows, theirs):
    """By its form, by a form that leaves the rows out, and by one that it makes itself."""
    id_, _ = theirs
    visitor = visit("community001")
    page = lists(visitor, id_)
    assert not page.select(
        '[data-rows="resource_items"] input[name$="-name"], [data-rows="coop_items"] [name$="-name"]'
    )
    assert not page.select('[data-rows="resource_items"] button[value*="remove"], button[value="resource_items:add"]')
    typed, before = page.filled(), tables(rows, id_)
    count = len(before["resource_item"])
    for table in ("resource_items", "coop_items"):
        kept = {name: text for name, text in typed.items() if not name.startswith(f"{table}-")}
        added = row("resource_items", count + 5, name="社区加的资源", category="2", status="free")
        for sent in (kept | {f"{table}-posted": "1"}, typed | {f"{table}-0-name": "社区改的名称"}, typed | added):
            answer = visitor.post(f"/agreements/{id_}/lists", sent)
            assert (answer.status, bool(answer.select(".field-error"))) == (200, True), sent
            assert tables(rows, id_) == before
    assert visitor.post(f"/agreements/{id_}/lists", {"version": typed["version"]}).status == 302
    assert tables(rows, id_) == before, "what is not sent stays as it is"


def test_a_unit_neither_empties_nor_renames_what_the_community_needs(visit, rows, theirs):
    id_, _ = theirs
    community, filler = visit("community001"), visit("filler01")
    needs = rows(f"SELECT count(*) FROM demand_item WHERE agreement_id = {id_}")[0][0]
    new = row("demand_items", needs, name="楼道照明", category="08", status="open")
    assert community.post(f"/agreements/{id_}/lists", lists(community, id_).filled() | new).status == 302
    typed, before = lists(filler, id_).filled(), tables(rows, id_)
    assert f"demand_items-{needs}-name" not in typed
    gone = {name: text for name, text in typed.items() if not name.startswith(f"demand_items-{needs}-")}
    for sent in (gone, typed | {f"demand_items-{needs}-name": "单位改的名称"}):
        assert filler.post(f"/agreements/{id_}/lists", sent).status == 200
        assert tables(rows, id_) == before
    assert filler.post(f"/agreements/{id_}/lists", typed | {f"demand_items-{needs}-status": "met"}).status == 302
    assert rows("SELECT status FROM demand_item WHERE name = '楼道照明'") == [("met",)]
    gone = {name: text for name, text in lists(community, id_).filled().items() if f"demand_items-{needs}-" not in name}
    assert community.post(f"/agreements/{id_}/lists", gone).status == 302
    assert rows(f"SELECT count(*) FROM demand_item WHERE agreement_id = {id_}") == [(needs,)]


def test_a_community_confirms_a_project_and_again_when_it_was_changed(visit, rows, theirs):
    id_, _ = theirs
    community, filler = visit("community001"), visit("filler01")
    [(item,)] = rows(f"SELECT min(id) FROM coop_item WHERE agreement_id = {id_}")
    confirmed = f"SELECT community_confirmed FROM coop_item WHERE id = {item}"
    typed = lists(filler, id_).filled()
    assert filler.post(f"/agreements/{id_}/lists", typed | {"coop_items-0-community_confirmed": "1"}).status == 200
    sent = lists(community, id_).filled() | {"coop_items-0-community_confirmed": ["", "1"]}
    assert community.post(f"/agreements/{id_}/lists", sent).status == 302
    assert rows(confirmed)[0][0]
    for change, stays in (({"outcome": "已完成一半"}, True), ({"name": "改了名称的项目"}, False)):
        typed = lists(filler, id_).filled() | {f"coop_items-0-{name}": text for name, text in change.items()}
        assert filler.post(f"/agreements/{id_}/lists", typed).status == 302
        assert bool(rows(confirmed)[0][0]) is stays
    assert "改了名称的项目" in " ".join(filler.look(f"/agreements/show/{id_}").notices("warning"))
