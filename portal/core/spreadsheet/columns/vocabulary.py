"""Words by which sheet columns are recognised: labels and synonyms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from flask import current_app
from flask_babel import force_locale

from portal.core.declaration.ledger import Ledger
from portal.core.spreadsheet.reader.headings import COMPUTED, IGNORED, SHOWN_ONLY, plain
from portal.core.spreadsheet.reader.layout import SPAN, TOWN

# Under or behind a heading for both days of a term: the first, the last.
ENDS = (
    ("起", "自", "从", "开始", "起始", "起始日期", "开始日期"),
    ("止", "至", "到", "结束", "截止", "终止日期", "结束日期"),
)


@lru_cache(maxsize=128)
def vocabulary(ledger: Ledger) -> Mapping[str, list[str]]:
    """The fields by word, in order of importance: synonyms, then labels in every language."""
    words: dict[str, list[str]] = {}
    spans = {SPAN.join(pair): synonyms for pair, synonyms in ledger.sheet.date_spans.items()}
    towns = {name + TOWN: synonyms for name, synonyms in ledger.sheet.towns.items()}
    for name, synonyms in {**ledger.sheet.words, **spans, **towns}.items():
        for word in synonyms:
            words.setdefault(plain(word), []).append(name)
    for language in current_app.config["LANGUAGES"]:
        with force_locale(language):
            for name in ledger.sheet.words:
                known = words.setdefault(plain(str(ledger.imported(name).label)), [])
                # What only a transition fills in is found by its label where that means nothing else.
                if name not in known and (ledger.takes(name) or not known):
                    known.append(name)
    for word in ledger.sheet.ignored:
        words[plain(word)] = [IGNORED]
    for names, word in (*ends_of_terms(ledger), *shown_words(ledger)):
        words.setdefault(word, names)
    return MappingProxyType(words)


def ends_of_terms(ledger: Ledger) -> Iterator[tuple[list[str], str]]:
    """The headings 起 (from) and 止 (until) under or after the heading of a term."""
    for pair, synonyms in ledger.sheet.date_spans.items():
        for name, ends in zip(pair, ENDS, strict=True):
            yield from (([name], plain(f"{synonym}{end}")) for synonym in synonyms for end in ends)


def shown_words(ledger: Ledger) -> Iterator[tuple[list[str], str]]:
    """Headings of our own workbooks that are not imported as fields: the record number, links to related records by
    name, and columns that are only exported."""
    names = [
        name for name in (*ledger.sheet.export, *ledger.list.columns, *ledger.shown) if name not in ledger.computed
    ]
    named = {
        prefix: name for name in ledger.sheet.essential if (prefix := name.partition(".")[0]) in ledger.sheet.related
    }
    for language in current_app.config["LANGUAGES"]:
        with force_locale(language):
            for name in dict.fromkeys(names):
                meant = [name] if name == ledger.number.field else [named[name]] if name in named else [*SHOWN_ONLY]
                yield meant, plain(str(ledger.field(name).label))


def own_words(ledger: Ledger) -> dict[str, list[str]]:
    """Headings in our own workbooks that are never imported, whatever they mean in office sheets: computed columns, and
    exported columns unless an imported field has the same label."""
    labels: set[str] = set()
    computed: dict[str, list[str]] = {}
    for language in current_app.config["LANGUAGES"]:
        with force_locale(language):
            labels |= {plain(str(ledger.imported(name).label)) for name in ledger.sheet.words}
            computed |= {plain(str(ledger.field(name).label)): [*COMPUTED] for name in ledger.computed}
    shown = ((word, names) for names, word in shown_words(ledger) if names == [*SHOWN_ONLY])
    return {word: names for word, names in shown if word not in labels} | computed


__all__ = ["own_words", "vocabulary"]
