"""How lists, searches and figures of a million records are answered: by an index, whatever the ledger and database."""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import cache

import pytest
from sqlalchemy import event

from portal import ledgers
from portal.core.views.lists import listing, ordering
from portal.extensions import Model, db
from portal.org.mixins import Scoped
from tests.test_every_ledger import readable

MILLION = 1_000_000
# Rows of a million that one value is found in.
RARE, COMMON = 1_000, {"status": 150_000, "owner_unit_id": 5_000}
NOWHERE = "龙虎斗"
pytestmark = pytest.mark.slow


@cache
def growing():
    """The tables of records and of what belongs to them."""
    models = [each.model for each in ledgers.ALL]
    models += [ledger.rows_model(table) for ledger in ledgers.ALL for table in ledger.form.tables]
    return {model.__tablename__ for model in models}


def counts(table):
    """What ANALYZE would find out of a million rows."""
    for index in table.indexes:
        found = 1_000 if index.dialect_kwargs.get("sqlite_where") is not None else MILLION
        told = [found]
        for place, name in enumerate(index.columns.keys()):
            # Of those with the same values before it, at least a fiftieth.
            share = max(COMMON.get(name, RARE), MILLION // 50 if place else 0)
            found = 1 if name == "id" else max(found * share // MILLION, 1)
            told.append(found)
        yield index.name, " ".join(map(str, told))


@pytest.fixture
def million(app):
    """The database believes that its growing tables have a million rows each, until the test is over."""
    with app.app_context():
        {"sqlite": believing_sqlite, "postgresql": believing_postgresql}[db.engine.dialect.name]()
        db.engine.dispose()  # connections of SQLite read it once


def believing_sqlite():
    with db.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")
        for name in growing():
            connection.exec_driver_sql("DELETE FROM sqlite_stat1 WHERE tbl = ?", (name,))
            for index, told in counts(Model.metadata.tables[name]):
                connection.exec_driver_sql("INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", (name, index, told))


def believing_postgresql():
    """It looks at how many pages there are, and believes what it is told of how many rows these have."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM (ANALYZE)")
        found = "SELECT %s::regclass UNION SELECT indexrelid FROM pg_index WHERE indrelid = %s::regclass"
        for name in growing():
            told = f"UPDATE pg_class SET reltuples = {MILLION} WHERE reltuples > 1 AND oid IN ({found})"
            connection.exec_driver_sql(told, (name, name))


@contextmanager
def explaining(app):
    """The plans of all statements that are executed inside, as (statement, plan)."""
    found, asking = {}, []

    def explain(connection, _cursor, statement, parameters, *_):
        told = statement.startswith("SELECT") and growing() & set(re.findall(r"\w+", statement))
        if told and not asking and statement not in found:
            asking.append(True)
            found[statement] = plan_of(connection, statement, parameters)
            asking.pop()

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        with app.app_context():
            event.remove(db.engine, "before_cursor_execute", explain)


def plans_of(app, visitor, asked):
    with explaining(app) as found:
        for address in asked:
            assert visitor.client.get(address).status_code == 200, address
    return found


def plan_of(connection, statement, parameters):
    if connection.dialect.name == "sqlite":
        lines = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        return [line[-1] for line in lines]
    for way in ("seqscan", "hashjoin", "mergejoin"):
        connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
    (told,) = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
    return told["Plan"]


def scans(plans):
    """What reads a growing table from end to end, not only in the order of a list until a page is full."""
    for statement, plan in plans.items():
        of_one = scans_of_sqlite if isinstance(plan, list) else scans_of_postgresql
        yield from (f"{line} of {statement}" for line in of_one(statement, plan))


def scans_of_sqlite(statement, lines):
    for line in lines:
        read = re.match(r"SCAN (\w+)(.*)", line)
        page = read and re.search(rf"ORDER BY {read[1]}\.id( DESC)?\s+LIMIT", statement)
        if read and re.sub(r"_\d+$", "", read[1]) in growing() and "USING" not in read[2] and not page:
            yield line


def scans_of_postgresql(statement, plan, above=()):
    """Which table of a join leads depends on values that a demo has not as many of: that one is not looked at."""
    kind, table, above = plan["Node Type"], plan.get("Relation Name"), (plan["Node Type"], *above)
    joined = [each for each in above[1:] if each not in ("Sort", "Unique")]
    leading = joined[:1] == ["Nested Loop"] and plan["Parent Relationship"] == "Outer"
    whole = kind == "Seq Scan" or (kind == "Index Scan" and "Index Cond" not in plan)
    if table in growing() and whole and not leading:
        # What is done with its rows before there is a page of them.
        until = above[: above.index("Limit")] if "Limit" in above and " ORDER BY " in statement else None
        if kind == "Seq Scan" or until is None or {"Aggregate", "Sort"} & set(until):
            yield " < ".join((f"{kind} {table}", *above[1:]))
    for below in plan.get("Plans", ()):
        yield from scans_of_postgresql(statement, below, above)


def indexes_of(plan):
    """The names of the indexes that a plan reads."""
    if isinstance(plan, list):
        return {name for line in plan for name in re.findall(r"INDEX (ix_\w+)", line)}
    below = (indexes_of(each) for each in plan.get("Plans", ()))
    return {plan["Index Name"]}.union(*below) if "Index Name" in plan else set().union(*below)


def declared():
    """The names of the indexes that `indexes.declare` adds to the tables of ledgers."""
    ends = re.compile("_(figures|gaps|scan|order_.+)$")
    for ledger in ledgers.ALL:
        yield from (index.name for index in ledger.mapper.local_table.indexes if ends.search(index.name))


def ranked(ledger, name):
    """Not the names of people, who belong to units: they are looked up record by record."""
    kind = ordering.ranked_link(ledger, name)
    return kind is None or not issubclass(kind.model, Scoped)


def addresses(ledger):
    path = f"/{ledger.name}/list/?"
    yield from (f"{path}order={sign}{name}" for name in ledger.sortable if ranked(ledger, name) for sign in ("", "-"))
    yield f"{path}q={NOWHERE}"
    for name, kind in ((name, ledger.field(name).kind) for name in ledger.list.filters):
        if kind.filter_widget == "days":
            yield f"{path}{name}=2026-01-01&{name}=2026-01-31"
        elif kind.filter_widget == "select":
            yield from (f"{path}{name}={value}" for value, _ in kind.options())
    yield from (f"{path}figure={figure.name}{end}" for figure in ledger.figures for end in ends(figure))
    if ledger.figures:
        yield f"/{ledger.name}/figures"


def ends(figure):
    return ("", ".counted") if figure.part_address else ("",)


# Few records are found first and put in order, many along an index of the order. To the committee a list of few is that
# of a small table.
ASKING = {"reviewer": 0, "filler01": ordering.COUNTED}


def set_counted(monkeypatch, few):
    for module in (listing, ordering):
        monkeypatch.setattr(module, "COUNTED", few)


def test_lists_and_figures_read_no_whole_growing_table_and_use_every_declared_index(app, visit, million, monkeypatch):
    used = set()
    for account, few in ASKING.items():
        visitor = visit(account)
        set_counted(monkeypatch, few)
        with app.app_context():
            mine = [each for each in readable(app, account) if each in ledgers.ALL]
            # Entries that are not in the menu are read under their record.
            asked = [address for each in mine if each.list.in_menu for address in addresses(each)]
        others = ["/", *(f"/{each.name}/list/" for each in mine if not each.list.in_menu)]
        plans = plans_of(app, visitor, [*asked, "/overdue/"])
        assert list(scans(plans)) == []
        for plan in (*plans.values(), *plans_of(app, visitor, others).values()):
            used |= indexes_of(plan)
    with app.app_context():
        # PostgreSQL also looks at how many pages an index has: between two of a few demo rows it may choose either.
        unused = set(declared()) - used if db.engine.dialect.name == "sqlite" else set()
    assert unused == set()


@pytest.mark.one_database
@pytest.mark.parametrize("account", ["reviewer", "filler01"])
def test_many_records_stand_in_the_same_order_as_few(app, visit, monkeypatch, account):
    visitor = visit(account)
    for ledger in (each for each in readable(app, account) if each in ledgers.ALL):
        for order in (f"{sign}{name}" for name in ledger.sortable for sign in ("", "-")):
            found = {}
            for few in (0, 10_000):
                set_counted(monkeypatch, few)
                found[few] = visitor.look(f"/{ledger.name}/list/?page_size=100&order={order}").ids()
            assert found[0] == found[10_000], f"{ledger.name} {order}"
