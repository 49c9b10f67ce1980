"""Files of a record: what is taken, who sees them, and that none is lost or left over."""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from datetime import timedelta

import pytest

from config import BadSetting
from portal import setup
from portal.core import clock
from portal.core.access import scope
from portal.core.records import attachments, image_metadata
from portal.core.storage import directory, installation
from portal.operations import scheduled
from tests.security.walk import of, unchanged
from tests.visitor import Page

pytestmark = pytest.mark.one_database

PDF = b"%PDF-1.4\n%%EOF\n"
EXIF = b"\xff\xe1\x00\x10Exif\x00\x00GPS-here"
JPEG = b"\xff\xd8\xff\xe0\x00\x04ab" + EXIF + b"\xff\xda\x00\x02picture\xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20


def chunk(kind, content):
    return len(content).to_bytes(4, "big") + kind + content + b"0000"


def office(part):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(part, "<x/>")
    return out.getvalue()


def bring(visitor, id_, place, *files):
    sent = {"csrf_token": visitor.token, place: [(io.BytesIO(content), name) for name, content in files]}
    response = visitor.client.post(f"/agreements/{id_}/files/{place}", data=sent)
    response.request.environ["wsgi.input"].close()  # the client leaves open what it made of a large body
    return Page.of(response)


def kept(app):
    with app.app_context():
        return sorted(each.name for each in attachments.kept().entries())


def stored(rows):
    return sorted(name for (name,) in rows("SELECT stored FROM attachment"))


def test_a_file_is_kept_with_its_chinese_name_and_given_back_safely(app, visit, rows):
    id_, visitor = of(rows, 1, "draft"), visit("filler01")
    assert bring(visitor, id_, "attachments", ("共建 方案（终稿）.pdf", PDF)).status == 302
    [(number, name)] = rows(f"SELECT id, name FROM attachment WHERE record_id = {id_} AND place = 'attachments'")
    assert name == "共建 方案（终稿）.pdf"
    answer = visitor.client.get(f"/agreements/{id_}/files/{number}")
    assert answer.data == PDF
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert "%E5%85%B1%E5%BB%BA" in answer.headers["Content-Disposition"]
    answer.close()
    assert "共建 方案（终稿）.pdf" in visitor.look(f"/agreements/{id_}/history").words


def test_pictures_and_pdf_can_be_looked_at_and_nothing_else(visit, rows):
    """Shown by the browser, under a policy that lets no script of theirs run; kept without `view`."""
    id_, visitor = of(rows, 1, "draft"), visit("filler01").speak("en")
    files = ("照片.png", PNG), ("附件.pdf", PDF), ("说明.docx", office("word/document.xml"))
    assert bring(visitor, id_, "attachments", *files).status == 302
    page = visitor.look(f"/agreements/show/{id_}")
    links = [str(each.a["href"]) for each in page.select('[data-place="attachments"] li')]
    assert [each.endswith("?view=1") for each in links] == [True, True, False]
    for link in links:
        address = link.partition("?")[0]
        for asked, inline in ((f"{address}?view=1", link != address), (address, False)):
            with visitor.client.get(asked) as answer:
                headers = answer.headers
            assert (headers["Content-Disposition"] == "inline") is inline, asked
            assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
            assert "script-src" not in headers["Content-Security-Policy"]
            assert headers["X-Content-Type-Options"] == "nosniff"
    told = page.one('[data-place="attachments"] li:first-child .hint').get_text()
    assert re.search(r"KB · \S+ · 20\d\d-\d\d-\d\d", told), told


