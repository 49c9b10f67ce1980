"""Rules that compare records hold when two act at once (`docs/domain` §2.5.6): the second is told what it would be told
later. On PostgreSQL, where two transactions do not see each other's records; SQLite has one writer."""

from __future__ import annotations

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest

from portal.core.records.forms.form import LedgerForm
from tests.core.api.conftest import Rest
from tests.core.api.forms import address, fresh, keeper, ledgers
from tests.ledgers.test_transitions import ANSWERS
from tests.security.walk import of

on_postgresql = pytest.mark.parametrize("built", ["postgresql"], indirect=True)


@pytest.fixture
def slowly(monkeypatch):
    """Whatever is judged is stored a little later, so that two who begin together have both judged before either
    has stored anything."""
    validate = LedgerForm.validate

    def judged(form, *more):
        found = validate(form, *more)
        time.sleep(0.1)
        return found

    monkeypatch.setattr(LedgerForm, "validate", judged)


def at_once(*deeds):
    barrier = Barrier(len(deeds))

    def do(deed):
        barrier.wait()
        return deed()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(do, deeds))


def outcome(page):
    """The status, the fields with messages, and how many questions were asked."""
    return page.status, sorted(page.errors()), len(page.select("[data-doubt]"))


@on_postgresql
def test_the_second_of_two_forms_sent_at_once_hears_what_one_sent_later_hears(app, built, visit, rows, slowly):
    """In every ledger: unique numbers and names, one person once, one plan a period, the same visit twice, …"""
    prepared = []
    for ledger in ledgers(app, "add"):
        query, typed = fresh(visit, rows, ledger)
        typed = {name: text for name, text in typed.items() if not name.startswith("_distinct-")}
        if "office_no" in typed:
            typed["office_no"] = "同时〔2026〕1号"
        prepared.append((ledger, address(f"/{ledger.name}/add", query), typed))
    later = {}
    for ledger, path, typed in prepared:
        sent = [typed | {"_once": secrets.token_hex(16)} for _ in range(2)]
        later[ledger.name] = sorted(outcome(visit(keeper(ledger)).post(path, each)) for each in sent)
    built.restore()
    together = {}
    for ledger, path, typed in prepared:
        pair = [visit(keeper(ledger)) for _ in range(2)]
        deeds = [partial(who.post, path, typed | {"_once": secrets.token_hex(16)}) for who in pair]
        together[ledger.name] = sorted(map(outcome, at_once(*deeds)))
    assert together == later
    refused = {name for name, found in later.items() if found[0] != found[1]}
    assert refused >= {"agreements", "beneficiaries", "study_groups", "study_plans", "study_sessions"}


TERM = "party_a_org_id, party_b_org_id, agreement_type, owner_unit_id"
LATER = "effective_from = '2031-01-01', effective_to = '2032-12-31', terminated_on = NULL, amends_id = NULL"


@on_postgresql
@pytest.mark.parametrize("transitions", [("approve_committee", "approve_committee"), ("restore", "adopt")])
def test_of_two_overlapping_agreements_one_comes_into_force(visit, rows, change, slowly, transitions):
    """By page and by program, approved, restored or taken over."""
    ids = of(rows, 1, "pending_unit"), of(rows, 1, "returned")
    change(
        f"UPDATE agreement SET ({TERM}) = (SELECT {TERM} FROM agreement WHERE id = {ids[0]}), {LATER} "
        f"WHERE id IN ({ids[0]}, {ids[1]})"
    )
    before = {"approve_committee": "pending_committee", "restore": "voided", "adopt": "draft"}
    for _ in range(3):
        for id_, transition in zip(ids, transitions, strict=True):
            change(
                f"UPDATE agreement SET status = '{before[transition]}', prior_status = 'active', source = 'import', "
                f"signed_on = '2026-04-05' "
                f"WHERE id = {id_}"
            )
        page, program = visit("reviewer"), Rest(visit("reviewer02"))
        sent = program.seen(f"agreements/{ids[1]}")
        answer, (status, told) = at_once(
            lambda page=page: page.post(f"/agreements/{ids[0]}/move/{transitions[0]}", ANSWERS),
            lambda program=program, sent=sent: program.post(f"agreements/{ids[1]}/{transitions[1]}", sent),
        )
        standing = rows(f"SELECT id, record_no FROM agreement WHERE id IN {ids} AND status = 'active'")
        assert len(standing) == 1
        assert answer.status == 302
        if standing[0][0] == ids[0]:
            assert (status, list(told["errors"])) == (422, ["effective_to"])
            assert standing[0][1] in str(told["errors"])
        else:
            assert status == 200
            assert standing[0][1] in " ".join(page.look(f"/agreements/show/{ids[0]}").notices("error"))


@on_postgresql
def test_of_two_pairings_of_the_same_two_one_is_handed_in(visit, rows, change, slowly):
    unit = "(SELECT id FROM unit WHERE sort_no = 1)"
    (one, *_), (two, *_) = rows(f"SELECT id FROM pairing WHERE owner_unit_id = {unit} ORDER BY id LIMIT 2")
    who = "beneficiary_id, helper_member_id, helper_name, helper_org_id, start_on, measures, visit_freq, pair_type"
    others = f"(SELECT b.id FROM pairing p JOIN beneficiary b ON b.id = p.beneficiary_id WHERE p.id = {one})"
    change(f"UPDATE pairing SET status = 'terminated' WHERE beneficiary_id = {others} AND id NOT IN ({one}, {two})")
    change(f"UPDATE pairing SET ({who}) = (SELECT {who} FROM pairing WHERE id = {one}) WHERE id = {two}")
    for _ in range(3):
        change(f"UPDATE pairing SET status = 'draft', end_on = NULL, terminated_on = NULL WHERE id IN ({one}, {two})")
        visitors = zip((visit("filler01"), visit("filler01")), (one, two), strict=True)
        answers = at_once(*(lambda who=who, id_=id_: who.post(f"/pairings/{id_}/move/submit") for who, id_ in visitors))
        assert sorted(answer.status for answer in answers) == [200, 302]
        refused = next(answer for answer in answers if answer.status == 200)
        assert list(refused.errors()) == ["beneficiary_id"]


@on_postgresql
def test_a_record_has_one_amendment_and_one_renewal_however_many_begin(visit, rows):
    id_ = of(rows, 1, "active")
    for transition in ("amend", "renew"):
        visitors = [visit("filler01") for _ in range(3)]
        answers = at_once(
            *(
                lambda who=who, transition=transition: who.post(f"/agreements/{id_}/move/{transition}", ANSWERS)
                for who in visitors
            )
        )
        assert sorted(answer.status for answer in answers) == [302, 409, 409], transition


@on_postgresql
def test_a_request_for_a_sheet_is_decided_once(visit, rows):
    asker = visit("reviewer")
    sent = {"purpose": "check", "reason": "年度走访情况汇总上报"}
    asker.post("/exports/ask?ledger=beneficiaries", sent)
    [(id_,)] = rows("SELECT max(id) FROM unmasked_export")
    assert id_
    deciders = [visit("secadmin") for _ in range(4)]
    decisions = ["approve", "refuse", "approve", "refuse"]
    at_once(
        *(
            lambda who=who, decision=decision: who.post(
                f"/exports/decide/{id_}", decision=decision, note="不需要这些数据"
            )
            for who, decision in zip(deciders, decisions, strict=True)
        )
    )
    lines = rows("SELECT count(*) FROM audit_event WHERE action IN ('export_approved', 'export_refused')")
    assert lines == [(1,)]
