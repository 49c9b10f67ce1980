"""What REST refuses, in every ledger: what the page would refuse, and what no form could have sent."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import inspect

from tests.core.api.forms import address, as_json, edited, fresh, keeper, ledgers
from tests.security.walk import NO_SUCH_ID, READERS, first, mostly_on_sqlite, of, unchanged, unit_id

ADMINISTRATORS = ("admin", "sysadmin", "secadmin", "auditadmin")


def named(app, name):
    return next(each for each in ledgers(app, "read") if each.name == name)


def everything_sent(rows, program, ledger):
    """Every address of the ledger that changes something, for its first record."""
    sent = dict.fromkeys(ledger.entered, "1") | {"version": 1}
    yield program.post(f"{ledger.name}/", sent)
    for (id_,) in rows(f"SELECT id FROM {ledger.model.__tablename__} ORDER BY id LIMIT 1"):
        yield program.put(f"{ledger.name}/{id_}", sent)
        yield program.delete(f"{ledger.name}/{id_}")
        for transition in ledger.review.transitions:
            yield program.post(f"{ledger.name}/{id_}/{transition.name}", {"reason": "理由写在这里。"})


@mostly_on_sqlite(READERS, "auditor")
def test_readers_change_nothing(app, rest, rows, account):
    program = rest(account)
    with unchanged(rows):
        for ledger in ledgers(app, "read"):
            for status, told in everything_sent(rows, program, ledger):
                assert status in (403, 405), f"{ledger.name}: {told}"


@mostly_on_sqlite(ADMINISTRATORS, "admin")
def test_administrators_change_no_business_record(app, rest, rows, account):
    program = rest(account)
    with unchanged(rows):
        for ledger in ledgers(app, "read"):
            if ledger.review.statuses or ledger.under:
                for status, told in everything_sent(rows, program, ledger):
                    assert status in (403, 405), f"{ledger.name}: {told}"


@pytest.mark.one_database
def test_records_of_others_cannot_be_touched(app, rest, rows):
    """By no method and no transition, in every ledger; and their rows are as they were."""
    program = rest("filler01")
    theirs = {}
    for ledger in ledgers(app, "read"):
        if ledger.scoped:
            ids = rest("filler02").get(f"{ledger.name}/", page_size=100)[1].get("ids", [])
            mine = program.get(f"{ledger.name}/", page_size=100)[1].get("ids", [])
            theirs[ledger] = sorted(set(ids) - set(mine))[:3]
    assert sum(map(bool, theirs.values())) > 10
    with unchanged(rows):
        for ledger, ids in theirs.items():
            for path in (f"{ledger.name}/{id_}" for id_ in ids):
                expected = {"edit": 404, "delete": 404}
                for verb, (status, _) in {
                    "edit": program.put(path, {"remark": "x", "version": 1}),
                    "delete": program.delete(path),
                }.items():
                    assert status == expected[verb] or verb not in ledger.verbs or status == 403, path
                for transition in ledger.review.transitions:
                    assert program.post(f"{path}/{transition.name}")[0] == 404, path


@pytest.mark.one_database
def test_no_column_is_set_that_the_form_does_not_have(app, visit, rest, rows):
    """Mass assignment: every column and relation of every model, in adding and in changing."""
    for ledger in ledgers(app, "add"):
        program = rest(keeper(ledger))
        query, typed = fresh(visit, rows, ledger)
        mapper = inspect(ledger.model)
        closed = {*mapper.columns.keys(), *mapper.relationships.keys()} - {*ledger.entered, *query}
        closed -= {table.name for table in ledger.form.tables}
        assert "id" in closed
        smuggled = dict.fromkeys(closed, "1")
        with unchanged(rows):
            status, told = program.post(address(f"{ledger.name}/", query), as_json(ledger, typed) | smuggled)
            assert (status, set(told["errors"])) == (422, closed), ledger.name
        if "edit" in ledger.verbs:
            id_, typed = edited(visit, rows, ledger)
            program = rest("filler01" if ledger.name == "agreements" else keeper(ledger))
            with unchanged(rows):
                version = {"version": 1} if ledger.review.statuses else {}
                status, told = program.put(f"{ledger.name}/{id_}", as_json(ledger, typed) | smuggled | version)
                assert (status, set(told["errors"])) == (422, closed - set(version)), ledger.name


def test_cells_of_rows_are_no_way_around_it(app, rest, rows):
    id_ = of(rows, 1, "draft")
    row = first(rows, "demand_item", f"agreement_id = {id_}")
    theirs = first(rows, "demand_item", f"agreement_id = {of(rows, 2, 'draft')}")
    program = rest("filler01")
    for sent, name in (
        ({"id": row, "agreement_id": 1}, "demand_items-0-agreement_id"),
        ({"id": theirs, "name": "别人的需求"}, "demand_items"),
        ({"id": row, "position": 9}, "demand_items-0-position"),
        ({"id": row, "name": ["x"]}, "demand_items-0-name"),
        ({"id": row, "category": "55"}, "demand_items-0-category"),
    ):
        with unchanged(rows):
            status, told = program.put(f"agreements/{id_}", {"demand_items": [sent], "version": 1})
            assert (status, name in told["errors"]) == (422, True), told


def test_what_is_wrong_is_said_at_its_field_in_the_users_language(rest, agreement, app, rows):
    sent = as_json(named(app, "agreements"), agreement)
    wrong = sent | {"signed_on": "gestern", "copies": "viele", "a_phone": "1", "colour": "rot", "effective_from": None}
    program = rest("filler01")
    with unchanged(rows):
        status, told = program.post("agreements/", wrong)
        assert (status, list(told["errors"])) == (422, ["colour"])
        del wrong["colour"]
        status, told = program.post("agreements/", wrong)
        assert status == 422
        assert {"signed_on", "copies", "a_phone"} <= set(told["errors"])
        assert told["errors"]["copies"] == ["This is not a number."]
        program.client.get("/lang/zh_Hans")
        assert program.post("agreements/", wrong)[1]["errors"]["copies"] == ["不是有效的数字。"]


@pytest.mark.one_database
@pytest.mark.parametrize(
    "sent",
    [
        *({"title": {"a": 1}}, {"title": ["x"]}, {"title": True}, {"coop_modes": [["1"]]}, {"coop_modes": [{}]}),
        *({"demand_items": "x"}, {"demand_items": [1]}, {"demand_items": {"0": {}}}, {"party_a_org_id": [1, 2]}),
        *({"demand_items": [{"id": {"x": 1}, "name": ""}]}, {"copies": 1e400}, {"copies": -1}, {"copies": 0.5}),
        *({"party_b_org_id": NO_SUCH_ID}, {"party_b_org_id": 2**70}, {"party_b_org_id": -1}, {"coop_modes": [99]}),
        *({"demand-0-items": "x"}, {"demand_items-0-name": "x"}, {"": "x"}, {"csrf_token": "x"}, {"_then": "submit"}),
    ],
    ids=lambda sent: f"{sent!s:.40}",
)
def test_a_value_of_another_shape_is_refused_at_its_field(rest, rows, sent):
    program, path = rest("filler01"), f"agreements/{of(rows, 1, 'draft')}"
    with unchanged(rows):
        body = str({**sent, "version": 1}).replace("'", '"').replace("True", "true").replace("inf", "1e400")
        status, told = program.put(path, data=body, content_type="application/json")
        name = next(iter(sent))
        assert (status, any(each.startswith(name) for each in told["errors"])) == (422, True), told


def test_numbers_stay_as_they_were_written(rest, rows):
    program, id_ = rest("filler01"), of(rows, 1, "draft")
    assert program.put(f"agreements/{id_}", {"copies": 3, "plan_activity_cnt": "12", "version": 1})[0] == 200
    assert rows(f"SELECT copies, plan_activity_cnt FROM agreement WHERE id = {id_}") == [(3, 12)]


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        *((b"title=x", "application/x-www-form-urlencoded", 415), (b"{}", "text/plain", 415), (b"{}", "", 415)),
        *((b"", "application/json", 400), (b"[]", "application/json", 400), (b"{", "application/json", 400)),
        *(
            (b'"x"', "application/json", 400),
            (b"null", "application/json", 400),
            (b"\xff\xfe{", "application/json", 400),
        ),
        *((b'{"copies": NaN}', "application/json", 400), (b"[" * 100_000, "application/json", 400)),
        (b'{"content": "' + b"x" * 3 * 2**20 + b'"}', "application/json", 413),
    ],
    ids=lambda value: f"{value!s:.30}",
)
def test_only_one_json_object_is_taken(rest, rows, body, kind, status):
    program, path = rest("filler01"), f"agreements/{of(rows, 1, 'draft')}"
    with unchanged(rows):
        for method, at in (("PUT", path), ("POST", "agreements/")):
            assert program.ask(method, at, data=body, content_type=kind)[0] == status


@pytest.mark.one_database
def test_far_more_rows_than_a_table_takes_are_refused(rest, rows):
    program, path = rest("filler01"), f"agreements/{of(rows, 1, 'draft')}"
    for most, status in ((201, 422), (401, 413), (10_050, 413)):
        sent = {"demand_items": [{"name": "x", "category": "08"}] * most, "version": 1}
        assert program.put(path, sent)[0] == status


@pytest.mark.one_database
@pytest.mark.parametrize("token", ["", "wrong", "another's"])
def test_nothing_is_changed_without_the_pages_own_token(app, visit, rest, rows, token):
    """H18, fact 6: the cookie alone is what another site's page sends along, too."""
    program = rest("filler01")
    headers = {"X-CSRFToken": visit("reviewer").token if token == "another's" else token}
    id_ = of(rows, 1, "draft")
    with unchanged(rows):
        for method, path in (
            *(("POST", "agreements/"), ("PUT", f"agreements/{id_}"), ("DELETE", f"agreements/{id_}")),
            ("POST", f"agreements/{id_}/submit"),
        ):
            status, told = program.ask(method, path, {"remark": "x", "version": 1}, headers=headers)
            assert status == 400, f"{method} {path}"
            assert "reload" in told["message"]
            assert program.ask(method, path, data="{}", content_type="text/plain", headers=headers)[0] == 400


