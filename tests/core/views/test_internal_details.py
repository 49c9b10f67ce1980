"""What is internal of people without being secret (`docs/domain` §3.5, class P2): for those who have to do with it."""

from __future__ import annotations

import io

import openpyxl
import pytest

from tests.core.api.conftest import rest
from tests.security.walk import first, give, take, unit_id

pytestmark = pytest.mark.one_database

__all__ = ["rest"]
BORN, JOINED = "1987.03", "2011.07"


@pytest.fixture
def member(visit, rows):
    """Somebody of the first unit whose months have been filled in."""
    id_ = first(rows, "member", f"unit_id = {unit_id(rows, 1)}")
    typed = visit("filler01").look(f"/members/edit/{id_}").filled()
    sent = typed | {"birth_ym": BORN, "joined_ym": JOINED}
    assert visit("filler01").post(f"/members/edit/{id_}", sent).status == 302
    return id_


def sheet(visitor, path):
    """All cells of a sheet."""
    with visitor.client.get(path) as answer:
        return [cell for row in openpyxl.load_workbook(io.BytesIO(answer.data)).active.values for cell in row]


@pytest.mark.parametrize("account", ["filler01", "secretary01", "branch01", "reviewer", "admin"])
def test_the_own_unit_and_the_committees_office_see_them(visit, member, account):
    page = visit(account).look(f"/members/show/{member}")
    if page.status == 200:  # a branch sees its own people only
        assert BORN in page.words
        assert JOINED in page.words
    else:
        assert (account, page.status) == ("branch01", 404)


@pytest.mark.parametrize("account", ["leader", "auditor", "disc"])
def test_readers_do_not_see_them_by_any_way(visit, rest, rows, member, account):
    visitor = visit(account)
    for path in (f"show/{member}", f"{member}/history", f"{member}/versions", "list/"):
        page = visitor.look(f"/members/{path}")
        assert page.status == 200, path
        assert BORN not in page.words, path
    assert BORN not in sheet(visitor, "/members/export")
    program = rest(account)
    program.get(f"members/{member}")
    assert "birth_ym" not in program.answer.json["result"]
    assert BORN not in program.answer.text


def test_the_log_says_that_they_changed_and_not_to_what(visit, rows, member):
    assert BORN not in visit("auditadmin").look("/audit_events/list/?ledger=members").words
    for account, line in (("auditadmin", "Born in: ****** → ******"), ("auditor", "Born in: — → ******")):
        told = "\n".join(str(cell) for cell in sheet(visit(account), "/audit_events/export?ledger=members"))
        assert line in told
        assert BORN not in told


@pytest.mark.parametrize("account", ["filler01", "reviewer", "admin"])
def test_no_list_shows_them(visit, member, account):
    assert BORN not in visit(account).look("/members/list/").words
    assert visit(account).look("/members/list/?columns=name,birth_ym").status == 400


def test_the_right_can_be_taken_and_given(visit, rows, change, member):
    take(change, "unit_reviewer", "members", "details")
    assert BORN not in visit("secretary01").look(f"/members/show/{member}").words
    give(change, rows, "unit_reviewer", "members", "details")
    assert BORN in visit("secretary01").look(f"/members/show/{member}").words


def test_whoever_edits_without_the_right_leaves_them_as_they_are(visit, rows, change, member):
    take(change, "unit_filler", "members", "details")
    page = visit("filler01").look(f"/members/edit/{member}")
    assert not page.select("[name=birth_ym]")
    assert visit("filler01").post(f"/members/edit/{member}", page.filled() | {"post": "科长"}).status == 302
    assert rows(f"SELECT post, CAST(birth_ym AS VARCHAR(10)) FROM member WHERE id = {member}") == [
        ("科长", "1987-03-01")
    ]


@pytest.mark.parametrize(
    ("account", "sees"), [("filler01", True), ("reviewer", True), ("auditor", False), ("disc", False)]
)
def test_so_are_the_months_of_birth_of_members_of_a_group(visit, rest, rows, account, sees):
    group = first(rows, "study_group", f"status = 'active' AND owner_unit_id = {unit_id(rows, 1)}")
    typed = visit("filler01").look(f"/study_groups/{group}/lists").filled()
    assert (
        visit("filler01").post(f"/study_groups/{group}/lists", typed | {"group_members-0-birth_ym": BORN}).status == 302
    )
    pages = [f"/study_groups/show/{group}", f"/study_groups/{group}/history", f"/study_groups/{group}/versions"]
    assert [BORN in visit(account).look(path).words for path in pages] == [sees] * 3
    program = rest(account)
    program.get(f"study_groups/{group}")
    assert (BORN in program.answer.text) is sees
