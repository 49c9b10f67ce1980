"""Code lists (`docs/domain` §10): data that the office edits. Codes are disabled, never deleted."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from flask import g
from flask_babel import get_locale
from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.extensions import BUILT_ONCE, Model, db
from portal.org.mixins import Searchable

SEED = Path(__file__).with_name("code_lists.toml")


class CodeList(Searchable, Model):
    __tablename__ = "code_list"
    searched = ("code", "label", "label_hant", "label_en")

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(8), unique=True)
    label: Mapped[str] = mapped_column(String(60))
    label_hant: Mapped[str | None] = mapped_column(String(60))
    label_en: Mapped[str | None] = mapped_column(String(100))
    search_text: Mapped[str] = mapped_column(String(300), default="")

    items: Mapped[list[CodeItem]] = relationship(order_by="CodeItem.position", back_populates="list")

    def __str__(self) -> str:
        return in_language(str(get_locale()), self.label, self.label_hant, self.label_en)


class CodeItem(Model):
    __tablename__ = "code_item"
    part_of = "list"  # changes of a code are those of its list
    __table_args__ = (UniqueConstraint("list_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("code_list.id"))
    code: Mapped[str] = mapped_column(String(8))
    label: Mapped[str] = mapped_column(String(60))
    label_hant: Mapped[str | None] = mapped_column(String(60))
    label_en: Mapped[str | None] = mapped_column(String(100))
    position: Mapped[int]
    enabled: Mapped[bool] = mapped_column(default=True)

    list: Mapped[CodeList] = relationship(back_populates="items")


def in_language(language: str, label: str | None, label_hant: str | None, label_en: str | None) -> str:
    """The label in this language, else as the office wrote it."""
    chosen = {"zh_Hant": label_hant, "en": label_en}.get(language, label)
    return chosen or label or ""


class Codes:
    """One code list as a page needs it, in official order."""

    def __init__(self) -> None:
        self.labels: dict[str, str] = {}
        self.enabled: list[str] = []
        # By labels in every language, codes and, after all of them, the synonyms of `code_lists.toml`.
        self.meanings: dict[str, str] = {}

    def add(self, code: str, enabled: bool, labels: Sequence[str | None], language: str) -> None:
        self.labels[code] = in_language(language, *labels)
        if enabled:
            self.enabled.append(code)
        for text in (*labels, code):
            if text:
                self.meanings.setdefault(text, code)


def load(names: Iterable[str]) -> None:
    """Fetch the named lists in one statement, once a request."""
    loaded: dict[str, Codes] = g.setdefault("code_lists", {})
    missing = tuple(sorted(set(names) - loaded.keys()))
    if not missing:
        return
    rows = db.session.execute(_items_of(missing)).all()
    loaded.update(_built(missing, tuple(map(tuple, rows)), str(get_locale())))


@lru_cache(256)
def _items_of(names: tuple[str, ...]) -> Select[*tuple[Any, ...]]:
    """Asked at nearly every request, and therefore built once."""
    item = CodeItem
    query = select(CodeList.code, item.code, item.enabled, item.label, item.label_hant, item.label_en)
    query = query.join(item.list).where(CodeList.code.in_(names)).order_by(item.position)
    return query.execution_options(**BUILT_ONCE)


@lru_cache(256)
def _built(names: tuple[str, ...], rows: tuple[tuple[Any, ...], ...], language: str) -> dict[str, Codes]:
    """The lists of these names out of their rows, which were just read: nobody changes what this answers."""
    found = {name: Codes() for name in names}
    for name, code, enabled, *labels in rows:
        found[name].add(code, enabled, labels, language)
    for name in names:
        for code, synonyms in also(name).items():
            if code in found[name].labels:
                for word in synonyms:
                    found[name].meanings.setdefault(word, code)
    return found


@cache
def seeded() -> dict[str, Any]:
    return tomllib.loads(SEED.read_text(encoding="utf-8"))


def also(name: str) -> dict[str, list[str]]:
    """What offices call the codes of a list besides their labels."""
    return {item["code"]: item.get("also", []) for item in seeded().get(name, {}).get("items", ())}


def codes(name: str) -> Codes:
    loaded: dict[str, Codes] = g.get("code_lists") or {}
    if name not in loaded:
        load([name])
        loaded = g.code_lists
    return loaded[name]


def seed() -> None:
    """Add the lists and codes of `code_lists.toml` that were never there; touch nothing that is."""
    present = {found.code: found for found in db.session.scalars(select(CodeList))}
    for code, spec in seeded().items():
        if code in present:
            continue
        names = spec["name"]
        made = CodeList(code=code, label=names["zh_Hans"], label_hant=names["zh_Hant"], label_en=names["en"])
        for position, item in enumerate(spec["items"]):
            made.items.append(
                CodeItem(
                    code=item["code"],
                    label=item["zh_Hans"],
                    label_hant=item["zh_Hant"],
                    label_en=item["en"],
                    position=position,
                    enabled=item.get("enabled", True),
                )
            )
        db.session.add(made)
