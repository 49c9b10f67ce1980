"""Our own sheets, taken back: over every ledger that takes sheets (`docs/domain/workbooks.md`)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask_babel import force_locale, gettext
from openpyxl import load_workbook
from werkzeug.datastructures import MultiDict

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.declaration.ledger import mounted
from portal.core.spreadsheet.exporter.exporter import workbook
from portal.core.spreadsheet.exporter.template import template
from portal.core.spreadsheet.importer.importer import find_layout, take
from portal.core.spreadsheet.reader.workbook import read
from portal.core.views.lists import listing
from portal.extensions import db
from portal.org import codes

LANGUAGES = ("zh_Hans", "en", "zh_Hant")
ROLES = ("reviewer", "filler01", "secretary01")


def taken(app):
    """The ledgers that go out and come in by sheet."""
    with app.app_context():
        return [each for each in mounted() if each.sheet.words and "export" in each.verbs and each.scoped]


def exported(ledger, path, names=None):
    codes.load(ledger.all_code_lists)
    names = names or ledger.sheet.export or ledger.list.columns
    records = listing.every(listing.parse(ledger, MultiDict()), names)
    with workbook(ledger, names, records) as book:
        path.write_bytes(book.read())
    return path


def bring(ledger, path, *, adopt=False, same=(), sheets=None):
    layout = find_layout(ledger, sheets or read(path, path.name))
    return take(ledger, layout, path.name, adopt, lambda _done, _all: None, same)


def told(outcome):
    return outcome.counts, outcome.rejected, outcome.changes


@pytest.mark.slow
@pytest.mark.parametrize("username", ROLES)
def test_what_goes_out_comes_in_unchanged(app, built, tmp_path, username):
    """Also where whoever brings it reads another language than whoever took it. What a database keeps is in none, so
    on PostgreSQL each ledger goes out in one."""
    for n, ledger in enumerate(taken(app)):
        for language in LANGUAGES if built.kind == "sqlite" else (LANGUAGES[n % len(LANGUAGES)],):
            with app.test_request_context(), scope.acting_as(act_as(username)), force_locale(language):
                principal = scope.current()
                if not (principal.may("import", ledger.name) and principal.may("export", ledger.name)):
                    continue
                path = exported(ledger, tmp_path / f"{ledger.name}.xlsx")
            with app.test_request_context(method="POST"), scope.acting_as(act_as(username)):
                sheets = read(path, path.name)
                for adopt in (False, True) if username == "reviewer" else (False,):
                    outcome = bring(ledger, path, adopt=adopt, sheets=sheets)
                    found = (ledger.name, language, adopt, *told(outcome))
                    assert not outcome.rejected, found
                    assert not outcome.changes, found
                    assert outcome.counts["new"] == outcome.counts["changed"] == 0, found
                    db.session.rollback()


@pytest.mark.slow
@pytest.mark.one_database
def test_the_guide_of_our_own_workbooks_is_told_as_one(app, built, tmp_path):
    """Its cells are names of columns; so it looks like a table that lacks some."""
    for language in ("zh_Hans", "en"):
        for ledger in taken(app):
            with app.test_request_context(method="POST"), scope.acting_as(act_as("reviewer")):
                if not scope.current().may("import", ledger.name):
                    continue
                with force_locale(language):
                    out, empty = exported(ledger, tmp_path / "out.xlsx"), tmp_path / "empty.xlsx"
                    with template(ledger) as book:
                        empty.write_bytes(book.read())
                for path in (out, empty):
                    found = find_layout(ledger, read(path, path.name))
                    told = [offer.why for offer in found.offers if not offer.taken]
                    assert told == [gettext("It says how the other sheets are filled in.")], (ledger.name, told)


@pytest.mark.slow
def test_without_record_numbers_the_natural_key_tells_most_records(app, built, tmp_path):
    """Nothing is doubled; where several records fit a row, it is refused and not guessed."""
    for name in ("agreements", "pairings", "study_groups", "service_projects"):
        with app.test_request_context(method="POST"), scope.acting_as(act_as("reviewer")):
            ledger = next(each for each in mounted() if each.name == name)
            names = [each for each in ledger.sheet.export if each != "record_no"]
            outcome = bring(ledger, exported(ledger, tmp_path / f"{name}.xlsx", names))
            db.session.rollback()
        assert outcome.counts["new"] == outcome.counts["changed"] == 0, (name, *told(outcome))
        assert outcome.counts["unchanged"] > len(outcome.rejected), (name, *told(outcome))


def edited(path, heading, row, text):
    book = load_workbook(path)
    sheet = book.active
    heads = next(cells for cells in sheet.iter_rows() if heading in [cell.value for cell in cells] and len(cells) > 2)
    column = [cell.value for cell in heads].index(heading) + 1
    sheet.cell(row, column, text)
    book.save(path)
    return path


@pytest.mark.slow
@pytest.mark.one_database
def test_one_changed_cell_is_one_changed_field(app, built, rows, tmp_path):
    """Of drafts and returned records, which sheets may change; the trail names that field of that record alone."""
    for name in ("agreements", "pairings", "study_groups", "service_projects"):
        with app.test_request_context(method="POST"), scope.acting_as(act_as("reviewer")):
            ledger = next(each for each in mounted() if each.name == name)
            path = exported(ledger, tmp_path / f"{name}.xlsx")
            remark = str(ledger.label_of("remark"))
            [layout] = find_layout(ledger, read(path, path.name)).taken
            status = layout.taken["status"]
            drafts = [n for n, cells in layout.read.rows if cells["status"] == "草稿" or "草稿" in cells["status"]]
            assert drafts, (name, status)
            before = rows("SELECT max(id) FROM audit_event")[0][0]
            outcome = bring(ledger, edited(path, remark, drafts[0], "只改这一格"))
            db.session.commit()
            built.dirty = True
        assert not outcome.rejected, outcome.rejected
        assert outcome.counts["changed"] == 1
        assert outcome.counts["new"] == 0
        assert [(each["name"], each["new"]) for each in outcome.changes] == [("remark", "只改这一格")]
        told = rows(f"SELECT changes FROM audit_event WHERE id > {before} AND action = 'import'")
        assert len(told) == 1
        assert "remark" in str(told[0][0])


@pytest.mark.one_database
def test_an_amendment_is_a_record_of_its_own_among_drafts_and_none_of_those_in_force(app, visit, rows, tmp_path):
    """It has the natural key of what it amends, and no number until it is approved."""
    [(id_,)] = rows("SELECT min(id) FROM agreement WHERE owner_unit_id = 1 AND status = 'active'")
    answer = visit("filler01").post(f"/agreements/{id_}/move/amend", reason="双方商定调整共建内容。")
    draft = int(answer.response.location.rpartition("/")[2])
    filler = visit("filler01")
    typed = filler.look(f"/agreements/edit/{draft}").filled() | {"content": "调整后的共建内容。"}
    assert filler.post(f"/agreements/edit/{draft}", typed).status == 302
    for transition in (None, "submit"):
        if transition:
            assert visit("filler01").post(f"/agreements/{draft}/move/{transition}").status == 302
        with app.test_request_context(method="POST"), scope.acting_as(act_as("filler01")):
            ledger = next(each for each in mounted() if each.name == "agreements")
            outcome = bring(ledger, exported(ledger, tmp_path / "agreements.xlsx"))
            assert (outcome.rejected, outcome.changes, outcome.counts["new"]) == ([], [], 0)
            assert outcome.counts["unchanged"] == len(rows("SELECT id FROM agreement WHERE owner_unit_id = 1"))
            assert [fault for table in outcome.tables for fault in table["rejected"]] == []
            in_force = replace(listing.parse(ledger, MultiDict()), drafts=False)
            ids = [record.id for record in listing.every(in_force, ledger.list.columns)]
            assert id_ in ids
            assert draft not in ids
            db.session.rollback()
