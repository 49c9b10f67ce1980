"""Our own sheets, taken back: over every ledger that takes sheets (`contracts.md`, import rules)."""

from __future__ import annotations

import pytest
from flask_babel import force_locale
from werkzeug.datastructures import MultiDict

from portal.accounts.security import act_as
from portal.core import scope
from portal.core.ledger import mounted
from portal.core.spreadsheet.export import workbook
from portal.core.spreadsheet.importing import find_layout, take
from portal.core.spreadsheet.reading import read
from portal.core.views import listing
from portal.extensions import db
from portal.org import codes

ROLES = ("reviewer", "filler01", "secretary01")


def taken(app):
    """The ledgers that go out and come in by sheet."""
    with app.app_context():
        return [each for each in mounted() if each.imports and "export" in each.verbs and each.scoped]


def exported(ledger, path, names=None):
    codes.load(ledger.all_code_lists)
    names = names or ledger.exported or ledger.columns
    records = listing.every(listing.parse(ledger, MultiDict()), names)
    with workbook(ledger, names, records) as book:
        path.write_bytes(book.read())
    return path


def bring(ledger, path, *, adopt=False, same=()):
    layout = find_layout(ledger, read(path, path.name))
    return take(ledger, layout, path.name, adopt, lambda _done, _all: None, same)


def told(outcome):
    return outcome.counts, outcome.rejected, outcome.changes


@pytest.mark.parametrize("username", ROLES)
def test_what_goes_out_comes_in_unchanged(app, built, tmp_path, username):
    for ledger in taken(app):
        for language in ("zh_Hans", "en", "zh_Hant"):
            with app.test_request_context(method="POST"), scope.acting_as(act_as(username)):
                principal = scope.current()
                if not (principal.may("import", ledger.name) and principal.may("export", ledger.name)):
                    continue
                with force_locale(language):
                    path = exported(ledger, tmp_path / f"{ledger.name}.xlsx")
                for adopt in (False, True) if username == "reviewer" else (False,):
                    outcome = bring(ledger, path, adopt=adopt)
                    found = (ledger.name, language, adopt, *told(outcome))
                    assert not outcome.rejected, found
                    assert not outcome.changes, found
                    assert outcome.counts["new"] == outcome.counts["changed"] == 0, found
                    db.session.rollback()
