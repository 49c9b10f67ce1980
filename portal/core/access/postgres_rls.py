"""PostgreSQL row-level security as a second layer below `scope.py` (`docs/architecture.md`), on by a setting.

The ORM narrows every statement (`core/access/scope.py`). With this layer on, the database refuses on its own what
some statement might ask past it: each transaction is told who acts, and policies on the tables compare. It is as
coarse as is needed for that: it knows rows, not verbs or days, and a row of a record follows its record.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flask import Flask
from sqlalchemy import Engine, event, inspect
from sqlalchemy.engine import Connection

from portal.core.access import scope
from portal.core.access.row_scope import CO_UNITS, OWNER, PARTY
from portal.core.access.scope import Principal
from portal.extensions import db

POLICY = "portal_scope"
SETTING = "portal.reach"
REACH = f"(NULLIF(current_setting('{SETTING}', true), '')::jsonb)"
TELL = f"SELECT set_config('{SETTING}', %s, true)"  # until the transaction ends: the next one on it may be another's


def install(app: Flask) -> None:
    with app.app_context():
        engine: Engine = db.engine
        if app.config["ROW_SECURITY"] and engine.dialect.name == "postgresql":
            event.listen(engine, "before_cursor_execute", say_who_acts)
            event.listen(engine, "begin", forget)
            event.listen(engine, "rollback_savepoint", forget)


def say_who_acts(connection: Connection, cursor: Any, *_: Any) -> None:
    """Before a statement: tell the transaction, once for each change of whoever acts in it."""
    principal = scope.current()
    if connection.info.get("acting") is not principal:
        cursor.execute(TELL, (told(principal),))
        connection.info["acting"] = principal


def forget(connection: Connection, *_: Any) -> None:
    """Forget the principal that was sent, because the setting ends with the transaction. Invalidated connections have
    nothing to forget."""
    if not connection.invalidated:
        connection.info.pop("acting", None)


def told(principal: Principal) -> str:
    """The ids by table and column that any verb of any ledger covers: {"agreement": {"owner_unit_id": [3]}}."""
    if principal.everything:
        return json.dumps({"*": True})
    found: dict[str, dict[str, Any]] = {}
    for model in scope.scoped_models():
        table, ledger = str(inspect(whole(model)).local_table), model.ledger_name
        reached = found.setdefault(table, {})
        for (name, _), reach in principal.grants.items():
            if name == ledger and reach.everything:
                reached["*"] = True
            elif name == ledger:
                for claim in reach.claims:
                    reached.setdefault(claim.column, set()).add(claim.id)
    return json.dumps(found, default=sorted)


def whole(model: Any) -> Any:
    """The model class of the record that a child-row class belongs to; a record's own class stays as it is."""
    while model.part_of:
        model = inspect(model).relationships[model.part_of].mapper.class_
    return model


def statements(on: bool) -> Iterator[str]:
    """SQL statements that turn row-level security of every table on or off. The owner of the database runs them during
    setup."""
    for model in scope.scoped_models():
        table = inspect(model).local_table
        yield f'DROP POLICY IF EXISTS {POLICY} ON "{table}"'
        if on:
            yield f'CREATE POLICY {POLICY} ON "{table}" USING ({condition(model)})'
        for word in ("ENABLE", "FORCE") if on else ("NO FORCE", "DISABLE"):
            yield f'ALTER TABLE "{table}" {word} ROW LEVEL SECURITY'


def condition(model: Any) -> str:
    """The policy condition of a model. Settings are wrapped in `SELECT` so that PostgreSQL reads them once per
    statement."""
    mapper = inspect(model)
    if model.part_of:
        relation = mapper.relationships[model.part_of]
        ((local, remote),) = relation.local_remote_pairs
        above = relation.mapper.local_table
        same = f'whole."{remote.name}" = "{mapper.local_table}"."{local.name}"'
        return f'EXISTS (SELECT 1 FROM "{above}" whole WHERE {same})'  # noqa: S608 - names of our own tables
    table = mapper.local_table
    parts = [f"(SELECT {REACH} ->> '*') = 'true'", f"(SELECT {REACH} #>> '{{{table},*}}') = 'true'"]
    for name in (*OWNER, *PARTY):
        if model.knows(name):
            key = mapper.synonyms[name].name if name in mapper.synonyms else name
            column = mapper.columns[key].name
            ids = f"SELECT jsonb_array_elements_text({REACH} #> '{{{table},{name}}}')::int"
            parts.append(f'"{table}"."{column}" IN ({ids})')
    if model.knows(CO_UNITS):
        relation = mapper.relationships[CO_UNITS]
        ((_, row),), ((_, unit),) = relation.synchronize_pairs, relation.secondary_synchronize_pairs
        of_units = f"{unit} IN (SELECT jsonb_array_elements_text({REACH} #> '{{{table},{CO_UNITS}}}')::int)"
        parts.append(f'"{table}".id IN (SELECT {row} FROM {relation.secondary} WHERE {of_units})')  # noqa: S608 - as above
    return " OR ".join(parts)
