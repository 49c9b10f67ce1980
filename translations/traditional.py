"""Makes the zh_Hant catalogue out of the zh_Hans one, so that only one Chinese text is written by hand.

Our readers of Traditional characters use Mainland words. OpenCC's `s2tw` changes the characters and leaves the words
(`s2twp` would turn 項目 into 專案), but spells some as Taiwan does: those are set right here and in glossary.toml.

    python translations/traditional.py            writes zh_Hant/LC_MESSAGES/messages.po
    python translations/traditional.py --check    exits with 1 when that file is not what would be written
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import tomllib
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po, write_po
from opencc import OpenCC

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "zh_Hans" / "LC_MESSAGES" / "messages.po"
TARGET = HERE / "zh_Hant" / "LC_MESSAGES" / "messages.po"
GLOSSARY = HERE / "glossary.toml"

CHARACTERS = str.maketrans({"臺": "台", "鑑": "鑒"})
PLACEHOLDER = re.compile(r"(%\(\w+\)[a-z]|\{[^{}]*\})")


@cache
def converter() -> OpenCC:
    """OpenCC's dictionaries, read once and only when a text needs them."""
    return OpenCC("s2tw")


@cache
def glossary() -> tuple[re.Pattern[str], dict[str, str]]:
    """What is produced, as one pattern, and what is wanted instead.

    The longest entry stands first in the pattern: a phrase is looked at before the characters in it.
    """
    phrases: dict[str, str] = tomllib.loads(GLOSSARY.read_text(encoding="utf-8"))["phrases"]
    longest_first = sorted(phrases, key=lambda produced: (-len(produced), produced))
    return re.compile("|".join(map(re.escape, longest_first))), phrases


def to_traditional(text: str) -> str:
    """This Simplified text in Traditional characters, with Mainland words.

    Placeholders stay as they are, even those with Chinese names: the code that fills them knows only one spelling.
    """
    parts = PLACEHOLDER.split(text)
    parts[::2] = map(_converted, parts[::2])
    return "".join(parts)


def _converted(text: str) -> str:
    produced, wanted = glossary()
    spelled = str(converter().convert(text)).translate(CHARACTERS)
    return produced.sub(lambda found: wanted[found[0]], spelled)


def catalogue() -> bytes:
    """The zh_Hant catalogue as a file, made of the zh_Hans one.

    Message ids, their order, comments and flags are those of the source; what is untranslated there stays so here.
    """
    with SOURCE.open("rb") as file:
        messages = read_po(file)
    messages.mime_headers = [("Language", "zh_Hant")]  # Babel sets the named headers and keeps the others
    for message in messages:
        if not message.id:  # the headers, which Babel writes
            continue
        if isinstance(message.string, str):
            message.string = to_traditional(message.string)
        elif message.string:  # one string for each plural form
            message.string = tuple(map(to_traditional, message.string))
    written = io.BytesIO()
    write_po(written, messages, ignore_obsolete=True)
    return written.getvalue()


def main() -> int:
    """Writes the file, or checks it: a stale one shows old texts to readers of zh_Hant only, so few would notice."""
    parser = argparse.ArgumentParser(description="Make the zh_Hant catalogue out of the zh_Hans one.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when the file is stale")
    check = parser.parse_args().check
    wanted = catalogue()
    if not check:
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        TARGET.write_bytes(wanted)
    elif not TARGET.exists() or TARGET.read_bytes() != wanted:
        sys.stderr.write(f"{TARGET.name} of zh_Hant is stale: run python translations/traditional.py\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
