"""Figures of assistance, study and service against counts by hand, on records shaken at random (`docs/domain` §2.6)."""

from __future__ import annotations

import random
from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from portal.core.declaration.figures import rate
from portal.extensions import Model
from portal.org.encrypted import Sealed
from tests.ledgers.test_agreement_figures import TODAY, as_date, figures
from tests.security.walk import unit_id

STATUSES = ("draft", "pending_unit", "active", "active", "active", "terminated", "voided")
DAYS = {"month": 31, "quarter": 92, "half": 183, "holiday": 183}


def months_ago(months):
    year, month = divmod(TODAY.year * 12 + TODAY.month - 1 - months, 12)
    return date(year, month + 1, min(TODAY.day, monthrange(year, month + 1)[1]))


TWO_YEARS_AGO = months_ago(24)


def copied(rows, change, table, *unique):
    """Every row of a table twice, so that there is something to count."""
    names = [name for name in columns_of(rows, table) if name not in ("id", "record_no", "office_no", *unique)]
    change(f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(names)} FROM {table}")


def columns_of(rows, table):
    return [column.name for column in Model.metadata.tables[table].columns]


def table(rows, name, unit=None):
    """The rows of a table as objects with dates, as far as a unit sees them."""
    names = columns_of(rows, name)
    found = [
        SimpleNamespace(**dict(zip(names, row, strict=True))) for row in rows(f"SELECT {', '.join(names)} FROM {name}")
    ]
    for row in found:
        for each in names:
            if each.endswith("_on") or each in ("deferred_until", "month"):
                setattr(row, each, as_date(getattr(row, each)))
    return [row for row in found if unit is None or not hasattr(row, "owner_unit_id") or row.owner_unit_id == unit]


def shake(rows, change, name, chance, **cells):
    """Each row gets values by chance; `cells` are functions that answer what to write."""
    for (id_,) in rows(f"SELECT id FROM {name} ORDER BY id"):
        written = ", ".join(f"{cell} = {told(give())}" for cell, give in cells.items())
        change(f"UPDATE {name} SET {written} WHERE id = {id_}")


def told(value):
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else f"'{value}'"


