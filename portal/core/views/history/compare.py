"""Two versions of a record side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from flask import abort, request
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access

from portal.core.audit.audit_log import AuditEvent
from portal.core.audit.diff import HIDDEN, altered
from portal.core.audit.versions import Version, versions
from portal.core.declaration.ledger import Ledger
from portal.core.fields import Label, natural
from portal.core.views.history.record_history import place, retold, shown, told
from portal.org import codes

Known = Sequence[tuple[AuditEvent, Version]]


class Comparing:
    """Mixin of `LedgerView`: versions."""

    verbs: ClassVar = {"versions": "read"}

    @expose("/<int:pk>/versions")
    @has_access
    def versions(self: Any, pk: int) -> ResponseReturnValue:
        """Compare the versions of two audit log entries, `?left=` and `?right=`; by default the last change."""
        codes.load(self.ledger.all_code_lists)
        record = self.record_to_follow(pk)
        known = list(versions(self.ledger, record))
        right = chosen("right", known, 0)
        left = chosen("left", known, min(right + 1, len(known) - 1))
        left, right = max(left, right), min(left, right)  # the older one stands on the left
        return self.page(
            "versions.html",
            record=record,
            versions=[(line.id, told(self.ledger, line)) for line, _ in known],
            left=left,
            right=right,
            rows=side_by_side(self.ledger, record, known, left, right) if known else [],
        )


def chosen(name: str, known: Known, otherwise: int) -> int:
    """The index of a version in the list, newest first."""
    text = request.args.get(name, "")
    if not text:
        return max(otherwise, 0)
    found = [n for n, (line, _) in enumerate(known) if line.id == natural(text)]
    return found[0] if found else abort(404)


def side_by_side(
    ledger: Ledger, record: Any, known: Known, left: int, right: int
) -> list[tuple[Label, str, str, bool]]:
    """(label, before, after, changed) of every field in either version.

    Personal values are not stored in the history, only that they changed.
    """
    before, after = known[left][1].paths(), known[right][1].paths()
    details = ledger.detailed(record)
    touched = {path for line, _ in known[right:left] for path, *_ in altered(line.changes)}
    found = []
    for path in in_order(ledger, [*before, *(path for path in after if path not in before)]):
        label, declared = place(ledger, path)
        old, new = before.get(path), after.get(path)
        changed = old != new or (old == [HIDDEN] and path in touched)
        old, new = (shown(ledger, path, texts, details) for texts in (old, new))
        found.append((label, retold(declared, old), retold(declared, new), changed))
    return found


def in_order(ledger: Ledger, paths: Sequence[str]) -> list[str]:
    """Sort paths in the order of the record page: fields, then tables row by row. Paths without a field are left
    out."""
    tables = [ledger.rows_model(table).__tablename__ for table in (*ledger.form.tables, *ledger.form.read_only_tables)]
    names = {name: n for n, name in enumerate(dict.fromkeys((*ledger.shown, *ledger.fields_by_name)))}

    def rank(path: str) -> tuple[int, ...]:
        table, slash, rest = path.partition("/")
        return (1, tables.index(table), int(rest.partition("/")[0])) if slash else (0, names[path])

    told = (path for path in paths if (place(ledger, path)[1] if "/" in path else path in names))
    return sorted(told, key=rank)
