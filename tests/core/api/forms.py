"""Forms that are right, for every ledger: those of records of the demo, with what two records cannot share changed."""

from __future__ import annotations

import re
from typing import Any

from tests.security.test_writing import editor
from tests.visitor import meant

# What a second record of the same content needs of its own.
OWN = {
    "beneficiaries": {
        "name_enc": "曹新演",
        "address_enc": "海棠里1号楼",
        "phone_enc": "022-87654321",
        "hardship_types": ["01"],
    },
    "study_groups": {"name": "又一个青年理论学习小组"},
    "study_plans": {"plan_year": "2027"},
    "study_sessions": {"theme": "又一个主题的学习"},
    "units": {"full_name": "又一个单位", "short_name": "又一单位", "sort_no": "999"},
    "party_orgs": {"full_name": "又一个党组织", "org_code": "999.999"},
    "areas": {"name": "又一个社区"},
}


def ledgers(app: Any, verb: str) -> list[Any]:
    return [ledger for ledger in app.extensions["portal.ledgers"] if verb in ledger.verbs]


def keeper(ledger: Any) -> str:
    """Somebody who fills in this ledger for all units."""
    return "reviewer" if ledger.review.statuses or ledger.under or ledger.name == "members" else "admin"


def edited(visit: Any, rows: Any, ledger: Any) -> tuple[int, dict[str, Any]]:
    """A record that can be edited, and its form as the page shows it."""
    visitor, path = editor(visit, rows, ledger)
    typed = visitor.look(path).filled()
    # What is the page's own and none of the record's.
    typed = {name: text for name, text in typed.items() if name != "csrf_token" and not name.startswith("_")}
    return int(path.rpartition("/")[2]), typed


def parent(ledger: Any, rows: Any, id_: int) -> dict[str, str]:
    """The record that an entry stands under, as its address says it."""
    if not ledger.under:
        return {}
    column = next(iter(ledger.mapper.relationships[ledger.under.relation].local_columns)).name
    found = rows(f"SELECT {column} FROM {ledger.model.__tablename__} WHERE id = {id_}")[0][0]
    return {f"{ledger.under.relation}_id": str(found)}


def fresh(visit: Any, rows: Any, ledger: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """The address and the form of a new record that is right."""
    id_, typed = edited(visit, rows, ledger)
    columns = ledger.mapper.columns
    typed |= {name: "" for name in ledger.entered if name in columns and columns[name].unique}
    typed |= OWN.get(ledger.name, {})
    # Rows that named others by their ids; new ones have none yet.
    typed = {name: text for name, text in typed.items() if name != "version" and not re.search(r"-id$|-.*_ids$", name)}
    query = parent(ledger, rows, id_)
    page = visit(keeper(ledger)).post(address(f"/{ledger.name}/check", query), typed) if ledger.form.rules else None
    doubts = page.response.json["warnings"] if page is not None and page.status == 200 else []
    return query, typed | ({f"_distinct-{id_}": "确实是两件不同的事"} if doubts else {})


def address(path: str, query: dict[str, str]) -> str:
    return path + "".join(f"?{name}={text}" for name, text in query.items())


def as_json(ledger: Any, typed: dict[str, Any]) -> dict[str, Any]:
    """What a form posts, as REST takes it: rows nested, one value where the form has a hidden one before its tick."""
    fields, found = dict(ledger.entered), {}
    tables = {table.name: ledger.rows_fields(table) for table in ledger.form.tables}
    for name, text in typed.items():
        table, _, place = name.partition("-")
        if table not in tables:
            found[name] = one(fields.get(name), text)
            continue
        number, _, cell = place.partition("-")
        rows = found.setdefault(table, {})
        if number.isdecimal():
            rows.setdefault(int(number), {})[cell] = one(tables[table].get(cell), text)
    return {name: [each[n] for n in sorted(each)] if name in tables else each for name, each in found.items()}


def one(declared: Any, text: Any) -> Any:
    several = declared is not None and declared.kind.multiple
    return text if several else meant(text)
