"""Looking as a role: what it has, of what the viewer may read, with nothing to be changed."""

from __future__ import annotations

import pytest
from flask import url_for

from portal.permissions.roles import BY_CODE
from tests.security.walk import addresses, first, give, take, unchanged, unit_id

pytestmark = pytest.mark.one_database


@pytest.fixture
def looking(visit, rows):
    """`looking("admin", "unit_filler", "unit-3")`: that account, looking as that role there."""

    def look(account, role, place=""):
        visitor, id_ = visit(account), first(rows, "ab_role", f"name = '{role}'")
        answer = visitor.post(f"/roles/view_as/{id_}", place=place)
        assert (answer.status, answer.response.location) == (302, "/")
        return visitor

    return look


def menu(page):
    return [entry["href"] for entry in page.select("#sidebar nav a")]


def cells(page):
    return {cell.get_text(" ", strip=True) for cell in page.select("table[data-ledger] tbody td")}


def of_filler(rows):
    return f"unit-{unit_id(rows, 1)}"


def test_the_workspace_the_menu_and_the_lists_are_those_of_an_account_of_the_role(looking, visit, rows):
    admin, filler = looking("admin", "unit_filler", of_filler(rows)), visit("filler01")
    assert menu(admin.look("/")) == menu(filler.look("/"))
    for ledger in ("agreements", "pairings", "study_groups", "members"):
        mine, theirs = admin.look(f"/{ledger}/list/"), filler.look(f"/{ledger}/list/")
        assert mine.ids() == theirs.ids(), ledger
        assert bool(mine.select('a[href$="/add"]')) == bool(theirs.select('a[href$="/add"]'))


def test_the_notice_with_the_way_back_stands_on_every_page(looking, rows):
    visitor = looking("admin", "unit_filler", of_filler(rows))
    for path in ("/", "/agreements/list/", "/agreements/add", "/nowhere", "/roles/list/"):
        notice = visitor.look(path).one("[data-preview]")
        assert "Unit filler" in notice.get_text()
        assert notice.form["action"] == "/roles/view_end"
    visitor.post("/roles/view_end")
    assert not visitor.look("/").select("[data-preview]")
    assert len(visitor.look("/roles/list/").select("[data-id]")) == len(BY_CODE)


def test_looking_stands_in_the_trail(looking, rows):
    looking("secadmin", "unit_filler").post("/roles/view_end")
    told = rows("SELECT username, action, title FROM audit_event ORDER BY id DESC LIMIT 2")
    assert [each[:2] for each in told] == [("secadmin", "view_as_ended"), ("secadmin", "view_as")]
    assert all(title for *_, title in told)


@pytest.mark.parametrize(("account", "role"), [("admin", "gw_reviewer"), ("admin", "admin"), ("secadmin", "sec_admin")])
def test_whatever_is_sent_meanwhile_is_refused(app, looking, rows, account, role):
    """Also by whoever looks as a role that may do it, or may do it themselves."""
    visitor = looking(account, role)
    with unchanged(rows):
        for path in addresses(app, "POST", 1):
            if path not in ("/logout/", "/roles/view_end"):
                assert visitor.post(path, name="x").status == 403, path


def test_only_the_workspace_and_lists_are_answered_meanwhile(app, looking, rows):
    visitor = looking("admin", "gw_reviewer")
    with app.test_request_context():
        lists = {url_for(f"{each.name}.list") for each in app.extensions["portal.ledgers"]}
        figures = {url_for(f"{each.name}.figures") for each in app.extensions["portal.ledgers"] if each.figures}
    open_ = lists | figures | {"/", "/waiting", "/session/", "/login/", "/healthz", "/readyz"}
    with unchanged(rows):
        for path in addresses(app, "GET", 1):
            status = visitor.look(path).status
            if path in open_:
                assert status in (200, 302, 403), path
            elif not path.startswith(("/lang", "/static", "/appbuilder")) and "/options/" not in path:
                assert status == 403, path


