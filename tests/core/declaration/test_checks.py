"""A declaration that cannot work stops the start, with all of its faults at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portal.core.declaration import checks
from portal.core.declaration.groups import List, Review
from portal.core.declaration.workflow import REVIEW
from portal.ledgers.study import study_groups

pytestmark = pytest.mark.one_database


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"list": List(("nonsense",))}, "list: StudyGroup has no field 'nonsense'"),
        ({"list": List(("name",), order="nonsense")}, "list: cannot be ordered by 'nonsense'"),
        ({"list": List(("name",), tree="nonsense")}, "list: StudyGroup has no relationship 'nonsense'"),
        ({"can": ("read", "nonsense")}, "unknown verbs nonsense"),
    ],
    ids=["field", "order", "tree", "verb"],
)
def test_what_is_not_there_is_named(app, wrong, told):
    with app.app_context():
        assert any(told in fault for fault in checks.faults(replace(study_groups, **wrong)))


@pytest.mark.parametrize("tier", [2, 3])
def test_a_review_needs_the_statuses_of_its_steps(app, tier):
    """Else handing in a record would be answered as a mistake of ours."""
    statuses = {name: study_groups.review.statuses[name] for name in ("draft", "active")}
    with app.app_context():
        faults = [*checks.faults(replace(study_groups, review=Review(REVIEW, statuses, tier=tier)))]
    assert [fault for fault in faults if "pending_unit" in fault]
    assert bool([fault for fault in faults if "pending_committee" in fault]) == (tier == 3)


def test_all_faults_are_told_at_once(app):
    ledgers = (replace(study_groups, list=List(("name",), order="x", tree="y")), study_groups)
    with app.app_context(), pytest.raises(checks.BadLedger) as refused:
        checks.check(ledgers)
    assert all(word in refused.value.message for word in ("two ledgers", "'x'", "'y'"))
