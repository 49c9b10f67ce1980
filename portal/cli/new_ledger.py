"""`portal new-ledger`: the files of a ledger that does not exist yet, for developers with the sources."""

from __future__ import annotations

import keyword
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Any

import click
from flask import current_app

from portal.cli.groups import portal
from portal.core.declaration.ledger import mounted
from portal.extensions import Model

SOURCES = Path(__file__).resolve().parents[2]
TEMPLATES = Path(__file__).with_name("templates")
REGISTRY = "portal/ledgers/__init__.py"
# What only the sources have; an installed portal comes without it.
NEEDED = (REGISTRY, "tests/ledgers", "tools/texts.py", "translations/zh_Hans/LC_MESSAGES/messages.po")
KEY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LABEL = re.compile("[A-Za-z][A-Za-z0-9 ,'()&/-]*")
PREFIX = re.compile("[A-Z]{2}")
IMPORT = re.compile(r"^from portal\.ledgers\.(\w+) import .*\n", re.MULTILINE)
LONGEST_KEY, LONGEST_LABEL = 40, 60


@portal.command("new-ledger", unready=True)
@click.argument("key")
@click.option("--label", help="What the ledger is called in English; else made from KEY.")
@click.option("--one", help="What one record is called in English; else LABEL without its last s.")
@click.option("--group", help="The English heading of the menu that it stands under; else LABEL.")
@click.option("--prefix", help="The two letters that numbers of records begin with; else the first two of KEY.")
def new_ledger(key: str, label: str | None, one: str | None, group: str | None, prefix: str | None) -> None:
    """Write the files of a new ledger KEY: model, declaration, test, and its line in the registry."""
    if missing := [path for path in NEEDED if not (SOURCES / path).exists()]:
        raise click.ClickException(
            f"this portal is installed without its sources ({missing[0]} is missing): write ledgers in a checkout"
        )
    label = label or key.replace("_", " ").capitalize()
    one = one or singular(label)
    words = {"label": label, "one": one, "group": group or label}
    if found := [*faults(key, words), *name_faults(key, one, prefix or key[:2].upper())]:
        raise click.ClickException("\n".join(found))
    files = texts_of(key, words, prefix or key[:2].upper())
    write({SOURCES / path: text for path, text in files.items()})
    for path in files:
        click.echo(f"{'Changed' if path == REGISTRY else 'Wrote'} {path}.")
    collect_texts()
    click.echo(
        "Next: the fields in model.py, the texts above in translations/zh_Hans/LC_MESSAGES/messages.po, then "
        f'`flask --app portal db migrate -m "{key}"` and `make fix` (docs/new-ledger.md).'
    )


def singular(label: str) -> str:
    return label.removesuffix("ies") + "y" if label.endswith("ies") else label.removesuffix("s")


def class_of(one: str) -> str:
    return "".join(word.capitalize() for word in re.findall(r"[A-Za-z0-9]+", one))


def table_of(one: str) -> str:
    return "_".join(re.findall(r"[a-z0-9]+", one.lower()))


def faults(key: str, words: Mapping[str, str]) -> Iterator[str]:
    """Why no ledger can be written so, in words."""
    if not KEY.fullmatch(key) or keyword.iskeyword(key) or len(key) > LONGEST_KEY:
        yield f"{key!r} cannot be the key of a ledger: small letters, digits and single underscores, as in study_groups"
    for name, text in words.items():
        if not LABEL.fullmatch(text) or len(text) > LONGEST_LABEL:
            yield f"--{name} {text!r} is no English name of at most {LONGEST_LABEL} characters"


def name_faults(key: str, one: str, prefix: str) -> Iterator[str]:
    """Which of the names of this ledger are taken already."""
    addresses = {rule.rule.split("/")[1] for rule in current_app.url_map.iter_rules()}
    if key in addresses or (SOURCES / "portal" / "ledgers" / key).exists():
        yield f"there is a ledger, a page or a folder {key!r} already"
    if (SOURCES / "tests" / "ledgers" / f"test_{key}.py").exists():
        yield f"there is a test tests/ledgers/test_{key}.py already"
    if table_of(one) in Model.metadata.tables or class_of(one) in {each.class_.__name__ for each in mappers()}:
        yield f"there is a model or a table of the name {one!r} already: name another by --one"
    if not PREFIX.fullmatch(prefix) or prefix in {ledger.number.prefix for ledger in mounted()}:
        yield f"numbers cannot begin with {prefix!r}: name two capital letters that no other ledger has by --prefix"


def mappers() -> Any:
    return Model.registry.mappers


def texts_of(key: str, words: Mapping[str, str], prefix: str) -> dict[str, str]:
    """What is to be in each file, by its path."""
    given = {"key": key, "prefix": prefix, "class_name": class_of(words["one"]), "table": table_of(words["one"])}
    given |= dict(words)
    folder = f"portal/ledgers/{key}"
    paths = {
        "model": f"{folder}/model.py",
        "declaration": f"{folder}/__init__.py",
        "test": f"tests/ledgers/test_{key}.py",
    }
    found = {
        path: Template((TEMPLATES / f"{name}.py.txt").read_text("utf-8")).substitute(given)
        for name, path in paths.items()
    }
    return found | {REGISTRY: registered((SOURCES / REGISTRY).read_text("utf-8"), key)}


def registered(text: str, key: str) -> str:
    """The registry with this ledger as its last."""
    later = next((each.start() for each in IMPORT.finditer(text) if each[1] > key), None)
    place = later if later is not None else max(each.end() for each in IMPORT.finditer(text))
    text = f"{text[:place]}from portal.ledgers.{key} import {key}\n{text[place:]}"
    end = text.index("\n)", text.index("\nALL = (")) + 1
    return f"{text[:end]}    {key},\n{text[end:]}"


def write(files: Mapping[Path, str]) -> None:
    """All of these files or none."""
    before = {path: path.read_text("utf-8") if path.exists() else None for path in files}
    try:
        for path, text in files.items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
    except OSError:
        put_back(before)
        raise


def put_back(before: Mapping[Path, str | None]) -> None:
    for path, text in before.items():
        if text is not None:
            path.write_text(text, "utf-8")
            continue
        path.unlink(missing_ok=True)
        if path.parent.is_dir() and not any(path.parent.iterdir()):
            path.parent.rmdir()


def collect_texts() -> None:
    """Put the new texts into the catalogues; says which are to be translated."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.texts"], cwd=SOURCES, capture_output=True, text=True, check=False
    )
    click.echo(done.stderr, nl=False)
