"""Whose records one sees: lists, pages, choices, counts, exports, and every shape of statement."""

from __future__ import annotations

import io

import openpyxl
import pytest
from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import aliased, joinedload, selectinload

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.access.row_scope import RowFilter, RowScope
from portal.extensions import BUILT_ONCE, db
from portal.ledgers.cobuilding.model import Agreement, CoopActivity, DemandItem
from portal.org.models import Member, PartyOrg, Unit
from tests.security.walk import addresses, first, give, of, take, unit_id

OWN = {
    "agreements": "SELECT id FROM agreement WHERE owner_unit_id = {unit}",
    "coop_activities": "SELECT c.id FROM coop_activity c JOIN agreement a ON a.id = c.agreement_id "
    "WHERE a.owner_unit_id = {unit}",
    "members": "SELECT id FROM member WHERE unit_id = {unit}",
}
TABLES = {"agreements": "agreement", "coop_activities": "coop_activity", "members": "member"}


def own(rows, ledger, unit=1):
    return sorted(id_ for (id_,) in rows(OWN[ledger].format(unit=unit_id(rows, unit))))


def foreign(rows, ledger):
    """A record of unit 2."""
    return own(rows, ledger, 2)[0]


@pytest.mark.parametrize("ledger", OWN)
@pytest.mark.parametrize(("account", "unit"), [("filler01", 1), ("secretary01", 1), ("filler02", 2)])
def test_a_list_holds_the_own_units_records_and_no_others(visit, rows, ledger, account, unit):
    """H7, H8: nothing of other units is in the page either, in no filter and in no choice."""
    page = visit(account).look(f"/{ledger}/list/?page_size=100")
    assert sorted(page.ids()) == own(rows, ledger, unit)


@pytest.mark.parametrize("ledger", OWN)
@pytest.mark.parametrize("account", ["reviewer", "auditor", "disc", "leader", "admin"])
def test_whoever_reads_all_units_sees_all(visit, rows, ledger, account):
    seen = [id_ for page in range(2) for id_ in visit(account).look(f"/{ledger}/list/?page_size=100&page={page}").ids()]
    assert sorted(seen) == [id_ for (id_,) in rows(f"SELECT id FROM {TABLES[ledger]} ORDER BY id")]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("ledger", OWN)
def test_another_units_record_is_not_there_at_any_address(app, visit, rows, ledger, method):
    """H1, H3, H9, fact 2: page, form, delete and action answer as if there were no such record."""
    id_, filler, reviewer = foreign(rows, ledger), visit("filler01"), visit("secretary01")
    for path in addresses(app, method, id_, f"/{ledger}/"):
        if f"/{id_}" in path:
            visitor = reviewer if "/reveal/" in path else filler  # who may do so with records of their own
            answer = visitor.look(path) if method == "GET" else visitor.post(path)
            assert answer.status == 404, path


def test_a_page_about_no_record_is_not_there(visit):
    """H9: a missing id is no fault of ours."""
    for ledger in OWN:
        assert visit("filler01").look(f"/{ledger}/show/999999").status == 404


@pytest.mark.parametrize("ledger", OWN)
def test_an_export_holds_the_own_units_records_only(visit, rows, ledger):
    assert len(exported(visit("filler01"), ledger)) == len(own(rows, ledger))
    everything = rows(f"SELECT count(*) FROM {TABLES[ledger]}")[0][0]
    assert len(exported(visit("auditor"), ledger)) == everything


def exported(visitor, ledger, query=""):
    """The numbered rows of the sheet."""
    drafts = "&drafts=1" if query else "?drafts=1"
    answer = visitor.client.get(f"/{ledger}/export{query}{drafts}")
    assert answer.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    answer.close()
    return [row for row in book.active.iter_rows(min_row=4, values_only=True) if isinstance(row[0], int)]


def test_an_export_reaches_no_further_than_the_right_to_export(visit, rows, change):
    """Roles add up right by right: reading all units and exporting one's own is not exporting all."""
    user = first(rows, "ab_user", "username = 'filler01'")
    role = first(rows, "ab_role", "name = 'gw_leader'")
    take(change, "gw_leader", "agreements", "export")
    change(f"INSERT INTO ab_user_role (id, user_id, role_id) VALUES (9999, {user}, {role})")
    assert len(visit("filler01").look("/agreements/list/?page_size=100").ids()) > 5
    assert len(exported(visit("filler01"), "agreements")) == len(own(rows, "agreements"))


