"""Paste a block from a spreadsheet into a table of a form.

The kinds of fields answer, as they do for sheets: codes and choices by label, dates in many writings, links and people
by name. Nothing is saved; what a cell cannot be is said at the cell.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice
from typing import Any, ClassVar

from flask import abort, request
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access

from portal.core.fields import BadValue, Field, natural
from portal.core.fields.links import standing_under
from portal.core.views.forms.autosave import form_or_abort
from portal.org import codes

MOST_CELLS = 5000
# What is chosen rather than written.
CHOSEN = frozenset(("select", "link", "links", "person", "multiple", "tick", "rows"))


class Pasting:
    """Mixin of `LedgerView`: pasted blocks."""

    verbs: ClassVar = {"paste": "read"}

    @expose("/paste/<string:name>", methods=["POST"])
    @has_access
    def paste(self: Any, name: str) -> ResponseReturnValue:
        """`cells`, rows of texts as JSON, from the column `first` of the table on: {"rows": [[{…}]]}."""
        table = next((each for each in self.ledger.form.tables if each.name == name), None) or abort(404)
        record, parent = form_or_abort(self)
        fields = list(self.ledger.rows_fields(table).values())[natural(request.form.get("first", "")) or 0 :]
        rows = texts_or_400(request.form.get("cells", ""))
        codes.load(self.ledger.all_code_lists)
        with standing_under(self.ledger.above(record) if record is not None else parent):
            found = [[meaning(field, text) for field, text in zip(fields, row, strict=False)] for row in rows]
        return {"rows": found}


def texts_or_400(sent: str) -> list[list[str]]:
    try:
        rows = json.loads(sent)
    except (ValueError, RecursionError):
        rows = None
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        abort(400)
    if any(True for _ in islice((cell for row in rows for cell in row), MOST_CELLS, None)):
        abort(413)
    return [[str(cell) for cell in row] for row in rows]


def meaning(field: Field, text: str) -> dict[str, Any]:
    """The parsed cell: texts, or values with their labels to select; and the error."""
    kind, text = field.kind, text.strip()
    if kind.widget == "rows":  # rows of this very form, which only the page knows
        return {"texts": [text]}
    if kind.widget != "lines":
        text = " ".join(text.split("\n"))
    chosen = kind.widget in CHOSEN
    try:
        value = kind.parse(split(kind, text), None) if text else None
    except BadValue as fault:
        return {"texts": [] if chosen else [text], "fault": fault.brief, "text": text}
    # A personal value is written as it was pasted: how it stands in a form is masked.
    texts = [text] if kind.personal and not chosen else kind.typed(value)
    return {"texts": texts, "choices": kind.shown_choices(texts)} if chosen else {"texts": texts}


def split(kind: Any, text: str) -> Sequence[str]:
    """Split a cell only if the field takes several values."""
    return kind.from_cell(text) if kind.multiple else [text]
