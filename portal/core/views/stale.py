"""Stale pages: a change names the version its page showed; a newer version is shown instead of changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import flash, make_response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from portal.core import clock
from portal.core.audit.versions import lines_since
from portal.core.declaration.ledger import Ledger
from portal.core.fields import Label, natural
from portal.core.views.history.record_history import told

VERSION, MANY = "version", "seen"


@dataclass(frozen=True)
class Newer:
    """The changes of a record since it was shown: last user and time, and the changes that the user may see."""

    who: str
    at: datetime | None
    changes: list[tuple[Label, str, str]]


def posted() -> int | None:
    """The version that the form's page showed; 0 if invalid, None if not sent."""
    text = request.form.get(VERSION)
    return None if text is None else natural(text) or 0


def posted_many() -> dict[int, int]:
    """The versions that a list or preview showed, by record id."""
    pairs = (text.partition("-") for text in request.form.getlist(MANY))
    return {id_: natural(after) or 0 for before, _, after in pairs if (id_ := natural(before)) is not None}


def newer(ledger: Ledger, record: Any, seen: int | None) -> Newer | None:
    """The changes since version `seen`; None if the version is the same, not known, or the record has none."""
    now = getattr(record, "version", None)
    if now is None or seen is None or seen == now:
        return None
    lines = lines_since(ledger, record.id, now - seen) if 0 < seen < now else []
    shown = visible(ledger, record)
    changes = [
        change
        for line in reversed(lines)
        for path, change in zip((path for path, *_ in line.changes), told(ledger, line, record).changes, strict=True)
        if path.partition("/")[0] in shown
    ]
    if not lines:
        return Newer("", None, [])
    return Newer(told(ledger, lines[0], record).who, clock.local(lines[0].at), changes)


def visible(ledger: Ledger, record: Any) -> set[str]:
    """The fields and tables of the record page that the user may see."""
    asked = {name for transition in ledger.review.transitions for name in transition.asks}
    tables = {ledger.rows_model(table).__tablename__ for table in (*ledger.form.tables, *ledger.form.read_only_tables)}
    return ({*ledger.shown, "status", *asked} - ledger.hidden(record)) | tables


def sentence(met: Newer) -> str:
    if met.at is None:
        return gettext("This record was changed after it was shown. Nothing was done; please look at it as it is now.")
    return gettext(
        "%(who)s changed this record at %(time)s, after it was shown. Nothing was done; please look at it as it is "
        "now.",
        who=met.who,
        time=f"{met.at:%Y-%m-%d %H:%M}",
    )


def briefly(met: Newer) -> str:
    """Message beside a record in a list."""
    if met.at is None:
        return gettext("Changed after it was shown; please look at it again.")
    return gettext(
        "%(who)s changed it at %(time)s, after it was shown; please look at it again.",
        who=met.who,
        time=f"{met.at:%Y-%m-%d %H:%M}",
    )


def shown_instead(view: Any, record: Any, met: Newer, tried: dict[str, Any] | None = None) -> ResponseReturnValue:
    """The current record page with the changes; `tried` is the form of the requested transition with its input."""
    return make_response(view.record_page(record, tried, newer=met), 409)


def nothing_done(count: int) -> None:
    """Flash the message of a preview that is shown again because records changed."""
    text = ngettext(
        "Nothing was changed: %(num)d record was changed after it was shown.",
        "Nothing was changed: %(num)d records were changed after they were shown.",
        count,
    )
    flash(text, "error")
