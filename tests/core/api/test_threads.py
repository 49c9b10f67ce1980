"""Several programs at once, in threads of one process."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

from tests.core.api.conftest import Rest
from tests.core.api.forms import as_json, ledgers
from tests.security.test_threads import FILLERS, ask, port
from tests.security.walk import unit_id

__all__ = ["port"]


def test_no_list_answers_what_another_user_asked_for(port, visit, rows):
    """H19, fact 1: filters, pages and records of one request only."""
    visitors = {name: visit(name) for name in FILLERS}
    own = {
        name: {i for (i,) in rows(f"SELECT id FROM member WHERE unit_id = {unit_id(rows, n)}")}
        for n, name in enumerate(FILLERS, start=1)
    }
    states = ("serving", "retired", "lent", "posted")

    def look(n: int) -> None:
        name, status = FILLERS[n % 4], states[n % 4]
        code, text = ask(port, visitors[name], f"/api/v1/members/?work_status={status}&page_size=100")
        told = json.loads(text)
        assert code == 200
        assert {record["work_status"] for record in told["result"]} <= {status}
        assert set(told["ids"]) <= own[name]
        _, text = ask(port, visitors[name], "/api/v1/members/?page_size=100")
        assert set(json.loads(text)["ids"]) == own[name]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(look, range(60)))


def test_five_at_the_same_time_with_one_key_make_one_record(app, visit, rows, agreement):
    ledger = next(each for each in ledgers(app, "add") if each.name == "agreements")
    sent, key = as_json(ledger, agreement), str(uuid.uuid4())
    before = rows("SELECT count(*) FROM agreement")[0][0]
    programs = [Rest(visit("filler01")) for _ in range(5)]

    def send(program: Rest) -> int:
        return program.post("agreements/", sent, headers={"Idempotency-Key": key})[0]

    with ThreadPoolExecutor(5) as pool:
        statuses = list(pool.map(send, programs))
    assert statuses.count(201) == 1
    assert rows("SELECT count(*) FROM agreement") == [(before + 1,)]
    assert send(programs[0]) == 200
