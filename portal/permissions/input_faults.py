"""Form fields that several pages of accounts share: reasons and names."""

from __future__ import annotations

from flask_babel import gettext

from portal.core.fields import BadValue
from portal.core.fields.text import refuse_personal

LEAST, MOST = 5, 200  # characters of a reason


def reason_fault(text: str) -> str:
    """What is wrong with a reason, in words; empty when nothing is."""
    if not LEAST <= len(text) <= MOST:
        return gettext("Please say in %(least)d to %(most)d characters what for.", least=LEAST, most=MOST)
    return personal_fault(text)


def personal_fault(text: str) -> str:
    """What may not stand in text that everybody with a right to the page reads."""
    try:
        refuse_personal(text)
    except BadValue as fault:
        return str(fault)
    return ""
