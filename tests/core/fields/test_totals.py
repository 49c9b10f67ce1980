"""Sums under the tables of forms."""

from __future__ import annotations

import pytest

from portal.core.fields import Money
from portal.core.records.forms.totals import summed

pytestmark = pytest.mark.one_database


@pytest.mark.parametrize(
    ("texts", "digits", "total"),
    [
        (["12,500", "300.5", ""], 2, "12,800.50"),
        (["3", "４"], 0, "7"),
        (["100", "***"], 2, ""),
        (["", " "], 2, ""),
        ([], 2, ""),
    ],
)
def test_a_sum_is_told_when_every_cell_is_a_number(app, texts, digits, total):
    with app.test_request_context():
        assert summed(texts, digits) == total


@pytest.mark.parametrize("text", ["12,500.00", "12500", "1 234 567.8", "1,2500"])
def test_amounts_are_taken_with_separators_and_without(app, text):
    with app.test_request_context():
        assert Money().parse([text], None) == Money().parse([text.replace(",", "").replace(" ", "")], None)


def test_sums_stand_below_a_table_without_scripts(visit):
    visitor = visit("filler01")
    sent = visitor.look("/visits/add").filled() | {
        f"aid_items-{n}-{name}": text
        for n, amount in enumerate(("12,500", "300.5"))
        for name, text in (("id", f"new-{n}"), ("category", "money"), ("amount", amount))
    }
    page = visitor.post("/visits/add", sent | {"_rows": "aid_items:add"})
    assert page.one('[data-total="amount"]').get_text() == "12,800.50"
