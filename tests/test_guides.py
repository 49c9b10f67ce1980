"""The guides for users: their pictures, their links, and what they call the buttons."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from tools.pictures import scenes

DOCS = Path(__file__).resolve().parent.parent / "docs"
GUIDES = sorted((DOCS / "guide").glob("*.md"))
LINKS = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")
CATALOGUE = DOCS.parent / "translations" / "zh_Hans" / "LC_MESSAGES" / "messages.po"
VALUE = re.compile(r"%\(\w+\)[sd]")
READMES = [DOCS.parent / "README.md", DOCS.parent / "README.zh.md"]


def links(path: Path) -> list[tuple[Path, str]]:
    """The files that a page links to or shows, each with the heading that is meant."""
    text = path.read_text(encoding="utf-8")
    return [((path.parent / name).resolve() if name else path, heading) for name, heading in LINKS.findall(text)]


def pictures_of(paths: list[Path]) -> set[Path]:
    return {file for path in paths for file, _ in links(path) if file.suffix == ".png"}


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.name)
def test_what_a_guide_links_to_is_there(path):
    for file, heading in links(path):
        assert file.is_file(), file
        if heading:
            assert re.search(rf"^#+ {re.escape(heading)}$", file.read_text(encoding="utf-8"), re.MULTILINE), heading


def test_every_picture_is_shown_and_small():
    pictures = {*(DOCS / "guide").glob("*.png"), DOCS / "list.png"}
    assert pictures_of([*GUIDES, *READMES]) == pictures
    assert all(picture.stat().st_size <= 150 * 1024 for picture in pictures)
    assert sum(picture.stat().st_size for picture in pictures) <= 2 * 1024 * 1024


def test_the_script_takes_every_picture():
    source = Path(str(scenes.__file__)).read_text(encoding="utf-8")
    taken = {(DOCS / "guide" / f"{name}.png").resolve() for name in re.findall(r'take\([^"]*"([^"]+)"', source)}
    assert taken == pictures_of([*GUIDES, *READMES])


def test_every_guide_is_in_the_index():
    index = DOCS / "guide" / "README.md"
    assert {file for file, _ in links(index)} >= set(GUIDES) - {index}


@pytest.fixture(scope="module")
def texts():
    """Every Chinese text of the portal as a pattern: values stand for anything, a first clause may stand alone."""
    with CATALOGUE.open("rb") as file:
        strings = [message.string for message in read_po(file) if message.id]
    found = {text for each in strings for text in ([each] if isinstance(each, str) else each)}
    telling = [text.rstrip("。") for text in found if len(VALUE.sub("", text)) > 1 or not VALUE.search(text)]
    patterns = [".+".join(map(re.escape, VALUE.split(text))) for text in telling]
    return re.compile("|".join(f"(?:{pattern})" for pattern in [*patterns, *first_clauses(telling)]))


def first_clauses(telling: list[str]) -> list[str]:
    clauses = (re.split("[：；。]", text)[0] for text in telling)
    return [re.escape(clause) for clause in clauses if len(clause) > 3 and not VALUE.search(clause)]


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.name)
def test_what_a_guide_quotes_is_written_on_a_page(path, texts):
    quoted = re.findall("“([^”]+)”", path.read_text(encoding="utf-8"))
    assert [words for words in quoted if not texts.fullmatch(words)] == []
