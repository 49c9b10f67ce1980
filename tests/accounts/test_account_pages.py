"""Accounts: every mistake is said at its field, nothing typed is lost, and nobody reaches beyond their office."""

from __future__ import annotations

import pytest

from portal.accounts.passwords import password_fault
from tests.conftest import PASSWORD
from tests.security.walk import ACCOUNTS, first, unchanged
from tests.visitor import Visitor, meant

pytestmark = pytest.mark.one_database

GOOD = {"username": "zhangsan", "name": "张三", "unit_id": "", "area_id": "", "password": "Lang-Genug-1"}
# What is typed instead, and the field that is marked.
WRONG = [
    *(({"username": text}, "username") for text in ("", "ab", "1abc", "a b c", "张三", "x" * 33, "a;b")),
    *(({"username": text}, "username") for text in ("filler01", "FILLER01", "admin")),
    *(({"name": text}, "name") for text in ("", "   ", "长" * 51, "张三13812345678")),
    *(({"unit_id": text}, "unit_id") for text in ("999999", "没有的单位", "9" * 5000, "-1")),
    *(({"area_id": text}, "area_id") for text in ("999999", "没有的街道", "1'--")),
    *(({"password": text}, "password") for text in ("", "Kurz-1", "nurkleinbuchstaben", "Zhangsan-12", "aB1" * 50)),
    ({"unit_id": "1", "area_id": "1"}, "area_id"),
]


@pytest.mark.parametrize(("typed", "field"), WRONG, ids=[f"{next(iter(each.items()))!s:.30}" for each, _ in WRONG])
def test_a_mistake_is_said_at_its_field_and_nothing_is_lost(visit, rows, typed, field):
    visitor, sent = visit("sysadmin"), GOOD | typed
    with unchanged(rows):
        answer = visitor.post("/accounts/add", sent)
        assert (answer.status, list(answer.errors())) == (200, [field])
    for name in ("username", "name"):
        assert answer.one(f"#{name}").get("value") == sent[name].strip()
    assert not answer.one("#password").get("value")
    for name in ("unit_id", "area_id"):
        if sent[name] in ("", "1"):
            assert meant(answer.filled()[name]) == sent[name]


def test_characters_that_no_database_takes_are_never_stored(visit, rows):
    visitor = visit("sysadmin")
    assert visitor.post("/accounts/add", GOOD | {"name": "张\x00三"}).status in (200, 302)
    assert visitor.post("/accounts/add", GOOD | {"username": "abc\x00"}).status == 200
    assert not any("\x00" in name for (name,) in rows("SELECT first_name FROM ab_user"))


def test_all_mistakes_are_said_at_once(visit):
    answer = visit("admin").post("/accounts/add", dict.fromkeys(GOOD, "?"))
    assert set(answer.errors()) == {"username", "unit_id", "area_id", "password"}


def test_a_new_account_belongs_where_it_was_said_and_waits_to_be_authorised(app, visit, rows):
    answer = visit("sysadmin").post("/accounts/add", GOOD | {"unit_id": "2"})
    assert answer.response.location == "/accounts/list/"
    id_ = first(rows, "ab_user", "username = 'zhangsan'")
    assert rows(f"SELECT unit_id, area_id FROM account_profile WHERE user_id = {id_}") == [(2, None)]
    assert rows(f"SELECT count(*) FROM ab_user_role WHERE user_id = {id_}") == [(0,)]
    visitor = Visitor(app.test_client()).speak("en")
    visitor.look("/login/")
    assert "wrong" in visitor.post("/login/", username="zhangsan", password=GOOD["password"]).words
    page = visit("secadmin").look(f"/accounts/grant/{id_}")
    assert page.filled()["active"] == "1"
    assert visit("secadmin").post(f"/accounts/grant/{id_}", page.filled()).status == 302
    visitor = Visitor.signed_in(app, "zhangsan", GOOD["password"], {})
    own = {"old": GOOD["password"], "new": "Own-Wolke-2417", "again": "Own-Wolke-2417"}
    assert visitor.post("/my_password/", own).status == 302
    assert visitor.look("/").status == 200
    assert visitor.look("/agreements/list/").status == 403


