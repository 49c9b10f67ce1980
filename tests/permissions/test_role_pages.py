"""The role page: what is ticked holds at the next request, within what a role may ever have."""

from __future__ import annotations

import pytest

from portal import setup
from portal.permissions.roles import BY_CODE, OFFICES, PRESETS, READERS, ROLES, desks
from tests.security.walk import ACCOUNTS, first, give, of, take, unchanged, unit_id

pytestmark = pytest.mark.one_database

KEEPERS = ("admin", "secadmin")
FORM = "form[data-guard]"


def save(visitor, path, **ticks):
    """Change these boxes of the page as it stands, and save. None: not ticked."""
    typed = visitor.look(path).filled(FORM)
    return visitor.post(path, typed | {name.replace("__", "-"): value for name, value in ticks.items()})


@pytest.fixture
def everything(app):
    """Every box there is, ticked."""
    with app.app_context():
        return {f"{desk.name}-{verb}": "1" for desk in desks() for verb in desk.verbs} | {
            f"{desk.name}-{name}": value for desk in desks() for name, value in (("posted", "1"), ("scope", "all"))
        }


@pytest.mark.parametrize("keeper", KEEPERS)
def test_what_is_taken_is_refused_at_the_next_request(visit, rows, page_of, keeper):
    id_, filler, reviewer = of(rows, 1, "draft"), visit("filler01"), visit("reviewer")
    assert filler.look(f"/agreements/edit/{id_}").status == 200
    assert save(visit(keeper), page_of("unit_filler"), agreements__edit=None).status == 302
    before = rows("SELECT id, publish_scope, version FROM agreement ORDER BY id")
    sent = {"action": "publish_public", "rowid": str(id_)}
    assert filler.look(f"/agreements/edit/{id_}").status == 403
    assert filler.post(f"/agreements/edit/{id_}", remark="x").status == 403
    assert filler.post("/agreements/action_post", sent).status == 403
    assert rows("SELECT id, publish_scope, version FROM agreement ORDER BY id") == before
    assert filler.look("/agreements/list/").status == reviewer.look(f"/agreements/edit/{id_}").status == 200
    assert save(visit(keeper), page_of("unit_filler"), agreements__edit="1").status == 302
    assert filler.look(f"/agreements/edit/{id_}").status == 200
    assert filler.post("/agreements/action_post", sent).status == 200


@pytest.mark.parametrize("keeper", KEEPERS)
def test_saving_a_role_as_it_stands_changes_no_right(visit, rows, page_of, keeper):
    query = "SELECT role_id, permission_view_id FROM ab_permission_view_role ORDER BY role_id, permission_view_id"
    rights, scopes = rows(query), set(rows("SELECT role_id, ledger, scope FROM role_scope"))
    for role in ROLES:
        if (keeper, role.code) != ("secadmin", "sec_admin"):
            assert save(visit(keeper), page_of(role.code)).status == 302
    assert rows(query) == rights
    assert set(rows("SELECT role_id, ledger, scope FROM role_scope")) >= scopes


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_preset_holds_without_javascript(app, visit, held, page_of, preset):
    """Whatever the boxes say that no script has cleared; as far as the ledger knows its verbs."""
    save(visit("secadmin"), page_of("unit_filler"), agreements__preset=preset.name)
    agreements = next(ledger for ledger in app.extensions["portal.ledgers"] if ledger.name == "agreements")
    assert held("unit_filler", "agreements") == (set(preset.verbs) & set(agreements.verbs), preset.scope)


def test_what_a_preset_gives_takes_effect(visit, rows, page_of):
    id_, theirs, filler = of(rows, 1, "draft"), of(rows, 2, "active"), visit("filler01")
    expected = {"submit": (200, 404), "view": (403, 200), "keep_all": (200, 200), "nothing": (403, 403)}
    for preset, (edit, show) in expected.items():
        save(visit("admin"), page_of("unit_filler"), agreements__preset=preset)
        assert filler.look(f"/agreements/edit/{id_}").status == edit, preset
        assert filler.look(f"/agreements/show/{theirs}").status == show, preset


