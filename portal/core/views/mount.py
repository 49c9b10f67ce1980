"""A declaration becomes a registered view."""

from __future__ import annotations

from flask_appbuilder import AppBuilder
from flask_appbuilder.models.sqla.filters import SQLAFilterConverter
from flask_appbuilder.models.sqla.interface import SQLAInterface

from portal.core.declaration.ledger import Ledger
from portal.core.records.forms.form import form_class
from portal.core.views.base import LedgerView
from portal.extensions import db


class NoFilters(SQLAFilterConverter):
    """Disables Flask-AppBuilder's filters: ledgers declare their own (`listing.py`)."""

    def convert(self, col_name: str) -> None:
        return None


class LedgerInterface(SQLAInterface):
    """Interface without Flask-AppBuilder's search forms, which fail on synonyms and many-to-many relationships."""

    filter_converter_class = NoFilters

    def get_search_columns_list(self) -> list[str]:
        return []


# What only ledgers with forms have.
FORM_ROUTES = frozenset(("autosave", "discard", "stage", "paste"))


def routes(ledger: Ledger) -> set[str]:
    """The routes that the ledger's verbs and declaration need; others are not registered."""
    verb_of = LedgerView.method_permission_name
    return {
        route
        for route in LedgerView.include_route_methods
        if verb_of[route] in ledger.verbs
        and (ledger.list.tree or route != "tree")
        and (ledger.list.bulk or not route.startswith("action"))
        and ("maintain" in ledger.verbs or route != "lists")
        and (FORM_ROUTES.isdisjoint({route}) or not {"add", "edit", "maintain"}.isdisjoint(ledger.verbs))
        and (ledger.form.files or route != "stage")
        and (ledger.form.tables or route != "paste")
        and (ledger.form.files or not route.startswith("file"))
        and (ledger.figures or route not in ("figures", "lacking"))
        and (ledger.review.transitions or not route.startswith("move"))
        and (ledger.form.rules or route != "check")
    }


def view_for(ledger: Ledger) -> type[LedgerView]:
    declared = {
        "ledger": ledger,
        "form": form_class(ledger),
        "datamodel": LedgerInterface(ledger.model, db.session),
        "route_base": f"/{ledger.name}",
        "class_permission_name": ledger.name,
        "base_permissions": [f"can_{verb}" for verb in ledger.verbs],
        "include_route_methods": routes(ledger),
        "list_columns": list(ledger.list.columns),
    }
    return type(ledger.name, (LedgerView,), declared)


def mount(appbuilder: AppBuilder, ledger: Ledger) -> None:
    appbuilder.add_view_no_menu(view_for(ledger))
