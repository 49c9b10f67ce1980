"""What holds for every ledger of the registry, whichever there are: views, rights, readers, costs, pages."""

from __future__ import annotations

import inspect
import re
from datetime import datetime

import pytest
from flask_appbuilder import ModelView
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.sqla.models import PermissionView
from wtforms import Form

from portal.accounts.security_manager import act_as
from portal.core import clock
from portal.core.access import scope
from portal.core.api.base import LedgerApi
from portal.core.views.base import LedgerView
from portal.core.views.lists.listing import choosable
from portal.extensions import db
from tests.security.walk import (
    ACCOUNTS,
    READERS,
    SIGHTS,
    addresses,
    first,
    give,
    mostly_on_sqlite,
    of,
    take,
    unchanged,
    unit_id,
)

# The pages that are no ledger's.
OWN_PAGES = {"WorkspaceView", "SignInView", "LanguageView", "AccountsView", "MyPasswordView"} | {
    "AppearanceView",
    "FeedbackView",
    "SearchView",
    "RolesView",
    "ReviewsView",
    "SignInRulesView",
    "MySecondFactorView",
    "MySessionsView",
    "ResetsView",
    "OidcView",
    "LdapView",
    "JobsView",
    "AccountSheetsView",
    "StartView",
    "OverdueView",
    "SamplesView",
    "ExportsView",
    "AuditView",
    "RightsView",
}
# What is answered without signing in.
OPEN = {"/login/", "/lang/en", "/healthz", "/readyz"}
MOST_STATEMENTS = 6
MOMENT = r"\d{4}-\d\d-\d\d \d\d:"


def ledgers(app):
    return app.extensions["portal.ledgers"]


def walked(app):
    """All ledgers, or the one that `--ledger` names."""
    only = app.config["ONLY_LEDGER"]
    return [ledger for ledger in ledgers(app) if only in (None, ledger.name)]


def readable(app, account):
    """The ledgers that this account may read."""
    with app.test_request_context():
        principal = act_as(account)
    return [ledger for ledger in walked(app) if principal.may("read", ledger.name)]


def test_every_view_is_a_mounted_ledger_or_one_of_the_few_own_pages(app):
    views = {type(view).__name__: view for view in app.appbuilder.baseviews}
    mounted = {name: view for name, view in views.items() if isinstance(view, LedgerView)}
    assert set(mounted) == {ledger.name for ledger in ledgers(app)}
    assert {type(view).__module__ for view in mounted.values()} == {"portal.core.views.mount"}
    apis = {name for name, view in views.items() if isinstance(view, LedgerApi)}
    assert apis == {f"{ledger.name}_api" for ledger in ledgers(app)}
    assert set(views) - set(mounted) - apis == OWN_PAGES


def test_every_ledger_is_a_model_view_of_flask_appbuilder(app):
    for view in app.appbuilder.baseviews:
        if isinstance(view, LedgerView):
            assert isinstance(view, ModelView)
            assert isinstance(view.datamodel, SQLAInterface)
            assert view.datamodel.obj is view.ledger.model
            assert issubclass(view.form, Form)
            assert view.add_form is view.edit_form is view.form
            assert view.endpoint == view.class_permission_name == view.ledger.name


def test_no_ledger_adds_methods_of_its_own_to_the_view(app):
    """All pages of all ledgers are the same few methods."""
    declared = {"ledger", "form", "datamodel", "include_route_methods", "list_columns"}
    for view in app.appbuilder.baseviews:
        if isinstance(view, LedgerView):
            own = {name for name, value in vars(type(view)).items() if inspect.isfunction(value)}
            assert own == set()
            assert declared <= set(vars(type(view)))


def test_every_right_that_is_asked_for_is_a_row_of_flask_appbuilder(app):
    with app.app_context():
        rows = db.session.query(PermissionView).all()
        known = {(row.permission.name, row.view_menu.name) for row in rows}
    asked = {(f"can_{verb}", ledger.name) for ledger in ledgers(app) for verb in ledger.verbs}
    asked |= {(f"can_{verb}", "accounts") for verb in ("read", "add", "edit", "grant")}
    asked |= {(f"can_{verb}", "roles") for verb in ("read", "edit")}
    assert asked <= known


