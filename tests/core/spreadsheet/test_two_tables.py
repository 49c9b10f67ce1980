"""A table of another ledger below or beside the one that is brought: named as one, and none of its rows is taken."""

from __future__ import annotations

from itertools import islice, permutations

import pytest

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.declaration.ledger import mounted
from portal.core.spreadsheet.importer.importer import find_layout
from portal.core.spreadsheet.reader.workbook import Sheet

pytestmark = pytest.mark.one_database


@pytest.fixture
def tables(app):
    """Heading and three rows of a sheet of each ledger that takes sheets."""
    with app.test_request_context(method="POST"), scope.acting_as(act_as("reviewer")):
        yield {
            ledger: [heading(ledger), *rows(ledger)]
            for ledger in mounted()
            if ledger.sheet.words and ledger.sheet.essential
        }


def heading(ledger):
    names = sorted(filter(ledger.takes, ledger.sheet.words), key=lambda name: name not in ledger.sheet.essential)
    return ["序号", *(str(ledger.imported(name).label) for name in names)][:10]


def rows(ledger):
    return [[str(n), *(f"甲乙{n}" for _ in heading(ledger)[1:])] for n in (1, 2, 3)]


def test_a_table_of_another_ledger_below_is_named_and_not_taken(tables):
    for n, (own, other) in enumerate(permutations(tables, 2)):
        sheet = Sheet("Sheet1", [*tables[own], *([[]] * (n % 2)), *tables[other]], merged=[])
        found = find_layout(own, [sheet])
        said = [skip.why for table in found.taken for skip in table.read.skipped] + [each.why for each in found.offers]
        assert found.count == 3, (own.name, other.name)
        assert any(str(other.label) in why for why in said) or any("another table" in why.lower() for why in said)


def test_of_two_sheets_the_one_of_another_ledger_is_named_and_not_taken(tables):
    for own, other in islice(permutations(tables, 2), 0, None, 3):
        sheets = [Sheet("甲", tables[own], merged=[]), Sheet("乙", tables[other], merged=[])]
        found = find_layout(own, sheets)
        why = {offer.sheet.name: offer.why for offer in found.offers}
        assert (found.count, why["甲"], bool(why["乙"])) == (3, "", True), (own.name, other.name)