@pytest.mark.one_database
def test_no_other_way_of_signing_in_is_taken(rest, app):
    program = rest()
    for value in ("Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "Basic YWRtaW46RGVtby0xMjM0NTY3OA=="):
        assert program.ask("GET", "agreements/", headers={"Authorization": value})[0] == 401


def test_a_change_says_which_version_it_starts_from(rest, rows):
    program, id_ = rest("filler01"), of(rows, 1, "draft")
    path = f"agreements/{id_}"
    with unchanged(rows):
        for sent in ({"remark": "x"}, {"remark": "x", "version": "x"}, {"remark": "x", "version": [1]}):
            status, told = program.put(path, sent)
            assert (status, list(told["errors"])) == (422, ["version"])
    assert program.get(path)[0] == 200
    tag = program.answer.headers["ETag"]
    assert program.put(path, {"remark": "甲"}, headers={"If-Match": tag})[0] == 200
    with unchanged(rows):
        status, told = program.put(path, {"remark": "乙"}, headers={"If-Match": tag})
        assert (status, told["clashes"]) == (412, ["remark"])
        assert "filler01" in told["who"]
        assert told["changes"] == [{"label": "Remarks", "before": "—", "after": "甲"}]
    assert program.put(path, {"remark": "乙", "version": 2})[0] == 200


def test_the_same_sent_twice_makes_one_record(rest, rows, agreement, app):
    program, key = rest("filler01"), str(uuid.uuid4())
    sent = as_json(named(app, "agreements"), agreement)
    before = rows("SELECT count(*) FROM agreement")[0][0]
    answers = [program.post("agreements/", sent, headers={"Idempotency-Key": key}) for _ in range(2)]
    assert [status for status, _ in answers] == [201, 200]
    assert answers[0][1]["id"] == answers[1][1]["id"]
    assert rows("SELECT count(*) FROM agreement") == [(before + 1,)]
    assert program.post("agreements/", sent, headers={"Idempotency-Key": "x"})[0] == 400
    other = rest("filler02")
    assert other.post("agreements/", sent, headers={"Idempotency-Key": key})[0] in (409, 422), "nobody uses another's"


def test_rows_come_back_as_they_were_sent(rest, rows, agreement, app):
    program = rest("filler01")
    status, told = program.post("agreements/", as_json(named(app, "agreements"), agreement))
    assert status == 201
    assert program.answer.headers["Location"] == f"/api/v1/agreements/{told['id']}"
    path, result = f"agreements/{told['id']}", told["result"]
    tables = {name: result[name] for name in ("demand_items", "resource_items", "coop_items")}
    assert result["coop_items"][0]["demand_ids"] == [result["demand_items"][0]["id"]]
    _, same = program.put(path, {**tables, "version": 1})
    assert {name: same["result"][name] for name in tables} == tables
    more = [*tables["demand_items"], {"id": "new-7", "name": "楼门粉刷", "category": "08"}]
    linked = [{**tables["coop_items"][0], "demand_ids": ["new-7"]}]
    version = same["result"]["version"]
    _, told = program.put(path, {"demand_items": more, "coop_items": linked, "version": version})
    assert [row["name"] for row in told["result"]["demand_items"]] == ["楼道照明维修", "楼门粉刷"]
    assert told["texts"]["coop_items"][0]["demand_ids"] == "楼门粉刷"
    _, told = program.put(path, {"demand_items": [], "coop_items": [], "version": told["result"]["version"]})
    assert (told["result"]["demand_items"], told["result"]["resource_items"]) == ([], tables["resource_items"])


def test_a_mask_sent_back_leaves_the_value_as_it_is(rest, rows):
    """And a new value takes its place."""
    id_ = first(rows, "beneficiary", f"status = 'draft' AND owner_unit_id = {unit_id(rows, 1)}")
    program, before = rest("filler01"), rows(f"SELECT phone_enc FROM beneficiary WHERE id = {id_}")
    _, told = program.get(f"beneficiaries/{id_}")
    masked = told["result"]["phone_enc"]
    assert "****" in masked
    version = told["result"]["version"]
    status, told = program.put(f"beneficiaries/{id_}", {"phone_enc": masked, "remark": "改", "version": version})
    assert status == 200, told
    assert rows(f"SELECT phone_enc FROM beneficiary WHERE id = {id_}") == before
    sent = {"phone_enc": "022-11112222", "version": told["result"]["version"]}
    assert program.put(f"beneficiaries/{id_}", sent)[0] == 200
    assert "11112222" not in program.answer.text


def test_an_entry_is_made_under_its_record_only(rest, rows):
    typed = {"held_on": "2026-06-20", "activity_type": "3", "theme": "楼院清洁"}
    mine, theirs, program = of(rows, 1, "active"), of(rows, 2, "active"), rest("filler01")
    draft = of(rows, 1, "draft")
    with unchanged(rows):
        for at, under, status in (
            *((f"?agreement_id={theirs}", {}, 404), ("", {"agreement_id": theirs}, 404), ("", {}, 400)),
            *(("", {"agreement_id": [mine]}, 400), ("", {"agreement_id": draft}, 409)),
            *((f"?agreement_id={mine}", {"agreement_id": theirs}, 422), ("", {"agreement_id": "x"}, 400)),
        ):
            assert program.post(f"coop_activities/{at}", typed | under)[0] == status, (at, under)
    for at, under in ((f"?agreement_id={mine}", {}), ("", {"agreement_id": mine})):
        status, told = program.post(f"coop_activities/{at}", typed | under)
        assert status == 201, told
        assert rows(f"SELECT agreement_id FROM coop_activity WHERE id = {told['id']}") == [(mine,)]
    with unchanged(rows):
        status, answer = program.put(f"coop_activities/{told['id']}", {"agreement_id": theirs})
        assert (status, list(answer["errors"])) == (422, ["agreement_id"])


def test_moves_are_refused_as_on_the_page(rest, rows):
    draft, waiting, active = (of(rows, 1, status) for status in ("draft", "pending_unit", "active"))
    filler, reviewer = rest("filler01"), rest("secretary01")
    with unchanged(rows):
        assert filler.post(f"agreements/{draft}/approve")[0] == 403
        assert filler.post(f"agreements/{draft}/nothing")[0] == 404
        assert filler.post(f"agreements/{draft}/delete")[0] == 404
        assert filler.post(f"agreements/{active}/submit")[0] == 409
        status, told = reviewer.post(f"agreements/{waiting}/return", {"reason": "短"})
        assert (status, set(told["errors"])) == (422, {"field", "reason"})
        status, told = reviewer.post(f"agreements/{waiting}/return", {"status": "active"})
        assert (status, set(told["errors"])) == (422, {"status"})
        assert reviewer.post(f"agreements/{waiting}/return", data="x", content_type="text/plain")[0] == 415


def test_a_move_of_what_is_not_whole_says_what_is_missing(rest, rows, change):
    id_ = of(rows, 1, "draft")
    change(f"UPDATE agreement SET a_contact = NULL WHERE id = {id_}")
    with unchanged(rows):
        status, told = rest("filler01").post(f"agreements/{id_}/submit", {"version": 1})
        assert (status, list(told["errors"])) == (422, ["a_contact"])


def test_nobody_approves_what_they_filled(rest, rows, change):
    waiting = of(rows, 1, "pending_unit")
    user = first(rows, "ab_user", "username = 'secretary01'")
    change(f"UPDATE agreement SET filler_id = {user} WHERE id = {waiting}")
    with unchanged(rows):
        assert rest("secretary01").post(f"agreements/{waiting}/approve")[0] == 403


def test_what_the_status_forbids_is_refused(rest, rows):
    program, waiting = rest("filler01"), of(rows, 1, "pending_unit")
    with unchanged(rows):
        assert program.put(f"agreements/{waiting}", {"remark": "x", "version": 1})[0] == 409
        assert program.delete(f"agreements/{waiting}")[0] == 409


def test_refusals_are_written_down(rest, rows):
    assert rest("auditor").post("agreements/", {})[0] == 403
    found = rows("SELECT action, username, title FROM audit_event ORDER BY id DESC LIMIT 1")
    assert found == [("refused", "auditor", "POST /api/v1/agreements/")]


def test_the_other_party_sets_no_notes_of_the_unit(rest, rows, change):
    """What is not shown to it is not taken from it."""
    id_ = rest("town01").get("service_projects/")[1]["ids"][0]
    change(f"UPDATE service_project SET by_counterpart = TRUE, status = 'draft', record_no = NULL WHERE id = {id_}")
    program = rest("town01")
    _, told = program.get(f"service_projects/{id_}")
    assert "remark" not in told["result"]
    with unchanged(rows):
        sent = {"remark": "外面写的", "version": told["result"]["version"]}
        status, told = program.put(f"service_projects/{id_}", sent)
        assert (status, list(told["errors"])) == (422, ["remark"])


@pytest.mark.one_database
def test_far_more_fields_than_a_form_has_are_refused(rest, rows):
    program, path = rest("filler01"), f"agreements/{of(rows, 1, 'draft')}"
    assert program.put(path, {f"x{n}": 1 for n in range(20_000)})[0] == 413
    assert program.put(path, {"demand_items": [{f"x{n}": 1 for n in range(20_000)}]})[0] == 413
    assert program.put(path, {"coop_modes": ["1"] * 20_000})[0] == 413
