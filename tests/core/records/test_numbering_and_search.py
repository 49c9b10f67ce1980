"""Record numbers are given once; texts are found in both scripts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import select

from portal.core.access import scope
from portal.core.models.numbering import next_number
from portal.core.search import fold
from portal.extensions import db
from portal.org.models import Unit

DAY = date(2031, 3, 1)


def give(app, keep=True):
    with app.app_context(), scope.unscoped("a test"):
        unit = db.session.scalars(select(Unit).where(Unit.sort_no == 7)).one()
        number = next_number("GJ", DAY, unit.sort_no)
        if keep:
            db.session.commit()
        else:
            db.session.rollback()
        return number


def test_numbers_follow_one_another_within_prefix_year_and_unit(app):
    assert [give(app) for _ in range(3)] == ["GJ2031-007-0001", "GJ2031-007-0002", "GJ2031-007-0003"]


def test_a_number_of_what_was_not_saved_is_given_again(app):
    assert give(app, keep=False) == give(app) == "GJ2031-007-0001"


def test_two_at_once_get_two_numbers(app):
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: give(app), range(24)))
    assert sorted(numbers) == [f"GJ2031-007-{n:04}" for n in range(1, 25)]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("臺賬", "台账"),
        ("台帳", "台账"),
        ("ＡＢ１", "ab1"),
        ("走訪慰問", "走访慰问"),
        ("鑑定", "鉴定"),
        ("彙編", "汇编"),
    ],
)
def test_texts_fold_to_one_spelling(text, folded):
    assert fold(text) == folded


@pytest.mark.parametrize("asked", ["区纪委监委", "區紀委監委", "gj2026-001", "ＧＪ２０２６－００１"])
def test_records_are_found_in_both_scripts(visit, asked):
    assert visit("reviewer").look("/agreements/list/", q=asked).ids()


@pytest.mark.parametrize("asked", ["%", "_", "没有这样的"])
def test_wildcards_stand_for_themselves(visit, asked):
    assert visit("reviewer").look("/agreements/list/", q=asked).ids() == []