def test_an_unknown_preset_or_scope_gives_nothing_new(visit, held, page_of):
    before = held("unit_filler", "agreements")
    save(visit("secadmin"), page_of("unit_filler"), agreements__preset="everything")
    assert held("unit_filler", "agreements") == before
    save(visit("secadmin"), page_of("unit_filler"), agreements__scope="universe")
    assert held("unit_filler", "agreements") == (before[0], "none")


def of_an_office(desk):
    return desk in ("accounts", "roles", "sign_in_rules", "exports", "audit", "audit_events")


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.code)
def test_barred_boxes_cannot_be_posted(app, visit, held, page_of, everything, role):
    """Everything ticked for every role that goes together at all: it gets what it may ever have and no more; barred
    boxes are grey."""
    visitor, path = visit("admin"), page_of(role.code)
    page = visitor.look(path)
    apart = role.code not in OFFICES | READERS | {"admin"}
    sent = {name: text for name, text in everything.items() if not (apart and of_an_office(name.partition("-")[0]))}
    assert visitor.post(path, sent).status == 302
    with app.app_context():
        for desk in desks():
            barred = role.barred(desk) & set(desk.verbs)
            if not (apart and of_an_office(desk.name)):
                assert held(role.code, desk.name)[0] == set(desk.verbs) - barred, desk.name
            grey = {box["data-verb"] for box in page.select(f'tr[data-ledger="{desk.name}"] input[disabled]')}
            assert grey == barred, desk.name


@pytest.mark.parametrize("account", ["secadmin", "reviewer"])
def test_nobody_changes_a_role_that_they_hold_themselves(visit, rows, change, page_of, everything, account):
    role = {"secadmin": "sec_admin", "reviewer": "gw_reviewer"}[account]
    if account == "reviewer":
        give(change, rows, role, "roles", "edit")
        change(
            "INSERT INTO role_scope (id, role_id, ledger, scope) SELECT 9999, id, 'roles', 'all' FROM ab_role "
            f"WHERE name = '{role}'"
        )
    visitor, path = visit(account), page_of(role)
    page = visitor.look(path)
    assert page.status == 200
    assert "somebody else" in page.notices("info")[0]
    assert not page.select(f"{FORM} input[type=checkbox]:not([disabled]), {FORM} button")
    with unchanged(rows):
        assert visitor.post(path, everything).status == 403


@pytest.mark.parametrize("account", ["sysadmin", "secadmin", "auditadmin"])
def test_no_click_gives_the_three_administrators_personal_data_or_each_others_desks(
    visit, page_of, everything, account
):
    role = {"sysadmin": "sys_admin", "secadmin": "sec_admin", "auditadmin": "audit_admin"}[account]
    assert visit("admin").post(page_of(role), everything).status == 302
    theirs = {
        "sysadmin": {"/accounts/list/", "/jobs/"},
        "secadmin": {"/accounts/list/", "/roles/list/", "/rights/list/"},
    }
    theirs["secadmin"].add("/sign_in_rules/")
    mine = theirs.get(account, {"/audit_events/list/", "/audit/", "/rights/list/"})
    every = {"/members/list/", "/reviews/list/", "/samples/", "/agreements/list/"}
    every |= {"/audit_events/list/", "/audit/", "/rights/list/", "/accounts/list/", "/roles/list/"}
    every |= {"/sign_in_rules/", "/jobs/"}
    assert {path for path in every if visit(account).look(path).status == 200} == mine


def test_one_role_cannot_be_everything(visit, rows, page_of, everything):
    """Whatever it is called: the powers that belong apart are told by the rights."""
    visitor = visit("secadmin")
    path = visitor.post("/roles/add", name="帮手").response.location
    with unchanged(rows):
        page = visitor.post(path, everything)
        assert page.status == 200
        assert "belong apart" in page.notices("error")[0]
        assert page.select('input[name="accounts-add"][checked]')
    for other in ("accounts-grant", "roles-edit", "exports-approve", "audit-read", "audit_events-read", "members-read"):
        sent = {f"{name.partition('-')[0]}-posted": "1" for name in (other, "accounts-add")}
        with unchanged(rows):
            page = visitor.post(path, sent | {"accounts-add": "1", other: "1"})
            assert "belong apart" in page.notices("error")[0], other


