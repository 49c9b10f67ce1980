"""Rights beyond the roles: granted to one account to a day, and scopes of roles that name units."""

from __future__ import annotations

import pytest

from tests.security.walk import first, unchanged, unit_id
from tests.visitor import meant

pytestmark = pytest.mark.one_database

TASK = {"ledger": "agreements", "deeds": ["read", "export"], "scope": "custom", "until": "2026-12-31"}
TASK |= {"reason": "2026年专项检查"}


@pytest.fixture
def path(rows):
    id_ = first(rows, "ab_user", "username = 'town01'")
    return f"/accounts/lend/{id_}"


def test_a_task_is_granted_holds_at_once_and_is_ended(visit, rows, path):
    two = unit_id(rows, 2)
    assert visit("town01").look("/agreements/list/").status == 403
    assert "until" in visit("secadmin").post(path, TASK | {"units": [str(two)], "until": "2099年1月1日"}).errors()
    answer = visit("secadmin").post(path, TASK | {"units": [str(two)]})
    assert answer.status == 302
    theirs = sorted(id_ for (id_,) in rows(f"SELECT id FROM agreement WHERE owner_unit_id = {two}"))
    assert sorted(visit("town01").look("/agreements/list/?page_size=100").ids()) == theirs
    with visit("town01").client.get("/agreements/export") as sheet:
        assert sheet.status_code == 200
    assert visit("town01").look("/agreements/add").status == 403
    [[pk, verbs, units]] = rows("SELECT id, verbs, unit_ids FROM account_grant")
    assert (verbs, str(units)) == ("read,export", f"[{two}]")
    shown = visit("secadmin").look(path.replace("lend", "grant"))
    assert "2026年专项检查" in shown.words
    for wrong in ("", "x", "999999", "9" * 5000):
        assert visit("secadmin").post(f"{path}/end", grant=wrong).status == 404
    assert visit("secadmin").post(f"{path}/end", grant=str(pk)).status == 302
    assert visit("secadmin").post(f"{path}/end", grant=str(pk)).status == 404
    assert visit("town01").look("/agreements/list/").status == 403


WRONG = [
    ({"ledger": "members"}, "ledger"),
    ({"ledger": "ab_user"}, "ledger"),
    ({"scope": "none"}, "scope"),
    ({"scope": "everything"}, "scope"),
    ({"units": []}, "units"),
    ({"units": ["999999", "x"]}, "units"),
    ({"deeds": []}, "deeds"),
    ({"deeds": ["grant"]}, "deeds"),
    ({"since": "soon"}, "since"),
    ({"until": "2001-01-01"}, "until"),
    ({"until": "someday"}, "until"),
    ({"until": ""}, "until"),
    ({"until": "2027-12-31"}, "until"),
    ({"reason": "x"}, "reason"),
    ({"reason": "长" * 201}, "reason"),
    ({"reason": "请联系13812345678"}, "reason"),
]


@pytest.mark.parametrize(("typed", "field"), WRONG, ids=[f"{field}-{n}" for n, (_, field) in enumerate(WRONG)])
def test_a_mistake_is_said_at_its_field_and_nothing_is_lost(visit, rows, path, typed, field):
    visitor = visit("secadmin")
    sent = TASK | {"units": [str(unit_id(rows, 2))]} | typed
    with unchanged(rows):
        answer = visitor.post(path, sent)
        assert (answer.status, list(answer.errors())) == (200, [field])
    assert answer.one("#reason")["value"] == sent["reason"]
    kept = [box["value"] for box in answer.select("input[name=units][checked]")]
    assert kept == [text for text in sent["units"] if text.isdecimal() and text != "999999"]


@pytest.mark.parametrize("account", ["filler01", "auditor", "sysadmin", "auditadmin", "reviewer"])
def test_only_who_grants_roles_grants_beyond_them(visit, rows, path, account):
    visitor = visit(account)
    with unchanged(rows):
        assert visitor.look(path).status == 403
        assert visitor.post(path, TASK | {"scope": "all"}).status == 403


def test_nobody_grants_to_themselves_nor_records_to_an_administrator(visit, rows):
    mine = first(rows, "ab_user", "username = 'secadmin'")
    other = first(rows, "ab_user", "username = 'sysadmin'")
    visitor = visit("secadmin")
    with unchanged(rows):
        assert visitor.post(f"/accounts/lend/{mine}", TASK | {"scope": "all"}).status == 403
        assert "deeds" in visitor.post(f"/accounts/lend/{other}", TASK | {"scope": "all"}).errors()


