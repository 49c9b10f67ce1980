"""What stands below what: in the trees of units, Party organisations and areas, today and on former days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select

from portal.extensions import db


class Spell(NamedTuple):
    """A unit or an organisation, from a day on (or ever since) until before a day (or for good)."""

    id: int
    since: date | None = None
    until: date | None = None

    def within(self, id_: int, since: date | None, until: date | None) -> Spell | None:
        """The days of both; None when they share none."""
        first = max((day for day in (self.since, since) if day), default=None)
        last = min((day for day in (self.until, until) if day), default=None)
        return None if first and last and first >= last else Spell(id_, first, last)


def below(model: Any, tops: Iterable[int | None], link: str = "parent_id") -> list[int]:
    """These and everything that stands below them today, by a link to what stands above."""
    ids = [id_ for id_ in tops if id_ is not None]
    if not ids:
        return []
    tree = select(model.id).where(model.id.in_(ids)).cte(recursive=True)
    tree = tree.union(select(model.id).join(tree, getattr(model, link) == tree.c.id))
    return list(db.session.scalars(select(tree.c.id)))


def spells_below(model: Any, tops: Iterable[int]) -> set[Spell]:
    """These rows of a tree, and those below them on the days on which they were: one statement."""
    under: dict[int | None, list[Spell]] = {}
    for id_, parent_id, former in db.session.execute(select(model.id, model.parent_id, model.former)):
        for parent, since, until in parents(parent_id, former):
            under.setdefault(parent, []).append(Spell(id_, since, until))
    found = {Spell(top) for top in tops}
    fresh = set(found)
    while fresh:
        reached = {
            spell for above in fresh for each in under.get(above.id, ()) if (spell := above.within(*each)) is not None
        }
        fresh = reached - found
        found |= fresh
    return found


def parents(
    parent_id: int | None, former: Iterable[Any] | None
) -> Iterator[tuple[int | None, date | None, date | None]]:
    """(what stood above, since, until) over the years; renamings in between leave it where it was."""
    spans: list[tuple[int | None, date | None, date | None]] = []
    since = None
    for was in former or ():
        until = date.fromisoformat(was["until"])
        spans.append((was["parent_id"], since, until))
        since = until
    spans.append((parent_id, since, None))
    while spans:
        parent, first, last = spans.pop(0)
        while spans and spans[0][0] == parent:
            last = spans.pop(0)[2]
        yield parent, first, last
