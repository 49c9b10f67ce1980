"""What docs/new-ledger.md says is done here, step by step and word for word, in a copy of the sources."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from babel.messages.pofile import read_po, write_po

from portal import cli
from portal.cli import new_ledger
from tests.conftest import settings

HERE = Path(__file__).resolve().parent.parent
PARTS = ("portal", "translations", "tests", "tools", "deploy", "config.py", "logs.py", "run.py", "Makefile")
PARTS += ("pyproject.toml", ".mypy_cache", ".ruff_cache", ".import_linter_cache")  # the caches save half a minute
# A block of the guide, with the file that the line before it names.
STEP = re.compile(r"(?:`([^`\n]+)`:\n\n)?```(\w+)\n(.*?)```", re.DOTALL)
Run = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture
def sources(tmp_path, portals):
    """A checkout with its `.venv`, and beside it the portal that `make run` has set up."""
    made = tmp_path / "sources"
    made.mkdir()
    for part in PARTS:
        if (HERE / part).is_dir():
            shutil.copytree(HERE / part, made / part)  # compiled modules, too: the times of their sources are kept
        elif (HERE / part).exists():
            shutil.copy2(HERE / part, made / part)
    (made / ".venv").symlink_to(sys.prefix)
    portals.copy(tmp_path / "data")
    return made


@pytest.fixture
def run(sources, tmp_path):
    """`run(command)` as whoever follows the guide types it; the packages are there already."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith(("PYTEST_", "PORTAL_"))}
    environment = inherited | settings(tmp_path / "data") | {"PYTEST_DEBUG_TEMPROOT": str(tmp_path)}

    def carry_out(command):
        typed = command.replace("make ", "make --assume-old .venv/dev.stamp ")
        return subprocess.run(
            typed, shell=True, cwd=sources, env=environment, capture_output=True, text=True, check=False
        )

    return carry_out


def follow(guide: str, sources: Path, run: Run) -> None:
    """Every block in its order. `make fix` succeeds once all texts are translated."""
    translated = False
    for path, language, text in STEP.findall(guide):
        if language == "po":
            translate(sources / path, text)
            translated = True
        elif language != "sh":
            (sources / path).write_text(text, "utf-8")
        for command in text.splitlines() if language == "sh" else ():
            done = run(command)
            fine = translated or command != "make fix"
            assert (done.returncode == 0) == fine, f"{command}\n{done.stdout}{done.stderr}"


def translate(catalogue: Path, text: str) -> None:
    """Fill in the translations of the guide: these are all that the catalogue lacks."""
    (given := catalogue.with_suffix(".given")).write_text(text, "utf-8")
    with catalogue.open("rb") as file, given.open("rb") as filled:
        messages, ours = read_po(file), read_po(filled)
    lacking = {(each.id, each.context) for each in messages if each.id and not each.string}
    assert lacking == {(each.id, each.context) for each in ours if each.id}
    for message in messages:
        if (found := ours.get(message.id, message.context)) and message.id:
            message.string = found.string
    with catalogue.open("wb") as file:
        write_po(file, messages, width=120)


@pytest.mark.slow
@pytest.mark.one_database
def test_the_guide_adds_a_ledger_that_passes_all_checks_and_removing_it_leaves_nothing(sources, run, tmp_path):
    follow((HERE / "docs" / "new-ledger.md").read_text("utf-8"), sources, run)
    assert rows(tmp_path, "SELECT subject, way FROM letter ORDER BY id") == [
        ("井盖松动", "visit"),
        ("公交站牌褪色", "post"),
    ]
    remove(sources)
    for command in (
        '.venv/bin/flask --app portal db migrate -m "letters are gone"',
        "make fix",
        "make check",
    ):
        done = run(command)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    refused = run(".venv/bin/flask --app portal portal init")
    assert (refused.returncode, "portal init --discard letter" in refused.stderr) == (1, True)
    assert len(rows(tmp_path, "SELECT id FROM letter")) == 2
    done = run(".venv/bin/flask --app portal portal init --discard letter")
    assert (done.returncode, "The ledger letters is no longer part of the portal" in done.stderr) == (0, True)
    for table, column in (("seeded_grant", "ledger"), ("role_scope", "ledger"), ("ab_view_menu", "name")):
        assert rows(tmp_path, f"SELECT * FROM {table} WHERE {column} = 'letters'") == []
    assert rows(tmp_path, "SELECT name FROM sqlite_master WHERE name LIKE 'letter%'") == []


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """Sources with nothing but what the command needs; it collects no texts there."""
    monkeypatch.setattr(new_ledger, "SOURCES", tmp_path)
    monkeypatch.setattr(new_ledger, "collect_texts", lambda: None)
    for path in new_ledger.NEEDED:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (HERE / path).is_dir() else shutil.copy
        copy(HERE / path, tmp_path / path)
    return tmp_path


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def asked(app, *words):
    return app.test_cli_runner().invoke(cli.portal, ["new-ledger", *words])


TAKEN = (["agreements"], ["study"], ["accounts"], ["units"], ["login"], ["letters", "--one", "Agreement"])
NO_NAMES = (["Letters"], ["2x"], ["a-b"], ["class"], ["_x"], ["x" * 41], ["letters", "--label", 'a"b'])
NO_NAMES += (["letters", "--label", "来信"], ["letters", "--group", "x" * 61])
PREFIXES = (["letters", "--prefix", "GJ"], ["letters", "--prefix", "lx"])


@pytest.mark.one_database
@pytest.mark.parametrize("words", [*TAKEN, *NO_NAMES, *PREFIXES], ids=" ".join)
def test_names_that_are_taken_or_are_none_are_refused_and_nothing_is_written(app, bare, words):
    before = files(bare)
    done = asked(app, *words)
    assert (done.exit_code, done.stderr[:6]) == (1, "Error:")
    assert files(bare) == before


@pytest.mark.one_database
def test_a_disk_that_refuses_a_file_leaves_none_of_them(app, bare, monkeypatch):
    before, write = files(bare), Path.write_text

    def full(path, text, *more):
        if path.name == "test_letters.py":
            raise OSError("no space left")
        return write(path, text, *more)

    monkeypatch.setattr(Path, "write_text", full)
    assert asked(app, "letters").exit_code == 1
    assert files(bare) == before
    assert not (bare / "portal" / "ledgers" / "letters").exists()


@pytest.mark.one_database
def test_an_installed_portal_says_in_a_line_that_it_has_no_sources(app, bare):
    (bare / "tools" / "texts.py").unlink()
    done = asked(app, "letters")
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert "without its sources" in done.stderr


def remove(sources: Path) -> None:
    """The first step of removing: the files, and the lines of the registry."""
    shutil.rmtree(sources / "portal" / "ledgers" / "letters")
    (sources / "tests" / "ledgers" / "test_letters.py").unlink()
    registry = sources / "portal" / "ledgers" / "__init__.py"
    kept = [line for line in registry.read_text("utf-8").splitlines(keepends=True) if "letters" not in line]
    registry.write_text("".join(kept), "utf-8")


def rows(home: Path, query: str) -> list[tuple[object, ...]]:
    database = sqlite3.connect(home / "data" / "portal.db")
    try:
        return database.execute(query).fetchall()
    finally:
        database.close()
