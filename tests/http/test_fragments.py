"""What pages keep in the process is never behind. Changes are made past the portal, as another process makes them."""

from __future__ import annotations

import pytest

from portal.http import fragments, urls
from portal.ledgers.cobuilding import agreements
from tests.test_every_ledger import readable

TAKEN = """DELETE FROM ab_permission_view_role
WHERE permission_view_id IN (SELECT pv.id FROM ab_permission_view pv JOIN ab_view_menu v ON v.id = pv.view_menu_id
                             WHERE v.name = 'visits')"""
PAGES = ("/agreements/list/", "/agreements/add")
LANGUAGES = ("zh_Hans", "zh_Hant", "en")
KINDS = '[name="agreement_type"] option'


def test_a_right_that_was_taken_is_gone_with_the_next_request(visit, change):
    visitor = visit("filler01")
    assert visitor.look("/agreements/list/").select('nav a[href="/visits/list/"]')
    change(TAKEN)
    assert not visitor.look("/agreements/list/").select('nav a[href="/visits/list/"]')
    assert visitor.client.get("/visits/list/").status_code == 403


def test_a_code_that_was_renamed_or_switched_off_is_so_with_the_next_request(visit, change):
    visitor = visit("filler01")
    [code_list] = agreements.field("agreement_type").kind.code_lists()
    first = f"list_id = (SELECT id FROM code_list WHERE code = '{code_list}') AND code = '1'"
    offered = {path: [text.text for text in visitor.look(path).select(KINDS)] for path in PAGES}
    change(f"UPDATE code_item SET label_en = '改过的名称' WHERE {first}")
    for path, known in offered.items():
        now = [text.text for text in visitor.look(path).select(KINDS)]
        assert len(now) == len(known)
        assert set(now) - set(known) == {"改过的名称"}
    change(f"UPDATE code_item SET enabled = FALSE WHERE {first}")
    for path in PAGES:
        assert "改过的名称" not in [text.text for text in visitor.look(path).select(KINDS)]


def test_each_language_has_its_own(visit):
    visitor = visit("filler01")
    labels = [[each.text for each in visitor.speak(code).look("/agreements/add").select("label")] for code in LANGUAGES]
    assert len({tuple(each) for each in labels}) == len(LANGUAGES)
    menus = [visitor.speak(code).look("/agreements/add").one("aside nav").text for code in LANGUAGES]
    assert len(set(menus)) == len(LANGUAGES)


def test_what_one_user_typed_and_got_wrong_is_in_no_other_form(visit):
    wrong = visit("filler01").post("/agreements/add", title="只属于这张表", signed_on="不是日期")
    assert wrong.one('[name="title"]')["value"] == "只属于这张表"
    assert "signed_on" in wrong.errors()
    for account in ("filler01", "filler02"):
        fresh = visit(account).look("/agreements/add")
        assert not fresh.errors()
        assert not fresh.one('[name="title"]').get("value")


@pytest.mark.parametrize("account", ["filler01", "reviewer02", "sysadmin"])  # no words of a page
def test_nothing_kept_holds_a_token_or_who_the_user_is(app, visit, account):
    visitor = visit(account)
    for ledger in readable(app, account):
        visitor.look(f"/{ledger.name}/list/")
        if "add" in ledger.verbs and not ledger.under:
            visitor.look(f"/{ledger.name}/add")
    assert fragments._drawn
    assert not [key for key, html in fragments._drawn.items() if "csrf" in html or account in html]


def test_addresses_tell_true_from_one(app):
    with app.test_request_context():
        assert urls.url_for("agreements.list", page=1) != urls.url_for("agreements.list", page=True)
