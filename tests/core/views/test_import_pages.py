"""The import page: upload, preview, columns by hand, run, stop; whose job it is (`docs/domain/workbooks.md`)."""

from __future__ import annotations

import io
import os
import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from portal import setup
from portal.core.jobs import files, jobs
from portal.core.spreadsheet.importer import savepoints
from tests.core.spreadsheet import sheets
from tests.security.walk import unchanged
from tests.visitor import Page

pytestmark = pytest.mark.one_database


@pytest.fixture(autouse=True)
def waiting(monkeypatch):
    """However busy the machine is, a page comes when its job has ended."""
    monkeypatch.setattr(jobs, "PATIENCE", 60)


@pytest.fixture
def upload(visit):
    """`upload("reviewer", path)`: the visitor, the answer's address."""

    def send(username, path, name=None, **fields):
        visitor = visit(username).speak("zh_Hans")
        data = {"csrf_token": visitor.token, "file": (io.BytesIO(path.read_bytes()), name or path.name), **fields}
        answer = Page.of(visitor.client.post("/agreements/import", data=data))
        return visitor, answer

    return send


def counts(page):
    return {each["data-count"]: int(each.text) for each in page.select("[data-count]")}


def test_a_preview_stores_nothing_and_running_it_stores_what_it_said(upload, visit, rows):
    visit("reviewer")
    with unchanged(rows):
        visitor, answer = upload("reviewer", sheets.LEDGER, adopt="1")
        path = answer.response.location
        page = visitor.look(path)
        said = counts(page)
        assert said == {"new": 20, "changed": 0, "unchanged": 0, "rejected": 4, "skipped": 2}
        rejected = {row["data-row"] for row in page.select("tr[data-row]:has(.tone-bad)")}
        assert rejected == {"9", "13", "17", "18"}
    assert visitor.post(f"{path}/run").status == 302
    page = visitor.look(path)
    assert counts(page) == said
    assert page.notices("success")
    assert rows("SELECT count(*) FROM agreement WHERE source = 'import' AND status = 'active'") == [(20,)]
    assert visitor.post(f"{path}/run").status == 404


def test_an_unknown_column_is_mapped_by_hand_and_remembered(upload, rows, tmp_path):
    found = sheets.rows()
    found[2][8] = "经办同志"
    path = sheets.book(tmp_path / "a.xlsx", found)
    visitor, answer = upload("reviewer", path)
    page = visitor.look(answer.response.location)
    [unknown] = page.select('tr[data-column="unknown"] select')
    visitor.post(f"{answer.response.location}/map", {unknown["name"]: "a_contact"})
    assert not visitor.look(answer.response.location).select('tr[data-column="unknown"]')
    visitor, answer = upload("reviewer", path)
    assert not visitor.look(answer.response.location).select('tr[data-column="unknown"]')
    assert rows("SELECT header, field_name FROM import_column") == [("经办同志", "a_contact")]


@pytest.fixture
def mapped(upload, tmp_path):
    """`mapped("filler01", "经办同志")`: what that account's next sheet takes the column with this heading as; with
    `by_hand` after saying so on its page."""

    def look(username, heading, by_hand=None):
        found = sheets.rows()
        found[2][8] = heading
        visitor, answer = upload(username, sheets.book(tmp_path / "a.xlsx", found))
        path = answer.response.location
        if by_hand:
            page = visitor.look(path)
            [select] = [each["name"] for each in page.select("select") if each["aria-label"] == heading]
            visitor.post(f"{path}/map", {select: by_hand})
        [row] = [row for row in visitor.look(path).select("tr[data-column]") if row.td.text == heading]
        return row["data-column"]

    return look


def test_what_a_unit_says_of_a_column_holds_for_its_own_sheets(mapped):
    assert mapped("filler01", "经办同志", "a_contact") == "a_contact"
    assert [mapped(account, "经办同志") for account in ("filler01", "filler02", "reviewer")] == [
        *("a_contact", "unknown", "unknown")
    ]


def test_what_the_committee_says_holds_for_everybody_who_has_not_said_otherwise(mapped):
    assert mapped("filler01", "经办同志", "remark") == "remark"
    assert mapped("reviewer", "经办同志", "a_contact") == "a_contact"
    assert [mapped(account, "经办同志") for account in ("filler01", "filler02")] == ["remark", "a_contact"]