def test_the_workspace_counts_the_own_units_records_only(visit, rows):
    for account, expected in (("filler01", len(own(rows, "agreements"))), ("reviewer", all_of(rows, "agreement"))):
        card = visit(account).look("/").one('.work-cards section:has(a[href="/agreements/list/"])')
        assert int(card.select_one(".big-number").get_text()) == expected


def all_of(rows, table):
    return rows(f"SELECT count(*) FROM {table}")[0][0]


def test_the_add_form_offers_own_organisations_as_party_a(visit, rows):
    """H7: 700 organisations and 160 members are not in the page."""
    page = visit("filler01").look("/agreements/add")
    offered = {str(o["value"]) for o in page.select("#party_a_org_id option") if o["value"]}
    unit = unit_id(rows, 1)
    assert offered == {str(i) for (i,) in rows(f"SELECT party_org_id FROM unit_org WHERE unit_id = {unit}")}
    assert all(len(select.select("option")) <= 51 for select in page.select("select"))


def test_a_list_page_carries_no_choices_of_other_tables(visit):
    """H8: a filter by a link is searched remotely."""
    page = visit("auditor").look("/agreements/list/")
    remote = page.select(".filters select[data-remote]")
    assert remote
    assert [len(select.select("option")) for select in remote] == [0] * len(remote)


def test_choices_are_searched_within_the_scope(visit, rows):
    """H12: what one may not choose is not offered."""
    unit = unit_id(rows, 1)
    own_orgs = {i for (i,) in rows(f"SELECT party_org_id FROM unit_org WHERE unit_id = {unit}")}
    answer = visit("filler01").client.get("/agreements/options/party_a_org_id").json
    assert {each["id"] for each in answer["results"]} == own_orgs
    answer = visit("filler01").client.get("/members/options/unit_id").json
    assert [each["id"] for each in answer["results"]] == [unit]


def test_choices_of_fields_that_are_no_links_are_not_there(visit):
    for name in ("title", "status", "filler_id", "owner_org_id", "password", "demand_items.name"):
        assert visit("filler01").look(f"/agreements/options/{name}").status == 404


def test_search_finds_nothing_of_other_units(visit, rows):
    title = rows(f"SELECT title FROM agreement WHERE id = {foreign(rows, 'agreements')}")[0][0]
    assert visit("filler01").look("/agreements/list/", q=title).ids() == []
    assert visit("reviewer").look("/agreements/list/", q=title).ids() != []


def test_entries_are_hidden_from_who_may_not_read_them(visit, rows, change):
    """H16: not in the page of the record that they are under, either."""
    id_, visitor = of(rows, 1, "active"), visit("filler01")
    assert visitor.look(f"/agreements/show/{id_}").select('table[data-ledger="coop_activities"] tr[data-id]')
    take(change, "unit_filler", "coop_activities", "read")
    assert not visitor.look(f"/agreements/show/{id_}").select('table[data-ledger="coop_activities"]')
    assert visitor.look("/coop_activities/list/").status == 403


def test_entries_of_a_page_are_that_records_own(visit, rows):
    id_ = of(rows, 1, "active")
    page = visit("auditor").look(f"/agreements/show/{id_}")
    assert sorted(page.ids()) == sorted(i for (i,) in rows(f"SELECT id FROM coop_activity WHERE agreement_id = {id_}"))


