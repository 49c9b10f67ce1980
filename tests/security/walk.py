"""Going through everything: every address, every account, every row of every table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Table

from portal.accounts.security_manager import act_as
from portal.extensions import Model

ACCOUNTS = (
    *("admin", "sysadmin", "secadmin", "auditadmin", "reviewer", "leader", "filler01"),
    *("secretary01", "branch01", "town01", "zone01", "community001", "auditor", "disc"),
)
# One account for each way of seeing records; the others see as one of these does.
SIGHTS = ("admin", "reviewer", "filler01", "community001", "town01")
# Who may read and never writes, whatever the address.
READERS = ("auditor", "disc", "leader")
# What is no page of records: signing in and out, one's own language and password, files, health.
APART = (
    "SignInView.",
    "OidcView.",
    "LdapView.",
    "LanguageView.",
    "AppearanceView.",
    "MyPasswordView.",
    "MySecondFactorView.",
    "MySessionsView.",
    "static",
    "appbuilder.static",
    "healthz",
    "readyz",
)
NO_SUCH_ID = 999_999
# More digits than Python reads as a number.
HUGE = "9" * 5000


# Refusals and exports are written down there (`tests/core/hash_chain/test_trail.py` says which), and sessions as they
# are used; and that somebody asked for work.
# Views of lists are everybody's own.
TRAIL = ("audit_event", "audit_seal", "account_session", "job", "saved_view")
# What signing in changes of an account.
SIGNING_IN = ("last_login", "login_count", "fail_login_count", "session_name")


def dump(rows: Any) -> dict[str, list[str]]:
    """Every row of every table but the trail's, as text."""
    tables = {name: table for name, table in Model.metadata.tables.items() if name not in TRAIL}
    found: dict[str, list[str]] = {table: [] for table in tables}
    for table, text in rows(" UNION ALL ".join(map(as_text, tables.values()))):
        found[table].append(text)
    return {table: sorted(texts) for table, texts in found.items()}


def as_text(table: Table) -> str:
    """A statement that answers (table, row as text)."""
    cells = [
        f"COALESCE(CAST(\"{column.name}\" AS TEXT), '-')" for column in table.columns if column.name not in SIGNING_IN
    ]
    joined = " || '|' || ".join(cells)
    return f"SELECT '{table.name}', {joined} FROM \"{table.name}\""


@contextmanager
def unchanged(rows: Any) -> Iterator[None]:
    """Whatever is done inside, no row of any table is another afterwards. While the portal has sent no statement that
    could change one, the database is as it was when the demo had been loaded, which is read once."""
    built = rows.built
    untouched = not built.dirty
    if untouched and built.pristine is None:
        built.pristine = dump(rows)
    before = built.pristine if untouched else dump(rows)
    yield
    if untouched and not built.dirty:
        return
    after = dump(rows)
    assert [table for table in before if before[table] != after[table]] == []


def mostly_on_sqlite(accounts: Iterable[str], *on_postgresql: str) -> Any:
    """For long walks: by all of these accounts on SQLite and by some on PostgreSQL. Who may do what does not hang on
    the database; that nothing is changed may."""
    cases = [*(("sqlite", account) for account in accounts), *(("postgresql", account) for account in on_postgresql)]
    return pytest.mark.parametrize(("built", "account"), cases, indirect=["built"])


def guarded(app: Flask) -> dict[str, tuple[str, str]]:
    """(right, whose right) by the endpoint of each address; the rights are those of Flask-AppBuilder's rows."""
    return {
        f"{view.endpoint}.{name}": (verb, view.class_permission_name)
        for view in app.appbuilder.baseviews  # type: ignore[attr-defined] # which Flask-AppBuilder puts there
        for name, verb in view.method_permission_name.items()
    }


def addresses(
    app: Flask, method: str, pk: int, under: str = "", *, once: bool = False, account: str | None = None
) -> list[str]:
    """Every address that takes this method, with this record's id where one belongs; `once`: where a name belongs,
    with one that tells for all. So does one where this account lacks the right: it is refused before anybody looks at
    the name."""
    found = []
    urls, rights = app.url_map.bind("localhost"), guarded(app)
    with app.test_request_context():
        principal = act_as(account) if account else None
    for rule in app.url_map.iter_rules():
        if method in (rule.methods or ()) and not rule.endpoint.startswith(APART) and rule.rule.startswith(under):
            right = rights.get(rule.endpoint)
            barred = principal is not None and right is not None and not principal.may(*right)
            for name in names_at(app, rule.endpoint)[: 1 if once or barred else None]:
                values = {each: pk if each in ("pk", "number", "run_id") else name for each in rule.arguments}
                found.append(urls.build(rule.endpoint, values, method=method))
    return sorted(set(found))


def names_at(app: Flask, endpoint: str) -> list[str]:
    """What stands for `<name>` in an address: every action, every field."""
    named = {each.name: each for each in app.extensions["portal.ledgers"]}
    ledger = named.get(endpoint.partition(".")[0].removesuffix("_api"))
    if ledger is None:
        return ["unit_id"]
    if ".move" in endpoint:
        return [transition.name for transition in ledger.review.transitions]
    return list(ledger.list.bulk or ("none",)) if endpoint.endswith(".action") else list(ledger.entered)


def of(rows: Any, unit: int, status: str) -> int:
    """The id of an agreement of this unit in this status."""
    found = rows(
        "SELECT agreement.id FROM agreement JOIN unit ON unit.id = agreement.owner_unit_id "
        f"WHERE unit.sort_no = {unit} AND agreement.status = '{status}' ORDER BY agreement.id"
    )
    return int(found[0][0])


def first(rows: Any, table: str, where: str) -> int:
    return int(rows(f"SELECT id FROM {table} WHERE {where} ORDER BY id LIMIT 1")[0][0])


def unit_id(rows: Any, sort_no: int) -> int:
    return first(rows, "unit", f"sort_no = {sort_no}")


def take(change: Any, role: str, ledger: str, verb: str) -> None:
    """Remove one of Flask-AppBuilder's permission rows from a role."""
    change(
        f"DELETE FROM ab_permission_view_role WHERE role_id IN ({ROLE}) AND permission_view_id IN ({RIGHT})".format(
            role=role, ledger=ledger, verb=verb
        )
    )


def give(change: Any, rows: Any, role: str, ledger: str, verb: str) -> None:
    """Add one of Flask-AppBuilder's permission rows to a role, past every page."""
    named = {"role": role, "ledger": ledger, "verb": verb}
    key = rows("SELECT max(id) + 1 FROM ab_permission_view_role")[0][0]
    change(
        "INSERT INTO ab_permission_view_role (id, role_id, permission_view_id) "
        f"SELECT {key}, ({ROLE}), ({RIGHT})".format(**named)
    )


ROLE = "SELECT id FROM ab_role WHERE name = '{role}'"
RIGHT = (
    "SELECT pv.id FROM ab_permission_view pv JOIN ab_permission p ON p.id = pv.permission_id "
    "JOIN ab_view_menu v ON v.id = pv.view_menu_id WHERE p.name = 'can_{verb}' AND v.name = '{ledger}'"
)
