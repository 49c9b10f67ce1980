"""The number of an entry's parent record: shown and exported with the entry."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from sqlalchemy import inspect
from sqlalchemy.orm import joinedload

from portal.core.fields.base import Kind
from portal.core.fields.cell_checks import Entry


class NumberAbove(Kind):
    """`relation` is the entry's relationship to the record above it."""

    ordered = False

    def __init__(self, relation: str) -> None:
        self.relation = relation

    def columns(self, name: str) -> tuple[str, ...]:
        return (f"{self.relation}_id",)

    def read(self, record: Any, name: str) -> Any:
        return getattr(getattr(record, self.relation), "record_no", None)

    stored = read

    def entry(self) -> Entry:
        return Entry(words=gettext("The record number of what it belongs to"))

    def loading(self, model: type[Any], name: str) -> Any:
        above = inspect(model).relationships[self.relation].mapper.class_
        return joinedload(getattr(model, self.relation)).load_only(above.record_no)