def test_a_heading_that_the_ledger_knows_is_read_otherwise_in_one_sheet_only(mapped, rows, change):
    assert mapped("filler01", "甲方联络员", "-") == "-"
    assert rows("SELECT header FROM import_column") == []
    change(
        "INSERT INTO import_column (ledger, unit_id, header, field_name) VALUES ('agreements', 0, '甲方联络员', '-')"
    )
    assert mapped("filler01", "甲方联络员") == "a_contact"


def rejected(visitor, path):
    """The columns that the sheet of rejected rows names; the answer's status when there is none."""
    response = visitor.client.post(f"{path}/errors", data={"csrf_token": visitor.token})
    content = response.get_data()
    response.close()
    if response.status_code != 200:
        return response.status_code
    page = sheets.load_workbook(io.BytesIO(content)).active
    heads = [cell.value for cell in page[sheets.HEADER + 1]]
    marks = (cell for row in page.iter_rows() for cell in row if cell.comment and cell.comment.author == "Import")
    return [heads[cell.column - 1] for cell in marks]


REJECTED = ["有效期至", "乙方社区党组织", "甲方党组织", "签订日期"]


def test_rejected_rows_come_back_in_their_workbook_with_reasons(upload):
    visitor, answer = upload("reviewer", sheets.LEDGER)
    assert rejected(visitor, answer.response.location) == REJECTED
    assert rejected(visitor, answer.response.location) == REJECTED


@pytest.fixture
def lying(app):
    """`lying(path)`: the files of the job of this page, by name."""

    def find(path):
        with app.app_context():
            token = path.rpartition("/")[2]
            return {name: files.area().path_of(f"{token}.{name}") for owner, name in files.there() if owner == token}

    return find


def test_rejected_rows_are_fetched_once_after_the_run_and_then_the_sheet_is_gone(upload, lying):
    visitor, answer = upload("reviewer", sheets.LEDGER)
    path = answer.response.location
    visitor.post(f"{path}/run")
    assert set(lying(path)) == {"sheet", "marked.xlsx"}
    assert visitor.look(path).select('button[formaction$="/errors"]')
    assert rejected(visitor, path) == REJECTED
    assert lying(path) == {}
    assert not visitor.look(path).select('button[formaction$="/errors"]')
    assert rejected(visitor, path) == 302
    assert len(visitor.look(path).notices("warning")) == 1


def test_a_sheet_that_was_taken_whole_leaves_nothing_of_its_cells(upload, lying, rows, tmp_path):
    found = sheets.rows()
    visitor, answer = upload("reviewer", sheets.book(tmp_path / "a.xlsx", found[:6]))
    path, phone = answer.response.location, str(found[3][9])
    page = visitor.look(path)
    assert phone in page.words
    assert counts(page)["rejected"] == 0
    visitor.post(f"{path}/run")
    assert lying(path) == {}
    assert phone not in str(rows("SELECT * FROM job"))
    assert visitor.post(f"{path}/map").status == 404


def test_a_cancelled_or_unreadable_sheet_is_not_kept(upload, lying, tmp_path):
    visitor, answer = upload("reviewer", sheets.LEDGER)
    visitor.post(f"{answer.response.location}/cancel")
    assert lying(answer.response.location) == {}
    (tmp_path / "a.xlsx").write_bytes(b"PK\x03\x04 broken")
    _, answer = upload("reviewer", tmp_path / "a.xlsx")
    assert lying(answer.response.location) == {}


def test_a_sheet_that_nobody_runs_goes_after_an_hour_and_its_job_after_days(upload, lying, app, job_of):
    visitor, answer = upload("reviewer", sheets.LEDGER)
    path = answer.response.location
    job, touched = job_of(path), job_of(path).row.touched_at

    def age(by):
        with app.app_context(), jobs.storing() as connection:
            mine = update(jobs.StoredJob).where(jobs.StoredJob.id == job.id)
            connection.execute(mine.values(touched_at=touched - by - timedelta(seconds=1)))

    age(jobs.HELD)
    with app.app_context():
        setup.bring_up_to_date()
    assert lying(path) == {}
    page = visitor.look(path)
    assert page.notices("warning")
    assert not page.select("button[formaction]")
    assert visitor.post(f"{path}/run").status == 302
    age(jobs.KEPT)
    assert visitor.look(path).status == 404
    with app.app_context():
        jobs.sweep()
        assert jobs.rows(jobs.StoredJob.id == job.id) == []


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_what_people_bring_is_readable_by_the_portal_only(upload, lying):
    _, answer = upload("reviewer", sheets.LEDGER)
    found = lying(answer.response.location)
    assert set(found) == {"sheet", "cells.json", "marked.xlsx"}
    assert {each.stat().st_mode & 0o777 for each in found.values()} == {0o600}
    assert found["sheet"].parent.parent.stat().st_mode & 0o777 == 0o700