def test_whoever_may_grant_goes_on_to_the_roles(visit, rows):
    answer = visit("admin").post("/accounts/add", GOOD)
    id_ = first(rows, "ab_user", "username = 'zhangsan'")
    assert answer.response.location == f"/accounts/grant/{id_}"


@pytest.mark.parametrize(("field", "name"), [("unit_id", "区委宣传部"), ("area_id", "谷雨街道")])
def test_without_javascript_the_unit_is_written_by_name(visit, rows, field, name):
    """The page then sends an empty select and the text beside it."""
    table, label = ("unit", "full_name") if field == "unit_id" else ("area", "name")
    found = rows(f"SELECT id, {label} FROM {table} WHERE {label} LIKE '{name[:2]}" + "%%' ORDER BY id LIMIT 1")[0]
    answer = visit("admin").post("/accounts/add", GOOD | {field: ["", found[1]]})
    assert answer.status == 302
    id_ = first(rows, "ab_user", "username = 'zhangsan'")
    assert rows(f"SELECT {field} FROM account_profile WHERE user_id = {id_}") == [(found[0],)]


def test_without_javascript_a_chosen_unit_stays(visit, rows):
    """The page then sends the chosen one and an empty text beside it."""
    id_ = first(rows, "ab_user", "username = 'filler02'")
    before = rows(f"SELECT unit_id FROM account_profile WHERE user_id = {id_}")
    sent = {"name": "新名", "unit_id": [str(before[0][0]), ""], "area_id": ["", ""], "password": ""}
    assert visit("admin").post(f"/accounts/edit/{id_}", sent).status == 302
    assert rows(f"SELECT unit_id FROM account_profile WHERE user_id = {id_}") == before


def test_editing_changes_what_was_changed_and_nothing_else(visit, rows):
    id_ = first(rows, "ab_user", "username = 'filler02'")
    before = rows(f"SELECT username, email, password, active FROM ab_user WHERE id = {id_}")
    visitor = visit("sysadmin")
    typed = visitor.look(f"/accounts/edit/{id_}").filled()
    smuggled = {"username": "root", "email": "x@y.z", "active": "", "roles": "1", "id": "1", "user_id": "1"}
    assert visitor.post(f"/accounts/edit/{id_}", typed | {"name": "李四"} | smuggled).status == 302
    assert rows(f"SELECT first_name FROM ab_user WHERE id = {id_}") == [("李四",)]
    assert rows(f"SELECT username, email, password, active FROM ab_user WHERE id = {id_}") == before


CHANGES = [
    ("leader", {"password": "Lang-Genug-1"}),
    ("filler02", {"password": "Lang-Genug-1"}),
    ("secretary03", {"unit_id": "1", "org_id": ""}),
]


@pytest.mark.parametrize(("target", "typed"), CHANGES, ids=[target for target, _ in CHANGES])
def test_who_may_not_grant_never_comes_to_somebodys_rights(app, visit, rows, target, typed):
    """A new password, or another unit, switches the account off until it is authorised again."""
    id_, sysadmin, session = first(rows, "ab_user", f"username = '{target}'"), visit("sysadmin"), visit(target)
    page = sysadmin.look(f"/accounts/edit/{id_}")
    assert "switches the account off" in page.notices("warning")[0]
    assert sysadmin.post(f"/accounts/edit/{id_}", page.filled() | typed).status == 302
    shown = sysadmin.look("/accounts/list/")
    assert "switched off until it has been authorised again" in shown.notices("warning")[0]
    assert "To be authorised" in shown.one(f'tr[data-id="{id_}"]').get_text()
    password = typed.get("password", PASSWORD)
    visitor = Visitor(app.test_client())
    visitor.look("/login/")
    assert visitor.post("/login/", username=target, password=password).status == 200
    assert session.look("/").status == 302
    told = rows("SELECT title, record_id FROM audit_event WHERE action = 'grant' ORDER BY id DESC LIMIT 1")
    assert told[0][0].startswith(f"{target}：")
    assert told[0][1] == id_
    page = visit("secadmin").look(f"/accounts/grant/{id_}")
    assert page.filled()["active"] == "1"
    assert visit("secadmin").post(f"/accounts/grant/{id_}", page.filled()).status == 302
    assert visitor.post("/login/", username=target, password=password).status == 302


