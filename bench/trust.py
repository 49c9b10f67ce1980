"""`python -m bench.trust`: what the scope, the masks, the encryption and the trail cost, turn by turn with and without
them in one process: a list page of people who are helped, and an import of 10,000 rows. Prints and writes
bench/trust.json."""

from __future__ import annotations

import argparse
import gc
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from statistics import fmean
from time import perf_counter
from typing import Any
from unittest.mock import patch

from flask import Flask
from openpyxl import Workbook
from sqlalchemy import event, select

from bench import daily, databases
from bench.places import DATA, ROOT
from portal import create_app, demo, setup
from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.audit import audit_log
from portal.core.declaration.ledger import mounted
from portal.core.fields.people import personal
from portal.core.spreadsheet.importer.importer import find_layout, take
from portal.core.spreadsheet.reader.workbook import read
from portal.extensions import db
from portal.org.models import Area, Unit

RESULTS = ROOT / "bench" / "trust.json"
UNIT, ROUNDS, WARM_UP = 1, 200, 20
PAGE = "/beneficiaries/list/?owner_unit_id={unit}"
HEADINGS = ("序号", "协议编号", "甲方党组织", "乙方社区党组织", "签订日期", "有效期至", "共建方式", "甲方联络员")
KINDS = (personal.Mobile, personal.PersonName, personal.PersonalPhone, personal.PersonalCodes)


@contextmanager
def silenced(*hooks: tuple[str, Any]) -> Iterator[None]:
    """Without these hooks of the session."""
    for name, hook in hooks:
        event.remove(db.session, name, hook)
    try:
        yield
    finally:
        for name, hook in hooks:
            event.listen(db.session, name, hook)


@contextmanager
def without_trail() -> Iterator[None]:
    with silenced(("before_flush", audit_log.note), ("after_flush", audit_log.write)):
        yield


@contextmanager
def without_any() -> Iterator[None]:
    """Rows by the filter alone, personal values as if they stood there in plain text, and no trail."""
    with ExitStack() as stack:
        stack.enter_context(without_trail())
        stack.enter_context(silenced(("do_orm_execute", scope.narrow)))
        for kind in KINDS:
            stack.enter_context(patch.object(kind, "show", lambda _kind, _value: "赵某某"))
        yield


@contextmanager
def as_it_is() -> Iterator[None]:
    yield


def page(app: Flask) -> dict[str, Any]:
    """Milliseconds (mean of the fastest tenth) and statements of one list page, with and without."""
    client, seen = app.test_client(), list[str]()
    with app.app_context():
        unit = db.session.scalars(select(Unit.id).where(Unit.sort_no == UNIT)).one()
        event.listen(db.engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: seen.append(statement))
    token = client.get("/login/").text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    client.post("/login/", data={"username": "filler01", "password": databases.PASSWORD, "csrf_token": token})
    found: dict[str, dict[str, Any]] = {"with": {}, "without": {}}
    times: dict[str, list[float]] = {"with": [], "without": []}
    gc.disable()
    for n in range(WARM_UP + ROUNDS):
        for name, how in (("with", as_it_is), ("without", without_any)):
            with how():
                seen.clear()
                begun = perf_counter()
                answer = client.get(PAGE.format(unit=unit))
                passed = perf_counter() - begun
            if answer.status_code != 200 or answer.text.count("<tr data-id") != 25:
                raise AssertionError(f"{name}: {answer.status_code}")
            found[name]["statements"] = len([each for each in seen if not each.startswith(("BEGIN", "PRAGMA"))])
            times[name] += [1000 * passed] if n >= WARM_UP else []
    gc.enable()
    for name, passed_ms in times.items():
        found[name]["ms"] = round(fmean(sorted(passed_ms)[: ROUNDS // 10]), 2)
    return compared(found)


def sheet(rows: int) -> bytes:
    """Agreements of every unit with one community after another."""
    units = db.session.scalars(select(Unit.full_name).order_by(Unit.sort_no)).all()
    areas = db.session.scalars(select(Area.name).where(Area.kind == "community").order_by(Area.sort_no)).all()
    book = Workbook(write_only=True)
    made = book.create_sheet()
    made.append(["台账"])
    made.append(HEADINGS)
    pairs = [(unit, area) for area in areas for unit in units][:rows]
    for n, (unit, area) in enumerate(pairs, 1):
        made.append([n, f"大〔2015〕{n}号", unit, area, "2015-01-02", "2017-12-31", "组织共建、活动共联", "王演晨"])
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def importing(app: Flask, rows: int) -> dict[str, Any]:
    """Seconds of taking the rows over, with and without a trail; nothing is kept."""
    found: dict[str, dict[str, Any]] = {"with": {}, "without": {}}
    with app.test_request_context():
        ledger = next(each for each in mounted() if each.name == "agreements")
        path = DATA / "trust" / "sheet.xlsx"
        path.write_bytes(sheet(rows))
        principal = act_as("reviewer")
        for name, how in (("without", without_trail), ("with", as_it_is)) * 2:
            with how(), scope.acting_as(principal):
                begun = perf_counter()
                outcome = take(
                    ledger, find_layout(ledger, read(path, path.name)), path.name, True, lambda _n, _all: None
                )
                db.session.flush()
                passed = perf_counter() - begun
                db.session.rollback()
            if outcome.accepted != rows:
                raise AssertionError(f"{outcome.accepted} of {rows} rows: {outcome.rejected[:3]}")
            found[name]["seconds"] = round(min(passed, found[name].get("seconds", passed)), 1)
    return compared(found)


def compared(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    unit = "ms" if "ms" in found["with"] else "seconds"
    return {**found, "ratio": round(found["with"][unit] / found["without"][unit], 3)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.trust", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000, help="rows of the import (%(default)s)")
    rows = parser.parse_args().rows
    made = databases.in_folder(databases.fresh(DATA / "trust"))
    app = create_app(environ={**made.settings, "PORTAL_TRUSTED_HOSTS": "localhost"})
    with app.app_context():
        setup.bring_up_to_date()
        demo.load()
        with db.engine.begin() as connection:
            daily.fill(connection)
        db.engine.dispose()
    results = {"list page": page(app), f"import of {rows} rows": importing(app, rows)}
    print(json.dumps(results, indent=2))
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