other = aliased(Agreement)
cte = select(Agreement.owner_unit_id).cte("seen")
inner = select(Agreement.owner_unit_id).subquery()
# Statements that answer ids of units: whatever their shape, unit 1's filler gets unit 1's.
SHAPES = {
    "rows": lambda: select(Agreement.owner_unit_id),
    "entries": lambda: select(CoopActivity.owner_unit_id).select_from(CoopActivity),
    "members": lambda: select(Member.unit_id),
    "join": lambda: select(Unit.id).join(Agreement, Agreement.owner_unit_id == Unit.id),
    "join of a relation": lambda: select(Agreement.owner_unit_id).join(Agreement.demand_items),
    "join from the row": lambda: select(Agreement.owner_unit_id).select_from(DemandItem).join(DemandItem.agreement),
    "alias": lambda: select(other.owner_unit_id),
    "outer join of an alias": lambda: select(other.owner_unit_id).join(Agreement, Agreement.id == other.id),
    "subquery": lambda: select(inner.c.owner_unit_id),
    "common table": lambda: select(cte.c.owner_unit_id),
    "in": lambda: select(Unit.id).where(Unit.id.in_(select(Agreement.owner_unit_id))),
    "exists": lambda: select(Unit.id).where(select(Agreement.id).where(Agreement.owner_unit_id == Unit.id).exists()),
    "any": lambda: select(Agreement.owner_unit_id).where(Agreement.coop_activities.any()),
    "union": lambda: union_all(select(Agreement.owner_unit_id), select(Member.unit_id)),
    "group": lambda: select(Agreement.owner_unit_id).group_by(Agreement.owner_unit_id).having(func.count() > 0),
    "scalar": lambda: select(select(func.max(Agreement.owner_unit_id)).scalar_subquery()),
}


@pytest.fixture
def as_filler(app, rows):
    """The context of a request of filler01."""
    with app.test_request_context(), scope.acting_as(act_as("filler01")):
        yield unit_id(rows, 1)


@pytest.mark.parametrize("shape", SHAPES)
def test_no_shape_of_statement_passes_the_scope_by(as_filler, shape):
    assert set(db.session.scalars(SHAPES[shape]())) == {as_filler}


def test_counts_of_every_shape_are_of_own_records(as_filler, rows):
    own_ids = own(rows, "agreements")
    counts = (
        select(func.count()).select_from(Agreement),
        select(func.count(Agreement.id)),
        select(func.count()).select_from(select(Agreement.id).subquery()),
        select(func.count()).select_from(select(Agreement).limit(1000).subquery()),
        select(func.sum(literal(1))).select_from(Agreement),
    )
    assert [db.session.scalar(query) for query in counts] == [len(own_ids)] * len(counts)


def test_a_statement_that_is_built_once_is_narrowed_anew_for_each_user(app, rows):
    query = select(Agreement.owner_unit_id).execution_options(**BUILT_ONCE)
    with app.test_request_context():
        for number in (1, 2, 1):
            with scope.acting_as(act_as(f"filler0{number}")):
                assert set(db.session.scalars(query)) == {unit_id(rows, number)}


@pytest.mark.parametrize("option", [joinedload, selectinload])
def test_relations_load_own_records_only(as_filler, rows, change, option):
    theirs, mine = of(rows, 2, "draft"), of(rows, 1, "draft")
    change(f"UPDATE agreement SET previous_id = {theirs} WHERE id = {mine}")
    query = select(Agreement).where(Agreement.id == mine)
    assert db.session.scalars(query.options(option(Agreement.previous))).one().previous is None
    db.session.expunge_all()
    assert db.session.scalars(query).one().previous is None


def test_nobody_sees_nothing(app):
    """Outside of any request and any account, the scope is closed."""
    with app.app_context():
        assert db.session.scalars(select(Agreement.id)).all() == []
        assert db.session.scalars(select(Member.id)).all() == []
        assert db.session.scalars(select(PartyOrg.id)).first() is not None


def test_whoever_is_given_a_verb_but_no_scope_sees_nothing(visit, rows, change):
    give(change, rows, "town_user", "agreements", "read")
    page = visit("town01").look("/agreements/list/")
    assert (page.status, page.ids()) == (200, [])


def units_of(ids):
    return RowScope(claims=frozenset(RowFilter("owner_unit_id", id_) for id_ in ids))


def test_each_ledger_is_narrowed_by_its_own_reach_though_one_statement_carries_all(app, rows):
    """Conditions that share their code must not share their values."""
    units = [unit_id(rows, n) for n in (1, 2, 3)]
    ledgers = [each for each in app.extensions["portal.ledgers"] if each.scoped and each.review.statuses]
    with app.test_request_context():
        for turn in range(len(units)):
            reach = {each.name: {units[(turn + n) % 3]} for n, each in enumerate(ledgers)}
            grants = {(name, "read"): units_of(owners) for name, owners in reach.items()}
            with scope.acting_as(scope.Principal(username="somebody", grants=grants)):
                for each in ledgers:
                    owners = set(db.session.scalars(select(each.model.owner_unit_id).distinct()))
                    assert owners == reach[each.name], each.name