@pytest.mark.one_database
def test_nobody_is_answered_without_signing_in(app, visit, rows):
    visitor = visit()
    token = visitor.look("/login/") and visitor.token
    with unchanged(rows):
        for method in ("GET", "POST"):
            for path in ["/logout/", "/my_password/", "/nowhere", *addresses(app, method, 1)]:
                answer = visitor.look(path) if method == "GET" else visitor.post(path, csrf_token=token)
                if path.startswith("/api/"):
                    assert answer.status == 401, f"{method} {path}"
                elif (method, path) != ("GET", "/logout/"):
                    assert (answer.status, answer.response.location[:7]) == (302, "/login/"), f"{method} {path}"
        for path in OPEN:
            assert visitor.look(path).status in (200, 302)


# What towns and zones see; everything else is closed to them.
OF_AREAS = {"service_projects", "project_progress", "project_milestones", "project_acceptances"} | {
    "project_satisfactions"
}


@pytest.mark.slow
@pytest.mark.one_database
@pytest.mark.parametrize("account", ["town01", "zone01"])
def test_liaisons_of_areas_see_service_projects_and_no_other_records(app, visit, rows, account):
    visitor = visit(account)
    with unchanged(rows):
        for ledger in walked(app):
            if ledger.name not in OF_AREAS:
                for method, ask in (("GET", visitor.look), ("POST", visitor.post)):
                    for path in addresses(app, method, 1, f"/{ledger.name}/", once=True):
                        assert ask(path).status == 403, path


def test_a_branch_fills_in_for_itself_and_does_no_more(app, visit, rows, change):
    visitor, draft = visit("branch01"), of(rows, 1, "draft")
    branch = "(SELECT org_id FROM account_profile WHERE org_id IS NOT NULL)"
    assert visitor.look(f"/agreements/edit/{draft}").status == 404
    change(f"UPDATE agreement SET owner_org_id = {branch} WHERE id = {draft}")
    assert visitor.look("/agreements/list/").ids() == [draft]
    assert visitor.look(f"/agreements/edit/{draft}").status == 200
    with unchanged(rows):
        assert visitor.look("/agreements/export").status == 403
        assert visitor.post(f"/agreements/delete/{of(rows, 1, 'draft')}").status == 403
        assert {visitor.look(f"/{name}/list/").status for name in ("units", "party_orgs", "areas", "code_lists")} == {
            403
        }


# By verb: what it opens, as (method, address); {id} is an own draft.
OPENS = {
    "read": [("GET", f"/agreements/{page}") for page in ("list/", "show/{id}", "options/party_b_org_id")],
    "export": [("GET", "/agreements/export")],
    "add": [("GET", "/agreements/add"), ("POST", "/agreements/add")],
    "edit": [("GET", "/agreements/edit/{id}"), ("POST", "/agreements/edit/{id}"), *(
        ("POST", f"/agreements/action/publish_{name}/{{id}}") for name in ("internal", "organs", "public")
    )],
    "delete": [("POST", "/agreements/action/delete_selected/{id}"), ("POST", "/agreements/delete/{id}")],
}  # fmt: skip


@pytest.mark.parametrize("verb", OPENS)
def test_the_permission_rows_decide_at_the_next_request(visit, rows, change, verb):
    """Taken away past the page: refused for page and bulk action alike; given back: it works again."""
    id_, visitor = of(rows, 1, "draft"), visit("filler01")
    take(change, "unit_filler", "agreements", verb)
    with unchanged(rows):
        assert {ask(visitor, *each, id_) for each in OPENS[verb]} == {403}
        sent = {"action": f"{'delete_selected' if verb == 'delete' else 'publish_public'}", "rowid": str(id_)}
        if verb in ("read", "edit", "delete"):
            assert visitor.post("/agreements/action_post", sent).status == 403
    give(change, rows, "unit_filler", "agreements", verb)
    for method, path in OPENS[verb][:-1] or OPENS[verb]:
        assert ask(visitor, method, path, id_) in (200, 302), path


def ask(visitor, method, path, id_):
    """The status of one answer; sheets are not read as text."""
    path = path.format(id=id_)
    if method == "POST":
        return visitor.post(path).status
    answer = visitor.client.get(path)
    answer.close()
    return answer.status_code


