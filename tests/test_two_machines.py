"""Two machines over one PostgreSQL and one object store, with nothing else in common but their keys."""

from __future__ import annotations

import hashlib
import io
import shutil
from pathlib import Path

import pytest
from flask_babel import force_locale
from sqlalchemy import create_engine

from config import BadSetting
from portal import cli, create_app, setup
from portal.core import clock
from portal.core.hash_chain import chain, verification
from portal.core.records import attachments
from portal.core.records.forms import staged_files
from portal.core.storage import s3
from portal.extensions import db
from portal.operations import archive, archive_encryption, backup, moving_files
from tests import object_store
from tests.conftest import PASSWORD, release, settings
from tests.security.walk import of
from tests.visitor import Page, Visitor

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not object_store.installed(), reason=object_store.REASON)]
PDF = b"%PDF-1.4\n%%EOF\n"
KEYS = ("personal.key", "audit.key", "secret.key")
NAMED = "SELECT stored, sha256 FROM attachment UNION ALL SELECT stored, sha256 FROM staged_file"
PASSPHRASE = "correct horse battery staple"


class Machines:
    """`a` and `b` are portals with data directories of their own."""

    def __init__(self, folder: Path, url: str, swift: object_store.ObjectStore) -> None:
        """In folder/a is a portal with its demo, which has its files there yet."""
        self.folder, self.url, self.swift, self.apps = folder, url, swift, []
        self.place = swift.bucket("shared")
        (folder / "passphrase").write_text(PASSPHRASE)
        (folder / "passphrase").chmod(0o600)
        command(self.app("a", "directory"), "files", "move", self.place)
        shutil.rmtree(folder / "a" / "files")
        self.a = self.app("a", self.place)
        with self.a.app_context():
            assert setup.bring_up_to_date() == []
            chain.seal()
        (folder / "b").mkdir()
        for name in KEYS:
            shutil.copy(folder / "a" / name, folder / "b" / name)
        self.b = self.app("b", self.place)
        with self.b.app_context():
            assert setup.bring_up_to_date() == []

    def app(self, name: str, place: str, url: str | None = None):
        more = {"PORTAL_FILES": place, "PORTAL_BACKUP_PASSPHRASE_FILE": str(self.folder / "passphrase")}
        made = create_app(
            environ=settings(self.folder / name, url or self.url) | more, TESTING=True, RATE_LIMITED=False
        )
        self.apps.append(made)
        return made

    def rows(self, sql: str):
        engine = create_engine(self.url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.exec_driver_sql(sql)]
        engine.dispose()
        return found

    def files(self) -> set[str]:
        """The attachments that the bucket has."""
        return {key.removeprefix("files/") for key in self.swift.keys("shared") if key.startswith("files/")}


def at(app, name: str, known: dict | None = None) -> Visitor:
    return Visitor.signed_in(app, name, PASSWORD, {} if known is None else known)


def command(app, *words, code=0):
    result = app.test_cli_runner().invoke(cli.portal, list(words))
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


@pytest.fixture(scope="module")
def swift(tmp_path_factory):
    with object_store.running(tmp_path_factory.mktemp("swift") / "store") as found:
        yield found


@pytest.fixture(scope="module")
def machines(tmp_path_factory, portals, cluster, swift):
    before, archive_encryption.MEMORY = archive_encryption.MEMORY, 2**23
    folder = tmp_path_factory.mktemp("machines")
    found = Machines(folder, portals.copy_to(cluster, "two_machines", folder / "a"), swift)
    yield found
    archive_encryption.MEMORY = before
    for app in found.apps:
        release(app)


def bring(visitor, id_, *files, place="attachments"):
    sent = {"csrf_token": visitor.token, place: [(io.BytesIO(content), name) for name, content in files]}
    response = visitor.client.post(f"/agreements/{id_}/files/{place}", data=sent)
    response.request.environ["wsgi.input"].close()  # the client leaves open what it made of a large body
    return Page.of(response)


def draft_of(machines, unit=1):
    return of(machines.rows, unit, "draft")


