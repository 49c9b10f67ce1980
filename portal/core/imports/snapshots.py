"""The state of a record before a change, so that the change can be undone: columns, child rows, links.

The trail tells people what changed, without what is personal; an image holds all of it, and is therefore kept sealed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import RelationshipProperty, attributes
from sqlalchemy.orm.interfaces import MANYTOMANY

from portal.core.declaration.ledger import mounted
from portal.extensions import db
from portal.org.encrypted import Sealed

Image = dict[str, Any]
# Kept by the portal for every change, going back included.
OWN = frozenset({"id", "version", "updated_at", "created_at", "search_text"})
READ: dict[str, Callable[[Any], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "Decimal": Decimal,
    "Sealed": Sealed.of,
    "tuple": tuple,
}


def written(value: Any) -> Any:
    """The value as JSON; types that JSON does not have are stored with their name."""
    if isinstance(value, Sealed):
        return {"Sealed": value.reveal()}
    if isinstance(value, datetime | date):
        return {type(value).__name__: value.isoformat()}
    if isinstance(value, Decimal):
        return {"Decimal": str(value)}
    return {"tuple": list(value)} if isinstance(value, tuple) else {"": value} if isinstance(value, dict) else value


def read(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, plain),) = value.items()
    return READ[kind](plain) if kind else plain


def image_of(row: Any) -> Image:
    """The last stored state of a row."""
    mapper = inspect(type(row))
    return {
        "id": row.id,
        "columns": {name: written(was(row, name)) for name in columns(mapper)},
        "parts": {each.key: [image_of(part) for part in were(row, each.key)] for each in parts(mapper)},
        "links": {each.key: [linked.id for linked in were(row, each.key)] for each in links(mapper)},
    }


def was(row: Any, name: str) -> Any:
    return next(iter(attributes.get_history(row, name).deleted or ()), getattr(row, name))


def were(row: Any, name: str) -> list[Any]:
    history = inspect(row).attrs[name].load_history()
    return [each for each in (*(history.unchanged or ()), *(history.deleted or ())) if inspect(each).persistent]


def columns(mapper: Any) -> list[str]:
    """The columns to save: all but id, version, timestamps and search text. `put_back` lets parents set the foreign
    keys of child rows."""
    return [each.key for each in mapper.column_attrs if each.key not in OWN and each.key in mapper.columns]


def parts(mapper: Any) -> Iterator[RelationshipProperty[Any]]:
    """The child tables of a record; entries are records of their own and not included."""
    own = {ledger.model for ledger in mounted()}
    declared = {table.name for ledger in mounted() if ledger.model is mapper.class_ for table in ledger.form.tables}
    for each in mapper.relationships:
        if each.uselist and each.mapper.class_ not in own and (each.cascade.delete_orphan or each.key in declared):
            yield each


def links(mapper: Any) -> Iterator[RelationshipProperty[Any]]:
    yield from (r for r in mapper.relationships if r.direction is MANYTOMANY and not r.viewonly)


def put_back(row: Any, image: Image) -> None:
    """Restore the saved state of a row. Child rows that were deleted since are created again."""
    mapper = inspect(type(row))
    for name, value in image["columns"].items():
        if name in mapper.columns and getattr(row, name) != read(value):
            setattr(row, name, read(value))
    for each in parts(mapper):
        keys = {each.mapper.get_property_by_column(column).key for column in each.remote_side}
        there = {part.id: part for part in getattr(row, each.key)}
        before = [(there.get(kept["id"]) or each.mapper.class_(), kept) for kept in image["parts"].get(each.key, ())]
        for part, kept in before:
            own = {name: value for name, value in kept["columns"].items() if name not in keys}
            put_back(part, {**kept, "columns": own})
        if not each.cascade.delete_orphan:
            delete_others(getattr(row, each.key), [part for part, _ in before])
        setattr(row, each.key, [part for part, _ in before])
    for each in links(mapper):
        ids = image["links"].get(each.key, ())
        if {linked.id for linked in getattr(row, each.key)} != {*ids}:
            model = each.mapper.class_
            setattr(row, each.key, list(db.session.scalars(select(model).where(model.id.in_(ids)))))


def delete_others(parts: list[Any], kept: list[Any]) -> None:
    """Delete rows that were added since, in a table whose form deletes none."""
    for part in parts:
        if part not in kept:
            db.session.delete(part)


__all__ = ["Image", "image_of", "put_back"]