def test_one_account_cannot_be_everything_by_several_roles(visit, rows, page_of):
    visitor, user = visit("secadmin"), first(rows, "ab_user", "username = 'filler05'")
    path = visitor.post("/roles/add", name="帮手").response.location
    filler, helper = first(rows, "ab_role", "name = 'unit_filler'"), path.rpartition("/")[2]
    assert visitor.post(path, {"accounts-posted": "1", "accounts-add": "1", "accounts-edit": "1"}).status == 302
    with unchanged(rows):
        page = visitor.post(f"/accounts/grant/{user}", {"roles": [str(filler), helper], "active": "1"})
        assert "filler05 would hold powers that belong apart" in page.notices("error")[0]
    assert visitor.post(path, {"accounts-posted": "1", "samples-posted": "1", "samples-read": "1"}).status == 302
    assert visitor.post(f"/accounts/grant/{user}", {"roles": [str(filler), helper], "active": "1"}).status == 302
    with unchanged(rows):
        page = visitor.post(path, {"accounts-posted": "1", "accounts-edit": "1"})
        assert "filler05 would hold powers that belong apart" in page.notices("error")[0]


def test_readers_may_read_the_trail_beside_the_records(visit, rows, page_of):
    assert save(visit("secadmin"), page_of("disc_ro"), audit_events__read="1", audit__read="1").status == 302
    assert visit("disc").look("/audit_events/list/").status == visit("disc").look("/agreements/list/").status == 200


def test_chosen_units_need_a_unit(visit, rows, page_of):
    with unchanged(rows):
        page = save(visit("secadmin"), page_of("unit_filler"), agreements__scope="custom")
        assert page.notices("error") == ["Please choose at least one unit."]
    assert page.one('select[name="agreements-scope"] option[selected]')["value"] == "custom"


@pytest.mark.parametrize(
    ("account", "role"), [("auditor", "auditor_ro"), ("disc", "disc_ro"), ("leader", "gw_leader"), ("admin", "admin")]
)
def test_no_click_makes_a_reader_or_an_administrator_write_records(visit, rows, page_of, everything, account, role):
    visitor, id_ = visit(account), of(rows, 1, "draft")
    visit("secadmin").post(page_of(role), everything)
    visit("secadmin").post(page_of(role), {"agreements-posted": "1", "agreements-preset": "keep_all"})
    with unchanged(rows):
        assert visitor.look("/agreements/list/").status == 200
        assert visitor.look("/agreements/add").status == 403
        assert visitor.look(f"/agreements/edit/{id_}").status == 403
        assert visitor.post(f"/agreements/delete/{id_}").status == 403


# Powers that must never meet in one role (`docs/domain` §4.1).
APART = [
    *(("sys_admin", "accounts", "grant"), ("sys_admin", "roles", "edit"), ("sec_admin", "accounts", "add")),
    *(("sec_admin", "accounts", "edit"), ("audit_admin", "accounts", "edit"), ("audit_admin", "roles", "edit")),
    *(("audit_admin", "accounts", "grant"), ("auditor_ro", "roles", "edit"), ("auditor_ro", "accounts", "grant")),
]


@pytest.mark.parametrize(("role", "desk", "verb"), APART)
def test_the_three_administrators_powers_never_meet_in_one_role(visit, held, page_of, everything, role, desk, verb):
    """Who keeps accounts never keeps rights, and who keeps rights never sets a password."""
    visit("secadmin").post(page_of(role), everything)
    assert verb not in held(role, desk)[0]


def test_taking_part_is_offered_only_where_units_do(visit, page_of):
    page = visit("secadmin").look(page_of("unit_filler"))
    offered = {
        select["name"].removesuffix("-scope"): {option["value"] for option in select.select("option")}
        for select in page.select("select[data-scope]")
    }
    assert {ledger for ledger, scopes in offered.items() if "unit_co" in scopes} == {
        *("service_projects", "project_progress", "project_milestones"),
        *("project_acceptances", "project_satisfactions"),
    }
    chosen = page.select('select[name="service_projects-scope"] option[selected]')
    assert [option["value"] for option in chosen] == ["unit_co"]