def test_what_people_bring_is_encrypted_and_a_new_key_loses_none_of_it(upload, lying, app):
    visitor, answer = upload("reviewer", sheets.LEDGER)
    path = answer.response.location
    for each in lying(path).values():
        content = each.read_bytes()
        assert not content.startswith(b"PK"), each
        assert "共建".encode() not in content, each
    rotate = ["portal", "keys", "rotate"]
    assert app.test_cli_runner().invoke(args=rotate).exit_code == 0
    assert visitor.look(path).select('button[formaction$="/run"]')
    assert visitor.post(f"{path}/run").status == 302
    assert counts(visitor.look(path))["new"] == 20
    visitor, answer = upload("reviewer", sheets.LEDGER)
    path = answer.response.location
    for _ in range(2):
        assert app.test_cli_runner().invoke(args=rotate).exit_code == 0
    page = visitor.look(path)
    assert page.notices("warning"), "a key that is gone opens nothing: the sheet has to be brought again"
    assert not page.select("button[formaction]")


@pytest.mark.parametrize("name", ["a.exe", "a.html", "a"])
def test_other_files_are_refused_at_the_field(upload, rows, tmp_path, name):
    path = tmp_path / "x"
    path.write_bytes(b"MZ")
    with unchanged(rows):
        _, answer = upload("reviewer", path, name)
        assert (answer.status, list(answer.errors())) == (200, ["file"])


def test_a_name_of_a_file_with_a_telephone_is_refused_at_the_field(upload, rows):
    with unchanged(rows):
        _, answer = upload("reviewer", sheets.LEDGER, name="王五 13812345678 台账.xlsx")
    assert answer.errors() == {"file": "文件名：请勿在文字中填写手机号。"}