@pytest.mark.parametrize("verb", ["add", "edit", "delete"])
def test_pages_offer_only_what_is_allowed(visit, rows, change, verb):
    id_, visitor = of(rows, 1, "draft"), visit("filler01")
    marks = {
        "add": 'a[href="/agreements/add"]',
        "edit": 'button[value^="publish"]',
        "delete": 'button[value^="delete"]',
    }
    links = {
        "add": marks["add"],
        "edit": f'a[href="/agreements/edit/{id_}"]',
        "delete": f'form[action$="delete/{id_}"]',
    }
    page = "/agreements/list/" if verb == "add" else f"/agreements/show/{id_}"
    assert visitor.look("/agreements/list/").select(marks[verb])
    assert visitor.look(page).select(links[verb])
    take(change, "unit_filler", "agreements", verb)
    assert not visitor.look("/agreements/list/").select(marks[verb])
    assert not visitor.look(page).select(links[verb])


def everything_posted(app, visit, account, ledger, rows):
    """Every address of the ledger that takes a POST, for its first record, filled as a form would be; bulk, too."""
    visitor, table = visit(account), ledger.model.__tablename__
    ids = [str(i) for (i,) in rows(f"SELECT id FROM {table} ORDER BY id LIMIT 3")]
    typed = dict.fromkeys(ledger.entered, "1") | {"status": "active", "agreement_id": "1", "version": "1"}
    for path in addresses(app, "POST", int(ids[0]), f"/{ledger.name}/", account=account):
        if path.endswith("/views"):  # everybody keeps views of what they read; no record changes by that
            continue
        for action in ledger.list.bulk if path.endswith("action_post") else ("",):
            yield path, visitor.post(path, typed | {"action": action, "rowid": ids}).status


@pytest.mark.slow
@pytest.mark.one_database
@pytest.mark.parametrize("account", READERS)
def test_readers_change_no_row_by_any_address_form_or_action(app, visit, rows, account):
    """Acceptance test 8."""
    visitor = visit(account)
    with unchanged(rows):
        for ledger in walked(app):
            for path, status in everything_posted(app, visit, account, ledger, rows):
                assert status in (403, 404), path
        for path in addresses(app, "POST", 1, "/accounts/") + addresses(app, "POST", 1, "/roles/"):
            assert visitor.post(path, name="x", username="xyz", roles="1").status == 403, path


@pytest.mark.slow
@pytest.mark.one_database
@pytest.mark.parametrize("account", ["admin", "sysadmin", "secadmin", "auditadmin"])
def test_administrators_change_no_business_record(app, visit, rows, account):
    business = [ledger for ledger in walked(app) if ledger.review.statuses or ledger.under]
    with unchanged(rows):
        for ledger in business:
            for path, status in everything_posted(app, visit, account, ledger, rows):
                assert status in (403, 404), path


@pytest.mark.slow
@pytest.mark.one_database
@pytest.mark.parametrize("account", ["sysadmin", "secadmin", "auditadmin"])
def test_the_three_administrators_read_no_business_record(app, visit, account):
    """Acceptance test 8."""
    visitor = visit(account)
    for ledger in walked(app):
        if ledger.review.statuses or ledger.under or ledger.scoped:
            for path in addresses(app, "GET", 1, f"/{ledger.name}/", once=True):
                assert visitor.look(path).status == 403, path


@pytest.mark.slow
@pytest.mark.one_database
def test_readers_stay_readers_whatever_the_permission_rows_say(app, visit, rows, change):
    """Rows put into the database past the role page do not make an auditor write."""
    for ledger in walked(app):
        for verb in set(ledger.verbs) - {"read", "export"}:
            give(change, rows, "auditor_ro", ledger.name, verb)
    test_readers_change_no_row_by_any_address_form_or_action(app, visit, rows, "auditor")


