"""Spot checks: drawn by lot with a shown seed, results in a table of their own (`docs/domain` §5.3)."""

from __future__ import annotations

import hashlib

import pytest

from portal.core import clock
from tests.security.walk import dump, first, take

DRAW = {"ledger": "agreements", "size": "5", "seed": "2026-06", "in_force": "1"}


def drawn(rows):
    last = rows("SELECT max(id) FROM sample")[0][0]
    found = rows(f"SELECT record_id FROM sample_item WHERE sample_id = {last} ORDER BY position")
    return last, [id_ for (id_,) in found]


@pytest.fixture
def sample(visit, rows):
    assert visit("auditor").post("/samples/add", DRAW).status == 302
    return drawn(rows)


def test_the_lot_can_be_drawn_again_by_anybody(visit, rows, sample):
    ids = [str(id_) for (id_,) in rows("SELECT id FROM agreement WHERE status = 'active'")]
    lots = sorted(ids, key=lambda id_: hashlib.sha256(f"2026-06:{id_}".encode()).hexdigest())
    assert [str(id_) for id_ in sample[1]] == lots[:5]
    visit("reviewer").post("/samples/add", DRAW)
    assert drawn(rows)[1] == sample[1]
    page = visit("disc").look(f"/samples/show/{sample[0]}")
    assert page.one("[data-seed]").get_text() == "2026-06"
    assert page.one("[data-same]")["data-same"] == "1"


def test_records_of_before_a_new_name_are_listed_under_the_old_one(app, visit, rows, sample):
    with app.app_context():
        today = clock.today().isoformat()
    unit, old, day = rows(
        "SELECT unit.id, unit.short_name, agreement.signed_on FROM unit JOIN agreement "
        f"ON agreement.owner_unit_id = unit.id WHERE agreement.id = {sample[1][0]}"
    )[0]
    path = f"/units/edit/{unit}"
    later = {"short_name": "新简称", "changed_on": today}
    assert str(day) < today
    assert visit("admin").post(path, visit("admin").look(path).filled() | later).status == 302
    row = visit("auditor").look(f"/samples/show/{sample[0]}").one(f'tr[data-record="{sample[1][0]}"]')
    assert old in row.get_text()
    assert "新简称" not in row.get_text()


def test_a_change_of_what_fits_is_told(visit, sample, change):
    change(
        "UPDATE agreement SET status = 'archived' WHERE id = (SELECT min(id) FROM agreement WHERE status = 'active')"
    )
    assert visit("auditor").look(f"/samples/show/{sample[0]}").one("[data-same]")["data-same"] == "0"


def test_a_seed_is_made_and_shown_and_conditions_hold(visit, rows):
    two = first(rows, "unit", "sort_no = 2")
    typed = {
        "ledger": "agreements",
        "size": "200",
        "seed": "",
        "unit_id": str(two),
        "since": "2020-01-01",
        "until": "2026-12-31",
    }
    answer = visit("auditor").post("/samples/add", typed)
    assert len(visit("auditor").look(answer.response.location).one("[data-seed]").get_text()) == 16
    expected = rows(
        f"SELECT id FROM agreement WHERE owner_unit_id = {two} AND signed_on BETWEEN '2020-01-01' AND '2026-12-31'"
    )
    assert sorted(drawn(rows)[1]) == sorted(id_ for (id_,) in expected)


def test_an_auditor_writes_results_beside_the_records(visit, rows, sample):
    before = dump(rows)
    items = [id_ for (id_,) in rows(f"SELECT id FROM sample_item WHERE sample_id = {sample[0]} ORDER BY position")]
    visitor = visit("auditor")
    page = visitor.post(f"/samples/judge/{sample[0]}", {f"result-{items[0]}": "untrue", f"note-{items[1]}": "x"})
    assert page.errors() == {f"result-{items[0]}": "Please say what was found."}
    assert page.one(f"#note-{items[1]}")["value"] == "x"
    sent = {f"result-{items[0]}": "untrue", f"note-{items[0]}": "现场无此活动", f"result-{items[1]}": "true"}
    assert visitor.post(f"/samples/judge/{sample[0]}", sent).status == 302
    found = rows(f"SELECT result, note FROM sample_item WHERE id IN ({items[0]}, {items[1]}) ORDER BY position")
    assert found == [("untrue", "现场无此活动"), ("true", None)]
    after = dump(rows)
    assert [table for table in before if before[table] != after[table]] == ["sample_item"]
    assert rows("SELECT username, action FROM audit_event WHERE ledger = 'sample_item' ORDER BY id DESC LIMIT 1") == [
        ("auditor", "edit")
    ]
    assert "属实 1" in visitor.speak("zh_Hans").look("/samples/").words


