"""Each scope of `docs/domain` §4.2 against the rows told one by one, over every ledger with records of units."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import current_app
from flask_appbuilder.security.sqla.models import Role, User
from sqlalchemy import select, update

from portal.accounts.security_manager import act_as
from portal.core import clock
from portal.core.access import scope
from portal.core.access.scope import OutOfScope
from portal.core.declaration.ledger import VERBS, mounted
from portal.extensions import db
from portal.ledgers.cobuilding.model import Agreement
from portal.ledgers.service.model import ServiceProject
from portal.org.account_profiles import AccountGrant, AccountProfile, RoleScope
from portal.org.models import Area, PartyOrg, Unit
from tests.security.walk import first, unit_id

FILLER = "filler01"


@pytest.fixture
def acting(app, built):
    """`acting("filler01")`: what follows is done as that account."""

    def as_(username):
        built.dirty = True
        return scope.acting_as(act_as(username))

    with app.test_request_context():
        yield as_


@pytest.fixture
def trees(acting):
    """Unit 2 is put below unit 1 and unit 3 below that; the filler fills for a branch below unit 1's organisation."""
    with scope.unscoped("a test"):
        one, two, three = db.session.scalars(select(Unit).order_by(Unit.sort_no).limit(3))
        two.parent_id, three.parent_id = one.id, two.id
        org = db.session.scalars(select(PartyOrg).where(PartyOrg.units.any(Unit.id == one.id))).first()
        branch = db.session.scalars(select(PartyOrg).where(PartyOrg.parent_id == org.id)).first()
        db.session.commit()
    return {"one": one.id, "two": two.id, "three": three.id, "org": org.id, "branch": branch and branch.id}


def set_scope(name, unit_ids=None, role="unit_filler"):
    with scope.unscoped("a test"):
        for row in db.session.scalars(select(RoleScope)):
            if row.role_id == role_id(role):
                row.scope, row.unit_ids = name, unit_ids
        db.session.commit()


def role_id(name):
    return db.session.scalar(select(Role.id).where(Role.name == name))


def whole(row):
    return whole(getattr(row, row.part_of)) if row.part_of else row


def expected(holds, verb="read"):
    """By ledger: the ids of the rows for which `holds(record)`, told one by one."""
    found = {}
    with scope.unscoped("a test"):
        for ledger in readable(verb):
            found[ledger.name] = {row.id for row in db.session.scalars(select(ledger.model)) if holds(whole(row))}
    return found


def readable(verb="read"):
    return [each for each in mounted() if each.scoped]


def seen(acting, username):
    with acting(username):
        allowed = [each for each in readable() if scope.current().may("read", each.name)]
        return {each.name: set(db.session.scalars(select(each.model.id))) for each in allowed}


def check(acting, holds, username=FILLER):
    found, wanted = seen(acting, username), expected(holds)
    assert found == {name: wanted[name] for name in found}
    return found


def test_own_is_what_the_account_filled_in_itself(acting, rows):
    set_scope("own")
    me = first(rows, "ab_user", f"username = '{FILLER}'")
    with scope.unscoped("a test"):
        for ledger in readable():
            for row in db.session.scalars(select(ledger.model).limit(2)):
                record = whole(row)
                if hasattr(record, "filler_id") and record.filler_id is not None:
                    record.filler_id = me
        db.session.commit()
    found = check(acting, lambda record: getattr(record, "filler_id", None) == me)
    assert len(found["agreements"]) >= 2
    assert found["members"] == set()


def test_unit_and_below_goes_down_the_tree_of_units(acting, trees):
    set_scope("unit_sub")
    family = {trees["one"], trees["two"], trees["three"]}
    found = check(acting, lambda record: record.owner_unit_id in family)
    assert all(found[name] for name in ("agreements", "visits", "members"))


def test_a_unit_that_was_moved_leaves_its_records_of_before_where_they_were(acting, trees):
    """The tree of a record's day counts: unit 3 stood below unit 1's until the day, and below unit 4 since."""
    set_scope("unit_sub")
    day = date(2026, 1, 1)
    with scope.unscoped("a test"):
        three = db.session.get_one(Unit, trees["three"])
        four = db.session.scalars(select(Unit).where(Unit.sort_no == 4)).one()
        three.parent_id, three.changed_on = four.id, day
        three.keep_former()
        db.session.commit()
        always, later = {trees["one"], trees["two"]}, {four.id}
    before = check(acting, lambda each: each.owner_unit_id in always or (moved(each) and each.dated() < day))
    after = check(
        acting, lambda each: each.owner_unit_id in later or (moved(each) and each.dated() >= day), username="filler04"
    )
    assert all(found["agreements"] for found in (before, after))
    assert before["members"] & after["members"] == set()
    for username, fills in ((FILLER, False), ("filler04", True)):
        with acting(username):
            assert (trees["three"] in scope.current().home) is fills