def test_flask_appbuilders_own_roles_give_nothing(app, visit, rows, change):
    """Admin holds every row that Flask-AppBuilder made; Public is given them here. Neither counts."""
    for ledger in walked(app):
        give(change, rows, "Public", ledger.name, "read")
    user = first(rows, "ab_user", "username = 'auditadmin'")
    for n, name in enumerate(("Admin", "Public")):
        role = first(rows, "ab_role", f"name = '{name}'")
        change(f"INSERT INTO ab_user_role (id, user_id, role_id) VALUES ({9990 + n}, {user}, {role})")
    names = {ledger.name for ledger in walked(app)} - {"audit_events"}  # which its own role reads
    assert {visit("auditadmin").look(f"/{name}/list/").status for name in names} == {403}
    assert visit("auditadmin").look("/roles/list/").status == 403
    assert visit().look("/agreements/list/").status == 302


@pytest.mark.slow
@mostly_on_sqlite(ACCOUNTS, "reviewer", "filler01")
def test_every_list_answers_in_few_statements(app, visit, statements, account):
    """However many rows and columns it shows."""
    visitor = visit(account)
    for ledger in readable(app, account):
        visitor.look(f"/{ledger.name}/list/")  # that names were seen is written down once a day
        for query in ("", "?page_size=1", f"?columns={','.join(choosable(ledger))}&page_size=100"):
            with statements() as seen:
                assert visitor.client.get(f"/{ledger.name}/list/{query}").status_code == 200
            assert len(seen) <= MOST_STATEMENTS, f"{ledger.name} {query}: {len(seen)}"


def more(app, rows, change, ledger):
    """Copies every row of a ledger's table a few times over, with what must be unique left out."""
    columns = {column.name: column for column in ledger.model.__table__.columns}
    kept = [name for name, column in columns.items() if not column.primary_key and not column.unique]
    if any(column.unique and not column.nullable for column in columns.values()):
        return False
    names, table = ", ".join(kept), ledger.model.__tablename__
    for _ in range(3):
        change(f"INSERT INTO {table} ({names}) SELECT {names} FROM {table}")
    return True


@pytest.mark.slow
@mostly_on_sqlite(["filler01", "reviewer", "auditor"], "reviewer")
def test_a_list_of_many_more_rows_takes_as_many_statements(app, visit, rows, change, statements, account):
    visitor = visit(account)
    for ledger in readable(app, account):
        paths = [f"/{ledger.name}/list/", f"/{ledger.name}/list/?page_size=100&q=a"]
        before = [counted(statements, visitor, path) for path in paths]
        if more(app, rows, change, ledger):
            assert [counted(statements, visitor, path) for path in paths] == before, ledger.name


def counted(statements, visitor, path):
    with statements() as seen:
        assert visitor.client.get(path).status_code == 200
    return len(seen)


@mostly_on_sqlite(["filler01", "reviewer"], "filler01")
def test_a_form_takes_as_many_statements_with_twenty_members_as_with_many(
    app, visit, rows, change, statements, account
):
    """And the page does not grow with them."""
    visitor = visit(account)
    paths = ["/agreements/add", f"/agreements/edit/{of(rows, 1, 'draft')}", "/members/add", "/units/show/1"]
    paths += [f"/coop_activities/add?agreement_id={of(rows, 1, 'active')}", "/"]
    before = [(counted(statements, visitor, path), len(visitor.look(path).select("option"))) for path in paths]
    members = next(ledger for ledger in ledgers(app) if ledger.name == "members")
    assert more(app, rows, change, members)
    assert rows("SELECT count(*) FROM member")[0][0] > 1000
    assert [(counted(statements, visitor, path), len(visitor.look(path).select("option"))) for path in paths] == before


@pytest.mark.slow
@mostly_on_sqlite(["reviewer", "filler01", "town01"], "reviewer")
def test_every_column_shows_and_sorts_both_ways(app, visit, account):
    visitor = visit(account)
    for ledger in readable(app, account):
        path = f"/{ledger.name}/list/?page_size=3"
        every = choosable(ledger)
        page = visitor.look(f"{path}&columns={','.join(every)}")
        assert [cell["data-field"] for cell in page.select("td[data-field]")] == every * len(page.ids())
        assert len(page.select("th a[href]")) == len(set(ledger.sortable) - {"id"})
        for name in ledger.sortable:
            for order in (name, f"-{name}"):
                assert visitor.client.get(f"{path}&order={order}").status_code == 200, f"{path} {order}"