def test_a_result_that_somebody_else_changed_meanwhile_is_not_lost(visit, rows, sample):
    item = rows(f"SELECT min(id) FROM sample_item WHERE sample_id = {sample[0]}")[0][0]
    visit("auditor").post(f"/samples/judge/{sample[0]}", {f"result-{item}": "true"})
    page = visit("disc").post(f"/samples/judge/{sample[0]}", {f"result-{item}": "doubt", f"note-{item}": "再看"})
    assert f"result-{item}" in page.errors()
    assert rows(f"SELECT result FROM sample_item WHERE id = {item}") == [("true",)]


WRONG = [
    ({"ledger": "units"}, "ledger"),
    ({"size": "0"}, "size"),
    ({"size": "many"}, "size"),
    ({"seed": "x" * 41}, "seed"),
    ({"seed": "15400001234"}, "seed"),
    ({"unit_id": "999999"}, "unit_id"),
    ({"since": "soon"}, "since"),
    ({"since": "2026-02-01", "until": "2026-01-01"}, "until"),
]


@pytest.mark.one_database
@pytest.mark.parametrize(("typed", "field"), WRONG, ids=[f"{field}-{n}" for n, (_, field) in enumerate(WRONG)])
def test_a_mistake_is_said_at_its_field_and_nothing_is_lost(visit, rows, typed, field):
    page = visit("auditor").post("/samples/add", DRAW | typed)
    assert set(page.errors()) == {field}
    assert page.one("#seed")["value"] == (DRAW | typed)["seed"]
    assert rows("SELECT count(*) FROM sample") == [(0,)]


@pytest.mark.one_database
@pytest.mark.parametrize("account", ["filler01", "secretary01", "town01", "sysadmin", "secadmin", "auditadmin"])
def test_nobody_else_draws_or_judges(visit, sample, account):
    visitor = visit(account)
    assert {visitor.look(path).status for path in ("/samples/", "/samples/add", f"/samples/show/{sample[0]}")} == {403}
    assert visitor.post(f"/samples/judge/{sample[0]}").status == 403


def test_who_sees_fewer_records_reads_no_others_here(visit, rows, sample, change):
    """Titles come from the records, within the scope of whoever looks."""
    role, one = first(rows, "ab_role", "name = 'disc_ro'"), first(rows, "unit", "sort_no = 1")
    change(f"UPDATE role_scope SET scope = 'custom', unit_ids = '[{one}]' WHERE role_id = {role}")
    page = visit("disc").look(f"/samples/show/{sample[0]}")
    foreign = rows(f"SELECT title FROM agreement WHERE owner_unit_id <> {one}")
    assert not any(title in page.words for (title,) in foreign)
    theirs = first(rows, "sample_item", f"record_id IN (SELECT id FROM agreement WHERE owner_unit_id <> {one})")
    change(f"UPDATE sample_item SET result = 'doubt', note = '他人的核查意见' WHERE id = {theirs}")
    assert "他人的核查意见" not in str(visit("disc").look(f"/samples/show/{sample[0]}"))
    page = visit("disc").look(f"/samples/show/{sample[0]}").filled("main form")
    assert visit("disc").post(f"/samples/judge/{sample[0]}", page).status == 302
    forged = {f"result-{theirs}": "untrue", f"note-{theirs}": "不是他的意见", f"was-{theirs}": "doubt"}
    assert visit("disc").post(f"/samples/judge/{sample[0]}", page | forged).status == 302
    assert rows(f"SELECT result, note FROM sample_item WHERE id = {theirs}") == [("doubt", "他人的核查意见")]


def test_results_are_for_those_who_read_such_records(visit, rows, sample, change):
    take(change, "disc_ro", "agreements", "read")
    assert visit("disc").look(f"/samples/show/{sample[0]}").status == 404
    assert not visit("disc").look("/samples/").select(f'a[href="/samples/show/{sample[0]}"]')


def test_notes_carry_no_personal_data(visit, rows, sample):
    item = rows(f"SELECT min(id) FROM sample_item WHERE sample_id = {sample[0]}")[0][0]
    sent = {f"result-{item}": "doubt", f"note-{item}": "电话154 0000 1234无人接听"}
    assert f"result-{item}" in visit("auditor").post(f"/samples/judge/{sample[0]}", sent).errors()
    assert rows(f"SELECT note FROM sample_item WHERE id = {item}") == [(None,)]


def test_a_lot_of_many_costs_no_more_statements(visit, rows, statements):
    counts = []
    for size in ("2", "40"):
        visit("auditor").post("/samples/add", DRAW | {"size": size})
        visit("auditor").look(f"/samples/show/{drawn(rows)[0]}")
        with statements() as made:
            visit("auditor").look(f"/samples/show/{drawn(rows)[0]}")
        counts.append(len(made))
    assert counts[0] == counts[1]
