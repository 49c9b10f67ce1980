"""OpenAPI 3.1 description of the REST interface: only ledgers that the user may read, and only operations that they may
call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response, current_app, jsonify, request

from portal.core.access import scope
from portal.core.api import encode
from portal.core.api.decode import JSON
from portal.core.declaration.ledger import Ledger, mounted
from portal.core.declaration.parts import ChildTable
from portal.core.fields import Field
from portal.core.views.lists.listing import MOST_PER_PAGE, OWN

Schema = dict[str, Any]
NUMBER: Schema = {"type": "integer", "minimum": 1}
TEXT: Schema = {"type": "string"}
TEXTS: Schema = {"type": "array", "items": TEXT}
VERSION: Schema = {
    "type": "integer",
    "description": "of the record as it was read; changes and moves have to say it",
}
ANSWERS = ("400", "401", "403", "404", "409", "412", "413", "415", "422")


def openapi() -> Response:
    may = scope.current().may
    ledgers = [ledger for ledger in mounted() if may("read", ledger.name)]
    return jsonify(
        openapi="3.1.0",
        info={"title": current_app.config["APP_NAME"], "version": "1"},
        servers=[{"url": request.script_root or "/"}],
        security=[{"session": [], "token": []}],
        tags=[{"name": ledger.name, "description": str(ledger.label)} for ledger in ledgers],
        paths={path: operations for ledger in ledgers for path, operations in paths(ledger)},
        components={
            "schemas": {name: each for ledger in ledgers for name, each in schemas(ledger)} | {"fault": fault()},
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "session"},
                "token": {"type": "apiKey", "in": "header", "name": "X-CSRFToken"},
            },
        },
    )


def paths(ledger: Ledger) -> Iterator[tuple[str, Schema]]:
    """All paths of a ledger with the operations that the user may call."""
    may = scope.current().may
    home, one = f"/api/v1/{ledger.name}/", [parameter("id", NUMBER, place="path")]
    key = parameter("Idempotency-Key", {"type": "string", "format": "uuid"}, place="header")
    match = parameter("If-Match", {**TEXT, "description": "the version in quotes, when the body has none"}, "header")
    form = {"$ref": f"#/components/schemas/{ledger.name}.form"}
    deeds = [
        ("read", home, "get", operation(ledger, "list", page(ledger), parameters=asked(ledger))),
        ("read", f"{home}_info", "get", operation(ledger, "info", {"type": "object"})),
        ("add", home, "post", operation(ledger, "add", whole(ledger), "201", form, [key])),
        ("read", f"{home}{{id}}", "get", operation(ledger, "show", whole(ledger))),
        ("edit", f"{home}{{id}}", "put", operation(ledger, "edit", whole(ledger), "200", form, [match])),
        ("delete", f"{home}{{id}}", "delete", operation(ledger, "delete", {"type": "object"}, parameters=[match])),
    ]
    found: dict[str, Schema] = {}
    for verb, path, method, described in deeds:
        if verb in ledger.verbs and may(verb, ledger.name):
            found.setdefault(path, {"parameters": one} if "{" in path else {})[method] = described
    yield from found.items()
    for transition in ledger.review.transitions:
        if may(transition.name, ledger.name):
            asks = {"type": "object", "properties": {"version": VERSION}}
            described = operation(ledger, transition.name, whole(ledger), body=asks, parameters=[match])
            yield f"{home}{{id}}/{transition.name}", {"parameters": one, "post": described}


def operation(
    ledger: Ledger,
    name: str,
    answer: Schema,
    code: str = "200",
    body: Schema | None = None,
    parameters: list[Schema] | None = None,
) -> Schema:
    found: Schema = {
        "operationId": f"{ledger.name}.{name}",
        "tags": [ledger.name],
        "responses": {code: content("OK", answer)}
        | {each: content("refused", {"$ref": "#/components/schemas/fault"}) for each in ANSWERS},
    }
    if body is not None:
        found["requestBody"] = {"content": {JSON: {"schema": body}}}
    return found | ({"parameters": parameters} if parameters else {})


def content(description: str, schema: Schema) -> Schema:
    return {"description": description, "content": {JSON: {"schema": schema}}}


def parameter(name: str, schema: Schema, place: str = "query") -> Schema:
    return {"name": name, "in": place, "schema": schema, "required": place == "path"}


def asked(ledger: Ledger) -> list[Schema]:
    """The query parameters of a list, the same as those of its page."""
    orders = [f"{way}{name}" for name in ledger.sortable for way in ("", "-")]
    own: dict[str, Schema] = {
        "q": TEXT,
        "page": {"type": "integer", "minimum": 0},
        "page_size": {"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE},
        "order": {"type": "string", "enum": orders},
        "columns": TEXT,
        "figure": TEXT,
    }
    filters = [parameter(name, {**TEXTS, "title": str(ledger.label_of(name))}) for name in ledger.list.filters]
    return [*(parameter(name, own[name]) for name in OWN), *filters]


def schemas(ledger: Ledger) -> Iterator[tuple[str, Schema]]:
    """The schemas of a record in requests (`<ledger>.form`) and in responses."""
    rows = {table.name: rows_of(ledger, table) for table in ledger.form.tables}
    kept = {table.name: rows_of(ledger, table) for table in ledger.form.read_only_tables}
    parent = {f"{ledger.under.relation}_id": NUMBER} if ledger.under else {}
    version = {"version": VERSION} if ledger.review.statuses else {}
    yield f"{ledger.name}.form", closed({**version, **parent, **properties(ledger.entered), **rows})
    shown = properties({name: ledger.field(name) for name in encode.listable(ledger)})
    yield ledger.name, closed({**shown, "id": NUMBER, **version, **rows, **kept})


def properties(fields: Mapping[str, Field]) -> dict[str, Schema]:
    return {name: {"title": str(each.label), **nullable(each.kind.schema())} for name, each in fields.items()}


def rows_of(ledger: Ledger, table: ChildTable) -> Schema:
    key = {"id": {"type": ["integer", "string"], "description": "none for a new row, or new-<n> to name it by"}}
    items = closed({**key, **properties(ledger.rows_fields(table))})
    return {"type": "array", "title": str(table.label), "maxItems": table.most, "items": items}


def closed(fields: Mapping[str, Schema]) -> Schema:
    return {"type": "object", "properties": dict(fields), "additionalProperties": False}


def nullable(schema: Schema) -> Schema:
    """The schema with null allowed, since drafts and records imported from paper can have empty fields."""
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    choices = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [*types, "null"], **choices}


def whole(ledger: Ledger) -> Schema:
    fields: dict[str, Schema] = {
        "id": NUMBER,
        "title": TEXT,
        "result": {"$ref": f"#/components/schemas/{ledger.name}"},
        "texts": {"type": "object"},
        "may": TEXTS,
        "moves": {"type": "array", "items": {"type": "object"}},
        "missing": {"type": "object", "description": "what submitting a draft would demand, by field"},
        "warnings": TEXTS,
    }
    return closed(fields) | {"required": list(fields)}


def page(ledger: Ledger) -> Schema:
    fields: dict[str, Schema] = {
        "count": {"type": "integer", "description": "exact up to 10,000"},
        "more": {"type": "boolean"},
        "ids": {"type": "array", "items": NUMBER},
        "result": {"type": "array", "items": {"$ref": f"#/components/schemas/{ledger.name}"}},
        "texts": {"type": "array", "items": {"type": "object"}},
    }
    return closed(fields) | {"required": list(fields)}


def fault() -> Schema:
    """The schema of every error; `errors` has messages by field name, `demand_items-0-name` for a field of a child
    row."""
    return {
        "type": "object",
        "properties": {"message": TEXT, "errors": {"type": "object", "additionalProperties": TEXTS}},
        "required": ["message"],
    }