def moved(record):
    with scope.unscoped("a test"):
        return record.owner_unit_id == db.session.scalar(select(Unit.id).where(Unit.sort_no == 3))


def test_whoever_took_over_a_unit_has_its_records(acting, rows):
    one, two, three = (unit_id(rows, n) for n in (1, 2, 3))
    with scope.unscoped("a test"):
        for gone, into in ((three, two), (two, one)):
            unit = db.session.get_one(Unit, gone)
            unit.merged_into_id, unit.status = into, "dissolved"
        db.session.commit()
    found = check(acting, lambda record: record.owner_unit_id in {one, two, three})
    assert found["agreements"]


def test_organisation_and_below_goes_down_the_tree_of_organisations(acting, trees):
    set_scope("org_sub")
    with scope.unscoped("a test"):
        orgs = dict(db.session.execute(select(PartyOrg.id, PartyOrg.parent_id)).all())

    def under(org_id, top):
        return org_id is not None and (org_id == top or under(orgs.get(org_id), top))

    found = check(acting, lambda record: under(record.owner_org_id, trees["org"]))
    assert all(found[name] for name in ("agreements", "members"))


def test_an_organisation_that_was_moved_leaves_its_records_of_before_where_they_were(acting, trees):
    set_scope("org_sub")
    day = date(2026, 1, 1)
    with scope.unscoped("a test"):
        db.session.execute(
            update(Agreement).where(Agreement.owner_unit_id == trees["one"]).values(owner_org_id=trees["branch"])
        )
        branch, other = db.session.get_one(PartyOrg, trees["branch"]), direct_org(4)
        branch.parent_id, branch.changed_on = other, day
        branch.keep_former()
        for username, org in ((FILLER, trees["org"]), ("filler04", other)):
            user = select(User.id).where(User.username == username).scalar_subquery()
            db.session.execute(update(AccountProfile).where(AccountProfile.user_id == user).values(org_id=org))
        db.session.commit()
    before, after = seen(acting, FILLER)["agreements"], seen(acting, "filler04")["agreements"]
    with scope.unscoped("a test"):
        moved_on = select(Agreement).where(Agreement.owner_org_id == trees["branch"])
        days = {each.id: each.dated() for each in db.session.scalars(moved_on)}
    assert {id_ for id_, signed in days.items() if signed < day} == before & days.keys() != set()
    assert {id_ for id_, signed in days.items() if signed >= day} == after & days.keys() != set()


def direct_org(n):
    found = select(PartyOrg.id).where(PartyOrg.units.any(Unit.sort_no == n)).order_by(PartyOrg.id)
    return db.session.scalar(found.limit(1))


def test_a_branch_sees_its_own_and_not_its_committees(acting, trees, rows):
    set_scope("org_sub")
    with scope.unscoped("a test"):
        profile = db.session.scalars(
            select(AccountProfile).where(AccountProfile.unit_id == trees["one"]).order_by(AccountProfile.user_id)
        ).first()
        profile.org_id = trees["branch"]
        db.session.commit()
    found = check(acting, lambda record: record.owner_org_id == trees["branch"])
    assert found["agreements"] == set()


def test_chosen_units_are_those_and_not_the_one_above_them(acting, trees):
    """Acceptance test 10: with every child chosen, the parent is not."""
    set_scope("custom", [trees["two"], trees["three"]])
    found = check(acting, lambda record: record.owner_unit_id in {trees["two"], trees["three"]})
    assert found["agreements"]


def beside(rows):
    """By unit, the projects that it takes part in although they are another's."""
    found = {}
    query = "SELECT unit_id, id FROM service_project_co_unit JOIN service_project ON id = service_project_id"
    for unit, project in rows(query):
        found.setdefault(unit, set()).add(project)
    return found


def test_a_unit_sees_what_it_takes_part_in_and_changes_nothing_of_it(acting, rows):
    five, projects = unit_id(rows, 5), beside(rows)
    mine = projects[five]
    found = check(
        acting,
        lambda record: record.owner_unit_id == five or (record.id in mine and type(record) is ServiceProject),
        username="filler05",
    )
    assert mine < found["service_projects"]
    with acting("filler05"):
        project = db.session.get_one(ServiceProject, min(mine))
        verbs = {verb for verb in VERBS if scope.current().covers_row(verb, "service_projects", project)}
        assert verbs == {"read", "export"}
        project.title = "改了"
        with pytest.raises(OutOfScope):
            db.session.flush()
        db.session.rollback()
        outcome = db.session.execute(update(ServiceProject).where(ServiceProject.id.in_(mine)).values(remark="x"))
        assert outcome.rowcount == 0
        db.session.rollback()


