"""Accepted query arguments of each page; others are refused by name.

Lists, sheets and figures judge their own (`listing.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from flask import Flask, request
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from portal.core.access import scope
from portal.core.declaration.ledger import Ledger, named
from portal.database import READING

NOTHING: tuple[str, ...] = ()
# By the page of a ledger, and of its REST.
OF_LEDGERS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("history", "tree", "about", "template", "get", "info", "bring", "brought"), NOTHING),
    **dict.fromkeys(("imported", "exported"), NOTHING),
    "show": ("from",),
    "file": ("view",),
    "versions": ("left", "right"),
    **dict.fromkeys(("views", "periods", "columns"), ("query",)),
    "options": ("q",),
    "edit": ("draft",),
    "lists": ("draft",),
}
OTHERS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("WorkspaceView.index", "WorkspaceView.waiting", "OverdueView.index"), NOTHING),
    **dict.fromkeys(("ExportsView.index", "RolesView.show"), NOTHING),
    **dict.fromkeys(("ReviewsView.list", "SamplesView.index", "SamplesView.show", "SignInRulesView.show"), NOTHING),
    **dict.fromkeys(("SearchView.index", "SearchView.suggest"), ("q",)),
    "JobsView.index": NOTHING,
    "FeedbackView.index": ("page",),
    "FeedbackView.list": NOTHING,
    **dict.fromkeys((f"AccountsView.{page}" for page in ("add", "edit", "grant", "lend")), NOTHING),
    **dict.fromkeys((f"AccountSheetsView.{page}" for page in ("bring", "brought", "template", "export")), NOTHING),
    **dict.fromkeys(("AccountSheetsView.waiting", "StartView.index", "MyPasswordView.change"), NOTHING),
    **dict.fromkeys(("RolesView.add", "RolesView.edit", "RightsView.export", "SamplesView.add"), NOTHING),
    **dict.fromkeys(("AccountsView.options", "ReviewsView.options", "SamplesView.options"), ("q",)),
    "AccountsView.list": ("q", "page"),
    "RightsView.list": ("ledger",),
    "RolesView.list": ("right",),
    "AuditView.index": ("job",),
}


def only(args: MultiDict[str, str], names: Collection[str], several: Collection[str] = ()) -> None:
    """Reject unknown query parameters, and repeated ones except `several`."""
    for name, texts in args.lists():
        if name not in names and name not in several:
            raise BadRequest(gettext("The address has an unknown parameter: %(name)s", name=name))
        if len(texts) > 1 and name not in several:
            raise BadRequest(gettext("The address has a parameter more than once: %(name)s", name=name))


def local(text: str | None) -> str:
    """The path for a redirect within this portal; "" for another host or an unsafe text."""
    try:
        parts = urlsplit(text or "")
    except ValueError:
        return ""
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    here = not parts.netloc or parts.netloc == request.host
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if here and plain else ""


def judge() -> None:
    """Before each request: reject query parameters that the page does not accept."""
    if request.method not in READING or not request.args or scope.current().user_id is None:
        return
    view, _, page = (request.endpoint or "").partition(".")
    ledger = named(view.removesuffix("_api"))
    if ledger is None:
        names = OTHERS.get(f"{view}.{page}")
    elif page == "add":
        only(request.args, ("draft", *(("copy",) if ledger.form.copied else ())), beginnings(ledger))
        return
    else:
        names = OF_LEDGERS.get(page)
    if names is not None:
        only(request.args, names)


def beginnings(ledger: Ledger) -> set[str]:
    """The query parameters that can prefill a new record."""
    above = {f"{ledger.under.relation}_id"} if ledger.under else set()
    return above | ledger.entered.keys()


def install(app: Flask) -> None:
    app.before_request(judge)
