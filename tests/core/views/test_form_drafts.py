"""Half-filled forms: kept on the server for whoever typed them, verbatim, until they are saved or discarded."""

from __future__ import annotations

import io

import pytest

from portal.core.records import attachments
from portal.core.records.forms import staged_files
from portal.core.views.forms import autosave
from portal.extensions import db
from tests.security.walk import of
from tests.test_half_drafts import one_thing

pytestmark = pytest.mark.one_database
TYPED = {
    "title": "半份",
    "signed_on": "六月初",
    "a_phone": "02",
    "demand_items-0-id": "new-0",
    "demand_items-0-name": "照明",
}
PDF = b"%PDF-1.4\n%demo\n"


@pytest.fixture(autouse=True)
def no_brake(monkeypatch):
    monkeypatch.setattr(autosave, "_kept", {})


def keep(visitor, path, page, typed, **more):
    """What the page's script does with what stands in the form."""
    sent = page.filled() | typed | more | {"csrf_token": visitor.token}
    where = page.one("form.record-form")["data-autosave"] if path is None else path
    with visitor.client.post(where, data=sent) as answer:
        return answer.status_code, answer.json or {}


def kept(rows):
    return rows("SELECT count(*) FROM unsaved_form")[0][0]


def test_what_was_typed_comes_back_verbatim_in_another_browser_until_it_is_saved(app, visit, rows):
    visitor = visit("filler01")
    page, lines = visitor.look("/agreements/add"), rows("SELECT count(*) FROM audit_event")
    status, told = keep(visitor, None, page, TYPED | {"_revision": "0"})
    assert (status, told["revision"]) == (200, 1)
    assert keep(visitor, None, page, TYPED | {"_revision": "1", "remark": "接着写"})[1]["revision"] == 2
    assert rows("SELECT count(*) FROM audit_event") == lines
    assert "半份" not in rows("SELECT typed FROM unsaved_form")[0][0]
    elsewhere = visit("filler01")
    assert elsewhere.look("/").select("[data-unsaved] li a")[0]["href"].startswith("/agreements/add?draft=")
    banner = elsewhere.look("/agreements/add").one("[data-half-filled]")
    again = elsewhere.look(banner.select_one("a")["href"])
    assert {name: again.filled()[name] for name in TYPED} == TYPED
    assert again.filled()["remark"] == "接着写"
    assert not visit("filler02").look("/agreements/add").select("[data-half-filled]")
    right = again.filled() | {"signed_on": "", "a_phone": "", "csrf_token": visitor.token}
    assert elsewhere.post("/agreements/add", right).status == 302
    assert kept(rows) == 0
    assert keep(visitor, None, page, TYPED | {"_revision": "0"})[0] == 409, "what was saved is not kept once more"


def test_every_form_comes_back_as_it_stood(app, visit, rows):
    """Over the registry: nothing that a form holds gets lost on the way, be it a choice, a person or a row."""
    visitor = visit("reviewer")
    for ledger in app.extensions["portal.ledgers"]:
        id_ = rows(f"SELECT max(id) FROM {ledger.model.__tablename__}")[0][0]
        page = visitor.look(f"/{ledger.name}/edit/{id_}") if "edit" in ledger.verbs else None
        if page is None or page.status != 200:
            continue
        before = page.filled()
        typed = {name: text for name, text in one_thing(ledger).items() if name in before}
        assert keep(visitor, None, page, typed)[1]["revision"] == 1, ledger.name
        again = visitor.look(f"/{ledger.name}/edit/{id_}?draft={before['_draft']}").filled()
        before |= typed
        for name in before.keys() - {"csrf_token", "_revision"}:
            assert again.get(name) == before[name], (ledger.name, name)
    assert kept(rows) >= 5


def test_only_who_may_fill_a_form_keeps_and_opens_it(visit, rows):
    mine, theirs, waiting = of(rows, 1, "draft"), of(rows, 2, "draft"), of(rows, 1, "pending_unit")
    visitor = visit("filler01")
    page = visitor.look(f"/agreements/edit/{mine}")
    key = page.filled()["_draft"]
    assert keep(visitor, None, page, {"remark": "我的"})[0] == 200
    other = visit("filler02")
    visit("auditor").look("/")
    for account, path, status in (
        ("filler01", f"pk={theirs}", 404),
        ("filler01", f"pk={waiting}", 409),
        ("auditor", "", 403),
        ("auditor", f"pk={mine}", 403),
    ):
        assert keep(visit(account), f"/agreements/autosave?{path}", page, {"_user": account})[0] == status
    assert "我的" not in other.look(f"/agreements/add?draft={key}").text
    other.post("/agreements/discard", _draft=key)
    assert kept(rows) == 1
    assert visit("filler01").look(f"/agreements/edit/{mine}?draft={key}").filled()["remark"] == "我的"