@pytest.mark.one_database
def test_a_unit_as_the_other_party_sees_what_it_takes_part_in_and_nothing_of_its_own(acting, rows):
    projects = beside(rows)
    set_scope("counterpart")
    found = check(
        acting,
        lambda record: record.id in projects[unit_id(rows, 5)] and type(record) is ServiceProject,
        username="filler05",
    )
    assert found["service_projects"]
    assert found["project_progress"]
    with acting("filler05"):
        assert not scope.current().may("add", "service_projects")


def test_an_area_sees_what_lies_in_it_as_the_other_party(acting, rows):
    give_reading("town_user", ["agreements", "coop_activities", "service_projects"])
    set_scope("area", role="town_user")
    with scope.unscoped("a test"):
        profile = db.session.scalars(
            select(AccountProfile).join(Area, AccountProfile.area_id == Area.id).where(Area.kind == "town")
        ).first()
        town = profile.area_id
        places = {town, *db.session.scalars(select(Area.id).where(Area.parent_id == town))}
        orgs = set(db.session.scalars(select(PartyOrg.id).where(PartyOrg.community_id.in_(places))))
    found = check(
        acting, lambda record: record.counter_area_id in places or record.counter_org_id in orgs, username="town01"
    )
    assert all(found[name] for name in ("agreements", "service_projects"))


def give_reading(role, ledgers):
    security = current_app.extensions["appbuilder"].sm
    with scope.unscoped("a test"):
        row = security.find_role(role)
        for name in ledgers:
            security.add_permission_role(row, security.find_permission_view_menu("can_read", name))
            if not db.session.scalar(select(RoleScope.id).where(RoleScope.role_id == row.id, RoleScope.ledger == name)):
                db.session.add(RoleScope(role_id=row.id, ledger=name, scope="none"))
        db.session.commit()


def grant(username, **values):

    with scope.unscoped("a test"):
        user_id = db.session.scalar(select(User.id).where(User.username == username))
        held = {"ledger": "*", "verbs": "read", "scope": "custom", "since": clock.today(), "until": clock.today()}
        db.session.add(AccountGrant(user_id=user_id, reason="a task", granted_at=clock.now(), **(held | values)))
        db.session.commit()


def test_a_grant_adds_to_the_roles_row_by_row_and_ends_with_its_day(acting, rows):

    one, two, three, four = (unit_id(rows, n) for n in (1, 2, 3, 4))
    grant(FILLER, unit_ids=[two])
    grant(FILLER, unit_ids=[three], until=clock.today() - timedelta(days=1), since=clock.today() - timedelta(days=9))
    grant(FILLER, unit_ids=[four], since=clock.today() + timedelta(days=1), until=None)
    with acting(FILLER):
        owners = set(db.session.scalars(select(mounted()[0].model.owner_unit_id)))
        assert owners == {one, two}
        assert scope.current().covers("edit", "agreements", one)
        assert not scope.current().covers("edit", "agreements", two)


@pytest.mark.parametrize("username", ["sysadmin", "secadmin", "auditadmin"])
def test_nothing_on_records_can_be_granted_to_the_three_administrators(acting, username):
    grant(username, scope="all", verbs="read,export,reveal,edit")
    with acting(username):
        assert not any(scope.current().grants.get((each.name, "read")) for each in mounted() if each.review.statuses)


def test_an_auditor_is_granted_sight_in_full_and_never_a_pen(acting):
    grant("auditor", scope="all", verbs="reveal,edit,add,approve")
    with acting("auditor"):
        assert scope.current().may("reveal", "beneficiaries")
        business = {ledger for ledger, verb in scope.current().grants if verb in ("edit", "add", "approve")}
        assert business <= {"samples"}


@pytest.mark.parametrize("name", ["own", "org_sub"])
def test_who_fills_by_person_or_branch_does_not_choose_another_units_rows(acting, trees, rows, name):
    set_scope(name)
    agreement = mounted()[0].model
    with acting(FILLER):
        me = scope.current()
        columns = {"owner_org_id": trees["org"], "filler_id": me.user_id, "agreement_type": "1"}
        db.session.add(agreement(owner_unit_id=trees["three"], **columns))
        with pytest.raises(OutOfScope):
            db.session.flush()
        db.session.rollback()
        db.session.add(agreement(owner_unit_id=me.unit_id, **columns))
        db.session.flush()
        db.session.rollback()