def test_the_name_of_a_file_is_with_the_file_alone_and_goes_with_it(visit, rows):
    """Names of files are names of people (王某某困难证明.pdf): neither trail nor address keeps them."""
    id_, visitor, name = of(rows, 1, "draft"), visit("filler01"), "诸葛小明困难证明.pdf"
    assert bring(visitor, id_, "attachments", (name, PDF)).status == 302
    [(number,)] = rows(f"SELECT id FROM attachment WHERE record_id = {id_} AND place = 'attachments'")
    page = visitor.look(f"/agreements/{id_}/history")
    assert name in page.words
    assert visitor.post(f"/agreements/{id_}/files/{number}/remove").status == 302
    words = visitor.look(f"/agreements/{id_}/history").words
    assert name not in words
    assert f"#{number}.pdf" in words
    lines = rows("SELECT title, reason, changes FROM audit_event ORDER BY id DESC LIMIT 20")
    assert [title for title, *_ in lines].count(f"attachments/{number}.pdf") == 2
    assert "诸葛" not in str(lines)
    assert json.dumps("诸葛").strip('"') not in str(lines).replace("\\\\", "\\")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", PDF),
        ("a.PDF", PDF),
        ("a.jpg", JPEG),
        ("a.png", PNG),
        ("a.docx", office("word/document.xml")),
        ("a.xlsx", office("xl/workbook.xml")),
        ("a.ofd", office("OFD.xml")),
        ("a.wps", attachments.OLE + b"\x00" * 20),
    ],
)
def test_files_of_these_kinds_are_taken(visit, rows, name, content):
    assert bring(visit("filler01"), of(rows, 1, "draft"), "attachments", (name, content)).status == 302


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.exe", b"MZ"),
        ("a.html", b"<script>alert(1)</script>"),
        ("a.svg", b"<svg/>"),
        ("a.pdf", b"<script>alert(1)</script>"),
        ("a.pdf.exe", PDF),
        ("a.docx", office("xl/workbook.xml")),
        ("a.xlsx", b"PK\x03\x04 broken"),
        ("a.jpg", PNG),
        ("a", PDF),
        ("a.pdf", b""),
        ("张某 154 0000 1234.pdf", PDF),
        ("机密★.pdf", PDF),
    ],
)
def test_other_files_are_refused_at_their_place_and_nothing_is_kept(app, visit, rows, name, content):
    id_, visitor, before = of(rows, 1, "draft"), visit("filler01"), kept(app)
    with unchanged(rows):
        answer = bring(visitor, id_, "attachments", ("good.pdf", PDF), (name, content))
        assert (answer.status, list(answer.errors())) == (200, ["attachments"])
    assert kept(app) == before


def test_a_file_beyond_twenty_megabytes_is_refused_at_its_place(app, visit, rows):
    id_, visitor, before = of(rows, 1, "draft"), visit("filler01"), kept(app)
    with unchanged(rows):
        answer = bring(visitor, id_, "attachments", ("a.pdf", PDF + b"x" * (20 * 2**20)))
        assert (answer.status, list(answer.errors())) == (200, ["attachments"])
    assert kept(app) == before


def test_names_cannot_lead_out_of_the_folder(app, visit, rows):
    id_ = of(rows, 1, "draft")
    bring(visit("filler01"), id_, "attachments", ("../../../etc/passwd.pdf", PDF), ("/x.pdf", PDF))
    assert {name for (name,) in rows(f"SELECT name FROM attachment WHERE record_id = {id_}")} == {"passwd.pdf", "x.pdf"}
    assert set(kept(app)) >= set(stored(rows))


@pytest.mark.parametrize(
    ("name", "content", "end"),
    [
        ("a.jpg", JPEG, b"picture\xff\xd9"),
        ("b.jpg", JPEG.replace(EXIF, b"\xff\xff" + EXIF), b"picture\xff\xd9"),
        ("c.png", PNG[:8] + chunk(b"eXIf", b"GPS-here") + chunk(b"tEXt", b"GPS") + chunk(b"IDAT", b"picture"), b"0000"),
    ],
)
def test_where_and_by_whom_a_picture_was_taken_is_not_kept(visit, rows, name, content, end):
    id_, visitor = of(rows, 1, "draft"), visit("filler01")
    bring(visitor, id_, "attachments", (name, content))
    [(number,)] = rows(f"SELECT id FROM attachment WHERE record_id = {id_}")
    answer = visitor.client.get(f"/agreements/{id_}/files/{number}")
    assert b"GPS" not in answer.data
    assert b"picture" in answer.data
    assert answer.data.endswith(end)
    answer.close()


def test_a_place_takes_as_many_as_it_says(visit, rows):
    id_, visitor = of(rows, 1, "draft"), visit("filler01")
    assert bring(visitor, id_, "signed_file", ("a.pdf", PDF)).status == 302
    assert bring(visitor, id_, "signed_file", ("b.pdf", PDF)).status == 200
    assert rows(f"SELECT count(*) FROM attachment WHERE record_id = {id_} AND place = 'signed_file'") == [(1,)]
    many = [(f"{n}.pdf", PDF) for n in range(10)]
    with unchanged(rows):
        assert bring(visitor, id_, "attachments", *many).status == 200


def test_files_are_served_by_the_rights_on_their_record(visit, rows):
    id_ = of(rows, 1, "active")
    [(number,)] = rows(f"SELECT id FROM attachment WHERE record_id = {id_}")
    path = f"/agreements/{id_}/files/{number}"
    for account, status in {"filler01": 200, "reviewer": 200, "auditor": 200, "filler02": 404, "town01": 403}.items():
        answer = visit(account).client.get(path)
        assert answer.status_code == status, account
        answer.close()
    assert visit("filler02").look(f"/agreements/{of(rows, 2, 'active')}/files/{number}").status == 404
    visit("secretary01")
    with unchanged(rows):
        assert bring(visit("auditor"), id_, "attachments", ("a.pdf", PDF)).status == 403
        assert bring(visit("filler02"), id_, "attachments", ("a.pdf", PDF)).status == 404
        assert visit("secretary01").post(f"{path}/remove").status == 403
        assert visit("filler01").post(f"{path}/remove").status == 409
        assert bring(visit("filler01"), of(rows, 1, "pending_unit"), "attachments", ("a.pdf", PDF)).status == 409