def test_a_broken_workbook_is_told_in_words(upload, tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK\x03\x04 broken")
    visitor, answer = upload("reviewer", path)
    page = visitor.look(answer.response.location)
    assert page.errors() == {"file": "无法将此文件作为工作簿读取。"}


def test_an_import_is_its_owners_only(upload, visit):
    _, answer = upload("reviewer", sheets.LEDGER)
    path = answer.response.location
    for other in ("reviewer02", "filler01"):
        assert visit(other).look(path).status == 404
        assert visit(other).post(f"{path}/run").status == 404
    assert visit("auditor").look(path).status == 403
    assert visit("filler01").look("/agreements/import").status == 200


def test_a_filler_cannot_take_over(upload, visit, rows):
    assert not visit("filler01").look("/agreements/import").select("#adopt")
    visitor, answer = upload("filler01", sheets.LEDGER, adopt="1")
    visitor.post(f"{answer.response.location}/run")
    assert rows("SELECT count(*) FROM agreement WHERE source = 'import' AND status <> 'draft'") == [(0,)]


def test_a_stopped_import_says_what_was_stored_and_offers_to_undo_it(upload, rows, monkeypatch):
    visitor, answer = upload("reviewer", sheets.LEDGER, adopt="1")
    path = answer.response.location
    monkeypatch.setattr(savepoints, "ASKED", 0)

    def stopped(job, done, _total):
        if done == 5:
            raise jobs.Cancelled

    monkeypatch.setattr(jobs.Job, "progress", stopped)
    visitor.post(f"{path}/run")
    monkeypatch.undo()
    monkeypatch.setattr(jobs, "PATIENCE", 60)
    page = visitor.look(path)
    assert "第5行" in page.one("[data-stopped]").text
    [(kept,)] = rows("SELECT count(*) FROM agreement WHERE source = 'import'")
    assert kept
    assert f"新增{kept}条" in page.one("tr[data-run]").text
    assert page.select("tr[data-run] form")


def test_a_run_is_undone_on_the_import_page_by_whoever_ran_it_or_the_committee(upload, visit, rows, tmp_path):
    [(org,)] = rows(
        "SELECT min(o.full_name) FROM party_org o JOIN unit_org ON party_org_id = o.id "
        "JOIN unit ON unit.id = unit_id WHERE unit.sort_no = 1 AND unit.parent_id IS NULL"
    )
    found = sheets.rows()[:5]
    for row in found[3:]:
        row[2] = org
    visitor, answer = upload("filler01", sheets.book(tmp_path / "a.xlsx", found))
    visitor.post(f"{answer.response.location}/run")
    [(made,)] = rows("SELECT count(*) FROM agreement WHERE source = 'import'")
    assert made
    assert not visit("filler02").look("/agreements/import").select("tr[data-run]")
    there = visit("reviewer").look("/agreements/import").one("tr[data-run] form")["action"]
    assert visit("filler02").post(there, confirmed="1").status == 404
    assert visitor.look("/agreements/import").one("tr[data-run] form")["action"] == there
    visitor.post(there)
    assert rows("SELECT count(*) FROM agreement WHERE source = 'import'") == [(made,)]
    page = visitor.look(visitor.post(there, confirmed="1").response.location)
    assert f"删除记录{made}条" in page.one("[data-undone]").text
    assert rows("SELECT count(*) FROM agreement WHERE source = 'import'") == [(0,)]
    assert visitor.look("/agreements/import").one("tr[data-run]")["data-state"] == "undone"
    assert visitor.post(there, confirmed="1").status == 409


def test_all_rows_or_none_is_chosen_before_the_run(upload, rows):
    visitor, answer = upload("reviewer", sheets.LEDGER)
    path = answer.response.location
    assert visitor.look(path).select("#whole")
    with unchanged(rows):
        visitor.post(f"{path}/run", whole="1")
        page = visitor.look(path)
    assert counts(page) == {"rejected": 4}
    assert page.one("[data-outcome]")["data-level"] == "error"


def test_a_job_whose_process_is_gone_is_over_at_the_next_look(upload, working, job_of, app):
    visitor, answer = upload("reviewer", sheets.LEDGER)
    path = answer.response.location
    with working(job_of(path)):
        assert visitor.look(path).select("[data-running]")
    with app.app_context():
        job_of(path).change(state=jobs.RUNNING)
    assert visitor.look(path).notices("error") == ["处理中断，未保存任何数据，请重试。"]
    assert job_of(path).row.state == jobs.INTERRUPTED


def test_everybody_brings_one_sheet_at_a_time(upload, app, working, job_of, rows):
    """What few are had of in an hour is counted when a sheet has been gone through."""

    def waiting():
        with app.app_context():
            return {each for each in files.there() if each[1] == "sheet"}

    visitor, answer = upload("reviewer", sheets.LEDGER)
    path = answer.response.location
    with working(job_of(path)):
        before = waiting()
        _, refused = upload("reviewer", sheets.LEDGER)
        assert refused.status == 409
        assert waiting() == before
        assert "正在处理" in refused.words
        assert rows("SELECT state FROM job ORDER BY id DESC LIMIT 1") == [("cancelled",)]
        assert upload("reviewer02", sheets.LEDGER)[1].status == 302
        with visitor.client.get("/agreements/export") as sheet:
            assert sheet.status_code == 200
    with app.app_context():
        job_of(path).change(state=jobs.RUNNING)  # of a process that is gone
    assert upload("reviewer", sheets.LEDGER)[1].status == 302


def test_the_empty_sheet_that_is_offered_is_understood_when_it_comes_back(upload, visit, rows, tmp_path):
    response = visit("filler01").speak("zh_Hans").client.get("/agreements/template.xlsx")
    book = sheets.load_workbook(io.BytesIO(response.get_data()))
    response.close()
    sheet = book.active
    heads = {str(cell.value).rstrip("*"): cell.column for cell in sheet[3]}
    [(unit,)] = rows("SELECT full_name FROM unit WHERE sort_no = 1")
    [(area,)] = rows("SELECT name FROM area WHERE kind = 'community' ORDER BY sort_no DESC LIMIT 1")
    typed = {
        "甲方单位（党组织）": unit,
        "乙方（社区党组织）": area,
        "签订日期": "2026.6.1",
        "截止日期": "2027年5月31日",
        "共建方式": "组织共建",
        "协议类型": "单位—社区",
        "甲方联络员": "王演晨",
        "甲方办公电话": "022-00000001",
    }
    for head, text in typed.items():
        sheet.cell(4, heads[head], text)
    book.save(tmp_path / "filled.xlsx")
    visitor, answer = upload("filler01", tmp_path / "filled.xlsx")
    page = visitor.look(answer.response.location)
    assert counts(page) == {"new": 1, "changed": 0, "unchanged": 0, "rejected": 0, "skipped": 0}
    assert not page.select('tr[data-column="unknown"]')
    assert any(rule.type == "list" for rule in sheet.data_validations.dataValidation)


def test_lines_of_an_import_say_from_where(upload, rows):
    visitor, answer = upload("reviewer", sheets.LEDGER)
    visitor.post(f"{answer.response.location}/run")
    brought = "SELECT id FROM agreement WHERE source = 'import'"
    query = f"SELECT DISTINCT address FROM audit_event WHERE root = 'agreements' AND root_id IN ({brought})"
    assert rows(query) == [("127.0.0.1",)]


def test_guesses_and_sheets_are_taken_when_the_page_says_so(upload, tmp_path):
    """A guess waits for its tick; a run after other choices shows the preview again instead."""
    found = sheets.rows()
    found[2][9] = "联系电话（值班）"
    path = sheets.book(tmp_path / "a.xlsx", found[:5], [[*found[2:3], *found[5:7]]])
    visitor, answer = upload("reviewer", path)
    address = answer.response.location
    page = visitor.look(address)
    assert counts(page)["new"] == 4
    boxes = [box["name"] for box in page.select("[data-sheets] input") if box.has_attr("checked")]
    assert boxes == ["sheet-0", "sheet-1"]
    guesses = [box["name"] for box in page.select('tr[data-column="guessed"] input[type=checkbox]')]
    assert len(guesses) == 2
    visitor.post(f"{address}/run", {"choices": "1", "sheet-1": "1", guesses[1]: "1"})
    page = visitor.look(address)
    assert page.notices("warning")
    assert counts(page)["new"] == 2
    assert [row["data-column"] for row in page.select("tr[data-column]") if "值班" in row.td.text] == ["a_phone"]
    visitor.post(f"{address}/run", {"choices": "1", "sheet-1": "1"})
    page = visitor.look(address)
    assert page.notices("success")
    assert "序号" in page.select("[data-left-out]")[0].text


def test_a_contradicted_record_is_asked_about_and_changed_only_after_a_yes(upload, rows, tmp_path):
    visitor, answer = upload("reviewer", sheets.LEDGER, adopt="1")
    visitor.post(f"{answer.response.location}/run")
    found = sheets.rows()
    found[3][3] = "冬至镇芙蓉里社区"
    visitor, answer = upload("reviewer", sheets.book(tmp_path / "a.xlsx", found), adopt="1")
    path = answer.response.location
    page = visitor.look(path)
    assert counts(page)["rejected"] == 5
    [question] = page.select("[data-question]")
    assert re.search("GJ2024.*海棠里.*芙蓉里", question.text, re.DOTALL)
    assert not page.select("[data-changes]")
    [tick] = question.select('input[name="same"]')
    said = {"choices": "1", tick["name"]: tick["value"], "sheet-0": "1"}
    visitor.post(f"{path}/map", said)
    page = visitor.look(path)
    assert "芙蓉里" in page.select("[data-changes]")[0].text
    before = rows("SELECT count(*) FROM agreement")
    visitor.post(f"{path}/run", said)
    assert counts(visitor.look(path))["changed"] == 1
    assert rows("SELECT count(*) FROM agreement") == before
    told = "SELECT o.full_name FROM agreement a JOIN party_org o ON o.id = a.party_b_org_id WHERE a.office_no = "
    assert "芙蓉里" in rows(f"{told}'{found[3][1]}'")[0][0]


def test_what_many_rows_lack_is_told_once_with_the_rows(upload):
    visitor, answer = upload("reviewer", sheets.LEDGER, adopt="1")
    lines = [item.text for item in visitor.look(answer.response.location).select("[data-flagged] li")]
    texts = [" ".join(line.split()) for line in lines]
    assert len({text.split(" ")[0] for text in texts}) == len(texts)
    assert any("–" in text and "共" in text for text in texts)


def order_of(page, *selectors):
    """Where these stand on the page, from its top."""
    every = page.select("main *")
    return [next(n for n, node in enumerate(every) if node is page.one(selector)) for selector in selectors]


def test_the_result_comes_first_and_the_columns_are_folded_where_nothing_is_guessed(upload, tmp_path):
    visitor, answer = upload("reviewer", sheets.LEDGER)
    page = visitor.look(answer.response.location)
    there = order_of(page, "[data-outcome]", 'button[formaction$="/run"]', "[data-rejected]", "#reading", "[data-rows]")
    assert there == sorted(there)
    assert not page.one("#reading").has_attr("open")
    found = sheets.rows()
    found[2][9] = "联系电话（值班）"
    visitor, answer = upload("reviewer", sheets.book(tmp_path / "a.xlsx", found))
    assert visitor.look(answer.response.location).one("#reading").has_attr("open")
    found[2][9] = "无人知道"
    visitor, answer = upload("reviewer", sheets.book(tmp_path / "b.xlsx", found))
    assert visitor.look(answer.response.location).one("#reading").has_attr("open")


def test_rejected_rows_name_their_cells(upload):
    visitor, answer = upload("reviewer", sheets.LEDGER)
    cells = [
        row.select("td")[2].text for row in visitor.look(answer.response.location).select("[data-rejected] tbody tr")
    ]
    assert cells == REJECTED


@pytest.fixture
def own_sheet(rows, tmp_path):
    """Two agreements of the first unit."""
    [(org,)] = rows(
        "SELECT min(o.full_name) FROM party_org o JOIN unit_org ON party_org_id = o.id "
        "JOIN unit ON unit.id = unit_id WHERE unit.sort_no = 1 AND unit.parent_id IS NULL"
    )
    found = sheets.rows()[:5]
    for row in found[3:]:
        row[2] = org
    return sheets.book(tmp_path / "a.xlsx", found)


def test_after_a_run_its_records_are_a_click_away_and_handed_in_by_the_preview_of_many(upload, own_sheet, rows):
    visitor, answer = upload("filler01", own_sheet)
    path = answer.response.location
    assert not visitor.look(path).select("[data-go-on]")
    visitor.post(f"{path}/run")
    page = visitor.look(path)
    made = sorted(id_ for (id_,) in rows("SELECT id FROM agreement WHERE source = 'import'"))
    assert made
    records = visitor.look(page.one("[data-go-on] > a")["href"])
    assert sorted(records.ids()) == made
    for found in (page, records):
        hand_in = found.one("form[data-hand-in]")
        assert hand_in["action"] == "/agreements/moves/submit"
        assert sorted(int(box["value"]) for box in hand_in.select("input[name=rowid]")) == made
    with unchanged(rows):
        preview = visitor.post("/agreements/moves/submit", {"rowid": [str(id_) for id_ in made]})
        assert preview.status == 200
    assert len(preview.select("[data-can] [data-id]")) == len(made)


def test_records_of_an_import_are_shown_to_whoever_ran_it_or_the_committee(upload, visit, own_sheet):
    visitor, answer = upload("filler01", own_sheet)
    visitor.post(f"{answer.response.location}/run")
    there = visitor.look(answer.response.location).one("[data-go-on] > a")["href"]
    assert visit("filler02").look(there).status == 404
    assert visit("auditor").look(there).status == 403
    committee = visit("reviewer").look(there)
    assert committee.ids() == visitor.look(there).ids()
    for number in ("0", "999999", "9" * 30):
        assert visitor.look(f"/agreements/import/runs/{number}/records").status == 404
    assert visitor.look(there.replace("agreements", "study_groups")).status == 404


def test_what_was_undone_is_not_handed_in(upload, own_sheet):
    visitor, answer = upload("filler01", own_sheet)
    path = answer.response.location
    visitor.post(f"{path}/run")
    there = visitor.look(path).one("[data-go-on] > a")["href"]
    visitor.post(visitor.look("/agreements/import").one("tr[data-run] form")["action"], confirmed="1")
    page = visitor.look(there)
    assert page.ids() == []
    assert not page.select("form[data-hand-in]")
    assert not visitor.look(path).select("[data-go-on]")


def test_records_that_came_in_force_are_not_handed_in(upload):
    visitor, answer = upload("reviewer", sheets.LEDGER, adopt="1")
    visitor.post(f"{answer.response.location}/run")
    page = visitor.look(answer.response.location)
    assert page.select("[data-go-on] > a")
    assert not page.select("form[data-hand-in]")
