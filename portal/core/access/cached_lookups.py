"""Cache of organisation lookups that the rows of a sheet, or the rules of one save, repeat.

Only active inside `remembering`; other requests always query the database. Results are plain values, never mapped
objects, which expire when a batch is committed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from flask import g
from sqlalchemy import event
from sqlalchemy.orm import Session

from portal.core.access import scope
from portal.extensions import db
from portal.org.models import Area, Member, PartyOrg, Unit

T = TypeVar("T")
MOST = 20_000  # answers that are kept at once
# What `fields/links.py` keeps for a request.
NAMES = ("link_meanings", "link_options", "link_names")
REFERENCE = (Area, Member, PartyOrg, Unit)
_known: ContextVar[dict[Any, Any] | None] = ContextVar("known", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    token = _known.set({})
    try:
        yield
    finally:
        _known.reset(token)


def remembered(key: tuple[Any, ...], ask: Callable[[], T]) -> T:
    """Returns the cached result of `ask` for this key and the current user; calls it once for each. Outside
    `remembering` it is always called."""
    known = _known.get()
    if known is None:
        return ask()
    whole = (scope.current(), *key)
    if whole not in known:
        if len(known) >= MOST:
            known.clear()
        known[whole] = ask()
    found: T = known[whole]
    return found


def forget(only: type[Any] | None = None) -> None:
    """Drop cached results because the organisation changed, or only those about one table: names may have another
    meaning now."""
    known = _known.get()
    if known is None:
        return
    for answers in (known, *(g.get(name, {}) for name in NAMES)):
        for key in [key for key in answers if only is None or is_about(key, only)]:
            del answers[key]


def is_about(key: tuple[Any, ...], model: type[Any]) -> bool:
    """Is this an answer about rows of that table? Its key names the table, or the kind of a link to it."""
    return any(part is model or getattr(part, "model", None) is model for part in key)


def forget_about(models: set[type[Any]]) -> None:
    """Rows of these tables have changed. Nothing but links and look-ups that name them depends on people; on all else,
    everything does."""
    if models:
        forget(Member if models == {Member} else None)


def forget_changed(session: Session, *_: Any) -> None:
    if _known.get() is not None:
        rows = (*session.new, *session.dirty, *session.deleted)
        forget_about({type(row) for row in rows if isinstance(row, REFERENCE)})


def install() -> None:
    if not event.contains(db.session, "after_flush", forget_changed):
        event.listen(db.session, "after_flush", forget_changed)


__all__ = ["REFERENCE", "forget", "forget_about", "remembered", "remembering"]