def test_the_scope_takes_effect(visit, rows, page_of):
    own, filler = of(rows, 1, "draft"), visit("filler01")
    theirs = of(rows, 2, "draft")
    expected = {
        "none": ({404}, {404}, 0),
        "unit": ({200}, {404}, 5),
        "all": ({200}, {200}, 25),
        "unit ": ({404}, {404}, 0),
    }
    for reach, (mine, others, listed) in expected.items():
        save(visit("secadmin"), page_of("unit_filler"), agreements__scope=reach)
        assert {filler.look(f"/agreements/{page}/{own}").status for page in ("show", "edit")} == mine
        assert {filler.look(f"/agreements/{page}/{theirs}").status for page in ("show", "edit")} == others
        assert len(filler.look("/agreements/list/").ids()) == listed
        assert filler.post("/agreements/action_post", action="publish_public", rowid=str(theirs)).status in (200, 404)


def test_without_a_scope_nothing_can_be_made(visit, rows, page_of, app):
    """And whoever tries is told so instead of losing what was typed to an error."""
    save(visit("secadmin"), page_of("unit_filler"), agreements__scope="none")
    with unchanged(rows):
        assert visit("filler01").look("/agreements/add").status in (200, 403)
        assert visit("filler01").post("/agreements/add", {"agreement_type": "1"}).status in (200, 403, 404)
    assert visit("filler01").look("/").status == 200


def test_the_office_makes_a_role_of_its_own(visit, rows, page_of):
    visitor = visit("secadmin")
    answer = visitor.post("/roles/add", name="值班员")
    path = answer.response.location
    assert path == page_of("值班员")
    visitor.post(path, {"agreements-posted": "1", "agreements-preset": "view"})
    town = first(rows, "ab_user", "username = 'town01'")
    visitor.post(f"/accounts/grant/{town}", {"roles": path.rpartition("/")[2], "active": "1"})
    assert len(visit("town01").look("/agreements/list/").ids()) == 25
    assert visit("town01").look("/agreements/add").status == 403


@pytest.mark.parametrize(
    "name",
    [*("", "x", "x" * 41, "admin", "ADMIN", "Public", "unit_filler", "a<b", "a\nb", "a\x00b"), "值班 13812345678"],
)
def test_a_wrong_name_of_a_role_is_refused_at_its_field(visit, rows, name):
    visitor = visit("secadmin")
    with unchanged(rows):
        answer = visitor.post("/roles/add", name=name)
        assert (answer.status, list(answer.errors())) == (200, ["name"])
        assert answer.one("#name")["value"] == name.strip()


def test_the_last_holder_of_the_rights_cannot_give_them_up(visit, rows, change, page_of):
    take(change, "sec_admin", "roles", "edit")
    visitor = visit("admin")
    with unchanged(rows):
        answer = save(visitor, page_of("admin"), roles__edit=None, agreements__read=None)
        assert answer.notices("error") == ["Nobody could change rights any more, so nothing was saved."]
    assert visitor.look(page_of("admin")).select('input[name="roles-edit"][checked]')


def test_the_last_holder_is_the_last_that_counts(app, visit, rows, change, monkeypatch):
    """With three administrators the combined one is switched off and keeps nothing."""
    give(change, rows, "gw_reviewer", "accounts", "grant")
    change(
        "INSERT INTO role_scope (id, role_id, ledger, scope) SELECT 9999, id, 'accounts', 'all' FROM ab_role "
        "WHERE name = 'gw_reviewer'"
    )
    monkeypatch.setitem(app.config, "THREE_ADMINS", True)
    user, role = first(rows, "ab_user", "username = 'secadmin'"), first(rows, "ab_role", "name = 'sec_admin'")
    with unchanged(rows):
        answer = visit("reviewer").post(f"/accounts/grant/{user}", {"roles": str(role)})
        assert answer.notices("error") == ["Nobody could change rights any more, so nothing was saved."]


