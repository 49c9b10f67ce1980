"""The navigation: drawn once for whoever may read the same, in a language and at a place, then kept."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Flask, current_app, request
from markupsafe import Markup

from portal.core.access import scope
from portal.core.declaration.ledger import Ledger, mounted
from portal.http.fragments import kept
from portal.oversight.onboarding_pages import first_day
from portal.permissions import administrators

# Pages that are no ledger's, by the name of the right to read them.
PAGES = ("rights", "audit", "samples", "exports", "accounts", "roles", "reviews", "sign_in_rules", "jobs", "feedback")


class Menu(NamedTuple):
    """All that the navigation depends on, but for the language."""

    ledgers: tuple[Ledger, ...]
    pages: frozenset[str]
    first_day: bool
    administers: bool
    endpoint: str | None
    ledger: str


def groups(ledgers: tuple[Ledger, ...]) -> list[tuple[str, list[Ledger]]]:
    found: dict[str, list[Ledger]] = {}
    for ledger in ledgers:
        found.setdefault(str(ledger.group), []).append(ledger)
    return list(found.items())


def readable() -> tuple[Ledger, ...]:
    """The ledgers in the menu that the user may read."""
    principal = scope.current()
    return tuple(each for each in mounted() if each.list.in_menu and principal.may("read", each.name))


def navigation(ledger: Ledger | None = None) -> Markup:
    """The navigation as the user sees it on a page of this ledger, or of none."""
    principal = scope.current()
    menu = Menu(
        readable(),
        frozenset(name for name in PAGES if principal.may("read", name)),
        request.endpoint == "StartView.index" or first_day(),
        administrators.administers(principal),
        request.endpoint,
        ledger.name if ledger else "",
    )
    return kept(menu, lambda: drawn(menu))


def drawn(menu: Menu) -> Markup:
    blueprint = (menu.endpoint or "").rpartition(".")[0]
    context: dict[str, Any] = {"menu": menu, "groups": groups(menu.ledgers), "blueprint": blueprint}
    return Markup(current_app.jinja_env.get_template("navigation.html").render(context))  # noqa: S704  # escaped there


def install(app: Flask) -> None:
    app.jinja_env.globals.update(navigation=navigation, readable=readable)
