"""An amendment changes what it was made to change; what was filled in meanwhile in the record in force stays."""

from __future__ import annotations

import pytest

from tests.ledgers.test_transitions import ANSWERS, of

pytestmark = pytest.mark.one_database
PHONES = ("022-66300001", "022-66300002")


@pytest.fixture
def record(rows, change):
    """An agreement in force that lacks what its paper did not say."""
    id_ = of(rows, 1, "active")
    lacking = "gaps = ',copies,b_phone,content,', copies = NULL, b_phone = NULL, content = NULL"
    change(f"UPDATE agreement SET {lacking} WHERE id = {id_}")
    return id_


def edit(visit, id_, **typed):
    filler = visit("filler01")
    page = filler.look(f"/agreements/edit/{id_}")
    assert filler.post(f"/agreements/edit/{id_}", page.filled() | typed).status == 302


def begun(visit, id_):
    answer = visit("filler01").post(f"/agreements/{id_}/move/amend", reason="双方商定调整共建内容。")
    return int(answer.response.location.rpartition("/")[2])


def reviewed(visit, draft):
    assert visit("filler01").post(f"/agreements/{draft}/move/submit").status == 302
    assert visit("secretary01").post(f"/agreements/{draft}/move/approve").status == 302


def test_what_only_the_record_in_force_changed_stays_when_its_amendment_is_approved(visit, rows, record):
    draft = begun(visit, record)
    edit(visit, record, copies="5", b_phone=PHONES[0], content="每季度会商一次。")
    edit(visit, draft, a_contact="李演", copies="5", content="每季度会商一次。", b_phone=PHONES[0])
    page = visit("filler01").look(f"/agreements/show/{draft}")
    assert not page.select("[data-meanwhile]")
    edit(visit, draft, copies="", content="", b_phone="")
    page = visit("filler01").look(f"/agreements/show/{draft}")
    told = {str(row["data-field"]): row["data-clash"] for row in page.select("[data-meanwhile] tbody tr")}
    assert told == {"copies": "0", "content": "0", "b_phone": "0"}
    reviewed(visit, draft)
    assert visit("reviewer").post(f"/agreements/{draft}/move/approve_committee", ANSWERS).status == 302
    found = rows(f"SELECT copies, content, b_phone, a_contact, status FROM agreement WHERE id = {record}")
    assert found == [(5, "每季度会商一次。", PHONES[0], "李演", "active")]


def test_what_both_changed_is_asked_and_the_answer_holds(visit, rows, record):
    draft = begun(visit, record)
    edit(visit, record, copies="5", b_phone=PHONES[0], content="每季度会商一次。")
    edit(visit, draft, copies="6", b_phone=PHONES[1], content="每月会商一次。")
    reviewed(visit, draft)
    reviewer = visit("reviewer")
    page = reviewer.post(f"/agreements/{draft}/move/approve_committee", ANSWERS)
    assert set(page.errors()) == {"merge_copies", "merge_b_phone", "merge_content"}
    assert rows(f"SELECT status FROM agreement WHERE id = {draft}") == [("pending_committee",)]
    assert reviewer.post("/agreements/moves/approve_committee", confirmed="1", rowid=str(draft)).status == 302
    assert rows(f"SELECT status FROM agreement WHERE id = {draft}") == [("pending_committee",)]
    version = rows(f"SELECT version FROM agreement WHERE id = {record}")[0][0]
    older = dict.fromkeys(page.errors(), f"amended-{version - 1}")
    assert set(reviewer.post(f"/agreements/{draft}/move/approve_committee", ANSWERS | older).errors()) == {*older}
    sent = {
        "merge_copies": f"current-{version}",
        "merge_b_phone": f"amended-{version}",
        "merge_content": f"current-{version}",
    }
    assert reviewer.post(f"/agreements/{draft}/move/approve_committee", ANSWERS | sent).status == 302
    found = rows(f"SELECT copies, content, b_phone FROM agreement WHERE id = {record}")
    assert found == [(5, "每季度会商一次。", PHONES[1])]
    assert rows(f"SELECT copies, content, b_phone FROM agreement WHERE id = {draft}") == [
        (5, "每季度会商一次。", PHONES[0])
    ]


def test_an_amendment_that_clashes_with_nothing_asks_nothing(visit, rows):
    record = of(rows, 1, "active")
    draft = begun(visit, record)
    edit(visit, draft, content="每月会商一次。")
    reviewed(visit, draft)
    page = visit("reviewer").look(f"/agreements/show/{draft}")
    assert not page.select("[data-meanwhile], [name^=merge_]")
