"""Menus of a list that are loaded when they are opened: periods, columns and saved views. Each is a page of its own,
whose panel `js/menus.js` shows as a menu."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import parse_qsl

from flask import abort, request
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access
from werkzeug.datastructures import MultiDict

from portal.core.declaration.ledger import Ledger
from portal.core.views.lists import listing, toolbar


def list_asked_for(ledger: Ledger) -> listing.Listing:
    """The list whose query string the request has as `query`. Raises BadRequest if it is none of this ledger."""
    pairs = parse_qsl(request.values.get("query", "").lstrip("?"), keep_blank_values=True)
    return listing.parse(ledger, MultiDict(pairs), past=True)


class ListMenus:
    """Mixin of `LedgerView`: the menus that only lead to other states of the list."""

    verbs: ClassVar = {"periods": "read", "columns": "read"}

    @expose("/periods")
    @has_access
    def periods(self: Any) -> ResponseReturnValue:
        if not toolbar.dated_by(self.ledger):
            abort(404)
        found = toolbar.periods(list_asked_for(self.ledger))
        return self.page("lists/periods.html", periods=found, dated_by=toolbar.dated_by(self.ledger))

    @expose("/columns")
    @has_access
    def columns(self: Any) -> ResponseReturnValue:
        asked = list_asked_for(self.ledger)
        choices, kept_in = toolbar.column_choices(asked), toolbar.kept_in_forms
        return self.page("lists/columns.html", listing=asked, choices=choices, kept_in=kept_in)
