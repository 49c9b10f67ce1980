"""Encode records, faults and forms as JSON. Every value goes through its kind, so masked values stay masked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask import url_for

from portal.core.access import scope
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import ChildTable
from portal.core.declaration.values import Values
from portal.core.declaration.workflow import Transition
from portal.core.fields import Field, Link
from portal.core.records.forms.form import LedgerForm
from portal.core.views.forms.conflict import Conflict
from portal.core.views.lists import listing
from portal.core.views.stale import Newer
from portal.core.views.transition_pages import Offer

# What stands above the fields of a record that has a status, and comes with it in a list.
HEADER = ("record_no", "status", "owner_unit_id", "filler_id", "filled_at")
ALWAYS = ("record_no", "status")

Told = tuple[dict[str, Any], dict[str, Any]]


def listable(ledger: Ledger) -> tuple[str, ...]:
    """Every field that a list or a record can show."""
    return tuple(dict.fromkeys((*shown(ledger), *listing.choosable(ledger))))


def told(fields: Mapping[str, Field], record: Any) -> Told:
    """Returns the values as JSON that the form also accepts, and the display texts."""
    texts = {name: each.kind.show(each.kind.read(record, name)) for name, each in fields.items()}
    return values(fields, record), texts


def values(fields: Mapping[str, Field], record: Any) -> dict[str, Any]:
    found = {name: each.kind.json(each.kind.stored(record, name)) for name, each in fields.items()}
    return {**found, "id": record.id}


def visible(ledger: Ledger, names: Iterable[str], record: Any) -> dict[str, Field]:
    hidden = ledger.hidden(record)
    return {name: ledger.field(name) for name in names if name not in hidden}


def listed(ledger: Ledger, columns: Sequence[str], records: Iterable[Any]) -> dict[str, Any]:
    names = dict.fromkeys((*(ALWAYS if ledger.review.statuses else ()), *columns))
    found = [(visible(ledger, names, record), record) for record in records]
    return {
        "ids": [record.id for _, record in found],
        "result": [values(fields, record) for fields, record in found],
        "texts": [
            {name: each.kind.brief(each.kind.read(record, name)) for name, each in fields.items()}
            for fields, record in found
        ],
    }


def shown(ledger: Ledger) -> tuple[str, ...]:
    """The fields of one record, in order."""
    return tuple(dict.fromkeys((*(HEADER if ledger.review.statuses else ()), *ledger.shown)))


def whole(ledger: Ledger, record: Any) -> dict[str, Any]:
    """One record with the tables in it."""
    result, texts = told(visible(ledger, shown(ledger), record), record)
    if ledger.review.statuses:
        result["version"] = record.version
    for table in (*ledger.tables_for(Values(record, {})), *ledger.form.read_only_tables):
        rows = [told(ledger.cells(table, record), row) for row in getattr(record, table.name)]
        result[table.name], texts[table.name] = [row for row, _ in rows], [cells for _, cells in rows]
    return {"id": record.id, "title": str(record), "result": result, "texts": texts}


def faults(form: LedgerForm | Any) -> dict[str, list[str]]:
    """Form errors by field name, including open questions about possible duplicates."""
    found = {field.name: [str(text) for text in field.errors] for field in form if field.errors}
    for field in form:
        for row in getattr(field, "rows", ()):
            found |= {cell.name: [str(text) for text in cell.errors] for cell in row if cell.errors}
    doubts = form.doubts.open if isinstance(form, LedgerForm) else ()
    return found | {doubt.name: [text for text in (doubt.text, doubt.fault) if text] for doubt in doubts}


def changed(conflict: Conflict | None) -> dict[str, Any]:
    """Who saved in the meantime, what they changed, and which of these fields the sender changes, too."""
    if conflict is None:
        return {}
    changes = [{"label": str(label), "before": old, "after": new} for label, old, new in conflict.changes]
    return {
        "who": conflict.who,
        "at": conflict.at.isoformat(),
        "changes": changes,
        "clashes": [clash.name for clash in conflict.clashes],
    }


def newer(met: Newer) -> dict[str, Any]:
    """Who changed a record since it was requested, and what."""
    changes = [{"label": str(label), "before": old, "after": new} for label, old, new in met.changes]
    return {"who": met.who, "at": met.at.isoformat(), "changes": changes} if met.at is not None else {}


def offered(ledger: Ledger, offers: Iterable[Offer]) -> list[dict[str, Any]]:
    """The transitions that are available for a record now, each with its form fields."""
    return [
        {
            **named(offer.transition),
            "fields": [described(ledger, field.name, field.declared) for field in offer.form or ()],
        }
        for offer in offers
    ]


def named(transition: Transition) -> dict[str, str]:
    return {"name": transition.name, "label": str(transition.title)}


def described(ledger: Ledger, name: str, declared: Field, place: str = "") -> dict[str, Any]:
    """Field description for clients that build a form. Choices of links are not listed; `options` is their address."""
    found = {
        "name": name,
        "label": str(declared.label),
        "kind": declared.kind.widget,
        "required": declared.required,
        "hint": str(declared.hint or ""),
    }
    if isinstance(declared.kind, Link):
        return {**found, "options": url_for(f"{ledger.name}.options", name=f"{place}{name}")}
    choices = declared.kind.options()
    if choices is None:
        return found
    return {**found, "choices": [{"value": value, "text": text} for value, text in choices]}


def described_rows(ledger: Ledger, table: ChildTable) -> dict[str, Any]:
    fields = ledger.rows_fields(table)
    return {
        "name": table.name,
        "label": str(table.label),
        "most": table.most,
        "fields": [described(ledger, name, declared, f"{table.name}.") for name, declared in fields.items()],
    }


def info(ledger: Ledger) -> dict[str, Any]:
    """The user's permissions in a ledger, and the fields and tables of its form."""
    may = scope.current().may
    entered = {name: each for name, each in ledger.entered.items() if each.asked is None or each.asked()}
    return {
        "name": ledger.name,
        "label": str(ledger.label),
        "permissions": [f"can_{verb}" for verb in ledger.verbs if may(verb, ledger.name)],
        "fields": [described(ledger, name, each) for name, each in entered.items()],
        "tables": [described_rows(ledger, table) for table in ledger.form.tables],
        "parent": f"{ledger.under.relation}_id" if ledger.under else None,
        "columns": list(ledger.list.columns),
        "filters": list(ledger.list.filters),
        "order": list(ledger.sortable),
        "moves": [named(transition) for transition in ledger.review.transitions if may(transition.name, ledger.name)],
    }
