"""A declaration that cannot work stops the start, with all of its faults at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portal.core.declaration import checks
from portal.core.declaration.groups import List, Review
from portal.core.declaration.workflow import REVIEW
from portal.core.fields import Field, unit_link
from portal.core.review.amendments import AMEND
from portal.ledgers.study import study_groups
from portal.ledgers.study.model import StudyGroup

pytestmark = pytest.mark.one_database


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"list": List(("nonsense",))}, "list: StudyGroup has no field 'nonsense'"),
        ({"list": List(("name",), order="nonsense")}, "list: cannot be ordered by 'nonsense'"),
        ({"list": List(("name",), tree="nonsense")}, "list: StudyGroup has no relationship 'nonsense'"),
        ({"form": replace(study_groups.form, carried=("nonsense",))}, "form: no form takes 'nonsense'"),
        ({"form": replace(study_groups.form, copied=("member_cnt",))}, "form: no form takes 'member_cnt'"),
        ({"can": ("read", "nonsense")}, "unknown verbs nonsense"),
    ],
    ids=["field", "order", "tree", "carried", "copied", "verb"],
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


def test_a_link_without_its_relationship_is_named(app):
    """Its pages would be answered as a mistake of ours."""
    declared = Field(unit_link(), "Unit")
    with app.app_context():
        faults = [*checks.links_without_relationship(StudyGroup, {"unit_id": declared, "org_id": declared})]
        assert not faults
        faults = [*checks.links_without_relationship(StudyGroup, {"id": declared})]
    assert faults == ["id links to another table, but StudyGroup has no relationship 'id'"]


def test_amending_needs_the_status_of_former_versions(app):
    statuses = {name: status for name, status in study_groups.review.statuses.items() if name != "archived"}
    assert AMEND in study_groups.review.transitions
    with app.app_context():
        faults = [*checks.faults(replace(study_groups, review=replace(study_groups.review, statuses=statuses)))]
    assert [fault for fault in faults if "archived" in fault], faults
