"""Autosaved forms: what was typed and not saved yet, kept on the server for its author.

What was typed is kept verbatim, wrong values included, and encrypted as a whole, since any form may hold personal data.
It is no record: no list, figure, export or line of the audit trail knows it. Opening it again takes the way of the form
itself, so that rights and row-level access are checked anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, defer, mapped_column
from werkzeug.datastructures import MultiDict

from portal.core import clock
from portal.core.access import scope
from portal.core.declaration.ledger import named
from portal.core.fields import Day, Text
from portal.core.records import idempotency
from portal.extensions import Model, db
from portal.org.encrypted import Sealed, SealedLongText

# Posted with the form: its key, how often it was kept, and who opened it.
KEY, REVISION, USER = "_draft", "_revision", "_user"
# What the page makes anew and nobody typed.
NOT_TYPED = frozenset((KEY, REVISION, USER, "csrf_token", "_then", "_rows", "_unstage"))
MOST_BYTES = 500_000
MOST_FORMS = 50
SHOWN = 40  # signs of what a form was begun with
KEPT = timedelta(days=30)


class FormDraft(Model):
    """A form that is being filled. Two windows with the same form have a key each: neither overwrites the other."""

    __tablename__ = "unsaved_form"
    __table_args__ = (
        UniqueConstraint("user_id", "key"),
        Index("ix_unsaved_form_saved_at", "saved_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(32))
    ledger: Mapped[str] = mapped_column(String(60))
    # Which form of the ledger: that of the whole record, or that of its lists.
    part: Mapped[str] = mapped_column(String(10))
    # The record that is edited, or the one that a new entry goes under.
    record_id: Mapped[int | None]
    parent_id: Mapped[int | None]
    typed: Mapped[Sealed] = mapped_column(SealedLongText)
    revision: Mapped[int]
    saved_at: Mapped[datetime]

    def texts(self) -> MultiDict[str, str]:
        return MultiDict([(name, text) for name, text in json.loads(self.typed.reveal())])

    @property
    def begun_with(self) -> str:
        """Text that identifies a draft: the first text or date that was typed, in the order of the list. Personal data
        and ids are left out."""
        ledger = named(self.ledger)
        if ledger is None:
            return ""
        typed = self.texts()
        kinds = {name: each.kind for name, each in ledger.entered.items()}
        plain = [name for name, kind in kinds.items() if isinstance(kind, Text | Day) and not kind.personal]
        leading = [name for name in ledger.list.columns if name in plain]
        return next((text[:SHOWN] for name in (*leading, *plain) if (text := typed.get(name, "").strip())), "")


@dataclass(frozen=True)
class Place:
    """The form that a user is filling in."""

    ledger: str
    part: str = "form"
    record_id: int | None = None
    parent_id: int | None = None

    def here(self) -> tuple[Any, ...]:
        """The condition that a draft is of this form and of the current user."""
        same = (FormDraft.ledger == self.ledger, FormDraft.part == self.part, FormDraft.record_id == self.record_id)
        return (*mine(), *same, FormDraft.parent_id == self.parent_id)


class Elsewhere(Exception):
    """Raised if the form was autosaved, saved or discarded in another window."""


class TooMany(Exception):
    """Raised if the user has the maximum number of drafts."""


def mine() -> tuple[Any, ...]:
    return FormDraft.user_id == scope.current().user_id, FormDraft.saved_at > clock.now() - KEPT


def typed(formdata: Any) -> str:
    """The posted fields as they are stored."""
    pairs = [(name, text) for name, text in formdata.items(multi=True) if name not in NOT_TYPED]
    return json.dumps(pairs, ensure_ascii=False)


def keep(place: Place, key: str, revision: int, text: str) -> int:
    """Store the input; returns the new revision. `revision` is the one known to the form, 0 if it was never stored.
    Usually one statement. Raises Elsewhere and TooMany."""
    values = {"typed": Sealed.of(text), "saved_at": clock.now(), "revision": revision + 1}
    if revision:
        same = (FormDraft.user_id == scope.current().user_id, FormDraft.key == key, FormDraft.revision == revision)
        done: Any = db.session.execute(update(FormDraft).where(*same).values(values))
        if not done.rowcount:
            raise Elsewhere
        return revision + 1
    if idempotency.made(place.ledger, key) is not None:
        raise Elsewhere
    if (db.session.scalar(select(func.count(FormDraft.id)).where(*mine())) or 0) >= MOST_FORMS:
        raise TooMany
    names = {"ledger": place.ledger, "part": place.part, "record_id": place.record_id, "parent_id": place.parent_id}
    try:
        db.session.execute(insert(FormDraft).values(user_id=scope.current().user_id, key=key, **names, **values))
    except IntegrityError:
        raise Elsewhere from None
    sweep()
    return 1


def drop(key: str, revision: int) -> int:
    """Delete the draft of a form that was cleared; returns revision 0. Raises Elsewhere."""
    same = (FormDraft.user_id == scope.current().user_id, FormDraft.key == key, FormDraft.revision == revision)
    done: Any = db.session.execute(delete(FormDraft).where(*same))
    if revision and not done.rowcount:
        raise Elsewhere
    return 0


def of_form(place: Place, but: str = "") -> Sequence[FormDraft]:
    """The current user's drafts of a form, newest first, without the input."""
    query = select(FormDraft).where(*place.here(), FormDraft.key != but).options(defer(FormDraft.typed))
    return db.session.scalars(query.order_by(FormDraft.saved_at.desc(), FormDraft.id.desc())).all()


def opened(place: Place, key: str) -> FormDraft | None:
    return db.session.scalars(select(FormDraft).where(*place.here(), FormDraft.key == key)).first()


def every(most: int) -> Sequence[FormDraft]:
    """All drafts of the current user, newest first, without the input."""
    query = select(FormDraft).where(*mine()).options(defer(FormDraft.typed))
    return db.session.scalars(query.order_by(FormDraft.saved_at.desc(), FormDraft.id.desc()).limit(most)).all()


def forget(ledger: str, keys: Iterable[str]) -> None:
    """Delete the drafts of a form that was saved or discarded. Nothing is committed."""
    own = (FormDraft.user_id == scope.current().user_id, FormDraft.ledger == ledger)
    db.session.execute(delete(FormDraft).where(*own, FormDraft.key.in_(keys)))


def sweep() -> None:
    """Delete old drafts. Nothing is committed."""
    db.session.execute(delete(FormDraft).where(FormDraft.saved_at <= clock.now() - KEPT))
