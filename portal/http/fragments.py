"""Fragments of pages: drawn once for all that they depend on, then kept in this process.

A fragment is looked up by what it depends on, values that the request has just read. A changed right, text or code is
another key, so it holds from the next request on, in every process.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from flask import Flask, request
from flask_babel import get_locale
from markupsafe import Markup

MOST = 1000
_drawn: dict[Hashable, Markup] = {}


def kept(key: Hashable, caller: Callable[[], Markup]) -> Markup:
    """For `{% call kept(key) %}`: what is drawn inside, which depends on the `key`, on the language, on the path that
    the portal is served under, and on nothing else: on no token, and on nothing of the user that the key does not
    name."""
    whole: Any = (key, str(get_locale()), request.script_root)
    found = _drawn.get(whole)
    if found is None:
        if len(_drawn) >= MOST:
            _drawn.clear()
        found = _drawn[whole] = caller()
    return found


def install(app: Flask) -> None:
    app.jinja_env.globals["kept"] = kept
