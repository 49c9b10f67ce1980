"""Files, history and spot checks name a record by its id, so that of a deleted one is nobody's any more."""

from __future__ import annotations

import pytest

from portal.core.declaration.ledger import mounted
from tests.ledgers.conftest import agreement, org  # noqa: F401 - fixtures
from tests.ledgers.test_files import PDF, bring, kept
from tests.security.walk import of


@pytest.mark.parametrize("way", ["page", "selection"])
def test_a_record_made_after_a_deleted_one_has_none_of_its_files_and_history(app, visit, rows, agreement, org, way):  # noqa: F811
    one, two = visit("filler01"), visit("filler02")
    assert one.post("/agreements/add", agreement | {"title": "一单位的协议"}).status == 302
    [(gone,)] = rows("SELECT max(id) FROM agreement")
    files = kept(app)
    assert bring(one, gone, "attachments", ("一单位.pdf", PDF)).status == 302
    [(file,)] = rows(f"SELECT id FROM attachment WHERE record_id = {gone}")
    if way == "page":
        assert one.post(f"/agreements/delete/{gone}").status == 302
    else:
        sent = {"action": "delete_selected", "rowid": [str(gone)]}
        page = one.post("/agreements/action_post", **sent)
        assert one.post("/agreements/action_post", page.filled("form.batch-form")).status == 302
    assert not rows(f"SELECT id FROM agreement WHERE id = {gone}")
    assert not rows(f"SELECT id FROM attachment WHERE record_id = {gone}")
    assert kept(app) == files
    other = {name: org("区委办公室") for name in ("party_a_org_id", "coop_items-0-lead_org_id")}
    assert two.post("/agreements/add", agreement | other).status == 302
    [(new,)] = rows("SELECT max(id) FROM agreement")
    assert new > gone
    assert two.look(f"/agreements/{new}/files/{file}").status == 404
    assert "一单位" not in two.look(f"/agreements/{new}/history").text


@pytest.mark.parametrize("built", ["sqlite"], indirect=True)
def test_no_ledger_gives_an_id_twice(app, rows):
    """All but the trail, of which nothing is deleted."""
    with app.app_context():
        tables = {ledger.model.__tablename__ for ledger in mounted()} - {"audit_event"}
    for table in sorted(tables | {"attachment"}):
        [(made,)] = rows(f"SELECT sql FROM sqlite_master WHERE name = '{table}'")
        assert "AUTOINCREMENT" in made, table


def test_what_other_records_name_keeps_its_files(app, visit, rows):
    """Refused, the deletion takes nothing with it."""
    id_ = of(rows, 1, "active")
    files, visitor = kept(app), visit("filler01")
    assert visitor.post(f"/agreements/delete/{id_}").status == 409
    assert kept(app) == files
