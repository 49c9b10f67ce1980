"""Search across the ledgers that the user may read: a page, and suggestions for the command palette."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from portal.core.access import scope
from portal.core.declaration.ledger import Ledger, mounted
from portal.core.fields import clean
from portal.core.views.lists import listing
from portal.core.views.lists.table import NOTHING, table, titled
from portal.extensions import db

SHOWN, SUGGESTED = 10, 3  # records of one ledger
LEAST = 2  # characters


class Hit(NamedTuple):
    """A record: its title, what else tells which it is, and its page."""

    title: str
    rest: str
    there: str


class SearchView(BaseView):
    route_base = "/search"
    default_view = "index"

    @expose("/")
    def index(self) -> ResponseReturnValue:
        text = clean(request.args.get("q", ""))
        found = [(ledger, records) for ledger, records in found_in(text, SHOWN) if records]
        return render_template("search.html", q=text, found=found, shown=SHOWN, least=LEAST)

    @expose("/suggest")
    def suggest(self) -> ResponseReturnValue:
        """What the palette offers for `?q=`: {"results": [{"text", "hint", "href"}]}; without a text, the new records
        that the user may begin."""
        text = clean(request.args.get("q", ""))
        if not text:
            return {"results": [{"text": label, "hint": "", "href": there} for label, there in beginnings()]}
        hits = [(ledger, hit) for ledger, records in found_in(text, SUGGESTED) for hit in records]
        return {
            "results": [
                {"text": hit.title, "hint": f"{ledger.label} {hit.rest}", "href": hit.there} for ledger, hit in hits
            ]
        }


def beginnings() -> Iterator[tuple[str, str]]:
    may = scope.current().may
    for ledger in mounted():
        if "add" in ledger.verbs and not ledger.under and may("add", ledger.name):
            yield gettext("New: %(what)s", what=ledger.one), url_for(f"{ledger.name}.add")


def found_in(text: str, most: int) -> Iterator[tuple[Ledger, list[Hit]]]:
    """The newest records with these words, ledger by ledger; one statement each. Raises BadRequest for a text that is
    too long."""
    if len(text) < LEAST:
        return
    for ledger in mounted():
        if ledger.searchable and scope.current().may("read", ledger.name):
            yield ledger, hits(ledger, text, most)


def hits(ledger: Ledger, text: str, most: int) -> list[Hit]:
    names = dict.fromkeys((ledger.title_column, *ledger.list.columns[:2]))
    asked = listing.parse(ledger, MultiDict({"q": text}))
    model = ledger.model
    query = select(model).where(*listing.conditions(asked)).options(*listing.loading(ledger, tuple(names)))
    records = db.session.scalars(query.order_by(model.id.desc()).limit(most)).all()
    rows = table(ledger, tuple(names), records).rows
    return [
        Hit(
            titled(cells[0][1], id_),
            " ".join(each for column, each in cells[1:] if each != NOTHING and not column.state),
            url_for(f"{ledger.name}.show", pk=id_),
        )
        for id_, cells in rows
    ]