def test_a_corrected_name_switches_nobody_off_nor_does_whoever_may_grant(visit, rows):
    id_ = first(rows, "ab_user", "username = 'filler02'")
    page = visit("sysadmin").look(f"/accounts/edit/{id_}").filled()
    visit("sysadmin").post(f"/accounts/edit/{id_}", page | {"name": "李四"})
    admin = visit("admin")
    assert not admin.look(f"/accounts/edit/{id_}").notices("warning")
    admin.post(f"/accounts/edit/{id_}", page | {"unit_id": "1", "org_id": "", "password": "Lang-Genug-1"})
    assert rows(f"SELECT active FROM ab_user WHERE id = {id_}")[0][0] in (1, True)


def test_an_account_that_was_switched_off_on_purpose_does_not_wait_after_a_new_password(visit, rows):
    id_, role = first(rows, "ab_user", "username = 'filler02'"), first(rows, "ab_role", "name = 'unit_filler'")
    visit("secadmin").post(f"/accounts/grant/{id_}", roles=str(role))
    visit("sysadmin").post(f"/accounts/edit/{id_}", name="李四", password="Lang-Genug-1")
    assert "active" not in visit("secadmin").look(f"/accounts/grant/{id_}").filled()


@pytest.mark.parametrize("target", ["admin", "secadmin", "sysadmin"])
def test_the_system_administrator_moves_no_administrator(visit, rows, target):
    """It would switch off who authorises."""
    id_, visitor = first(rows, "ab_user", f"username = '{target}'"), visit("sysadmin")
    with unchanged(rows):
        assert list(visitor.post(f"/accounts/edit/{id_}", name="x", unit_id="1").errors()) == ["unit_id"]


def test_filling_and_reviewing_in_one_account_is_saved_with_a_warning(visit, rows):
    id_, visitor = first(rows, "ab_user", "username = 'filler02'"), visit("secadmin")
    both = [str(first(rows, "ab_role", f"name = '{name}'")) for name in ("unit_filler", "unit_reviewer")]
    assert visitor.post(f"/accounts/grant/{id_}", {"roles": both, "active": "1"}).status == 302
    assert "fills and reviews" in visitor.look("/accounts/list/").notices("warning")[0]


@pytest.mark.parametrize("target", ["admin", "secadmin", "auditadmin"])
def test_the_system_administrator_sets_no_administrators_password(visit, rows, target):
    """Fact 4: it would be acting as them."""
    id_, visitor = first(rows, "ab_user", f"username = '{target}'"), visit("sysadmin")
    with unchanged(rows):
        answer = visitor.post(f"/accounts/edit/{id_}", name="x", password="Lang-Genug-1")
        assert list(answer.errors()) == ["password"]


@pytest.mark.parametrize("account", ["admin", "sysadmin"])
def test_ones_own_password_is_changed_knowing_the_old_one(visit, rows, account):
    """Fact 4: an open browser is not enough, whichever page is used."""
    id_, visitor = first(rows, "ab_user", f"username = '{account}'"), visit(account)
    with unchanged(rows):
        assert "password" in visitor.post(f"/accounts/edit/{id_}", name="x", password="Lang-Genug-1").errors()
        sent = {"old": "falsch", "new": "Lang-Genug-1", "again": "Lang-Genug-1"}
        assert list(visitor.post("/my_password/", sent).errors()) == ["old"]


