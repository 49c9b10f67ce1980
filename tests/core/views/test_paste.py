"""A block from a spreadsheet, over every table of every form: what a row shows means that row again."""

from __future__ import annotations

import json

import pytest
from flask_babel import force_locale
from sqlalchemy import select

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.extensions import db
from portal.org import codes
from tests.test_half_drafts import add_address

pytestmark = pytest.mark.one_database
MOST = 5  # rows of a table


def cells_of(app, ledger, table, account):
    """The rows of the demo as a page shows them and as their form holds them: for each cell (field, shown, texts)."""
    fields = ledger.rows_fields(table)
    if table.given:  # which row it is, is not pasted
        fields.pop(next(iter(fields)))
    with app.test_request_context(), force_locale("zh_Hans"), scope.acting_as(act_as(account)):
        codes.load(ledger.all_code_lists)
        rows = db.session.scalars(select(ledger.rows_model(table)).limit(MOST)).all()
        return [
            [(each, each.kind.show(each.kind.read(row, name)), each.kind.typed(each.kind.stored(row, name)))
             for name, each in fields.items()]
            for row in rows
        ]  # fmt: skip


def test_what_a_row_shows_is_pasted_as_that_row(app, visit):
    seen = set()
    for ledger in (each for each in app.extensions["portal.ledgers"] if "add" in each.verbs):
        visitor, query = visit("filler01"), add_address(app, ledger).partition("?")[2]
        for table in ledger.form.tables:
            rows = cells_of(app, ledger, table, "filler01")
            block = json.dumps([[text for _, text, _ in row] for row in rows])
            first = "1" if table.given else "0"
            where = f"/{ledger.name}/paste/{table.name}?{query}"
            told = visitor.speak("zh_Hans").post(where, cells=block, first=first).response.json["rows"]
            for row, answered in zip(rows, told, strict=True):
                for (field, text, typed), cell in zip(row, answered, strict=True):
                    if field.kind.personal or not text:
                        continue
                    by_name = [text] if field.kind.widget in ("rows", "person") else typed  # the page knows its rows
                    assert (cell["texts"], cell.get("fault")) == (by_name, None), (ledger.name, table.name, text)
                    seen.add(field.kind.widget)
    assert {"select", "link", "person", "rows", "day", "text"} <= seen


def test_what_is_none_of_the_choices_is_said_shortly_beside_them(app, visit):
    """The cell of the form shows all choices already, and is narrow."""
    tried = 0
    for ledger in (each for each in app.extensions["portal.ledgers"] if "add" in each.verbs):
        visitor, query = visit("filler01").speak("en"), add_address(app, ledger).partition("?")[2]
        for table in ledger.form.tables:
            for n, field in enumerate(ledger.rows_fields(table).values()):
                if field.kind.widget == "select":
                    where, block = f"/{ledger.name}/paste/{table.name}?{query}", json.dumps([["Moonlight"]])
                    [[cell]] = visitor.post(where, cells=block, first=str(n)).response.json["rows"]
                    assert (cell["texts"], cell["fault"]) == ([], "Not among the choices"), field.label
                    tried += 1
    assert tried > 5


@pytest.mark.parametrize("cells", ["[" * 100_000, "[[" + "9" * 5_000 + "]]", '{"a": 1}', "[1]", "x", ""])
def test_what_is_no_block_is_not_understood(visit, cells):
    assert visit("filler01").post("/agreements/paste/demand_items", cells=cells).status == 400