class Chance:
    """What happens at random, the same every time."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def day(self, least, most, never=0.0):
        """A day so many days around today; nothing now and then."""
        return lambda: None if self.random.random() < never else TODAY + timedelta(self.random.randint(least, most))

    def one(self, *choices):
        return lambda: self.random.choice(choices)


@pytest.fixture(params=[1, 2])
def chance(request):
    return Chance(request.param)


def told_by_pages(visit, unit, *ledgers):
    """What the pages say, as {ledger.figure: text}."""
    visitor = visit("reviewer" if unit is None else "filler01")
    return {
        f"{ledger}.{name}": card.select_one("[data-value]").text
        for ledger in ledgers
        for name, card in figures(visitor, ledger).items()
    }


@pytest.mark.slow
def test_figures_of_assistance_are_those_counted_by_hand(app, visit, rows, change, chance):
    copied(rows, change, "pairing")
    for _ in range(2):
        copied(rows, change, "visit")
    shake(rows, change, "beneficiary", chance, status=chance.one(*STATUSES), review_on=chance.day(-90, 90, 0.2),
          target_type=chance.one("1", "1", "2"))  # fmt: skip
    shake(rows, change, "pairing", chance, status=chance.one(*STATUSES), start_on=chance.day(-400, 0),
          end_on=chance.day(-60, 200, 0.3), visit_freq=chance.one(*DAYS))  # fmt: skip
    people = [id_ for (id_,) in rows("SELECT id FROM beneficiary")]
    shake(rows, change, "visit", chance, status=chance.one(*STATUSES), visited_on=chance.day(-900, 0),
          visit_type=chance.one("1", "2", "6"), beneficiary_id=chance.one(*people))  # fmt: skip
    for unit in (None, unit_id(rows, 1)):
        with app.app_context():
            expected = assistance(rows, unit)
        assert told_by_pages(visit, unit, "beneficiaries", "pairings", "visits").items() >= expected.items()


def assistance(rows, unit):
    people, pairs, visits = (table(rows, name, unit) for name in ("beneficiary", "pairing", "visit"))
    listed = [each for each in people if each.status == "active"]
    running = [each for each in pairs if each.status == "active" and (each.end_on or TODAY) >= TODAY]
    calls_left_out = [each for each in visits if each.status == "active" and each.visit_type != "6"]
    due = [each for each in running if each.start_on <= TODAY - timedelta(DAYS[each.visit_freq])]
    met = [
        each
        for each in due
        if any(
            visit.beneficiary_id == each.beneficiary_id
            and visit.owner_unit_id == each.owner_unit_id
            and visit.visited_on > TODAY - timedelta(DAYS[each.visit_freq])
            for visit in calls_left_out
        )
    ]
    recent = [each for each in calls_left_out if each.visited_on > TWO_YEARS_AGO]
    residents = {each.id: each.household_no for each in people if each.target_type == "1"}
    given = [(each.visit_id, Decimal(Sealed(each.amount).reveal())) for each in table(rows, "aid_item") if each.amount]
    shown = {visit.id for visit in recent}
    return {
        "beneficiaries.listed": str(len(listed)),
        "beneficiaries.households_listed": str(len({each.household_no for each in listed})),
        "beneficiaries.review_due": str(sum((each.review_on or TODAY) < TODAY for each in listed)),
        "pairings.running": str(len(running)),
        "pairings.helpers": str(
            len({(each.owner_unit_id, each.helper_member_id, each.helper_name) for each in running if each.helper_name})
        ),
        "pairings.helped": str(len({each.beneficiary_id for each in running})),
        "pairings.compliance": rate(len(met), len(due)),
        "pairings.unvisited": str(len(due) - len(met)),
        "pairings.expired": str(
            sum(each.status == "active" and each.end_on is not None and each.end_on < TODAY for each in pairs)
        ),
        "visits.visits": str(len(recent)),
        "visits.households": str(len({residents[v.beneficiary_id] for v in recent if v.beneficiary_id in residents})),
        "visits.aid": f"{sum(amount for visit_id, amount in given if visit_id in shown):.2f}",
    }


def test_figures_of_study_are_those_counted_by_hand(visit, rows, change, chance):
    copied(rows, change, "study_session")
    shake(rows, change, "study_group", chance, status=chance.one(*STATUSES, "done"), founded_on=chance.day(-500, 0),
          freq=chance.one("month", "quarter"), member_cnt=chance.one(None, 1, 2, 3, 8),
          filled_at=chance.day(-400, 0))  # fmt: skip
    topics = [id_ for (id_,) in rows("SELECT id FROM plan_topic")]
    shake(rows, change, "study_session", chance, status=chance.one(*STATUSES), held_on=chance.day(-400, 0),
          due_cnt=chance.one(None, 8, 10), present_cnt=chance.one(None, 0, 5, 8),
          plan_topic_id=chance.one(None, *topics))  # fmt: skip
    change("UPDATE study_session SET year = CAST(substr(CAST(held_on AS TEXT), 1, 4) AS INTEGER)")
    shake(rows, change, "study_plan", chance, status=chance.one("draft", "active", "done", "voided"))
    shake(rows, change, "study_output", chance, adopted=chance.one("0", "1", "2"))
    names = ("study_groups", "study_plans", "study_sessions", "study_outputs")
    for unit in (None, unit_id(rows, 1)):
        assert told_by_pages(visit, unit, *names).items() >= study(rows, unit).items()


def study(rows, unit):
    groups, sessions, plans = (table(rows, name, unit) for name in ("study_group", "study_session", "study_plan"))
    running = [each for each in groups if each.status == "active"]
    held = [each for each in sessions if each.status == "active"]
    this_year = [each for each in held if each.held_on.year == TODAY.year]
    said = [each for each in this_year if each.due_cnt is not None and each.present_cnt is not None]
    idle = [each for each in running if is_idle(each, held)]
    published = {each.id for each in plans if each.status in ("active", "done")}
    topics = [each for each in table(rows, "plan_topic") if each.plan_id in published and each.month <= TODAY]
    studied = {each.plan_topic_id for each in held}
    own = {each.id for each in groups}
    outputs = [each for each in table(rows, "study_output") if each.group_id in own]
    return {
        "study_groups.running": str(len(running)),
        "study_groups.units": str(len({each.owner_unit_id for each in running})),
        "study_groups.members": str(sum(each.member_cnt or 0 for each in running)),
        "study_groups.idle": str(len(idle)),
        "study_groups.few": str(sum(each.member_cnt is not None and each.member_cnt < 3 for each in running)),
        "study_plans.kept": rate(sum(each.id in studied for each in topics), len(topics)),
        "study_sessions.sessions": str(len(this_year)),
        "study_sessions.participation": rate(
            sum(each.present_cnt for each in said), sum(each.due_cnt for each in said)
        ),
        "study_outputs.outputs": str(len(outputs)),
        "study_outputs.taken_up": str(sum(each.adopted != "0" for each in outputs)),
    }


def is_idle(group, held):
    since = months_ago(2 if group.freq == "month" else 6)
    known = as_date(str(group.filled_at)[:10])
    old = group.founded_on <= since and known <= since
    return old and not any(each.group_id == group.id and each.held_on > since for each in held)


def test_figures_of_service_are_those_counted_by_hand(visit, rows, change, chance):
    copied(rows, change, "service_project")
    shake(rows, change, "service_project", chance, status=chance.one(*STATUSES, "done", "archived"),
          collected_on=chance.day(-900, 0), approved_on=chance.day(-800, 0, 0.2), due_on=chance.day(-300, 200),
          done_on=chance.day(-300, 0, 0.3), deferred_until=chance.day(-60, 60, 0.6),
          priority=chance.one("key", "normal", None))  # fmt: skip
    projects = [id_ for (id_,) in rows("SELECT id FROM service_project")]
    shake(rows, change, "project_progress", chance, reported_on=chance.day(-300, 0), project_id=chance.one(*projects))
    shake(rows, change, "project_satisfaction", chance, project_id=chance.one(*projects),
          satisfied_cnt=chance.one(None, 3, 9), fairly_cnt=chance.one(0, 2), sample_cnt=chance.one(12, 20))  # fmt: skip
    for unit in (None, unit_id(rows, 1)):
        assert told_by_pages(visit, unit, "service_projects").items() >= service(rows, unit).items()


def service(rows, unit):
    projects = table(rows, "service_project", unit)
    done = [each for each in projects if each.status in ("done", "archived") and each.prior_status != "terminated"]
    running = [each for each in projects if each.status == "active"]
    accepted = done + running
    accepted += [
        each
        for each in projects
        if each not in accepted
        and each.status in ("archived", "terminated")
        and (each.approved_on or each.prior_status == "active")
    ]
    late = [
        each for each in running if each.due_on < TODAY and not (each.deferred_until and each.deferred_until >= TODAY)
    ]
    due = [each for each in done + running if date(TODAY.year, 1, 1) <= each.due_on <= TODAY]
    dated = [each for each in done if each.done_on]
    asked = {each.id for each in done + running}
    judged = [each for each in table(rows, "project_satisfaction") if each.project_id in asked]
    reports = table(rows, "project_progress")
    return {
        "service_projects.collected": str(sum(each.collected_on > TWO_YEARS_AGO for each in done + running)),
        "service_projects.running": str(len(running)),
        "service_projects.overdue": str(len(late)),
        "service_projects.silent": str(sum(is_silent(each, reports) for each in running)),
        "service_projects.completion": rate(len(done), len(accepted)),
        "service_projects.due_completion": rate(sum(each in done for each in due), len(due)),
        "service_projects.in_time": rate(sum(each.done_on <= each.due_on for each in dated), len(dated)),
        "service_projects.satisfaction": rate(
            sum((each.satisfied_cnt or 0) + (each.fairly_cnt or 0) for each in judged),
            sum(each.sample_cnt for each in judged),
        ),
    }


def is_silent(project, reports):
    since = TODAY - timedelta(184 if project.priority in (None, "normal") else 62)
    if project.approved_on is None or project.approved_on > since:
        return False
    return not any(each.project_id == project.id and each.reported_on > since for each in reports)
