"""Links between rows of one form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from sqlalchemy.orm import selectinload

from portal.core.fields.base import Kind, clean
from portal.core.fields.cell_checks import Entry, several_in_a_cell
from portal.core.punctuation import clauses, listed


class RowRefs(Kind):
    """Rows of another table of the same form, including new ones: chosen by the row's key, its id or `new-<n>`."""

    widget = "rows"
    multiple = True

    def __init__(self, table: str, label: str, relation: str) -> None:
        self.table, self.label, self.relation = table, label, relation

    def read(self, record: Any, name: str) -> Any:
        return getattr(record, self.relation)

    def loading(self, model: type[Any], name: str) -> Any:
        return selectinload(getattr(model, self.relation))

    def stored(self, record: Any, name: str) -> Any:
        return tuple(getattr(record, self.relation))

    def parse(self, typed: Sequence[str], before: object) -> tuple[str, ...] | None:
        return tuple(dict.fromkeys(text for raw in typed if (text := clean(raw)))) or None

    def typed(self, value: Any) -> list[str]:
        return [str(getattr(row, "id", row)) for row in value or ()]

    def json(self, value: Any) -> Any:
        return [row.id for row in value or ()]

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": ["integer", "string"]}}

    def entry(self) -> Entry:
        words = gettext("Names of rows of the same record in the other sheet")
        return Entry(words=clauses([words, several_in_a_cell()]))

    def show(self, value: Any) -> str:
        return listed(getattr(row, self.label) or "" for row in value or ())

    def cell(self, value: Any) -> Any:
        """In a sheet the names have the same sign between them in every language."""
        return "、".join(getattr(row, self.label) or "" for row in value or ())
