"""Texts that nobody types by hand: no kind of field takes long over one, whoever sends it and by whatever way."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.fields import BadValue
from portal.core.fields.base import LONGEST_VALUE
from portal.core.fields.measures import measured, said_in, split_heading
from portal.core.spreadsheet.reader.headings import plain, words_of
from portal.org import codes

pytestmark = pytest.mark.one_database
LONG = 32_000  # characters, of which a cell of a sheet has as many
SOON = 1.0  # seconds
# Each with a beginning that patterns wait for, and an end that they do not.
BEGINNINGS = ("1", "王", "王等", "5万", "2024年", "12:30", "13800", "王、", "机")
REPEATED = (" ", "\t", "\u3000", "\n", "-", ",", "1,", "1 ", "、", "年", "一", "王·", "0", "/")
TEXTS = [f"{beginning}{(sign * LONG)[:LONG]}x" for beginning in BEGINNINGS for sign in REPEATED]


def kinds_of(app):
    """One field of each kind that a form of any ledger has, by the kind's class and whether it is a row's."""
    found = {}
    for ledger in app.extensions["portal.ledgers"]:
        fields = dict(ledger.entered)
        for table in ledger.form.tables:
            fields |= ledger.rows_fields(table)
        for name, declared in fields.items():
            found.setdefault(type(declared.kind), (ledger, name, declared.kind))
    return found


def test_every_kind_of_field_judges_a_long_text_at_once(app):
    slow, kinds = [], kinds_of(app)
    assert len(kinds) > 15
    with app.test_request_context(), scope.acting_as(act_as("reviewer")):
        for ledger, name, kind in kinds.values():
            codes.load(ledger.all_code_lists)
            for text in TEXTS:
                began = time.perf_counter()
                with suppress(BadValue):
                    kind.parse(kind.from_cell(text), None)
                if time.perf_counter() - began > SOON:
                    slow.append((ledger.name, name, text[:8]))
    assert slow == []


@pytest.mark.parametrize(
    "read", [measured, split_heading, plain, lambda text: words_of(text, ("经费",)), lambda text: list(said_in(text))]
)
def test_headings_and_units_of_a_sheet_are_read_at_once(read):
    beginnings, repeated = ("5", "经费", "单位", "("), (" ", "(", "、", "/万元")
    for text in (f"{beginning}{sign * 4_000}x" for beginning in beginnings for sign in repeated):
        began = time.perf_counter()
        read(text)
        assert time.perf_counter() - began < SOON, text[:8]


def test_a_name_that_is_too_long_to_be_one_is_said_at_its_field(app, visit):
    """SQLite compares no text of more than 50,000 bytes with a pattern."""
    visitor = visit("filler01")
    for ledger in (each for each in app.extensions["portal.ledgers"] if "add" in each.verbs):
        chosen = [name for name, each in ledger.entered.items() if each.kind.widget in ("link", "links")]
        for name in () if ledger.under else chosen:
            headers = {"X-CSRFToken": visitor.token}
            answer = visitor.client.post(f"/api/v1/{ledger.name}/", json={name: "王" * 60_000}, headers=headers)
            assert answer.status_code in (403, 422), (ledger.name, name)


@pytest.mark.parametrize("digits", [LONGEST_VALUE - 1, 60, 29, 22])
def test_a_number_without_end_is_no_number(app, visit, rows, digits):
    visitor = visit("filler01")
    sent = {"budget": "1" + "0" * (digits - 1), "title": "项目"}
    answer = visitor.client.post("/api/v1/service_projects/", json=sent, headers={"X-CSRFToken": visitor.token})
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["budget"]