def test_what_one_role_rules_out_no_other_role_brings_back(visit, rows):
    """A reader's account with an empty role beside it stays a reader's."""
    visitor, user = visit("secadmin"), first(rows, "ab_user", "username = 'disc'")
    own = first(rows, "ab_role", "name = 'disc_ro'")
    empty = visitor.post("/roles/add", name="空角色").response.location.rpartition("/")[2]
    assert visitor.post(f"/accounts/grant/{user}", {"roles": [str(own), empty], "active": "1"}).status == 302
    with unchanged(rows):
        answer = visitor.post(f"/accounts/lend/{user}", TASK | {"scope": "all", "deeds": ["fill"]})
        assert list(answer.errors()) == ["deeds"]
    assert visitor.post(f"/accounts/lend/{user}", TASK | {"scope": "all", "deeds": ["reveal"]}).status == 302


def test_readers_hold_no_role_that_writes_records(visit, rows):
    visitor, user = visit("secadmin"), first(rows, "ab_user", "username = 'disc'")
    both = [str(first(rows, "ab_role", f"name = '{name}'")) for name in ("disc_ro", "unit_filler")]
    with unchanged(rows):
        page = visitor.post(f"/accounts/grant/{user}", {"roles": both, "active": "1"})
        assert "belong apart" in page.notices("error")[0]


def test_who_keeps_accounts_by_a_role_of_the_offices_own_is_granted_no_records(visit, rows):
    visitor, user = visit("secadmin"), first(rows, "ab_user", "username = 'town01'")
    path = visitor.post("/roles/add", name="帮手").response.location
    visitor.post(path, {"accounts-posted": "1", "accounts-edit": "1"})
    sent = {"roles": path.rpartition("/")[2], "active": "1"}
    assert visitor.post(f"/accounts/lend/{user}", TASK | {"scope": "all"}).status == 302
    with unchanged(rows):
        assert "belong apart" in visitor.post(f"/accounts/grant/{user}", sent).notices("error")[0]
    visitor.post(f"/accounts/lend/{user}/end", grant=str(rows("SELECT id FROM account_grant")[0][0]))
    assert visitor.post(f"/accounts/grant/{user}", sent).status == 302
    assert "deeds" in visitor.post(f"/accounts/lend/{user}", TASK | {"scope": "all"}).errors()


def test_what_is_ended_on_its_first_day_never_seems_to_end_before_it_began(visit, rows, path):
    visit("secadmin").post(path, TASK | {"scope": "all"})
    pk = rows("SELECT id FROM account_grant")[0][0]
    [button] = visit("secadmin").look(path.replace("lend", "grant")).select(f'button[name="grant"][value="{pk}"]')
    assert button["data-confirm"]
    visit("secadmin").post(f"{path}/end", grant=str(pk))
    cells = visit("secadmin").look(path.replace("lend", "grant")).select(f'tr[data-grant="{pk}"] td')
    assert [cell.get_text(strip=True) for cell in (cells[2], cells[4])] == ["—", "Taken back at once"]


def test_a_role_reaches_the_units_that_were_ticked_and_none_above_them(visit, rows, change):
    one, two, three = (unit_id(rows, n) for n in (1, 2, 3))
    change(f"UPDATE unit SET parent_id = {one} WHERE id IN ({two}, {three})")
    role = first(rows, "ab_role", "name = 'gw_leader'")
    page = visit("secadmin").look(f"/roles/edit/{role}")
    sent = {"agreements-posted": "1", "agreements-read": "1", "agreements-scope": "custom"}
    assert page.status == 200
    assert visit("secadmin").post(f"/roles/edit/{role}", sent | {"units": [str(two), str(three)]}).status == 302
    theirs = rows(f"SELECT id FROM agreement WHERE owner_unit_id IN ({two}, {three})")
    assert sorted(visit("leader").look("/agreements/list/?page_size=100").ids()) == sorted(id_ for (id_,) in theirs)
    ticked = visit("secadmin").look(f"/roles/edit/{role}").select("input[name=units][checked]")
    assert {int(box["value"]) for box in ticked} == {two, three}


def test_an_account_of_a_branch_belongs_to_that_branchs_unit(visit, rows):
    pk = first(rows, "ab_user", "username = 'branch01'")
    [(unit, org)] = rows(f"SELECT unit_id, org_id FROM account_profile WHERE user_id = {pk}")
    stranger = first(rows, "party_org", f"id IN (SELECT party_org_id FROM unit_org WHERE unit_id <> {unit})")
    page = visit("sysadmin").look(f"/accounts/edit/{pk}").filled()
    assert meant(page["org_id"]) == str(org)
    answer = visit("sysadmin").post(f"/accounts/edit/{pk}", page | {"org_id": str(stranger)})
    assert list(answer.errors()) == ["org_id"]
    assert visit("sysadmin").post(f"/accounts/edit/{pk}", page | {"org_id": ""}).status == 302
