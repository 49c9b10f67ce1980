"""Personal data: never stored plain, never shown whole, still comparable (`docs/domain` §3.5)."""

from __future__ import annotations

import pytest
from cryptography.fernet import InvalidToken
from sqlalchemy import select
from sqlalchemy.exc import StatementError

from portal.core.access import scope
from portal.extensions import db
from portal.org import reencryption
from portal.org.encrypted import Sealed
from portal.org.models import Member
from tests.ledgers.conftest import agreement, org  # noqa: F401 - fixtures

NUMBER = "15400008888"


@pytest.fixture
def member(visit, rows):
    """The id of a member just entered with a mobile number."""
    unit, branch = rows("SELECT unit_id, org_id FROM member ORDER BY id LIMIT 1")[0]
    typed = {"name": "王演晨", "gender": "1", "member_type": "1", "unit_id": str(unit), "org_id": str(branch)}
    assert visit("filler01").post("/members/add", typed | {"mobile": NUMBER}).status == 302
    return rows("SELECT max(id) FROM member")[0][0]


def test_no_row_holds_the_number(member, rows):
    stored = str(rows(f"SELECT * FROM member WHERE id = {member}"))
    assert NUMBER not in stored
    assert NUMBER[-4:] not in stored.split("'1.", maxsplit=1)[0]


def test_pages_and_sheets_show_it_masked(member, visit):
    visitor = visit("filler01")
    for path in (f"/members/show/{member}", f"/members/edit/{member}"):
        page = str(visitor.look(path))
        assert "154****8888" in page
        assert NUMBER not in page


def test_the_mask_sent_back_leaves_the_number_as_it_is(app, member, visit):
    visitor = visit("filler01")
    sent = visitor.look(f"/members/edit/{member}").filled() | {"post": "科长"}
    assert visitor.post(f"/members/edit/{member}", sent).status == 302
    with app.app_context(), scope.unscoped("a test"):
        found = db.session.scalars(select(Member).where(Member.id == member)).one()
        assert (found.post, found.mobile.reveal()) == ("科长", NUMBER)


def test_an_equal_number_is_found_without_being_read(app, member):
    with app.app_context(), scope.unscoped("a test"):
        query = select(Member.id).where(Member.mobile == Sealed.of(NUMBER))
        assert list(db.session.scalars(query)) == [member]
        assert Sealed.of(NUMBER) == Sealed.of(NUMBER) != Sealed.of("15400008889")


def test_the_same_number_is_never_stored_the_same_way_twice(app):
    with app.app_context():
        first, second = Sealed.of(NUMBER), Sealed.of(NUMBER)
        assert first.stored != second.stored
        assert first.reveal() == second.reveal() == NUMBER


def test_plain_text_is_refused_by_the_column(app):
    with app.app_context(), scope.unscoped("a test"):
        db.session.add(Member(name="王演晨", member_type="1", unit_id=1, org_id=1, mobile=NUMBER))
        with pytest.raises(StatementError, match="never as plain text"):
            db.session.flush()
        db.session.rollback()


def test_a_mobile_number_given_as_office_phone_is_sealed(visit, rows, agreement):  # noqa: F811 - the fixture
    answer = visit("filler01").post("/agreements/add", agreement | {"a_phone": NUMBER})
    assert NUMBER not in str(rows("SELECT * FROM agreement ORDER BY id DESC LIMIT 1"))
    assert "154****8888" in visit("filler01").look(answer.response.location).words


def test_a_new_key_encrypts_everything_anew_and_nothing_is_lost(app, rows):
    """The old key alone no longer opens anything; equal values stay equal."""
    path = app.config["DATA_DIR"] / "personal.key"
    kept = path.read_text()
    sql = "SELECT id, name_enc, phone_enc FROM beneficiary ORDER BY id"
    before = rows(sql)
    with app.app_context():
        texts = [(Sealed(name).reveal(), Sealed(phone).reveal()) for _, name, phone in before]
        try:
            reencryption.renew(path)
            assert reencryption.reseal() >= 2 * len(before)
            after = rows(sql)
            assert [(Sealed(name).reveal(), Sealed(phone).reveal()) for _, name, phone in after] == texts
            assert [Sealed(row[1]) for row in before] == [Sealed(row[1]) for row in after]
            assert not {row[1] for row in before} & {row[1] for row in after}
            reencryption.renew(path)
            reencryption.forget_older(path)
            with pytest.raises(InvalidToken):
                Sealed(before[0][1]).reveal()
        finally:
            path.write_text(kept)
