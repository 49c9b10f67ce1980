"""All rows of a query as one JSON text.

What follows from a text is kept by it (`lru_cache`): one string is fetched and compared faster than hundreds of rows,
and it is always what the database holds at this moment, so that nothing has to say when it changes.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import FunctionElement, ScalarSelect, SelectBase, String, select
from sqlalchemy.ext.compiler import compiles


class _Rows(FunctionElement[str]):
    """An array of arrays, one for each row."""

    name = "json_rows"
    type = String()
    inherit_cache = True


@compiles(_Rows, "sqlite")
def _on_sqlite(element: _Rows, compiler: Any, **kw: Any) -> str:
    return f"json_group_array(json_array({compiler.process(element.clauses, **kw)}))"


@compiles(_Rows, "postgresql")
def _on_postgresql(element: _Rows, compiler: Any, **kw: Any) -> str:
    return f"CAST(json_agg(json_build_array({compiler.process(element.clauses, **kw)})) AS VARCHAR)"


def json_rows(query: SelectBase) -> ScalarSelect[str]:
    """The rows of a query, in no order; its columns have names and hold texts and numbers."""
    rows = query.subquery()
    return select(_Rows(*rows.c)).scalar_subquery()


def rows_of(text: str | None) -> list[list[Any]]:
    """The rows of such a text; PostgreSQL answers None for none."""
    return json.loads(text) if text else []