def test_a_form_that_goes_on_in_another_window_is_not_overwritten(visit, rows):
    visitor = visit("filler01")
    page, second = visitor.look("/agreements/add"), visitor.look("/agreements/add")
    assert keep(visitor, None, page, {"title": "甲"})[0] == 200
    assert keep(visitor, None, second, {"title": "乙"})[0] == 200, "two windows are two forms"
    continued = visitor.look(f"/agreements/add?draft={page.filled()['_draft']}")
    assert keep(visitor, None, continued, {"title": "甲二"})[1]["revision"] == 2
    status, told = keep(visitor, None, page, {"title": "甲三", "_revision": "1"})
    assert (status, bool(told["message"])) == (409, True)
    begun = [each.strong.text for each in visitor.look("/agreements/add").select("[data-half-filled]")]
    assert sorted(begun) == ["乙", "甲二"]
    links = [each.get_text(" ", strip=True) for each in visitor.look("/").select("[data-unsaved] li a")]
    assert sorted(link.rpartition("· ")[2] for link in links) == ["乙", "甲二"]
    visitor.post("/agreements/discard?back=/agreements/add", _draft=second.filled()["_draft"])
    assert kept(rows) == 1


@pytest.mark.parametrize(
    "back", ["//evil.example", "/agreements/\r\nX: y", "/agreements/\x00", "/units/list/", "x", ""]
)
def test_discarding_leads_back_into_its_ledger_or_to_the_first_page(visit, back):
    visitor = visit("filler01")
    key = visitor.look("/agreements/add").filled()["_draft"]
    sent = {"csrf_token": visitor.token, "_draft": key}
    answer = visitor.client.post("/agreements/discard", query_string={"back": back}, data=sent)
    assert answer.status_code == 302
    assert answer.location == "/" or answer.location.startswith("/agreements/")


def test_a_form_of_which_everything_is_taken_out_again_is_forgotten(visit, rows):
    visitor = visit("filler01")
    page = visitor.look("/agreements/add")
    assert keep(visitor, None, page, {"title": "写错了"})[1]["revision"] == 1
    assert keep(visitor, None, page, {"title": "写错了", "_revision": "1"})[1]["revision"] == 2
    assert keep(visitor, None, page, {"_revision": "1"})[0] == 409, "another window goes on with it"
    assert keep(visitor, None, page, {"_revision": "2"}) == (200, {"revision": 0, "at": ""})
    assert kept(rows) == 0
    assert keep(visitor, None, page, {"title": "重新写"})[1]["revision"] == 1


def test_a_record_whose_form_is_as_it_was_opened_leaves_nothing_to_keep(app, visit, rows):
    """Over the registry: typed and taken back; a row less, another order or another choice is kept."""
    visitor = visit("reviewer")
    for ledger in app.extensions["portal.ledgers"]:
        id_ = rows(f"SELECT max(id) FROM {ledger.model.__tablename__}")[0][0]
        page = visitor.look(f"/{ledger.name}/edit/{id_}") if "edit" in ledger.verbs else None
        if page is not None and page.status == 200:
            assert keep(visitor, None, page, {}) == (200, {"revision": 0, "at": ""}), ledger.name
    assert kept(rows) == 0
    mine, page = visit("filler01"), visit("filler01").look(f"/agreements/edit/{of(rows, 1, 'draft')}")
    order = {"demand_items-0-id": page.filled()["demand_items-1-id"], "demand_items-1-id": "new-9"}
    for n, touched in enumerate(
        (order, {"coop_modes": [""]}, {"content": ""}, {"demand_items-2-id": "new-2"}), start=0
    ):
        assert keep(mine, None, page, touched | {"_revision": str(n)})[1]["revision"] == n + 1, touched
    assert keep(mine, None, page, {"_revision": "4"})[1] == {"revision": 0, "at": ""}