def test_the_last_holder_cannot_be_switched_off_or_stripped(visit, rows, change):
    """Whoever grants roles without keeping the role page cannot shut everybody out of it."""
    give(change, rows, "gw_reviewer", "accounts", "grant")
    change(
        "INSERT INTO role_scope (id, role_id, ledger, scope) SELECT 9999, id, 'accounts', 'all' FROM ab_role "
        "WHERE name = 'gw_reviewer'"
    )
    take(change, "sec_admin", "roles", "edit")
    admin = first(rows, "ab_user", "username = 'admin'")
    role = first(rows, "ab_role", "name = 'admin'")
    with unchanged(rows):
        assert visit("reviewer").post(f"/accounts/grant/{admin}", {"roles": str(role)}).status != 302
        assert visit("reviewer").post(f"/accounts/grant/{admin}", {"active": "1"}).status != 302


def test_setting_up_again_gives_nothing_back_and_takes_nothing_away(app, visit, rows, held, page_of):
    visitor = visit("secadmin")
    save(visitor, page_of("unit_filler"), agreements__edit=None, agreements__scope="all", units__read=None)
    save(visitor, page_of("town_user"), agreements__read="1", agreements__scope="unit")
    save(visitor, page_of("branch_filler"), agreements__preset="nothing")
    with unchanged(rows), app.app_context():
        setup.bring_up_to_date()
    verbs, reach = held("unit_filler", "agreements")
    assert (verbs & {"read", "export", "add", "edit", "delete"}, reach) == ({"read", "export", "add", "delete"}, "all")
    assert held("town_user", "agreements") == ({"read"}, "unit")
    assert held("branch_filler", "agreements")[0] == set()


@pytest.mark.parametrize("account", [each for each in ACCOUNTS if each not in KEEPERS])
def test_nobody_else_opens_roles(visit, rows, page_of, account):
    """The system administrator least of all."""
    visitor, path = visit(account), page_of("unit_filler")
    shown = path.replace("edit", "show")
    with unchanged(rows):
        assert {visitor.look(each).status for each in ("/roles/list/", "/roles/add", path, shown)} == {403}
        assert visitor.post(path, {"agreements-posted": "1", "agreements-preset": "keep_all"}).status == 403
        assert visitor.post("/roles/add", name="mine").status == 403
        assert visitor.look("/roles/list/").status == 403


def test_roles_of_flask_appbuilder_have_no_page(visit, rows):
    visitor = visit("admin")
    assert {row["data-id"] for row in visitor.look("/roles/list/").select("[data-id]")} == {
        str(id_) for (id_,) in rows("SELECT id FROM ab_role WHERE name NOT IN ('Admin', 'Public')")
    }
    for name in ("Admin", "Public"):
        id_ = first(rows, "ab_role", f"name = '{name}'")
        with unchanged(rows):
            assert {visitor.look(f"/roles/{page}/{id_}").status for page in ("show", "edit")} == {404}
            assert visitor.post(f"/roles/edit/{id_}", {"roles-posted": "1", "roles-edit": "1"}).status == 404


def test_whoever_reads_roles_only_looks(visit, rows, change, page_of):
    take(change, "sec_admin", "roles", "edit")
    visitor, path = visit("secadmin"), page_of("unit_filler")
    assert visitor.look("/roles/list/").status == 200
    page = visitor.look(path.replace("edit", "show"))
    assert page.status == 200
    assert not page.select(f"{FORM} input[type=checkbox]:not([disabled]), {FORM} button")
    assert visitor.post(path, {"agreements-posted": "1"}).status == 403


def test_every_role_has_a_name_of_its_own_in_the_list(visit):
    page = visit("secadmin").look("/roles/list/")
    assert len(page.select("[data-id]")) == len(BY_CODE)
    assert "unit_filler" in page.words
    assert "Unit filler" in page.words


def test_rights_of_another_unit_stay_out_of_reach_of_a_wide_role(visit, rows, page_of):
    """A role of the whole unit does not reach the institutions of another one."""
    save(visit("secadmin"), page_of("unit_reviewer"), agreements__preset="keep_unit")
    secretary = visit("secretary01")
    owners = rows(f"SELECT id FROM agreement WHERE owner_unit_id = {unit_id(rows, 1)}")
    assert sorted(secretary.look("/agreements/list/").ids()) == sorted(id_ for (id_,) in owners)
    assert secretary.look(f"/agreements/edit/{of(rows, 2, 'draft')}").status == 404
