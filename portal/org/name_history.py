"""Names and tree positions with a start date: older records keep what held then (`docs/domain` §3.1)."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import JSON, inspect
from sqlalchemy.orm import Mapped, attributes, mapped_column

# What changes on a day.
NAMED = ("full_name", "short_name", "parent_id")


class Called(NamedTuple):
    """A unit or an organisation under the names of a day."""

    id: int
    full_name: str
    short_name: str

    def __str__(self) -> str:
        return self.full_name


class Renamed:
    """A table of things that are renamed or moved in their tree on a day, and keep their id."""

    id: Any
    full_name: Any
    short_name: Any
    parent_id: Any
    # When it last became what it is. Before that it was, in order: {"full_name", "short_name", "parent_id", "until"},
    # each until before a day (ISO).
    changed_on: Mapped[date | None]
    former: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)

    @property
    def former_names(self) -> str:
        """What it was called before, the last names first."""
        names = (was[name] for was in reversed(self.former or ()) for name in ("full_name", "short_name"))
        return " ".join(dict.fromkeys(names))

    def on(self, day: date) -> Any:
        """What it was called on a day: itself, or its names of then."""
        for was in self.former or ():
            if day.isoformat() < was["until"]:
                return Called(self.id, was["full_name"], was["short_name"])
        return self

    def keep_former(self) -> None:
        """Before it is saved with another day of change: what it was until then is kept. Where nothing but the day is
        another one, it corrects that of the last change."""
        changed = inspect(self).persistent and attributes.get_history(self, "changed_on").added
        if not changed or self.changed_on is None:
            return
        kept, was = list(self.former or ()), {"until": self.changed_on.isoformat()}
        if any(attributes.get_history(self, name).has_changes() for name in NAMED):
            self.former = [*kept, {name: self._before(name) for name in NAMED} | was]
        elif kept:
            self.former = [*kept[:-1], kept[-1] | was]

    def _before(self, name: str) -> Any:
        before = attributes.get_history(self, name).deleted
        return before[0] if before else getattr(self, name)
