"""The file with the heads, which must be there, and garbage in the trail, which is named and breaks nothing."""

from __future__ import annotations

import os

import pytest
from flask_babel import force_locale

from portal import cli, setup
from portal.core.hash_chain import chain, verification
from tests.core.hash_chain.test_trail import found, last, sealed, tamper
from tests.security.walk import of

__all__ = ["sealed", "tamper"]
CUT = ("DELETE FROM audit_event WHERE id > 1000", "DELETE FROM audit_seal WHERE number > 2")


@pytest.fixture
def fault(app, sealed):
    """`fault()` is what verifying finds, in English."""

    def verified():
        with app.test_request_context(), force_locale("en"):
            return verification.verify().fault

    return verified


@pytest.fixture
def file(app):
    with app.app_context():
        return chain.heads_file()


def more(app, visit, rows):
    """Another line and its seal."""
    visit("auditor").post(f"/agreements/delete/{of(rows, 1, 'draft')}")
    with app.app_context():
        return chain.seal()


def lose(file):
    file.unlink()


def empty(file):
    file.write_text("")


def shorten(file):
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:1]))


@pytest.mark.parametrize("how", [lose, empty, shorten])
@pytest.mark.parametrize("cut", [(), CUT], ids=["whole", "cut off"])
def test_without_the_heads_the_trail_is_not_called_right(app, fault, tamper, visit, rows, file, how, cut):
    how(file)
    if cut:
        tamper(*cut)
        assert "was cut off" in fault()
    else:
        assert "missing or shorter" in fault()


@pytest.mark.parametrize("how", [lose, empty, shorten])
def test_sealing_does_not_mend_the_file(app, fault, visit, rows, file, how):
    how(file)
    assert more(app, visit, rows) > 0
    assert more(app, visit, rows) > 0
    assert "missing or shorter" in fault()


def test_put_back_from_its_copy_the_file_goes_on(app, fault, visit, rows, file):
    kept = file.read_text()
    more(app, visit, rows)
    file.write_text(kept)  # a copy that is one seal old
    assert fault() == ""
    more(app, visit, rows)
    assert fault() == ""
    assert [line.split()[0] for line in file.read_text().splitlines()] == [
        str(n + 1) for n in range(rows("SELECT count(*) FROM audit_seal")[0][0])
    ]


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps rights otherwise")
def test_the_file_is_read_by_nobody_else(sealed, file):
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_portal_that_begins_has_no_heads_and_is_right(app, file):
    file.unlink(missing_ok=True)
    verdict = found(app)
    assert (verdict.fault, verdict.blocks) == ("", 0)
    assert not file.exists()


def garbage(*rows):
    return pytest.mark.parametrize(("statement", "told"), rows)


@garbage(
    ("UPDATE audit_event SET at = 'gestern' WHERE id = 700", "Line 700 was changed or put in."),
    ("UPDATE audit_event SET at = 5 WHERE id = 1", "Line 1 was changed or put in."),
    ("UPDATE audit_event SET changes = '{[' WHERE id = 3", "Line 3 was changed or put in."),
    ("UPDATE audit_event SET title = x'ff00' WHERE id = 20", "Line 20 was changed or put in."),
    ("UPDATE audit_event SET title = CAST(x'ff' AS TEXT) WHERE id = 501", "Line 501 was changed or put in."),
    ("UPDATE audit_event SET mark = 7 WHERE id = 8", "Line 8 was changed or put in."),
    ("UPDATE audit_event SET id = -4 WHERE id = 9", "Line -4 was put in."),
    ("UPDATE audit_seal SET lines = 'x' WHERE number = 2", "Seal 2 was"),
    ("UPDATE audit_seal SET lines = 99999999999999 WHERE number = 1", "Seal 1 was"),
    ("UPDATE audit_seal SET digest = x'ff' WHERE number = 2", "Seal 2 was"),
    ("UPDATE audit_seal SET digest = CAST(x'ff' AS TEXT) WHERE number = 2", "Seal 2 was"),
    ("UPDATE audit_seal SET last_id = 'viele' WHERE number = 2", "Seal 2 was"),
    ("UPDATE audit_seal SET last_id = last_id + 1 WHERE number = 2", "Seal 2 was"),
)
def test_garbage_in_the_trail_is_named(app, built, fault, tamper, statement, told):
    """SQLite takes anything in any column."""
    if built.kind == "sqlite":
        tamper(statement)
        assert told in fault()
        said = app.test_cli_runner().invoke(cli.portal, ["audit", "verify"])
        number = told.split()[1]
        assert (said.exit_code, number in said.stderr, "Traceback" in said.output) == (1, True, False)


