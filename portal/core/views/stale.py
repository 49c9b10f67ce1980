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
    """What became of a record since it was shown: by whom and when at last, and what of it the user may see."""

    who: str
    at: datetime | None
    changes: list[tuple[Label, str, str]]


def posted() -> int | None:
    """The version that the form's page showed; 0 for what is no version, None where nothing was said."""
    text = request.form.get(VERSION)
    return None if text is None else natural(text) or 0


def posted_many() -> dict[int, int]:
    """The versions that a list or a preview showed, by the id of the record."""
    pairs = (text.partition("-") for text in request.form.getlist(MANY))
    return {id_: natural(after) or 0 for before, _, after in pairs if (id_ := natural(before)) is not None}


def newer(ledger: Ledger, record: Any, seen: int | None) -> Newer | None:
    """None where the record is the one that was seen, or has no versions, or nobody said what was seen."""
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
    """The fields and tables that the record's page shows the user."""
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
    """Beside a record in a list of several."""
    if met.at is None:
        return gettext("Changed after it was shown; please look at it again.")
    return gettext(
        "%(who)s changed it at %(time)s, after it was shown; please look at it again.",
        who=met.who,
        time=f"{met.at:%Y-%m-%d %H:%M}",
    )


def shown_instead(view: Any, record: Any, met: Newer, tried: dict[str, Any] | None = None) -> ResponseReturnValue:
    """The record as it is now, with what changed; `tried` is the form of the transition asked for, as typed."""
    return make_response(view.record_page(record, tried, newer=met), 409)


def nothing_done(count: int) -> None:
    """What is said above a preview that is shown again in place of being carried out."""
    text = ngettext(
        "Nothing was changed: %(num)d record was changed after it was shown.",
        "Nothing was changed: %(num)d records were changed after they were shown.",
        count,
    )
    flash(text, "error")