@pytest.mark.parametrize("new", ["", "Kurz-1", "nurkleinbuchstaben", "Auditor-1234", f"{PASSWORD}\0"])
def test_a_weak_password_of_ones_own_is_refused(visit, rows, new):
    visitor = visit("auditor")
    with unchanged(rows):
        answer = visitor.post("/my_password/", {"old": PASSWORD, "new": new, "again": new})
        assert list(answer.errors()) == ["new"]


COMMON = (
    *("Password123!", "P@ssw0rd2026", "Qwerty123456!", "Aa12345678", "Abc123456!", "Welcome@123", "Iloveyou-520"),
    *("Admin@123456", "Huawei@123", "Woaini5201314", "Zhangsan@1990", "Beijing@2026", "Dangjian@2026", "1qaz@WSX3edc"),
    *("Jiguan123!@#", "Changeme_2026", "Zhongguo@1949", "Filler01@2026"),
)


@pytest.mark.parametrize("new", COMMON)
def test_a_password_that_is_tried_first_is_refused(app, new):
    with app.test_request_context():
        assert password_fault(new, "filler01")


@pytest.mark.parametrize("new", ["Correct-Horse-9", "kX7-pQw2-Ab", "Lang-Genug-1", "Xin-Mima-20261"])
def test_a_password_that_is_hard_to_guess_is_taken(new):
    assert password_fault(new, "filler01") == ""


def test_the_last_five_passwords_are_not_chosen_again(visit, rows):
    id_, visitor, old = first(rows, "ab_user", "username = 'auditor'"), visit("auditor"), PASSWORD
    used = [f"Wolke-{n}-Kranich" for n in range(6)]

    def choose(new):
        nonlocal old
        answer = visitor.post("/my_password/", {"old": old, "new": new, "again": new})
        old = new if answer.status == 302 else old
        return answer.status == 302

    assert all(choose(new) for new in used)
    assert not any(choose(new) for new in used)
    assert choose(PASSWORD.replace("Demo", "Anders-Wolke")), "another one is taken"
    assert choose(used[0]), "the sixth last may be used again"
    assert rows(f"SELECT count(*) FROM former_password WHERE user_id = {id_}") == [(5,)]
    sysadmin = visit("sysadmin")
    typed = sysadmin.look(f"/accounts/edit/{id_}").filled() | {"password": used[5]}
    assert list(sysadmin.post(f"/accounts/edit/{id_}", typed).errors()) == ["password"]
    assert not rows("SELECT id FROM audit_event WHERE ledger = 'former_password'")


@pytest.mark.parametrize("account", ["admin", "secadmin"])
def test_nobody_grants_to_themselves(visit, rows, account):
    """Nor unlocks their own name, which would let whoever finds an open browser guess its password without end."""
    id_, visitor = first(rows, "ab_user", f"username = '{account}'"), visit(account)
    every = [str(role) for (role,) in rows("SELECT id FROM ab_role")]
    with unchanged(rows):
        assert visitor.post(f"/accounts/grant/{id_}", {"roles": every, "active": "1"}).status == 403
        for deed in ("lend", "unlock", "remove_factor", "release"):
            assert visitor.post(f"/accounts/{deed}/{id_}").status == 403, deed


@pytest.mark.parametrize("account", [each for each in ACCOUNTS if each not in ("admin", "secadmin")])
def test_nobody_else_grants(visit, rows, account):
    """The system administrator makes accounts and gives them no role."""
    visitor, role = visit(account), first(rows, "ab_role", "name = 'admin'")
    with unchanged(rows):
        for (id_,) in rows("SELECT id FROM ab_user WHERE username IN ('town01', 'filler01', 'sysadmin', 'auditor')"):
            assert visitor.look(f"/accounts/grant/{id_}").status == 403
            assert visitor.post(f"/accounts/grant/{id_}", {"roles": str(role), "active": "1"}).status == 403