@pytest.mark.parametrize("role", sorted(BY_CODE))
def test_nobody_sees_more_than_they_may_read_themselves(app, looking, visit, rows, role):
    """Neither rows nor names, whatever the role may."""
    ledgers = [each.name for each in app.extensions["portal.ledgers"] if each.list.in_menu]
    own = {ledger: visit("admin").look(f"/{ledger}/list/") for ledger in ledgers}
    visitor = looking("admin", role, of_filler(rows))
    for ledger, mine in own.items():
        page = visitor.look(f"/{ledger}/list/")
        assert page.status in (200, 403)
        if page.status == 200 and len(mine.ids()) < 25:
            assert set(page.ids()) <= set(mine.ids()), ledger
            assert cells(page) <= cells(mine) | {"", "—"}, ledger


def test_a_unit_that_sets_rights_sees_only_its_own_records_as_a_leader(looking, visit, rows, change):
    give(change, rows, "unit_filler", "roles", "edit")
    change(
        "INSERT INTO role_scope (id, role_id, ledger, scope) SELECT 9999, id, 'roles', 'all' FROM ab_role "
        "WHERE name = 'unit_filler'"
    )
    own = visit("filler01").look("/agreements/list/").ids()
    everything = visit("leader").look("/agreements/list/").ids()
    assert len(own) < len(everything)
    shown = looking("filler01", "unit_reviewer", of_filler(rows)).look("/agreements/list/").ids()
    assert shown == own
    assert set(looking_again(visit, rows, "gw_leader")) <= set(own)


def looking_again(visit, rows, role):
    visitor = visit("filler01")
    visitor.post("/roles/view_end")
    visitor.post("/roles/view_as/{}".format(first(rows, "ab_role", f"name = '{role}'")))
    return visitor.look("/agreements/list/").ids()


def test_whoever_may_read_no_records_sees_the_frame_alone(looking, visit, rows):
    visitor = looking("secadmin", "unit_filler", of_filler(rows))
    page = visitor.look("/")
    assert menu(page) == menu(visit("filler01").look("/"))
    assert {number.get_text() for number in page.select(".work-cards .big-number")} == {"0"}
    assert visitor.look("/agreements/list/").status == 403
    assert visitor.look("/units/list/").status == 403
    assert visitor.look("/agreements/options/party_b_id", q="a").status == 403


def test_rights_of_the_viewer_are_none_meanwhile(looking):
    visitor = looking("admin", "gw_leader")
    page = visitor.look("/")
    assert not page.select('a[href="/accounts/list/"]')
    assert visitor.look("/accounts/list/").status == 403


def test_looking_ends_with_the_right_to_set_rights(looking, rows, change):
    visitor = looking("secadmin", "unit_filler")
    take(change, "sec_admin", "roles", "edit")
    assert not visitor.look("/").select("[data-preview]")
    assert visitor.look("/accounts/list/").status == 200


def test_looking_ends_with_the_session(looking):
    visitor = looking("secadmin", "unit_filler")
    visitor.post("/logout/")
    assert visitor.look("/").response.location.startswith("/login/")


def test_only_those_who_set_rights_look_as_a_role(visit, rows):
    id_ = first(rows, "ab_role", "name = 'gw_leader'")
    for account in ("filler01", "reviewer", "leader", "auditor", "sysadmin", "auditadmin"):
        visitor = visit(account)
        assert visitor.post(f"/roles/view_as/{id_}").status == 403
        assert not visitor.look("/").select("[data-preview]")


@pytest.mark.parametrize("place", ["unit-0", "unit-x", "unit-", "area-99999999", "org-1", "unit-99999999999999999999"])
def test_a_place_that_is_not_there_is_refused(visit, rows, place):
    visitor, id_ = visit("secadmin"), first(rows, "ab_role", "name = 'unit_filler'")
    assert visitor.post(f"/roles/view_as/{id_}", place=place).status == 404
    assert not visitor.look("/").select("[data-preview]")


def test_hidden_roles_are_not_looked_at(visit, rows):
    for name in ("Admin", "Public"):
        id_ = first(rows, "ab_role", f"name = '{name}'")
        assert visit("secadmin").post(f"/roles/view_as/{id_}").status == 404


def test_a_liaison_is_looked_at_in_its_area(looking, visit, rows):
    who = "SELECT id FROM ab_user WHERE username = 'town01'"
    [(area,)] = rows(f"SELECT area_id FROM account_profile WHERE user_id = ({who})")
    shown = looking("admin", "town_user", f"area-{area}").look("/service_projects/list/").ids()
    assert shown == visit("town01").look("/service_projects/list/").ids()
