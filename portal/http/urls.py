"""Addresses of a page: built once for each endpoint and its arguments, then kept."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import flask
from flask import Flask, request

MOST = 4096


def url_for(endpoint: str, **values: Any) -> str:
    """Flask's `url_for`, for templates. What it answers depends on its arguments, on the path that the portal is served
    under, and on nothing else of the request: no address is external, none is relative to a blueprint."""
    try:
        # 1 and True are one key, but two texts in an address.
        return _built(request.script_root, endpoint, tuple((name, type(each), each) for name, each in values.items()))
    except TypeError:  # lists of arguments are not hashable
        return flask.url_for(endpoint, **values)


@lru_cache(MOST)
def _built(_root: str, endpoint: str, values: tuple[tuple[str, type, Any], ...]) -> str:
    return flask.url_for(endpoint, **{name: each for name, _, each in values})


def install(app: Flask) -> None:
    app.jinja_env.globals["url_for"] = url_for
