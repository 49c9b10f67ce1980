"""Find a ledger's records and what the user may do with one, for pages and REST."""

from __future__ import annotations

from typing import Any

from flask import abort, g
from flask_babel import gettext

from portal.core.access import scope
from portal.core.declaration.ledger import Ledger
from portal.core.fields.base import LARGEST
from portal.core.views import one_record
from portal.core.views.bulk import deleting
from portal.core.views.files import may_attach
from portal.core.views.forms.editable import may_edit_some, may_maintain
from portal.core.views.one_record import Found


class Reaching:
    """Base class shared by a ledger's page view and REST view."""

    ledger: Ledger
    datamodel: Any

    @property
    def _filters(self) -> Any:
        """Per request: one object for the whole process showed users each other's filters (upstream #2366)."""
        return g.setdefault(f"filters.{self.ledger.name}", self.datamodel.get_filters())

    @_filters.setter
    def _filters(self, filters: Any) -> None:
        """Flask-AppBuilder sets the shared object at start; it is not kept."""

    def record_or_404(self, pk: int) -> Any:
        """The record with everything that its page shows. 404 also for records that the user may not see."""
        return self.found_or_404(pk).record

    def found_or_404(self, pk: int) -> Found:
        found = one_record.find(self.ledger, pk) if pk <= LARGEST else None
        return found if found is not None else abort(404)

    def may(self, verb: str, record: Any) -> bool:
        """May the user do this with the record in its status? Permissions of several roles add up for each row."""
        if verb == "attach":
            return bool(self.ledger.form.files) and self.reaches("edit", record) and may_attach(self, record)
        closed = {"edit": may_edit_some, "delete": Ledger.deletable, "maintain": may_maintain}
        return self.reaches(verb, record) and closed[verb](self.ledger, record) and self.open_under(record)

    def reaches(self, verb: str, record: Any) -> bool:
        principal = scope.current()
        if not self.ledger.scoped:
            return principal.may(verb, self.ledger.name)
        return principal.covers_row(verb, self.ledger.name, record)

    def require(self, verb: str, record: Any) -> None:
        if not self.reaches(verb, record):
            abort(403)

    def open_under(self, record: Any) -> bool:
        """Is the parent record open? Entries can be changed only while it is."""
        under = self.ledger.under
        return under is None or getattr(record, under.relation).status in under.statuses

    def require_deletable(self, record: Any) -> None:
        if not self.ledger.deletable(record) or not self.open_under(record):
            abort(409, gettext("Only drafts without a number can be deleted."))

    def remove(self, record: Any) -> None:
        self.require("delete", record)
        self.require_deletable(record)
        with deleting(self.ledger, [record]):
            self.datamodel.delete(record)
