"""Exports, reveals and failed signing in have a limit for each and for all together (429 with Retry-After)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portal.core import rate_limits
from tests.security.walk import first, unchanged, unit_id

pytestmark = pytest.mark.one_database


@pytest.fixture
def limited(app, monkeypatch, rows):
    """`limited("EXPORTS", each=2)`: so many more than there were in this test's database already."""
    monkeypatch.setitem(app.config, "RATE_LIMITED", True)

    def limit(name, who="", **most):
        found = getattr(rate_limits, name)
        counted = f"SELECT count(*) FROM audit_event WHERE action = '{found.action}'"
        before = {"each": rows(f"{counted} {who}")[0][0], "together": rows(counted)[0][0]}
        monkeypatch.setattr(rate_limits, name, replace(found, **{key: before[key] + n for key, n in most.items()}))

    return limit


def taken(visitor, path="/agreements/export"):
    """The status of the answer to whoever asks for a workbook."""
    answer = visitor.client.get(path)
    answer.close()
    return answer.status_code


def test_exports_of_one_account_have_a_limit_and_others_go_on(visit, limited):
    reviewer, auditor = visit("reviewer"), visit("auditor")
    limited("EXPORTS", "AND username = 'reviewer'", each=2)
    assert [taken(reviewer), taken(reviewer)] == [200, 200]
    page = reviewer.look("/study_groups/export")
    assert (page.status, page.response.headers["Retry-After"]) == (429, "600")
    assert "10" in page.words
    assert taken(reviewer, "/agreements/template.xlsx") == 429
    assert taken(auditor) == 200


def test_exports_of_all_together_have_a_limit(visit, limited):
    limited("EXPORTS", together=1)
    assert taken(visit("reviewer")) == 200
    assert taken(visit("auditor")) == 429


def test_reveals_have_a_limit(visit, limited, rows):
    id_ = first(rows, "beneficiary", f"status = 'active' AND owner_unit_id = {unit_id(rows, 1)}")
    reviewer = visit("reviewer")
    limited("REVEALS", "AND username = 'reviewer'", each=1)
    path = f"/beneficiaries/{id_}/reveal/phone_enc"
    assert [reviewer.post(path, purpose="visit").status for _ in range(2)] == [302, 429]


def test_failed_signing_in_has_a_limit_for_each_address(visit, limited, rows):
    limited("SIGN_INS", "AND address = '127.0.0.1'", each=3)
    statuses = []
    for n in range(4):
        visitor = visit()
        visitor.look("/login/")
        statuses.append(visitor.post("/login/", username=f"nobody{n}", password="wrong").status)
    assert statuses == [200, 200, 200, 429]
    with unchanged(rows):
        assert visitor.post("/login/", username="filler01", password="wrong").status == 429
