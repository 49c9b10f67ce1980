"""Overdue work unit by unit: the overdue figures of every ledger, each leading to its rows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from flask import abort, render_template
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from portal.core.access import scope
from portal.core.declaration.figures import Figure
from portal.core.declaration.ledger import Ledger, mounted
from portal.core.views.lists import listing
from portal.extensions import db
from portal.org.models import Unit


@dataclass(frozen=True)
class Column:
    """A figure with how many records of it each unit has, by the unit's id."""

    ledger: Ledger
    figure: Figure
    counts: dict[int, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def address(self, unit_id: int | None = None) -> dict[str, Any]:
        """The list of the rows behind a cell, or behind the whole column."""
        return self.figure.address | ({"owner_unit_id": unit_id} if unit_id else {})


class OverdueView(BaseView):
    route_base = "/overdue"
    default_view = "index"

    @expose("/")
    def index(self) -> ResponseReturnValue:
        found = columns()
        if not found:
            abort(403)
        units = db.session.scalars(
            select(Unit).where(Unit.id.in_({id_ for each in found for id_ in each.counts})).order_by(Unit.sort_no)
        ).all()
        groups = [(ledger, list(each)) for ledger, each in groupby(found, lambda column: column.ledger)]
        return render_template("overdue.html", columns=found, groups=groups, units=units)


def columns() -> list[Column]:
    """Within the viewer's scope; one statement a figure."""
    may = scope.current().may
    return [
        Column(ledger, figure, by_unit(ledger, figure))
        for ledger in mounted()
        if may("read", ledger.name)
        for figure in ledger.told()
        if figure.overdue
    ]


def by_unit(ledger: Ledger, figure: Figure) -> dict[int, int]:
    asked = listing.parse(ledger, MultiDict(figure.address))
    owner = ledger.model.owner_unit_id
    query = select(owner, func.count()).where(*listing.conditions(asked)).group_by(owner)
    return {unit_id: count for unit_id, count in db.session.execute(query) if unit_id is not None}
