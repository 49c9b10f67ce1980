"""How many SQL statements a page took, told in a header of its answer."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, g, has_request_context
from sqlalchemy import Engine, event

HEADER = "X-Statements"


def count_one() -> None:
    if has_request_context():
        g.statements = g.get("statements", 0) + 1


def before_execute(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
    if not statement.startswith("BEGIN"):
        count_one()


def tell(response: Response) -> Response:
    response.headers[HEADER] = str(g.get("statements", 0))
    return response


def watch(app: Flask, engine: Engine) -> None:
    """All but what begins and ends transactions."""
    app.after_request(tell)
    event.listen(engine, "before_cursor_execute", before_execute)