def test_far_too_much_or_too_often_or_for_somebody_else_is_not_kept(visit, rows, monkeypatch):
    visitor = visit("filler01")
    page = visitor.look("/agreements/add")
    assert keep(visitor, None, page, {"title": "长" * 200_000})[0] == 413
    assert keep(visitor, None, page, {"_user": "filler02"})[0] == 409
    assert keep(visitor, None, page, {"_draft": "x"})[0] == 400
    monkeypatch.setattr(autosave, "MOST_OFTEN", 0)
    assert keep(visitor, None, page, {})[0] == 429
    assert kept(rows) == 0


def test_keeping_takes_few_statements_and_old_forms_go(app, visit, rows, change, statements):
    visitor = visit("filler01")
    page = visitor.look("/agreements/add")
    keep(visitor, None, page, {"title": "半份"})
    with statements() as seen:
        keep(visitor, None, page, {"_revision": "1", "title": "半份半份"})
    assert len(seen) <= 3, seen
    change("UPDATE unsaved_form SET saved_at = '2020-01-01 00:00:00'")
    assert not visitor.look("/agreements/add").select("[data-half-filled]")
    keep(visitor, None, visitor.look("/agreements/add"), {"title": "半份"})
    assert kept(rows) == 1


def upload(visitor, page, typed, **files):
    sent = page.filled() | typed | {"csrf_token": visitor.token}
    sent |= {name: (io.BytesIO(content), f"{name}.pdf") for name, content in files.items()}
    return type(page).of(visitor.client.post("/agreements/add", data=sent, content_type="multipart/form-data"))


def test_files_come_with_the_first_form_and_outlive_its_refusal(app, visit, rows):
    visitor = visit("filler01")
    page = visitor.look("/agreements/add")
    refused = upload(visitor, page, {"signed_on": "不详"}, signed_file=PDF, attachments=PDF)
    assert [file.get_text().split()[0] for file in refused.select("[data-staged] li")] == [
        "signed_file.pdf",
        "attachments.pdf",
    ]
    assert rows("SELECT count(*) FROM attachment WHERE record_id > 10000") == [(0,)]
    assert kept(rows) == 1, "the form waits with its files"
    again = visitor.look(f"/agreements/add?draft={refused.filled()['_draft']}")
    gone = again.select('[data-place="attachments"] [data-file]')[0]["data-file"]
    assert upload(visitor, again, {"signed_on": "", "_unstage": gone}).status == 302
    id_ = rows("SELECT max(id) FROM agreement")[0][0]
    assert rows(f"SELECT place, name, person FROM attachment WHERE ledger = 'agreements' AND record_id = {id_}") == [
        ("signed_file", "signed_file.pdf", rows("SELECT first_name FROM ab_user WHERE username = 'filler01'")[0][0])
    ]
    file = visitor.look(f"/agreements/show/{id_}").select("[data-file] a")[0]["href"]
    with visitor.client.get(file) as answer:
        assert answer.data == PDF
    assert (kept(rows), rows("SELECT count(*) FROM staged_file")) == (0, [(0,)])


def test_a_file_that_is_not_what_it_says_refuses_the_form_and_loses_nothing(visit, rows):
    visitor = visit("filler01")
    page = visitor.look("/agreements/add")
    refused = upload(visitor, page, {"title": "有附件"}, signed_file=b"MZ", attachments=PDF)
    assert refused.status == 200
    assert refused.one('[data-place="signed_file"] .field-error')
    assert refused.filled()["title"] == "有附件"
    assert len(refused.select("[data-staged] li")) == 1
    other = visit("filler02")
    theirs = other.look("/agreements/add").filled() | {"_draft": refused.filled()["_draft"], "csrf_token": other.token}
    theirs |= {"title": "别人的"}
    assert other.post("/agreements/add", theirs).status == 302
    assert rows("SELECT count(*) FROM staged_file") == [(1,)], "nobody gets another's files"


def test_setting_up_removes_files_of_no_form_and_keeps_those_that_wait(app, visit, rows, change):
    visitor = visit("filler01")
    upload(visitor, visitor.look("/agreements/add"), {"signed_on": "不详"}, signed_file=PDF)
    name = rows("SELECT stored FROM staged_file")[0][0]
    with app.app_context():
        attachments.sweep(staged_files.stored)
        db.session.rollback()
        assert attachments.kept().path_of(name).exists()
        change("UPDATE staged_file SET added_at = '2020-01-01 00:00:00'")
        staged_files.sweep()
        db.session.commit()
        attachments.sweep(staged_files.stored)
        assert not attachments.kept().path_of(name).exists()