def test_a_file_brought_at_one_is_read_and_removed_at_the_other_by_its_rights(machines):
    one, other = at(machines.a, "filler01"), at(machines.b, "filler01")
    id_, before = draft_of(machines), machines.files()
    content = PDF + bytes(range(256)) * 30_000
    assert bring(one, id_, ("共建方案.pdf", content)).status == 302
    [(number, stored)] = machines.rows(
        f"SELECT id, stored FROM attachment WHERE record_id = {id_} AND place = 'attachments'"
    )
    assert machines.files() - before == {stored}
    path = f"/agreements/{id_}/files/{number}"
    answer = other.client.get(path)
    assert (answer.status_code, answer.data == content, answer.content_length) == (200, True, len(content))
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    answer.close()
    assert at(machines.b, "filler02").look(path).status == 404
    assert not (machines.folder / "a" / "files").exists()
    assert other.post(f"{path}/remove").status == 302
    assert (machines.files(), one.look(path).status) == (before, 404)


def test_a_half_filled_form_with_a_file_is_continued_at_the_other(machines):
    one, other = at(machines.a, "filler01"), at(machines.b, "filler01")
    page = one.look("/agreements/add")
    sent = page.filled() | {"title": "在甲机起草", "signed_on": "不详", "csrf_token": one.token}
    sent |= {"attachments": (io.BytesIO(PDF), "草稿附件.pdf")}
    refused = Page.of(one.client.post("/agreements/add", data=sent, content_type="multipart/form-data"))
    again = other.look(f"/agreements/add?draft={refused.filled()['_draft']}")
    assert again.filled()["title"] == "在甲机起草"
    assert "草稿附件.pdf" in again.one('[data-place="attachments"] [data-staged]').get_text()
    assert other.post("/agreements/add", again.filled() | {"signed_on": ""}).status == 302
    kept = machines.rows("SELECT stored FROM attachment WHERE name = '草稿附件.pdf'")
    assert {stored for (stored,) in kept} <= machines.files()
    assert machines.rows("SELECT count(*) FROM staged_file") == [(0,)]


def stored(machines):
    tables = ("attachment", "agreement", "staged_file")
    return machines.files(), [machines.rows(f"SELECT * FROM {table} ORDER BY id") for table in tables]


def test_a_store_that_is_away_is_told_and_nothing_is_torn(machines, monkeypatch):
    monkeypatch.setattr(s3, "READ", 2)
    visitor = at(machines.a, "filler01")
    visitor.look("/lang/zh_Hans")
    visitor.look("/agreements/list/")
    id_ = draft_of(machines)
    bring(visitor, id_, ("甲.pdf", PDF))
    [(number,)] = machines.rows(f"SELECT max(id) FROM attachment WHERE record_id = {id_}")
    before = stored(machines)
    machines.swift.stop()
    try:
        away = visitor.look(f"/agreements/{id_}/files/{number}")
        assert (away.status, "暂时无法读取文件" in away.words) == (503, True), away.words
        assert bring(visitor, id_, ("乙.pdf", PDF)).status == 503
        assert visitor.look("/readyz").response.json == {"status": "files away"}
        assert visitor.look(f"/agreements/show/{id_}").status == 200
        assert "files cannot be reached" in command(machines.a, "check", "--deploy", code=1).stdout
        with machines.a.app_context():
            assert "cannot be reached" in " ".join(setup.bring_up_to_date())
    finally:
        machines.swift.start()
    assert stored(machines) == before
    assert visitor.look("/readyz").status == 200
    assert bring(visitor, id_, ("乙.pdf", PDF)).status == 302


def test_what_killed_processes_left_is_swept_and_no_more_than_that(machines):
    with machines.a.app_context():
        kept, before = attachments.kept(), machines.files()
        kept.put("ab" + "0" * 30, io.BytesIO(PDF))
        with db.engine.connect() as connection, connection.begin():  # somebody brings a file
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock_shared(7041827)")
            patience, attachments.PATIENCE = attachments.PATIENCE, 0.2
            assert attachments.sweep(staged_files.stored) == 0
            attachments.PATIENCE = patience
        assert machines.files() != before
        attachments.let_stay(clock.now())
        assert (attachments.sweep(staged_files.stored), machines.files()) == (0, before)
        many = [f"{n:032x}" for n in range(attachments.FEW + 1)]
        for name in many:
            kept.put(name, io.BytesIO(PDF))
        assert attachments.sweep(staged_files.stored) == len(many)
        assert f"{len(many)} files" in command(machines.b, "sweep", "--yes").stdout
        assert machines.files() == before