def test_a_missing_scan_is_flagged_until_it_is_there(visit, rows):
    id_, visitor = of(rows, 1, "pending_unit"), visit("filler01")
    visit("secretary01").post(f"/agreements/{id_}/move/approve")
    assert visit("reviewer").post(f"/agreements/{id_}/move/approve_committee", signed_on="2026-04-05").status == 302
    assert rows(f"SELECT status, gaps FROM agreement WHERE id = {id_}") == [("active", ",signed_file,")]
    assert visitor.look(f"/agreements/show/{id_}").select("[data-gaps]")
    bring(visitor, id_, "signed_file", ("扫描件.pdf", PDF))
    assert rows(f"SELECT gaps FROM agreement WHERE id = {id_}") == [(None,)]


def test_a_removed_file_is_gone(app, visit, rows):
    id_, visitor = of(rows, 1, "draft"), visit("filler01")
    bring(visitor, id_, "attachments", ("a.pdf", PDF))
    [(number, name)] = rows(f"SELECT id, stored FROM attachment WHERE record_id = {id_}")
    assert visitor.post(f"/agreements/{id_}/files/{number}/remove").status == 302
    assert name not in kept(app)
    assert rows(f"SELECT count(*) FROM attachment WHERE record_id = {id_}") == [(0,)]


def test_what_a_killed_upload_left_is_swept_by_setting_up(app, rows):
    with app.app_context():
        left = attachments.kept().path_of("ab" + "0" * 30)
        attachments.kept().put(left.name, io.BytesIO(PDF))
        (left.parent / "abcd.part").write_bytes(b"half")
        attachments.let_stay(clock.now() + timedelta(minutes=1))
        setup.bring_up_to_date()
        assert left.exists(), "a backup may be reading it"
        attachments.let_stay(None)
        setup.bring_up_to_date()
        assert not left.exists()
        assert not (left.parent / "abcd.part").exists()
    assert set(stored(rows)) <= set(kept(app))


def test_a_file_is_safe_before_its_row_is(app, monkeypatch, tmp_path):
    """Temporary file, fsync, rename, fsync of the folder."""
    calls = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *args, name=name, real=real: (calls.append(name), real(*args))[1])
    directory.write_durably(tmp_path / "ab" / "file", io.BytesIO(PDF))
    assert (tmp_path / "ab" / "file").read_bytes() == PDF
    assert [call for call in calls if call == "fsync"] == ["fsync", "fsync"]


def test_a_photo_keeps_its_orientation_and_nothing_after_its_end():
    turned = image_metadata.exif_segment(6)
    photo = b"\xff\xd8" + turned[:-4] + b"\0\0\0\0" + EXIF + b"\xff\xda\x00\x02pic\xff\x00ture\xff\xd9"
    cleaned = image_metadata.jpeg(photo + b"\xff\xd8" + EXIF + b"\xff\xd9")
    assert cleaned == b"\xff\xd8" + turned + b"\xff\xda\x00\x02pic\xff\x00ture\xff\xd9"
    image = (
        chunk(b"IHDR", b"h")
        + chunk(b"eXIf", image_metadata.exif_of(8))
        + chunk(b"IDAT", b"picture")
        + chunk(b"IEND", b"")
    )
    cleaned = image_metadata.png(PNG[:8] + image + b"GPS")
    assert image_metadata.exif_of(8) in cleaned
    assert cleaned.endswith(chunk(b"IEND", b""))


def test_scheduled_work_sweeps_and_nothing_where_the_directory_is_anothers(app, rows):
    with app.app_context(), scope.unscoped("as scheduled work is done"):
        left = attachments.kept().path_of("ab" + "1" * 30)
        attachments.kept().put(left.name, io.BytesIO(PDF))
        half = left.parent / "abef.part"
        half.write_bytes(b"half")
        mine = installation.file()
        told = mine.read_text()
        mine.write_text(told.replace(installation.carried().installation, "0" * 32))
        with pytest.raises(BadSetting):
            scheduled.tidy()
        assert half.exists()
        mine.write_text(told)
        scheduled.tidy()
        assert not half.exists()
        assert not left.exists()
    assert set(stored(rows)) <= set(kept(app))
