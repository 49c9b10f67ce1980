"""What is far too much for one request, or for one account, is answered at once and in words."""

from __future__ import annotations

import shutil
from io import BytesIO

import pytest

from portal.core.jobs import files
from portal.core.views.workbooks import uploads
from portal.http import limits
from tests.conftest import wait_for_jobs
from tests.core.spreadsheet import sheets

pytestmark = pytest.mark.one_database
FORM = "application/x-www-form-urlencoded"
PATHS = (
    "/agreements/add",
    "/agreements/check",
    "/agreements/import",
    "/my_password/",
    "/login/",
    "/api/v1/agreements/",
)


def test_a_body_without_files_obeys_the_limits_of_one_with_files(app, visit):
    visitor = visit("filler01")
    field, fields = b"remark=" + b"x" * (3 * 2**20), b"&".join([b"a=1"] * 6_000)
    for path in PATHS:
        for body, kind in ((field, FORM), (fields, FORM), (field, "application/json"), (field, "text/plain")):
            with visitor.client.post(path, data=body, content_type=kind) as answer:
                assert answer.status_code == 413, (path, kind)


def test_a_form_as_long_as_they_come_is_still_taken(visit):
    rows = {f"demand_items-{n}-name": "需求" * 50 for n in range(300)}
    assert visit("filler01").post("/agreements/check", rows).status == 200


def test_a_text_in_an_address_that_is_too_long_is_refused(app, visit):
    visitor = visit("filler01")
    listing = ("q", "order", "columns", "figure", "page", "as_of", *app.extensions["portal.ledgers"][0].list.filters)
    for name in (*listing, "draft", "x" * 3_000):
        for length in (limits.MOST_TEXT + 1, 100_000):
            for path in ("/agreements/list/", "/agreements/add", "/agreements/export", "/api/v1/agreements/"):
                page = visitor.look(path, **{name: "9" * length})
                assert page.status == 400, (path, name, length)
    assert visitor.look("/agreements/list/", q="协" * 201).status == 400
    assert visitor.look("/agreements/list/", q="协" * 200).status == 200
    assert visitor.look("/agreements/" + "9" * 10_000).status == 400


@pytest.fixture
def bring(app):
    def send(visitor, name):
        sent = {"csrf_token": visitor.token, "file": (BytesIO(sheets.LEDGER.read_bytes()), name)}
        with visitor.client.post("/agreements/import", data=sent) as answer:
            wait_for_jobs()
            return answer.status_code, answer.location

    with app.app_context():
        shutil.rmtree(files.home().parent)
    return send


def test_of_many_workbooks_that_wait_the_oldest_goes_with_a_word(bring, visit, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_WAITING", 2)
    visitor, other = visit("reviewer"), visit("filler01")
    _, others = bring(other, "别人.xlsx")
    places = [bring(visitor, f"台账{n}.xlsx")[1] for n in range(3)]
    page = visitor.look(places[2])
    assert [text for text in page.notices("warning") if "台账0.xlsx" in text]
    gone = "The sheet is not there any more"
    assert [gone in visitor.look(place).words for place in places] == [True, False, False]
    assert gone not in other.look(others).words, "what others bring is theirs"


def test_workbooks_are_read_few_at_a_time_for_one_account(bring, visit, working, job_of, monkeypatch):
    monkeypatch.setattr(uploads, "AT_ONCE", 1)
    visitor = visit("reviewer")
    _, place = bring(visitor, "a.xlsx")
    with working(job_of(place)):
        assert bring(visitor, "b.xlsx")[0] == 429
    assert bring(visitor, "c.xlsx")[0] == 302
