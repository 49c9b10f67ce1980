"""Who changed what, when, from where, old and new: with the change or not at all."""

from __future__ import annotations

import json

import pytest

from tests.security.walk import first, of, unchanged


@pytest.fixture
def events(rows):
    """`events("agreements", 3)`: (action, username, {field: (old, new)}, reason) of a record, newest first."""

    def find(ledger, id_):
        found = rows(
            "SELECT action, username, changes, reason, address FROM audit_event "
            f"WHERE ledger = '{ledger}' AND record_id = {id_} ORDER BY id DESC"
        )
        return [
            (action, username, {name: (old, new) for name, old, new in parsed(changes)}, reason, address)
            for action, username, changes, reason, address in found
        ]

    return find


def parsed(changes):
    return json.loads(changes) if isinstance(changes, str) else changes


def test_an_edit_leaves_the_old_and_the_new_of_each_field_and_row(visit, rows, events):
    id_, visitor = of(rows, 1, "draft"), visit("filler01")
    typed = visitor.look(f"/agreements/edit/{id_}").filled()
    need = typed["demand_items-1-name"]
    typed |= {"content": "改过的内容", "demand_items-1-name": "改过的需求"}
    visitor.post(f"/agreements/edit/{id_}", typed)
    action, username, changes, _, address = events("agreements", id_)[0]
    assert (action, username, address) == ("edit", "filler01", "127.0.0.1")
    assert changes["content"][1] == ["改过的内容"]
    assert changes["demand_item/1/name"] == ([need], ["改过的需求"])
    assert set(changes) == {"content", "demand_item/1/name"}
    page = visitor.speak("zh_Hans").look(f"/agreements/{id_}/history")
    assert "改过的需求" in page.words
    assert "127.0.0.1" in page.words


def test_saving_without_a_change_leaves_nothing(visit, rows, events):
    id_, visitor = of(rows, 1, "draft"), visit("filler01")
    before = len(events("agreements", id_))
    visitor.post(f"/agreements/edit/{id_}", visitor.look(f"/agreements/edit/{id_}").filled())
    assert len(events("agreements", id_)) == before


def test_a_refused_edit_leaves_nothing(visit, rows):
    id_, visitor = of(rows, 1, "draft"), visit("filler01")
    typed = visitor.look(f"/agreements/edit/{id_}").filled() | {"effective_to": "gestern"}
    with unchanged(rows):
        assert visitor.post(f"/agreements/edit/{id_}", typed).status == 200


def test_a_deletion_leaves_what_was_there(visit, rows, events):
    id_, visitor = of(rows, 1, "draft"), visit("filler01")
    title = rows(f"SELECT title FROM agreement WHERE id = {id_}")[0][0]
    visitor.post(f"/agreements/delete/{id_}")
    action, _, changes, _, _ = events("agreements", id_)[0]
    assert action == "delete"
    assert changes["title"] == ([title], None)


def test_a_return_is_told_with_its_reason_and_field(visit, rows, events):
    id_ = of(rows, 1, "pending_unit")
    visit("secretary01").post(f"/agreements/{id_}/move/return", field="content", reason="请补充具体安排。")
    assert events("agreements", id_)[0][3] == "content: 请补充具体安排。"
    page = visit("filler01").speak("zh_Hans").look(f"/agreements/{id_}/history")
    assert "共建内容摘要：请补充具体安排。" in page.words


def test_personal_values_and_passwords_are_never_in_it(visit, rows, events):
    member = first(rows, "member", "unit_id = (SELECT id FROM unit WHERE sort_no = 1)")
    visitor = visit("filler01")
    visitor.post(
        f"/members/edit/{member}", visitor.look(f"/members/edit/{member}").filled() | {"mobile": "13812345678"}
    )
    assert events("members", member)[0][2]["mobile"][1] == ["******"]
    account = first(rows, "ab_user", "username = 'filler02'")
    visit("admin").post(f"/accounts/edit/{account}", name="新名", password="Lang-Genug-1")
    told = next(changes for _, _, changes, *_ in events("ab_user", account) if "password" in changes)
    assert told["password"] == (["******"], ["******"])
    whole = str(rows("SELECT changes FROM audit_event"))
    assert "13812345678" not in whole
    assert "scrypt" not in whole


def test_rights_that_are_given_and_taken_are_told(visit, rows, events):
    role = first(rows, "ab_role", "name = 'unit_filler'")
    page = f"/roles/edit/{role}"
    typed = visit("admin").look(page).filled("form[data-guard]")
    visit("admin").post(page, typed | {"agreements-delete": None})
    [words, rights] = sorted(events("ab_role", role)[:2], key=lambda event: event[0], reverse=True)
    action, username, changes, _, _ = rights
    assert (words[0], action, username) == ("grant", "edit", "admin")
    assert "delete" in str(changes["permissions"])


def test_strangers_read_no_history(visit, rows):
    id_ = of(rows, 1, "active")
    assert visit("filler02").look(f"/agreements/{id_}/history").status == 404
    assert visit("town01").look(f"/agreements/{id_}/history").status == 403
    assert visit("auditor").look(f"/agreements/{id_}/history").status == 200
