"""Where roles stand: on their page, and in the database."""

from __future__ import annotations

import pytest

from tests.security.walk import first


@pytest.fixture
def page_of(rows):
    """`page_of("unit_filler")` is the address of that role's page."""

    def find(role):
        return "/roles/edit/{}".format(first(rows, "ab_role", f"name = '{role}'"))

    return find


@pytest.fixture
def held(rows):
    """`held("unit_filler", "agreements")`: (verbs, scope) as they stand in the database."""

    def find(role, ledger):
        verbs = rows(
            "SELECT p.name FROM ab_permission_view_role x JOIN ab_role r ON r.id = x.role_id "
            "JOIN ab_permission_view pv ON pv.id = x.permission_view_id "
            "JOIN ab_permission p ON p.id = pv.permission_id "
            f"JOIN ab_view_menu v ON v.id = pv.view_menu_id WHERE r.name = '{role}' AND v.name = '{ledger}'"
        )
        reach = rows(
            "SELECT s.scope FROM role_scope s JOIN ab_role r ON r.id = s.role_id "
            f"WHERE r.name = '{role}' AND s.ledger = '{ledger}'"
        )
        return {name.removeprefix("can_") for (name,) in verbs}, reach[0][0] if reach else None

    return find