def test_a_bucket_of_another_portal_and_a_forgotten_setting_stop_the_start(machines, tmp_path):
    with machines.app("c", machines.place, f"sqlite:///{tmp_path}/c.db").app_context():
        with pytest.raises(BadSetting, match="has the files of another database"):
            setup.bring_up_to_date()
        db.engine.dispose()
    forgetful = machines.app("b", "directory")
    assert "the files of this database are in s3://shared" in command(forgetful, "audit", "verify", code=1).stderr
    assert forgetful.test_client().get("/login/").status_code == 503


def test_heads_behind_those_of_another_machine_are_no_alarm_and_a_shortened_file_is_one(machines):
    def line(app):
        at(app, "filler01").post("/logout/")
        with app.app_context():
            assert chain.seal() > 0

    def fault(app):
        with app.test_request_context(), force_locale("en"):
            return verification.verify().fault

    line(machines.a)
    for _ in range(3):
        line(machines.b)
    assert (fault(machines.a), fault(machines.b)) == ("", ""), "the file at a is three heads behind"
    assert "heads refound" in command(machines.b, "audit", "verify").stderr
    line(machines.a)
    command(machines.b, "heads", "refound")
    line(machines.a)
    files = [machines.folder / name / "audit_heads.log" for name in ("a", "b")]
    blocks = machines.rows("SELECT count(*) FROM audit_seal")[0][0]
    assert len(files[0].read_text().splitlines()) == blocks, "it caught up"
    assert (fault(machines.a), fault(machines.b)) == ("", "")
    whole = files[1].read_text()
    files[1].write_text("".join(whole.splitlines(keepends=True)[:2]))
    line(machines.b)
    assert fault(machines.a) == ""
    assert "missing or shorter" in fault(machines.b)
    files[1].write_text(whole)
    line(machines.b)
    assert fault(machines.b) == ""


def test_a_backup_takes_the_files_from_the_store_and_restores_them_into_either(machines, swift, tmp_path):
    first = tmp_path / "first.backup"
    with machines.a.app_context(), backup.alone():
        assert "another backup" in command(machines.b, "backup", str(first), code=1).stderr
    command(machines.b, "backup", str(first))
    _, manifest = archive.read(first, PASSPHRASE, archive.Taker())
    named = dict(machines.rows(NAMED))
    assert (manifest.files, manifest.damaged) == (named, [])
    places = {"into_bucket": swift.bucket("restored"), "into_directory": "directory"}
    for name, place in places.items():
        url = f"sqlite:///{machines.folder / name}/portal.db"
        command(machines.app(name, place, url), "restore", str(first))
        app = machines.app(name, place, url)
        with app.app_context():
            assert setup.bring_up_to_date() == []
            for stored, digest in named.items():
                with attachments.kept().open(stored) as content:
                    assert hashlib.sha256(content.read()).hexdigest() == digest
            assert verification.verify().fault == ""
    assert (machines.folder / "into_directory" / "files").is_dir()
    assert not (machines.folder / "into_bucket" / "files").exists()
    stranger = machines.app("stranger", machines.place, f"sqlite:///{machines.folder}/stranger/portal.db")
    swift.client.put_object(Bucket="restored", Key="identity.json", Body=b'{"installation": "theirs"}')
    stranger.config["FILES"] = places["into_bucket"]
    assert "has the files of another portal" in command(stranger, "restore", str(first), code=1).stderr


def test_files_are_moved_to_the_directory_and_back_while_the_portal_is_used(machines, swift):
    with machines.a.app_context():  # as a command that was killed half-way leaves it
        moving_files.declare("s3://shared > directory")
    assert bring(at(machines.b, "filler01"), draft_of(machines), ("早.pdf", PDF)).status == 503
    said = command(machines.a, "files", "move", "directory").stdout
    named = {stored for stored, _ in machines.rows(NAMED)}
    assert f"{len(named)} files" in said
    one = at(machines.b, "filler01")
    assert bring(one, draft_of(machines), ("慢.pdf", PDF)).status == 503, "b has the setting of before"
    moved = machines.app("a", "directory")
    with moved.app_context():
        assert {each.name for each in attachments.kept().entries()} == named
    assert bring(at(moved, "filler01"), draft_of(machines), ("新.pdf", PDF)).status == 302
    second = swift.bucket("second")
    command(moved, "files", "move", f"{second}&region=cn-north-1")
    again = machines.app("a", second)
    with again.app_context():
        assert {each.name for each in attachments.kept().entries()} > named
        assert setup.bring_up_to_date() == []
