"""Translations of a page: the catalogue of its language is looked up once a request, not once for each of its texts;
the texts of templates are kept."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from babel.support import Translations
from flask import Flask, g
from flask_babel import Domain
from markupsafe import Markup


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

    def translated(text: str, /, **variables: Any) -> Markup:
        return _markup(kept(), text) % variables

    app.jinja_env.globals["_"] = translated


@lru_cache(8192)
def _markup(catalogue: Translations, text: str) -> Markup:
    """Catalogues are part of the program, so that their texts are trusted, as Jinja's own `_` trusts them."""
    return Markup(catalogue.ugettext(text))  # noqa: S704
