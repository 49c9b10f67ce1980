"""The demo in the numbers of the article (`docs/domain` §6.2), entered as people enter records."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine

from portal import create_app
from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.declaration import figures
from portal.core.declaration.ledger import mounted
from tests import commands
from tests.portals import Portals, settings

VISITED = (
    "FROM visit v JOIN beneficiary b ON b.id = v.beneficiary_id WHERE v.status = 'active' AND v.visit_type <> '6' "
    "AND v.visited_on > '2024-06-30' AND b.target_type"
)
IN_FORCE = "FROM agreement a WHERE a.status = 'active' AND a.effective_to >= '2026-06-30'"
# What is counted, and how often it is there.
NUMBERS = {
    "SELECT count(*) FROM member": 8000,
    "SELECT count(*) FROM unit WHERE parent_id IS NULL": 63,
    "SELECT count(*) FROM unit WHERE is_legal_entity": 186,
    "SELECT count(*) FROM ab_user WHERE username LIKE 'filler__'": 63,
    "SELECT count(*) FROM ab_user WHERE username LIKE 'secretary__'": 63,
    "SELECT count(*) FROM ab_user WHERE username LIKE 'town__'": 21,
    "SELECT count(*) FROM ab_user WHERE username LIKE 'zone__'": 5,
    "SELECT count(*) FROM ab_user WHERE username LIKE 'community___'": 126,
    f"SELECT count(*) {IN_FORCE}": 186 + 24,
    f"SELECT count(DISTINCT owner_unit_id) {IN_FORCE}": 186,
    f"SELECT count(*) {IN_FORCE} AND a.effective_to <= '2026-08-29'": 9,
    "SELECT count(*) FROM agreement WHERE status = 'renewed'": 31,
    "SELECT count(*) FROM agreement WHERE status = 'terminated'": 12,
    "SELECT count(*) FROM agreement WHERE status = 'active' AND effective_to < '2026-06-30'": 5,
    f"SELECT count(*) FROM demand_item WHERE agreement_id IN (SELECT a.id {IN_FORCE})": 520,
    f"SELECT count(*) FROM resource_item WHERE agreement_id IN (SELECT a.id {IN_FORCE})": 610,
    f"SELECT count(*) FROM coop_item WHERE agreement_id IN (SELECT a.id {IN_FORCE})": 430,
    "SELECT count(*) FROM study_group WHERE status = 'active'": 302,
    "SELECT count(*) FROM study_group WHERE status = 'done'": 6,
    "SELECT sum(member_cnt) FROM study_group WHERE status = 'active'": 2416,
    "SELECT count(*) FROM study_session WHERE status = 'active'": 2416,
    "SELECT count(*) FROM study_output": 900,
    "SELECT count(*) FROM pairing WHERE status = 'active'": 1012,
    "SELECT count(DISTINCT helper_member_id) FROM pairing WHERE status = 'active'": 1006,
    "SELECT count(DISTINCT beneficiary_id) FROM pairing WHERE status = 'active'": 934,
    f"SELECT count(*) {VISITED} = '1'": 1263,
    f"SELECT count(DISTINCT b.household_no) {VISITED} = '1'": 812,
    f"SELECT count(*) {VISITED} <> '1'": 140,
    "SELECT count(*) FROM service_project WHERE status = 'done'": 51,
    "SELECT count(*) FROM service_project WHERE status = 'active'": 9 + 3 + 1,
    "SELECT count(*) FROM service_project WHERE status = 'active' AND due_on < '2026-06-30'": 3,
    "SELECT count(*) FROM service_project WHERE status = 'active' AND deferred_until >= '2026-06-30'": 1,
    **{
        f"SELECT count(*) FROM service_project WHERE status IN ('active', 'done') AND series = '{series}'": number
        for series, number in {"1": 27, "2": 21, "3": 16}.items()
    },
}
# What the pages say, by ledger and figure.
SHOWN = {
    ("agreements", "coverage"): "100%",
    ("agreements", "expiring"): "9",
    ("study_groups", "running"): "302",
    ("pairings", "helped"): "934",
    ("visits", "households"): "812",
    ("service_projects", "collected"): "64",
    ("service_projects", "overdue"): "3",
}


@pytest.fixture(scope="module")
def article(tmp_path_factory: pytest.TempPathFactory, portals: Portals) -> Flask:
    environ = settings(tmp_path_factory.mktemp("article"))
    portals.copy(Path(environ["PORTAL_DATA_DIR"]), demo=False)
    words = ("-m", "flask", "--app", "portal", "portal", "demo", "--profile", "article")
    done = commands.run(words, os.environ | environ)
    assert int(done.stdout.split()[2]) > 8000, done.stderr
    return create_app(environ=environ, TESTING=True)


@pytest.mark.slow
def test_the_article_profile_has_the_articles_numbers_and_its_pages_say_them(article):
    engine = create_engine(article.config["SQLALCHEMY_DATABASE_URI"])
    with engine.connect() as connection:
        found = {sql: connection.exec_driver_sql(sql).scalar() for sql in NUMBERS}
    engine.dispose()
    assert found == NUMBERS
    with article.test_request_context(), scope.acting_as(act_as("leader")):
        ledgers = {ledger.name: ledger for ledger in mounted()}
        for (name, figure), text in SHOWN.items():
            values = {
                value.figure.name: value.text for value in figures.values(ledgers[name].model, ledgers[name].figures)
            }
            assert values[figure] == text, (name, figure)
