"""Translations of a page: the catalogue of its language is looked up once a request, not once for each of its texts."""

from __future__ import annotations

from typing import Any

from babel.support import Translations
from flask import Flask, g
from flask_babel import Domain


class KeptDomain(Domain):
    """Flask-Babel's domain, with the catalogue kept for as long as the locale of the request is the same object."""

    def get_translations(self) -> Translations:
        context = getattr(g, "_flask_babel", None)
        locale, kept = getattr(context, "babel_locale", None), getattr(context, "catalogue", None)
        if kept is not None and locale is not None and kept[0] is locale:
            return kept[1]
        found = super().get_translations()
        if (context := getattr(g, "_flask_babel", None)) is not None:
            context.catalogue = (getattr(context, "babel_locale", None), found)
        return found


def install(app: Flask) -> None:
    """After Flask-AppBuilder, which makes Flask-Babel's instance."""
    babel = app.extensions["babel"]
    domain = babel.instance.domain_instance = KeptDomain(babel.translation_directories)
    kept: Any = domain.get_translations
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda text: kept().ugettext(text),
        ngettext=lambda one, more, count: kept().ungettext(one, more, count),
        pgettext=lambda context, text: kept().upgettext(context, text),
        npgettext=lambda context, one, more, count: kept().unpgettext(context, one, more, count),
        newstyle=True,
    )
