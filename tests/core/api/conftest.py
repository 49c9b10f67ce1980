"""REST as a program speaks it: JSON in, JSON out, the session's cookie and the token of its pages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ledgers.conftest import agreement, org

__all__ = ["agreement", "org"]


class Rest:
    """`rest("filler01").get("agreements")` is (status, JSON)."""

    def __init__(self, visitor: Any) -> None:
        self.visitor, self.client = visitor, visitor.client

    def ask(self, method: str, path: str, body: Any = None, **sent: Any) -> tuple[int, Any]:
        headers = {"X-CSRFToken": self.visitor.token, **sent.pop("headers", {})}
        sent |= {"json": body} if body is not None else {}
        answer = self.client.open(f"/api/v1/{path}", method=method, headers=headers, **sent)
        assert answer.mimetype == "application/json", f"{method} {path}: {answer.status} {answer.text[:200]}"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Traceback" not in answer.text
        self.answer = answer
        return answer.status_code, answer.json

    def get(self, path: str, **query: Any) -> tuple[int, Any]:
        return self.ask("GET", path, query_string=query or None)

    def post(self, path: str, body: Any = None, **sent: Any) -> tuple[int, Any]:
        return self.ask("POST", path, body, **sent)

    def put(self, path: str, body: Any = None, **sent: Any) -> tuple[int, Any]:
        return self.ask("PUT", path, body, **sent)

    def delete(self, path: str, **sent: Any) -> tuple[int, Any]:
        return self.ask("DELETE", path, **sent)

    def seen(self, path: str) -> dict[str, Any]:
        """As `json=`: the version of a record as it is read now."""
        return {"version": self.get(path)[1]["result"]["version"]}


@pytest.fixture
def rest(visit: Any) -> Any:
    return lambda username="": Rest(visit(username))
