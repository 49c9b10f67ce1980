"""The sheet's own wording in fields with choices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.core.access import scope
from portal.core.fields.base import Field
from portal.core.fields.choices import said_of


def with_others(entered: Mapping[str, Field], formdata: Any) -> Any:
    """Replace unknown wording of an adopted sheet by the "other" choice and store the wording in its field.
    Idempotent."""
    if scope.current_verb() != "adopt" or not formdata:
        return formdata
    found = formdata.copy()
    for name, declared in entered.items():
        other = declared.kind.other
        if other is None or not (words := declared.kind.no_choice(formdata.getlist(name))):
            continue
        found.setlist(name, [*(text for text in formdata.getlist(name) if text not in words), other.value])
        said = said_of(declared.label) + "、".join(words)
        found[other.words] = "；".join(text for text in (found.get(other.words), said) if text)
    return found
