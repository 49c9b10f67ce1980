"""Forms in a browser that runs no scripts."""

from __future__ import annotations

import pytest

TABLES = {"agreements": "agreement", "pairings": "pairing", "study_groups": "study_group"}


@pytest.mark.one_database
def test_a_form_that_is_saved_unchanged_keeps_every_choice(visit, rows, change):
    for ledger, table in TABLES.items():
        owned = "(SELECT id FROM unit WHERE full_name = '区纪委监委机关')"
        [(id_,)] = rows(f"SELECT min(id) FROM {table} WHERE owner_unit_id = {owned}")
        change(f"UPDATE {table} SET status = 'draft' WHERE id = {id_}")
        visitor = visit("filler01")
        page = visitor.look(f"/{ledger}/edit/{id_}")
        query = f"SELECT * FROM {table} WHERE id = {id_}"
        had = rows(query)
        sent = page.filled(scripts=False)
        assert any(isinstance(texts, list) for texts in sent.values())
        assert visitor.post(f"/{ledger}/edit/{id_}", sent).status == 302, ledger
        assert rows(query) == had, ledger
