"""What gunicorn serves: the portal of the settings in the environment, telling how many statements a page took."""

from __future__ import annotations

from typing import Any

from flask import Response, g, has_request_context
from sqlalchemy import event

from portal import create_app
from portal.extensions import db


def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
    if has_request_context() and not statement.startswith("BEGIN"):
        g.statements = g.get("statements", 0) + 1


def tell(response: Response) -> Response:
    response.headers["X-Statements"] = str(g.get("statements", 0))
    return response


app = create_app()
app.after_request(tell)
with app.app_context():
    event.listen(db.engine, "before_cursor_execute", count)
