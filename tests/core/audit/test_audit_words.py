"""The trail names rights, roles, pages and fields in the words of its reader, never by their codes."""

from __future__ import annotations

import re

import pytest
from flask_babel import force_locale

from portal.core.audit import diff
from portal.core.audit.audit_log import AuditEvent
from portal.core.views.history import audit_words
from portal.extensions import Model
from portal.permissions import roles

pytestmark = pytest.mark.one_database


def test_every_column_and_page_beside_the_ledgers_has_a_name(app):
    with app.app_context():
        places = dict(audit_words.places())
        tables = [mapper.class_ for mapper in Model.registry.mappers if mapper.local_table.name in audit_words.PLACES]
        named = {
            name
            for model in tables
            for name in (
                *diff._columns_told(model, None),
                *(told for _, told in diff._links_told(model, None)),
            )
        }
        assert len(tables) > 10
        assert sorted(named - set(audit_words.COLUMNS)) == []
        assert {desk.name for desk in roles.desks()} <= set(places)


def test_lines_of_roles_and_accounts_hold_no_codes(visit, rows):
    auditor = visit("auditadmin")
    auditor.look("/lang/zh_Hans?next=/")
    codes = {desk for (desk,) in rows("SELECT DISTINCT ledger FROM seeded_grant")}
    codes |= {role for (role,) in rows("SELECT DISTINCT role FROM seeded_grant")}
    for table in ("ab_role", "seeded_grant", "role_scope", "ab_permission", "ab_view_menu"):
        ids = rows(f"SELECT min(id), max(id) FROM audit_event WHERE ledger = '{table}'")[0]
        for id_ in ids:
            page = auditor.look(f"/audit_events/show/{id_}")
            told = page.one('[data-field="changes"]').get_text(" ", strip=True)
            subject = page.one('[data-field="title"]').get_text(" ", strip=True)
            assert not {*re.findall(r"[a-z_]+", f"{told} {subject}")} & codes, (table, told, subject)
    auditor.look("/lang/en?next=/")


def test_what_a_line_holds_is_told_by_what_it_stands_for(app):
    with app.test_request_context("/"), force_locale("en"):
        line = AuditEvent(ledger="import_column", changes=[["ledger", None, ["agreements"]]])
        assert audit_words.retold(line, "field_name", ["signed_on"]) == "Signed on"
        assert audit_words.retold(line, "permissions", ["can export on samples"]) == "Spot checks: Export"
        assert audit_words.retold(line, "permissions", ["menu access on Home"]) == "menu access on Home"
        assert audit_words.retold(line, "verbs", ["['read', 'export']"]) == "View, Export"
        assert audit_words.retold(line, "asked_roles", ["['unit_filler']"]) == roles.label_of("unit_filler")
        assert audit_words.retold(line, "active", ["0"]) == "No"


@pytest.mark.parametrize("path", audit_words.MEANINGS)
def test_whatever_a_column_holds_can_be_told(app, path):
    ledger, _, name = path.rpartition(".")
    with app.test_request_context():
        event = AuditEvent(action="edit", ledger=ledger or "account_profile", changes=[])
        for text in ("1", "999999", "x", ""):
            assert isinstance(audit_words.retold(event, name, [text]), str)
