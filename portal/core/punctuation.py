"""Join texts with the punctuation of the user's language."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import gettext

PAPER = "zh_Hans"  # the language of what is written into records


def labelled(label: object, text: object) -> str:
    return gettext("%(label)s: %(text)s", label=label, text=text)


def listed(things: Iterable[object]) -> str:
    """Join list items: names, choices."""
    return gettext(", ").join(map(str, things))


def clauses(texts: Iterable[object]) -> str:
    """Join clauses that could be sentences: errors, conditions, changes."""
    return gettext("; ").join(map(str, texts))
