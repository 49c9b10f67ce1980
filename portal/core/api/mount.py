"""A declaration becomes a registered API."""

from __future__ import annotations

from flask import Flask
from flask_appbuilder import AppBuilder
from werkzeug.routing import IntegerConverter

from portal.core.api.base import LedgerApi
from portal.core.api.openapi import openapi
from portal.core.declaration.ledger import Ledger
from portal.core.views.mount import LedgerInterface
from portal.extensions import db


class Id(IntegerConverter):
    """An id in a URL. With more digits than Python parses, Werkzeug would report a wrong method."""

    regex = r"[0-9]{1,10}"


def install(app: Flask) -> None:
    app.json.sort_keys = False  # type: ignore[attr-defined] # the fields of a record come in the order of its form
    app.url_map.converters["id"] = Id
    app.add_url_rule("/api/v1/_openapi", "openapi", openapi)


def routes(ledger: Ledger) -> set[str]:
    """The routes that the ledger's verbs need; others are not registered."""
    verb_of = LedgerApi.method_permission_name
    return {
        name for name, verb in verb_of.items() if verb in ledger.verbs and (ledger.review.transitions or name != "move")
    }


def api_for(ledger: Ledger) -> type[LedgerApi]:
    declared = {
        "ledger": ledger,
        "datamodel": LedgerInterface(ledger.model, db.session),
        "resource_name": ledger.name,
        "class_permission_name": ledger.name,
        "base_permissions": [f"can_{verb}" for verb in ledger.verbs],
        "include_route_methods": routes(ledger),
        "list_columns": list(ledger.list.columns),
    }
    return type(f"{ledger.name}_api", (LedgerApi,), declared)


def mount(appbuilder: AppBuilder, ledger: Ledger) -> None:
    appbuilder.add_api(api_for(ledger))
