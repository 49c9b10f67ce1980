"""Words of adopted sheets that are none of a field's choices (`domain.md` §0.16: existing ledgers are taken as they are)."""

from __future__ import annotations

from typing import Any

from flask_babel import force_locale

from portal.core import scope
from portal.core.ledger import Ledger
from portal.core.phrases import PAPER


def with_others(ledger: Ledger, formdata: Any) -> Any:
    """What an adopted sheet says in words of its own becomes the choice for everything else; the words are kept beside
    it. Twice brings the same."""
    if scope.deed() != "adopt" or not formdata:
        return formdata
    found = formdata.copy()
    for name, declared in ledger.entered.items():
        other = declared.kind.other
        if other is None or not (words := declared.kind.no_choice(formdata.getlist(name))):
            continue
        found.setlist(name, [*(text for text in formdata.getlist(name) if text not in words), other.value])
        with force_locale(PAPER):
            said = f"{declared.label}：{'、'.join(words)}"
        found[other.words] = "；".join(text for text in (formdata.get(other.words), said) if text)
    return found
