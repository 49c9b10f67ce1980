"""Texts: collects what is to be translated, updates the catalogues, compiles them; `--check` says what is stale.

Only zh_Hans is written by hand; zh_Hant is made of it (`translations/traditional.py`). The catalogues also hold the
texts of Flask-AppBuilder and WTForms, whose own ones have gaps and mistakes.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

HERE = Path(__file__).resolve().parent.parent
TRANSLATIONS = HERE / "translations"
pybabel: Any = CommandLineInterface()
LANGUAGES = ("zh_Hans", "zh_Hant")
KEYWORDS = ("lazy_gettext", "lazy_pgettext:1c,2", "lazy_formatter_gettext:1")

sys.path.insert(0, str(TRANSLATIONS))
import traditional  # noqa: E402 - lies beside the catalogues, not in a package


def package(name: str) -> str:
    found = find_spec(name)
    return str(Path(str(found and found.origin)).parent)


def extract(pot: Path) -> None:
    words = [word for keyword in KEYWORDS for word in ("-k", keyword)]
    sources = [str(HERE / "portal"), package("flask_appbuilder"), package("wtforms")]
    options = ["-F", str(HERE / "pyproject.toml"), "--no-location", "--omit-header", "-o", str(pot)]
    pybabel.run(["pybabel", "--quiet", "extract", *words, *options, *sources])


def update() -> None:
    with tempfile.TemporaryDirectory() as folder:
        pot = Path(folder) / "messages.pot"
        extract(pot)
        options = ["-N", "--ignore-obsolete", "--ignore-pot-creation-date", "-w", "120"]
        where = ["-i", str(pot), "-d", str(TRANSLATIONS), "-l", "zh_Hans"]
        pybabel.run(["pybabel", "--quiet", "update", *options, *where])
    po(LANGUAGES[1]).write_bytes(traditional.catalogue())
    for language in LANGUAGES:
        po(language).with_suffix(".mo").write_bytes(compiled(language))


def po(language: str) -> Path:
    return TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)


def compiled(language: str) -> bytes:
    out = io.BytesIO()
    write_mo(out, catalogue(po(language)))
    return out.getvalue()


def faults() -> list[str]:
    found = []
    with tempfile.TemporaryDirectory() as folder:
        pot = Path(folder) / "messages.pot"
        extract(pot)
        wanted = {named(message) for message in catalogue(pot) if message.id}
    written, derived = LANGUAGES
    messages = [message for message in catalogue(po(written)) if message.id]
    there = {named(message) for message in messages}
    found += [f"{written}: not yet in the catalogue: {text}" for text in sorted(wanted - there)]
    found += [f"{written}: no longer used: {text}" for text in sorted(there - wanted)]
    found += [f"{written}: fuzzy: {named(message)}" for message in messages if message.fuzzy]
    found += [f"{written}: untranslated: {named(message)}" for message in messages if not filled(message.string)]
    if po(derived).read_bytes() != traditional.catalogue():
        found.append(f"{derived}: not what {written} would make of it")
    for language in LANGUAGES:
        if po(language).with_suffix(".mo").read_bytes() != compiled(language):
            found.append(f"{language}: the compiled catalogue is stale")
    return found


def named(message: Message) -> str:
    """A text with its context: the same English may be said in several ways."""
    return f"{message.id!r}" + (f" of {message.context}" if message.context else "")


def filled(text: object) -> bool:
    return all(text) if isinstance(text, list | tuple) else bool(text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 when something is stale")
    if not parser.parse_args().check:
        update()
    found = faults()
    sys.stderr.writelines(f"{fault}\n" for fault in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
