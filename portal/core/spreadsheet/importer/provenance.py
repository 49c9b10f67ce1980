"""The reason in the audit log of changes made by an import."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask_babel import force_locale, gettext

from portal.core.access import scope
from portal.core.access.cached_lookups import remembered
from portal.core.audit import audit_log
from portal.core.punctuation import PAPER
from portal.extensions import db


@contextmanager
def taking(source: str, row: int, *, adopt: bool) -> Iterator[None]:
    """Log all changes inside as imported from this row (from 1) of that file."""
    reason = remembered(("taken from",), on_paper) % {"file": source, "row": row}
    with scope.doing("adopt" if adopt else "import"), audit_log.because(reason[:400]), db.session.no_autoflush:
        yield


def on_paper() -> str:
    with force_locale(PAPER):
        return gettext("Taken from %(file)s, row %(row)d")