@pytest.mark.slow
@pytest.mark.one_database
def test_a_list_sorts_as_its_headings_say(app, visit):
    """The address of each heading sorts by its column, and once more the other way."""
    visitor = visit("auditor")
    for ledger in readable(app, "auditor"):
        for name in set(ledger.sortable) - {"id"}:
            page = visitor.look(f"/{ledger.name}/list/?page_size=3&order={name}")
            heading = page.one('th[aria-sort="ascending"] a')
            assert visitor.look(heading["href"]).select('th[aria-sort="descending"]')


@pytest.mark.slow
@mostly_on_sqlite(SIGHTS, "filler01")
def test_every_filter_takes_what_the_records_hold(app, visit, rows, account):
    """Whoever may read a list may filter it by what stands in it, and finds it."""
    visitor = visit(account)
    for ledger in readable(app, account):
        some = visitor.look(f"/{ledger.name}/list/").ids()
        if not some:
            continue
        for name in ledger.list.filters:
            found = rows(f"SELECT {name} FROM {ledger.model.__tablename__} WHERE id = {some[0]}")[0][0]
            text = legal(found)
            answer = visitor.client.get(f"/{ledger.name}/list/", query_string={name: text, "page_size": 100})
            assert answer.status_code == 200, f"{ledger.name} {name}={text}"
            assert not text or f'data-id="{some[0]}"' in answer.text, f"{ledger.name} {name}={text}"
            assert visitor.client.get(f"/{ledger.name}/list/?{name}=&page_size=1").status_code == 200


def legal(found):
    """A stored value as an address carries it."""
    if found is None:
        return ""
    if isinstance(found, bool):
        return "1" if found else "0"
    if re.match(MOMENT, str(found)):
        return f"{clock.local(datetime.fromisoformat(str(found))):%Y-%m-%d}"
    return str(found).strip(",").partition(",")[0]


@pytest.mark.slow
@mostly_on_sqlite(ACCOUNTS, "reviewer")
def test_every_form_page_tree_and_sheet_opens_for_whoever_may(app, visit, rows, account):
    visitor = visit(account)
    with app.test_request_context():
        principal = act_as(account)
    for ledger in readable(app, account):
        for id_ in visitor.look(f"/{ledger.name}/list/").ids()[:2]:
            page = visitor.look(f"/{ledger.name}/show/{id_}")
            assert page.status == 200
            offered = bool(page.select(f'a[href="/{ledger.name}/edit/{id_}"]'))
            assert (visitor.look(f"/{ledger.name}/edit/{id_}").status == 200) is offered
        for may, path in [
            (ledger.list.tree, "tree"),
            (principal.may("export", ledger.name), "export"),
            (principal.may("add", ledger.name) and not ledger.under, "add"),
        ]:
            if may:
                assert ask(visitor, "GET", f"/{ledger.name}/{path}", 0) == 200, f"{ledger.name} {path}"


# The budget of required fields (`docs/domain` §2.0): for what is entered daily, for registers, for contracts.
DAILY, REGISTER, CONTRACT = 5, 8, 12
BUDGETS = {
    "agreements": CONTRACT,
    "service_projects": CONTRACT,
    **dict.fromkeys(("beneficiaries", "pairings", "study_groups"), REGISTER),
}


def test_no_form_requires_more_than_its_budget(app):
    """Every required field that a unit's filler sees, prefilled or not."""
    with app.test_request_context(), scope.acting_as(act_as("filler01")):
        for ledger in walked(app):
            if ledger.review.statuses or ledger.under:
                declared = ledger.entered.values()
                required = [each for each in declared if each.required and (each.asked is None or each.asked())]
                assert len(required) <= BUDGETS.get(ledger.name, DAILY), ledger.name


@pytest.mark.parametrize("account", ["filler01", "reviewer", "auditor"])
def test_record_pages_of_what_is_entered_daily_ask_little(visit, rows, statements, account):
    visitor = visit(account)
    for name, table in (("visits", "visit"), ("study_sessions", "study_session"), ("beneficiaries", "beneficiary")):
        own = f"status = 'active' AND owner_unit_id = {unit_id(rows, 1)}"
        path = f"/{name}/show/{first(rows, table, own)}"
        visitor.look(path)
        with statements() as seen:
            assert visitor.look(path).status == 200
        assert len(seen) <= MOST_STATEMENTS + 1, path  # and whether the record that it names may be opened