@pytest.mark.parametrize("mark", ["zz", "ab", "", "A" * 31])
def test_a_line_that_was_put_in_does_not_keep_the_others_from_being_sealed(app, built, fault, tamper, rows, mark):
    """Once it is sealed with the rest, it cannot be taken away again either."""
    columns = "uid, at, username, person, action, ledger, root, title, changes"
    tamper(
        f"INSERT INTO audit_event ({columns}, mark) SELECT '{mark}x', at, username, person, action, "
        f"ledger, root, title, changes, '{mark}' FROM audit_event WHERE id = 5"
    )
    [(line,)] = rows("SELECT max(id) FROM audit_event")
    with app.app_context():
        chain.seal()
        assert chain.unsealed() == 0
    assert f"Line {line} was" in fault()
    tamper(f"DELETE FROM audit_event WHERE id = {line}")
    assert f"Line {line} is missing." in fault()


def test_garbage_is_named_on_the_page_too(visit, built, fault, tamper):
    if built.kind == "sqlite":
        last_seal = "WHERE number = (SELECT max(number) FROM audit_seal)"
        tamper(f"UPDATE audit_seal SET sealed_at = 'nie', lines = 7 {last_seal}")
        visitor = visit("auditadmin")
        assert visitor.look("/audit/").status == 200
        shown = visitor.look(visitor.post("/audit/verify").response.location)
        while not shown.select("[data-verdict]"):
            shown = visitor.look(shown.response.request.full_path)
        assert "was changed, removed or replaced" in shown.words


@pytest.mark.parametrize("text", [b"\xff\x00\xfe\n", b"one two three\n", b"2 500\n", b"\n\n"])
def test_garbage_in_the_file_is_named(fault, file, text):
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([lines[0], text, *lines[2:]]))
    assert "seal 2 is not in it" in fault()


def test_the_command_and_the_page_tell_the_head(app, fault, visit, rows, file):
    number, _, digest = file.read_text().splitlines()[-1].split()
    told = app.test_cli_runner().invoke(cli.portal, ["audit", "verify"])
    assert told.exit_code == 0, told.output
    assert f"{number} {digest}" in told.stdout
    words = visit("auditadmin").look("/audit/").words
    assert digest in words
    assert last(rows)


def test_nothing_is_sealed_before_the_data_directory_has_a_name(app, visit, rows, monkeypatch):
    """Else the heads would be nobody's, and a slow first start would end in an alarm."""
    before = rows("SELECT * FROM trail_witness")
    with monkeypatch.context() as nameless:
        nameless.setattr(chain, "directory", lambda: "")
        assert more(app, visit, rows) == 0
    assert rows("SELECT * FROM trail_witness") == before
    with app.app_context():
        assert chain.seal() > 0


def test_heads_that_were_noted_for_no_directory_are_those_of_the_one_that_has_them(app, fault, tamper, visit, rows):
    tamper("UPDATE trail_witness SET directory = ''")
    with app.app_context():
        setup.bring_up_to_date()
    more(app, visit, rows)
    assert fault() == ""
    [(directory,)] = rows("SELECT directory FROM trail_witness")
    assert directory