@pytest.mark.parametrize("account", [each for each in ACCOUNTS if each not in ("admin", "sysadmin", "secadmin")])
def test_nobody_else_opens_accounts(visit, rows, account):
    visitor = visit(account)
    with unchanged(rows):
        for path in ("/accounts/list/", "/accounts/add", "/accounts/edit/1", "/accounts/options/unit_id"):
            assert visitor.look(path).status == 403
        assert visitor.post("/accounts/add", GOOD).status == 403


def test_the_security_administrator_makes_no_accounts_alone(visit, rows):
    visitor = visit("secadmin")
    with unchanged(rows):
        assert visitor.post("/accounts/add", GOOD).status == 403
        assert visitor.post("/accounts/edit/3", name="x", password="Lang-Genug-1").status == 403


@pytest.mark.parametrize("name", ["Admin", "Public"])
def test_flask_appbuilders_own_roles_are_not_granted_by_their_ids(visit, rows, name):
    """No account holds FAB's Admin role, nor can it be granted."""
    visitor, town = visit("secadmin"), first(rows, "ab_user", "username = 'town01'")
    hidden, own = first(rows, "ab_role", f"name = '{name}'"), first(rows, "ab_role", "name = 'town_user'")
    assert str(hidden) not in {
        box["value"] for box in visitor.look(f"/accounts/grant/{town}").select("input[name=roles]")
    }
    assert visitor.post(f"/accounts/grant/{town}", {"roles": [str(hidden), str(own)], "active": "1"}).status == 302
    assert rows(f"SELECT role_id FROM ab_user_role WHERE user_id = {town}") == [(own,)]
    assert rows(f"SELECT count(*) FROM ab_user_role WHERE role_id = {hidden}") == [(0,)]


def test_roles_that_are_none_are_not_granted(visit, rows):
    visitor, town = visit("secadmin"), first(rows, "ab_user", "username = 'town01'")
    sent = {"roles": ["999999", "x", "", "9" * 5000, "-1"], "active": "1"}
    assert visitor.post(f"/accounts/grant/{town}", sent).status in (302, 400)
    assert rows(f"SELECT count(*) FROM ab_user_role WHERE user_id = {town}")[0][0] <= 1


def test_no_account_holds_two_of_the_three_offices(visit, rows):
    """`docs/domain/accounts.md`, the row of the three administrators: mutually exclusive, with business roles too."""
    town = first(rows, "ab_user", "username = 'town01'")
    role = dict(rows("SELECT name, id FROM ab_role"))
    with unchanged(rows):
        for office, other in (("sys_admin", "sec_admin"), ("sec_admin", "audit_admin"), ("sys_admin", "gw_reviewer")):
            sent = {"roles": [str(role[office]), str(role[other])], "active": "1"}
            assert visit("admin").post(f"/accounts/grant/{town}", sent).status != 302


def test_whoever_is_switched_off_is_out_at_the_next_request(visit, rows):
    """Fact 5."""
    filler, id_ = visit("filler01"), first(rows, "ab_user", "username = 'filler01'")
    role = first(rows, "ab_role", "name = 'unit_filler'")
    assert filler.look("/agreements/list/").status == 200
    visit("secadmin").post(f"/accounts/grant/{id_}", {"roles": str(role)})
    assert filler.look("/agreements/list/").status == 302
    visit("secadmin").post(f"/accounts/grant/{id_}", {"roles": str(role), "active": "1"})
    assert filler.look("/agreements/list/").status == 200


def test_the_list_of_accounts_shows_no_secret(visit, rows):
    page = visit("admin").look("/accounts/list/")
    hashes = [password for (password,) in rows("SELECT password FROM ab_user")]
    assert "filler01" in page.words
    assert not any(each in str(page) for each in hashes)
    assert [row["data-id"] for row in visit("admin").look("/accounts/list/?q=filler01").select("tr[data-id]")] == [
        str(first(rows, "ab_user", "username = 'filler01'"))
    ]
