"""`python -m bench.first_day`: how long the first day of the committee takes. The organisation, the roster and the
accounts of the `article` demo go out as sheets and come into an empty portal by its pages; writes first_day.json."""

from __future__ import annotations

import io
import json
import sys
import time
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from werkzeug.security import generate_password_hash

from portal import create_app, setup
from portal.accounts import create_account
from portal.core.access import scope
from portal.demo import accounts, organisation
from portal.demo.profiles import PROFILES
from portal.extensions import db
from portal.org.account_profiles import AccountProfile
from tests.visitor import Page, Visitor

PASSWORD = "Bench-12345678"
RESULTS = Path(__file__).with_name("first_day.json")
FIRST = (("sysadmin", "sys_admin"), ("secadmin", "sec_admin"), ("reviewer", "gw_reviewer"))
SHEETS = (("areas", "sysadmin"), ("units", "sysadmin"), ("party_orgs", "sysadmin"), ("members", "reviewer"))


def portal(home: Path) -> Flask:
    made: Flask = create_app(environ={"PORTAL_DATA_DIR": str(home), "PORTAL_DEMO": "none"}, TESTING=True)
    with made.app_context():
        setup.bring_up_to_date()
    return made


def fill(app: Flask, profile: str) -> None:
    with app.app_context(), scope.unscoped("the benchmark's source"):
        organisation.make(PROFILES[profile])
        db.session.commit()
        accounts.make(PROFILES[profile], generate_password_hash(PASSWORD))


def begin(app: Flask) -> None:
    """The three accounts that an operator makes at the machine."""
    with app.app_context(), scope.unscoped("an operator at the machine makes the first accounts"):
        for name, role in FIRST:
            create_account.create(name, name, PASSWORD, role, AccountProfile(password_on=date.max))


def bring(visitor: Visitor, place: str, data: bytes, *, adopt: bool = False) -> dict[str, Any]:
    """Preview and run, as a person does; `adopt`: take over with the statuses of the sheet."""
    began = time.monotonic()
    visitor.look(f"/{place}/import")
    chosen = {"adopt": "1"} if adopt else {}
    answer = visitor.post(f"/{place}/import", {"file": (io.BytesIO(data), f"{place}.xlsx")}, **chosen)
    path = str(answer.response.location)
    ended(visitor, path)
    visitor.post(f"{path}/run")
    page = ended(visitor, path)
    counts = {str(each["data-count"]): each.text for each in page.select("[data-outcome] [data-count]")}
    print(place, counts, f"{time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
    return {"seconds": round(time.monotonic() - began, 1), **counts, "path": path}


def ended(visitor: Visitor, path: str) -> Page:
    while (page := visitor.look(path)).select("[data-running]"):
        time.sleep(0.5)
    return page


def authorise(visitor: Visitor) -> int:
    rows = visitor.look("/accounts/waiting").select("[data-waiting-accounts] tr[data-id]")
    visitor.post("/accounts/waiting", {"account": [str(row["data-id"]) for row in rows]})
    return len(rows)


def main(profile: str = "article") -> dict[str, Any]:
    with TemporaryDirectory() as scratch:
        for name in ("full", "empty"):
            Path(scratch, name).mkdir()
        source, target = portal(Path(scratch, "full")), portal(Path(scratch, "empty"))
        fill(source, profile)
        begin(target)
        reader = {name: Visitor.signed_in(source, name, PASSWORD, {}) for name in ("admin", "reviewer")}
        writer = {name: Visitor.signed_in(target, name, PASSWORD, {}) for name, _ in FIRST}
        began, told = time.monotonic(), dict[str, Any]()
        for ledger, who in SHEETS:
            sheet = reader["reviewer" if who == "reviewer" else "admin"].client.get(f"/{ledger}/export").data
            told[ledger] = bring(writer[who], ledger, sheet)
        sheet = reader["admin"].client.get("/accounts/export").data
        told["accounts"] = bring(writer["sysadmin"], "accounts", sheet)
        slips = writer["sysadmin"].post(f"{told['accounts']['path']}/slips")
        told["slips"] = len(slips.select("[data-slip]"))
        told["authorised"] = authorise(writer["secadmin"])
        told["seconds"] = round(time.monotonic() - began, 1)
    return told


if __name__ == "__main__":
    found = main(*sys.argv[1:2])
    for each in found.values():
        if isinstance(each, dict):
            each.pop("path")
    RESULTS.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))
