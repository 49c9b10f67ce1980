"""Decode JSON into what the form would have posted; the form alone judges it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from flask import abort, current_app, jsonify, make_response, request
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import ChildTable
from portal.core.fields import Field, Kind, Text, natural
from portal.core.records import duplicates, idempotency

JSON = "application/json"
MOST_BYTES = 2 * 2**20
# That of a row, which is no field of it.
KEY = Field(Text(40, free=False), "id")


def body(*, needed: bool = True) -> dict[str, Any]:
    """The object that was sent. Numbers stay as they were written, so that none is rounded."""
    if request.mimetype != JSON and (needed or request.mimetype):
        abort(415, gettext("Please send JSON (application/json)."))
    data = request.get_data()
    if not data and not needed:
        return {}
    if len(data) > MOST_BYTES:
        abort(413)
    try:
        found = json.loads(data, parse_int=str, parse_float=str, parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else abort(400, gettext("Please send one JSON object."))


def refuse_constant(name: str) -> NoReturn:
    """Reject NaN and infinities, which Python parses although JSON does not define them."""
    raise ValueError(name)


def unprocessable(errors: Mapping[str, list[str]], message: str = "") -> NoReturn:
    """Abort with 422 and the errors by form field name (`demand_items-0-name` for a field of a child row)."""
    message = message or gettext("Nothing was saved. Please look at the marked fields.")
    abort(make_response(jsonify(message=message, errors=errors), 422))


def address() -> MultiDict[str, str]:
    """The list's query parameters. 400 for Flask-AppBuilder's query syntax, which would only be searched for as
    text."""
    text = request.args.get("q", "").strip()
    if text.startswith(("(", "!(")) and text.endswith(")") and (":" in text or "!" in text):
        abort(400, gettext("Filters and paging are parameters of their own: ?status=active&page=1"))
    return request.args


def key() -> str:
    """The `Idempotency-Key` header, a UUID: a request sent twice with the same key creates one record. Empty without
    the header."""
    typed = request.headers.get("Idempotency-Key", "")
    found = typed.replace("-", "").lower()
    if typed and not idempotency.KEY.fullmatch(found):
        abort(400, gettext("The header Idempotency-Key takes a UUID."))
    return found


def made_before(ledger: Ledger, sent: idempotency.Sent) -> int | None:
    """The id of the record that this same request created before; 422 if the key came with other content."""
    try:
        return idempotency.repeated(ledger.name, sent)
    except idempotency.Reused:
        unprocessable({}, gettext("This Idempotency-Key was used for something else; please send a new one."))


def parent(ledger: Ledger, sent: dict[str, Any]) -> dict[str, str]:
    """The parent record of a new entry from the body, unless the query string has it."""
    name = f"{ledger.under.relation}_id" if ledger.under else ""
    return {} if not name or request.args.get(name) else {name: text_of(sent.pop(name, None))}


@dataclass(frozen=True)
class Start:
    """The version of the record that a change is based on (None if not sent), and the status code if there is a newer
    one: 412 for `If-Match`, else 409."""

    version: int | None
    code: int = 409

    @classmethod
    def of(cls, sent: dict[str, Any], record: Any) -> Start:
        """Read the version from the body or from `If-Match`; if both are sent, both must be current."""
        text = text_of(sent.pop("version", None))
        # A web server that compresses an answer makes its tag a weak one.
        tags = {natural(tag) or 0 for tag in request.if_match.as_set(include_weak=True)}
        if tags and getattr(record, "version", None) not in tags:
            return cls(max(tags), 412)
        return cls(natural(text) if text else record.version if tags else None)


def posted(ledger: Ledger, sent: Mapping[str, Any], closed: Collection[str] = ()) -> MultiDict[str, str]:
    """The form's texts; 422 for what the form has not or this user may not see, 413 for far too many."""
    typed = Typed()
    tables = {table.name: table for table in ledger.form.tables}
    for name, value in sent.items():
        if name in tables:
            typed.take_rows(ledger, tables[name], value)
        elif name.startswith(duplicates.PREFIX):
            typed[name] = text_of(value)
        else:
            typed.take(ledger.entered.get(name) if name not in closed else None, name, value)
    return typed.judged()


def answers(fields: Mapping[str, Field], sent: Mapping[str, Any]) -> MultiDict[str, str]:
    """The texts of a small form, such as that of a transition."""
    typed = Typed()
    for name, value in sent.items():
        typed.take(fields.get(name), name, value)
    return typed.judged()


class Typed(MultiDict[str, str]):
    """Form data built from JSON, with the errors of values that no form field can hold."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: dict[str, list[str]] = {}
        self.parts = 0

    def take(self, declared: Field | None, name: str, value: Any) -> None:
        self.parts += len(value) if isinstance(value, list) else 1
        if self.parts > current_app.config["MAX_FORM_PARTS"]:
            abort(413)
        texts = list(texts_of(declared.kind, value)) if declared is not None else []
        if declared is None:
            self.faults[name] = [gettext("This cannot be set here.")]
        elif None in texts:
            self.faults[name] = [gettext("This field takes another kind of value.")]
        else:
            self.setlist(name, [text or "" for text in texts])

    def take_rows(self, ledger: Ledger, table: ChildTable, rows: Any) -> None:
        """Add the rows of a child table. Existing rows have their `id`; new ones have none, or `new-<n>` so that other
        rows can refer to them."""
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self.faults[table.name] = [gettext("This field takes another kind of value.")]
            return
        # A table emptied of its rows was still posted.
        self[f"{table.name}-posted"] = "1"
        if len(rows) > 2 * table.most:
            abort(413)
        fields = ledger.rows_fields(table)
        for n, row in enumerate(rows):
            for name, value in {"id": None, **row}.items():
                self.take(KEY if name == "id" else fields.get(name), f"{table.name}-{n}-{name}", value)

    def judged(self) -> MultiDict[str, str]:
        if self.faults:
            unprocessable(self.faults)
        return self


def texts_of(kind: Kind, value: Any) -> Iterator[str | None]:
    """One text for each value, None for what this kind of field cannot be."""
    several = isinstance(value, list)
    if several and not kind.multiple:
        yield None
    for each in value if several else [value]:
        wrong = isinstance(each, (dict, list)) or (isinstance(each, bool) and kind.schema()["type"] != "boolean")
        yield None if wrong else text_of(each)
    if value == []:
        yield ""


def text_of(value: Any) -> str:
    """The text of a JSON value; numbers were parsed as text. Empty for null, lists and objects."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return value if isinstance(value, str) else ""
