"""Every address, typed by every role: what a role has no right to is refused, whatever the method."""

from __future__ import annotations

import pytest

from portal.accounts.security_manager import act_as
from tests.security.walk import ACCOUNTS, APART, first, guarded, names_at, of, unchanged

# Answered to whoever has signed in, within what they may: their workspace, what is overdue, the checklist of the first
# day (whom it refuses, `tests/accounts/test_account_sheets.py` says), what describes REST, and their requests for
# sheets, which ask for the rights on the ledger (`tests/oversight/test_unmasked_exports.py`); administrators' resets of
# each other, which no right gives (`tests/accounts/test_resets.py`).
EVERYBODYS = (
    {"WorkspaceView.index", "WorkspaceView.waiting", "OverdueView.index", "StartView.index", "openapi"}
    | {"SearchView.index", "SearchView.suggest", "FeedbackView.index", "RolesView.view_end"}
    | {f"ExportsView.{name}" for name in ("index", "ask", "take")}
    | {f"ResetsView.{name}" for name in ("index", "ask", "decide", "half")}
)
pytestmark = pytest.mark.one_database
METHODS = ("GET", "POST", "PUT", "DELETE")


def forbidden(app, account):
    """(method, rule, a name for it, urls) of all that this account has no right to; one name tells for all."""
    with app.test_request_context():
        principal = act_as(account)
    urls, rights = app.url_map.bind("localhost"), guarded(app)
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(APART) or rule.endpoint in EVERYBODYS:
            continue
        verb, name = rights[rule.endpoint]
        if principal.may(verb, name):
            continue
        for method in set(METHODS) & set(rule.methods or ()):
            yield method, rule, (names_at(app, rule.endpoint) or ["none"])[0], urls


def test_every_address_asks_for_a_right_that_it_names(app):
    known = guarded(app)
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules() if not rule.endpoint.startswith(APART)}
    assert endpoints - set(known) - EVERYBODYS == set()


@pytest.mark.parametrize("account", ACCOUNTS)
def test_what_a_role_has_no_right_to_is_refused_at_every_address(app, visit, rows, account):
    visitor = visit(account)
    visitor.look("/")
    id_, user = of(rows, 1, "draft"), first(rows, "ab_user", "username = 'leader'")
    tried = 0
    with unchanged(rows):
        for method, rule, named, urls in forbidden(app, account):
            pk = user if rule.rule.startswith(("/accounts", "/roles")) else id_
            values = {each: pk if each in ("pk", "number") else named for each in rule.arguments}
            path = urls.build(rule.endpoint, values, method=method)
            sent = {"headers": {"X-CSRFToken": visitor.token}} if method != "GET" else {}
            with getattr(visitor.client, method.lower())(path, **sent) as answer:
                assert answer.status_code in (403, 404), f"{method} {path}: {answer.status_code}"
            tried += 1
    assert tried > 20
